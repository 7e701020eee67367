"""Coordinates and residues; knows nothing about models."""

from protvis.structure.chain import Chain
from protvis.structure.fetching import fetch_structure
from protvis.structure.joined_chains import JoinedChains, join_chains
from protvis.structure.molecules import Molecule
from protvis.structure.structure import Structure
from protvis.structure.structure_loader import load_structure

__all__ = [
    "Chain",
    "JoinedChains",
    "Molecule",
    "Structure",
    "fetch_structure",
    "join_chains",
    "load_structure",
]
