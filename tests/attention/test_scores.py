"""Head scores against slow definitions, written with loops and logarithms of single numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protvis.attention import score_head_block, score_table
from protvis.attention.score_table import SCORES as TABLE
from protvis.attention.score_table import Score

SCORES = tuple(score.name for score in TABLE)


def slow_scores(
    attention: np.ndarray, special: np.ndarray, contacts: np.ndarray | None, observed: np.ndarray
) -> dict[str, float]:
    n = len(attention)
    pairs = [(i, j) for i in range(n) for j in range(i + 6, n) if observed[i] and observed[j]]
    scores = dict.fromkeys(SCORES, math.nan)
    if contacts is not None and pairs:

        def weight(pair: tuple[int, int]) -> float:
            i, j = pair
            return max(attention[i, j], attention[j, i])

        weights = sorted(map(weight, pairs), reverse=True)[:n]
        above = [pair for pair in pairs if weight(pair) > weights[-1]]
        tied = [pair for pair in pairs if weight(pair) == weights[-1]]
        share = sum(contacts[pair] for pair in tied) / len(tied)
        hits = sum(contacts[pair] for pair in above) + (len(weights) - len(above)) * share
        scores["contact_precision"] = hits / len(weights)
        scores["background"] = sum(contacts[pair] for pair in pairs) / len(pairs)
        if scores["background"] > 0:
            scores["enrichment"] = scores["contact_precision"] / scores["background"]
    scores["special_share"] = sum(map(float, special)) / n
    total = sum(float(attention[i, j]) for i in range(n) for j in range(n))
    scores["mean_separation"] = (
        sum(float(attention[i, j]) * abs(i - j) for i in range(n) for j in range(n)) / total
    )
    entropies = []
    for row in attention.astype(float):
        shares = [value / sum(row) for value in row if value > 0]
        entropies.append(-sum(share * math.log2(share) for share in shares))
    scores["entropy"] = sum(entropies) / n
    scores["max_weight"] = float(attention.max())
    return scores


def random_protein(seed: int, n: int) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    rows = rng.dirichlet(np.full(n + 2, 0.1), size=(3, n)).astype(np.float32)
    contacts = rng.random((n, n)) < 0.2
    return rows[..., 2:], rows[..., :2].sum(-1), contacts | contacts.T, rng.random(n) < 0.8


@given(seed=st.integers(0, 10_000), n=st.integers(2, 24))
def test_scores_are_those_of_the_definitions(seed: int, n: int) -> None:
    block, special, contacts, observed = random_protein(seed, n)
    found = score_head_block(block, special, contacts, observed)
    assert tuple(found) == SCORES
    for head in range(len(block)):
        expected = slow_scores(block[head], special[head], contacts, observed)
        for name in SCORES:
            assert found[name].shape == (3,)
            assert found[name][head] == pytest.approx(
                expected[name], rel=1e-5, abs=1e-5, nan_ok=True
            ), name


@pytest.mark.slow
@pytest.mark.parametrize("n", [30, 140])
@pytest.mark.parametrize("levels", [1, 2, 5])
def test_ties_count_by_expectation(n: int, levels: int) -> None:
    rng = np.random.default_rng(n)
    block = (rng.integers(1, levels + 1, (2, n, n)) / np.float32(n * levels)).astype(np.float32)
    contacts = np.abs(np.subtract.outer(np.arange(n), np.arange(n))) == 7
    found = score_head_block(block, np.zeros((2, n)), contacts)
    for head in range(2):
        expected = slow_scores(block[head], np.zeros(n), contacts, np.ones(n, bool))
        assert found["contact_precision"][head] == pytest.approx(expected["contact_precision"])
    if levels == 1:
        # Equal attention everywhere says nothing about contacts.
        np.testing.assert_allclose(found["enrichment"], 1)


def test_without_a_structure_contact_scores_are_undefined() -> None:
    block, special, *_ = random_protein(1, 20)
    found = score_head_block(block, special)
    for name in ("contact_precision", "background", "enrichment"):
        assert np.isnan(found[name]).all()
    assert np.isfinite(found["entropy"]).all()


def test_without_contacts_there_is_no_enrichment() -> None:
    block, special, contacts, _ = random_protein(1, 20)
    found = score_head_block(block, special, np.zeros_like(contacts))
    assert (found["background"] == 0).all()
    assert (found["contact_precision"] == 0).all()
    assert np.isnan(found["enrichment"]).all()
    hidden = score_head_block(block, special, contacts, np.zeros(20, dtype=bool))
    assert np.isnan(hidden["background"]).all()


def test_extreme_heads() -> None:
    n = 16
    flat = np.full((1, n, n), 1 / n, dtype=np.float32)
    sharp = np.eye(n, dtype=np.float32)[None]
    sink = np.zeros((1, n, n), dtype=np.float32)
    block = np.concatenate([flat, sharp, sink])
    special = np.array([[0.0] * n, [0.0] * n, [1.0] * n], dtype=np.float32)
    found = score_head_block(block, special)
    assert found["entropy"][:2] == pytest.approx([4.0, 0.0])
    assert found["mean_separation"][1] == 0
    assert np.isnan(found["entropy"][2])
    assert np.isnan(found["mean_separation"][2])
    assert found["special_share"].tolist() == [0, 0, 1]


def test_unknown_weights_count_as_none() -> None:
    block, special, contacts, _ = random_protein(2, 20)
    block[0, 3:6] = block[1, :, 7] = np.nan
    found = score_head_block(block, special, contacts)
    expected = score_head_block(np.nan_to_num(block), special, contacts)
    for score in TABLE:
        if not score.of_contacts:
            assert np.isfinite(found[score.name]).all()
            np.testing.assert_array_equal(found[score.name], expected[score.name])


def test_a_function_of_its_own_sees_no_unknown_weight(monkeypatch: pytest.MonkeyPatch) -> None:
    total = Score("total", "total", "sum of the map", compute=lambda values: float(values.sum()))
    monkeypatch.setattr(score_table, "SCORES", (*TABLE, total))
    block, special, *_ = random_protein(4, 20)
    block[0, 3:6] = np.nan
    found = score_head_block(block, special)["total"]
    np.testing.assert_allclose(found, np.nansum(block, axis=(1, 2)), rtol=1e-5)


def test_renumbering_the_ends_changes_no_score() -> None:
    # Reversing a chain keeps every |i - j|: a metamorphosis no score may notice.
    block, special, contacts, observed = random_protein(3, 21)
    forward = score_head_block(block, special, contacts, observed)
    backward = score_head_block(
        block[:, ::-1, ::-1], special[:, ::-1], contacts[::-1, ::-1], observed[::-1]
    )
    for name in SCORES:
        np.testing.assert_allclose(forward[name], backward[name], rtol=1e-6)
