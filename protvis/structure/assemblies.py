"""Biological assemblies: copies of chains and molecules, as the file's operators place them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import gemmi
import numpy as np
from numpy.typing import NDArray

from protvis.errors import LabelError, StructureError, unknown_name
from protvis.structure.atoms import Atoms
from protvis.structure.chain import Chain
from protvis.structure.files.header import SecondaryRange
from protvis.structure.molecules import Molecule

__all__ = ["Assembly", "find_assembly"]

_MAX_CHAINS = 500
"""More copies than this (a virus capsid) are thousands of residues that repeat one chain."""
_MAX_ATOMS = 5_000_000
"""As many as the largest entries of the PDB have; 400 MB."""


def find_assembly(structure: gemmi.Structure, name: str | int, origin: str) -> gemmi.Assembly:
    """Return the assembly of that name.

    Raises
    ------
    LabelError
        If there is none; those there are are listed.
    """
    for assembly in structure.assemblies:
        if assembly.name == str(name):
            return assembly
    known = [assembly.name for assembly in structure.assemblies]
    raise LabelError(f"{origin}: {unknown_name('assembly', name, known)}")


class Assembly:
    """One assembly: which chains it copies where.

    The first copy of a chain keeps its id; the others are ``A-2``, ``A-3``, … as in the assembly
    files of the PDB.

    Parameters
    ----------
    assembly : gemmi.Assembly
    subchains : mapping of str to str
        Subchain (``label_asym_id``) of each protein chain.
    """

    def __init__(self, assembly: gemmi.Assembly, subchains: Mapping[str, str]) -> None:
        self._assembly = assembly
        self._subchains = subchains

    def _places(
        self, chain_id: str, subchain: str
    ) -> Iterator[tuple[str, NDArray[Any], NDArray[Any]]]:
        copies = 0
        for generator in self._assembly.generators:
            if chain_id not in generator.chains and subchain not in generator.subchains:
                continue
            for operator in generator.operators:
                copies += 1
                matrix = np.array(operator.transform.mat.tolist())
                shift = np.array(operator.transform.vec.tolist())
                yield (chain_id if copies == 1 else f"{chain_id}-{copies}"), matrix, shift

    def chains(self, chains: Mapping[str, Chain], origin: str) -> dict[str, Chain]:
        """Return the copies of the chains.

        Raises
        ------
        StructureError
            If the assembly has none of them, or more copies than can be looked at.
        """
        places = [
            (chain, *place)
            for chain in chains.values()
            for place in self._places(chain.chain_id, self._subchains[chain.chain_id])
        ]
        name = self._assembly.name
        if not places:
            raise StructureError(
                f"{origin}: assembly {name} has none of the chains {', '.join(chains)}; "
                "leave out `assembly` for the chains of the file"
            )
        if len(places) > _MAX_CHAINS:
            raise StructureError(
                f"{origin}: assembly {name} has {len(places)} copies of its chains, more than "
                f"{_MAX_CHAINS}; load the file without `assembly`, its chains are all there is to "
                "compute on"
            )
        n_atoms = sum(len(chain.atoms.xyz) for chain, *_ in places)
        if n_atoms > _MAX_ATOMS:
            raise StructureError(
                f"{origin}: assembly {name} has {n_atoms:,} atoms, more than {_MAX_ATOMS:,}; name "
                "some of its `chains`, or load the file without `assembly`"
            )
        placed: dict[str, Chain] = {}
        for chain, chain_id, matrix, shift in places:
            placed[chain_id] = _moved_chain(chain, chain_id, matrix, shift)
        return placed

    def molecules(self, molecules: Sequence[Molecule]) -> tuple[Molecule, ...]:
        """Return the copies of the molecules."""
        return tuple(
            replace(molecule, chain_id=chain_id, atoms=moved_atoms(molecule.atoms, matrix, shift))
            for molecule in molecules
            for chain_id, matrix, shift in self._places(molecule.chain_id, molecule.subchain)
        )

    def ranges(
        self, ranges: Sequence[SecondaryRange], chains: Mapping[str, Chain]
    ) -> list[SecondaryRange]:
        """Return the helices and strands of every copy."""
        return [
            replace(record, chain_id=chain_id)
            for record in ranges
            for chain_id in chains
            if chain_id.rpartition("-")[0] == record.chain_id or chain_id == record.chain_id
        ]


def _moved_chain(chain: Chain, chain_id: str, matrix: NDArray[Any], shift: NDArray[Any]) -> Chain:
    return Chain(
        chain_id,
        sequence=chain.sequence,
        residue_names=chain.residue_names,
        residue_numbers=chain.residue_numbers,
        insertion_codes=chain.insertion_codes,
        seqres_positions=chain.seqres_positions,
        altlocs=chain.altlocs,
        variants=chain.variants,
        secondary_structure=chain.secondary_structure,
        atoms=moved_atoms(chain.atoms, matrix, shift),
    )


def moved_atoms(atoms: Atoms, matrix: NDArray[Any], shift: NDArray[Any]) -> Atoms:
    """Return atoms turned by a matrix and then shifted, in Å."""
    xyz = atoms.xyz @ matrix.T + shift
    xyz.setflags(write=False)
    return replace(atoms, xyz=xyz)
