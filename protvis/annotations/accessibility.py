"""Relative solvent accessibility, and the confidence that predictors state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from protvis.annotations.tracks import Track
from protvis.errors import AnnotationError
from protvis.structure import Chain, Structure

__all__ = ["MAX_AREA", "plddt", "relative_accessibility"]

# Largest possible area in Å², Gly-X-Gly, theoretical (Tien et al., PLoS ONE 2013, table 1).
MAX_AREA = {
    "A": 129.0, "R": 274.0, "N": 195.0, "D": 193.0, "C": 167.0, "E": 223.0, "Q": 225.0,
    "G": 104.0, "H": 224.0, "I": 197.0, "L": 201.0, "K": 236.0, "M": 224.0, "F": 240.0,
    "P": 159.0, "S": 155.0, "T": 172.0, "W": 285.0, "Y": 263.0, "V": 174.0,
}  # fmt: skip


_SLAB = 20.0
"""Å; atoms further apart than two radii and a probe's diameter do not cover each other."""


def plddt(structure: Structure, chain_id: str, *, name: str = "pLDDT") -> Track:
    """Return the confidence of a predicted model, 0 to 100 per residue.

    Raises
    ------
    AnnotationError
        If the file does not say that it holds pLDDT; experimental B factors are not pLDDT.
    """
    if not structure.has_plddt:
        raise AnnotationError(
            f"{structure.name} does not say that its B-factor column holds pLDDT, so it is not "
            "taken for that; only files that state a prediction are"
        )
    chain = structure.chain(chain_id)
    values = np.full(chain.n_residues, np.nan, dtype=np.float32)
    rows = np.flatnonzero(chain.atoms.names == b"CA")
    values[chain.atoms.residues[rows]] = chain.atoms.b_factors[rows]
    # Some predictors write a fraction.
    if rows.size and np.nanmax(values) <= 1.0:
        values *= 100.0
    return Track(name, "number", values, "B-factor column of the predicted model")


def relative_accessibility(
    structure: Structure,
    chain_id: str,
    *,
    alone: bool = False,
    name: str = "relative accessibility",
) -> Track:
    """Return each residue's solvent-accessible area as a fraction of the largest possible.

    Areas are by biotite (Shrake and Rupley, probe 1.4 Å, one radius per element, no hydrogens);
    largest areas by Tien et al., PLoS ONE 2013, by parent letter. Chain ends can exceed 1.

    Parameters
    ----------
    structure : Structure
    chain_id : str
    alone : bool
        Whether to ignore the other chains. By default the other loaded protein chains bury what
        they cover; ligands and waters never do.

    Returns
    -------
    Track
        Fractions; NaN for residues that are unobserved or have no parent.
    """
    from biotite.structure import AtomArray, sasa

    chain = structure.chain(chain_id)
    chains = [chain]
    rows: list[NDArray[np.intp]] = [np.arange(len(chain.atoms.xyz))]
    # Of the others only atoms near enough to cover something; they change nothing but the time.
    tree = cKDTree(chain.atoms.xyz)
    for other in () if alone else structure.chains.values():
        if other.chain_id != chain_id:
            apart, _ = tree.query(other.atoms.xyz, distance_upper_bound=_SLAB)
            if np.isfinite(apart).any():
                chains.append(other)
                rows.append(np.flatnonzero(np.isfinite(apart)))

    def gather(values: Callable[[Chain], NDArray[Any]]) -> NDArray[Any]:
        return np.concatenate([values(one)[row] for one, row in zip(chains, rows, strict=True)])

    n_atoms = sum(map(len, rows))
    array = AtomArray(n_atoms)
    array.coord = _without_wide_gaps(gather(lambda one: one.atoms.xyz))
    array.element = gather(lambda one: np.char.upper(one.atoms.elements.astype(str)))
    array.atom_name = gather(lambda one: one.atoms.names.astype(str))
    array.res_name = gather(lambda one: np.array(one.residue_names)[one.atoms.residues])
    array.chain_id = np.repeat([one.chain_id[:4] for one in chains], list(map(len, rows)))
    array.res_id = gather(lambda one: one.atoms.residues)
    heavy = (array.element != "H") & (array.element != "D")
    own = np.arange(n_atoms) < len(chain.atoms.xyz)
    areas = sasa(array[heavy], atom_filter=own[heavy], vdw_radii="Single")
    values = np.full(chain.n_residues, np.nan)
    residues = chain.atoms.residues[heavy[own]]
    total = np.zeros(chain.n_residues)
    np.add.at(total, residues, np.nan_to_num(areas[own[heavy]]))
    largest = np.array([MAX_AREA.get(letter, np.nan) for letter in chain.sequence])
    values[chain.observed] = (total / largest)[chain.observed]
    where = "alone" if alone else "among the chains loaded"
    return Track(
        name, "number", values, f"biotite, Shrake and Rupley, chain {where}", unit="fraction"
    )


def _without_wide_gaps(xyz: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return positions with empty slabs made narrow, so that atoms far apart cost no memory.

    The search for neighbours takes a grid over all the space between atoms. Atoms that any slab
    parts are still too far apart to cover each other; others stay as they are to each other.
    """
    moved = np.empty(xyz.shape, dtype=np.float32)
    for axis in range(3):
        order = np.argsort(xyz[:, axis], kind="stable")
        steps = np.diff(xyz[order, axis], prepend=xyz[order[0], axis])
        surplus = np.cumsum(np.maximum(steps - _SLAB, 0.0))
        moved[order, axis] = xyz[order, axis] - surplus - xyz[order[0], axis]
    return moved
