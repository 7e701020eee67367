"""From what a file says of a polymer to a `Chain`."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import gemmi
import numpy as np

from protvis.structure.atoms import AtomColumns, Atoms
from protvis.structure.chain import Chain
from protvis.structure.components import is_force_field_name, parent_letter
from protvis.structure.files import header
from protvis.structure.files.formats import ParsedFile
from protvis.structure.files.pdb_text import missing_residues
from protvis.structure.polymer import Position, observed_positions
from protvis.structure.seqres_alignment import places_by_number
from protvis.structure.seqres_rows import modelled_rows

__all__ = ["ChainBuilder", "Polymer", "Remark", "protein_polymers"]

_PEPTIDES = {
    gemmi.PolymerType.PeptideL,
    gemmi.PolymerType.PeptideD,
    gemmi.PolymerType.CyclicPseudoPeptide,
}
_MIN_RESIDUES = 2


class Remark(NamedTuple):
    """What to warn of, and the chain it is about, where it is about one."""

    text: str
    chain_id: str = ""


@dataclass
class Polymer:
    """A stretch of amino acids in a gemmi model, and the rows of its residues."""

    chain_id: str
    subchain: str
    residues: list[gemmi.Residue]
    starts: list[int]
    stops: list[int]


def protein_polymers(
    structure: gemmi.Structure, known: Collection[str] | None = None
) -> Iterator[tuple[Polymer, gemmi.ResidueSpan]]:
    """Yield every polymer of amino acids in the model, in order.

    Parameters
    ----------
    structure : gemmi.Structure
    known : collection of str, optional
        The subchains that are proteins; by default gemmi judges by the names of the residues.
    """
    row = 0
    for chain in structure[0]:
        polymer = chain.get_polymer()
        n_atoms = chain.count_atom_sites()
        if len(polymer) and (
            polymer.check_polymer_type() in _PEPTIDES
            if known is None
            else polymer.subchain_id() in known
        ):
            yield Polymer(chain.name, polymer.subchain_id(), *_rows(chain, polymer, row)), polymer
        row += n_atoms


class ChainBuilder:
    """Builds the chains of one file.

    Attributes
    ----------
    ranges : list of SecondaryRange
    protein : dict of (str, str) to None
        Chain id and subchain of every protein chain of the model, built or not, in order.
    caps : list of (str, Position)
        Chain id and residue of the caps taken out of the chains built.
    remarks : list of Remark
        What to warn of.
    """

    def __init__(self, parsed: ParsedFile, atoms: AtomColumns) -> None:
        self._parsed = parsed
        self._atoms = atoms
        self._numbering = header.SequenceNumbering(parsed.block)
        self._missing = missing_residues(list(parsed.structure.raw_remarks))
        self.ranges = header.secondary_ranges(parsed)
        self.protein: dict[tuple[str, str], None] = {}
        self.caps: list[tuple[str, Position]] = []
        self.remarks: list[Remark] = []
        self._letters: dict[str, str] = {}
        self._ranges_of: dict[str, list[header.SecondaryRange]] = {}
        for record in self.ranges:
            self._ranges_of.setdefault(record.chain_id, []).append(record)
        self._parents = {
            modified.res_id.name: modified.parent_comp_id
            for modified in parsed.structure.mod_residues
        }

    def build(self, polymer: Polymer, span: gemmi.ResidueSpan) -> Chain | None:
        """Return the chain, or None where there are not two residues with a Cα among them."""
        atoms, chain_id = self._atoms, polymer.chain_id
        if len(polymer.residues) < _MIN_RESIDUES:
            self.protein.pop((chain_id, polymer.subchain), None)
            return None
        entity = self._parsed.structure.get_entity_of(span)
        full_sequence = list(entity.full_sequence) if entity is not None else []
        observed = observed_positions(
            polymer.residues, polymer.starts, polymer.stops, atoms, bool(full_sequence)
        )
        missing = self._missing.get(chain_id, [])
        if full_sequence and self._parsed.file_format == "PDB":
            for position, place in zip(
                observed,
                places_by_number(observed, full_sequence, missing, self._letter_of) or (),
                strict=False,
            ):
                position.label_seq = place
        rows, caps, refusal = modelled_rows(
            observed,
            full_sequence,
            lambda places: self._numbering.of(polymer.subchain, places),
            missing,
            atoms,
            self._letter_of,
        )
        if len(observed) - len(caps) < _MIN_RESIDUES or not _has_calpha(rows, atoms):
            self.protein.pop((chain_id, polymer.subchain), None)
            return None
        self.caps += [(chain_id, cap) for cap in caps]
        if refusal:
            self._remark(
                chain_id,
                f"{refusal}, so SEQRES was set aside and the sequence is that of the residues "
                "with coordinates",
            )
        made = self._chain(chain_id, rows, bool(full_sequence) and not refusal)
        if made.breaks:
            where = ", ".join(made.residue_labels[index] for index in made.breaks[:5])
            more = f" and {len(made.breaks) - 5} more" if len(made.breaks) > 5 else ""
            self._remark(
                chain_id,
                f"the chain is broken after {where}{more}, and the file does not say what is "
                "missing (no SEQRES): residues on both sides count as neighbours",
            )
        return made

    def _remark(self, chain_id: str, message: str) -> None:
        self.remarks.append(Remark(f"chain {chain_id}: {message}", chain_id))

    def _letter_of(self, name: str) -> str:
        """Return the letter of a component by its name alone; CYX and CYS have the same."""
        return parent_letter(name, (), self._parents.get(name, ""))

    def _chain(self, chain_id: str, rows: list[Position], on_seqres: bool) -> Chain:
        atoms = self._atoms
        lengths = [row.atoms.size for row in rows]
        selected = np.concatenate([row.atoms for row in rows])
        return Chain(
            chain_id,
            sequence=self._sequence(rows),
            residue_names=[row.name for row in rows],
            residue_numbers=[row.number for row in rows],
            insertion_codes=[row.insertion_code for row in rows],
            seqres_positions=[row.label_seq or 0 for row in rows] if on_seqres else None,
            altlocs=[row.altloc for row in rows],
            variants=[row.variants for row in rows],
            secondary_structure=self._secondary_structure(chain_id, rows),
            atoms=Atoms.take(atoms, selected, np.repeat(np.arange(len(rows)), lengths)),
        )

    def _sequence(self, rows: list[Position]) -> str:
        names = [row.name for row in rows]
        letters = self._letters
        for name in set(names):
            if is_force_field_name(name):
                return "".join(map(self._letter, rows))
            if name not in letters:
                letters[name] = parent_letter(name, (), self._parents.get(name, ""))
        return "".join([letters[name] for name in names])

    def _letter(self, row: Position) -> str:
        names = set(self._atoms.names[row.atoms].astype(str).tolist())
        return parent_letter(row.name, names, self._parents.get(row.name, ""))

    def _secondary_structure(self, chain_id: str, rows: list[Position]) -> str | None:
        if not self.ranges:
            return None
        letters = ["-"] * len(rows)
        ranges = self._ranges_of.get(chain_id)
        if not ranges:
            return "".join(letters)
        index: dict[tuple[int, str], int] = {}
        for at, row in enumerate(rows):
            index.setdefault((row.number, row.insertion_code), at)
        for record in ranges:
            first, last = index.get(record.first), index.get(record.last)
            if first is not None and last is not None:
                letters[first : last + 1] = record.kind * max(0, last + 1 - first)
        return "".join(letters)


def _has_calpha(positions: list[Position], atoms: AtomColumns) -> bool:
    return any((atoms.names[position.atoms] == b"CA").any() for position in positions)


def _rows(
    chain: gemmi.Chain, polymer: gemmi.ResidueSpan, row: int
) -> tuple[list[gemmi.Residue], list[int], list[int]]:
    """Return the residues of a polymer with their rows; `row` is that of the chain's first atom."""
    subchain = polymer.subchain_id()
    # A polymer is one stretch of its chain, nearly always the first.
    for residue in chain:
        if residue.subchain == subchain:
            break
        row += len(residue)
    residues = list(polymer)
    bounds = list(itertools.accumulate(map(len, residues), initial=row))
    return residues, bounds[:-1], bounds[1:]
