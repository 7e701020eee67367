"""The best heads against a loop over folds, families and heads."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from protvis.analysis.counting.plan import Plan
from protvis.analysis.statistics.best_heads import N_FOLDS, best_heads
from protvis.analysis.statistics.family_tests import enrichment_interval
from protvis.analysis.statistics.head_counts import head_counts
from tests.analysis.artificial import CONTACT, count, draw_protein

MIN_LINKS = 12


def slow_interval(
    hits: list[float], links: list[float], expected: list[float]
) -> tuple[float, float]:
    """Return the reach of the interval of log(hits / expected), and the ratio, half a hit added."""
    n_hits, n_expected, n_links = sum(hits) + 0.5, sum(expected) + 0.5, sum(links)
    ratio = n_hits / n_expected
    variance = sum(
        ((h - ratio * e) / n_hits) ** 2 / max(1 - w / n_links, 1e-9)
        for h, w, e in zip(hits, links, expected, strict=True)
    )
    n = n_links**2 / sum(w * w for w in links)
    if n < 2:
        return math.nan, ratio
    by_family = stats.t.isf(0.025, n - 1) * math.sqrt(variance)
    return max(by_family, stats.norm.isf(0.025) / math.sqrt(n_hits)), ratio


@pytest.fixture(scope="module")
def heads():
    rng = np.random.default_rng(8)
    proteins = [draw_protein(rng, 12 + p % 5, 2, 3) for p in range(11)]
    [found] = head_counts(count(proteins, Plan((CONTACT,), 2, 3, seed=3)), MIN_LINKS)
    return found


def by_family(heads, layer: int, head: int, families: list[int]) -> list[list[float]]:
    return [
        [float(heads.families(name)[f, layer, head]) for f in families]
        for name in ("hits", "links", "expected")
    ]


def slow_choice(heads, families: list[int], n_families: int) -> list[tuple[int, int]]:
    lows = []
    for layer, head in np.ndindex(2, 3):
        hits, links, expected = by_family(heads, layer, head, families)
        if sum(links) < MIN_LINKS * len(families) / n_families:
            continue
        reach, ratio = slow_interval(hits, links, expected)
        if not math.isnan(reach):
            lows.append((-ratio * math.exp(-reach), layer, head))
    return [(layer, head) for _, layer, head in sorted(lows)]


def test_intervals_of_enrichment_are_those_of_the_loop(heads) -> None:
    counts = [heads.families(name) for name in ("hits", "links", "expected")]
    low, high = enrichment_interval(*counts)
    for layer, head in np.ndindex(2, 3):
        reach, ratio = slow_interval(*by_family(heads, layer, head, list(range(11))))
        assert low[layer, head] == pytest.approx(ratio * math.exp(-reach))
        assert high[layer, head] == pytest.approx(ratio * math.exp(reach))


@pytest.mark.parametrize("n", [1, 3])
def test_every_family_measures_heads_chosen_without_it(heads, n: int) -> None:
    table = best_heads(heads, n)
    fold = np.random.default_rng(3).permutation(11) % N_FOLDS
    chosen = slow_choice(heads, list(range(11)), 11)[:n]
    assert [(layer - 1, head - 1) for layer, head in zip(table["layer"], table["head"],
            strict=True)] == chosen  # fmt: skip
    rows: list[list[tuple[float, float, float]]] = [[] for _ in chosen]
    kept = [0] * n
    for out in range(N_FOLDS):
        others = [f for f in range(11) if fold[f] != out]
        found = slow_choice(heads, others, 11)[:n]
        for rank, head in enumerate(chosen):
            kept[rank] += head in found
        for rank, (layer, head) in enumerate(found):
            own = [f for f in range(11) if fold[f] == out]
            rows[rank] += zip(*by_family(heads, layer, head, own), strict=True)
    for rank, row in enumerate(table.itertuples()):
        hits, links, expected = (list(part) for part in zip(*rows[rank], strict=True))
        assert row.n_hits == sum(hits)
        assert row.n_links == sum(links)
        assert row.enrichment == pytest.approx(sum(hits) / sum(expected))
        reach, ratio = slow_interval(hits, links, expected)
        assert row.enrichment_low == pytest.approx(ratio * math.exp(-1.5 * reach))
        assert row.enrichment_high == pytest.approx(ratio * math.exp(1.5 * reach))
        assert row.ci_low < row.proportion < row.ci_high
        assert row.stability == kept[rank] / N_FOLDS
