"""Reports: from `analyze` to tables, files and back, and to the explorer."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import protvis as pv
from protvis.analysis.counting.counters import Counters
from protvis.analysis.statistics.head_tables import HEAD_COLUMNS
from protvis.annotations import pair_track, track
from protvis.data import EXAMPLES, TRYPSIN
from protvis.errors import DatasetError, LabelError, ModelError, OptionError, OutputError
from protvis.models import wrap_model
from protvis.reports import HeadReport
from protvis.sealed_archive import read_archive, write_archive


@pytest.fixture(scope="module")
def report() -> HeadReport:
    features = ["contact", "binding_site", "secondary_structure", "amino_acid"]
    return pv.analyze(EXAMPLES, "mini", features=features, progress=False)


def read_members(path: Path) -> dict[str, bytes]:
    members = read_archive(path, "report", DatasetError)
    return {name: bytes(content) for name, content in members.items()}


def test_heads_are_the_rows_of_the_contract(report: HeadReport) -> None:
    table = report.heads()
    assert tuple(table.columns) == HEAD_COLUMNS == (
        "feature", "value", "layer", "head", "n_links", "n_hits", "proportion", "background",
        "enrichment", "ci_low", "ci_high", "p_value", "q_value", "scored", "called", "fails",
        "n_families", "share_of_families_above",
    )  # fmt: skip
    assert len(table) == 5 * 8 * (1 + 1 + 3 + 20)
    assert set(table["value"][table["feature"] == "secondary_structure"]) == {
        "helix",
        "strand",
        "other",
    }
    assert (table["layer"].min(), table["layer"].max()) == (1, 5)
    assert (table["head"].min(), table["head"].max()) == (1, 8)
    scored = table[table["scored"]]
    assert (scored["proportion"] == scored["n_hits"] / scored["n_links"]).all()
    assert not table["scored"].all()
    assert table["p_value"][~table["scored"]].isna().all()
    table["n_links"] = 0
    assert report.heads()["n_links"].any()


def test_counts_of_one_protein_are_those_of_its_maps(report: HeadReport) -> None:
    alone = pv.analyze(TRYPSIN, "mini", features="contact", mode="eligible", progress=False).heads()
    chain = pv.load_structure(TRYPSIN).chain("A")
    maps = pv.compute_attention("mini", chain)
    contacts = chain.contact_map()
    index = np.arange(chain.n_residues)
    eligible = np.abs(np.subtract.outer(index, index)) >= 6
    for row in alone.itertuples():
        links = (maps.head(row.layer, row.head) >= 0.3) & eligible
        assert (row.n_links, row.n_hits) == (links.sum(), (links & contacts).sum())
    background = alone["background"].dropna()
    assert background.to_numpy() == pytest.approx(contacts[eligible].mean(), abs=1e-5)


def test_the_known_heads_lead(report: HeadReport) -> None:
    top = report.top("contact", n=5)
    assert (top["layer"] == 5).all()
    assert top["proportion"].is_monotonic_decreasing
    assert (top["enrichment"] > 10).all()
    with pytest.raises(OptionError, match="name one of"):
        report.top("amino_acid")
    with pytest.raises(OptionError, match="did you mean 'contact'"):
        report.top("contacts")
    for n in (0, -3, 2.5, True):
        with pytest.raises(OptionError, match="n must be a whole number from 1"):
            report.top("contact", n=n)


def test_a_saved_report_is_the_same(report: HeadReport, tmp_path: Path) -> None:
    path = report.save(tmp_path / "mini.protvis")
    again = pv.load_report(path)
    assert again.result.counters == report.result.counters
    assert again.result.plan == report.result.plan
    assert again.provenance == report.provenance
    pd.testing.assert_frame_equal(again.heads(), report.heads())
    pd.testing.assert_frame_equal(again.ledger, report.ledger)
    assert repr(again) == repr(report)
    second = again.save(tmp_path / "again.protvis")
    assert second.read_bytes() == path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        assert not [name for name in archive.namelist() if "pickle" in name or ".pkl" in name]
        about = json.loads(archive.read("provenance.json"))
        with archive.open("heads.parquet") as stream:
            pd.testing.assert_frame_equal(pd.read_parquet(stream), report.heads())
    assert about["model"]["id"] == "protvis/mini"
    assert len(about["model"]["weights_sha256"]) == 64
    assert about["arguments"]["features"][0] == "contact"
    assert set(about["versions"]) >= {"protvis", "torch", "transformers", "numpy"}


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04 half a zip"])
def test_what_is_no_report_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.protvis"
    path.write_bytes(content)
    with pytest.raises(DatasetError, match=r"not a report|cut off"):
        pv.load_report(path)
    with pytest.raises(DatasetError, match="no report"):
        pv.load_report(tmp_path / "missing.protvis")


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b'"n_heads": 8', b'"n_heads": 7', "cannot be read: .* expected"),
        (b'"form_of_counts": 5', b'"form_of_counts": 2', "counts are of form 2, made by another"),
        (b',\n "form_of_counts": 5', b"", "of form 1, .* reads form 5: analyze the data again"),
    ],
)
def test_a_report_with_other_counts_is_refused(
    report: HeadReport, tmp_path: Path, old: bytes, new: bytes, reason: str
) -> None:
    path = report.save(tmp_path / "report.protvis")
    members = read_members(path)
    assert old in members["plan.json"]
    write_archive(path, members | {"plan.json": members["plan.json"].replace(old, new)})
    with pytest.raises(DatasetError, match=reason):
        pv.load_report(path)


def test_a_report_of_impossible_counts_is_refused(report: HeadReport, tmp_path: Path) -> None:
    arrays = {name: values.copy() for name, values in report.result.counters.arrays.items()}
    arrays["hits"][0, 0, 0] = arrays["links"][0, 0, 0] + 1
    wrong = HeadReport(replace(report.result, counters=Counters(arrays)))
    path = wrong.save(tmp_path / "wrong.protvis")
    with pytest.raises(DatasetError, match=r"wrong\.protvis cannot be read: there are more hits"):
        pv.load_report(path)


def test_nowhere_to_save_is_said(report: HeadReport, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot write"):
        report.save(tmp_path / "no" / "such" / "folder.protvis")


def test_a_report_is_a_page(report: HeadReport, tmp_path: Path) -> None:
    text = report.to_html(tmp_path / "page.html").read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>") or text.startswith("<!DOCTYPE html>")
    assert "What mini attends to" in text


def test_a_row_opens_on_its_protein(report: HeadReport, tmp_path: Path) -> None:
    explorer = report.open((5, 3), "4zhl")
    assert (explorer.layer, explorer.head, explorer.threshold) == (5, 3, 0.3)
    assert explorer.chain.chain_id == "U"
    explorer.close()
    later = pv.load_report(report.save(tmp_path / "r.protvis"))
    explorer = later.open("5-mean", TRYPSIN, threshold=0.1)
    assert (explorer.layer, explorer.head, explorer.threshold) == (5, "mean", 0.1)
    assert explorer.chain.chain_id == "A"
    explorer.close()
    with pytest.raises(LabelError, match="layer 12 does not exist"):
        report.open("12-4", "4zhl")
    with pytest.raises(OptionError, match="no record 'urokinase'"):
        report.open("5-3", "urokinase")
    with pytest.raises(OptionError, match=r"4zhl.cif.gz has no record '4zhl.Q'; it has 4zhl.U"):
        report.open("5-3", "4zhl.Q")


def test_a_model_in_memory_is_handed_in_again(tmp_path: Path) -> None:
    mini = pv.load_model("mini")
    ours = wrap_model(mini.module, mini.tokenizer, name="ours")
    report = pv.analyze(TRYPSIN, ours, features="contact", progress=False)
    about = report.provenance["model"]
    assert (about["model"], about["weights_hashed"]) == ("ours", "parameters")
    assert about["weights_sha256"] == ours.provenance["weights_sha256"]
    later = pv.load_report(report.save(tmp_path / "r.protvis"))
    with pytest.raises(ModelError, match=r"'ours', was a network in memory: hand it in"):
        later.open("5-3", TRYPSIN)
    explorer = later.open("5-3", TRYPSIN, model=ours)
    assert explorer.scene.model is ours
    explorer.close()


def test_own_tracks_are_counted() -> None:
    chain = pv.load_structure(TRYPSIN).chain("A")
    triad = track(chain, {"A:HIS57": True, "A:ASP102": True, "A:SER195": True}, name="the triad")
    own = np.zeros((chain.n_residues, chain.n_residues), dtype=bool)
    places = np.flatnonzero(triad.values)
    own[np.ix_(places, places)] = ~np.eye(3, dtype=bool)
    pairs = pair_track(chain, own, name="within the triad")
    report = pv.analyze(TRYPSIN, "mini", features=[triad, pairs], threshold=0.05, progress=False)
    table = report.heads()
    assert set(table["feature"]) == {"the_triad", "within_the_triad"}
    maps = pv.compute_attention("mini", chain)
    for row in table.itertuples():
        links = maps.head(row.layer, row.head) >= 0.05
        hits = links[:, places] if row.feature == "the_triad" else links & own
        assert row.n_hits == hits.sum()
    assert table["n_hits"].sum() > 10
    explorer = report.open("5-3", "1gbt.A")
    assert {"the_triad", "within_the_triad"} <= set(explorer.scene.tracks)
    explorer.close()
    with pytest.raises(OptionError, match="belongs to one protein"):
        pv.analyze(EXAMPLES, "mini", features=triad, progress=False)


def test_a_draw_is_of_the_records_and_repeats() -> None:
    options = {"features": "amino_acid", "limit": 2, "progress": False}
    first = pv.analyze(EXAMPLES, "mini", **options)
    assert first.provenance["data"]["n_records"] == 2
    drawn = [pv.analyze(EXAMPLES, "mini", seed=5, **options) for _ in range(2)]
    assert drawn[0].result.counters == drawn[1].result.counters


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mode": "papers"}, "did you mean 'paper'"),
        ({"threshold": 0}, "above 0"),
        ({"threshold": float("nan")}, "above 0"),
        ({"threshold": "0.3"}, "threshold must be a number above 0 and at most 1, got '0.3'"),
        ({"threshold": True}, "above 0"),
        ({"min_links": 0}, "min_links must be a whole number from 1"),
        ({"min_links": 2.5}, "min_links must be a whole number from 1"),
        ({"min_links": "a"}, "min_links must be a whole number from 1"),
        ({"limit": 0}, "limit must be a whole number from 1"),
        ({"limit": "2"}, "limit must be a whole number from 1"),
        ({"n_bootstrap": 2.5}, "n_bootstrap must be a whole number from 0"),
        ({"max_skipped": 2}, "max_skipped must be a number from 0 to 1"),
        ({"max_residues": 2.5}, "max_residues must be a whole number from 1"),
        ({"features": "contacts"}, "did you mean 'contact'"),
        ({"features": []}, "at least one feature"),
        ({"features": [3]}, "a feature is a name"),
        ({"max_residues": 0}, "max_residues must be a whole number from 1"),
    ],
)
def test_bad_arguments_are_refused_by_name(change: dict, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        pv.analyze(TRYPSIN, "mini", **{"features": "contact", "progress": False, **change})


def test_numbers_of_numpy_are_numbers(tmp_path: Path) -> None:
    options = {"threshold": 0.25, "min_links": 50, "max_residues": 30, "limit": 1, "seed": 3}
    plain = pv.analyze(EXAMPLES, "mini", features="amino_acid", progress=False, **options)
    converted = {name: np.asarray(value)[()] for name, value in options.items()}
    assert type(converted["limit"]) is np.int64
    report = pv.analyze(
        EXAMPLES, "mini", features="amino_acid", progress=False, resume=tmp_path, **converted
    )
    assert report.result.plan == plain.result.plan
    assert report.provenance["arguments"] == plain.provenance["arguments"]


def test_paper_mode_cuts_at_510_unless_told_otherwise() -> None:
    options = {"features": "amino_acid", "mode": "paper", "progress": False}
    report = pv.analyze(TRYPSIN, "mini", **options)
    assert report.result.plan.max_residues == 510
    short = pv.analyze(TRYPSIN, "mini", max_residues=100, **options)
    assert short.result.counters["n_residues"].tolist() == [100] * 20


def test_figures_are_drawn_from_the_report(report: HeadReport) -> None:
    for figure in (
        report.plot("contact"),
        report.plot_top("binding_site", n=4),
        report.plot_layers(),
        report.plot_calibration(),
        report.plot_thresholds("contact"),
        report.plot_thresholds("binding_site", heads=["5-5"]),
        report.plot_substitution(),
    ):
        assert figure._repr_png_().startswith(b"\x89PNG")
        assert figure.axes
