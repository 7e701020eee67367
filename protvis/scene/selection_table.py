"""The links of a selection, chosen from the full map and not from the head's strongest.

With residues selected an explorer shows the strongest links that touch them, however weak these are
beside the head's others. The pairs that touch the selection become a `LinkTable` of one entry, from
which the sliders select as from any other. A browser without a kernel makes the same table from the
map it holds (``js/src/model/selection-table.ts``); a contract test compares the two.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from protvis.scene.link_table import LEVELS, LinkTable

__all__ = ["MOST_PAIRS", "selection_table"]

MOST_PAIRS = 20_000
"""About so many pairs at each smallest separation; a selection of few residues has fewer."""

_STEPS = 65535


def selection_table(
    values: NDArray[np.float32],
    residues: Collection[int],
    scale: float,
    chain_of: NDArray[np.integer] | None = None,
    *,
    difference: bool = False,
    most: int = MOST_PAIRS,
) -> LinkTable:
    """Return the pairs of a map of which at least one residue is selected.

    Parameters
    ----------
    values : float32 (query, key)
        NaN is unknown, and no link.
    residues : collection of int
        Indices of the selected residues.
    scale : float
        Weight of one step, as in the table of the head's strongest links, so that a link has the
        same weight in both.
    chain_of : int (n_residues,), optional
        For each residue the number of its chain, where several were joined.
    difference : bool
        Whether values are gains and losses; otherwise negative ones are no links.
    most : int
        At most so many pairs are taken for each of `LEVELS`, the strongest.

    Returns
    -------
    LinkTable
        With one entry; complete, unless the selection has more than `most` pairs.
    """
    chosen = np.zeros(len(values), bool)
    chosen[list(residues)] = True
    first, second = np.nonzero(np.triu(chosen[:, None] | chosen, 1))
    unit = np.float32(scale)
    ahead, back = (
        np.clip(np.rint(np.nan_to_num(one, nan=0.0) / unit), -_STEPS, _STEPS).astype(np.intp)
        for one in (values[first, second], values[second, first])
    )
    if not difference:
        ahead, back = np.maximum(ahead, 0), np.maximum(back, 0)
    strength = np.maximum(np.abs(ahead), np.abs(back))
    apart = second - first
    if chain_of is not None:
        apart[chain_of[first] != chain_of[second]] = len(values) + LEVELS[-1]

    keep = np.zeros(len(first), bool)
    floors = np.zeros((1, len(LEVELS), 2), np.uint32)
    for level, least in enumerate(LEVELS):
        place = np.flatnonzero((apart >= least) & (strength > 0))
        if len(place) > most:
            place = place[np.argpartition(-strength[place], most - 1)[:most]]
            weakest = int(strength[place].min())
            # Of two directions as weak as this the sum is at most twice as much.
            floors[0, level] = weakest, 2 * weakest
        keep[place] = True
    ahead, back = ahead[keep], back[keep]
    return LinkTable(
        first=first[keep].astype(np.uint16),
        second=second[keep].astype(np.uint16),
        forward=np.abs(ahead).astype(np.uint16),
        backward=np.abs(back).astype(np.uint16),
        offsets=np.array([0, len(ahead)], np.uint32),
        scale=np.array([scale], np.float64),
        floors=floors,
        chain_of=chain_of,
        signs=((ahead < 0) + 2 * (back < 0)).astype(np.uint8) if difference else None,
    )
