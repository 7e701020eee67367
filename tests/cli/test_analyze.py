"""``protvis analyze``: what it writes and says, how it goes on, what it refuses."""

from __future__ import annotations

import argparse
import inspect
import itertools
import signal
from dataclasses import fields
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import protvis as pv
from protvis.analysis.options import AnalysisOptions
from protvis.analysis.runs import run as running
from protvis.cli import analyze as verb
from protvis.cli import main
from protvis.cli.stop_signals import stop_signals
from protvis.data import EXAMPLES
from protvis.labels import format_head

DATA = [str(path) for path in EXAMPLES]
QUIET = ("--model", "mini", "--no-progress")
CONTACT = ("--features", "contact", *QUIET)


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each of the few structures be a chunk of its own."""
    monkeypatch.setattr(running, "CHUNK_RECORDS", 1)


def interrupt_at(
    monkeypatch: pytest.MonkeyPatch, number: int, kind: signal.Signals | None = None
) -> None:
    """Let the keyboard, or a signal, interrupt when the chunk of this number is to be counted."""
    real, calls = running.count_chunk, itertools.count()

    def count_chunk(*arguments: Any) -> Any:
        if next(calls) == number:
            if kind is None:
                raise KeyboardInterrupt
            signal.raise_signal(kind)
        return real(*arguments)

    monkeypatch.setattr(running, "count_chunk", count_chunk)


def test_the_parser_has_every_option_with_its_default() -> None:
    verbs = argparse.ArgumentParser().add_subparsers()
    needed = ["x", "--model", "mini", "--features", "contact", "--out", "out"]
    given = verb.add_parser(verbs).parse_args(needed)
    for option in fields(AnalysisOptions):
        assert (
            getattr(given, option.name) == option.default == getattr(AnalysisOptions, option.name)
        )
    asked = inspect.signature(pv.analyze).parameters
    assert {option.name for option in fields(AnalysisOptions)} < set(asked)
    for option in fields(AnalysisOptions):
        assert asked[option.name].default == option.default


@pytest.mark.parametrize(
    "given",
    [["contact,binding_site"], ["contact", "binding_site"], ["contact,", "binding_site"]],
)
def test_features_are_separated_by_commas_or_blanks(given: list[str]) -> None:
    assert verb.split_names(given) == ["contact", "binding_site"]


def test_a_run_is_written_and_summed_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "made" / "run"
    options = ("--features", "contact,secondary_structure", "--min-links", "50", "--seed", "3")
    assert main(["analyze", *DATA, *options, *QUIET, "--out", str(out)]) == 0
    names = {"report.protvis", "heads.csv", "ledger.csv", "journal"}
    assert {path.name for path in out.iterdir()} == names
    report = pv.load_report(out)
    expected = pv.analyze(
        DATA, "mini", features=["contact", "secondary_structure"], min_links=50, seed=3,
        progress=False,
    )  # fmt: skip
    pd.testing.assert_frame_equal(report.heads(), expected.heads())
    written = pd.read_csv(out / "heads.csv", keep_default_na=False, na_values=[""])
    assert list(written.columns) == list(report.heads().columns)
    assert written["n_hits"].tolist() == report.heads()["n_hits"].tolist()
    assert (out / "ledger.csv").read_text() == "record,reason,kind\n"
    said = capsys.readouterr().out
    assert "mini (5 × 8 heads) on" in said
    best = report.top("contact", n=1).iloc[0]
    wanted = ["contact", format_head(best["layer"], best["head"])]
    (line,) = [line for line in said.splitlines() if line.split()[:2] == wanted]
    assert f"{100 * best.proportion:.2f}" in line
    assert said.count("\nsecondary_structure ") == 3
    assert "It says nothing about other" in said
    assert "Skipped" not in said
    assert str(out.resolve()) in said


def test_what_was_skipped_is_said_without_where_it_lies(
    tmp_path: Path, demo_structure: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "trypsin.cif.gz").write_bytes(demo_structure.read_bytes())
    for name in ("a.pdb", "b.pdb"):
        (folder / name).write_text("<!DOCTYPE html><title>404</title>")
    command = ["analyze", str(folder), *CONTACT, "--out", str(tmp_path / "out")]
    assert main(command) == 2
    error = capsys.readouterr().err
    assert "2 records of 3 cannot be counted" in error
    assert "2 × " in error
    assert main([*command, "--resume", "--max-skipped", "0.7"]) == 0
    said = capsys.readouterr().out
    assert "Skipped: 2 of 3 records\n  2 × a.pdb" in said
    ledger = pd.read_csv(tmp_path / "out" / "ledger.csv")
    assert ledger["record"].tolist() == ["a.pdb", "b.pdb"]
    (folder / "trypsin.cif.gz").unlink()
    options = ("--max-skipped", "1", "--out", str(tmp_path / "none"))
    assert main(["analyze", str(folder), *CONTACT, *options]) == 2
    assert "none of the 2 records of files could be counted: 2 × " in capsys.readouterr().err
    assert not (tmp_path / "none" / "report.protvis").exists()


def test_a_folder_with_results_is_not_written_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["analyze", DATA[0], *CONTACT, "--out", str(tmp_path)]
    assert main(command) == 0
    written = (tmp_path / "report.protvis").read_bytes()
    capsys.readouterr()
    assert main(command) == 2
    assert "--resume, or name another folder" in capsys.readouterr().err
    assert main([*command, "--resume", "--threshold", "0.2"]) == 2
    assert ": threshold was 0.3, is 0.2. Run" in capsys.readouterr().err
    assert main([*command, "--resume", "--min-links", "50"]) == 2
    assert ": min_links was 100, is 50. Run" in capsys.readouterr().err
    assert (tmp_path / "report.protvis").read_bytes() == written
    before = pv.load_report(tmp_path)
    assert main([*command, "--resume"]) == 0
    assert pv.load_report(tmp_path).result.counters == before.result.counters
    for path in (tmp_path / "journal").iterdir():
        path.unlink()
    (tmp_path / "journal").rmdir()
    capsys.readouterr()
    assert main([*command, "--resume"]) == 2
    assert "no journal to go on from" in capsys.readouterr().err


@pytest.mark.usefixtures("small_chunks")
def test_an_interrupted_run_goes_on_to_the_same_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["analyze", *DATA, *CONTACT, "--out"]
    with monkeypatch.context() as patch:
        interrupt_at(patch, 1)
        assert main([*command, str(tmp_path / "cut")]) == 130
    error = capsys.readouterr().err
    assert "interrupted after 1 protein of 3 records" in error
    assert "--resume" in error
    part = pv.load_report(tmp_path / "cut")
    assert not part.result.complete
    assert part.result.n_records == 1
    assert main([*command, str(tmp_path / "cut"), "--resume"]) == 0
    assert main([*command, str(tmp_path / "whole")]) == 0
    resumed, whole = (pv.load_report(tmp_path / name) for name in ("cut", "whole"))
    assert resumed.result.complete
    assert resumed.result.counters == whole.result.counters
    heads = [(tmp_path / name / "heads.csv").read_bytes() for name in ("cut", "whole")]
    assert heads[0] == heads[1]


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize(
    ("kind", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)]
)
def test_signals_stop_a_run_that_says_how_to_go_on(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    kind: signal.Signals,
    status: int,
    request: pytest.FixtureRequest,
) -> None:
    # Under nohup, or in the background, a signal may be ignored, and then a run ignores it, too.
    usual = signal.default_int_handler if kind == signal.SIGINT else signal.SIG_DFL
    inherited = signal.signal(kind, usual)
    request.addfinalizer(lambda: signal.signal(kind, inherited))
    before = signal.getsignal(kind)
    command = ["analyze", *DATA, *CONTACT, "--out", str(tmp_path)]
    with monkeypatch.context() as patch:
        interrupt_at(patch, 1, kind)
        assert main(command) == status
    assert "--resume" in capsys.readouterr().err
    assert pv.load_report(tmp_path).result.n_records == 1
    assert signal.getsignal(kind) is before
    assert main([*command, "--resume"]) == 0
    assert pv.load_report(tmp_path).result.complete


def test_signals_while_the_model_loads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("protvis.reports.analyze", lambda *_, **__: signal.raise_signal(15))
    assert main(["analyze", *DATA, *CONTACT, "--out", str(tmp_path)]) == 143
    error = capsys.readouterr().err
    assert error == "protvis: stopped; go on with the same command and --resume\n"


def test_a_signal_that_is_ignored_stays_so() -> None:
    """As under nohup."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(signal, "getsignal", lambda _: signal.SIG_IGN)
        patch.setattr(signal, "signal", lambda *_: pytest.fail("it was taken"))
        with stop_signals(""):
            pass


