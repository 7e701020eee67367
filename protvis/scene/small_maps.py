"""Small pictures of all heads' maps, few enough bytes that all of them cross at once.

A pixel stands for a block of the map: of every query in it the strongest key, averaged over these
queries. A diagonal or a stripe one residue wide crosses every query of its blocks, so it keeps its
strength however small the picture is; the plain mean would let it fade, and the maximum would make
as much of a single cell as of a line.
"""

from __future__ import annotations

from math import isqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from protvis.scene.wire import encode_array, encode_root, encode_signed_root

__all__ = ["MOST_BYTES", "SmallMaps", "shrink_map", "small_side"]

MOST_BYTES = 1_000_000
"""All pictures of a set take no more than this."""

MOST_SIDE = 64
"""More pixels than this would not be seen where the pictures are shown."""


class SmallMaps:
    """Collects the small pictures of one kind of map.

    Parameters
    ----------
    n_entries, n_residues : int
        How many maps there are, and of how many residues.
    signed : bool
        Whether negative values mean something.
    """

    def __init__(self, n_entries: int, n_residues: int, *, signed: bool) -> None:
        self._signed, self._side = signed, small_side(n_residues, n_entries)
        self._steps = np.zeros((n_entries, self._side, self._side), np.uint8)
        self._scale = np.zeros(n_entries, np.float32)

    def add(self, entry: int, values: NDArray[np.float32]) -> None:
        """Add a dense map, float32 (query, key)."""
        encode = encode_signed_root if self._signed else encode_root
        small = shrink_map(values, self._side, signed=self._signed)
        self._steps[entry], self._scale[entry] = encode(small)

    def wire(self) -> dict[str, Any]:
        """Return them as encoded arrays.

        ``steps`` is uint8 (entry, side, side), as in `protvis.scene.wire.encode_map`, and ``scale``
        is float32 (entry,).
        """
        return {"steps": encode_array(self._steps), "scale": encode_array(self._scale)}


def small_side(n_residues: int, n_entries: int) -> int:
    """Return how many pixels wide and high the pictures of `n_entries` maps are."""
    return max(1, min(n_residues, MOST_SIDE, isqrt(MOST_BYTES // max(n_entries, 1))))


def shrink_map(values: NDArray[np.float32], side: int, *, signed: bool) -> NDArray[np.float32]:
    """Return a smaller picture of a map.

    Parameters
    ----------
    values : float32 (query, key)
        NaN is unknown.
    side : int
        At most as many as there are residues.
    signed : bool
        Whether the strongest value is the one that is farthest from 0, on either side.

    Returns
    -------
    float32 (side, side)
        NaN where nothing is known.
    """
    n = len(values)
    starts = np.arange(side) * n // side
    strongest = np.fmax.reduceat(values, starts, axis=1)
    if signed:
        lowest = np.fmin.reduceat(values, starts, axis=1)
        strongest = np.where(strongest >= -lowest, strongest, lowest)
    known = ~np.isnan(strongest)
    total = np.add.reduceat(np.where(known, strongest, 0), starts, axis=0)
    count = np.add.reduceat(known.astype(np.float32), starts, axis=0)
    # Where no query knows anything: 0 / 0.
    with np.errstate(invalid="ignore"):
        return (total / count).astype(np.float32)
