"""How every head links chosen residues."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from protvis.errors import OptionError
from protvis.models import load_model
from protvis.scene import Scene, build_scene
from protvis.scene.selection_scores import selection_scores
from protvis.structure import load_structure


@pytest.fixture(scope="module")
def scene(demo_structure: Path) -> Scene:
    structure = load_structure(demo_structure)
    return build_scene(structure, structure.chains["A"], load_model("mini-positions"))


@pytest.mark.parametrize("name", ["attention", "apc", "best_heads"])
@pytest.mark.parametrize("residues", [[40], [3, 90], [0, 1, 2, 222]])
def test_the_strongest_from_the_residues_and_between_two(
    scene: Scene, name: str, residues: list[int]
) -> None:
    map_set = scene.map_set(name)
    found = selection_scores(map_set, residues)
    assert found.shape == (2, map_set.links.n_entries)
    for entry in (0, map_set.links.n_entries - 1):
        values = map_set.dense(*divmod(entry, map_set.shape[1]))
        outward = [
            values[query, key]
            for query in residues
            for key in range(scene.n_residues)
            if key not in residues and abs(query - key) >= 6
        ]
        assert found[0, entry] == max(outward)
        if len(residues) == 2:
            first, second = residues
            assert found[1, entry] == max(values[first, second], values[second, first])
        else:
            assert np.isnan(found[1, entry])


def test_a_link_has_its_direction(scene: Scene) -> None:
    map_set = scene.map_set("attention")
    there, back = (selection_scores(map_set, [3, 90], pair)[1] for pair in ([3, 90], [90, 3]))
    either = selection_scores(map_set, [3, 90])[1]
    np.testing.assert_array_equal(np.maximum(there, back), either)
    assert (there != back).any()


def test_chains_are_far_from_each_other() -> None:
    """The last residue of a chain is no neighbour of the first of the next."""
    rng = np.random.default_rng(0)
    values = rng.random((10, 10)).astype(np.float32)

    class Links:
        n_entries = 1
        chain_of = np.repeat([0, 1], 5)

    class Maps:
        received = np.zeros((1, 1, 10), np.float32)
        links = Links

        def each(self, entries: Any, receive: Any) -> None:
            receive(0, values)

    maps: Any = Maps()
    assert selection_scores(maps, [4])[0, 0] == values[4, 5:].max()


@pytest.mark.parametrize("residues", [[], [-1], [223], [3, 1000]])
def test_residues_must_be_there(scene: Scene, residues: list[int]) -> None:
    with pytest.raises(OptionError, match="residue indices from 0 to 222"):
        selection_scores(scene.map_set("attention"), residues)
