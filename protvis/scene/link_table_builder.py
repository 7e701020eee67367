"""Builds the table of links from maps: which pairs of each map are worth keeping."""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from protvis.attention.strong_pairs import PairSearch, StrongPairs
from protvis.scene.link_table import LEVELS, LinkTable

__all__ = ["LinkTableBuilder", "pairs_per_entry"]

_PARTS = (4, 2, 4)
"""Each level's rankings go down to this fraction of the depth: a quarter, a half, a quarter."""

_USUAL_DEPTH = 2.05
"""How deep, in times the room, the rankings of most maps go: those by max and by mean overlap."""

_STEPS = 65535
_WEAKEST = _STEPS * float(np.finfo(np.float32).tiny)
"""A map without a larger weight has no links: its steps would not be single-precision numbers."""

_BYTES_PER_PAIR = 8


def pairs_per_entry(n_entries: int, *, budget: int = 2_700_000, most: int = 2400) -> int:
    """Return how many pairs each of `n_entries` heads may store within `budget` bytes."""
    return max(64, min(most, budget // (_BYTES_PER_PAIR * n_entries)))


class _Entries(NamedTuple):
    """What the table holds of some maps; `ahead` and `back` are signed steps."""

    numbers: NDArray[np.intp]
    counts: NDArray[np.intp]
    place: NDArray[np.int32]
    ahead: NDArray[np.int32]
    back: NDArray[np.int32]
    scale: NDArray[np.float64]
    floors: NDArray[np.intp]


class _Listed(NamedTuple):
    """Pairs of some maps in whole steps, and of each map what its unlisted pairs have at most.

    `hidden` is (2, n_maps), steps of the larger direction and of both together: -1 if all pairs are
    listed, 0 if all pairs with weight are.
    """

    owner: NDArray[np.intp]
    place: NDArray[np.int32]
    ahead: NDArray[np.int32]
    back: NDArray[np.int32]
    hidden: NDArray[np.intp]


class LinkTableBuilder:
    """Collects the entries of a `LinkTable`.

    A pair is stored if it is among the strongest by ``max`` or by ``mean`` of all pairs at least
    1, 6 or 24 residues apart: six rankings, all followed as deep as the room allows. Equal pairs
    rank by their residue indices.

    Parameters
    ----------
    n_residues : int
    pairs : int
        Most pairs to store per entry.
    chain_of : int (n_residues,), optional
        For each residue the number of its chain, where several were joined.
    difference : bool
        Whether values are gains and losses; otherwise negative ones are no links.

    Attributes
    ----------
    needed : dict of int to int
        What a `PairSearch` should look for, by ``max`` and by ``mean``.
    """

    def __init__(
        self,
        n_residues: int,
        pairs: int,
        chain_of: NDArray[np.integer] | None = None,
        *,
        difference: bool = False,
    ) -> None:
        self._n = n_residues
        self._pairs = pairs
        self._chain_of = chain_of
        self._difference = difference
        self._n_apart = [self._count_pairs(level) for level in LEVELS]
        # Whatever is near enough the top of all pairs is so among those further apart.
        self.needed = {
            level: int(_USUAL_DEPTH * pairs / part)
            for level, part in zip(LEVELS[1:], _PARTS[1:], strict=True)
        }
        none, no_steps = np.zeros(0, np.intp), np.zeros(0, np.int32)
        no_floors = np.zeros((0, len(LEVELS), 2), np.intp)
        self._entries = [
            _Entries(none, none, no_steps, no_steps, no_steps, none.astype(np.float64), no_floors)
        ]

    def add(self, values: NDArray[np.float32]) -> None:
        """Add one map, float (query, key), as the next entry; NaN is no link."""
        entry, needed = sum(len(some.numbers) for some in self._entries), self.needed
        search = PairSearch(self._n, needed, needed, self._chain_of, signed=self._difference)
        search.settle([values], lambda pairs: self.take(pairs, entry))

    def take(self, pairs: StrongPairs, first_entry: int) -> NDArray[np.bool_]:
        """Store entries by the strong pairs of their maps.

        Parameters
        ----------
        pairs : StrongPairs
        first_entry : int
            The entry of the map at position 0.

        Returns
        -------
        bool (n_maps,)
            Whether the pairs of each map suffice. Of maps for which they do not, nothing is stored.
        """
        scale, listed = self._in_steps(pairs)
        chosen, floors, sure = self._choose(listed)
        if not sure.all():
            chosen &= sure[listed.owner]
        kept = np.flatnonzero(chosen)
        counts = np.bincount(listed.owner.take(kept), minlength=len(sure))
        place, ahead, back = (
            column.take(kept) for column in (listed.place, listed.ahead, listed.back)
        )
        numbers = first_entry + pairs.maps[sure]
        self._entries.append(
            _Entries(numbers, counts[sure], place, ahead, back, scale[sure], floors[sure])
        )
        return sure

    def _in_steps(self, pairs: StrongPairs) -> tuple[NDArray[np.float64], _Listed]:
        """Return the weight of one step in each map, and the pairs in steps."""
        forward, backward = (
            np.nan_to_num(values, nan=0.0) if self._difference else np.fmax(values, 0)
            for values in (pairs.forward, pairs.backward)
        )
        larger = np.maximum(np.abs(forward), np.abs(backward))
        top = np.array([part.max(initial=0) for part in pairs.split(larger)], np.float64)
        top[top < _WEAKEST] = 0
        scale = np.where(top > 0, top, 1.0) / _STEPS
        unit = scale.astype(np.float32)
        units = np.repeat(np.where(top > 0, unit, np.float32(np.inf)), pairs.counts)
        ahead, back = (np.rint(values / units).astype(np.int32) for values in (forward, backward))
        hidden = np.rint(np.fmax(pairs.reach, 0) / unit).astype(np.intp)
        # Rounding adds up to half a step in each direction.
        both = (2 * np.fmax(pairs.mean_reach, 0) / scale).astype(np.intp) + 2
        hidden[pairs.reach == -np.inf] = -1
        hidden = np.stack([hidden, np.where(hidden > 0, both, hidden)])
        listed = _Listed(pairs.owner, pairs.place, ahead, back, hidden)
        return scale, self._filled(listed) if (hidden == 0).any() else listed

    def _filled(self, listed: _Listed) -> _Listed:
        """Add pairs without weight to maps of which all pairs with weight are listed.

        They rank last, and fill the room that is left.
        """
        filling, n_cells = self._filling[0], self._n**2
        maps = np.flatnonzero(listed.hidden[0] == 0)
        added = (maps[:, None] * n_cells + filling).reshape(-1)
        # The first of several equal ones is taken: the listed one.
        keys, source = np.unique(
            np.concatenate([listed.owner * n_cells + listed.place, added]), return_index=True
        )
        owner, place = keys // n_cells, (keys % n_cells).astype(np.int32)
        ahead, back = (
            np.concatenate([steps, np.zeros(len(added), np.int32)])[source]
            for steps in (listed.ahead, listed.back)
        )
        return _Listed(owner, place, ahead, back, listed.hidden)

    def _choose(
        self, listed: _Listed
    ) -> tuple[NDArray[np.bool_], NDArray[np.intp], NDArray[np.bool_]]:
        """Return which pairs to store, the floors of each map, and whether that is sure."""
        owner, hidden, n_maps = listed.owner, listed.hidden, listed.hidden.shape[1]
        if not len(owner):
            nothing = np.zeros((n_maps, len(LEVELS), 2), np.intp)
            return np.zeros(0, bool), nothing, np.all(hidden == -1, axis=0)
        counts = np.bincount(owner, minlength=n_maps)
        ends = np.cumsum(counts)
        starts = ends - counts
        separation = self._separation(listed.place)
        filled = np.repeat(hidden[0] == 0, counts) if (hidden[0] == 0).any() else None
        deepest = self._pairs * max(_PARTS)
        # The depth at which each pair comes in, and the depth up to which that is certain.
        comes_in = np.full(len(owner), deepest + 1, np.int32)
        certain: NDArray[np.intp] = np.full(n_maps, deepest + 1)
        rankings = []
        strengths = (
            np.maximum(np.abs(listed.ahead), np.abs(listed.back)),
            np.abs(listed.ahead + listed.back),
        )
        for steps, most_hidden in zip(strengths, hidden, strict=True):
            order = _strongest_first(steps, starts, counts)
            steps, apart, depths = steps.take(order), separation.take(order), comes_in.take(order)
            known = steps > np.repeat(np.clip(most_hidden, -1, 2 * _STEPS).astype(np.int32), counts)
            for level, (least, part) in enumerate(zip(LEVELS, _PARTS, strict=True)):
                ranked = known
                if filled is not None:
                    ranked = known | (filled & (listed.place[order] < self._filling[1][level]))
                if least > 1:
                    ranked = ranked & (apart >= least)
                before = np.zeros(len(order) + 1, np.int32)
                np.cumsum(ranked, out=before[1:])
                n_before = before[starts]
                n_ranked = before[ends] - n_before
                most = min(self._pairs, self._n_apart[level])
                rank = before[1:] - np.repeat(n_before, counts)
                ranked = ranked & (rank <= most)
                np.minimum(depths, np.where(ranked, part * rank, deepest + 1), out=depths)
                certain = np.where(
                    n_ranked < most, np.minimum(certain, part * (n_ranked + 1)), certain
                )
                rankings.append((level, steps, before))
            comes_in[order] = depths

        low, sure = self._deepest_cut(owner, comes_in, certain)
        floors = np.empty((len(LEVELS), 2, n_maps), np.intp)
        for place, (level, steps, before) in enumerate(rankings):
            n_apart = self._n_apart[level]
            depth = np.minimum((low / _PARTS[level]).astype(np.intp), min(self._pairs, n_apart))
            last = np.searchsorted(before, before[starts] + np.maximum(depth, 1)) - 1
            weakest = np.maximum(steps[np.minimum(last, len(steps) - 1)], 1)
            floors[level, place // len(LEVELS)] = np.where(depth < n_apart, weakest, 0)
        return comes_in <= np.repeat(low, counts), floors.transpose(2, 0, 1), sure

    def _deepest_cut(
        self, owner: NDArray[np.intp], comes_in: NDArray[np.int32], certain: NDArray[np.intp]
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return the deepest cut of each map whose union still fits, and whether that is sure.

        Rankings overlap, how much depends on the map. At half the room they fit even if they do not
        overlap at all.
        """
        n_maps, deepest = len(certain), self._pairs * max(_PARTS)
        n_in = np.bincount(owner * (deepest + 2) + comes_in, minlength=n_maps * (deepest + 2))
        n_in = n_in.reshape(n_maps, deepest + 2).cumsum(axis=1)
        maps, sure = np.arange(n_maps), np.ones(n_maps, bool)
        low: NDArray[np.float64] = np.full(n_maps, self._pairs / 2)
        high: NDArray[np.float64] = np.full(n_maps, float(deepest))
        while high[0] - low[0] > 1:
            middle = (low + high) / 2
            fits = n_in[maps, middle.astype(np.intp)] <= self._pairs
            sure &= ~fits | (middle < certain)
            low, high = np.where(fits, middle, low), np.where(fits, high, middle)
        return low, sure & (low < certain)

    def _separation(self, place: NDArray[np.int32]) -> NDArray[np.int32]:
        first = place // np.int32(self._n)
        second = place - first * self._n
        separation = second - first
        if self._chain_of is not None:
            separation[self._chain_of[first] != self._chain_of[second]] = max(self._n, *LEVELS)
        return separation

    def _count_pairs(self, level: int) -> int:
        near = range(1, min(level, self._n))
        chain = self._chain_of
        if chain is None:
            n_near = sum(self._n - apart for apart in near)
        else:
            n_near = sum(np.count_nonzero(chain[apart:] == chain[:-apart]) for apart in near)
        return self._n * (self._n - 1) // 2 - int(n_near)

    @cached_property
    def _filling(self) -> tuple[NDArray[np.int32], list[int]]:
        """The pairs of lowest index of each level, enough to fill a table, and where they end."""
        rows = []
        ends = []
        for level in LEVELS:
            first = n_found = 0
            while first < self._n and n_found < 2 * self._pairs:
                row = first * self._n + np.arange(first + 1, self._n, dtype=np.int32)
                rows.append(row[self._separation(row) >= level])
                n_found += len(rows[-1])
                first += 1
            ends.append(first * self._n)
        return np.unique(np.concatenate(rows)), ends

    def finish(self) -> LinkTable:
        """Return the table of all entries added so far."""
        numbers, counts, place, ahead, back, scale, floors = (
            np.concatenate(column) for column in zip(*self._entries, strict=True)
        )
        order = np.argsort(numbers)
        if (np.diff(numbers) < 0).any():  # some maps took more than one search
            pairs = np.argsort(np.repeat(numbers, counts), kind="stable")
            place, ahead, back = (column.take(pairs) for column in (place, ahead, back))
        first = place // np.int32(self._n)
        second = place - first * self._n
        return LinkTable(
            first=first.astype(np.uint16),
            second=second.astype(np.uint16),
            forward=np.abs(ahead).astype(np.uint16),
            backward=np.abs(back).astype(np.uint16),
            offsets=np.concatenate([[0], np.cumsum(counts.take(order))]).astype(np.uint32),
            scale=scale.take(order),
            floors=floors.take(order, axis=0).astype(np.uint32),
            chain_of=self._chain_of,
            signs=((ahead < 0) + 2 * (back < 0)).astype(np.uint8) if self._difference else None,
        )


def _strongest_first(
    steps: NDArray[np.int32], starts: NDArray[np.intp], counts: NDArray[np.intp]
) -> NDArray[np.intp]:
    """Return the order of a stable sort by falling number of steps within each map.

    Sorting whole numbers that carry their positions is several times faster than an argsort.
    """
    few = counts.max() <= 1 << 15
    shift = 15 if few else 40
    wide = np.dtype(np.uint32 if few else np.uint64)
    offset = np.repeat(starts, counts)
    # Steps need 17 bits.
    keys = (2 * _STEPS - steps).astype(wide) << shift
    keys |= (np.arange(len(steps)) - offset).astype(wide)
    for start, n in zip(starts.tolist(), counts.tolist(), strict=True):
        keys[start : start + n].sort()
    return (keys & ((1 << shift) - 1)).astype(np.intp) + offset
