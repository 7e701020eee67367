"""One model of a file read into protein chains, and what is at fault with the reading."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from functools import cached_property

import gemmi
import numpy as np
from numpy.typing import NDArray

from protvis.errors import LabelError, StructureError, unknown_name
from protvis.structure.atoms import AtomColumns
from protvis.structure.backbone import is_out_of_order, residues_outside
from protvis.structure.chain import Chain
from protvis.structure.chain_builder import ChainBuilder, Polymer, protein_polymers
from protvis.structure.files.formats import ParsedFile

__all__ = ["ModelReading"]

_MAX_COORDINATE = 1e6
"""Å; PDB files have room for a tenth of it, and no molecule reaches so far."""


class ModelReading:
    """The protein chains of the one model that a parsed file has left.

    Parameters
    ----------
    parsed : ParsedFile
    origin : str
    wanted : list of str, optional
        Ids of the chains to build; all by default.
    proteins : collection of str, optional
        The subchains that are proteins; by default gemmi judges by the names of the residues.

    Attributes
    ----------
    chains : dict of str to Chain
        The chains built, by id.
    builder : ChainBuilder
    atoms : AtomColumns
    remarks : list of Remark
        What to warn of.
    """

    def __init__(
        self,
        parsed: ParsedFile,
        origin: str,
        wanted: list[str] | None,
        proteins: Collection[str] | None = None,
    ) -> None:
        structure = parsed.structure
        structure.setup_entities()
        if parsed.block is None:
            structure.assign_label_seq_id()
        self.atoms = AtomColumns(structure)
        _check_atoms(structure, self.atoms, origin)
        self.builder = ChainBuilder(parsed, self.atoms)
        self.chains: dict[str, Chain] = {}
        self._polymers: list[Polymer] = []
        self._is_torn = False
        for polymer, span in protein_polymers(structure, proteins):
            self._polymers.append(polymer)
            self.builder.protein[polymer.chain_id, polymer.subchain] = None
            if wanted is not None and polymer.chain_id not in wanted:
                continue
            made = self.builder.build(polymer, span)
            if made is None:
                continue
            self._is_torn |= made.chain_id in self.chains
            self.chains.setdefault(made.chain_id, made)
            if made.breaks:
                self._is_torn |= len({residue.segment for residue in span}) > 1
        self.remarks = self.builder.remarks
        self._wanted = wanted
        self._origin = origin

    @property
    def is_doubtful(self) -> bool:
        """Whether ids and order do not tell the chains: `protvis.structure.backbone` says of what.

        Besides, several chains have one id, a number stands for several residues, or a chain is
        broken where its segment id changes.
        """
        chains = self.chains.values()
        return (
            self._is_torn
            or bool(self._outside.size)
            or any(map(_repeats_numbers, chains))
            or any(map(is_out_of_order, chains))
        )

    @property
    def faults(self) -> list[str]:
        """What must hold of every reading and does not."""
        found = []
        if self._outside.size:
            listed = [self._name(row) for row in self._outside[:6].tolist()]
            more = f" and {self._outside.size - 6} more" if self._outside.size > 6 else ""
            found.append(
                f"{', '.join(listed)}{more} are bonded like residues of a chain, but lie outside "
                "all protein chains"
            )
        for chain in self.chains.values():
            labels = Counter(chain.residue_labels) if _repeats_numbers(chain) else Counter()
            repeated = [label for label, n in labels.items() if n > 1]
            if repeated:
                more = f" and {len(repeated) - 6} more" if len(repeated) > 6 else ""
                found.append(
                    f"several residues are called {', '.join(repeated[:6])}{more}; a label finds "
                    "the first"
                )
            if is_out_of_order(chain):
                found.append(
                    f"chain {chain.chain_id}: the residues are not in the order of their bonds"
                )
        return found

    @cached_property
    def _outside(self) -> NDArray[np.intp]:
        return residues_outside(self.atoms, self._is_inside())

    def require(self) -> None:
        """Refuse chains asked for that are not there.

        Raises
        ------
        LabelError
            With the names of those that are.
        """
        there = [polymer.chain_id for polymer in self._polymers]
        for chain_id in self._wanted or ():
            if chain_id not in there and there:
                raise LabelError(
                    f"{self._origin}: {unknown_name('protein chain', chain_id, there)}"
                )

    def _is_inside(self) -> NDArray[np.bool_]:
        inside = np.zeros(len(self.atoms.names), dtype=bool)
        for polymer in self._polymers:
            if (polymer.chain_id, polymer.subchain) in self.builder.protein and polymer.stops:
                inside[polymer.starts[0] : polymer.stops[-1]] = True
        return inside

    def _name(self, row: int) -> str:
        name = self.atoms.residue_names[row].decode("ascii", "replace")
        return f"{name}{self.atoms.numbers[row]}{chr(self.atoms.codes[row]).strip()}"


def _repeats_numbers(chain: Chain) -> bool:
    """Return whether two residues have the same number and insertion code."""
    numbers = chain.residue_numbers
    if (numbers[1:] > numbers[:-1]).all():
        return False
    keys = set(zip(numbers.tolist(), chain.insertion_codes, strict=True))
    return len(keys) < chain.n_residues


def _check_atoms(structure: gemmi.Structure, atoms: AtomColumns, origin: str) -> None:
    """Refuse atoms whose coordinates are no places or whose names cannot be written down."""
    for chain in structure[0]:
        if not chain.name.isprintable() or {"'", '"'}.issubset(chain.name):
            raise StructureError(
                f"{origin} has a chain called {chain.name!r}; write the file again with an id "
                "without line breaks, or with one kind of quotes"
            )
    letters = atoms.names.view(np.int8).reshape(len(atoms.names), -1)
    far = max(-atoms.xyz.min(), atoms.xyz.max())
    is_odd = (letters < 33) & (letters != 0)
    if far < _MAX_COORDINATE and not is_odd.any() and atoms.altlocs.min() >= 0:
        return
    bad = np.flatnonzero(~np.isfinite(atoms.xyz).all(axis=1))
    what = "a coordinate that is not a number"
    if not bad.size:
        bad = np.flatnonzero((np.abs(atoms.xyz) >= _MAX_COORDINATE).any(axis=1))
        what = f"a coordinate of {_MAX_COORDINATE:,.0f} Å or more"
    if not bad.size:
        bad = np.flatnonzero((letters < 0).any(axis=1) | (atoms.altlocs < 0))
        what = "a name or alternate location that is not ASCII"
    if not bad.size:
        bad = np.flatnonzero(is_odd.any(axis=1))
        what = "a name with a blank or a line break in it"
    row = 0
    for chain in structure[0]:
        for residue in chain:
            if row <= bad[0] < row + len(residue):
                atom = atoms.names[bad[0]].decode("ascii", "replace")
                atom = atom if atom.isprintable() else repr(atom)
                raise StructureError(
                    f"{origin}: atom {atom} of {chain.name}:{residue.name}{residue.seqid} has "
                    f"{what} ({bad.size} such atoms); write the file again, or remove those atoms "
                    "so that they count as unobserved"
                )
            row += len(residue)
