"""The pairs of a protein by their distance along the chain, ranked by what a map gives them.

Ranges are those of Rao et al. (ICLR 2021): short 6 ≤ |i − j| < 12, medium 12 ≤ |i − j| < 24, long
|i − j| ≥ 24; ``all`` is |i − j| ≥ 6.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from protvis.analysis.counting.result import Skipped
from protvis.attention.selection import combine_directions
from protvis.datasets import Record
from protvis.errors import OptionError
from protvis.structure.contacts import contact_map

__all__ = ["RANGES", "TOPS", "RankedPairs", "TopPairs", "pairs_of_record"]

RANGES: Mapping[str, tuple[int, int | None]] = MappingProxyType(
    {"short": (6, 12), "medium": (12, 24), "long": (24, None), "all": (6, None)}
)
"""Ranges of |i − j| by name: from, up to but not with."""

TOPS: Mapping[str, int] = MappingProxyType({"L": 1, "L/2": 2, "L/5": 5})
"""How many pairs count: ⌊L / divisor⌋, at least 1."""

_SINGLE = tuple(name for name in RANGES if name != "all")


class TopPairs(NamedTuple):
    """The heaviest pairs of a map, counted: int64 arrays (range, top)."""

    n_links: NDArray[np.int64]
    n_hits: NDArray[np.int64]

    @property
    def precision(self) -> NDArray[np.float64]:
        """The share of contacts among the heaviest pairs, NaN without pairs."""
        return _share(self.n_hits, self.n_links)


class RankedPairs:
    """The pairs of one protein that can be scored, ready for many maps.

    Parameters
    ----------
    contacts : bool array (residue, residue)
        Symmetric.
    observed : bool array (residue,), optional
        Residues with coordinates; all when None. Pairs with another residue are not scored.

    Attributes
    ----------
    n_residues : int
    n_pairs : int64 array (range,)
    background : float64 array (range,)
        The share of contacts among the pairs of a range, NaN without pairs.

    Raises
    ------
    OptionError
        If the arrays do not fit each other, or contacts are not symmetric.
    """

    def __init__(self, contacts: ArrayLike, observed: ArrayLike | None = None) -> None:
        contacts = np.asarray(contacts)
        n = len(contacts)
        if contacts.shape != (n, n) or contacts.dtype != np.bool_:
            raise OptionError(
                "contacts must be a bool array (residue, residue), got "
                f"{contacts.dtype} {contacts.shape}"
            )
        if not np.array_equal(contacts, contacts.T):
            raise OptionError("contacts must be symmetric: i touches j where j touches i")
        seen = np.ones(n, dtype=bool) if observed is None else np.asarray(observed, dtype=bool)
        if seen.shape != (n,):
            raise OptionError(f"observed must have {n} values, one per residue, got {seen.shape}")
        self.n_residues = n
        first, second = np.triu_indices(n, k=RANGES["all"][0])
        scored = seen[first] & seen[second]
        first, second = first[scored], second[scored]
        edges = [RANGES[name][0] for name in _SINGLE[1:]]
        of_range = np.searchsorted(edges, second - first, side="right")
        # Range after range, and by (i, j) within each: a range is then one slice.
        order = np.argsort(of_range, kind="stable")
        first, second = first[order], second[order]
        self._starts = np.searchsorted(of_range[order], np.arange(len(_SINGLE) + 1))
        self._ahead, self._back = first * n + second, second * n + first
        self._contact = contacts[first, second]
        n_single = np.diff(self._starts)
        n_contacts = [part.sum() for part in np.split(self._contact, self._starts[1:-1])]
        self.n_pairs = np.append(n_single, n_single.sum())
        self.background = _share(np.append(n_contacts, np.sum(n_contacts)), self.n_pairs)

    def score(self, pair_map: NDArray[np.floating], combine: str = "max") -> TopPairs:
        """Return how many of a map's heaviest pairs are contacts.

        Parameters
        ----------
        pair_map : array (residue, residue)
            NaN entries are never links.
        combine : {"max", "mean"}
            How the two directions of a pair become one number, as in
            `protvis.attention.select_links`.

        Raises
        ------
        OptionError
            If the map has another shape.
        """
        n = self.n_residues
        if pair_map.shape != (n, n):
            raise OptionError(f"the map must be ({n}, {n}) as contacts are, got {pair_map.shape}")
        values = np.ascontiguousarray(pair_map, dtype=np.float32).reshape(-1)
        forward, backward = values.take(self._ahead), values.take(self._back)
        weight, _ = combine_directions(forward, backward, combine)
        n_links, n_hits = np.zeros((2, len(RANGES), len(TOPS)), dtype=np.int64)
        tops = []
        for row in range(len(_SINGLE)):
            inside = np.arange(self._starts[row], self._starts[row + 1])
            tops.append(_heaviest(inside[~np.isnan(weight[inside])], weight, self._ahead, n))
        # What is among the top L of all pairs is among those of its own range.
        tops.append(_heaviest(np.concatenate(tops), weight, self._ahead, n))
        for row, top in enumerate(tops):
            found = np.cumsum(self._contact[top])
            for column, divisor in enumerate(TOPS.values()):
                k = min(max(n // divisor, 1), len(top))
                n_links[row, column] = k
                n_hits[row, column] = found[k - 1] if k else 0
        return TopPairs(n_links, n_hits)


def _heaviest(
    pairs: NDArray[np.intp], weight: NDArray[np.float32], place: NDArray[np.intp], k: int
) -> NDArray[np.intp]:
    """Return the `k` heaviest pairs, heaviest first, ties as `rank_links` breaks them."""
    values = weight[pairs]
    if k < len(pairs):
        pairs = pairs[values >= np.partition(values, len(pairs) - k)[len(pairs) - k]]
    return pairs[np.lexsort((place[pairs], -weight[pairs]))[:k]]


def _share(part: NDArray[np.integer], whole: NDArray[np.integer]) -> NDArray[np.float64]:
    return np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0)


def pairs_of_record(record: Record, cutoff: float, skipped: list[Skipped]) -> RankedPairs | None:
    """Return the pairs of a record, or None and a line in the ledger if none can be scored."""
    if record.coordinates is None:
        skipped.append(Skipped(record.record_id, "it has no coordinates"))
        return None
    observed = ~np.isnan(record.coordinates).any(axis=1)
    pairs = RankedPairs(contact_map(record.coordinates, cutoff, 0), observed)
    if not pairs.n_pairs.any():
        skipped.append(Skipped(record.record_id, "no two of its residues can be scored"))
        return None
    return pairs
