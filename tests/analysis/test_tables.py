"""Tables of heads against loops over the raw data, and what must and must not change them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint, proportions_ztest

from protvis.analysis.counting.counters import NULLS, UNIT, Counters, to_fixed, unit_of
from protvis.analysis.counting.features import Column
from protvis.analysis.counting.plan import MODES, Plan
from protvis.analysis.counting.result import Result
from protvis.analysis.statistics.head_tables import (
    HEAD_COLUMNS,
    head_table,
    null_table,
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
        "ci_low ci_high p_value q_value scored called fails n_families share_of_families_above"
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
        hits, links, base, alike, own = [], [], [], [], []
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
                    own.append(np.mean([h for *_, c, h in pairs if c]))
        assert (row.n_links, row.n_hits) == (len(links), sum(hits))
        assert row.proportion == pytest.approx(np.mean(hits))
        background = np.mean(base if result.plan.mode == "paper" else own)
        if result.plan.mode == "separation-matched" and column == CONTACT:
            background = np.mean(alike)
        different.append(background != pytest.approx(np.mean(base), rel=0.001))
        assert row.background == pytest.approx(background, rel=1e-5)
        assert row.enrichment == pytest.approx(np.mean(hits) / background, rel=1e-5)
        assert row.scored == (len(links) >= MIN_LINKS)
    assert any(different) == (result.plan.mode != "paper")


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


def test_what_is_said_over_families(counted: tuple[list, Result]) -> None:
    """Each protein is a family: the statistics by hand, head by head."""
    result = counted[1]
    heads = head_table(result, min_links=MIN_LINKS)
    tests = significance_table(result, min_links=MIN_LINKS)
    for row, test in zip(heads.itertuples(), tests.itertuples(), strict=True):
        if not row.scored:
            continue
        kind = "pair" if row.feature == "contact" else "residue"
        place = COLUMNS.index(Column(row.feature, row.value, kind))
        where = (slice(None), row.layer - 1, row.head - 1, place)
        h, links = (result.counters[f"family_{name}"][where].tolist() for name in ("hits", "links"))
        e = (result.counters["family_expected"][where] * UNIT).tolist()
        n = sum(links) ** 2 / sum(x * x for x in links)
        assert row.n_families == pytest.approx(n)
        above = [a > b for a, b, c in zip(h, e, links, strict=True) if c]
        assert row.share_of_families_above == pytest.approx(np.mean(above))
        p = (sum(h) + 0.5) / (sum(links) + 1)
        odds = np.log(p / (1 - p))
        spread = sum(
            ((a - p * c) / (sum(links) * p * (1 - p))) ** 2 / (1 - c / sum(links))
            for a, c in zip(h, links, strict=True)
        )
        least = 1 / (sum(h) + 0.5) + 1 / (sum(links) - sum(h) + 0.5)
        reach = max(stats.t.isf(0.025, n - 1) * spread**0.5, 1.959964 * least**0.5)
        ends = [1 / (1 + np.exp(-odds - side * reach)) for side in (-1, 1)]
        assert (test.family_low, test.family_high) == pytest.approx(tuple(ends), rel=1e-5)
        b = sum(e) / sum(links)
        usual = (sum(e) + 0.5) / (sum(links) + 1)
        apart = odds - np.log(usual / (1 - usual))
        spread = sum(
            ((a - p * c) / (sum(links) * p * (1 - p)) - (x - b * c) / (sum(links) * b * (1 - b)))
            ** 2
            / (1 - c / sum(links))
            for a, c, x in zip(h, links, e, strict=True)
        )
        assert test.t_families == pytest.approx(apart / spread**0.5)
        chance = 2 * stats.norm.sf(abs(sum(h) - sum(e)) / np.sqrt(sum(links) * b * (1 - b)))
        value = max(2 * stats.t.sf(abs(test.t_families), n - 1), chance)
        assert test.p_families == pytest.approx(value)
        if result.plan.mode != "paper":
            assert (row.ci_low, row.ci_high) == (test.family_low, test.family_high)
            assert row.p_value == test.p_families
        draws = np.random.default_rng(4).multinomial(len(h), np.full(len(h), 1 / len(h)), 60)
        replicates = [
            sum(d * a for d, a in zip(draw, h, strict=True))
            / max(sum(d * c for d, c in zip(draw, links, strict=True)), 1e-9)
            for draw in draws
        ]
        found = (test.bootstrap_low, test.bootstrap_high)
        assert found == pytest.approx(tuple(np.percentile(replicates, [2.5, 97.5])))


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


@pytest.mark.parametrize("n_proteins", [1, 3])
def test_fewer_than_two_families_have_no_p(n_proteins: int) -> None:
    _, result = world("eligible", n_proteins)
    scored = head_table(result, min_links=1)
    assert scored["scored"].any()
    assert scored[["ci_low", "p_value"]].notna().any(axis=None) == (n_proteins == 3)
    assert scored["n_families"].max() <= n_proteins + 1e-9


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
    names = ("wald", "two_proportion") if result.plan.mode == "paper" else ("family", "families")
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
    for name in ("two_proportion", "families"):
        p, adjusted = scored[f"p_{name}"], scored[f"bonferroni_{name}"]
        m = scored.groupby(["feature", "value"])[f"p_{name}"].transform("count")
        np.testing.assert_allclose(adjusted, np.minimum(1, p * m))
        assert (scored[f"bh_{name}"] >= p).all()


def ladder(**moments: Any) -> Result:
    """Return two heads, of a site and of contacts, with 200 links each in 9 families."""
    plan = Plan((SITE, CONTACT), 1, 2, n_groups=9)
    counters = Counters.zeros(plan)
    hits = np.array([[[60, 60], [90, 90]]])
    for name, values in {
        "n_records": [9, 9],
        "links": np.full((1, 2, 2), 200),
        "could": np.full((1, 2, 2), 200),
        "hits": hits,
        "eligible": [1000, 1000],
        "positives": [200, 200],
        "family_links": np.full((9, 1, 2, 2), 200 // 9),
        "family_hits": np.broadcast_to(hits // 9, (9, 1, 2, 2)),
        "family_expected": np.full((9, 1, 2, 2), 40 / 9 / UNIT),
    }.items():
        counters.arrays[name] = np.array(values, dtype=np.int64)
    for null in NULLS:
        for moment, default in (("expected", 40), ("variance", 16), ("third", 0)):
            name = f"{null}_{moment}"
            values = np.broadcast_to(moments.get(name, default), (1, 2, 2))
            counters.arrays[name] = to_fixed(values, unit_of(name))
    return Result(plan, counters)


def test_the_ladder_and_what_is_called() -> None:
    result = ladder(
        protein_variance=36,
        shift_expected=[[[58, 40], [40, 40]]],
        shift_third=[[[0, 30], [0, 30]]],
        separation_expected=[[[0, 40], [0, 120]]],
    )
    table = null_table(result)
    assert list(table.columns) == [
        "feature", "value", "layer", "head", "null", "keeps", "expected", "enrichment", "z",
        "p_value", "q_value",
    ]  # fmt: skip
    names = ["base_rate", "protein", "separation", "shift", "amino_acid"]
    assert table["null"].tolist() == [n for n in names if n != "separation"] * 2 + names * 2
    assert table["head"].tolist() == [1] * 4 + [2] * 4 + [1] * 5 + [2] * 5
    rows = table.set_index(["feature", "head", "null"])
    assert rows.loc[("binding_site", 1, "protein"), "z"] == pytest.approx(20 / 6)
    assert rows.loc[("contact", 2, "protein"), "z"] == pytest.approx(50 / 6)
    assert rows.loc[("contact", 1, "base_rate"), "expected"] == 40
    row = rows.loc[("contact", 2, "shift")]
    assert row["enrichment"] == 90 / 40
    skewed = 2 * stats.pearson3.sf(49.5 / 4, 30 / 64)
    assert row["p_value"] == pytest.approx(skewed)
    both = sorted([row["p_value"], rows.loc[("contact", 1, "shift"), "p_value"]])
    assert row["q_value"] == pytest.approx(min(2 * both[0], both[1]))
    heads = head_table(result).set_index(["feature", "head"])
    assert heads["fails"].to_dict() == {
        ("binding_site", 1): "shift",
        ("binding_site", 2): "",
        ("contact", 1): "",
        # 120 are expected, 90 hit: the other way round than at its other nulls.
        ("contact", 2): "separation",
    }
    assert (heads["called"] == (heads["fails"] == "")).all()
    assert heads["called"].dtype == bool
    assert (head_table(result, min_links=201)["fails"] == "min_links").all()
    alike = ladder()
    alike.counters.arrays["family_expected"] = to_fixed(np.full((9, 1, 2, 2), 8.0))
    assert head_table(alike)["fails"].tolist() == ["families", "", "families", ""]


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
    base = head_table(replace(result, plan=replace(result.plan, mode="paper")))["background"]
    np.testing.assert_allclose(table["background"], base)


def test_twice_the_same_data() -> None:
    """Proportions stay; the paper's z grows by √2, those of the nulls too."""
    result = draw_chance(Chance(n_proteins=10), 0, 2, 3)
    twice = Counters.zeros(result.plan)
    twice.add(result.counters)
    twice.add(result.counters)
    once, double = (
        significance_table(Result(result.plan, counters), min_links=1)
        for counters in (result.counters, twice)
    )
    np.testing.assert_allclose(double["proportion"], once["proportion"])
    grown = [
        (once["z_two_proportion"], double["z_two_proportion"]),
        [
            null_table(Result(result.plan, counters), min_links=1).query("null == 'protein'")["z"]
            for counters in (result.counters, twice)
        ],
    ]
    for z, of_twice in grown:
        assert z.notna().all()
        np.testing.assert_allclose(of_twice, z * np.sqrt(2), rtol=1e-6)


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
    assert single["bh_families"] == single["p_families"] <= whole["bh_families"]


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
    with pytest.raises(OptionError, match="min_links must be a whole number from 1"):
        head_table(world("eligible")[1], min_links=0)
