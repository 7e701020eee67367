"""Backbone bonds, and what every protein chain must hold to: the check on each load.

After building, no residue with N, Cα and C that is bonded to another lies outside all protein
chains; no two residues of a chain have the same number and insertion code; and where a chain is
broken, its loose ends are not bonded to each other elsewhere.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from protvis.structure.atoms import AtomColumns
from protvis.structure.chain import Chain

__all__ = ["STRAY_BOND", "bonds_between", "is_out_of_order", "residues_outside"]

STRAY_BOND = 1.8
"""Å between C and N of residues anywhere in the file."""


def bonds_between(
    c: NDArray[np.floating], n: NDArray[np.floating], limit: float = STRAY_BOND
) -> NDArray[np.intp]:
    """Return the pairs (row of `c`, row of `n`) closer than a limit, in Å; NaN is close to none."""
    from_c, to_n = (np.flatnonzero(np.isfinite(xyz).all(axis=1)) for xyz in (c, n))
    if not from_c.size or not to_n.size:
        return np.empty((0, 2), dtype=np.intp)
    near = cKDTree(c[from_c]).sparse_distance_matrix(cKDTree(n[to_n]), limit, output_type="ndarray")
    return np.stack([from_c[near["i"]], to_n[near["j"]]], axis=1)


def residues_outside(atoms: AtomColumns, is_inside: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return the Cα rows of residues that are bonded like a chain's but lie outside all of them.

    Parameters
    ----------
    atoms : AtomColumns
    is_inside : (n_atoms,) bool array
        Which atoms are residues of protein chains.
    """
    calphas = np.flatnonzero(atoms.is_calpha & ~is_inside)
    if not calphas.size:
        return calphas
    # Atoms of a residue lie beside each other; the rows around its Cα with its name and number.
    starts, stops = atoms.residue_bounds
    owners = np.searchsorted(starts, calphas, side="right") - 1
    n = _first_rows(atoms, b"N", starts, stops, owners)
    c = _first_rows(atoms, b"C", starts, stops, owners)
    whole = (n >= 0) & (c >= 0)
    calphas, n_xyz, c_xyz = calphas[whole], atoms.xyz[n[whole]], atoms.xyz[c[whole]]
    if not calphas.size:
        return calphas
    here = np.arange(len(calphas))
    found = np.zeros(len(calphas), dtype=bool)
    for own, others_name in ((n_xyz, b"C"), (c_xyz, b"N")):
        others = atoms.xyz[is_inside & (atoms.names == others_name)]
        found[np.unique(bonds_between(own, others)[:, 0])] = True
    among = bonds_between(c_xyz, n_xyz)
    among = among[among[:, 0] != among[:, 1]]
    found |= np.isin(here, among)
    return calphas[found]


def _first_rows(
    atoms: AtomColumns,
    name: bytes,
    starts: NDArray[np.intp],
    stops: NDArray[np.intp],
    owners: NDArray[np.intp],
) -> NDArray[np.intp]:
    """Return the first row of a name in each residue, −1 where there is none."""
    rows = np.flatnonzero(atoms.names == name)
    at = np.searchsorted(rows, starts[owners])
    first = np.append(rows, len(atoms.names))[at]
    return np.where(first < stops[owners], first, -1)


def is_out_of_order(chain: Chain) -> bool:
    """Return whether residues at the breaks of a chain are bonded to others than their neighbours.

    The bond that closes a ring, of the last residue to the first, is in order where numbers rise.
    """
    if not chain.breaks:
        return False
    breaks, last = np.array(chain.breaks), chain.n_residues - 1
    ends, heads = np.append(breaks, last), np.append(0, breaks + 1)
    pairs = bonds_between(chain.positions("C")[ends], chain.positions("N")[heads])
    closes = (ends[pairs[:, 0]] == last) & (heads[pairs[:, 1]] == 0)
    falls = (chain.residue_numbers[breaks + 1] < chain.residue_numbers[breaks]).any()
    return bool((~closes).any() or (closes.any() and falls))
