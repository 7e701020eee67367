"""What the bundled model calls: contacts of families it knows, and nothing elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

import protvis as pv
from protvis.datasets import StructureDataset

pytestmark = pytest.mark.slow

KNOWN = ("3tgi.pdb", "5pti.pdb", "1enh.pdb", "1a3a.pdb.gz", "1rx2.pdb", "1ake.pdb", "1fqg.pdb")


def called(data: object) -> set[tuple[str, str, int, int]]:
    report = pv.analyze(
        data, "mini", features=["contact", "secondary_structure"], controls=(), progress=False
    )
    heads = report.heads()
    assert heads["scored"].sum() > 60
    rows = heads.loc[heads["called"], ["feature", "value", "layer", "head"]]
    return set(rows.itertuples(index=False, name=None))


def test_families_it_knows(shared_data: Path) -> None:
    """One structure of each of its seven families, none in its training."""
    folder = shared_data / "structures" / "mini_model"
    found = called([str(folder / name) for name in KNOWN])
    assert found == {("contact", "", 5, head) for head in range(1, 9)}


def test_proteins_it_does_not_know(shared_data: Path) -> None:
    """Antibodies and antigens, one chain of each of 40 complexes."""
    files = sorted((shared_data / "antibodies" / "complexes").glob("*.pdb.gz"))[::3]
    found = called(StructureDataset(files, chains="first"))
    assert found == set()
