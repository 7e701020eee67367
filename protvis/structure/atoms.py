"""Atoms as arrays: all of a file, or those of one chain or molecule."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import gemmi
import numpy as np
from numpy.typing import NDArray

__all__ = ["NO_NUMBER", "AtomColumns", "Atoms"]

NO_NUMBER = int(np.iinfo(np.int32).min)
"""What stands for no author number, as in gemmi."""


class AtomColumns:
    """The atoms of one gemmi structure as arrays, in the order of the file.

    Attributes
    ----------
    names, elements : (n_atoms,) bytes arrays
    altlocs : (n_atoms,) int8 array
        Character code of the alternate location, 0 where there is none.
    xyz : (n_atoms, 3) float64 array, Å
    occupancy, b_factors : (n_atoms,) float32 arrays
    residue_names : (n_atoms,) bytes array
    numbers : (n_atoms,) int32 array
        Author number of each atom's residue, `NO_NUMBER` where it has none.
    codes : (n_atoms,) int8 array
        Character code of its insertion code, that of a blank where there is none.
    """

    def __init__(self, structure: gemmi.Structure) -> None:
        try:
            flat: gemmi.FlatStructure | _Listed = gemmi.FlatStructure(structure)
        except RuntimeError:
            # It has room for names of seven letters.
            flat = _Listed(structure)
        self.names = _as_bytes(flat.atom_names)
        self.elements = np.array(flat.element_names)
        self.altlocs = np.array(flat.altlocs)
        self.xyz = np.array(flat.pos, dtype=np.float64)
        self.occupancy = np.array(flat.occ, dtype=np.float32)
        self.b_factors = np.array(flat.b_iso, dtype=np.float32)
        self.residue_names = _as_bytes(flat.residue_names)
        self.numbers = np.array(flat.resnums)
        self.codes = np.array(flat.icodes)

    # What is asked of every residue in turn, in forms that cost no array operation to ask.

    @cached_property
    def every_row(self) -> NDArray[np.intp]:
        """All rows in order, to take slices of."""
        rows = np.arange(len(self.names))
        rows.setflags(write=False)
        return rows

    @cached_property
    def n_altlocs_before(self) -> NDArray[np.intp]:
        """How many atoms before each row (and before the end) have an alternate location."""
        return np.concatenate([[0], np.cumsum(self.altlocs != 0)])

    @cached_property
    def n_calphas_before(self) -> NDArray[np.intp]:
        """How many atoms before each row (and before the end) are called ``CA``."""
        return np.concatenate([[0], np.cumsum(self.is_calpha)])

    @cached_property
    def is_calpha(self) -> NDArray[np.bool_]:
        """Which atoms are called ``CA``."""
        return self.names == b"CA"

    @cached_property
    def residue_bounds(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """First row of each residue, and the row past its last."""
        changes = (
            (self.numbers[1:] != self.numbers[:-1])
            | (self.codes[1:] != self.codes[:-1])
            | (self.residue_names[1:] != self.residue_names[:-1])
        )
        edges = np.concatenate([[0], np.flatnonzero(changes) + 1, [len(self.names)]])
        return edges[:-1], edges[1:]

    @cached_property
    def name_codes(self) -> NDArray[np.uint64]:
        """A number for each name, the same for the same name."""
        width = self.names.dtype.itemsize
        if width == 8:
            return self.names.view(np.uint64)
        return np.unique(self.names, return_inverse=True)[1].astype(np.uint64)


class _Listed:
    """What `gemmi.FlatStructure` holds, for names too long for it."""

    def __init__(self, structure: gemmi.Structure) -> None:
        pairs = [(residue, atom) for chain in structure[0] for residue in chain for atom in residue]
        atoms = [atom for _, atom in pairs]
        self.atom_names = _padded([atom.name for atom in atoms])
        self.residue_names = _padded([residue.name for residue, _ in pairs])
        self.element_names = np.array([atom.element.name for atom in atoms], dtype="S2")
        self.altlocs = _codes([atom.altloc for atom in atoms])
        self.pos = np.array([atom.pos.tolist() for atom in atoms])
        self.occ = np.array([atom.occ for atom in atoms], dtype=np.float32)
        self.b_iso = np.array([atom.b_iso for atom in atoms], dtype=np.float32)
        numbers = [residue.seqid.num for residue, _ in pairs]
        self.resnums = np.array(
            [NO_NUMBER if number is None else number for number in numbers], dtype=np.int32
        )
        self.icodes = _codes([residue.seqid.icode for residue, _ in pairs])


def _codes(letters: list[str]) -> NDArray[np.int8]:
    # Negative for what is not ASCII, as the bytes of gemmi are.
    return np.array([ord(letter) & 255 for letter in letters], dtype=np.uint8).view(np.int8)


def _padded(texts: list[str]) -> NDArray[np.int8]:
    encoded = np.array([text.encode() for text in texts])
    return encoded.view(np.int8).reshape(len(texts), -1)


def _as_bytes(letters: Any) -> NDArray[np.bytes_]:
    array = np.ascontiguousarray(letters)
    return array.view(f"S{array.shape[1]}").ravel()


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
        cls, columns: AtomColumns | Atoms, rows: NDArray[np.intp], residues: NDArray[np.intp]
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
