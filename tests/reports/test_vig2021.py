"""The paper's numbers, and ours beside them."""

from __future__ import annotations

import json
import pickle
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import lmdb
import numpy as np
import pandas as pd
import pytest
from markupsafe import Markup

import protvis as pv
from protvis.analysis import probe
from protvis.analysis.counting.features import SHIFTED
from protvis.cli import main
from protvis.cli import reproduce as verb
from protvis.errors import DatasetError, ModelUnavailableError, OptionError
from protvis.labels import format_head
from protvis.reports.vig2021 import SOURCES, TAPE_FOLDERS, find_tape, reproduce, stands_for
from protvis.reports.vig2021_comparison import COLUMNS, compare_published
from protvis.reports.vig2021_page import reproduction_to_html
from protvis.reports.vig2021_published import MODELS, published
from tests.models.checkpoints import BUILDERS

SITES = ("contact", "binding_site", "modification")
STATES = ("helix", "strand", "turn")

# As printed in the paper's text and figures: highest proportion in percent, and where.
PRINTED = {
    "tape": "44.67 12-4, 48.78 11-6, 63.54 11-6, 67.7 9-2, 77.3 8-5, 57.4 10-2",
    "protalbert": "55.67 11-3, 57.49 2-26, 46.64 2-28, 78.5 2-15, 84.0 9-3, 68.4 10-32",
    "protbert": "58.50 30-14, 50.66 24-7, 38.15 26-2, 94.9 5-1, 85.0 19-2, 67.1 4-3",
    "protbert-bfd": "63.25 30-9, 45.57 26-1, 42.34 12-12, 92.0 5-9, 85.7 5-14, 77.3 4-16",
    "protxlnet": "44.49 26-6, 15.15 11-16, 7.24 11-16, 77.8 8-3, 72.0 8-8, 43.9 19-14",
}


@pytest.mark.parametrize("model", MODELS)
def test_the_published_numbers_agree_with_each_other(model: str) -> None:
    paper = published(model)
    assert len(paper.properties) == 27
    for given in paper.properties.values():
        assert len(given.layer_maxima) == paper.n_layers
        # Bars and colours of the figures, read with a ruler.
        near = {"abs": 0.012 * given.highest, "nan_ok": True}
        assert np.nanmax(given.layer_maxima) == pytest.approx(given.highest, **near)
        assert given.layer_maxima[given.best[0] - 1] == pytest.approx(given.highest, **near)
        if given.grid is None:
            continue
        assert given.grid.shape == (paper.n_layers, paper.n_heads)
        assert np.count_nonzero(~np.isnan(given.grid)) == given.n_scored
        assert np.fmax.reduce(given.grid, axis=1) == pytest.approx(given.layer_maxima, **near)
        for layer, head, proportion, _ in given.top:
            assert given.grid[layer - 1, head - 1] == pytest.approx(proportion, **near)
    text = PRINTED[model].split(", ")
    keys = [*((feature, "") for feature in SITES), *(("secondary_structure", s) for s in STATES)]
    for key, (highest, at) in zip(keys, (item.split() for item in text), strict=True):
        given = paper.properties[key]
        assert 100 * given.highest == pytest.approx(float(highest), abs=0.06)
        assert format_head(*given.best) == at


def test_the_published_numbers_are_those_of_the_figures(shared_data: Path) -> None:
    content = json.loads((shared_data / "reference/published_attention_values.json").read_text())
    names = ("tape_bert", "prot_albert", "prot_bert", "prot_bert_bfd", "prot_xlnet")
    for key, name in zip(MODELS, names, strict=True):
        maps, paper = content["heatmaps"][name], published(key)
        for letter in "ACW":
            given = paper.properties["amino_acid", letter]
            source = maps[f"aa_to_{letter}"]
            assert 100 * given.highest == pytest.approx(source["max_pct"], abs=1e-3)
            assert format_head(*given.best) == source["argmax"]
        for number, state in enumerate(STATES):
            source = maps[f"sec_struct_to_{number}"]
            given = paper.properties["secondary_structure", state]
            grid = np.array(source["grid_pct_approx"], dtype=float)
            np.testing.assert_allclose(100 * given.grid, grid, atol=0.02)
            assert 100 * np.array(given.layer_maxima) == pytest.approx(
                np.array(source["layer_max_pct"], dtype=float), abs=0.006, nan_ok=True
            )
        top = content["top_heads"][name]["binding_site_to"]
        given = paper.properties["binding_site", ""]
        ours = [
            (format_head(a, b), round(100 * c, 3), round(100 * d, 3)) for a, b, c, d in given.top
        ]
        assert ours == [(head["head"], head["pct"], head["ci_half"]) for head in top["heads"]]
        assert 100 * given.background == pytest.approx(top["background_pct"])