def test_interrupted_before_anything_was_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    interrupt_at(monkeypatch, 0)
    assert main(["analyze", DATA[0], *CONTACT, "--out", str(tmp_path)]) == 130
    captured = capsys.readouterr()
    assert "No head has 100 links: contact" in captured.out
    assert "interrupted after 0 proteins" in captured.err
    assert pv.load_report(tmp_path).heads()["n_links"].sum() == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere", *CONTACT], "no file or folder nowhere"),
        ([DATA[0], "--features", "contacts", *QUIET], "did you mean 'contact'"),
        ([DATA[0], "--features", ",", *QUIET], "at least one feature"),
        ([DATA[0], "--features", "contact", "--model", "mni"], "did you mean 'mini'"),
        ([DATA[0], *CONTACT, "--threshold", "7"], "threshold must be"),
        ([DATA[0], *CONTACT, "--limit", "0"], "limit must be a whole number from 1"),
        ([DATA[0], *CONTACT, "--min-links", "0"], "min_links must be a whole number from 1"),
        ([DATA[0], *CONTACT, "--max-residues", "0"], "max_residues must be a whole number from 1"),
        ([DATA[0], *CONTACT, "--max-skipped", "nan"], "max_skipped must be a number from 0 to 1"),
        ([DATA[0], *CONTACT, "--max-skipped", "-1"], "max_skipped must be a number from 0 to 1"),
        ([DATA[0], *CONTACT, "--scheduler", "carrier-pigeon://x:1"], "no Dask scheduler"),
    ],
)
def test_bad_input_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert main(["analyze", *arguments, "--out", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert error.startswith("protvis: ")
    assert error.count("\n") == 1
    assert said in error
    assert not (tmp_path / "out" / "report.protvis").exists()


def test_a_folder_that_cannot_be_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert main(["analyze", DATA[0], *CONTACT, "--out", str(tmp_path / "file" / "out")]) == 2
    assert "cannot make the folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([DATA[0], *CONTACT], "required: --out"),
        ([*CONTACT, "--out", "x"], "required: DATA"),
        ([DATA[0], *CONTACT, "--out", "x", "--mode", "papers"], "invalid choice: 'papers'"),
        ([DATA[0], *CONTACT, "--out", "x", "--treshold", "1"], "did you mean --threshold?"),
    ],
)
def test_a_wrong_command_line_says_so(
    capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    with pytest.raises(SystemExit):
        main(["analyze", *arguments])
    assert said in capsys.readouterr().err
