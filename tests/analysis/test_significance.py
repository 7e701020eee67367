"""Tests and intervals against statsmodels, SciPy and definitions; heads that know nothing."""

from __future__ import annotations

from itertools import pairwise

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
    bootstrap_interval,
    bootstrap_test,
    chance_variance,
    divide,
    effective_proteins,
    null_test,
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
    z, p = null_test([[12, 3, 4]], [[8.0, 3.0, 4.0]], [[4.0, 4.0, 0.0]])
    np.testing.assert_allclose(z, [[2.0, 0.0, np.nan]])
    np.testing.assert_allclose(p, [[2 * stats.norm.cdf(-2), 1.0, np.nan]])


def test_effective_proteins_are_those_of_kish() -> None:
    rng = np.random.default_rng(0)
    links = rng.poisson(rng.gamma(0.3, 20, (60, 2, 3))) + 1
    links[1:, 1, 2] = 0
    draws = rng.poisson(1.0, (4000, 60))
    found = effective_proteins(links.sum(axis=0), np.tensordot(draws, links, axes=1))
    expected = links.sum(axis=0) ** 2 / (links**2).sum(axis=0)
    np.testing.assert_allclose(found, expected, rtol=0.1)
    assert found[1, 2] == pytest.approx(1, rel=0.1)
    few = effective_proteins(links.sum(axis=0), np.zeros((MIN_REPLICATES - 1, 2, 3)))
    assert np.isnan(few).all()


def test_the_bootstrap_over_equal_proteins_is_students_test() -> None:
    """Each protein brings as many links: the proportion is a mean over proteins."""
    rng = np.random.default_rng(1)
    n_proteins, n_links, background = 15, 20, 0.2
    hits = rng.binomial(n_links, rng.uniform(0.1, 0.4, (n_proteins, 1, 40)))
    draws = rng.poisson(1.0, (5000, n_proteins))
    links = draws.sum(axis=1)[:, None, None] * n_links
    replicates = divide(np.tensordot(draws, hits, axes=1), links)
    proportion = hits.mean(axis=0) / n_links
    proteins = np.full(proportion.shape, float(n_proteins))
    t, p = bootstrap_test(proportion - background, replicates - background, proteins, 0.0)
    expected = stats.ttest_1samp(hits / n_links, background, axis=0)
    # Replicates of ratios with a random number of links spread a little wider than the mean.
    np.testing.assert_allclose(t, expected.statistic, rtol=0.2)
    np.testing.assert_allclose(np.log(p), np.log(expected.pvalue), rtol=0.3, atol=0.1)
    assert (np.abs(t) < np.abs(expected.statistic)).mean() > 0.9


def test_the_bootstrap_says_nothing_where_there_is_little_to_say() -> None:
    replicates = np.random.default_rng(0).normal(size=(50, 1, 4))
    replicates[: 50 - MIN_REPLICATES + 1, 0, 2] = np.nan
    replicates[:, 0, 3] = 0.25
    proteins = np.array([[10, 1.9, 10, 10]])
    t, p = bootstrap_test(np.full((1, 4), 0.1), replicates, proteins, np.zeros((1, 4)))
    assert np.isnan(t[0]).tolist() == [False, True, True, True]
    assert np.isnan(p[0]).tolist() == [False, True, True, True]
    none = np.zeros((0, 1, 4))
    assert np.isnan(bootstrap_test(np.full((1, 4), 0.1), none, proteins, np.ones((1, 4)))).all()
    assert np.isnan(bootstrap_interval(np.full((1, 4), 0.1), none, np.zeros((1, 4)))).all()


def test_a_rare_property_that_is_missed_is_no_discovery() -> None:
    """100 links without a hit, where 1.3 are expected: the bootstrap sees no variation at all."""
    links, background = np.array([[100]]), 0.013
    replicates = np.zeros((200, 1, 1))
    around = np.random.default_rng(0).normal(background, 1e-4, (200, 1, 1))
    proteins = np.array([[30.0]])
    difference = np.array([[-background]])
    _, naive = bootstrap_test(difference, replicates - around, proteins, 0.0)
    assert naive[0, 0] < 1e-12
    least = chance_variance(links, background, 0.0, 0.0)
    _, p = bootstrap_test(difference, replicates - around, proteins, least)
    assert p[0, 0] == pytest.approx(2 * stats.t.sf(0.013 / np.sqrt(0.013 * 0.987 / 100), 24), 0.05)
    low, high = bootstrap_interval(np.zeros((1, 1)), replicates, least)
    assert low[0, 0] == 0
    assert high[0, 0] == pytest.approx(1.96 * np.sqrt(0.013 * 0.987 / 100), rel=1e-3)


