"""The bundled structure and model, each with a card beside it that says what it is."""

from __future__ import annotations

from pathlib import Path

__all__ = ["TRYPSIN"]

TRYPSIN = Path(__file__).resolve().parent / "1gbt.cif.gz"
"""Bovine trypsin, PDB entry 1GBT, as mmCIF (``1gbt.md``)."""
