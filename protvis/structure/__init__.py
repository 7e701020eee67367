"""Coordinates and residues; knows nothing about models."""

from protvis.structure.chain import Chain
from protvis.structure.entry import Structure
from protvis.structure.loading import load_structure

__all__ = ["Chain", "Structure", "load_structure"]
