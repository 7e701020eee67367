"""The structure files and reference values that lie beside some checkouts, for parametrising."""

from __future__ import annotations

import json
from pathlib import Path

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
TEST_FILES = Path(__file__).resolve().parents[1] / "data" / "structures"


def shared_files(pattern: str = "**/*") -> list[str]:
    """Names of the collected structure files, relative to their folder; empty where absent."""
    folder = SHARED / "structures"
    suffixes = (".pdb", ".cif", ".ent", ".bcif", ".mmtf", ".pdb.gz", ".cif.gz", ".bcif.gz")
    return sorted(
        str(path.relative_to(folder))
        for path in folder.glob(pattern)
        if path.name.endswith(suffixes)
    )


def references() -> dict[str, dict]:
    """Reference values by entry; empty where absent."""
    folder = SHARED / "reference"
    return {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("????.json"))}
