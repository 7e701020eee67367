"""Agreement of attention and couplings against scipy and sets of pairs counted by hand."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.stats

import protvis
from protvis.attention import apc
from protvis.errors import LabelError, OptionError
from protvis.models import load_model
from protvis.perturbation import coupling_agreement
from protvis.perturbation.agreement import _mean_percentile, _percentiles
from tests.analysis import slow_nulls


@pytest.fixture(scope="module")
def chain() -> Any:
    from tests.conftest import ROOT

    return protvis.load_structure(ROOT / "protvis" / "data" / "1gbt.cif.gz").chain("A")


@pytest.fixture(scope="module")
def couplings() -> np.ndarray:
    values = np.random.default_rng(0).normal(size=(223, 223)).astype(np.float32)
    return values + values.T


def top_pairs(values: np.ndarray, k: int) -> set[tuple[int, int]]:
    pairs = [(-values[i, j], i, j) for i in range(223) for j in range(i + 6, 223)]
    return {(i, j) for _, i, j in sorted(pairs)[:k]}


def test_every_head_against_scipy_and_sets(chain: Any, couplings: np.ndarray) -> None:
    found = coupling_agreement("mini-positions", chain, couplings=couplings, n_top=500)
    frame = found.heads()
    assert len(frame) == 16
    assert frame["overlap"].is_monotonic_decreasing
    upper = np.triu_indices(223, 6)
    contacts = chain.contact_map()
    for row in frame.iloc[[0, 7]].itertuples():
        values = apc(found.maps.head(row.layer, row.head))
        expected = scipy.stats.spearmanr(values[upper], couplings[upper]).statistic
        assert row.spearman == pytest.approx(expected, abs=1e-6)
        own, top = top_pairs(values, 500), top_pairs(couplings, 500)
        assert row.overlap == len(own & top) / 500
        assert row.expected == pytest.approx(500 / len(upper[0]))
        assert row.contact_share == pytest.approx(np.mean([contacts[p] for p in own]))
        assert row.own_contact_share == pytest.approx(np.mean([contacts[p] for p in own - top]))
        ranks = [
            np.mean(np.diagonal(couplings, j - i) < couplings[i, j]) + 0.5 / (223 - j + i)
            for i, j in own
        ]
        assert row.percentile == pytest.approx(np.mean(ranks))
        assert row.statement == found.statement(row.layer, row.head)
    # Of random couplings nothing else may be said, of any head.
    assert frame["statement"].str.contains("no more and no less than the same pattern").all()
    assert frame["p_percentile"].between(0.05 / 16, 1).all()


def test_more_and_less_coupled_than_others(chain: Any, couplings: np.ndarray) -> None:
    model = load_model("mini-positions")
    own = top_pairs(apc(protvis.compute_attention(model, chain).head(2, 5)), 223)
    first, second = np.array(sorted(own)).T
    for shift, word in ((0.8, "more"), (-0.8, "less")):
        shifted = couplings.copy()
        shifted[first, second] += shift
        shifted[second, first] += shift
        text = coupling_agreement(model, chain, couplings=shifted).statement(2, 5)
        assert f"Its pairs are {word} strongly coupled than the same pattern elsewhere" in text


def test_chance_of_a_mean_percentile_is_that_of_the_pattern_elsewhere(
    couplings: np.ndarray,
) -> None:
    n = 60
    values = _percentiles(couplings[:n, :n], 6)
    own = {(0, 6), (3, 9), (10, 25), (40, 48), (2, 20), (5, 23), (7, 25), (30, 55)}
    mean, chance = _mean_percentile(own, values)
    assert mean == pytest.approx(np.mean([values[pair] for pair in own]))
    kinds: dict[tuple, list[float]] = {}
    zone = [slow_nulls.zone(place, n) for place in range(n)]
    for i, j in combinations(range(n), 2):
        if j - i >= 6:
            kinds.setdefault(tuple(sorted((zone[i], zone[j]))), []).append(values[i, j])
    sums, counts = [], []
    for s in range(n):
        moved = [((i + s) % n, (j + s) % n) for i, j in own]
        there = [(a, b) for (a, b), (i, j) in zip(moved, own, strict=True) if b - a == j - i]
        counts.append(len(there))
        sums.append(
            sum(values[a, b] - np.mean(kinds[tuple(sorted((zone[a], zone[b])))]) for a, b in there)
        )
    scale = max(1.0, counts[0] / np.mean(counts))
    z = (sums[0] - np.mean(sums)) / np.sqrt(np.var(sums) * scale)
    assert chance == pytest.approx(2 * scipy.stats.norm.sf(abs(z)))


def test_where_they_disagree(chain: Any, couplings: np.ndarray) -> None:
    found = coupling_agreement("mini-positions", chain, couplings=couplings)
    frame = found.disagreement(1, 2)
    values = apc(found.maps.head(1, 2))
    own, top = top_pairs(values, 223), top_pairs(couplings, 223)
    for name, expected in (("attention", own - top), ("coupling", top - own)):
        part = frame[frame["only"] == name]
        assert set(zip(part["query"], part["key"], strict=True)) == expected
        by = "apc_rank" if name == "attention" else "coupling_rank"
        assert part[by].is_monotonic_increasing
        assert part[by].max() <= 223
    best = frame[frame["only"] == "coupling"].iloc[0]
    strictly = np.triu(couplings, 6)[couplings * np.triu(np.ones((223, 223)), 6) > best["coupling"]]
    assert best["coupling_rank"] == len(strictly) + 1
    assert best["query_label"] == chain.residue_labels[best["query"]]
    assert {"distance", "contact"} <= set(frame.columns)


def test_a_map_agrees_with_itself(chain: Any) -> None:
    model = load_model("mini-positions")
    own = apc(protvis.compute_attention(model, chain).head(2, 5))
    found = coupling_agreement(model, chain, couplings=own)
    best = found.heads().iloc[0]
    assert (best["layer"], best["head"]) == (2, 5)
    assert best["overlap"] == 1
    assert best["spearman"] == pytest.approx(1)
    assert found.statement(2, 5).endswith("They agree.")
    assert found.disagreement(2, 5).empty


def test_couplings_are_those_of_the_jacobian(checkpoint: Callable[[str], Path]) -> None:
    model = load_model(checkpoint("ESM-2"))
    sequence = "MKTAYIAKQR"
    found = coupling_agreement(model, sequence, progress=False, min_separation=2)
    expected = protvis.categorical_jacobian(model, sequence, progress=False)
    np.testing.assert_allclose(found.couplings, expected, atol=1e-6)
    frame = found.heads()
    assert len(frame) == 12
    assert "contact_share" not in frame
    assert frame["spearman"].between(-1, 1).all()
    assert repr(found) == "<CouplingAgreement: 3 layers × 4 heads>"
    flat = coupling_agreement(model, sequence, couplings=np.zeros((10, 10)))
    assert flat.heads()["spearman"].isna().all()


def test_bad_questions(chain: Any, couplings: np.ndarray) -> None:
    with pytest.raises(OptionError, match=r"\(223, 223\), one row and column per residue"):
        coupling_agreement("mini-positions", chain, couplings=couplings[:5])
    with pytest.raises(OptionError, match="n_top"):
        coupling_agreement("mini-positions", chain, couplings=couplings, n_top=0)
    found = coupling_agreement("mini-positions", chain, couplings=couplings)
    with pytest.raises(OptionError, match="single heads"):
        found.statement(1, "mean")
    with pytest.raises(LabelError, match="layer 3"):
        found.statement(3, 1)
