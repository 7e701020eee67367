"""Modified residues, disulfide bonds and glycosylation."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import gemmi
import numpy as np

from protvis.annotations.tracks import PairTrack, Track
from protvis.structure import Chain, Structure, join_chains
from protvis.structure.components import is_force_field_name

__all__ = ["PHASING", "disulfide_pairs", "disulfides", "glycosylation", "modified_residues"]

_STANDARD = frozenset(
    gemmi.expand_one_letter_sequence("ARNDCEQGHILKMFPSTWYVBZXUO", gemmi.ResidueKind.AA)
)
PHASING = frozenset({"MSE"})
"""Selenomethionine, built in for crystallography: the cell has methionine there."""

_BOND = 2.5
_GLYCOSIDIC = 1.8


def modified_residues(
    structure: Structure,
    chain_id: str,
    *,
    exclude: Collection[str] = PHASING,
    name: str = "modified residue",
) -> Track:
    """Return the residues whose component is modified, such as SEP.

    The component decides; the file's MODRES records (``pdbx_struct_mod_residue``) add residues,
    including standard ones that carry something (glycosylation sites).

    Parameters
    ----------
    structure : Structure
    chain_id : str
    exclude : collection of str
        Names of components to ignore, `PHASING` by default.
    name : str

    Returns
    -------
    Track
        Of kind ``site``; notes name the component, its parent letter and the file's description.
    """
    chain = structure.chain(chain_id)
    notes: dict[int, str] = {}
    for index, component in enumerate(chain.residue_names):
        if component in exclude:
            continue
        if component not in _STANDARD and not is_force_field_name(component):
            notes[index] = f"{component} (parent {chain.sequence[index]})"
    original = structure.original_id(chain_id)
    for record in structure.records.modified:
        if record.residue.chain_id != original:
            continue
        place = chain.position_of(record.residue.number, record.residue.insertion_code)
        if record.residue.name in exclude:
            continue
        if place is not None and chain.residue_names[place] == record.residue.name:
            known = notes.get(place, record.residue.name)
            notes[place] = f"{known}: {record.details.lower()}" if record.details else known
    return _sites(chain, notes, name, "components of the file and its MODRES records")


def disulfides(structure: Structure, chain_id: str, *, name: str = "disulfide") -> Track:
    """Return the cysteines in disulfide bonds, including those with other chains.

    They are taken from the file's records (SSBOND, ``struct_conn``) if it has any, else from the
    distance between sulfur atoms (below 2.5 Å). Notes name the partners.
    """
    chain = structure.chain(chain_id)
    bonds, source = _disulfide_bonds(structure, chain)
    notes: dict[int, str] = {}
    for index, partner in bonds:
        notes.setdefault(index, partner)
    return _sites(chain, notes, name, source)


def disulfide_pairs(
    structure: Structure, chain_id: str | Sequence[str], *, name: str = "disulfide"
) -> PairTrack:
    """Return the disulfide bonds within a chain as pairs; see `disulfides`.

    For several chains, the bonds within and between them, on the chains joined in that order.
    """
    wanted = [chain_id] if isinstance(chain_id, str) else list(chain_id)
    joined = join_chains([structure.chain(one) for one in wanted])
    values = np.zeros((joined.n_residues, joined.n_residues), dtype=bool)
    index_of = {label: index for index, label in enumerate(joined.residue_labels)}
    source = ""
    for chain, (_, start, _) in zip(joined.chains, joined.segments, strict=True):
        bonds, source = _disulfide_bonds(structure, chain)
        for index, partner in bonds:
            other = index_of.get(partner)
            if other is not None:
                values[start + index, other] = values[other, start + index] = True
    return PairTrack(name, values, source)


def _disulfide_bonds(structure: Structure, chain: Chain) -> tuple[list[tuple[int, str]], str]:
    """Return (index, label of the partner) for both ends of every bond, and the source."""
    stated = [link for link in structure.records.links if link.kind == "disulfide"]
    if not stated:
        return _sulfurs_near(structure, chain), "sulfurs closer than 2.5 Å"
    original = structure.original_id(chain.chain_id)
    bonds: list[tuple[int, str]] = []
    for link in stated:
        for one, other in ((link.first, link.second), (link.second, link.first)):
            if one.chain_id != original:
                continue
            index = chain.position_of(one.number, one.insertion_code)
            if index is None:
                continue
            # The partner of a copy is the same copy of the other chain, if that has one.
            partner_chain = other.chain_id + chain.chain_id.removeprefix(original)
            if partner_chain not in structure.chains:
                partner_chain = other.chain_id
            partner = f"{partner_chain}:{other.name}{other.number}{other.insertion_code}"
            bonds.append(
                (index, partner if link.same_copy else f"{partner} of a crystal neighbour")
            )
    return bonds, "SSBOND records of the file"


def _sulfurs_near(structure: Structure, chain: Chain) -> list[tuple[int, str]]:
    own = chain.coordinates("SG").astype(np.float64)
    bonds: list[tuple[int, str]] = []
    for other in structure.chains.values():
        sulfurs = other.coordinates("SG").astype(np.float64)
        rows, columns = (
            np.flatnonzero(~np.isnan(own[:, 0])),
            np.flatnonzero(~np.isnan(sulfurs[:, 0])),
        )
        apart = np.linalg.norm(own[rows, None] - sulfurs[None, columns], axis=2)
        for row, column in np.argwhere(apart < _BOND):
            index, partner = int(rows[row]), int(columns[column])
            if other.chain_id != chain.chain_id or index != partner:
                bonds.append((index, other.residue_labels[partner]))
    return bonds


def glycosylation(structure: Structure, chain_id: str, *, name: str = "glycosylation") -> Track:
    """Return the residues bound to a glycan, by a pair of atoms closer than 1.8 Å.

    Geometry decides, since files of any age have it; notes name the sugar.
    """
    chain = structure.chain(chain_id)
    notes: dict[int, str] = {}
    for molecule in structure.molecules:
        if molecule.kind != "glycan":
            continue
        for row, xyz in enumerate(molecule.atoms.xyz):
            near = np.flatnonzero(((chain.atoms.xyz - xyz) ** 2).sum(axis=1) < _GLYCOSIDIC**2)
            for index in chain.atoms.residues[near].tolist():
                sugar = molecule.residues[molecule.atoms.residues[row]]
                notes.setdefault(index, f"{molecule.chain_id}:{sugar.name}{sugar.number}")
    return _sites(chain, notes, name, "glycans bound in the structure")


def _sites(chain: Chain, notes: dict[int, str], name: str, source: str) -> Track:
    values = np.zeros(chain.n_residues, dtype=bool)
    indices: Iterable[int] = sorted(notes)
    values[list(indices)] = True
    return Track(name, "site", values, source, notes={index: notes[index] for index in indices})
