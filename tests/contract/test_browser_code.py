"""The browser code's own checks, run from here so that one command and one summary cover both."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

JS = Path(__file__).resolve().parents[2] / "js"


def npm(script: str) -> None:
    """Run a script of js/package.json; its output is the message where it fails."""
    command = shutil.which("npm")
    if command is None or not (JS / "node_modules").is_dir():
        message = "needs Node.js and js/node_modules; `make test` installs them"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    result = subprocess.run(
        [command, "run", "--silent", script],
        cwd=JS,
        env={**os.environ, "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if result.returncode:
        pytest.fail(f"npm run {script}:\n{result.stdout[-20_000:]}", pytrace=False)


def test_style() -> None:
    npm("lint")


def test_types() -> None:
    npm("typecheck")


def test_units() -> None:
    npm("test")
