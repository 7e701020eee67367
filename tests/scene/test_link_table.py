"""The table of links against brute force over whole maps: what it shows, and what it claims."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protvis.attention import select_links
from protvis.attention.selection import COMBINE
from protvis.attention.strong_pairs import PairSearch, StrongPairs
from protvis.scene.link_table import LEVELS, LinkTable
from protvis.scene.link_table_builder import LinkTableBuilder, pairs_per_entry

QUESTIONS = st.fixed_dictionaries(
    {
        "top_k": st.none() | st.integers(1, 400),
        "threshold": st.sampled_from([0.0, 0.02, 0.1, 0.3, 0.9]),
        "min_separation": st.sampled_from([0, 1, 2, 5, 6, 7, 23, 24, 30]),
        "combine": st.sampled_from(COMBINE),
    }
)


def attention(seed: int, n_residues: int, shape: str) -> np.ndarray:
    """Return a map in one of the shapes that heads have."""
    rng = np.random.default_rng(seed)
    values = rng.random((n_residues, n_residues)).astype(np.float32) ** 6
    if shape == "symmetric":
        # Both rankings are the same, so that the table can go deep.
        values = (values + values.T) / 2
    elif shape == "neighbours":
        distance = np.abs(np.subtract.outer(np.arange(n_residues), np.arange(n_residues)))
        values = (values * np.exp(-distance / 8)).astype(np.float32)
    elif shape == "flat":
        values = np.full_like(values, 0.25)
    elif shape == "few":
        values[values < 0.5] = 0
    elif shape == "nothing":
        values[:] = 0
    elif shape == "signed":
        values -= np.float32(0.3)
    return values


SHAPES = ("random", "symmetric", "neighbours", "flat", "few", "nothing", "signed")


def table_of(
    maps: list[np.ndarray],
    pairs: int,
    chain_of: np.ndarray | None = None,
    *,
    difference: bool = False,
) -> LinkTable:
    builder = LinkTableBuilder(len(maps[0]), pairs, chain_of, difference=difference)
    for values in maps:
        builder.add(values)
    return builder.finish()


def brute_force(
    values: np.ndarray,
    scale: float,
    question: dict[str, Any],
    chain_of: np.ndarray,
    *,
    difference: bool = False,
) -> list[tuple]:
    """Return all links of a map in whole steps, strongest first, by the words of `select`."""
    n = len(values)
    steps = np.rint((values if difference else np.maximum(values, 0)) / scale).astype(int)
    separation = max(question["min_separation"], 1)
    found = []
    for i in range(n):
        for j in range(i + 1, n):
            if j - i < separation and chain_of[i] == chain_of[j]:
                continue
            there, back = int(steps[i, j]), int(steps[j, i])
            if question["combine"] == "directed":
                found += [(there, scale, i, j), (back, scale, j, i)]
            elif question["combine"] == "mean":
                found.append((there + back, scale / 2, i, j))
            else:
                larger = abs(there) >= abs(back)
                found.append((there, scale, i, j) if larger else (back, scale, j, i))
    wanted = [link for link in found if link[0] and abs(link[0]) * link[1] >= question["threshold"]]
    wanted.sort(key=lambda link: -abs(link[0]))
    return wanted


@given(
    seed=st.integers(0, 10**6),
    n_residues=st.integers(1, 45),
    pairs=st.sampled_from([64, 100, 500, 2400]),
    shape=st.sampled_from(SHAPES),
    question=QUESTIONS,
    n_chains=st.integers(1, 3),
)
def test_what_is_shown_are_the_strongest_links_there_are(
    seed: int,
    n_residues: int,
    pairs: int,
    shape: str,
    question: dict[str, Any],
    n_chains: int,
) -> None:
    values = attention(seed, n_residues, shape)
    chain_of = np.arange(n_residues) * n_chains // n_residues
    table = table_of([values], pairs, chain_of if n_chains > 1 else None)
    assert len(table.first) <= pairs
    found = table.select(0, **question)
    everything = brute_force(values, float(table.scale[0]), question, chain_of)
    wanted = everything[: question["top_k"]]

    n = len(found.weight)
    assert n <= len(wanted)
    # Weights are those at the head of the whole list, whichever of several equals were stored.
    np.testing.assert_allclose(
        found.weight, [steps * scale for steps, scale, *_ in wanted[:n]], rtol=1e-12
    )
    known = {(query, key): steps * scale for steps, scale, query, key in everything}
    pairs_found = list(zip(found.query.tolist(), found.key.tolist(), strict=True))
    assert len(set(pairs_found)) == n
    for pair, weight in zip(pairs_found, found.weight, strict=True):
        assert known[pair] == pytest.approx(weight, rel=1e-12)
    if found.complete:
        assert n == len(wanted)
        assert n == min(found.reaching, question["top_k"] or found.reaching)
    if found.floor == 0 or found.floor < question["threshold"]:
        assert found.reaching == len(everything)
    assert n <= found.reaching <= len(everything)
    if n < len(wanted):
        assert not found.complete
    # Above the floor nothing is missing.
    above = [link for link in wanted if link[0] * link[1] > found.floor * (1 + 1e-12)]
    assert {(query, key) for *_, query, key in above} <= set(pairs_found)


@given(
    seed=st.integers(0, 10**6),
    n_residues=st.integers(1, 45),
    pairs=st.sampled_from([64, 500, 2400]),
    question=QUESTIONS,
    n_chains=st.integers(1, 2),
)
def test_of_a_difference_losses_are_links_as_much_as_gains(
    seed: int, n_residues: int, pairs: int, question: dict[str, Any], n_chains: int
) -> None:
    rng = np.random.default_rng(seed)
    values = (rng.normal(size=(n_residues, n_residues)) ** 3).astype(np.float32)
    chain_of = np.arange(n_residues) * n_chains // n_residues
    table = table_of([values], pairs, chain_of if n_chains > 1 else None, difference=True)
    found = table.select(0, **question)
    scale = float(table.scale[0])
    everything = brute_force(values, scale, question, chain_of, difference=True)
    wanted = everything[: question["top_k"]]
    n = len(found.weight)
    assert n <= len(wanted)
    assert (n == len(wanted)) or not found.complete
    np.testing.assert_allclose(found.weight, [abs(steps) * unit for steps, unit, *_ in wanted[:n]])
    known = {(query, key): steps * unit for steps, unit, query, key in everything}
    for query, key, weight, sign in zip(
        found.query.tolist(), found.key.tolist(), found.weight, found.sign.tolist(), strict=True
    ):
        assert sign * weight == pytest.approx(known[query, key], rel=1e-12)
    above = [link for link in wanted if abs(link[0]) * link[1] > found.floor * (1 + 1e-12)]
    pairs_found = set(zip(found.query.tolist(), found.key.tolist(), strict=True))
    assert {(query, key) for *_, query, key in above} <= pairs_found


def literal_entry(
    values: np.ndarray, pairs: int, chain_of: np.ndarray, *, difference: bool
) -> tuple[list[tuple[int, ...]], float, np.ndarray]:
    """Return the (first, second, forward, backward), scale and floors of a map, all pairs sorted.

    Forward and backward are signed steps.
    """
    n = len(values)
    first, second = np.triu_indices(n, 1)
    separation = second - first
    separation[chain_of[first] != chain_of[second]] = max(n, *LEVELS)
    known = np.nan_to_num(values if difference else np.maximum(values, 0), nan=0.0)
    forward, backward = known[first, second], known[second, first]
    top = max(np.abs(forward).max(initial=0), np.abs(backward).max(initial=0))
    scale = float(top) / 65535 if top > 0 else 1 / 65535
    ahead, back = (np.rint(part / scale).astype(int) for part in (forward, backward))
    rankings = []
    for share, level in zip((0.25, 0.5, 0.25), LEVELS, strict=True):
        for steps in (np.maximum(np.abs(ahead), np.abs(back)), np.abs(ahead + back)):
            apart = np.flatnonzero(separation >= level)
            order = apart[np.lexsort((second[apart], first[apart], -steps[apart]))]
            rankings.append((share, steps, order[:pairs], len(order)))

    def union(depth: float) -> set[int]:
        return {
            int(pair) for share, _, order, _ in rankings for pair in order[: int(share * depth)]
        }

    low, high = pairs / 2, pairs / 0.25
    while high - low > 1:
        middle = (low + high) / 2
        low, high = (middle, high) if len(union(middle)) <= pairs else (low, middle)
    floors = []
    for share, steps, order, n_apart in rankings:
        depth = min(int(share * low), len(order))
        floors.append(max(1, int(steps[order[depth - 1]])) if depth < n_apart else 0)
    chosen = sorted(union(low))
    rows = zip(first[chosen], second[chosen], ahead[chosen], back[chosen], strict=True)
    return [tuple(map(int, row)) for row in rows], scale, np.reshape(floors, (len(LEVELS), 2))


MORE_SHAPES = (*SHAPES, "tied", "unknown", "softmax", "sharp", "one way")


def any_map(seed: int, n_residues: int, shape: str) -> np.ndarray:
    """Return a map in one of the shapes above, or in one that is harder to rank."""
    rng = np.random.default_rng(seed)
    if shape in SHAPES:
        return attention(seed, n_residues, shape)
    values = attention(seed, n_residues, "random")
    if shape == "tied":
        return np.round(values * 4) / np.float32(4)
    if shape == "unknown":
        values[rng.random(values.shape) < 0.3] = np.nan
        values[n_residues // 2] = np.nan
        return values
    if shape == "one way":
        return np.tril(values)
    # Of "sharp" most weights are less than half a step.
    logits = rng.normal(size=values.shape) * (9 if shape == "sharp" else 2)
    weights = np.exp(logits - logits.max(1, keepdims=True))
    return (weights / weights.sum(1, keepdims=True)).astype(np.float32)


@pytest.mark.slow
@given(
    seed=st.integers(0, 10**6),
    # From 129 residues on a sample of the pairs is looked at first.
    n_residues=st.integers(1, 60) | st.integers(129, 150),
    pairs=st.sampled_from([64, 487, 2400]),
    shapes=st.lists(st.sampled_from(MORE_SHAPES), min_size=1, max_size=3),
    difference=st.booleans(),
    n_chains=st.integers(1, 3),
)
def test_a_table_holds_what_sorting_all_pairs_gives(
    seed: int, n_residues: int, pairs: int, shapes: list[str], difference: bool, n_chains: int
) -> None:
    maps = [any_map(seed + place, n_residues, shape) for place, shape in enumerate(shapes)]
    chain_of = np.arange(n_residues) * n_chains // n_residues
    builder = LinkTableBuilder(
        n_residues, pairs, chain_of if n_chains > 1 else None, difference=difference
    )
    search = PairSearch(n_residues, builder.needed, builder.needed, chain_of, signed=difference)
    search.settle(maps, lambda found: builder.take(found, 0))
    table = builder.finish()
    for entry, values in enumerate(maps):
        rows, scale, floors = literal_entry(values, pairs, chain_of, difference=difference)
        part = slice(*map(int, table.offsets[entry : entry + 2]))
        expected = np.reshape(rows, (-1, 4)).T
        np.testing.assert_array_equal(table.first[part], expected[0])
        np.testing.assert_array_equal(table.second[part], expected[1])
        np.testing.assert_array_equal(table.forward[part], np.abs(expected[2]))
        np.testing.assert_array_equal(table.backward[part], np.abs(expected[3]))
        np.testing.assert_array_equal(table.floors[entry], floors)
        assert table.scale[entry] == scale
        if table.signs is not None:
            signs = (expected[2] < 0) + 2 * (expected[3] < 0)
            np.testing.assert_array_equal(table.signs[part], signs)


def test_few_pairs_of_a_long_chain_are_listed() -> None:
    values = any_map(0, 400, "softmax")
    builder = LinkTableBuilder(400, 400)
    listed = []

    def take(found: StrongPairs) -> np.ndarray:
        listed.append(len(found.place))
        return builder.take(found, 0)

    PairSearch(400, builder.needed, builder.needed).settle([values], take)
    assert len(listed) == 1
    assert listed[0] < 400 * 399 / 2 / 20


def test_what_is_not_known_is_no_link() -> None:
    values = attention(3, 30, "signed")
    values[4], values[:, 9] = np.nan, np.nan
    for difference in (False, True):
        table = table_of([values], 2400, difference=difference)
        found = table.select(0, min_separation=1, combine="directed")
        known = ~np.isnan(values) & (np.ones_like(values, bool) if difference else values > 0)
        np.fill_diagonal(known, False)
        expected = {(i, j) for i, j in np.argwhere(known).tolist()}
        assert set(zip(found.query.tolist(), found.key.tolist(), strict=True)) <= expected
        assert len(found.query) > 0.9 * len(expected)
        assert (table.signs is not None) == difference
        assert (found.sign < 0).any() == difference


@given(seed=st.integers(0, 10**6), question=QUESTIONS)
def test_links_are_those_of_the_exact_selection_within_a_step(
    seed: int, question: dict[str, Any]
) -> None:
    values = attention(seed, 30, "random")
    table = table_of([values], 2400)
    found = table.select(0, **question)
    exact = select_links(values, **question)
    assert found.complete
    step = float(table.scale[0])
    # Near the threshold a step decides.
    assert abs(len(found.weight) - len(exact.weight)) <= np.count_nonzero(
        np.abs(
            select_links(values, **{**question, "threshold": 0.0}).weight - question["threshold"]
        )
        <= step
    )
    n = min(len(found.weight), len(exact.weight))
    np.testing.assert_allclose(found.weight[:n], exact.weight[:n], atol=0.51 * step)


@given(
    seed=st.integers(0, 10**6),
    top_k=st.integers(1, 300),
    separation=st.sampled_from([0, 1, 6, 10]),
    combine=st.sampled_from(COMBINE),
)
def test_equal_weights_stand_in_one_order_everywhere(
    seed: int, top_k: int, separation: int, combine: str
) -> None:
    """Four weights make ties at every cut."""
    values = np.random.default_rng(seed).integers(0, 4, (24, 24)).astype(np.float32)
    question = {
        "top_k": top_k, "threshold": 0.25, "min_separation": separation, "combine": combine
    }  # fmt: skip
    found = table_of([values], 2400).select(0, **question)
    exact = select_links(values, **question)
    assert found.query.tolist() == exact.query.tolist()
    assert found.key.tolist() == exact.key.tolist()
    np.testing.assert_allclose(found.weight, exact.weight, rtol=1e-12)


@pytest.mark.parametrize("shape", SHAPES)
def test_entries_do_not_mix(shape: str) -> None:
    maps = [attention(seed, 40, shape) for seed in range(5)]
    table = table_of(maps, 200)
    assert table.n_entries == 5
    for entry, values in enumerate(maps):
        alone = table_of([values], 200)
        for combine in COMBINE:
            together = table.select(entry, combine=combine, min_separation=1)
            single = alone.select(0, combine=combine, min_separation=1)
            for name, part in vars(together).items():
                np.testing.assert_array_equal(part, getattr(single, name))


def test_long_range_links_are_there_although_neighbours_outweigh_them() -> None:
    table = table_of([attention(1, 120, "neighbours")], 400)
    for level in LEVELS:
        found = table.select(0, top_k=60, min_separation=level)
        assert len(found.weight) == 60
        assert found.complete


def test_links_between_short_chains_are_as_far_as_any() -> None:
    table = table_of([attention(0, 20, "random")], 64, np.arange(20) // 10)
    found = table.select(0, min_separation=24)
    assert np.all(found.query // 10 != found.key // 10)
    assert 0 < len(found.weight) < 100
    assert not found.complete


def test_select_does_not_write() -> None:
    table = table_of([attention(1, 30, "random")], 100)
    for array in vars(table).values():
        if array is not None:
            array.flags.writeable = False
    for combine in COMBINE:
        table.select(0, combine=combine)


def test_builder_does_not_write_into_the_map() -> None:
    values = attention(1, 30, "signed")
    before = values.copy()
    table_of([values], 100)
    np.testing.assert_array_equal(values, before)


def test_the_lightest_links_and_the_empty_table() -> None:
    values = np.zeros((10, 10), np.float32)
    values[0, 9] = 1e-30
    found = table_of([values], 64).select(0)
    assert (found.query.tolist(), found.key.tolist()) == ([0], [9])
    assert found.weight[0] == pytest.approx(1e-30)
    assert LinkTableBuilder(5, 64).finish().n_entries == 0


def test_a_top_k_of_zero_asks_for_nothing() -> None:
    found = table_of([attention(1, 30, "random")], 100).select(0, top_k=0)
    assert (len(found.query), found.complete) == (0, True)


@pytest.mark.parametrize("n_entries", [1, 18, 156, 693, 2000])
def test_the_budget_holds(n_entries: int) -> None:
    pairs = pairs_per_entry(n_entries)
    assert 64 <= pairs <= 3000
    assert pairs == 64 or pairs * 8 * n_entries <= 2_700_000


def test_the_budget_holds_in_bytes() -> None:
    """Of the whole table, for the largest model in common use: 33 layers, 20 heads and the mean."""
    n_entries = 33 * 21
    pairs = pairs_per_entry(n_entries)
    builder = LinkTableBuilder(100, pairs)
    for seed in range(20):
        builder.add(attention(seed, 100, SHAPES[seed % 3]))
    table = builder.finish()
    assert table.nbytes / 20 * n_entries <= 2_800_000
    assert np.all(np.diff(table.offsets.astype(int)) <= pairs)
    assert np.all(table.first < table.second)
