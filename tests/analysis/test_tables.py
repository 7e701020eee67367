"""Tables of heads against loops over the raw data, and what must and must not change them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint, proportions_ztest

from protvis.analysis.counting.counters import UNIT, Counters
from protvis.analysis.counting.features import Column
from protvis.analysis.counting.plan import MODES, Plan
from protvis.analysis.counting.result import Result
from protvis.analysis.statistics.head_tables import (
    HEAD_COLUMNS,
    head_table,
    rows_of,
    significance_table,
    top_heads,
    weighted_table,
)
from protvis.errors import OptionError
from tests.analysis.artificial import CONTACT, SITE, Chance, count, draw_chance, draw_protein

COLUMNS = (
    CONTACT,
    SITE,
    Column("amino_acid", "A", "residue"),
    Column("amino_acid", "C", "residue"),
)
MIN_LINKS = 25


def world(mode: str, n_proteins: int = 5) -> tuple[list, Result]:
    rng = np.random.default_rng(3)
    proteins = [draw_protein(rng, 9 + 2 * p) for p in range(n_proteins)]
    return proteins, count(proteins, Plan(COLUMNS, 2, 3, mode=mode, n_bootstrap=60, seed=4))


@pytest.fixture(scope="module", params=MODES)
def counted(request: pytest.FixtureRequest) -> tuple[list, Result]:
    return world(request.param)


def test_the_columns_are_those_promised(counted: tuple[list, Result]) -> None:
    table = head_table(counted[1], min_links=MIN_LINKS)
    assert tuple(table.columns) == HEAD_COLUMNS
    assert " ".join(HEAD_COLUMNS) == (
        "feature value layer head n_links n_hits proportion background enrichment "
        "ci_low ci_high p_value q_value scored"
    )
    expected = [
        (column.feature, column.value, layer, head)
        for column in COLUMNS
        for layer in (1, 2)
        for head in (1, 2, 3)
    ]
    names = ["feature", "value", "layer", "head"]
    assert [tuple(row) for row in table[names].itertuples(index=False)] == expected
    assert table["scored"].dtype == bool
    assert table.dtypes[["layer", "head", "n_links", "n_hits"]].eq(np.int64).all()
    assert table["scored"].nunique() == 2, "the data should have heads of both kinds"


def test_proportions_and_backgrounds_are_those_of_the_loops(counted: tuple[list, Result]) -> None:
    proteins, result = counted
    table = head_table(result, min_links=MIN_LINKS)
    different = []
    for row in table.itertuples():
        column = Column(row.feature, row.value, "pair" if row.feature == "contact" else "residue")
        hits, links, base, alike = [], [], [], []
        for protein in proteins:
            n = len(protein.letters)
            maps = protein.attention[row.layer - 1, row.head - 1]
            pairs = [(i, j, *protein.label(column, i, j)) for i in range(n) for j in range(n)]
            base += [hit for i, _, counts, hit in pairs if counts and (column == CONTACT or i == 0)]
            for i, j, counts, hit in pairs:
                if maps[i, j] >= np.float32(0.3) and (counts or result.plan.mode == "paper"):
                    links.append(1)
                    hits.append(hit)
                    same = [h for a, b, c, h in pairs if c and abs(a - b) == abs(i - j)]
                    alike.append(np.mean(same) if same else np.nan)
        assert (row.n_links, row.n_hits) == (len(links), sum(hits))
        assert row.proportion == pytest.approx(np.mean(hits))
        background = np.mean(base)
        if result.plan.mode == "separation-matched" and column == CONTACT:
            background = np.mean(alike)
            different.append(background != pytest.approx(np.mean(base), rel=0.02))
        assert row.background == pytest.approx(background, rel=1e-5)
        assert row.enrichment == pytest.approx(np.mean(hits) / background, rel=1e-5)
        assert row.scored == (len(links) >= MIN_LINKS)
    assert any(different) == (result.plan.mode == "separation-matched")


def test_the_papers_statistics() -> None:
    _, result = world("paper")
    table = head_table(result, min_links=MIN_LINKS)
    counters = result.counters
    for place, column in enumerate(COLUMNS):
        rows = rows_of(table, column.feature, column.value)
        scored = rows[rows["scored"]]
        assert len(scored) > 1
        p_values = []
        for row in scored.itertuples():
            low, high = proportion_confint(row.n_hits, row.n_links, alpha=0.05 / len(scored))
            assert (row.ci_low, row.ci_high) == pytest.approx((low, high))
            base = int(counters["positives"][place]), int(counters["eligible"][place])
            _, p = proportions_ztest([base[0], row.n_hits], [base[1], row.n_links])
            assert row.p_value == pytest.approx(p)
            p_values.append(p)
        q = multipletests(p_values, method="fdr_bh")[1]
        np.testing.assert_allclose(scored["q_value"], q)


def test_the_bootstrap_of_heads(counted: tuple[list, Result]) -> None:
    result = counted[1]
    if result.plan.mode == "paper":
        table = significance_table(result, min_links=MIN_LINKS)
        low_name, high_name, p_name = "bootstrap_low", "bootstrap_high", "p_bootstrap"
    else:
        table = head_table(result, min_links=MIN_LINKS)
        low_name, high_name, p_name = "ci_low", "ci_high", "p_value"
    counters = result.counters
    scored = table[table["scored"]]
    assert scored[p_name].between(0, 1).all()
    for row in scored[scored["feature"] == "contact"].itertuples():
        where = (slice(None), row.layer - 1, row.head - 1, 0)
        replicates = counters["boot_hits"][where] / counters["boot_links"][where]
        # The permutation's moments are 0 in these counters: chance is that of independent links.
        chance = 1.96 * np.sqrt(row.background * (1 - row.background) / row.n_links)
        expected = np.percentile(replicates, [2.5, 97.5])
        low = min(expected[0], row.proportion - chance)
        high = max(expected[1], row.proportion + chance)
        assert getattr(row, low_name) == pytest.approx(max(low, 0), abs=1e-4)
        assert getattr(row, high_name) == pytest.approx(min(high, 1), abs=1e-4)


def test_head_and_background_are_resampled_together(counted: tuple[list, Result]) -> None:
    result = counted[1]
    table = significance_table(result, min_links=MIN_LINKS)
    counters = result.counters
    for row in table[table["scored"]].itertuples():
        place = COLUMNS.index(
            Column(row.feature, row.value, "pair" if row.feature == "contact" else "residue")
        )
        where = (slice(None), row.layer - 1, row.head - 1, place)
        links = counters["boot_links"][where]
        base = counters["boot_positives"][:, place] / counters["boot_eligible"][:, place]
        if place == 0 and result.plan.mode == "separation-matched":
            base = counters["boot_expected"][where] * UNIT / links
        spread = np.var(counters["boot_hits"][where] / links - base, ddof=1)
        n = row.n_links**2 / np.var(links, ddof=1)
        chance = row.background * (1 - row.background) / row.n_links
        t = (row.proportion - row.background) / np.sqrt(max(spread * n / (n - 1), chance))
        freedom = 1 / (1 / (n - 1) + 1 / (len(links) - 1))
        assert row.t_bootstrap == pytest.approx(t)
        assert row.p_bootstrap == pytest.approx(2 * stats.t.sf(abs(t), freedom))


def test_a_head_with_just_enough_links_is_scored(counted: tuple[list, Result]) -> None:
    least = int(head_table(counted[1])["n_links"].min())
    for min_links, everywhere in ((least, True), (least + 1, False)):
        assert head_table(counted[1], min_links=min_links)["scored"].all() == everywhere


def test_heads_with_few_links_are_marked_and_not_counted(counted: tuple[list, Result]) -> None:
    table = head_table(counted[1], min_links=MIN_LINKS)
    unscored = table[~table["scored"]]
    assert (unscored["n_links"] < MIN_LINKS).all()
    assert unscored["proportion"].notna().any()
    assert unscored[["ci_low", "ci_high", "p_value", "q_value"]].isna().all(axis=None)
    nothing = head_table(counted[1], min_links=10**6)
    assert not nothing["scored"].any()
    assert nothing[["ci_low", "ci_high", "p_value", "q_value"]].isna().all(axis=None)


def test_no_links_and_no_records_are_no_warning() -> None:
    for mode in MODES:
        plan = Plan(COLUMNS, 2, 2, mode=mode, n_bootstrap=30)
        result = Result(plan, Counters.zeros(plan))
        table = head_table(result)
        assert table["proportion"].isna().all()
        assert table["background"].isna().all()
        assert not table["scored"].any()
        assert len(significance_table(result)) == len(table) == len(weighted_table(result)) == 16
        without = Result(replace(plan, n_bootstrap=0), Counters.zeros(replace(plan, n_bootstrap=0)))
        assert len(significance_table(without)) == 16


@pytest.mark.parametrize("n_proteins", [2, 3])
def test_fewer_than_three_proteins_have_no_p(n_proteins: int) -> None:
    _, result = world("eligible", n_proteins)
    scored = head_table(result, min_links=1)
    assert scored["scored"].any()
    assert scored[["ci_low", "p_value"]].notna().any(axis=None) == (n_proteins == 3)


def test_a_head_with_links_in_one_protein_has_no_p_and_no_interval() -> None:
    proteins, _ = world("eligible")
    for protein in proteins[1:]:
        protein.attention[1, 2] = 0.0
    table = head_table(count(proteins, Plan((SITE,), 2, 3, n_bootstrap=60)), min_links=5)
    single = table.query("layer == 2 and head == 3")
    assert single["scored"].all()
    assert single[["ci_low", "ci_high", "p_value", "q_value"]].isna().all(axis=None)
    assert table.drop(single.index)[["ci_low", "p_value"]].notna().all(axis=None)


def test_every_test_side_by_side(counted: tuple[list, Result]) -> None:
    result = counted[1]
    heads = head_table(result, min_links=MIN_LINKS)
    table = significance_table(result, min_links=MIN_LINKS)
    shared = list(HEAD_COLUMNS[:9])
    pd.testing.assert_frame_equal(table[shared], heads[shared])
    names = ("wald", "two_proportion") if result.plan.mode == "paper" else ("bootstrap",) * 2
    for own, other in (
        ("ci_low", f"{names[0]}_low"),
        ("ci_high", f"{names[0]}_high"),
        ("p_value", f"p_{names[1]}"),
        ("q_value", f"bh_{names[1]}"),
    ):
        np.testing.assert_array_equal(heads[own], table[other])
    scored = table[table["scored"]]
    for row in scored.itertuples():
        low, high = proportion_confint(row.n_hits, row.n_links, method="wilson")
        assert (row.wilson_low, row.wilson_high) == pytest.approx((low, high))
    for name in ("two_proportion", "bootstrap"):
        p, adjusted = scored[f"p_{name}"], scored[f"bonferroni_{name}"]
        m = scored.groupby(["feature", "value"])[f"p_{name}"].transform("count")
        np.testing.assert_allclose(adjusted, np.minimum(1, p * m))
        assert (scored[f"bh_{name}"] >= p).all()
    assert table["p_permutation"].isna().all(), "the nulls have no variance in these counters"


def test_the_nulls_of_permutation() -> None:
    plan = Plan((SITE, CONTACT), 1, 2, n_bootstrap=30)
    counters = Counters.zeros(plan)
    for name, values in {
        "n_records": [9, 9],
        "links": [[[200, 200], [200, 200]]],
        "hits": [[[60, 60], [90, 90]]],
        "eligible": [1000, 1000],
        "positives": [200, 200],
        "permutation_mean": np.full((1, 2, 2), 40 / UNIT),
        "permutation_variance": np.full((1, 2, 2), 100 / UNIT),
        "permutation_links": np.array([[[0, 160], [0, 160]]]) / UNIT,
        "permutation_links_variance": np.array([[[0, 64], [0, 0]]]) / UNIT,
        "permutation_misses_variance": np.array([[[0, 36], [0, 100]]]) / UNIT,
        "shuffle_mean": np.full((1, 2, 2), 30 / UNIT),
        "shuffle_variance": np.full((1, 2, 2), 225 / UNIT),
        "type_mean": np.array([[[50, 0], [80, 0]]]) / UNIT,
        "type_variance": np.array([[[25, 0], [0, 0]]]) / UNIT,
    }.items():
        counters.arrays[name] = np.asarray(values, dtype=np.int64)
    table = significance_table(Result(plan, counters))
    # Of pairs a quarter of the 160 links that count on average: 50 of the 200 that there are.
    variance = np.array([0.75 * 100 + 0.25 * 36 - 0.1875 * 64, 100]) * 200 / 160
    np.testing.assert_allclose(table["permutation_expected"], [40, 40, 50, 50])
    np.testing.assert_allclose(
        table["z_permutation"], [2, 5, *(np.array([10, 40]) / np.sqrt(variance))]
    )
    np.testing.assert_allclose(table["shuffle_expected"], 30)
    np.testing.assert_allclose(table["z_shuffle"], [2, 4, 2, 4])
    np.testing.assert_allclose(table["bonferroni_shuffle"], 2 * table["p_shuffle"])
    np.testing.assert_allclose(table["bonferroni_permutation"], 2 * table["p_permutation"])
    np.testing.assert_allclose(table["type_background"], [0.25, 0.4, np.nan, np.nan])
    np.testing.assert_allclose(table["type_enrichment"], [1.2, 90 / 80, np.nan, np.nan])
    np.testing.assert_allclose(table["z_type"], [2, np.nan, np.nan, np.nan])
    np.testing.assert_allclose(table["bh_type"], table["p_type"])


def test_the_weighted_share_is_that_of_the_loops(counted: tuple[list, Result]) -> None:
    proteins, result = counted
    table = weighted_table(result)
    assert "proportion" not in table
    for row in table.itertuples():
        column = Column(row.feature, row.value, "pair" if row.feature == "contact" else "residue")
        weight = hits = 0.0
        for protein in proteins:
            maps = protein.attention[row.layer - 1, row.head - 1]
            for i, j in np.ndindex(maps.shape):
                counts, hit = protein.label(column, i, j)
                weight += float(maps[i, j]) * (counts or result.plan.mode == "paper")
                hits += float(maps[i, j]) * hit
        assert row.weighted_share == pytest.approx(hits / weight, abs=1e-4)
        assert row.enrichment == pytest.approx(row.weighted_share / row.background)
    base = head_table(replace(result, plan=replace(result.plan, mode="eligible")))["background"]
    np.testing.assert_allclose(table["background"], base)


def test_twice_the_same_data() -> None:
    """Proportions stay; the paper's z grows by √2, the permutation's too."""
    result = draw_chance(Chance(n_proteins=10), 0, 2, 3)
    twice = Counters.zeros(result.plan)
    twice.add(result.counters)
    twice.add(result.counters)
    once, double = (
        significance_table(Result(result.plan, counters), min_links=1)
        for counters in (result.counters, twice)
    )
    np.testing.assert_allclose(double["proportion"], once["proportion"])
    for z in ("z_two_proportion", "z_permutation"):
        np.testing.assert_allclose(double[z], once[z] * np.sqrt(2), rtol=1e-6)


def test_heads_are_judged_apart() -> None:
    """What other heads do changes what is adjusted for how many there are, and nothing else."""
    result = draw_chance(Chance(), 0, 3, 4)
    alone = Counters(
        {
            name: values[..., 1:2, 2:3, :] if values.shape[-3:-1] == (3, 4) else values
            for name, values in result.counters.arrays.items()
        }
    )
    plan = replace(result.plan, n_layers=1, n_heads=1)
    whole = significance_table(result).query("layer == 2 and head == 3").iloc[0]
    single = significance_table(Result(plan, alone)).iloc[0]
    adjusted = {"layer", "head", "wald_low", "wald_high"}
    for name in whole.index:
        if name not in adjusted and not name.startswith(("bh_", "bonferroni_")):
            assert whole[name] == single[name] or (pd.isna(whole[name]) and pd.isna(single[name]))
    assert single["bh_bootstrap"] == single["p_bootstrap"] <= whole["bh_bootstrap"]


def test_the_top_heads() -> None:
    table = pd.DataFrame(
        {
            "feature": "contact",
            "value": "",
            "layer": [1, 1, 2, 2],
            "head": [1, 2, 1, 2],
            "proportion": [0.2, 0.9, 0.3, 0.2],
            "scored": [True, False, True, True],
        }
    )
    top = top_heads(table, "contact", n=5)
    assert list(zip(top["layer"], top["head"], strict=True)) == [(2, 1), (1, 1), (2, 2)]
    assert len(top_heads(table, "contact", n=2)) == 2


def test_names_that_are_not_there() -> None:
    table = head_table(world("eligible")[1])
    with pytest.raises(OptionError, match="did you mean 'contact'"):
        rows_of(table, "contacts")
    with pytest.raises(OptionError, match=r"several values, name one of \['A', 'C'\]"):
        rows_of(table, "amino_acid")
    with pytest.raises(OptionError, match="unknown value 'B'"):
        rows_of(table, "amino_acid", "B")
    with pytest.raises(OptionError, match="min_links must be 1 or more"):
        head_table(world("eligible")[1], min_links=0)
