"""Tests and intervals against statsmodels, SciPy and definitions; heads that know nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint, proportions_ztest

from protvis.analysis.statistics.head_tables import significance_table
from protvis.analysis.statistics.significance import (
    MIN_REPLICATES,
    adjust,
    divide,
    null_test,
    percentile_interval,
    proportion_interval,
    two_proportion_test,
)
from tests.analysis.artificial import Chance, draw_chance


def test_quotients_that_do_not_exist_are_nan() -> None:
    found = divide([1, 0, 3, np.nan], [2, 0, 0, 1])
    np.testing.assert_array_equal(found, [0.5, np.nan, np.nan, np.nan])


@given(
    links=st.integers(1, 10_000),
    eligible=st.integers(1, 100_000),
    share=st.floats(0, 1),
    rate=st.floats(0, 1),
)
def test_the_papers_test_is_that_of_statsmodels(
    links: int, eligible: int, share: float, rate: float
) -> None:
    hits, positives = round(share * links), round(rate * eligible)
    z, p = two_proportion_test([hits], [links], positives, eligible)
    if hits + positives in (0, links + eligible):
        assert np.isnan(z[0])
        assert np.isnan(p[0])
        return
    expected_z, expected_p = proportions_ztest([hits, positives], [links, eligible])
    assert z[0] == pytest.approx(expected_z, rel=1e-6, abs=1e-6)
    assert p[0] == pytest.approx(expected_p, rel=1e-6, abs=1e-12)


def test_the_papers_test_of_many_heads_is_that_of_each() -> None:
    hits, links = np.array([[3, 50], [0, 0]]), np.array([[100, 400], [100, 0]])
    z, p = two_proportion_test(hits, links, 40, 1000)
    for place in ((0, 0), (0, 1), (1, 0)):
        expected = proportions_ztest([hits[place], 40], [links[place], 1000])
        assert (z[place], p[place]) == pytest.approx(expected)
    assert z[0, 1] > 0 > z[1, 0]
    assert np.isnan(z[1, 1])


@pytest.mark.parametrize("method", ["normal", "wilson"])
def test_intervals_of_independent_links_are_those_of_statsmodels(method: str) -> None:
    hits, links = np.array([[0, 5], [9, 0]]), np.array([[7, 9], [9, 0]])
    low, high = proportion_interval(hits, links, links > 0, alpha=0.01, method=method)
    for place in ((0, 0), (0, 1), (1, 0)):
        expected = proportion_confint(hits[place], links[place], alpha=0.01, method=method)
        assert (low[place], high[place]) == pytest.approx(expected)
    assert np.isnan([low[1, 1], high[1, 1]]).all()
    low, _ = proportion_interval(hits, links, np.zeros((2, 2), bool), alpha=0.01, method=method)
    assert np.isnan(low).all()


def test_a_null_of_known_moments() -> None:
    """Without skewness the normal distribution, at half a hit less far out."""
    z, p = null_test([[12, 3, 4]], [[8.0, 3.0, 4.0]], [[4.0, 4.0, 0.0]])
    np.testing.assert_allclose(z, [[2.0, 0.0, np.nan]])
    np.testing.assert_allclose(p, [[2 * stats.norm.cdf(-1.75), 1.0, np.nan]])


@pytest.mark.parametrize(("n", "rate"), [(100, 0.0084), (400, 0.01), (200, 0.3), (60, 0.9)])
def test_tails_of_skewed_nulls(n: int, rate: float) -> None:
    """Independent links: beside the binomial's own tails, far out and at its ends."""
    hits = np.arange(n + 1)
    variance = n * rate * (1 - rate)
    moments = (n * rate, variance, variance * (1 - 2 * rate))
    _, p = null_test(hits, *moments)
    upper, lower = stats.binom.sf(hits - 1, n, rate), stats.binom.cdf(hits, n, rate)
    slow = np.minimum(1, 2 * np.minimum(upper, lower))
    near = slow > 1e-3
    np.testing.assert_allclose(np.log(p[near]), np.log(slow[near]), atol=0.6)
    # Not called more often than it should be.
    for level in (0.05, 0.005):
        assert stats.binom.pmf(hits[p < level], n, rate).sum() <= 1.15 * level
    _, normal = null_test(hits, *moments[:2])
    if n * rate < 1:
        assert stats.binom.pmf(hits[normal < 0.005], n, rate).sum() > 0.0075