def perfect(model: str, *, shift: bool = False) -> SimpleNamespace:
    """Return what stands in for a report that found just what is published."""
    tables = []
    for given in published(model).properties.values():
        if given.grid is not None:
            table = given.heads().assign(n_links=1000)
            if shift and given.feature in ("binding_site", "modification"):
                table["feature"] += SHIFTED
            tables.append(table)
    heads = pd.concat(tables, ignore_index=True)
    return SimpleNamespace(
        heads=lambda: heads.copy(), result=SimpleNamespace(plan=SimpleNamespace(columns=()))
    )


@pytest.mark.parametrize("model", MODELS)
def test_a_perfect_reproduction_differs_in_nothing(model: str) -> None:
    table = compare_published({"all": perfect(model, shift=model == "protxlnet")}, published(model))
    assert tuple(table.columns) == COLUMNS
    drawn = table[(table["feature"] != "amino_acid") & (table["value"] != "other")]
    numbers = drawn[drawn["published"].notna()]
    assert numbers["ours"].notna().all()
    of = {"%": 1.0, "heads": 0, "layer": 0.06}
    for unit, tolerance in of.items():
        differences = numbers["difference"][numbers["unit"] == unit]
        assert len(differences)
        assert differences.abs().max() <= tolerance, unit
    alike = drawn[drawn["quantity"] == "all heads: Pearson's r"]
    assert len(alike) == 6
    assert (alike["ours"] > 0.9999).all()
    distance = drawn["ours"][drawn["quantity"] == "all heads: mean distance"]
    assert (distance < 0.05).all()
    best = numbers[numbers["quantity"] == "highest proportion"]
    assert all(note.split()[2].rstrip(",") == note.split()[-1] for note in best["note"])


def test_shifted_labels_stand_beside_the_shifted_figures() -> None:
    table = compare_published({"all": perfect("protxlnet", shift=False)}, published("protxlnet"))
    sites = table[table["feature"] == "binding_site"].set_index("quantity")
    # Labels in their places are not what was published.
    assert np.isnan(sites["ours"]["highest proportion"])
    right = sites.loc["highest proportion, right labels"]
    assert np.isnan(right["published"])
    assert right["ours"] == pytest.approx(15.154)
    assert "shifted by one residue" in right["note"]


def test_what_is_missing_is_said_in_every_row() -> None:
    missing = {"a": "contact, amino_acid: needs the file x, which is not there"}
    table = compare_published({}, published("tape"), missing)
    assert table["ours"].isna().all()
    assert table["difference"].isna().all()
    rows = table[table["feature"].isin(["contact", "amino_acid"])]
    assert set(rows["note"]) == {"needs the file x"}
    r = table[table["quantity"] == "correlation with BLOSUM62"].iloc[0]
    assert (r["published"], r["unit"]) == (0.73, "r")
    # Each of the 27 properties has its row in the short table.
    main_rows = table[table["main"] & (table["quantity"] == "highest proportion")]
    assert len(main_rows) == 27


