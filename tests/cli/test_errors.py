"""What goes wrong in a shell ends in one line that helps, and never in a traceback."""

from __future__ import annotations

import os
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
    from protvis.models.network import Network

    def run(*_: Any, **__: Any) -> None:
        pytest.fail("the model ran before its arguments were found wrong")

    monkeypatch.setattr(Network, "run", run)


@pytest.mark.usefixtures("no_run")
@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--map", "apx"], "unknown map 'apx'; did you mean 'apc'?"),
        (["--map", "contact_head"], "unknown map 'contact_head'"),
        (["--layer", "13"], "layer 13"),
        (["--head", "99"], "head 99"),
        (["--top-k", "0"], "top_k must be a whole number from 1 to"),
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


def pipeline(command: str, cwd: Path | None = None, **environment: str) -> tuple[int, str]:
    """Run a line of bash with `protvis` in it; return its status and what went to stderr."""
    line = command.replace("protvis", f"{sys.executable} -m protvis", 1)
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {line}"],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(Path(protvis.__file__).parents[1]), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    "command",
    [
        # `true` reads nothing and is gone when the first line is printed.
        "protvis models | sleep 0",
        "protvis models --json | head -c 1 >/dev/null",
        "protvis --help | sleep 0",
        "protvis analyze --help | sleep 0",
        "protvis explore nowhere.pdb 2>&1 >/dev/null | sleep 0",
    ],
)
def test_a_reader_that_goes_away_ends_it_quietly(command: str) -> None:
    status, said = pipeline(command)
    assert said == ""
    # A short text may be in the pipe before the reader is gone.
    assert status in (0, 2, 141)


def test_a_full_disk_is_said() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    status, said = pipeline("protvis models >/dev/full")
    assert status == 2
    assert said.startswith("protvis: cannot ")
    assert said.endswith(": No space left on device\n")
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("command", "status"), [("protvis models", 0), ("protvis explore ångström.pdb", 2)]
)
def test_an_ascii_locale_prints_what_it_can(command: str, status: int) -> None:
    ascii_only = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    found, said = pipeline(command, **ascii_only)
    assert found == status
    assert "Traceback" not in said
    assert said.count("\n") == (status != 0)


@pytest.mark.parametrize(
    ("command", "status"),
    [
        ("protvis models", 0),
        ("protvis analyze nowhere --model mini --features contact --out out", 2),
        ("protvis report run", 2),
        ("protvis explore 1gbt --model mini", 2),
        ("protvis demo", 2),
    ],
)
def test_a_folder_deleted_under_it_is_said(tmp_path: Path, command: str, status: int) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    found, said = pipeline(f"rmdir {folder}; protvis{command[7:]}", cwd=folder)
    assert found == status
    assert "Traceback" not in said
    assert said.count("protvis: ") == (status != 0)


def test_a_bad_date_is_said(tmp_path: Path) -> None:
    source = Path(protvis.__file__).parent / "data" / "1gbt.cif.gz"
    found, said = pipeline(
        f"protvis analyze {source} --model mini --features contact --no-progress "
        f"--out {tmp_path / 'out'}",
        SOURCE_DATE_EPOCH="yesterday",
    )
    assert (found, said) == (
        2,
        "protvis: the environment variable SOURCE_DATE_EPOCH must be seconds since 1970, got "
        "'yesterday'\n",
    )
