"""Heads that know nothing, through all of `analyze`: what is called of them is called falsely.

Proteins of unlike lengths with traits of real ones: contacts run along neighbours and are rarer per
pair in long chains, labels run in stretches and stay off the chain's ends, cysteines pair. The
chains are drawn, to run anywhere; `benchmarks/bench_statistics.py` does the same on real ones.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import protvis as pv
from protvis.annotations import PairTrack, Track
from protvis.datasets import Record
from protvis.reports import HeadReport
from tests.analysis.planted import LETTERS, MemoryDataset, PlantedModel

HABITS = ("anywhere", "sinks", "offset", "local", "runs", "key block", "greasy", "cysteines")
"""One for each layer."""

N_HEADS, N_PROTEINS = 20, 40
GREASY = list("AVILMFWCY")


def draw_protein(rng: np.random.Generator, number: int) -> Record:
    n = int(rng.integers(36, 60) if number % 5 < 3 else rng.integers(130, 170))
    greasy = np.repeat(rng.random(n // 3 + 1) < 0.5, 3)[:n]
    letters = np.where(
        greasy, rng.choice(GREASY, n), rng.choice(sorted(set(LETTERS) - set(GREASY)), n)
    )
    letters[rng.choice(n, 6, replace=False)] = "C"
    # A walk kept within a globule whose volume grows with the chain, greasy residues inside.
    walk = np.cumsum(rng.normal(scale=3.0, size=(n, 3)), axis=0)
    walk -= walk.mean(axis=0)
    walk *= 2.6 * n ** (1 / 3) / np.sqrt((walk**2).sum(axis=1).mean())
    walk *= np.where(greasy, 0.8, 1.1)[:, None]
    observed = rng.random(n) >= 0.1
    walk[~observed] = np.nan
    cysteines = rng.permutation(np.flatnonzero(letters == "C"))
    bonds = np.zeros((n, n), dtype=bool)
    bonds[cysteines[:2], cysteines[1::-1]] = bonds[cysteines[2:4], cysteines[3:1:-1]] = True
    helix = np.repeat(rng.random(n // 8 + 1) < 0.4, 8)[:n] & (np.arange(n) > 5) & greasy
    return Record(
        f"p{number}",
        "".join(letters),
        {
            "disulfide": PairTrack("disulfide", bonds | bonds.T, "drawn"),
            "binding_site": Track("binding site", "site", helix & observed, "drawn"),
        },
        coordinates=walk.astype(np.float32),
        observed=observed,
        from_coordinates=frozenset({"disulfide", "binding_site"}),
    )


def draw_links(
    rng: np.random.Generator, habit: str, head: int, record: Record
) -> tuple[np.ndarray, np.ndarray]:
    """Return queries and keys."""
    n, query = record.n_residues, np.arange(record.n_residues)
    letters = np.array(list(record.sequence))
    if habit == "anywhere":
        key = rng.integers(0, n, n)
    elif habit == "sinks":
        key = rng.choice(rng.choice(n, 3, replace=False), n)
    elif habit == "offset":
        key = query + 7 + head % 16
    elif habit == "local":
        key = query + rng.integers(6, 25, n) * rng.choice([-1, 1], n)
    elif habit == "runs":
        key = np.repeat(rng.integers(0, n, n // 6 + 1), 6)[:n]
    elif habit == "key block":
        key = rng.integers(0, n - 12) + rng.integers(0, 12, n)
    elif habit == "greasy":
        odds = np.where(np.isin(letters, GREASY), 4.0, 1.0)
        key = rng.choice(n, n, p=odds / odds.sum())
        key[~np.isin(letters, GREASY) & (rng.random(n) > 0.1)] = n
    else:
        query = np.flatnonzero(letters == "C")
        key = np.array([rng.choice(query[query != one]) for one in query])
    inside = (key >= 0) & (key < n)
    return query[inside], key[inside]


@pytest.fixture(scope="module")
def report() -> HeadReport:
    rng = np.random.default_rng(11)
    records = [draw_protein(rng, number) for number in range(N_PROTEINS)]
    attention = {}
    for record in records:
        n = record.n_residues
        maps = np.full((len(HABITS), N_HEADS, n, n), 0.1 / n, dtype=np.float32)
        for layer, habit in enumerate(HABITS):
            for head in range(N_HEADS):
                query, key = draw_links(rng, habit, head, record)
                maps[layer, head, query, key] = 0.6
        attention[record.sequence] = maps
    return pv.analyze(
        MemoryDataset(records),
        PlantedModel(attention),
        features=["contact", "disulfide", "binding_site"],
        progress=False,
        controls=(),
    )


@pytest.mark.slow
@pytest.mark.parametrize("habit", HABITS)
@pytest.mark.parametrize("feature", ["contact", "disulfide", "binding_site"])
def test_no_head_is_called(report: HeadReport, habit: str, feature: str) -> None:
    heads = report.heads().query("feature == @feature and layer == @HABITS.index(@habit) + 1")
    assert heads["scored"].all()
    assert len(heads) == N_HEADS
    assert not heads["called"].any()
    assert (heads["fails"] != "").all()
    # The strictest null keeps its level, habit by habit: 5 % of 20 heads are 1 ± 1.
    nulls = report.nulls(feature).query("layer == @HABITS.index(@habit) + 1")
    strictest = nulls[nulls["null"] == "amino_acid"]
    assert (strictest["p_value"] < 0.05).sum() <= 4


def enriched(report: HeadReport, feature: str, habit: str, null: str) -> pd.Series:
    nulls = report.nulls(feature).query("layer == @HABITS.index(@habit) + 1 and null == @null")
    return nulls["q_value"] < 0.05


@pytest.mark.slow
def test_each_null_is_there_for_a_habit_that_fools_those_before(report: HeadReport) -> None:
    # Short proteins weigh more in a head's links than in a pooled rate: random heads look enriched.
    assert enriched(report, "contact", "anywhere", "base_rate").mean() > 0.5
    assert not enriched(report, "contact", "anywhere", "protein").any()
    # What is near in sequence is in contact more often.
    assert enriched(report, "contact", "local", "protein").all()
    assert not enriched(report, "contact", "local", "separation").any()
    # Blocks of neighbours look at stretches that have the property together.
    assert enriched(report, "binding_site", "key block", "protein").mean() > 0.3
    assert not enriched(report, "binding_site", "key block", "shift").any()
    # Who looks at greasy residues, or joins cysteines, hits what they often have.
    assert enriched(report, "binding_site", "greasy", "shift").all()
    assert not enriched(report, "binding_site", "greasy", "amino_acid").any()
    assert enriched(report, "disulfide", "cysteines", "shift").all()
    assert not enriched(report, "disulfide", "cysteines", "amino_acid").any()


def test_the_best_of_heads_that_know_nothing_is_nothing(report: HeadReport) -> None:
    heads = report.heads().query("feature == 'contact'")
    best = report.best("contact").iloc[0]
    assert best["enrichment_low"] < 1.0 < best["enrichment_high"]
    assert heads["enrichment"].max() > 1.1
