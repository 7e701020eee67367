"""``protvis analyze`` killed at random moments: it goes on to the same bytes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
LETTERS = "ACDEFGHIKLMNPQRSTVWY"
N_RECORDS = 60


def write_proteins(folder: Path) -> list[str]:
    """Write proteins with binding sites, one of which cannot be read, and return the files."""
    rng = np.random.default_rng(0)
    table, text = ["record,position,feature,value"], []
    for number in range(N_RECORDS):
        name, n = f"p{number}", int(rng.integers(20, 40))
        # No model reads a sequence of nothing but a gap.
        sequence = "-" if number == 30 else "".join(rng.choice(list(LETTERS), n))
        text.append(f">{name}\n{sequence}\n")
        if len(sequence) > 1:
            places = rng.choice(n, 4, replace=False) + 1
            table += [f"{name},{place},binding_site," for place in places]
    (folder / "proteins.fasta").write_text("".join(text))
    (folder / "labels.csv").write_text("\n".join(table) + "\n")
    return [str(folder / "proteins.fasta"), str(folder / "labels.csv")]


@pytest.mark.slow
def test_killed_twenty_times_it_writes_the_same_bytes(tmp_path: Path) -> None:
    command = [
        *("analyze", *write_proteins(tmp_path), "--model", "mini", "--no-progress"),
        *("--features", "binding_site,amino_acid", "--threshold", "0.1"),
        # One is enough: controls are not in the journal, each run that ends counts them.
        *("--controls", "shuffled"),
    ]
    straight, killed = tmp_path / "straight", tmp_path / "killed"
    ran = subprocess.run(
        [sys.executable, "-m", "tests.cli.killed_runs", json.dumps(command), straight, killed, "1"],
        cwd=ROOT,
        env={**os.environ, "SOURCE_DATE_EPOCH": "1000000000"},
        capture_output=True,
        text=True,
        timeout=1800,  # Minutes on a busy machine; only a run that hangs takes so long.
    )
    assert ran.returncode == 0, ran.stderr
    statuses = json.loads(ran.stdout.splitlines()[-1])
    assert statuses == [0, *[-signal.SIGKILL] * 20, 0], ran.stderr
    files = {
        folder: {
            str(path.relative_to(folder)): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file()
        }
        for folder in (straight, killed)
    }
    names = {"report.protvis", "heads.csv", "ledger.csv", "journal/run.json"}
    assert files[straight].keys() == files[killed].keys() == {*names, "journal/progress.npz"}
    for name, content in files[straight].items():
        assert files[killed][name] == content, name
