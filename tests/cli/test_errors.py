"""What goes wrong in a shell ends in one line that helps, and never in a traceback."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import protvis
import protvis.export
from protvis import __version__
from protvis.cli import main
from protvis.errors import ModelUnavailableError, StructureError


def run(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run ``python -m protvis`` as a shell would."""
    return subprocess.run(
        [sys.executable, "-m", "protvis", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )


def raising(error: BaseException) -> Any:
    def explore_to_html(*_: Any, **__: Any) -> Path:
        raise error

    return explore_to_html


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (
            StructureError("no protein in x.pdb;\n  it holds RNA"),
            "no protein in x.pdb; it holds RNA",
        ),
        (ModelUnavailableError("no network; try model='mini'"), "no network; try model='mini'"),
        (
            PermissionError(13, "Permission denied", "/out/page.html"),
            "cannot read or write /out/page.html: Permission denied",
        ),
        (OSError("disk on fire"), "disk on fire"),
    ],
)
def test_an_error_is_one_line(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    line: str,
) -> None:
    monkeypatch.setattr(protvis.export, "explore_to_html", raising(error))
    assert main(["explore", "x.pdb"]) == 2
    captured = capsys.readouterr()
    assert captured.err == f"protvis: {line}\n"
    assert captured.out == ""


def test_a_programming_error_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protvis.export, "explore_to_html", raising(ZeroDivisionError()))
    with pytest.raises(ZeroDivisionError):
        main(["explore", "x.pdb"])


def test_interruption_is_not_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protvis.export, "explore_to_html", raising(KeyboardInterrupt()))
    assert main(["explore", "x.pdb"]) == 130


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["explore", "x.pdb", "--modle", "mini"], "--modle mini; did you mean --model?"),
        (["explore", "x.pdb", "--top_k=3"], "--top_k=3; did you mean --top-k?"),
        (["--versoin"], "--versoin; did you mean --version?"),
        (["explore"], "required: FILE"),
        (["exlpore", "x.pdb"], "invalid choice: 'exlpore'"),
        ([], "name a verb: explore, demo, models"),
        (["explore", "x.pdb", "--head", "best"], "expected a head's number or 'mean', got 'best'"),
        (["explore", "x.pdb", "--mod", "mini"], "did you mean --model?"),
    ],
)
def test_a_wrong_command_line_names_what_was_meant(
    capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert exit_.value.code == 2
    assert said in capsys.readouterr().err


def test_version() -> None:
    result = run("--version")
    assert (result.returncode, result.stdout) == (0, f"protvis {__version__}\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["explore", "absent.pdb", "--model", "mini"], "absent.pdb"),
        (["explore", "page.pdb", "--model", "mini"], "page.pdb"),
        (["explore", "{demo}", "--model", "mini", "--chain", "Z"], "chain"),
        (["explore", "{demo}", "--model", "mini", "--layer", "13"], "layer 13"),
        (["explore", "{demo}", "--model", "mini", "--top-k", "-3"], "top_k"),
        (["explore", "{demo}", "--model", "mini", "--threshold", "-7"], "threshold"),
        (["explore", "{demo}", "--model", "mini", "--min-separation", "-1"], "min_separation"),
        (["explore", "{demo}", "--model", "mni"], "mini"),
        (["explore", "{demo}"], "mini"),
        (["demo", "-o", "nowhere/page.html"], "nowhere"),
    ],
    ids=[
        "no file",
        "HTML",
        "chain",
        "layer",
        "top-k",
        "threshold",
        "separation",
        "model",
        "no network",
        "no folder",
    ],
)
def test_bad_input_for_real(
    tmp_path: Path,
    demo_structure: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "page.pdb").write_text("<!DOCTYPE html><title>404</title>")
    assert main([word.format(demo=demo_structure) for word in arguments]) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("protvis: ")
    assert said in last
    assert [path.name for path in tmp_path.iterdir()] == ["page.pdb"]


def test_a_shell_sees_one_line_and_a_status(tmp_path: Path, demo_structure: Path) -> None:
    result = run("explore", str(demo_structure), "--model", "mini", "--layer", "13", cwd=tmp_path)
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.startswith("protvis: layer 13")
    assert result.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail wherever a model runs."""
    from protvis.models import ProteinModel

    def run(*_: Any, **__: Any) -> None:
        pytest.fail("the model ran before its arguments were found wrong")

    monkeypatch.setattr(ProteinModel, "_run", run)


@pytest.mark.usefixtures("no_run")
@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--map", "apx"], "unknown map 'apx'; did you mean 'apc'?"),
        (["--map", "contact_head"], "unknown map 'contact_head'"),
        (["--layer", "13"], "layer 13"),
        (["--head", "99"], "head 99"),
        (["--top-k", "0"], "top_k must be at least 1"),
        (["--chain", "A+Q"], "unknown protein chain 'Q'"),
        (["-o", "nowhere/page.html"], "nowhere/page.html: No such file or directory"),
        (["-o", "folder"], "folder is a folder; give the name of the file"),
        (["-o", "page.pdb/x.html"], "page.pdb/x.html: Not a directory"),
    ],
)
def test_bad_options_are_found_before_the_model_runs(
    tmp_path: Path,
    demo_structure: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "page.pdb").touch()
    assert main(["explore", str(demo_structure), "--model", "mini-positions", *options]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.usefixtures("no_run")
@pytest.mark.parametrize("place", ["nowhere/page.html", "folder"])
def test_the_place_of_the_demo_is_looked_at_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    assert main(["demo", "-o", place]) == 2


def test_damaged_weights_are_one_line(
    tmp_path: Path, demo_structure: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(Path(protvis.__file__).parent / "data" / "mini-positions", folder)
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(b"\x8a\x01")
    page = tmp_path / "page.html"
    assert main(["explore", str(demo_structure), "--model", str(folder), "-o", str(page)]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"protvis: the checkpoint in {folder} cannot be loaded")
    assert said.count("\n") == 1
    assert not page.exists()