def test_percentiles_are_those_of_numpy() -> None:
    replicates = np.random.default_rng(0).uniform(0.2, 0.4, (300, 2, 2))
    replicates[::7, 0, 1] = np.nan
    before = replicates.copy()
    low, high = bootstrap_interval(np.full((2, 2), 0.3), replicates, np.zeros((2, 2)))
    np.testing.assert_array_equal(replicates, before)
    for place in np.ndindex(2, 2):
        some = replicates[(slice(None), *place)]
        expected = np.percentile(some[~np.isnan(some)], [2.5, 97.5])
        assert (low[place], high[place]) == pytest.approx(tuple(expected))


def test_chance_scatters_at_least_as_independent_links_do() -> None:
    """Moments of 0, less clumped than independent, in clumps of 4, no links."""
    links, background = [[100, 100, 100, 0]], [[0.2, 0.2, 0.2, 0.2]]
    mean, variance = [[0.0, 20.0, 20.0, 0.0]], [[0.0, 4.0, 80.0, 0.0]]
    found = chance_variance(links, background, mean, variance)
    np.testing.assert_allclose(found, [[0.0016, 0.0016, 80 / 100**2, np.nan]])
    # Links that can hit nothing here but are permuted as well change nothing.
    more = chance_variance(links, background, 10 * np.array(mean), 10 * np.array(variance))
    np.testing.assert_allclose(more, found)


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
        for name in ("two_proportion", "bootstrap", "permutation")
    }
    # 5 % of 350 heads is 17.5 ± 4; heads that share proteins and labels scatter more.
    assert share["permutation"] <= 0.09
    assert share["bootstrap"] <= 0.08
    assert share["two_proportion"] >= 0.2
    # After Benjamini-Hochberg any discovery is false. Of the paper's there are dozens.
    discoveries = {
        name: sum((table[f"bh_{name}"] < 0.05).sum() for table in scored)
        for name in ("two_proportion", "bootstrap")
    }
    assert discoveries["bootstrap"] <= 0.01 * n_heads
    assert discoveries["two_proportion"] >= 0.1 * n_heads


def test_the_permutation_null_is_level_and_not_merely_cautious() -> None:
    tables = [significance_table(draw_chance(CHANCES["frequent"], seed)) for seed in range(3)]
    p = np.concatenate([table["p_permutation"].dropna() for table in tables])
    edges = np.linspace(0, 1, 6)
    shares = [np.mean((p >= low) & (p < high)) for low, high in pairwise(edges)]
    np.testing.assert_allclose(shares, 0.2, atol=0.06)


def test_heads_that_know_something_are_found() -> None:
    for preference, least in ((3.0, 0.75), (6.0, 0.99)):
        chance = Chance(rate=0.1, spread=0.02, keys=6, links=4, preference=preference)
        table = significance_table(draw_chance(chance, 0))
        found = table.loc[table["scored"], ["bh_bootstrap", "bh_permutation"]] < 0.05
        assert found["bh_bootstrap"].mean() >= least
        assert found["bh_permutation"].mean() >= least


def test_intervals_over_proteins_hold_the_truth_and_the_papers_do_not() -> None:
    held = {"bootstrap": 0, "wilson": 0, "wald": 0}
    n_heads = 0
    for seed in range(3):
        table = significance_table(draw_chance(CHANCES["frequent"], seed))
        table = table[table["scored"]]
        n_heads += len(table)
        for name in held:
            held[name] += table[f"{name}_low"].le(0.3).mul(table[f"{name}_high"].ge(0.3)).sum()
    assert 0.88 <= held["bootstrap"] / n_heads <= 0.99
    assert held["wilson"] / n_heads <= 0.7
    # Made wide enough for 200 heads at once, they should all but never miss.
    assert held["wald"] / n_heads <= 0.9
