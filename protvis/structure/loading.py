"""`load_structure`: from any source to a `Structure`."""

from __future__ import annotations

import os
import string
import warnings
from collections.abc import Iterable, Iterator
from typing import Any

import gemmi
import numpy as np

from protvis.errors import LabelError, StructureError, unknown_name
from protvis.structure import header
from protvis.structure.atoms import AtomColumns, Atoms
from protvis.structure.chain import Chain
from protvis.structure.components import is_force_field_name, parent_letter
from protvis.structure.entry import Structure
from protvis.structure.formats import ParsedFile, parse
from protvis.structure.pdb_text import missing_residues
from protvis.structure.polymer import Position, modelled_rows, observed_positions
from protvis.structure.sources import read_bytes
from protvis.structure.surroundings import Surroundings

__all__ = ["load_structure"]

_PEPTIDES = {
    gemmi.PolymerType.PeptideL,
    gemmi.PolymerType.PeptideD,
    gemmi.PolymerType.CyclicPseudoPeptide,
}
_MIN_RESIDUES = 2


def load_structure(
    source: str | os.PathLike[str] | bytes | Any, *, chains: Iterable[str] | str | None = None
) -> Structure:
    """Load the protein chains of a structure.

    Parameters
    ----------
    source : path, bytes, open file or Biopython Structure
        PDB or mmCIF, plain or gzipped; the content decides, not the name.
    chains : iterable of str, or str, optional
        Author ids of the chains to load; every protein chain by default.

    Returns
    -------
    Structure
        Of the first model; chains in the order of the file.

    Raises
    ------
    StructureError
        If the source cannot be read, or holds no protein.
    LabelError
        If a chain asked for is not there.
    """
    wanted = _wanted_chains(chains)
    if isinstance(source, Structure):
        raise TypeError("this is a Structure already; use it as it is")
    parsed, origin, stem = _open(source)
    structure = parsed.structure
    if not len(structure) or not sum(len(chain) for chain in structure[0]):
        raise StructureError(
            f"{origin} holds no atoms; give a file with coordinates (ATOM records or _atom_site)"
        )
    while len(structure) > 1:
        del structure[len(structure) - 1]
    _name_blank_chains(structure)
    structure.setup_entities()
    if parsed.block is None:
        structure.assign_label_seq_id()
    atoms = AtomColumns(structure)
    _check_finite(structure, atoms, origin)
    builder = _ChainBuilder(parsed, atoms, origin)
    built = _build_chains(structure, builder, wanted, origin)
    return Structure(
        name=header.name(parsed, stem),
        title=header.title(structure),
        method=header.method(structure),
        source=origin,
        is_predicted=header.is_predicted(parsed),
        chains=built,
        secondary_ranges=builder.ranges,
        surroundings=Surroundings(structure, atoms, builder.protein, builder.caps),
    )


def _wanted_chains(chains: Iterable[str] | str | None) -> list[str] | None:
    if chains is None:
        return None
    if isinstance(chains, str):
        return [chains]
    wanted = [str(chain_id) for chain_id in chains]
    if not wanted:
        raise LabelError("chains is empty; name at least one chain, or leave it out for all")
    return list(dict.fromkeys(wanted))


def _open(source: Any) -> tuple[ParsedFile, str, str]:
    if hasattr(source, "get_models") or hasattr(source, "get_chains"):
        from protvis.structure.biopython import parse_biopython

        return parse_biopython(source)
    if not isinstance(source, str | os.PathLike | bytes | bytearray | memoryview) and not hasattr(
        source, "read"
    ):
        raise TypeError(
            "source must be a path, bytes, an open file or a Biopython Structure, "
            f"got {type(source).__name__}"
        )
    content = read_bytes(source)
    return parse(content), content.origin, content.stem


def _name_blank_chains(structure: gemmi.Structure) -> None:
    """Give a chain without an id the first letter that is free, as labels need one."""
    names = {chain.name for chain in structure[0]}
    for chain in structure[0]:
        if not chain.name.strip():
            free = next(letter for letter in string.ascii_uppercase if letter not in names)
            structure.rename_chain(chain.name, free)
            return


def _check_finite(structure: gemmi.Structure, atoms: AtomColumns, origin: str) -> None:
    bad = np.flatnonzero(~np.isfinite(atoms.xyz).all(axis=1))
    if not bad.size:
        return
    row = 0
    for chain in structure[0]:
        for residue in chain:
            if row <= bad[0] < row + len(residue):
                where = (
                    f"{atoms.names[bad[0]].decode()} of {chain.name}:{residue.name}{residue.seqid}"
                )
                raise StructureError(
                    f"{origin}: a coordinate of atom {where} is not a number "
                    f"({bad.size} such atoms); write the file again, or remove those atoms so "
                    "that they count as unobserved"
                )
            row += len(residue)


def _protein_polymers(
    structure: gemmi.Structure,
) -> Iterator[tuple[gemmi.Chain, gemmi.ResidueSpan, int]]:
    """Yield (chain, polymer, row of the chain's first atom) for every chain of amino acids."""
    row = 0
    for chain in structure[0]:
        polymer = chain.get_polymer()
        if len(polymer) and polymer.check_polymer_type() in _PEPTIDES:
            yield chain, polymer, row
        row += sum(len(residue) for residue in chain)


