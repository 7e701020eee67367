"""The bundled structures and models, each with a card beside it that says what it is."""

from __future__ import annotations

from pathlib import Path

__all__ = ["ADENYLATE_KINASE", "ANTIBODIES", "ANTIBODY", "EXAMPLES", "TRYPSIN", "UROKINASE"]

_HERE = Path(__file__).resolve().parent

TRYPSIN = _HERE / "1gbt.cif.gz"
"""Bovine trypsin, PDB entry 1GBT, as mmCIF (``1gbt.md``)."""

UROKINASE = _HERE / "4zhl.cif.gz"
"""Human urokinase with a peptide, PDB entry 4ZHL, as mmCIF (``4zhl.md``)."""

ADENYLATE_KINASE = _HERE / "1ake.cif.gz"
"""Adenylate kinase with AP5A, PDB entry 1AKE, as mmCIF (``1ake.md``)."""

ANTIBODIES = _HERE / "antibodies"
"""Folder of 14 complexes of antibody variable domains (chains H and L) with their antigens
(``antibodies.md``)."""

ANTIBODY = ANTIBODIES / "1vfb.pdb.gz"
"""One of them, D1.3 with hen lysozyme, PDB entry 1VFB."""

EXAMPLES = (TRYPSIN, UROKINASE, ADENYLATE_KINASE)
"""Structures of families that the bundled model ``mini`` knows."""
