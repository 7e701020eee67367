"""Parts of a data set, analyzed by themselves and added up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import protvis as pv
from protvis.analysis.counting.features import columns_of
from protvis.analysis.counting.plan import Plan
from protvis.analysis.counting.result import Result
from protvis.analysis.runs.merging import merge_results
from protvis.analysis.runs.run import count_dataset
from protvis.errors import DatasetError, OptionError
from protvis.models import ProteinModel, load_model
from protvis.reports import HeadReport
from tests.analysis.planted import MemoryDataset, draw_record


@pytest.fixture(scope="module")
def model() -> ProteinModel:
    return load_model("mini", device="cpu")


def count(model: ProteinModel, data: MemoryDataset, **changes: object) -> Result:
    columns = columns_of(["contact", "binding_site"], data.features())
    plan = replace(Plan(columns, model.n_layers, model.n_heads, n_bootstrap=5), **changes)
    return count_dataset(data, data.keys, model, plan, progress=False, max_skipped=0.5)


def draw(first: int, n: int, **options: object) -> MemoryDataset:
    rng = np.random.default_rng(first)
    # All of one length: in batches of several lengths the last digit follows the batch.
    records = [draw_record(rng, f"p{first + number}", 24) for number in range(n)]
    return MemoryDataset(records, **options)


def test_parts_are_the_whole(model: ProteinModel) -> None:
    parts = [draw(0, 32), draw(32, 16, broken={"bad": "no such thing"}), draw(48, 5)]
    everything = [record for part in parts for record in part.records]
    whole = count(model, MemoryDataset(everything, {"bad": "no such thing"}))
    merged = merge_results([count(model, part) for part in parts])
    assert merged.counters["links"].sum() > 1000
    for name in ("links", "hits", "eligible", "positives", "shift_variance"):
        assert np.array_equal(merged.counters[name], whole.counters[name]), name
    assert merged.families == whole.families
    assert merged.plan == whole.plan
    assert merged.plan.n_groups == 53
    for name in ("family_links", "family_hits", "family_expected"):
        assert np.array_equal(merged.counters[name], whole.counters[name]), name
    assert (merged.n_records, merged.skipped) == (whole.n_records, whole.skipped)
    assert merged.complete
    assert merged.provenance["data"]["n_records"] == 54
    assert [part["data"]["n_records"] for part in merged.provenance["parts"]] == [32, 17, 5]


def test_a_merged_result_is_a_report(model: ProteinModel, tmp_path: Path) -> None:
    merged = merge_results([count(model, draw(0, 4)), count(model, draw(4, 4))])
    report = HeadReport(merged, min_links=1)
    again = pv.load_report(report.save(tmp_path / "whole.protvis"))
    assert again.heads().equals(report.heads())
    assert len(again.provenance["parts"]) == 2


def test_an_incomplete_part_makes_an_incomplete_whole(model: ProteinModel) -> None:
    part = replace(count(model, draw(4, 4)), complete=False)
    assert not merge_results([count(model, draw(0, 4)), part]).complete


def test_what_cannot_be_added_is_refused(model: ProteinModel) -> None:
    one = count(model, draw(0, 4))
    with pytest.raises(DatasetError, match="differ in their plan"):
        merge_results([one, count(model, draw(4, 4), threshold=0.2)])
    with pytest.raises(DatasetError, match="same records, which would count twice"):
        merge_results([one, one])
    for key, field in (("model", "weights_sha256"), ("versions", "protvis")):
        other = count(model, draw(4, 4))
        changed = {**other.provenance, key: {**other.provenance[key], field: "other"}}
        with pytest.raises(DatasetError, match=r"differ in their (weights|version)"):
            merge_results([one, replace(other, provenance=changed)])
    with pytest.raises(OptionError, match="list of results to merge is empty"):
        merge_results([])