def _build_chains(
    structure: gemmi.Structure, builder: _ChainBuilder, wanted: list[str] | None, origin: str
) -> dict[str, Chain]:
    polymers = list(_protein_polymers(structure))
    if wanted is not None:
        there = [chain.name for chain, _, _ in polymers]
        for chain_id in wanted:
            if chain_id not in there and there:
                raise LabelError(f"{origin}: {unknown_name('protein chain', chain_id, there)}")
    builder.protein.update((chain.name, polymer.subchain_id()) for chain, polymer, _ in polymers)
    if wanted is not None:
        polymers = [entry for entry in polymers if entry[0].name in wanted]
    built: dict[str, Chain] = {}
    for chain, polymer, row in polymers:
        made = builder.build(chain, polymer, row)
        if made is not None and made.chain_id not in built:
            built[made.chain_id] = made
    if not built:
        names = sorted({residue.name for chain in structure[0] for residue in chain})
        listed = ", ".join(names[:8]) + (", …" if len(names) > 8 else "")
        raise StructureError(
            f"{origin} holds no protein chain: it takes two amino acids or more, with Cα atoms; "
            f"there is {listed}. Give a file with a protein in it"
        )
    return built


class _ChainBuilder:
    """Builds the chains of one file."""

    def __init__(self, parsed: ParsedFile, atoms: AtomColumns, origin: str) -> None:
        self._parsed = parsed
        self._atoms = atoms
        self._origin = origin
        self._numbering = header.SequenceNumbering(parsed.block)
        self._missing = missing_residues(list(parsed.structure.raw_remarks))
        self.ranges = header.secondary_ranges(parsed)
        self.protein: set[tuple[str, str]] = set()
        self.caps: list[tuple[str, Position]] = []
        self._parents = {
            modified.res_id.name: modified.parent_comp_id
            for modified in parsed.structure.mod_residues
        }

    def build(self, chain: gemmi.Chain, polymer: gemmi.ResidueSpan, row: int) -> Chain | None:
        atoms, structure = self._atoms, self._parsed.structure
        observed = observed_positions(_with_rows(chain, polymer, row), atoms)
        is_calpha = [bool((atoms.names[position.atoms] == b"CA").any()) for position in observed]
        if len(observed) < _MIN_RESIDUES or not any(is_calpha):
            self.protein.discard((chain.name, polymer.subchain_id()))
            return None
        entity = structure.get_entity_of(polymer)
        rows, caps, refusal = modelled_rows(
            observed,
            list(entity.full_sequence) if entity is not None else [],
            self._numbering.of(polymer.subchain_id()),
            self._missing.get(chain.name, []),
            atoms,
        )
        self.caps += [(chain.name, cap) for cap in caps]
        if refusal:
            warnings.warn(
                f"{self._origin}, chain {chain.name}: {refusal}; the sequence is that of the "
                "residues with coordinates",
                stacklevel=5,
            )
        return self._chain(chain.name, rows)

    def _chain(self, chain_id: str, rows: list[Position]) -> Chain:
        atoms = self._atoms
        lengths = [row.atoms.size for row in rows]
        selected = np.concatenate([row.atoms for row in rows])
        letters = [
            parent_letter(
                row.name,
                set(atoms.names[row.atoms].astype(str)) if is_force_field_name(row.name) else (),
                self._parents.get(row.name, ""),
            )
            for row in rows
        ]
        places = [row.label_seq for row in rows]
        return Chain(
            chain_id,
            sequence="".join(letters),
            residue_names=[row.name for row in rows],
            residue_numbers=[row.number for row in rows],
            insertion_codes=[row.insertion_code for row in rows],
            seqres_positions=None if None in places else places,
            altlocs=[row.altloc for row in rows],
            variants=[row.variants for row in rows],
            secondary_structure=self._secondary_structure(chain_id, rows),
            atoms=Atoms.take(atoms, selected, np.repeat(np.arange(len(rows)), lengths)),
        )

    def _secondary_structure(self, chain_id: str, rows: list[Position]) -> str | None:
        if not self.ranges:
            return None
        index: dict[tuple[int, str], int] = {}
        for at, row in enumerate(rows):
            index.setdefault((row.number, row.insertion_code), at)
        letters = ["-"] * len(rows)
        for record in self.ranges:
            first, last = index.get(record.first), index.get(record.last)
            if record.chain_id == chain_id and first is not None and last is not None:
                letters[first : last + 1] = record.kind * max(0, last + 1 - first)
        return "".join(letters)


def _with_rows(
    chain: gemmi.Chain, polymer: gemmi.ResidueSpan, row: int
) -> Iterator[tuple[gemmi.Residue, int, int]]:
    subchain = polymer.subchain_id()
    for residue in chain:
        stop = row + len(residue)
        if residue.subchain == subchain:
            yield residue, row, stop
        row = stop
