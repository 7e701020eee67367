"""Distances and contacts between residues, from representative atoms.

Two residues are in contact when their representative atoms (Cβ; Cα for Gly) are closer than
8.0 Å, strictly, and at least `min_separation` positions apart on the modelled sequence. This is the
definition of Vig et al. (ICLR 2021) with the separation of Rao et al. (ICLR 2021), counted on
the whole modelled sequence, unobserved residues included.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from protvis.checks import check_number, check_whole_number

__all__ = [
    "CUTOFF",
    "MIN_SEPARATION",
    "contact_map",
    "contacts_between",
    "distance_map",
    "virtual_cbeta",
]

CUTOFF = 8.0
"""Distance in Å below which two residues are in contact."""

MIN_SEPARATION = 6
"""Smallest |i − j| of a contact, and of the links by which heads are scored."""


def distance_map(
    coordinates: NDArray[np.floating], other: NDArray[np.floating] | None = None
) -> NDArray[np.float32]:
    """Return the distances between positions.

    Parameters
    ----------
    coordinates : (n, 3) array, Å
        Positions; NaN where there is none.
    other : (m, 3) array, Å, optional
        Second set of positions; the first set itself by default.

    Returns
    -------
    (n, m) float32 array, Å
        NaN wherever either position is missing.
    """
    return np.sqrt(_squared_distances(coordinates, other)).astype(np.float32)


def _squared_distances(
    coordinates: NDArray[np.floating], other: NDArray[np.floating] | None = None
) -> NDArray[np.float64]:
    first = np.asarray(coordinates, dtype=np.float64)
    second = first if other is None else np.asarray(other, dtype=np.float64)
    # Differences axis by axis: exact to rounding, and without the (n, m, 3) array.
    squared = np.zeros((len(first), len(second)))
    for axis in range(3):
        difference = first[:, None, axis] - second[None, :, axis]
        squared += difference * difference
    return squared


def contact_map(
    coordinates: NDArray[np.floating], cutoff: float = CUTOFF, min_separation: int = MIN_SEPARATION
) -> NDArray[np.bool_]:
    """Return which pairs of one chain's residues are in contact.

    Parameters
    ----------
    coordinates : (n_residues, 3) array, Å
        Representative atoms; NaN where missing. A missing residue is in contact with none.
    cutoff : float, Å
        Distances strictly below it are contacts.
    min_separation : int, residues
        Smallest |i − j| that counts.

    Returns
    -------
    (n_residues, n_residues) bool array
        Symmetric.

    Raises
    ------
    OptionError
        If `cutoff` is not a finite number above 0, or `min_separation` not a whole number from 0.
    """
    cutoff = check_number("cutoff", cutoff, above=0, unit="Å")
    min_separation = check_whole_number("min_separation", min_separation)
    # In float64 throughout: rounding a distance to float32 could carry it across the cutoff.
    near = _squared_distances(coordinates) < cutoff * cutoff
    index = np.arange(len(near))
    near &= np.abs(index[:, None] - index[None, :]) >= min_separation
    return near


def contacts_between(
    first: NDArray[np.floating], second: NDArray[np.floating], cutoff: float = CUTOFF
) -> NDArray[np.bool_]:
    """Return which residues of two chains are closer than the cutoff, in Å."""
    cutoff = check_number("cutoff", cutoff, above=0, unit="Å")
    return _squared_distances(first, second) < cutoff * cutoff


def virtual_cbeta(
    n: NDArray[np.floating], ca: NDArray[np.floating], c: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Return the idealised Cβ of each residue from its backbone.

    With b = Cα − N, c = C − Cα and a = b × c, Cβ = Cα − 0.58273431 a + 0.56802827 b − 0.54067466 c
    (Dauparas et al., Science 2022, as in trRosetta).

    Parameters
    ----------
    n, ca, c : (n_residues, 3) arrays, Å

    Returns
    -------
    (n_residues, 3) float64 array, Å
        NaN where a backbone atom is missing.
    """
    n, ca, c = (np.asarray(atom, dtype=np.float64) for atom in (n, ca, c))
    towards_ca = ca - n
    towards_c = c - ca
    normal = np.cross(towards_ca, towards_c)
    return ca - 0.58273431 * normal + 0.56802827 * towards_ca - 0.54067466 * towards_c
