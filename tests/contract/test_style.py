"""The linter, the formatter and the type checker have nothing to say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("arguments", [["check"], ["format", "--check"]], ids=" ".join)
def test_ruff(arguments: list[str]) -> None:
    run("ruff", *arguments, "--no-cache", ".")


def test_numpydoc() -> None:
    run("numpydoc", "lint", *sorted(map(str, (ROOT / "protvis").rglob("*.py"))))


def test_mypy() -> None:
    run("mypy")


def run(*arguments: str) -> None:
    """Run a module as a program; what it says is the failure."""
    command = [sys.executable, "-m", *arguments]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if result.returncode:
        pytest.fail(f"{result.stdout}{result.stderr}", pytrace=False)