def test_what_is_never_hit_is_rare_rather_than_impossible() -> None:
    _, p = null_test([0.0, 0.0], [0.8, 0.8], [0.9, 0.9], [3.0, 0.7])
    assert (p > 0.3).all()


def test_percentiles_are_those_of_numpy() -> None:
    replicates = np.random.default_rng(0).uniform(0.2, 0.4, (300, 2, 2))
    replicates[::7, 0, 1] = np.nan
    replicates[MIN_REPLICATES - 1 :, 1, 1] = np.nan
    before = replicates.copy()
    low, high = percentile_interval(replicates)
    np.testing.assert_array_equal(replicates, before)
    for place in ((0, 0), (0, 1), (1, 0)):
        some = replicates[(slice(None), *place)]
        expected = np.percentile(some[~np.isnan(some)], [2.5, 97.5])
        assert (low[place], high[place]) == pytest.approx(tuple(expected))
    assert np.isnan([low[1, 1], high[1, 1]]).all()


def test_adjusted_p_values_are_those_of_their_definitions() -> None:
    rng = np.random.default_rng(0)
    p = rng.random(30) ** 3
    p[[3, 7]] = np.nan
    known = p[~np.isnan(p)]
    order = np.sort(known)
    q = [min(order[k:] * len(known) / np.arange(k + 1, len(known) + 1)) for k in range(len(known))]
    expected = np.full(30, np.nan)
    expected[~np.isnan(p)] = np.array(q)[np.argsort(np.argsort(known))]
    np.testing.assert_allclose(adjust(p, "fdr_bh"), expected)
    np.testing.assert_allclose(adjust(p, "bonferroni"), np.minimum(1, p * len(known)))
    assert np.isnan(adjust(np.full((2, 2), np.nan), "fdr_bh")).all()


CHANCES = {
    "frequent": Chance(rate=0.3, spread=0.1, keys=2, links=8),
    "rare": Chance(rate=0.03, spread=0.02, keys=3, links=4),
    "few proteins": Chance(n_proteins=12, rate=0.1, keys=4, links=10),
    "few of many proteins": Chance(
        n_proteins=150, rate=0.3, spread=0.15, keys=10, links=10, active=0.04
    ),
}


@pytest.mark.parametrize("kind", CHANCES)
def test_heads_that_know_nothing_are_left_alone(kind: str) -> None:
    """Of 600 heads that look anywhere, 5 % may have p < 0.05; the paper's test calls far more."""
    tables = [significance_table(draw_chance(CHANCES[kind], seed)) for seed in range(3)]
    scored = [table[table["scored"]] for table in tables]
    n_heads = sum(len(table) for table in scored)
    assert n_heads > 350
    share = {
        name: sum((table[f"p_{name}"] < 0.05).sum() for table in scored) / n_heads
        for name in ("two_proportion", "families")
    }
    # 5 % of 350 heads is 17.5 ± 4; heads that share proteins and labels scatter more.
    assert share["families"] <= 0.08
    assert share["two_proportion"] >= 0.2
    # After Benjamini-Hochberg any discovery is false. Of the paper's there are dozens.
    discoveries = {
        name: sum((table[f"bh_{name}"] < 0.05).sum() for table in scored) for name in share
    }
    assert discoveries["families"] <= 0.01 * n_heads
    assert discoveries["two_proportion"] >= 0.1 * n_heads


def test_heads_that_know_something_are_found() -> None:
    for preference, least in ((3.0, 0.75), (6.0, 0.99)):
        chance = Chance(rate=0.1, spread=0.02, keys=6, links=4, preference=preference)
        table = significance_table(draw_chance(chance, 0))
        assert (table.loc[table["scored"], "bh_families"] < 0.05).mean() >= least


def test_intervals_over_proteins_hold_the_truth_and_the_papers_do_not() -> None:
    held = {"family": 0, "bootstrap": 0, "wilson": 0, "wald": 0}
    n_heads = 0
    for seed in range(3):
        table = significance_table(draw_chance(CHANCES["frequent"], seed))
        table = table[table["scored"]]
        n_heads += len(table)
        for name in held:
            held[name] += table[f"{name}_low"].le(0.3).mul(table[f"{name}_high"].ge(0.3)).sum()
    assert 0.92 <= held["family"] / n_heads <= 0.99
    assert 0.88 <= held["bootstrap"] / n_heads <= 0.99
    assert held["wilson"] / n_heads <= 0.7
    # Made wide enough for 200 heads at once, they should all but never miss.
    assert held["wald"] / n_heads <= 0.9
