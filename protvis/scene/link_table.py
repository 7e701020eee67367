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
from typing import Any

import numpy as np
from numpy.typing import NDArray

from protvis.attention.selection import combine_directions, rank_links
from protvis.structure.contacts import MIN_SEPARATION

__all__ = ["LEVELS", "LinkTable", "Links"]

LEVELS = (1, 6, 24)
"""Smallest separations |i - j| for which the strongest pairs are collected separately."""


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

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays under the names by which they cross to the browser."""
        return {
            "links_first": self.first,
            "links_second": self.second,
            "links_forward": self.forward,
            "links_backward": self.backward,
            "links_signs": np.zeros(0, np.uint8) if self.signs is None else self.signs,
            "links_offsets": self.offsets,
            "links_scale": self.scale,
            "links_floors": self.floors,
        }

    def select(
        self,
        entry: int,
        *,
        top_k: int | None = None,
        threshold: float = 0.0,
        min_separation: int = MIN_SEPARATION,
        combine: str = "max",
        wanted: NDArray[np.bool_] | None = None,
    ) -> Links:
        """Return the strongest links of an entry.

        Parameters
        ----------
        entry : int
            Position of a head or layer mean in the table.
        top_k : int, optional
            The most links to return.
        threshold : float
            Only weights of at least this.
        min_separation : int
            Only pairs with ``|i - j|`` of at least this (and at least 1), in residues.
        combine : {"max", "mean", "directed"}
            One link per pair with the larger weight and its direction, one with the mean of both,
            or one per direction. For differences, the larger in size, and the size of the mean.
        wanted : bool (query, key), optional
            Which links to consider.
        """
        pairs = slice(int(self.offsets[entry]), int(self.offsets[entry + 1]))
        first = self.first[pairs].astype(np.int32)
        second = self.second[pairs].astype(np.int32)
        forward = self.forward[pairs].astype(np.float64)
        backward = self.backward[pairs].astype(np.float64)
        scale = float(self.scale[entry])
        if self.signs is not None:
            signs = self.signs[pairs]
            forward = np.where(signs & 1, -forward, forward)
            backward = np.where(signs & 2, -backward, backward)

        signed, reverse = combine_directions(forward, backward, combine, by_size=True)
        if combine == "directed":
            first, second = np.concatenate([first, first]), np.concatenate([second, second])
        steps = np.abs(signed)

        separation = max(int(min_separation), 1)
        level = int(np.searchsorted(LEVELS, separation, side="right")) - 1
        # Of means the table counts the sums of both directions.
        floor = (
            self.floors[entry, level, 1] / 2 if combine == "mean" else self.floors[entry, level, 0]
        )
        weight = steps * scale
        apart = second - first >= separation
        if self.chain_of is not None:
            apart |= self.chain_of[first] != self.chain_of[second]
        allowed = apart & (steps > 0) & (steps >= floor)
        allowed &= weight >= threshold
        if wanted is not None:
            allowed &= np.where(reverse, wanted[second, first], wanted[first, second])
        order = rank_links(steps, first, second, reverse)
        order = order[allowed[order]]
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
            floor=float(floor * scale),
        )
