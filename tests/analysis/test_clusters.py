"""Clusters that are handed in: in any form the unit of counting, or refused by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import protvis as pv
from protvis.analysis.splits.record_families import read_clusters
from protvis.cli import main
from protvis.errors import OptionError
from protvis.reports import HeadReport
from tests.analysis.planted import MemoryDataset, PlantedModel, draw_attention, draw_record

GIVEN = {f"r{number}": f"family {number % 4}" for number in range(12)}


def analyze(clusters: Any) -> HeadReport:
    rng = np.random.default_rng(8)
    records = [draw_record(rng, name, 40) for name in GIVEN]
    model = PlantedModel({r.sequence: draw_attention(rng, 40) for r in records})
    return pv.analyze(
        MemoryDataset(records), model, features="binding_site", clusters=clusters, controls=(),
        min_links=20, progress=False,
    )  # fmt: skip


def write_table(path: Path) -> Path:
    """Write clusters as MMseqs2 does: representative, member; the last line is empty."""
    first = {family: record for record, family in reversed(GIVEN.items())}
    path.write_text("".join(f"{first[family]}\t{record}\n" for record, family in GIVEN.items()))
    return path


def test_clusters_are_the_families_in_every_form(tmp_path: Path) -> None:
    report = analyze(GIVEN)
    assert dict(zip(report.clusters["record"], report.clusters["cluster"], strict=True)) == GIVEN
    heads = report.heads()
    # Each has a group of families to itself, and no more than four can be told apart.
    assert report.result.plan.n_groups == 4
    assert (heads["n_families"] <= 4 + 1e-9).all()
    assert heads["n_families"].max() > 3
    for other in (pd.Series(GIVEN), write_table(tmp_path / "clusters.tsv")):
        found = analyze(other)
        pd.testing.assert_frame_equal(found.heads(), heads)
        pd.testing.assert_frame_equal(found.best("binding_site"), report.best("binding_site"))
    apart = analyze(dict.fromkeys(GIVEN, "") | {record: record for record in GIVEN})
    assert apart.heads()["n_families"].max() > 6
    assert apart.heads()["proportion"].equals(heads["proportion"])


def test_the_command_line_takes_a_table(tmp_path: Path) -> None:
    rng = np.random.default_rng(9)
    fasta, labels = tmp_path / "proteins.fasta", tmp_path / "labels.csv"
    fasta.write_text(
        "".join(f">{name}\n{''.join(rng.choice([*'ACDEFGHIKL'], 30))}\n" for name in GIVEN)
    )
    labels.write_text(
        "record,position,feature,value\n" + "".join(f"{n},3,binding_site,\n" for n in GIVEN)
    )
    table = write_table(tmp_path / "clusters.tsv")
    options = ["--features", "binding_site", "--controls", "--no-progress"]
    command = ["analyze", str(fasta), str(labels), "--model", "mini", *options]
    assert main([*command, "--clusters", str(table), "--out", str(tmp_path / "run")]) == 0
    clusters = pv.load_report(tmp_path / "run").clusters
    assert clusters.groupby("cluster")["record"].nunique().tolist() == [3, 3, 3, 3]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a\tb\nc\tb\n", "record b is in two clusters, a and c"),
        ("a,b\n", "line 1 of .* has 1 columns, expected two"),
        ("a\tb\tc\n", "has 3 columns"),
    ],
)
def test_a_table_that_is_none_is_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "clusters.tsv"
    path.write_text(text)
    with pytest.raises(OptionError, match=said):
        read_clusters(path)


def test_clusters_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"1 of 12 records are in no cluster, such as .*'r11'"):
        analyze({record: "one" for record in GIVEN if record != "r11"})
    for wrong in ([("r0", "a")], 3):
        with pytest.raises(OptionError, match="must be a mapping, a Series or the path"):
            read_clusters(wrong)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="there is no file"):
        read_clusters(tmp_path / "not there")
