"""Link selection against a slow definition that follows the words of its documentation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from protvis.attention import select_links
from protvis.errors import ProtvisError

# Few distinct values make ties, zeros are ordinary, NaN is what a window leaves out.
WEIGHTS = st.sampled_from([0.0, 0.1, 0.25, 0.3, 0.5, math.nan])


def slow_links(
    attention: np.ndarray, top_k: int | None, threshold: float | None, separation: int, combine: str
) -> list[tuple[int, int, float]]:
    n = len(attention)
    found = []
    for i in range(n):
        for j in range(n):
            if i == j or abs(i - j) < separation:
                continue
            here, there = attention[i, j], attention[j, i]
            if combine == "directed":
                weight = here
            elif combine == "mean":
                if i > j:
                    continue
                weight = np.float32((here + there) / np.float32(2))
            else:
                # i -> j stands for the pair if it is the heavier direction, or the first of equals.
                if math.isnan(here) or there > here or (there == here and i > j):
                    continue
                weight = here
            if not math.isnan(weight) and (threshold is None or weight >= np.float32(threshold)):
                found.append((i, j, float(weight)))
    found.sort(key=lambda link: (-link[2], min(link[:2]), max(link[:2]), link[0] > link[1]))
    return found[:top_k]


@given(
    attention=st.integers(1, 9).flatmap(
        lambda n: hnp.arrays(np.float32, (n, n), elements=WEIGHTS.map(np.float32))
    ),
    top_k=st.none() | st.integers(0, 40),
    threshold=st.none() | st.sampled_from([0.0, 0.1, 0.3, 0.9]),
    separation=st.integers(0, 7),
    combine=st.sampled_from(["max", "mean", "directed"]),
)
def test_links_are_those_of_the_definition(
    attention: np.ndarray, top_k: int | None, threshold: float | None, separation: int, combine: str
) -> None:
    before = attention.copy()
    found = select_links(
        attention, top_k=top_k, threshold=threshold, min_separation=separation, combine=combine
    )
    expected = slow_links(attention, top_k, threshold, separation, combine)
    assert list(zip(*(part.tolist() for part in found), strict=True)) == expected
    np.testing.assert_array_equal(attention, before)


def test_large_maps_agree_with_sorting_everything() -> None:
    attention = np.random.default_rng(0).random((300, 300)).astype(np.float32)
    for combine in ("max", "mean", "directed"):
        few = select_links(attention, top_k=77, combine=combine)
        everything = select_links(attention, combine=combine)
        for some, rest in zip(few, everything, strict=True):
            np.testing.assert_array_equal(some, rest[:77])
    n_pairs = 294 * 295 // 2
    assert len(select_links(attention).weight) == n_pairs
    assert len(everything.weight) == 2 * n_pairs


def test_the_threshold_is_inclusive() -> None:
    attention = np.zeros((8, 8), dtype=np.float32)
    attention[0, 7] = 0.3
    assert select_links(attention, threshold=0.3).weight.tolist() == [np.float32(0.3)]
    assert select_links(attention, threshold=np.nextafter(np.float32(0.3), 1)).weight.size == 0


def test_reading_only_maps_and_small_ones() -> None:
    attention = np.ones((8, 8), dtype=np.float32)
    attention.flags.writeable = False
    assert select_links(attention).query.tolist() == [0, 0, 1]
    assert select_links(np.ones((0, 0))).query.size == 0
    assert select_links(np.ones((6, 6))).query.size == 0


@pytest.mark.parametrize(
    "options",
    [
        {"combine": "sum"},
        {"top_k": -1},
        {"top_k": 2.5},
        {"top_k": True},
        {"threshold": float("nan")},
        {"threshold": "0.3"},
        {"min_separation": -1},
        {"min_separation": None},
    ],
)
def test_options_that_do_not_exist(options: dict) -> None:
    with pytest.raises(ProtvisError) as raised:
        select_links(np.ones((8, 8)), **options)
    assert isinstance(raised.value, ValueError)


def test_a_map_is_square() -> None:
    with pytest.raises(ProtvisError, match="square"):
        select_links(np.ones((2, 8, 8)))
