"""Coordinates and residues; knows nothing about models."""

from protvis.structure.chain import Chain
from protvis.structure.entry import Structure
from protvis.structure.fetching import fetch_structure
from protvis.structure.joined import JoinedChains, join_chains
from protvis.structure.loading import load_structure
from protvis.structure.surroundings import Molecule

__all__ = [
    "Chain",
    "JoinedChains",
    "Molecule",
    "Structure",
    "fetch_structure",
    "join_chains",
    "load_structure",
]
