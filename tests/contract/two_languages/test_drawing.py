"""Arcs and colours are the same in both languages."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from protvis.annotations import Track, TrackSet
from protvis.export.viewer_scene import PEPTIDE
from protvis.scene import Scene, colors
from protvis.scene import drawn_arcs as drawn
from protvis.scene.arc import SEGMENTS, arc_points
from protvis.scene.map_kind import MapKind
from protvis.scene.track_wire import wire_tracks
from protvis.scene.view_checks import COLOR_BY
from protvis.scene.view_state import arc_color_by
from protvis.scene.wire import encode_array
from tests.contract.two_languages.browser_code import JS, Browser, as_text, numbers

ARCS = """(arcs) => arcs.map(({ start, end, center, segments, aside }) => {
  const out = new Float32Array(3 * (segments + 1));
  browser.arcPoints(start, end, center, segments, out, aside);
  return [...out];
})"""


def test_arcs_are_the_same_curves(browser: Browser) -> None:
    rng = np.random.default_rng(8)
    arcs = [
        {
            "start": (80 * rng.random(3) - 40).tolist(),
            "end": (80 * rng.random(3) - 40).tolist(),
            "center": (40 * rng.random(3) - 20).tolist(),
            "segments": int(rng.choice([1, 2, 4, 16, 33])),
            "aside": float(rng.choice([0.0, 0.6, -0.6])),
        }
        for _ in range(200)
    ]
    axes = [[10.0, 0.0, 0.0], [0.0, 10.0, 0.0], [0.0, 0.0, 10.0], [3.0, 4.0, 5.0]]
    for end in axes:
        back = [-value for value in end]
        origin = [0.0, 0.0, 0.0]
        far = [3 * value for value in end]
        # Through the centre, straight away from it, of no length there and elsewhere.
        for start, stop in ((back, end), (end, far), (origin, origin), (end, end)):
            arcs.append(
                {"start": start, "end": stop, **{"center": origin, "segments": 16, "aside": 0.6}}
            )
    for arc, here in zip(arcs, browser(ARCS, arcs), strict=True):
        expected = arc_points(**arc)
        assert expected.shape == (arc["segments"] + 1, 3)
        np.testing.assert_allclose(numbers(here).reshape(-1, 3), expected, atol=2e-5)


COLORS = """({ tracks, theme, segments, colormaps, shares }) => {
  const colormap = Object.fromEntries(Object.entries(colormaps).map(([name, array]) =>
    [name, browser.decodeArray({ ...array, data: bytes(array.data) }, "uint8")]));
  return {
    light: browser.LIGHT,
    segments: browser.SEGMENTS,
    shares: Object.fromEntries(Object.entries(colormap).map(([name, map]) =>
      [name, shares.map((share) => browser.colormapped(map, share))])),
    tracks: tracks.map(({ track, place, length }) => {
      const made = new browser.Track({ ...track,
        values: { ...track.values, data: bytes(track.values.data) } });
      return Array.from({ length }, (_, residue) =>
        browser.trackColor(made, residue, colormap.weight, false, place));
    }),
  };
}"""


def own_tracks(n: int) -> list[Track]:
    rng = np.random.default_rng(1)
    values = rng.normal(size=n).astype(np.float32)
    values[::7] = np.nan
    return [
        Track("states", "state", rng.choice(list("HE-TSGB "), n), "test", {"I": "never there"}),
        Track("sites", "site", rng.random(n) < 0.3, "test"),
        Track("numbers", "number", values, "test"),
        Track("one number", "number", np.full(n, 0.5, np.float32), "test"),
        Track("none", "number", np.full(n, np.nan, np.float32), "test"),
        Track("ranges", "range", rng.integers(-1, 12, n), "test", names=tuple("abcdefghijkl")),
    ]


def test_colors_are_the_same(browser: Browser, scene: Scene) -> None:
    n = scene.n_residues
    tracks = own_tracks(n)
    wired = wire_tracks(TrackSet(scene.chain, tracks))
    for track in wired:
        track["values"] = as_text(track["values"])
    shares = [-1.0, 0.0, 0.1, 0.5, 1 / 255 / 2, 0.999, 1.0, 2.0]
    found = browser(
        COLORS,
        {
            "tracks": [
                {"track": track, "place": place + 5 * more, "length": n}
                for more in (0, 1)
                for place, track in enumerate(wired)
            ],
            "colormaps": {
                name: as_text(encode_array(colors.colormap(name)))
                for name in ("weight", "separation")
            },
            "shares": shares,
        },
    )
    light = found["light"]
    assert light["contact"] == colors.CONTACT
    assert light["noContact"] == colors.NO_CONTACT
    assert light["near"] == colors.NEAR
    assert light["gain"] == colors.GAIN
    assert light["loss"] == colors.LOSS
    assert light["accent"] == colors.ACCENT
    assert light["cartoon"] == colors.CARTOON
    assert light["otherChains"] == colors.OTHER_CHAINS
    assert found["segments"] == SEGMENTS
    for name, here in found["shares"].items():
        expected = [to_rgb(colors.colormapped(name, share)) for share in shares]
        np.testing.assert_allclose(numbers(here), expected, atol=1e-9)
    several = [(track, place + 5 * more) for more in (0, 1) for place, track in enumerate(tracks)]
    for (track, place), here in zip(several, found["tracks"], strict=True):
        assert here == colors.track_colors(track, place), track.name
        assert len(set(here)) > 1 or track.name in ("one number", "none")


STYLE = """(shares) => shares.map((share) =>
  [browser.radiusOf(share), ...[false, true].map((faded) =>
    browser.OPACITIES[browser.opacityLevel(share, faded)])])"""


def test_arcs_are_equally_thick_and_solid(browser: Browser) -> None:
    shares = [*np.linspace(0, 1, 101).tolist(), 0.25 - 1e-9, 0.5 - 1e-9, 1 / 3]
    for share, (radius, *opacities) in zip(shares, browser(STYLE, shares), strict=True):
        assert radius == pytest.approx(drawn.arc_radius(share), rel=1e-12)
        assert opacities == [drawn.arc_opacity(share, faded=faded) for faded in (False, True)]
    every = {drawn.arc_opacity(share, faded=faded) for share in shares for faded in (False, True)}
    assert every == set(drawn.OPACITIES)
    text = (JS / "src" / "stage" / "protein.ts").read_text("utf-8")
    found = dict(re.findall(r"^const (\w+) = (.+);$", text, re.M))
    layer = (JS / "src" / "stage" / "arc-layer.ts").read_text("utf-8")
    first, last = drawn._ENDS
    assert f"[{first} * arc.radius, {last} * arc.radius]" in layer
    assert float(found["PEPTIDE"]) == PEPTIDE


CHANGES = """(links) => links.map(({ sign, weight, noise }) =>
  browser.changeColors(browser.LIGHT)[browser.changeOf(sign, weight, noise)])"""


def test_differences_have_the_same_colours(browser: Browser) -> None:
    links = [
        {"sign": sign, "weight": weight, "noise": noise}
        for sign in (-1, 1)
        for weight in (0.1, 0.2, 0.3)
        for noise in (None, 0.0, 0.2)
    ]
    found = browser(CHANGES, links)
    expected = [colors.sign_color(**link) for link in links]
    np.testing.assert_allclose(numbers(found), [to_rgb(color) for color in expected])
    assert set(expected) == {colors.GAIN, colors.LOSS, colors.NEAR}


def test_colour_means_the_same_on_every_kind_of_map(browser: Browser) -> None:
    kinds = [MapKind("a", "a", "a", ""), MapKind("b", "b", "b", "", difference=True)]
    cases = list(itertools.product(COLOR_BY, kinds, [True, False]))
    asked = [
        {"by": by, "difference": kind.difference, "structure": structure}
        for by, kind, structure in cases
    ]
    found = browser(
        "(asked) => asked.map((one) => browser.arcColorBy(one.by, one, one.structure))", asked
    )
    assert found == [arc_color_by(*case) for case in cases]
    assert set(found) == set(COLOR_BY)
