"""Which entries of one attention map are drawn as links: a pure function of the map."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from protvis.checks import check_number, check_whole_number
from protvis.errors import OptionError
from protvis.structure.contacts import MIN_SEPARATION

__all__ = ["COMBINE", "SelectedLinks", "combine_directions", "rank_links", "select_links"]

COMBINE = ("max", "mean", "directed")
"""How the two directions of a pair become links."""


class SelectedLinks(NamedTuple):
    """Links ordered by weight, as three arrays of the same length.

    `query` and `key` are int32 residue indices, `weight` is float32.
    """

    query: NDArray[Any]
    key: NDArray[Any]
    weight: NDArray[Any]


def select_links(
    attention: NDArray[Any],
    *,
    top_k: int | None = None,
    threshold: float | None = None,
    min_separation: int = MIN_SEPARATION,
    combine: str = "max",
    offsets: Sequence[int] = (),
) -> SelectedLinks:
    """Select the links of one attention map.

    Parameters
    ----------
    attention : array (query, key)
        Attention from query residue i to key residue j. NaN entries are never links.
    top_k : int, optional
        The most links to select, heaviest first; all when None.
    threshold : float, optional
        Only links of at least this weight (inclusive), compared in the map's own precision.
    min_separation : int, default 6
        Only pairs with ``|i - j| >= max(min_separation, 1)``.
    combine : {"max", "mean", "directed"}
        ``"max"``: one link for each unordered pair, with the larger of the two weights and its
        direction (i → j with i < j where they are equal). ``"mean"``: one link for each unordered
        pair, the mean of both, query < key. ``"directed"``: one link for each ordered pair.
    offsets : sequence of int, optional
        Where chains start, if the map covers several: pairs between chains have no separation, so
        all of them count.

    Returns
    -------
    SelectedLinks
        Ordered by weight, heaviest first; equal weights, also at the `top_k` cut, in the order of
        `rank_links`.

    Raises
    ------
    OptionError
        If an option has an invalid value.
    """
    _check(attention, top_k, threshold, min_separation, combine)
    n = attention.shape[0]
    values = np.ascontiguousarray(attention, dtype=np.float32).reshape(-1)
    ahead, back = _places(n, max(int(min_separation), 1), tuple(map(int, offsets)))
    weight, turned = combine_directions(values.take(ahead), values.take(back), combine)

    # The cut comes first and cheaply: nothing is sorted, or even named, that is not drawn.
    keep = np.flatnonzero(weight >= _lowest(weight, top_k, threshold))
    weight, turned = weight[keep], turned[keep]
    first, second = np.divmod(ahead[keep % max(len(ahead), 1)], max(n, 1))
    order = rank_links(weight, first, second, turned)[:top_k]
    query, key = np.where(turned, second, first)[order], np.where(turned, first, second)[order]
    return SelectedLinks(query.astype(np.int32), key.astype(np.int32), weight[order])


def combine_directions(
    forward: NDArray[Any], backward: NDArray[Any], combine: str, *, by_size: bool = False
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return what the two directions of pairs become: one weight per link, and which go back.

    Parameters
    ----------
    forward, backward : array (pair,)
        From the first residue to the second, and from the second to the first.
    combine : {"max", "mean", "directed"}
        As for `select_links`. Directed links are twice as many: all forward ones, then all others.
    by_size : bool
        Whether the larger direction is the one with the larger absolute value.

    Returns
    -------
    weight : array (link,)
        NaN only where both directions are: a pair seen in one direction still has a weight.
    turned : bool array (link,)
    """
    if combine == "directed":
        turned = np.arange(2 * len(forward)) >= len(forward)
        return np.concatenate([forward, backward]), turned
    if combine == "mean":
        total = forward + backward
        return total / total.dtype.type(2), np.zeros(len(forward), dtype=bool)
    if by_size:
        turned = np.abs(backward) > np.abs(forward)
    else:
        turned = (backward > forward) | np.isnan(forward)
    return np.where(turned, backward, forward), turned


def rank_links(
    weight: NDArray[Any], first: NDArray[Any], second: NDArray[Any], turned: NDArray[Any]
) -> NDArray[Any]:
    """Return the order of links: by weight, heaviest first.

    Equal weights go by the lower residue, then by the higher, then forward before backward: the
    browser's rule, too (``js/src/model/links.ts``).
    """
    return np.lexsort((turned, second, first, -weight))


def _lowest(weight: NDArray[Any], top_k: int | None, threshold: float | None) -> np.float32:
    """Return the weight below which nothing can be among the links; ties at the cut stay."""
    lowest = np.float32(-np.inf if threshold is None else threshold)
    if top_k is None:
        return lowest
    if top_k == 0:
        return np.float32(np.inf)
    known = weight[~np.isnan(weight)] if np.isnan(weight).any() else weight
    if top_k >= known.size:
        return lowest
    return max(lowest, np.partition(known, known.size - top_k)[known.size - top_k])


@lru_cache(maxsize=4)
def _places(n: int, separation: int, offsets: tuple[int, ...]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return where i → j and j → i lie in a flat map, for all pairs i < j far enough apart."""
    upper, lower = np.triu_indices(n, k=1 if offsets else separation)
    if offsets:
        chain_of = np.searchsorted(offsets, np.arange(n), side="right")
        apart = (lower - upper >= separation) | (chain_of[upper] != chain_of[lower])
        upper, lower = upper[apart], lower[apart]
    ahead, back = upper * n + lower, lower * n + upper
    ahead.flags.writeable = back.flags.writeable = False
    return ahead, back


def _check(
    attention: NDArray[Any],
    top_k: int | None,
    threshold: float | None,
    min_separation: int,
    combine: str,
) -> None:
    shape = np.shape(attention)
    if len(shape) != 2 or shape[0] != shape[1]:
        raise OptionError(f"attention must be a square (query, key) map, got shape {shape}")
    if combine not in COMBINE:
        raise OptionError(f"combine must be one of {', '.join(COMBINE)}, got {combine!r}")
    if top_k is not None:
        check_whole_number("top_k", top_k)
    check_whole_number("min_separation", min_separation)
    if threshold is not None:
        check_number("threshold", threshold)
