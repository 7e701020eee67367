"""An artificial model of 64 heads, of which three know something, through all of `analyze`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import protvis as pv
from protvis.annotations import Track
from protvis.datasets import Record
from protvis.errors import OptionError
from protvis.reports import HeadReport
from tests.analysis.planted import MemoryDataset, PlantedModel

LETTERS = np.array(list("ACDEFGHIKLMNPQRSTVWY"))
N_LAYERS, N_HEADS, N_PROTEINS, N = 4, 16, 14, 60
CONTACTS, SITES, CYSTEINES = (2, 3), (3, 5), (4, 9)
"""Labels of the heads that attend to contacts, to binding sites, and to cysteines."""


def draw_protein(rng: np.random.Generator, number: int) -> Record:
    letters = rng.choice(LETTERS, N)
    letters[rng.choice(N, 6, replace=False)] = "C"
    # Half of the cysteines bind, and few others do: who likes cysteine seems to like sites.
    binds = np.where(letters == "C", rng.random(N) < 0.5, rng.random(N) < 0.08)
    walk = np.cumsum(rng.normal(scale=3.0, size=(N, 3)), axis=0)
    walk *= 16.0 / np.sqrt((walk**2).sum(axis=1).mean())
    tracks = {"binding_site": Track("binding site", "site", binds, "drawn")}
    return Record(f"p{number}", "".join(letters), tracks, coordinates=walk.astype(np.float32))


def draw_heads(rng: np.random.Generator, record: Record) -> np.ndarray:
    """Return (layer, head, query, key): one link of 0.6 in each row, and a little everywhere."""
    maps = np.full((N_LAYERS, N_HEADS, N, N), 0.2 / N, dtype=np.float32)
    rows = np.arange(N)
    gap = np.abs(np.subtract.outer(rows, rows))
    points = record.coordinates.astype(np.float64)
    distance = np.sqrt(((points[:, None] - points) ** 2).sum(-1))
    contact = (distance < 8) & (gap >= 6)
    sites = np.flatnonzero(record.tracks["binding_site"].values)
    cysteines = np.flatnonzero(np.array(list(record.sequence)) == "C")
    for layer in range(N_LAYERS):
        for head in range(N_HEADS):
            kind = (layer * N_HEADS + head) % 4
            if kind == 0:
                keys = rng.integers(0, N, N)
            elif kind == 1:
                # Sinks: three residues take it all, other ones in each protein.
                keys = rng.choice(rng.choice(N, 3, replace=False), N)
            elif kind == 2:
                keys = (rows + rng.integers(8, 25)) % N
            else:
                # Blocks of neighbours look at the same residue: links that depend on each other.
                keys = np.repeat(rng.integers(0, N, N // 6), 6)
            if (layer + 1, head + 1) == CONTACTS:
                partners = [rng.choice(np.flatnonzero(row)) if row.any() else 0 for row in contact]
                keys = np.where(contact.any(axis=1), partners, rows)
            elif (layer + 1, head + 1) == SITES:
                keys = np.where(rng.random(N) < 0.7, rng.choice(sites, N), keys)
            elif (layer + 1, head + 1) == CYSTEINES:
                keys = np.where(rng.random(N) < 0.8, rng.choice(cysteines, N), keys)
            maps[layer, head, rows, keys] = 0.6
    return maps


@pytest.fixture(scope="module")
def report() -> HeadReport:
    rng = np.random.default_rng(7)
    records = [draw_protein(rng, number) for number in range(N_PROTEINS)]
    model = PlantedModel({record.sequence: draw_heads(rng, record) for record in records})
    return pv.analyze(
        MemoryDataset(records),
        model,
        features=["contact", "binding_site", "amino_acid"],
        progress=False,
    )


def of_head(table: pd.DataFrame, feature: str, head: tuple[int, int], value: str = "") -> pd.Series:
    rows = table[(table["feature"] == feature) & (table["value"] == value)]
    [found] = rows[(rows["layer"] == head[0]) & (rows["head"] == head[1])].itertuples()
    return pd.Series(found._asdict())


@pytest.mark.slow
def test_the_head_of_contacts_is_found_with_its_numbers(report: HeadReport) -> None:
    best = report.top("contact", n=1).iloc[0]
    assert (best["layer"], best["head"]) == CONTACTS
    assert best["proportion"] == 1.0
    assert best["n_links"] == best["n_hits"] > 300
    assert best["background"] < 0.5
    assert best["q_value"] < 1e-3
    assert best["ci_low"] > 0.8


def test_the_head_of_binding_sites_is_found_with_its_numbers(report: HeadReport) -> None:
    best = report.top("binding_site", n=1).iloc[0]
    assert (best["layer"], best["head"]) == SITES
    expected = 0.7 + 0.3 * best["background"]
    assert best["proportion"] == pytest.approx(expected, abs=0.04)
    assert best["ci_low"] < expected < best["ci_high"]
    assert best["n_links"] == N_PROTEINS * N
    assert best["q_value"] < 1e-3


def test_a_head_of_cysteines_is_told_from_one_of_sites(report: HeadReport) -> None:
    heads = report.heads()
    nulls = report.nulls("binding_site").set_index(["layer", "head", "null"]).sort_index()
    assert of_head(heads, "amino_acid", CYSTEINES, "C")["called"]
    # By every null but one it is a head of binding sites.
    cysteines, sites = nulls.loc[CYSTEINES], nulls.loc[SITES]
    assert (cysteines.loc[["base_rate", "protein", "shift"], "q_value"] < 1e-3).all()
    assert cysteines.loc["amino_acid", "p_value"] > 0.01
    assert cysteines.loc["amino_acid", "enrichment"] == pytest.approx(1, abs=0.25)
    assert of_head(heads, "binding_site", CYSTEINES)["fails"] == "amino_acid"
    assert sites.loc["amino_acid", "q_value"] < 1e-6
    assert sites.loc["amino_acid", "enrichment"] > 1.6
    assert of_head(heads, "binding_site", SITES)["called"]
    assert of_head(heads, "contact", CONTACTS)["called"]


def test_the_other_heads_stay_quiet(report: HeadReport) -> None:
    planted = {CONTACTS, SITES, CYSTEINES}

    def others(table: pd.DataFrame) -> pd.DataFrame:
        heads = zip(table["layer"], table["head"], strict=True)
        return table[[pair not in planted for pair in heads]]

    heads, tests, nulls = others(report.heads()), others(report.tests()), others(report.nulls())
    sites = heads[(heads["feature"] == "binding_site") & heads["scored"]]
    assert len(sites) == 61
    assert not heads["called"].any()
    rest = nulls["null"] != "base_rate"
    found = nulls.loc[rest & (nulls["feature"] == "binding_site"), "q_value"]
    assert not (found < 0.05).any()
    assert found.notna().mean() > 0.7
    # Over 61 × 20 nulls each test keeps its level, and the paper's does not.
    letters = (tests["feature"] == "amino_acid") & tests["scored"]
    assert (tests.loc[letters, "bh_families"] < 0.05).mean() < 0.005
    assert (tests.loc[letters, "p_families"] < 0.05).mean() < 0.06
    assert (tests.loc[letters, "p_two_proportion"] < 0.05).mean() > 0.2
    of_letters = nulls[nulls["feature"] == "amino_acid"].groupby("null")["p_value"]
    share = of_letters.apply(lambda values: (values < 0.05).mean())
    # Of an offset every rotation looks at the same residues: no freedom, no finding.
    assert share.drop("base_rate").between(0.01, 0.07).all()


def test_the_best_head_is_measured_on_other_families(report: HeadReport) -> None:
    best = report.best("contact", n=2)
    assert best["rank"].tolist() == [1, 2]
    first = best.iloc[0]
    assert (first["layer"], first["head"]) == CONTACTS
    assert first["stability"] == first["proportion"] == 1.0
    # The second is the luckiest of many: on other families there is nothing to it.
    assert best.iloc[1]["enrichment_low"] < 1.1
    row = of_head(report.heads(), "contact", CONTACTS)
    assert first["n_hits"] == row["n_hits"]
    with pytest.raises(OptionError, match="n must be"):
        report.best("contact", n=0)


@pytest.mark.slow
def test_counted_from_a_saved_file_the_planted_heads_are_the_same(
    report: HeadReport, tmp_path: Path
) -> None:
    again = pv.load_report(report.save(tmp_path / "planted.protvis"))
    for name in ("heads", "tests", "nulls"):
        pd.testing.assert_frame_equal(getattr(again, name)(), getattr(report, name)())
    pd.testing.assert_frame_equal(again.clusters, report.clusters)
