"""The families: which alignment belongs to which structures, and where both lie."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from protvis import load_structure

__all__ = ["FAMILIES", "QUERIES", "ROOT", "SHARED", "Query", "load_query"]

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared" / "data"


@dataclass(frozen=True)
class Query:
    """A chain of known structure that stands for a family when maps are measured.

    Attributes
    ----------
    name : str
        PDB id, as tables print it.
    family : str
        Name of the alignment.
    file : str
        File in the folder of structures; one with a ``/`` is counted from the repository's root.
    chain : str
        Author chain id.
    """

    name: str
    family: str
    file: str
    chain: str

    def path(self, structures: Path) -> Path:
        """Return where the file is, given the folder of structures."""
        return ROOT / self.file if "/" in self.file else structures / self.file


QUERIES = (
    Query("1GBT", "trypsin", "protvis/data/1gbt.cif.gz", "A"),
    Query("3TGI", "trypsin", "3tgi.pdb", "E"),
    Query("5PTI", "kunitz", "5pti.pdb", "A"),
    Query("1ENH", "homeodomain", "1enh.pdb", "A"),
    Query("1A3A", "ptsIIA", "1a3a.pdb.gz", "A"),
    Query("1RX2", "dhfr", "1rx2.pdb", "A"),
    Query("1AKE", "adk", "1ake.pdb", "A"),
    Query("1FQG", "betalac", "1fqg.pdb", "A"),
    Query("1ATG", "modA", "1atg_a.pdb", "A"),
    Query("2QKE", "kaib", "2qkee.pdb", "E"),
    Query("4HHB", "globin", "4hhb.pdb.gz", "A"),
    Query("1K0N", "clic1", "1k0na.pdb", "A"),
)

FAMILIES = tuple(dict.fromkeys(query.family for query in QUERIES))


@cache
def load_query(query: Query, structures: Path) -> tuple[str, np.ndarray]:
    """Return a chain's sequence and its Cβ coordinates (n_residues, 3), Å, NaN where missing.

    The sequence is the whole modelled one, as the explorer hands it to a model. It may start as a
    chain id that the file does not have when the file holds one chain only; that one is taken.
    """
    path = query.path(structures)
    structure = load_structure(path)
    ids = tuple(structure.chains)
    chain = structure.chain(query.chain if query.chain in ids else ids[0])
    return chain.sequence, np.asarray(chain.coordinates("CB"), dtype=np.float64)
