"""Zones of a chain by distance from its ends, which differ in nearly everything."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["ZONES", "chain_zones"]

ZONES = (2, 5, 10, 24)
"""Ends of the zones by distance from either end of the chain, in residues; the rest is one more."""


def chain_zones(n: int) -> NDArray[np.int64]:
    """Return each residue's zone: 0 far from both ends, else one for each end and distance.

    Parameters
    ----------
    n : int
        Residues in the chain.

    Returns
    -------
    int64 array (n,)
        From 0 to 8.

    Examples
    --------
    >>> chain_zones(9).tolist()
    [1, 1, 2, 2, 6, 6, 6, 5, 5]
    """
    place = np.arange(n)
    from_end = np.minimum(place, n - 1 - place)
    zone = np.searchsorted(ZONES, from_end, side="right") + 1
    zone[zone > len(ZONES)] = 0
    return np.where((zone > 0) & (2 * place >= n - 1), zone + len(ZONES), zone)
