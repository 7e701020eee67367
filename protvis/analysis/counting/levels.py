"""Levels: the thresholds, and the cut at the heaviest links, that every run counts besides its own.

A level is a set of links of each head: those of at least one of `LEVELS`, or, last, the L heaviest
of a protein of L residues (of those of at least the first of `LEVELS`, and all that weigh as much
as the last of them).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from protvis.analysis.counting.plan import LEVELS
from protvis.models.layer_scan import LayerScan

__all__ = ["LevelLinks", "links_of_levels"]


class LevelLinks:
    """The links of all levels that differ, as if each level were heads of its own.

    Attributes
    ----------
    head, query, key : int32 array (link,)
        Sorted by head; head h of the s-th set is s · n_heads + h.
    n_heads : int
        Heads of all sets together.
    set_of : tuple of int
        The set of each level: levels with the same links share one.
    """

    def __init__(self, scan: LayerScan, chosen: list[NDArray[np.bool_]], of_layer: int) -> None:
        sets: list[NDArray[np.bool_]] = []
        set_of = []
        for mask in chosen:
            same = [place for place, other in enumerate(sets) if np.array_equal(mask, other)]
            set_of.append(same[0] if same else len(sets))
            if not same:
                sets.append(mask)
        places = [np.flatnonzero(mask) for mask in sets]
        at = np.concatenate(places)
        offset = np.repeat(np.arange(len(sets), dtype=np.int32) * of_layer, list(map(len, places)))
        self.head = scan.head[at] + offset
        self.query, self.key = scan.query[at], scan.key[at]
        self.n_heads = of_layer * len(sets)
        self.set_of = tuple(set_of)


def links_of_levels(scan: LayerScan) -> LevelLinks:
    """Return the links of every level in one layer of one protein."""
    n_heads, n = scan.received.shape
    chosen: list[NDArray[Any]] = [scan.weight >= np.float32(level) for level in LEVELS]
    chosen.append(_heaviest(scan, n_heads, n))
    return LevelLinks(scan, chosen, n_heads)


def _heaviest(scan: LayerScan, n_heads: int, n: int) -> NDArray[np.bool_]:
    enough = scan.weight >= np.float32(LEVELS[0])
    head, weight = scan.head[enough], scan.weight[enough]
    ends = np.searchsorted(head, np.arange(n_heads + 1))
    least = np.full(n_heads, np.float32(LEVELS[0]))
    for which in np.flatnonzero(np.diff(ends) > n):
        own = weight[ends[which] : ends[which + 1]]
        least[which] = np.partition(own, len(own) - n)[len(own) - n]
    return scan.weight >= least[scan.head]
