"""The strongest links of every head in one compact table, so that sliders never wait for Python.

A table holds, per head (and per layer mean), the residue pairs a viewer may ask for, each with the
attention in both directions. Which pairs: the strongest by ``max`` and by ``mean``, counted anew
among the pairs at least 1, 6 and 24 residues apart, so that the strongest long-range links are
there although neighbours outweigh them. Weights are 16-bit fractions of the head's largest one.

Of differences a link is as strong as its size, and losses are links as much as gains; a table of
them holds the signs beside the sizes.

Down to a *floor* per head and separation the table is complete; `select` never shows a link below
it, so that what is drawn is always exactly the strongest links there are. The browser selects by
the same rule from the same numbers (``js/src/model/links.ts``); a contract test compares the two.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["COMBINE", "LEVELS", "LinkTable", "LinkTableBuilder", "Links", "pairs_per_entry"]

COMBINE = ("max", "mean", "directed")
LEVELS = (1, 6, 24)
"""Smallest separations |i - j| for which the strongest pairs are collected separately."""

_SHARE = (0.25, 0.5, 0.25)
_STEPS = 65535
_BYTES_PER_PAIR = 8


def pairs_per_entry(n_entries: int, *, budget: int = 2_700_000, most: int = 2400) -> int:
    """Return how many pairs each of `n_entries` heads may store within `budget` bytes."""
    return max(64, min(most, budget // (_BYTES_PER_PAIR * n_entries)))


@dataclass(frozen=True)
class Links:
    """Links of one head, strongest first.

    Attributes
    ----------
    query, key : int32 (n_links,)
        Residue indices; attention goes from query to key.
    weight : float64 (n_links,)
        Attention weight after `combine`; of a difference its size.
    sign : int8 (n_links,)
        -1 for losses, of differences; else 1.
    reaching : int
        How many stored links the question allows, whatever its number: more than there are here
        where that cut them.
    complete : bool
        Whether every link the question allows was stored. When False, links as weak as `floor` or
        weaker exist that are not in the table.
    floor : float
        Weight above which the table knows every link of this head at this separation.
    """

    query: NDArray[np.int32]
    key: NDArray[np.int32]
    weight: NDArray[np.float64]
    sign: NDArray[np.int8]
    reaching: int
    complete: bool
    floor: float


@dataclass(frozen=True)
class LinkTable:
    """The strongest links of all heads of one chain.

    An *entry* is a head or a layer's mean: layer ``l`` (position) holds entries
    ``l * (n_heads + 1)`` to ``l * (n_heads + 1) + n_heads``, the mean last.

    Attributes
    ----------
    first, second : uint16 (n_pairs,)
        Residue indices of each stored pair, ``first < second``.
    forward, backward : uint16 (n_pairs,)
        Attention from first to second and from second to first, in steps of ``scale``.
    offsets : uint32 (n_entries + 1,)
        Where each entry's pairs begin.
    scale : float64 (n_entries,)
        Attention weight of one step.
    floors : uint32 (n_entries, n_levels, 2)
        Steps down to which the entry is complete for separations of at least ``LEVELS[level]``, by
        ``max`` and by ``mean`` (there the sum of both directions); 0 where nothing was left out.
    chain_of : int (n_residues,), optional
        For each residue the number of its chain, where several were joined. Links between chains
        are far apart, whatever the separation asked for.
    signs : uint8 (n_pairs,), optional
        Of differences: 1 where forward is a loss, and 2 more where backward is one.
    """

    first: NDArray[np.uint16]
    second: NDArray[np.uint16]
    forward: NDArray[np.uint16]
    backward: NDArray[np.uint16]
    offsets: NDArray[np.uint32]
    scale: NDArray[np.float64]
    floors: NDArray[np.uint32]
    chain_of: NDArray[np.integer] | None = None
    signs: NDArray[np.uint8] | None = None

    @property
    def n_entries(self) -> int:
        """Number of heads and layer means."""
        return len(self.scale)

    @property
    def nbytes(self) -> int:
        """Size of the arrays in bytes."""
        return sum(array.nbytes for array in vars(self).values() if array is not None)

    def select(
        self,
        entry: int,
        *,
        top_k: int | None = None,
        threshold: float = 0.0,
        min_separation: int = 6,
        combine: str = "max",
    ) -> Links:
        """Return the strongest links of an entry.

        Parameters
        ----------
        entry : int
            Position of a head or layer mean in the table.
        top_k : int, optional
            At most so many links.
        threshold : float
            Only weights of at least this.
        min_separation : int
            Only pairs with ``|i - j|`` of at least this (and at least 1), in residues.
        combine : {"max", "mean", "directed"}
            One link per pair with the larger weight and its direction, one with the mean of both,
            or one per direction. Of differences the larger in size, and the size of the mean.
        """
        pairs = slice(int(self.offsets[entry]), int(self.offsets[entry + 1]))
        first = self.first[pairs].astype(np.int32)
        second = self.second[pairs].astype(np.int32)
        forward = self.forward[pairs].astype(np.int64)
        backward = self.backward[pairs].astype(np.int64)
        scale = float(self.scale[entry])
        if self.signs is not None:
            signs = self.signs[pairs]
            forward = np.where(signs & 1, -forward, forward)
            backward = np.where(signs & 2, -backward, backward)

        if combine == "directed":
            first, second = np.concatenate([first, first]), np.concatenate([second, second])
            signed = np.concatenate([forward, backward])
            reverse = np.arange(len(signed)) >= len(forward)
        elif combine == "mean":
            signed, reverse, scale = forward + backward, np.zeros(len(forward), bool), scale / 2
        else:
            reverse = np.abs(backward) > np.abs(forward)
            signed = np.where(reverse, backward, forward)
        steps = np.abs(signed)

        separation = max(int(min_separation), 1)
        level = int(np.searchsorted(LEVELS, separation, side="right")) - 1
        floor = int(self.floors[entry, level, 1 if combine == "mean" else 0])
        weight = steps * scale
        apart = second - first >= separation
        if self.chain_of is not None:
            apart |= self.chain_of[first] != self.chain_of[second]
        allowed = apart & (steps > 0) & (steps >= floor)
        wanted = allowed & (weight >= threshold)
        order = np.lexsort((reverse, second, first, -steps))
        order = order[wanted[order]]
        # Not all of the links exactly at the floor need be stored.
        complete = floor == 0 or floor * scale < threshold
        reaching = len(order)
        if top_k is not None:
            complete = complete or reaching >= top_k
            order = order[: max(int(top_k), 0)]
        flipped = reverse[order]
        return Links(
            query=np.where(flipped, second[order], first[order]),
            key=np.where(flipped, first[order], second[order]),
            weight=weight[order],
            sign=np.where(signed[order] < 0, -1, 1).astype(np.int8),
            reaching=reaching,
            complete=bool(complete),
            floor=floor * scale,
        )


class LinkTableBuilder:
    """Collects the entries of a `LinkTable` one map at a time.

    Parameters
    ----------
    n_residues : int
    pairs : int
        Most pairs to store per entry.
    chain_of : int (n_residues,), optional
        For each residue the number of its chain, where several were joined.
    difference : bool
        Whether values are gains and losses; else negative ones are no links.
    """

    def __init__(
        self,
        n_residues: int,
        pairs: int,
        chain_of: NDArray[np.integer] | None = None,
        *,
        difference: bool = False,
    ) -> None:
        first, second = np.triu_indices(n_residues, 1)
        separation = second - first
        if chain_of is not None:
            separation[chain_of[first] != chain_of[second]] = max(n_residues, *LEVELS)
        # Far pairs first, so that "at least so far apart" is the head of every array.
        order = np.argsort(-separation, kind="stable")
        self._first, self._second, separation = first[order], second[order], separation[order]
        self._chain_of = chain_of
        self._difference = difference
        self._reach = [int(np.count_nonzero(separation >= level)) for level in LEVELS]
        # Ties go to the smaller residue indices: a unique, reproducible order.
        n_cells = n_residues * n_residues
        self._tie = n_cells - 1 - (self._first * n_residues + self._second)
        self._n_cells = n_cells
        self._pairs = pairs
        self._entries: list[tuple[NDArray, ...]] = []
        self._scales: list[float] = []
        self._floors: list[NDArray[np.uint32]] = []

    def add(self, values: NDArray[np.float32]) -> None:
        """Add one map, float (query, key), as the next entry; NaN is no link."""
        forward = values[self._first, self._second]
        backward = values[self._second, self._first]
        if not self._difference:
            forward, backward = np.maximum(forward, 0), np.maximum(backward, 0)
        forward, backward = np.nan_to_num(forward, nan=0.0), np.nan_to_num(backward, nan=0.0)
        top = float(max(np.abs(forward).max(initial=0.0), np.abs(backward).max(initial=0.0)))
        scale = top / _STEPS if top > 0 else 1.0 / _STEPS
        forward = np.rint(forward / scale).astype(np.int64)
        backward = np.rint(backward / scale).astype(np.int64)
        chosen, floors = self._choose(
            np.maximum(np.abs(forward), np.abs(backward)), np.abs(forward + backward)
        )
        ahead, back = forward[chosen], backward[chosen]
        signs = (ahead < 0) + 2 * (back < 0)
        self._entries.append(
            (self._first[chosen], self._second[chosen], np.abs(ahead), np.abs(back), signs)
        )
        self._scales.append(scale)
        self._floors.append(floors)

    def _choose(self, largest: NDArray, total: NDArray) -> tuple[NDArray, NDArray[np.uint32]]:
        rankings = []
        for share, reach in zip(_SHARE, self._reach, strict=True):
            for steps in (largest, total):
                sort_key = steps[:reach] * self._n_cells + self._tie[:reach]
                keep = min(self._pairs, reach)
                if keep < reach:
                    best = np.argpartition(sort_key, reach - keep)[reach - keep :]
                else:
                    best = np.arange(reach)
                best = best[np.argsort(-sort_key[best])]
                rankings.append((share, reach, steps, best))

        def union(depth: float) -> NDArray:
            heads = [ranking[: int(share * depth)] for share, _, _, ranking in rankings]
            return np.unique(np.concatenate(heads))

        # The deepest cut whose union still fits: rankings overlap, how much depends on the head.
        # At half the room it fits even if they do not.
        low, high = self._pairs / 2, self._pairs / min(_SHARE)
        while high - low > 1:
            middle = (low + high) / 2
            low, high = (middle, high) if len(union(middle)) <= self._pairs else (low, middle)
        floors = np.zeros((len(LEVELS), 2), np.uint32)
        for position, (share, reach, steps, ranking) in enumerate(rankings):
            depth = min(int(share * low), len(ranking))
            if depth < reach:
                floors[position // 2, position % 2] = max(1, int(steps[ranking[max(depth, 1) - 1]]))
        return union(low), floors

    def finish(self) -> LinkTable:
        """Return the table of all entries added so far."""
        columns = [
            np.concatenate([entry[column] for entry in self._entries] or [np.empty(0)])
            for column in range(5)
        ]
        first, second, forward, backward = (column.astype(np.uint16) for column in columns[:4])
        lengths = [len(entry[0]) for entry in self._entries]
        return LinkTable(
            first=first,
            second=second,
            forward=forward,
            backward=backward,
            offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.uint32),
            scale=np.asarray(self._scales, np.float64),
            floors=np.asarray(self._floors, np.uint32).reshape(-1, len(LEVELS), 2),
            chain_of=self._chain_of,
            signs=columns[4].astype(np.uint8) if self._difference else None,
        )
