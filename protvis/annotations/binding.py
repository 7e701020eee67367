"""Binding sites and interfaces: residues near something, and the sites that files name."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from protvis.annotations.tracks import Track
from protvis.checks import check_number
from protvis.structure import Chain, Structure
from protvis.structure.components import pdb_ion

__all__ = ["BUFFERS", "binding_sites", "interface", "site_records"]

_LIQUOR = (
    # Cryoprotectants and precipitants.
    "GOL EDO MPD MRD PGO PDO BU1 BU3 HEZ PEG PGE PG4 1PE P6G P33 PE4 PE5 PE8 12P 15P 2PE XPE 7PE",
    "PEU EOH MOH IPA POL DMS DMF ACN DIO",
    # Buffers and small organic acids.
    "ACT ACY FMT CIT FLC TLA TAR MLI MLA SIN TRS EPE MES MPO CAC IMD BTB CXS NHE BCN PIN TAM B3P",
    # Salts.
    "SO4 PO4 2HP PI NO3 NH4 CL NA K IOD BR F RB CS LI SCN AZI CO3 BCT",
    # Reductants, detergents, atoms of unknown ligands.
    "BME DTT DTU DTV TCE LDA LMT BOG BNG C8E SDS UNX UNL",
)
BUFFERS = frozenset(name for names in _LIQUOR for name in names.split())
"""Components of the crystallisation liquor, which are no binding partners unless named."""

_PEPTIDE_LENGTH = 30
_COVALENT = 2.0


def binding_sites(
    structure: Structure,
    chain_id: str,
    *,
    distance: float = 4.5,
    exclude: Collection[str] = BUFFERS,
    name: str = "binding site",
) -> Track:
    """Return the residues near a ligand, an ion, a nucleic acid or a peptide partner.

    Parameters
    ----------
    structure : Structure
    chain_id : str
    distance : float, Å
        A residue belongs to the site if one of its non-hydrogen atoms is closer than this to one of
        the partner's.
    exclude : collection of str
        Names of components to ignore, `BUFFERS` by default. Glycans bound to the chain count as
        glycosylation instead.

    Returns
    -------
    Track
        Of kind ``site``; notes name the partners of each residue.

    Raises
    ------
    LabelError
        If there is no such chain.
    OptionError
        If `distance` is not a finite number above 0.

    Notes
    -----
    A peptide partner is another protein chain of at most 30 residues.
    """
    distance = check_number("distance", distance, above=0, unit="Å")
    chain = structure.chain(chain_id)
    notes: dict[int, list[str]] = {}
    for partner, xyz in _partners(structure, chain, frozenset(exclude)):
        for index in _near(chain, xyz, distance):
            known = notes.setdefault(index, [])
            if partner not in known:
                known.append(partner)
    values = np.zeros(chain.n_residues, dtype=bool)
    values[list(notes)] = True
    return Track(
        name,
        "site",
        values,
        f"atoms within {distance:g} Å of a ligand, ion, nucleic acid or peptide",
        notes={index: ", ".join(partners) for index, partners in sorted(notes.items())},
    )


def _partners(
    structure: Structure, chain: Chain, exclude: frozenset[str]
) -> Iterator[tuple[str, NDArray[np.float64]]]:
    for molecule in structure.molecules:
        names = [pdb_ion(residue.name, residue.atoms.size) for residue in molecule.residues]
        if set(names) <= exclude:
            continue
        heavy = molecule.atoms.elements != b"H"
        xyz = molecule.atoms.xyz[heavy & (molecule.atoms.elements != b"D")]
        if not xyz.size:
            continue
        is_bound = bool(_near(chain, xyz, _COVALENT))
        # What is bound to the chain itself is a modification of it.
        if is_bound and molecule.kind in ("glycan", "peptide"):
            continue
        first = molecule.residues[0]
        what = (
            f"{molecule.chain_id}:{first.name}{first.number}{first.insertion_code}"
            if len(names) == 1
            else f"{molecule.kind} {molecule.chain_id}"
        )
        yield what, xyz
    for other in structure.chains.values():
        if other.chain_id != chain.chain_id and other.n_residues <= _PEPTIDE_LENGTH:
            yield f"peptide {other.chain_id}", other.atoms.xyz[_heavy(other)]


def interface(
    structure: Structure,
    chain_id: str,
    *,
    partners: Collection[str] | None = None,
    distance: float = 4.5,
    name: str = "interface",
) -> Track:
    """Return the residues near another protein chain.

    Parameters
    ----------
    structure : Structure
    chain_id : str
    partners : collection of str, optional
        Ids of the chains that count; by default all other loaded chains. The paratope of an
        antibody is its interface with only the antigen's chains.
    distance : float, Å
        A residue is near a chain if one of its non-hydrogen atoms is closer than this to one of the
        chain's.
    name : str

    Returns
    -------
    Track
        Of kind ``site``; notes name the chains that a residue touches.

    Raises
    ------
    LabelError
        If there is no such chain.
    OptionError
        If `distance` is not a finite number above 0.
    """
    distance = check_number("distance", distance, above=0, unit="Å")
    for partner in partners or ():
        structure.chain(partner)
    chain = structure.chain(chain_id)
    notes: dict[int, list[str]] = {}
    for other in structure.chains.values():
        wanted = partners is None or other.chain_id in partners
        if other.chain_id != chain_id and wanted:
            for index in _near(chain, other.atoms.xyz[_heavy(other)], distance):
                notes.setdefault(index, []).append(other.chain_id)
    values = np.zeros(chain.n_residues, dtype=bool)
    values[list(notes)] = True
    whose = "another protein chain" if partners is None else f"chains {', '.join(sorted(partners))}"
    return Track(
        name,
        "site",
        values,
        f"atoms within {distance:g} Å of {whose}",
        notes={index: "chain " + ", ".join(ids) for index, ids in sorted(notes.items())},
    )


def site_records(structure: Structure, chain_id: str, *, name: str = "SITE records") -> Track:
    """Return the residues of the file's own SITE records (``struct_site``)."""
    chain = structure.chain(chain_id)
    original = structure.original_id(chain_id)
    notes: dict[int, list[str]] = {}
    for site in structure.records.sites:
        for residue in site.residues:
            if residue.chain_id != original:
                continue
            index = chain.position_of(residue.number, residue.insertion_code)
            if index is not None and chain.residue_names[index] == residue.name:
                text = f"{site.name}: {site.description}" if site.description else site.name
                notes.setdefault(index, []).append(text)
    values = np.zeros(chain.n_residues, dtype=bool)
    values[list(notes)] = True
    return Track(
        name,
        "site",
        values,
        "SITE records of the file",
        notes={index: "; ".join(dict.fromkeys(texts)) for index, texts in sorted(notes.items())},
    )


def _heavy(chain: Chain) -> NDArray[np.bool_]:
    return (chain.atoms.elements != b"H") & (chain.atoms.elements != b"D")


def _near(chain: Chain, xyz: NDArray[np.float64], distance: float) -> list[int]:
    """Return the indices of residues with a heavy atom closer than `distance` to any of `xyz`."""
    if not xyz.size:
        return []
    rows = np.flatnonzero(_heavy(chain))
    # Only atoms near the other side go into a tree, which is quicker than one of all.
    low, high = xyz.min(axis=0) - distance, xyz.max(axis=0) + distance
    atoms = chain.atoms.xyz[rows]
    around = ((atoms >= low) & (atoms <= high)).all(axis=1)
    rows, atoms = rows[around], atoms[around]
    if not rows.size:
        return []
    # The bound of a query is exclusive, like the distance.
    apart, _ = cKDTree(xyz).query(atoms, distance_upper_bound=distance)
    return np.unique(chain.atoms.residues[rows[np.isfinite(apart)]]).tolist()
