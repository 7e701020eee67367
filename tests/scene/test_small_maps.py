"""Small pictures of maps: lines stay visible, bytes stay few."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from protvis.models import load_model
from protvis.scene import Scene, build_scene
from protvis.scene.small_maps import MOST_BYTES, SmallMaps, shrink_map, small_side
from protvis.scene.wire import decode_array, encode_root, encode_signed_root
from protvis.structure import load_structure


@pytest.fixture(scope="module")
def scene(demo_structure: Path) -> Scene:
    structure = load_structure(demo_structure)
    return build_scene(structure, structure.chains["A"], load_model("mini-positions"))


def slow_shrink(values: np.ndarray, side: int, *, signed: bool) -> np.ndarray:
    """The same, one query at a time."""
    n = len(values)
    starts = [row * n // side for row in range(side)] + [n]
    out = np.full((side, side), np.nan)
    for row in range(side):
        for column in range(side):
            strongest = []
            for query in range(starts[row], starts[row + 1]):
                known = [v for v in values[query, starts[column] : starts[column + 1]] if v == v]
                if known:
                    strongest.append(max(known, key=abs if signed else float))
            if strongest:
                out[row, column] = np.mean(strongest)
    return out


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize(("n", "side"), [(30, 7), (40, 40), (11, 10), (5, 1)])
def test_every_pixel_is_the_mean_of_its_strongest_keys(n: int, side: int, signed: bool) -> None:
    rng = np.random.default_rng(n)
    values = rng.normal(size=(n, n)) if signed else rng.random((n, n)) ** 4
    values[rng.random((n, n)) < 0.2] = np.nan
    values[: n // side] = np.nan
    values = values.astype(np.float32)
    found = shrink_map(values, side, signed=signed)
    assert found.shape == (side, side)
    np.testing.assert_allclose(found, slow_shrink(values, side, signed=signed), rtol=1e-5)
    assert np.isnan(found[0]).all()


@pytest.mark.parametrize("offset", [0, 3, 40])
def test_a_thin_line_keeps_its_strength(offset: int) -> None:
    n, side = 400, 37
    diagonal = np.eye(n, k=offset, dtype=np.float32)
    stripe = np.zeros((n, n), np.float32)
    stripe[:, offset] = 1
    assert shrink_map(stripe, side, signed=False)[:, offset * side // n].min() == 1
    along = shrink_map(diagonal, side, signed=False)
    # However a line falls on the pixels, those it crosses add up to itself in every row it is in.
    rows = (n - offset) * side // n
    np.testing.assert_allclose(along[:rows].sum(axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize(
    ("layers", "heads", "n"), [(33, 20, 400), (33, 20, 1022), (48, 40, 400), (5, 8, 223), (1, 1, 3)]
)
def test_all_pictures_take_a_megabyte_at_most(layers: int, heads: int, n: int) -> None:
    entries = layers * (heads + 1)
    pictures = SmallMaps(entries, n, signed=False)
    pictures.add(0, np.eye(n, dtype=np.float32))
    wire = pictures.wire()
    side = small_side(n, entries)
    assert wire["steps"]["shape"] == [entries, side, side]
    assert sum(len(array["data"]) for array in wire.values()) <= MOST_BYTES
    assert side >= min(n, 22)


@pytest.mark.parametrize("name", ["attention", "apc", "rollout"])
def test_pictures_are_those_of_the_maps(scene: Scene, name: str) -> None:
    map_set = scene.map_set(name)
    wire = map_set.small_maps.wire()
    steps, scale = decode_array(wire["steps"]), decode_array(wire["scale"])
    encode = encode_signed_root if map_set.kind.signed else encode_root
    for entry in (0, map_set.links.n_entries - 1):
        values = map_set.dense(*divmod(entry, map_set.shape[1]))
        small = shrink_map(values, steps.shape[1], signed=map_set.kind.signed)
        expected = encode(small)
        np.testing.assert_array_equal(steps[entry], expected[0])
        assert scale[entry] == pytest.approx(expected[1])


def test_nothing_is_made_until_it_is_asked_for(scene: Scene) -> None:
    assert "small_maps" not in vars(
        build_scene(scene.structure, scene.chain, scene.model).map_set("attention")
    )
