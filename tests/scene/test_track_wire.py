"""Tracks as they cross, and heads scored against them, link by link."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from protvis.annotations import PairTrack, Track
from protvis.errors import LabelError, OptionError
from protvis.scene import Scene, open_scene
from protvis.scene.track_wire import (
    as_tracks,
    score_track,
    track_background,
    wire_tracks,
)
from protvis.scene.wire import decode_array
from protvis.structure.contacts import MIN_SEPARATION


@pytest.fixture(scope="module")
def scene(demo_structure: Any) -> Scene:
    return open_scene(demo_structure, "mini-positions")[0]


def strongest(scene: Scene, row: int, column: int, directed: bool) -> list[tuple[int, int]]:
    """The L strongest links of a map, one by one."""
    values, n = scene.map_set("attention").dense(row, column), scene.n_residues
    links = []
    for i in range(n):
        for j in range(i + MIN_SEPARATION, n):
            if directed:
                links += [(-values[i, j], i, j), (-values[j, i], j, i)]
            else:
                links.append((-max(values[i, j], values[j, i]), i, j))
    return [(i, j) for _, i, j in sorted(links)[:n]]


@pytest.mark.parametrize(("row", "column"), [(0, 3), (0, 8), (1, 2)])
def test_a_site_is_scored_at_the_residue_attended_to(scene: Scene, row: int, column: int) -> None:
    site = scene.tracks["binding site"]
    expected = np.mean([site.values[key] for _, key in strongest(scene, row, column, True)])
    found = score_track(scene.map_set("attention"), site)
    assert found[row, column] == pytest.approx(expected, abs=0.005)


def test_a_property_of_pairs_is_scored_at_the_pair(scene: Scene) -> None:
    contacts = PairTrack("contacts", scene.chain.contact_map(), "the structure")
    found = score_track(scene.map_set("attention"), contacts)
    np.testing.assert_allclose(found, scene.scores["contact_precision"], atol=0.005)
    assert track_background(contacts, None, scene.chain.separation()) == pytest.approx(
        float(scene.scores["background"].flat[0]), abs=1e-6
    )


def test_a_number_gives_its_mean_without_the_unknown(scene: Scene) -> None:
    values = np.arange(223, dtype=np.float32)
    values[::3] = np.nan
    number = Track("index", "number", values, "made up")
    expected = np.nanmean([values[key] for _, key in strongest(scene, 0, 3, True)])
    found = score_track(scene.map_set("attention"), number)
    assert found[0, 3] == pytest.approx(expected, abs=0.5)


def test_the_background_counts_every_eligible_pair(scene: Scene) -> None:
    site = scene.tracks["binding site"].values
    n = scene.n_residues
    eligible = [(i, j) for i in range(n) for j in range(n) if abs(i - j) >= MIN_SEPARATION]
    expected = np.mean([site[j] for _, j in eligible])
    found = track_background(scene.tracks["binding site"], None, scene.chain.separation())
    assert found == pytest.approx(expected)


def test_what_crosses_says_the_same(scene: Scene) -> None:
    wired = {track["name"]: track for track in wire_tracks(scene.tracks)}
    assert list(wired) == list(scene.tracks)
    states = wired["secondary structure"]
    letters = [states["letters"][code] for code in decode_array(states["values"])]
    assert "".join(letters) == "".join(scene.tracks["secondary structure"].values.tolist())
    assert decode_array(wired["binding site"]["values"]).astype(bool).tolist() == (
        scene.tracks["binding site"].values.tolist()
    )
    bonds = np.unpackbits(decode_array(wired["disulfide bonds"]["values"]), axis=1, count=223)
    assert (bonds.astype(bool) == scene.tracks["disulfide bonds"].values).all()
    assert bonds.sum() == 12  # six bridges, both ways
    assert wired["binding site"]["notes"][str(scene.chain.find("A:SER195"))] == "A:GBS704"
    assert set(states["backgrounds"]) >= {"H", "E"}


def test_what_users_hand_in(scene: Scene) -> None:
    chain = scene.chain
    made = as_tracks(
        chain,
        {"score": {"A:HIS57": 2.0}, "flags": [True] * 223, "bonds": np.eye(223, dtype=bool)},
    )
    assert [one.kind for one in made] == ["number", "site", "pair"]
    assert made[0].values[chain.find("A:HIS57")] == 2.0
    assert as_tracks(chain, made) == made
    with pytest.raises(LabelError, match="A:HIS58"):
        as_tracks(chain, {"score": {"A:HIS58": 1.0}})
    with pytest.raises(OptionError, match="expected tracks"):
        as_tracks(chain, [1, 2])
