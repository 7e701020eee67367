"""Pack protvis with its browser code, and build that code first if it is not there yet."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any, NoReturn

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUNDLE = (
    "protvis/static/widget.js",
    "protvis/static/opening.js",
    "protvis/static/page.js",
    "protvis/static/ngl.js",
    "protvis/static/explorer.css",
)
NODE = 20


class BundleHook(BuildHookInterface):
    """Build what ``npm run build`` builds; an editable install does without it."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the bundle where a file of it is missing.

        Raises
        ------
        RuntimeError
            If Node.js is missing or too old, or npm fails.
        """
        root = Path(self.root)
        if version == "editable" or all((root / name).is_file() for name in BUNDLE):
            return
        npm = find_npm()
        if not (root / "js" / "node_modules").is_dir():
            run(npm, "ci", "--no-audit", "--no-fund", cwd=root / "js")
        run(npm, "run", "build", cwd=root / "js")


def find_npm() -> str:
    """Return the path of npm, once Node.js is known to be recent enough."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        refuse("it was not found" if node is None else "it was found without npm")
    found = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    if int(found.strip().removeprefix("v").partition(".")[0] or 0) < NODE:
        refuse(f"{node} is {found.strip() or 'of an unknown version'}")
    return npm


def run(*command: str, cwd: Path) -> None:
    """Run a command of npm; what it printed is the error if it fails."""
    result = subprocess.run(
        command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if result.returncode:
        said = result.stdout[-3000:].rstrip()
        raise RuntimeError(f"`npm {' '.join(command[1:])}` failed in {cwd}:\n{said}")


def refuse(reason: str) -> NoReturn:
    """Say what is missing and the two ways on."""
    raise RuntimeError(
        f"protvis needs Node.js {NODE} or newer, with npm, to build its browser code, and {reason}."
        " Install it from https://nodejs.org and try again, or install a wheel, which holds the "
        "code already: `make wheel` on a machine with Node.js writes one to dist/."
    )
