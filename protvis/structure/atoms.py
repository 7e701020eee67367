"""Atoms as arrays: all of a file, or those of one chain or molecule."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import gemmi
import numpy as np
from numpy.typing import NDArray

__all__ = ["AtomColumns", "Atoms"]


class AtomColumns:
    """The atoms of one gemmi structure as arrays, in the order of the file.

    Attributes
    ----------
    names, elements : (n_atoms,) bytes arrays
    altlocs : (n_atoms,) int8 array
        Character code of the alternate location, 0 where there is none.
    xyz : (n_atoms, 3) float64 array, Å
    occupancy, b_factors : (n_atoms,) float32 arrays
    """

    def __init__(self, structure: gemmi.Structure) -> None:
        flat = gemmi.FlatStructure(structure)
        names = np.ascontiguousarray(flat.atom_names)
        self.names = names.view(f"S{names.shape[1]}").ravel()
        self.elements = np.array(flat.element_names)
        self.altlocs = np.array(flat.altlocs)
        self.xyz = np.array(flat.pos, dtype=np.float64)
        self.occupancy = np.array(flat.occ, dtype=np.float32)
        self.b_factors = np.array(flat.b_iso, dtype=np.float32)

    # What is asked of every residue in turn, in forms that cost no array operation to ask.

    @cached_property
    def name_list(self) -> list[bytes]:
        """The names as a list."""
        return self.names.tolist()

    @cached_property
    def every_row(self) -> NDArray[np.intp]:
        """All rows in order, to take slices of."""
        rows = np.arange(len(self.names))
        rows.setflags(write=False)
        return rows

    @cached_property
    def n_altlocs_before(self) -> list[int]:
        """How many atoms before each row (and before the end) have an alternate location."""
        return [0, *np.cumsum(self.altlocs != 0).tolist()]

    @cached_property
    def n_calphas_before(self) -> list[int]:
        """How many atoms before each row (and before the end) are called ``CA``."""
        return [0, *np.cumsum(self.names == b"CA").tolist()]


@dataclass(frozen=True)
class Atoms:
    """Atoms of one chain or molecule, one place each.

    Attributes
    ----------
    residues : (n_atoms,) int array
        Index of each atom's residue in its chain or molecule.
    names, elements : (n_atoms,) bytes arrays
        Such as ``b"CA"`` and ``b"C"``.
    xyz : (n_atoms, 3) float64 array, Å
    occupancy : (n_atoms,) float32 array, fraction
    b_factors : (n_atoms,) float32 array
        B factor (Å²), or what a predictor writes in its place.
    """

    residues: NDArray[np.intp]
    names: NDArray[np.bytes_]
    elements: NDArray[np.bytes_]
    xyz: NDArray[np.float64]
    occupancy: NDArray[np.float32]
    b_factors: NDArray[np.float32]

    @classmethod
    def take(
        cls, columns: AtomColumns, rows: NDArray[np.intp], residues: NDArray[np.intp]
    ) -> Atoms:
        """Return the atoms in some rows of `columns`."""
        atoms = cls(
            residues,
            columns.names[rows],
            columns.elements[rows],
            columns.xyz[rows],
            columns.occupancy[rows],
            columns.b_factors[rows],
        )
        for array in vars(atoms).values():
            array.setflags(write=False)
        return atoms
