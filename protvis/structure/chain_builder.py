"""From what a file says of a polymer to a `Chain`."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator

import gemmi
import numpy as np

from protvis.errors import StructureWarning
from protvis.structure.atoms import AtomColumns, Atoms
from protvis.structure.chain import Chain
from protvis.structure.components import is_force_field_name, parent_letter
from protvis.structure.files import header
from protvis.structure.files.formats import ParsedFile
from protvis.structure.files.pdb_text import missing_residues
from protvis.structure.polymer import Position, modelled_rows, observed_positions
from protvis.structure.seqres_alignment import places_by_number

__all__ = ["ChainBuilder", "protein_polymers"]

_PEPTIDES = {
    gemmi.PolymerType.PeptideL,
    gemmi.PolymerType.PeptideD,
    gemmi.PolymerType.CyclicPseudoPeptide,
}
_MIN_RESIDUES = 2


def protein_polymers(
    structure: gemmi.Structure,
) -> Iterator[tuple[gemmi.Chain, gemmi.ResidueSpan, int]]:
    """Yield (chain, polymer, row of the chain's first atom) for every chain of amino acids."""
    row = 0
    for chain in structure[0]:
        polymer = chain.get_polymer()
        if len(polymer) and polymer.check_polymer_type() in _PEPTIDES:
            yield chain, polymer, row
        row += chain.count_atom_sites()


class ChainBuilder:
    """Builds the chains of one file.

    Attributes
    ----------
    ranges : list of SecondaryRange
    protein : dict of (str, str) to None
        Chain id and subchain of every protein chain of the model, built or not, in order.
    caps : list of (str, Position)
        Chain id and residue of the caps taken out of the chains built.
    """

    def __init__(self, parsed: ParsedFile, atoms: AtomColumns, origin: str) -> None:
        self._parsed = parsed
        self._atoms = atoms
        self._origin = origin
        self._numbering = header.SequenceNumbering(parsed.block)
        self._missing = missing_residues(list(parsed.structure.raw_remarks))
        self.ranges = header.secondary_ranges(parsed)
        self.protein: dict[tuple[str, str], None] = {}
        self.caps: list[tuple[str, Position]] = []
        self._letters: dict[str, str] = {}
        self._ranges_of: dict[str, list[header.SecondaryRange]] = {}
        for record in self.ranges:
            self._ranges_of.setdefault(record.chain_id, []).append(record)
        self._parents = {
            modified.res_id.name: modified.parent_comp_id
            for modified in parsed.structure.mod_residues
        }

    def build(self, chain: gemmi.Chain, polymer: gemmi.ResidueSpan, row: int) -> Chain | None:
        """Return the chain, or None where there are not two residues with a Cα among them."""
        atoms, structure = self._atoms, self._parsed.structure
        observed = observed_positions(*_rows(chain, polymer, row), atoms)
        if len(observed) < _MIN_RESIDUES or not _has_calpha(observed, atoms):
            self.protein.pop((chain.name, polymer.subchain_id()), None)
            return None
        entity = structure.get_entity_of(polymer)
        full_sequence = list(entity.full_sequence) if entity is not None else []
        missing = self._missing.get(chain.name, [])
        if full_sequence and self._parsed.file_format == "PDB":
            for position, place in zip(
                observed, places_by_number(observed, full_sequence, missing) or (), strict=False
            ):
                position.label_seq = place
        subchain = polymer.subchain_id()
        rows, caps, refusal = modelled_rows(
            observed,
            full_sequence,
            lambda places: self._numbering.of(subchain, places),
            missing,
            atoms,
        )
        self.caps += [(chain.name, cap) for cap in caps]
        if refusal:
            self._warn(
                chain.name,
                f"{refusal}, so SEQRES was set aside and the sequence is that of the residues "
                "with coordinates",
            )
        made = self._chain(chain.name, rows, bool(full_sequence) and not refusal)
        if made.breaks:
            where = ", ".join(made.residue_labels[index] for index in made.breaks[:5])
            more = f" and {len(made.breaks) - 5} more" if len(made.breaks) > 5 else ""
            self._warn(
                chain.name,
                f"the chain is broken after {where}{more}, and the file does not say what is "
                "missing (no SEQRES): residues on both sides count as neighbours",
            )
        return made

    def _warn(self, chain_id: str, message: str) -> None:
        warnings.warn(
            f"{self._origin}, chain {chain_id}: {message}", StructureWarning, stacklevel=5
        )

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
