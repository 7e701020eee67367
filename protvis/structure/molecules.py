"""What surrounds the protein chains: ligands, ions, glycans, nucleic acids, caps; never waters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import gemmi
import numpy as np
from scipy.spatial import cKDTree

from protvis.structure.atoms import AtomColumns, Atoms
from protvis.structure.chain import Chain
from protvis.structure.components import is_water
from protvis.structure.polymer import Position, observed_positions

__all__ = ["Molecule", "Surroundings"]

_NEAR = 5.0
"""A molecule of another chain id belongs to a chain that it comes this near, in Å."""


@dataclass(frozen=True)
class Molecule:
    """A ligand, an ion, a glycan or a nucleic acid chain.

    Attributes
    ----------
    subchain : str
        The file's own id for the molecule (``label_asym_id``).
    chain_id : str
        Author chain id; ligands share that of a polymer nearby.
    kind : str
        ``"ligand"``, ``"glycan"``, ``"nucleic"`` or ``"peptide"`` (caps and single amino acids).
    residues : tuple of Position
        Names and author numbers.
    atoms : Atoms
        Each with one alternate location.
    """

    subchain: str
    chain_id: str
    kind: str
    residues: tuple[Position, ...]
    atoms: Atoms

    def __repr__(self) -> str:
        names = "-".join(residue.name for residue in self.residues[:6])
        more = "-…" if len(self.residues) > 6 else ""
        return f"<Molecule {names}{more}: {self.kind} near chain {self.chain_id}>"


class Surroundings:
    """The molecules of one model, waters and protein chains left out; found when asked for.

    Parameters
    ----------
    model : gemmi.Structure
    columns : AtomColumns
        Its atoms.
    protein : set of (str, str)
        Chain id and subchain of the polymers that are protein chains, loaded or not.
    caps : sequence of (chain id, Position)
        Residues that were taken out of the protein chains.
    copies : callable, optional
        Returns the copies of the molecules in a biological assembly; each is there once by default.
    chain_ids : iterable of str, optional
        Ids of all protein chains there are; those in `protein` by default.
    """

    def __init__(
        self,
        model: gemmi.Structure,
        columns: AtomColumns,
        protein: Iterable[tuple[str, str]],
        caps: Sequence[tuple[str, Position]],
        copies: Callable[[Sequence[Molecule]], tuple[Molecule, ...]] = tuple,
        chain_ids: Iterable[str] | None = None,
    ) -> None:
        self._model = model
        self._columns = columns
        self._protein = frozenset(protein)
        self._caps = tuple(caps)
        self._copies = copies
        everything = (chain_id for chain_id, _ in self._protein)
        self._all_ids = frozenset(everything if chain_ids is None else chain_ids)

    @cached_property
    def molecules(self) -> tuple[Molecule, ...]:
        """All molecules, in the order of the file, caps last."""
        groups: dict[tuple[str, str], list[tuple[gemmi.Residue, int, int]]] = {}
        row = 0
        for chain in self._model[0]:
            for residue in chain:
                stop = row + len(residue)
                key = (chain.name, residue.subchain)
                if (
                    stop > row
                    and key not in self._protein
                    and not is_water(residue.name, self._columns.elements[row:stop])
                ):
                    groups.setdefault(key, []).append((residue, row, stop))
                row = stop
        found = [
            _molecule(
                subchain,
                chain_id,
                _kind(residues[0][0], len(residues) > 1),
                _positions(residues, self._columns),
                self._columns,
            )
            for (chain_id, subchain), residues in groups.items()
        ]
        subchains = dict(self._protein)
        found += [
            _molecule(subchains.get(chain_id, ""), chain_id, "peptide", [position], self._columns)
            for chain_id, position in self._caps
        ]
        return self._copies(found)

    def of(self, chains: Sequence[Chain]) -> list[Molecule]:
        """Return the molecules of some chains: all, when the chains are all the protein there is.

        Otherwise those that carry the id of one of the chains or come within 5 Å of one.
        """
        ids = {chain.chain_id for chain in chains}
        if ids >= self._all_ids:
            return list(self.molecules)
        tree = cKDTree(np.concatenate([chain.atoms.xyz for chain in chains]))
        return [
            molecule
            for molecule in self.molecules
            if molecule.chain_id in ids
            or np.isfinite(tree.query(molecule.atoms.xyz, distance_upper_bound=_NEAR)[0]).any()
        ]


def _positions(
    residues: Sequence[tuple[gemmi.Residue, int, int]], columns: AtomColumns
) -> list[Position]:
    return observed_positions(
        [residue for residue, _, _ in residues],
        [start for _, start, _ in residues],
        [stop for _, _, stop in residues],
        columns,
    )


def _molecule(
    subchain: str, chain_id: str, kind: str, positions: Sequence[Position], columns: AtomColumns
) -> Molecule:
    rows = np.concatenate([position.atoms for position in positions])
    index = np.repeat(np.arange(len(positions)), [position.atoms.size for position in positions])
    return Molecule(subchain, chain_id, kind, tuple(positions), Atoms.take(columns, rows, index))


def _kind(residue: gemmi.Residue, is_chain: bool) -> str:
    if residue.entity_type == gemmi.EntityType.Branched:
        return "glycan"
    tabulated = gemmi.find_tabulated_residue(residue.name)
    if tabulated.kind in (gemmi.ResidueKind.PYR, gemmi.ResidueKind.KET):
        return "glycan"
    if tabulated.is_nucleic_acid() and (
        is_chain or residue.entity_type == gemmi.EntityType.Polymer
    ):
        return "nucleic"
    if tabulated.is_amino_acid():
        return "peptide"
    return "ligand"
