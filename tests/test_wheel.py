"""The wheel carries all it needs: built, installed where there is no Node, and used there."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

BUNDLE_NAMES = ("widget.js", "opening.js", "page.js", "ngl.js", "explorer.css")

CARRIED = (
    "protvis/static/widget.js",
    "protvis/static/opening.js",
    "protvis/static/page.js",
    "protvis/static/ngl.js",
    "protvis/static/explorer.css",
    "protvis/data/1gbt.cif.gz",
    "protvis/data/1gbt.md",
    "protvis/data/4zhl.cif.gz",
    "protvis/data/1ake.cif.gz",
    "protvis/data/vig2021.json",
    "protvis/data/mini/CARD.md",
    "protvis/data/mini/model.safetensors",
)


def run(*command: str | Path, **options: object) -> subprocess.CompletedProcess[str]:
    """Run a command and fail with what it said if it fails."""
    result = subprocess.run(
        [str(word) for word in command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        **options,  # type: ignore[call-overload]
    )
    if result.returncode:
        pytest.fail(f"{command}:\n{result.stdout}{result.stderr}", pytrace=False)
    return result


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory, bundle: Path) -> Path:
    """The wheel of this checkout."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    (wheel,) = folder.glob("protvis-*.whl")
    return wheel


@pytest.fixture(scope="module")
def clean_python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python of its own that has the wheel.

    protvis itself comes from the wheel alone. Its dependencies are borrowed from the environment
    of the tests by a ``.pth`` file, since a second PyTorch is minutes of unpacking; that the
    dependencies declared are enough is what ``make demo`` in an empty clone shows.
    """
    folder = tmp_path_factory.mktemp("clean") / "venv"
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", python, "install", "--no-index", "--no-deps")
    run(*pip, "--disable-pip-version-check", wheel)
    (site_packages,) = folder.glob("lib/python*/site-packages")
    # Read as a path entry, the borrowed folder's own .pth files, our editable install among them,
    # have no effect.
    (site_packages / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python


@pytest.fixture
def without_node(clean_python: Path) -> dict[str, str]:
    """An environment whose PATH holds the clean Python and nothing else."""
    kept = {name: os.environ[name] for name in ("HOME", "TMPDIR", "LANG") if name in os.environ}
    return {**kept, "PATH": str(clean_python.parent), "PROTVIS_OFFLINE": "1", "HF_HUB_OFFLINE": "1"}


def test_wheel_holds_bundle_data_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert set(CARRIED) <= set(names)
    outside = [name for name in names if not name.startswith(("protvis/", "protvis-"))]
    assert outside == []
    built = {name for name in names if name.startswith("protvis/static/")}
    assert not [name for name in built if name.endswith((".map", ".ts"))]


@pytest.fixture
def unbuilt(tmp_path: Path) -> Path:
    """A checkout whose browser code nobody has built, and an empty ``bin`` to run programs from."""
    for name in ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    for folder in ("bin", "js", "protvis"):
        (tmp_path / folder).mkdir()
    (tmp_path / "protvis" / "_version.py").write_text('__version__ = "0"\n')
    return tmp_path


def program(checkout: Path, name: str, script: str) -> None:
    """Put a program into ``bin``."""
    path = checkout / "bin" / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def build_wheel(checkout: Path) -> subprocess.CompletedProcess[str]:
    """Build a wheel with the programs of ``bin`` alone."""
    return subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel"],
        cwd=checkout,
        env={**os.environ, "PATH": str(checkout / "bin")},
        capture_output=True,
        text=True,
        check=False,
    )


def test_wheel_builds_the_missing_bundle(unbuilt: Path) -> None:
    program(unbuilt, "node", "echo v22.1.0")
    static = unbuilt / "protvis" / "static"
    made = [f'echo made > "{static / name}"' for name in BUNDLE_NAMES]
    said = unbuilt / "said"
    script = f'echo "$@" >> "{said}"; [ "$1" = ci ] || {{ {"; ".join(made)}; }}'
    static.mkdir()
    program(unbuilt, "npm", script)
    result = build_wheel(unbuilt)
    assert result.returncode == 0, result.stderr
    assert said.read_text().splitlines() == ["ci --no-audit --no-fund", "run build"]
    (wheel,) = (unbuilt / "dist").iterdir()
    assert zipfile.ZipFile(wheel).read("protvis/static/page.js") == b"made\n"
    # What is there is not built again.
    assert build_wheel(unbuilt).returncode == 0
    assert len(said.read_text().splitlines()) == 2


@pytest.mark.parametrize(
    ("programs", "message"),
    [
        ({}, "and it was not found. Install it"),
        ({"node": "echo v20.0.0"}, "it was found without npm"),
        ({"node": "echo v18.20.1", "npm": "exit 0"}, "node is v18.20.1"),
        ({"node": "echo v20.0.0", "npm": "echo no such host; exit 7"}, "no such host"),
    ],
    ids=["no Node", "no npm", "old Node", "npm fails"],
)
def test_wheel_is_refused_without_the_bundle(
    unbuilt: Path, programs: dict[str, str], message: str
) -> None:
    for name, script in programs.items():
        program(unbuilt, name, script)
    result = build_wheel(unbuilt)
    assert result.returncode != 0
    assert message in result.stderr
    assert ("make wheel" in result.stderr) is ("such host" not in message)
    assert not (unbuilt / "dist").exists() or not list((unbuilt / "dist").iterdir())


def test_installed_wheel_writes_the_demo_without_node(
    clean_python: Path, without_node: dict[str, str], tmp_path: Path
) -> None:
    where = run(
        clean_python,
        "-c",
        "import protvis, shutil; print(protvis.__file__); print(shutil.which('node'))",
        cwd=tmp_path,
        env=without_node,
    ).stdout.splitlines()
    assert Path(where[0]).is_relative_to(clean_python.parent.parent)
    assert where[1] == "None"

    protvis = clean_python.with_name("protvis")
    result = run(protvis, "demo", "-o", "page.html", cwd=tmp_path, env=without_node)
    assert str(tmp_path / "page.html") in result.stdout
    page = (tmp_path / "page.html").read_text("utf-8")
    assert page.lstrip().lower().startswith("<!doctype html>")
    assert "1GBT" in page
    # `make demo` promises at most this.
    assert len(page.encode()) <= 5_000_000