def write_lmdb(path: Path, values: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with lmdb.open(str(path), map_size=2**22) as environment, environment.begin(write=True) as put:
        for number, value in enumerate(values):
            put.put(str(number).encode(), pickle.dumps(value))
        put.put(b"num_examples", pickle.dumps(len(values)))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The paper's folder in small: no secondary structure, modifications only to validate."""
    folder = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(3)
    values = []
    for number in range(12):
        n = int(rng.integers(75, 98))
        values.append(
            {
                "id": f"p{number}.A",
                "primary": "".join(rng.choice(list("ACDEFGHIKLMNPQRSTVWY"), n)),
                "protein_length": n,
                "tertiary": rng.normal(scale=8, size=(n, 3)).astype(np.float32),
                "valid_mask": np.ones(n, dtype=bool),
                "positions": list(range(n)),
                "sites": rng.choice(n, 9, replace=False).tolist(),
                "modifications": rng.choice(n, 3, replace=False).tolist(),
            }
        )

    def only(*names: str) -> list[dict[str, Any]]:
        return [{name: value[name] for name in ("id", "primary", *names)} for value in values]

    write_lmdb(
        folder / "proteinnet/proteinnet_train.lmdb",
        only("protein_length", "tertiary", "valid_mask"),
    )
    write_lmdb(folder / "binding_sites/binding_site_train.lmdb", only("positions", "sites"))
    write_lmdb(folder / "protein_modification_valid.lmdb", only("positions", "modifications"))
    return folder


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    folder = tmp_path_factory.mktemp("models")
    return lambda family: BUILDERS[family](folder / family.replace(" ", "-"))


def test_the_data_are_found_by_the_names_of_the_paper(data: Path, tmp_path: Path) -> None:
    found = {source.name: source.find(data) for source in SOURCES}
    assert found["secondary_structure"] is None
    assert found["proteinnet"] == (data / "proteinnet/proteinnet_train.lmdb", "train")
    # Beside each other, and only to validate.
    path, split = found["protein_modifications"]
    assert (path.name, split) == ("protein_modification_valid.lmdb", "valid")
    assert all(source.find(tmp_path) is None for source in SOURCES)


def test_models_stand_for_those_of_the_paper() -> None:
    assert stands_for("protbert") == "protbert"
    assert stands_for("Rostlab/prot_bert_bfd") == "protbert-bfd"
    assert stands_for("some/folder", "tape") == "tape"
    with pytest.raises(OptionError, match="say which one"):
        stands_for("mini")
    with pytest.raises(OptionError, match="did you mean 'protbert'"):
        stands_for("mini", "protbrt")
    assert stands_for("tape") == "tape"
    assert verb.MODELS == MODELS


def test_tape_is_looked_for_beside_the_data(
    data: Path, checkpoint: Callable[[str], Path], tmp_path: Path
) -> None:
    with pytest.raises(ModelUnavailableError, match="--model FOLDER --as tape") as raised:
        reproduce(tmp_path, "tape")
    for name in TAPE_FOLDERS:
        assert name in str(raised.value)
    for name in TAPE_FOLDERS:
        place = tmp_path / name.replace("/", "-") / name
        place.parent.mkdir(parents=True)
        place.symlink_to(checkpoint("TAPE BERT"))
        assert find_tape(tmp_path / name.replace("/", "-")) == place
    (tmp_path / "tape" / "binding_sites").symlink_to(data / "binding_sites")
    found = reproduce(tmp_path / "tape", "tape", limit=3, progress=False)
    assert found.published.key == "tape"
    assert found.reports["binding_sites"].result.n_records == 3


def test_a_tape_checkpoint_runs_the_whole_way(
    data: Path, checkpoint: Callable[[str], Path]
) -> None:
    found = reproduce(data, checkpoint("TAPE BERT"), as_="tape", progress=False)
    assert found.complete
    assert list(found.reports) == ["proteinnet", "binding_sites", "protein_modifications"]
    assert list(found.missing) == ["secondary_structure"]
    assert (
        "secondary_structure/secondary_structure_train.lmdb" in found.missing["secondary_structure"]
    )
    notes = " ".join(found.notes)
    assert "3 × 4 heads, TapeBert 12 × 12" in notes
    assert "protein_modifications: counted on the validation split" in notes
    assert "proteinnet: 12 proteins; the paper has 5,000." in notes
    table = found.comparison.set_index(["feature", "value", "quantity"])
    for name, feature in (("proteinnet", "contact"), ("binding_sites", "binding_site")):
        report = found.reports[name]
        plan = report.result.plan
        assert (plan.mode, plan.threshold, plan.max_residues) == ("paper", 0.3, 510)
        best = report.top(feature, n=1).iloc[0]
        row = table.loc[feature, "", "highest proportion"]
        assert row["ours"] == pytest.approx(100 * best["proportion"])
        assert 0 < row["ours"] < 100
        assert row["difference"] == pytest.approx(row["ours"] - row["published"])
        assert row["note"].endswith(f"ours at {format_head(best['layer'], best['head'])}")
        background = table.loc[feature, "", "background"]["ours"]
        assert background == pytest.approx(100 * best["background"])
    assert (
        table.loc["contact", "", "proportion of head 12-4"]["note"] == "this model has no such head"
    )
    calibration = found.reports["proteinnet"].calibration()
    best = found.reports["proteinnet"].top("contact", n=1).iloc[0]
    at = format_head(best["layer"], best["head"])
    bins = calibration[
        (calibration["layer"] == best["layer"]) & (calibration["head"] == best["head"])
    ]
    for one in bins.itertuples():
        weights = f"{one.weight_low:g} to {one.weight_high:g}"
        row = table.loc["contact", "", f"contacts at attention {weights}, head {at}"]
        assert row["ours"] == pytest.approx(100 * one.probability, nan_ok=True)
        assert row["note"] == f"published: not at hand; {one.n_pairs:,} pairs"
        assert np.isnan(row["published"])
    assert len(bins) == 11
    assert found.not_compared[0].startswith("Probing classifiers by layer: not asked for.")
    r = table.loc["amino_acid", "", "correlation with BLOSUM62"]
    assert r["ours"] == pytest.approx(found.reports["proteinnet"].compare_substitution().r)
    layers = found.reports["proteinnet"].layers().set_index(["feature", "layer"])["maximum"]
    assert table.loc["contact", "", "best head of layer 2"]["ours"] == pytest.approx(
        100 * layers["contact", 2]
    )
    assert table.loc["secondary_structure"]["ours"].isna().all()


def test_probes_are_fitted_where_asked_for(
    data: Path,
    checkpoint: Callable[[str], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = checkpoint("TAPE BERT")
    found = reproduce(data, folder, as_="tape", progress=False, probes=10)
    assert len(found.not_compared) == 1
    table = found.comparison
    rows = table[table["quantity"].str.startswith("probe of ")]
    assert set(rows["feature"]) == {"binding_site", "contact"}  # no secondary structure there
    assert rows["published"].isna().all()
    assert rows["note"].str.startswith("published: not at hand; over 2 proteins").all()
    for feature, source, name in (
        ("binding_site", "embeddings", "binding_sites/binding_site_train.lmdb"),
        ("contact", "embeddings", "proteinnet/proteinnet_train.lmdb"),
        ("contact", "attention", "proteinnet/proteinnet_train.lmdb"),
    ):
        expected = probe(
            data / name, folder, feature, source=source, form="paper", seed=123,
            n_train=6, n_valid=2, n_test=2, max_residues=510, progress=False,
        )  # fmt: skip
        for row in expected.itertuples():
            quantity = f"probe of {source}, layer {row.layer}: {row.metric}"
            (ours,) = rows["ours"][(rows["feature"] == feature) & (rows["quantity"] == quantity)]
            assert ours == pytest.approx(100 * row.score)
    # The command's page is drawn below.
    monkeypatch.setattr("protvis.reports.vig2021_page.figure_html", lambda *_: Markup())
    page = reproduction_to_html(found, tmp_path / "page.html").read_text()
    assert "<h2>Probing classifiers</h2>" in page
    assert "<h2>Attention as a probability of contact</h2>" in page


def test_probes_that_cannot_be_fitted_say_why(
    data: Path, checkpoint: Callable[[str], Path]
) -> None:
    found = reproduce(
        data, checkpoint("TAPE BERT"), as_="tape", progress=False, probes=500, limit=3
    )
    rows = found.comparison[found.comparison["quantity"].str.startswith("probe of ")]
    assert len(rows) == 3
    assert rows["note"].str.contains("500").all()
    for wrong in (4, 2.5, True, "9"):
        with pytest.raises(OptionError, match="probes must be a whole number from 5"):
            reproduce(data, "mini", as_="tape", probes=wrong)


def test_protxlnet_is_counted_with_right_and_with_shifted_labels(
    data: Path, checkpoint: Callable[[str], Path]
) -> None:
    found = reproduce(data, checkpoint("ProtXLNet"), as_="protxlnet", limit=3, progress=False)
    features = set(found.reports["binding_sites"].heads()["feature"])
    assert features == {"binding_site", "binding_site_shifted_by_one"}
    assert found.reports["proteinnet"].result.n_records == 3
    heads = found.reports["binding_sites"].heads().set_index("feature")
    right, shifted = (heads.loc[name] for name in sorted(features))
    assert right["n_links"].tolist() == shifted["n_links"].tolist()
    assert right["n_hits"].tolist() != shifted["n_hits"].tolist()


def test_the_command_writes_and_resumes(
    data: Path,
    checkpoint: Callable[[str], Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    command = [
        *("reproduce", "vig2021", "--model", str(checkpoint("TAPE BERT")), "--as", "tape"),
        *("--data", str(data), "--out", str(tmp_path), "--no-progress"),
    ]
    assert main(command) == 0
    said = capsys.readouterr().out
    assert "Missing: secondary_structure: needs TAPE's secondary_structure/" in said
    assert "Probing classifiers by layer: not asked for." in said
    (line,) = [
        line for line in said.splitlines() if line.startswith("contact  ") and "backg" in line
    ]
    assert line.split()[:4] == ["contact", "background,", "%", "1.27"]
    names = {"comparison.csv", "comparison.html", "journals", "proteinnet.protvis"}
    assert names <= {path.name for path in tmp_path.iterdir()}
    table = pd.read_csv(tmp_path / "comparison.csv")
    assert len(table) > 400
    report = pv.load_report(tmp_path / "binding_sites.protvis")
    assert report.provenance["arguments"]["seed"] == 123
    page = (tmp_path / "comparison.html").read_text()
    # Published: six grids and three of best heads; ours without secondary structure; and others.
    assert page.count("<figure") >= 9 + 6 + 3
    assert "<script" not in page
    assert "Published, TapeBert: contacts" in page
    assert "Ours: contacts" in page
    # Secondary structure is not at hand.
    assert re.search(r"<summary>\d+ numbers not compared<", page)
    assert "Ours: share of contacts by attention weight" in page
    assert main(command) == 2
    assert "already holds" in capsys.readouterr().err
    before = (tmp_path / "comparison.csv").read_bytes()
    # Nothing is drawn again: drawing takes most of the time.
    monkeypatch.setattr("protvis.reports.vig2021_page.figure_html", lambda *_: Markup())
    assert main([*command, "--resume"]) == 0
    assert (tmp_path / "comparison.csv").read_bytes() == before


def test_nothing_to_work_on_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(DatasetError, match="has no data of the paper"):
        reproduce(tmp_path, "mini", as_="tape")
    for options, said in (
        (["--model", "mini", "--as", "tape"], "proteinnet/proteinnet_train.lmdb"),
        (["--model", "mini"], "--as tape, protalbert"),
        (["--model", "tape"], "TAPE's weights are not on the hub"),
        (["--model", "protbert", "--resume"], "name it with --out"),
    ):
        assert main(["reproduce", "vig2021", "--data", str(tmp_path), *options]) == 2
        error = capsys.readouterr().err
        assert said in error
        assert error.count("\n") == 1


def test_without_the_weights_the_hub_is_named(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["reproduce", "vig2021", "--data", str(data), "--model", "protbert"]) == 2
    assert "Rostlab/prot_bert" in capsys.readouterr().err
