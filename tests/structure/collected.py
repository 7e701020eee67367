"""The structure files and reference values that lie beside some checkouts, for parametrising."""

from __future__ import annotations

import json
from pathlib import Path

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
TEST_FILES = Path(__file__).resolve().parents[1] / "data" / "structures"

# What these files hold has no protein, or is damaged: what to look for in the message.
REFUSED = {
    "dialects/lowerCaseResname.pdb": "no protein chain",
    "malformed/1AKE_err.cif": "Wrong number of values",
    "malformed/1AKE_err_a.pdb": "y coordinate .* is missing .line 7",
    "malformed/1AKE_err_b.pdb": "x coordinate .* is missing .line 5",
    "malformed/1AKE_err_c.pdb": "no protein chain: it takes two amino acids",
    "malformed/5digitResid.pdb": "no protein chain",
    "malformed/empty.pdb": "is empty",
    "malformed/empty_model.pdb": "no atoms",
    "malformed/ensemble_error_1.pdb": "no protein chain",
    "malformed/ensemble_error_MODEL.pdb": "no protein chain",
    "malformed/hetatm_bad.pdb": "no protein chain",
    "malformed/html_404.pdb": "web page",
    "malformed/html_404.pdb.gz": "web page",
    "malformed/incomplete.pdb": "duplicate MODEL number",
    "malformed/json_error.cif": "Entry not found",
    "malformed/nan_coords_1crn.pdb": "'nan', not a number",
    "malformed/non-pdb.pdb": "not a structure file",
    "malformed/truncated_1aki.bcif": "damaged or cut off",
    "malformed/truncated_3eiy.pdb.gz": "cut off",
    "malformed/truncated_midline_1crn.pdb": "line 422; the file may be cut off",
    "malformed/truncated_midloop_1crn.cif": "cut off",
    "noprotein/1bna.pdb": "no protein chain",
    "noprotein/5moo_header.pdb": "no atoms",
    "noprotein/867861-core.cif": "small-molecule",
    "noprotein/HEM_chemcomp.cif": "chemical component",
    "noprotein/ions.pdb": "no protein chain",
    "noprotein/r5wkdsf.ent": "structure factors",
    "plain/1crn.mmtf": "MMTF .* retired",
}


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
