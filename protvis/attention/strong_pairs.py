"""The strong pairs of attention maps: enough for every ranking, found without sorting all pairs.

Of the 350,000 pairs of a chain of 837 residues an explorer needs some hundred. A drawn sample of
pairs suggests a weight that somewhat more than enough pairs reach; one pass over the map lists
those pairs. Whether they are enough is then counted, so nothing is left to chance: a list that is
too short is made again, deeper, and in the end holds all pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["PairSearch", "StrongPairs"]

_FEW_PAIRS = 8192
"""Of so few pairs all are listed."""

_RANK = 48
"""How many pairs of the sample should reach the weight; fewer tell it less well."""

_GROUP = 8
"""Of so many pairs of the sample only the strongest is ranked: nearly as telling, and faster."""

_DEEPER = 4
"""How many times as many pairs are listed after a list that was too short."""


@dataclass(frozen=True)
class StrongPairs:
    """The pairs of some maps that are strong in either direction or in the mean of both.

    Attributes
    ----------
    maps : intp (n_maps,)
        Positions of the maps.
    counts : intp (n_maps,)
        How many pairs of each map follow each other.
    place : int32 (n_pairs,)
        ``first * n_residues + second`` of each pair, ``first < second``; ascending in each map.
    forward, backward : float32 (n_pairs,)
        Values from first to second and from second to first; NaN where unknown.
    reach, mean_reach : float32 (n_maps,)
        A pair that is not listed is weaker than `reach` in both directions, and its mean is less
        than `mean_reach`, or it is unknown; minus infinity if all pairs are listed.
    """

    maps: NDArray[np.intp]
    counts: NDArray[np.intp]
    place: NDArray[np.int32]
    forward: NDArray[np.float32]
    backward: NDArray[np.float32]
    reach: NDArray[np.float32]
    mean_reach: NDArray[np.float32]

    @cached_property
    def owner(self) -> NDArray[np.intp]:
        """For each pair, which of the maps it belongs to."""
        return np.repeat(np.arange(len(self.counts)), self.counts)

    def split(self, values: NDArray[Any]) -> list[NDArray[Any]]:
        """Return the parts of an array over pairs, one for each map."""
        ends = np.cumsum(self.counts).tolist()
        return [values[stop - n : stop] for stop, n in zip(ends, self.counts.tolist(), strict=True)]


class PairSearch:
    """Lists the strong pairs of maps of one chain.

    Parameters
    ----------
    n_residues : int
    needed, needed_by_mean : mapping of int to int
        For each smallest separation |i - j| how many of the pairs that far apart are usually
        enough, ranked by their larger direction and by the mean of both.
    chain_of : int (n_residues,), optional
        For each residue the number of its chain. Residues of two chains are far apart.
    signed : bool
        Whether a loss is as strong as a gain of the same size.
    """

    def __init__(
        self,
        n_residues: int,
        needed: Mapping[int, int],
        needed_by_mean: Mapping[int, int] | None = None,
        chain_of: NDArray[np.integer] | None = None,
        *,
        signed: bool = False,
    ) -> None:
        n = self._n = n_residues
        self._signed = signed
        # For each way to rank: (how many pairs of the sample are far enough apart, which share of
        # them should reach the weight).
        self._ranks: tuple[list[tuple[int, float]], list[tuple[int, float]]] = ([], [])
        counts = (dict(needed), dict(needed_by_mean or {}))
        n_pairs = n * (n - 1) // 2
        if n_pairs <= _FEW_PAIRS or not any(counts):
            return
        fewest = max(1, min(count for some in counts for count in some.values()))
        n_drawn = int(np.clip(_RANK * n_pairs // fewest, 1024, 4096))
        rng = np.random.default_rng(0)
        one = rng.integers(0, n, n_drawn)
        other = (one + rng.integers(1, n, n_drawn)) % n
        separation = np.abs(one - other)
        if chain_of is not None:
            separation[chain_of[one] != chain_of[other]] = n
        # Far pairs first: those at least so far apart are the head of the sample.
        order = np.argsort(-separation)
        one, other, separation = one[order], other[order], separation[order]
        self._sample = np.stack([one * n + other, other * n + one])
        for ranks, some in zip(self._ranks, counts, strict=True):
            for least, count in some.items():
                n_apart = np.count_nonzero(separation >= least)
                ranks.append((n_apart, count * n_drawn / (n_pairs * max(n_apart, 1))))

    def settle(
        self,
        maps: Sequence[NDArray[np.float32]],
        take: Callable[[StrongPairs], NDArray[np.bool_]],
    ) -> None:
        """Hand on the strong pairs of maps, and more of them of maps for which they do not suffice.

        Parameters
        ----------
        maps : sequence of float32 (query, key)
        take : callable
            Returns for each map whether its pairs suffice. All pairs of a map must suffice.
        """
        flat = [np.ascontiguousarray(values, np.float32).reshape(-1) for values in maps]
        enough = take(self._list(flat, np.arange(len(flat)), 1))
        for position in np.flatnonzero(~enough):
            # One at a time: there may be very many pairs.
            depth = _DEEPER
            while not take(self._list(flat, position[None], depth)).all():
                depth *= _DEEPER

    def _list(
        self, flat: Sequence[NDArray[np.float32]], maps: NDArray[np.intp], depth: int
    ) -> StrongPairs:
        n = self._n
        values = [flat[position] for position in maps]
        reach, mean_reach = self._reaches(values, depth)
        places = [
            self._places(one, lowest)
            for one, lowest in zip(values, np.minimum(reach, mean_reach), strict=True)
        ]
        counts = np.array([len(some) for some in places], np.intp)
        place = np.concatenate(places)
        first = place // np.int32(n)  # several times faster than divmod
        turned = np.split((place - first * n) * n + first, np.cumsum(counts)[:-1])
        forward, backward = (
            np.concatenate([one.take(some) for one, some in zip(values, where, strict=True)])
            for where in (places, turned)
        )
        if (reach > -np.inf).any():
            larger, mean = self._strength(forward, backward)
            strong = larger >= np.repeat(reach, counts)
            strong |= mean >= np.repeat(mean_reach, counts)
            strong |= np.repeat(reach == -np.inf, counts)
            kept = np.flatnonzero(strong)  # found once; compress would find it for each
            counts = np.diff(np.searchsorted(kept, np.cumsum(counts)), prepend=0)
            place, forward, backward = (some.take(kept) for some in (place, forward, backward))
        return StrongPairs(maps, counts, place, forward, backward, reach, mean_reach)

    def _strength(
        self, forward: NDArray[np.float32], backward: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return how strong pairs are in their larger direction and in the mean of both."""
        mean = (forward + backward) / np.float32(2)
        if self._signed:
            return np.fmax(np.abs(forward), np.abs(backward)), np.abs(mean)
        return np.fmax(forward, backward), mean

    def _reaches(
        self, values: list[NDArray[np.float32]], depth: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the weights, and the means, that enough pairs reach, judging by the sample."""
        everything = np.full(len(values), -np.inf, np.float32)
        if not any(self._ranks):
            return everything, everything
        found = []
        sample = (np.stack([one.take(places) for one in values]) for places in self._sample)
        for strength, ranks in zip(self._strength(*sample), self._ranks, strict=True):
            np.fmax(strength, -np.inf, out=strength)  # what is unknown comes last
            lowest = np.full(len(values), np.inf, np.float32)
            for n_apart, share in ranks:
                # A group reaches a weight if one of its pairs does. Three standard errors more.
                n_groups = n_apart // _GROUP
                reaching = 1 - (1 - min(depth * share, 1)) ** _GROUP
                error = np.sqrt(n_groups * reaching * (1 - reaching))
                cut = n_groups - int(n_groups * reaching + 3 * error) - 1
                if cut < 0:
                    return everything, everything
                groups = strength[:, : n_groups * _GROUP].reshape(-1, _GROUP, n_groups)
                some = np.partition(groups.max(axis=1), cut, axis=1)
                np.minimum(lowest, some[:, cut], out=lowest)
            found.append(lowest)
        return found[0], found[1]

    def _places(self, values: NDArray[np.float32], lowest: np.float32) -> NDArray[np.int32]:
        """Return the pairs, as places, with at least this value in either direction."""
        n = self._n
        if lowest == -np.inf:
            return np.flatnonzero(np.tri(n, k=-1, dtype=bool).T).astype(np.int32)
        # Whose mean reaches a weight reaches it in one direction at least.
        place = self._folded.take(
            np.flatnonzero((np.abs(values) if self._signed else values) >= lowest)
        )
        place.sort()
        # A pair that reaches it in both directions is there twice, the diagonal as -1.
        new = np.empty(len(place), bool)
        new[:1] = place[:1] >= 0
        np.not_equal(place[1:], place[:-1], out=new[1:])
        return place.compress(new)

    @cached_property
    def _folded(self) -> NDArray[np.int32]:
        """For each cell of a map the place of its pair; -1 on the diagonal."""
        n = self._n
        cells = np.arange(n * n, dtype=np.int32).reshape(n, n)
        folded = np.where(np.tri(n, k=-1, dtype=bool), cells.T, cells)
        np.fill_diagonal(folded, -1)
        return folded.reshape(-1)
