"""A scene, a view and a map mean the same on either side."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from protvis.annotations import Track
from protvis.attention.score_table import menu
from protvis.attention.selection import COMBINE
from protvis.errors import ProtvisError
from protvis.scene import Scene, ViewState, colors
from protvis.scene.view_checks import COLOR_BY, MOST_LINKS
from protvis.scene.wire import encode_map
from tests.contract.two_languages.browser_code import Browser, as_text, numbers

READ = """({ meta, encoded, structure, attention, sets, questions }) => {
  const scene = new browser.Scene({ meta, arrays: arrays(encoded), structure,
    attention: { ...attention, arrays: arrays(attention.arrays) } });
  const kinds = { attention: scene.attention };
  for (const [name, set] of Object.entries(sets)) {
    kinds[name] = new browser.MapSet({ ...set, arrays: arrays(set.arrays) }, meta.scores);
  }
  const n = scene.nResidues;
  const all = Array.from({ length: n }, (_, i) => i);
  return {
    labels: all.map((i) => scene.label(i)),
    located: all.map((i) => scene.hasCoordinates(i)),
    observed: [...scene.observed],
    coordinates: [...scene.places[0].coordinates],
    distances: all.map((i) => all.map((j) => scene.distance(i, j))),
    contacts: all.map((i) => all.map((j) => scene.isContact(i, j))),
    relations: all.map((i) => all.map((j) =>
      browser.relationColors(browser.LIGHT)[scene.relation(i, j)])),
    colormaps: Object.fromEntries(
      Object.entries(scene.colormaps).map(([name, map]) => [name, [...map]])),
    sets: Object.fromEntries(Object.entries(kinds).map(([name, set]) => {
      const entries = Array.from({ length: set.links.nEntries }, (_, entry) => entry);
      return [name, {
        received: entries.map((entry) => [...set.received(entry)]),
        scores: meta.scores.map((_, at) => entries.map((entry) => set.score(at, entry))),
        ranked: meta.scores.map((_, at) => set.ranked(at)),
        entries: questions.map(({ layer, head }) => set.entry(layer, head)),
        links: questions.map(({ layer, head }) => plain(set.links.select(set.entry(layer, head),
          { topK: 100, threshold: 0, minSeparation: 6, combine: "max" }))),
      }];
    })),
  };
}"""


def test_a_scene_is_the_same_after_it_crossed(browser: Browser, scene: Scene) -> None:
    wire = scene.wire()
    names = ["apc", "rollout", "mine", "change"]
    sets = {name: scene.wire_maps(name) for name in names}
    for made in (wire["attention"], *sets.values()):
        made["arrays"] = {name: as_text(array) for name, array in made["arrays"].items()}
    questions = [
        {"layer": layer + 1, "head": head if head == "mean" else int(head) + 1}
        for layer, head in scene.heads()
    ]
    found = browser(
        READ,
        {
            "meta": wire["meta"],
            "encoded": {name: as_text(array) for name, array in wire["arrays"].items()},
            "structure": wire["structure"],
            "attention": wire["attention"],
            "sets": sets,
            "questions": questions,
        },
    )
    chain = scene.chain
    assert found["labels"] == list(chain.residue_labels)
    assert found["observed"] == chain.observed.astype(int).tolist()
    assert found["located"] == np.isfinite(chain.coordinates()).all(axis=1).tolist()
    np.testing.assert_array_equal(
        numbers(found["coordinates"]).reshape(-1, 3).astype(np.float32), chain.coordinates()
    )
    np.testing.assert_allclose(
        numbers(found["distances"]), chain.distance_map(), rtol=1e-4, atol=1e-4
    )
    contacts = chain.contact_map()
    np.testing.assert_array_equal(np.array(found["contacts"]), contacts)
    relations = np.empty((scene.n_residues, scene.n_residues, 3))
    for (i, j), apart in np.ndenumerate(chain.separation()):
        color = colors.relation_color(bool(contacts[i, j]), int(apart))
        relations[i, j] = to_rgb(color)
    np.testing.assert_allclose(numbers(found["relations"]), relations)
    assert len(np.unique(relations.reshape(-1, 3), axis=0)) == 3
    assert set(found["colormaps"]) == {"weight", "separation", "score", "map", "signed"}
    for name, here in found["sets"].items():
        map_set = scene.map_set(name)
        exact = map_set.received.reshape(-1, scene.n_residues)
        step = np.sqrt(np.nanmax(np.abs(exact))) / (127 if map_set.kind.signed else 255)
        received = numbers(here["received"])
        np.testing.assert_allclose(
            np.sign(received) * np.sqrt(np.abs(received)),
            np.sign(exact) * np.sqrt(np.abs(exact)),
            atol=0.51 * step,
        )
        for score, values, ranked in zip(menu(), here["scores"], here["ranked"], strict=True):
            expected = map_set.scores[score.name].ravel()
            np.testing.assert_array_equal(numbers(values).astype(np.float32), expected)
            sign = 1 if score.best == "low" else -1
            order = np.argsort(sign * expected, kind="stable")
            assert ranked == [int(at) for at in order if np.isfinite(expected[at])]
        for question, entry, links in zip(questions, here["entries"], here["links"], strict=True):
            head = question["head"] if question["head"] == "mean" else question["head"] - 1
            assert entry == map_set.entry(question["layer"] - 1, head)
            expected_links = map_set.links.select(entry, top_k=100)
            assert links["query"] == expected_links.query.tolist()
            assert links["key"] == expected_links.key.tolist()
            assert links["weight"] == expected_links.weight.tolist()


LINKS = """({ scene, tracks, opened, fragments }) => {
  const decoded = (set) => ({ ...set, arrays: arrays(set.arrays) });
  const made = new browser.Scene({ ...decoded(scene), attention: decoded(scene.attention) });
  const maps = { immediate: true, requestSet: () => new Promise(() => 0),
    requestMap: () => new Promise(() => 0) };
  return fragments.map((fragment) => {
    const state = new browser.ExplorerState(made, opened, maps);
    state.tracks.value = tracks.map((track) => new browser.Track({ ...track,
      values: { ...track.values, data: bytes(track.values.data) } }));
    const refused = browser.applyView(state, fragment);
    const view = Object.fromEntries(
      browser.VIEW_FIELDS.map((name) => [name, state.view[name].value]));
    const written = browser.writeView(state);
    state.dispose();
    return { refused, view, written };
  });
}"""


def test_a_link_means_the_same_view(browser: Browser, scene: Scene) -> None:
    """Whoever wrote it and whoever reads it: all fields, and what is refused."""
    chain, rng = scene.chain, np.random.default_rng(3)
    names = ("one, two", "50%2C & =", "ümlaut/#")
    tracks = scene.tracks
    for name in names:
        tracks = tracks.with_track(Track(name, "number", np.arange(223.0), "test"))
    named = dataclasses.replace(scene, tracks=tracks)
    opened, labels = ViewState.open(named), list(chain.residue_labels)
    views = []
    for _ in range(100):
        link = rng.choice(labels, 2).tolist() if rng.random() < 0.5 else None
        turned = [float(number) for number in rng.normal(size=16) * 50]
        views.append(
            opened.changed(
                named,
                layer=int(rng.integers(1, 3)),
                head="mean" if rng.random() < 0.3 else int(rng.integers(1, 9)),
                top_k=int(rng.integers(1, MOST_LINKS + 1)),
                threshold=float(rng.random()) ** 8,
                min_separation=int(rng.integers(0, 224)),
                combine=str(rng.choice(COMBINE)),
                color_by=str(rng.choice(COLOR_BY)),
                map=str(rng.choice(list(named.map_kinds))),
                selected_residues=rng.choice(labels, int(rng.integers(0, 4))).tolist(),
                selected_link=link,
                shown_tracks=rng.choice(names, int(rng.integers(0, 4))).tolist(),
                cartoon_by=str(rng.choice(["", *names])),
                selected_block=rng.choice(labels, 4).tolist() if rng.random() < 0.3 else None,
                partners=int(rng.integers(1, 5001)),
                overlay_heads=["2-mean", (1, 3)][: int(rng.integers(0, 3))],
                show_copies=bool(rng.random() < 0.5),
                camera=turned if rng.random() < 0.5 else None,
            )
        )
    wrong = ["layer=3", "top_k=100000", "threshold=2", "min_separation=224", "map=none",
             "residues=A:XXX1", "link=A:HIS57", "shown_tracks=none", "cartoon_by=none",
             "block=A:HIS57", "show_copies=2", "camera=1,2", "combine=sum", "color_by=red",
             "head=9", "overlay=1-9", "overlay=1-1,1-2,1-3", "overlay=A:HIS57"]  # fmt: skip
    wire = named.wire()
    for made in (wire, wire["attention"]):
        made["arrays"] = {name: as_text(array) for name, array in made["arrays"].items()}
    wired = named.wire_tracks()
    for track in wired:
        track["values"] = as_text(track["values"])
    found = browser(
        LINKS,
        {
            "scene": wire,
            "tracks": wired,
            "opened": opened.wire(named),
            "fragments": [*(view.fragment() for view in views), *wrong],
        },
    )
    assert len({str(one) for one in found}) > 100
    for view, here in zip(views, found, strict=False):
        assert here["refused"] == []
        assert here["view"] == json.loads(json.dumps(view.wire(named)))
        assert ViewState.from_fragment(named, here["written"]) == view
    for fragment, here in zip(wrong, found[len(views) :], strict=True):
        assert len(here["refused"]) == 1, fragment
        assert here["view"] == json.loads(json.dumps(opened.wire(named)))
        with pytest.raises(ProtvisError, match=r"\S"):
            opened.followed(named, fragment)


MAPS = """(encoded) => encoded.map((one) => {
  const map = browser.decodeMap({ ...one, data: bytes(one.data) });
  return [...map.steps].map((step) => browser.mapValue(map, step));
})"""


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("symmetric", [False, True])
def test_dense_maps_mean_the_same(browser: Browser, signed: bool, symmetric: bool) -> None:
    rng = np.random.default_rng(4)
    maps = []
    for n in (1, 2, 7, 50):
        values = rng.random((n, n)).astype(np.float32) ** 4
        values -= np.float32(0.2 if signed else 0)
        maps.append((values + values.T) / 2 if symmetric else values)
        if signed and n > 2:
            # Of a residue without a partner nothing is known.
            maps[-1][2], maps[-1][:, 2] = np.nan, np.nan
    maps.append(np.zeros((3, 3), np.float32))
    encoded = [encode_map(values, signed=signed, symmetric=symmetric) for values in maps]
    found = browser(MAPS, [as_text(one) for one in encoded])
    for values, here, one in zip(maps, found, encoded, strict=True):
        decoded = numbers(here).reshape(values.shape)
        scale = one["scale"] or 1.0
        half_a_step = 0.51 / (127 if signed else 255)
        np.testing.assert_allclose(
            np.sign(decoded) * np.sqrt(np.abs(decoded) / scale),
            np.sign(values) * np.sqrt(np.abs(values) / scale),
            atol=half_a_step,
        )
