"""Which entries of one attention map are drawn as links: a pure function of the map."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from protvis.errors import OptionError
from protvis.structure.contacts import MIN_SEPARATION

__all__ = ["COMBINE", "SelectedLinks", "select_links"]

COMBINE = ("max", "mean", "directed")
"""How the two directions of a pair become links."""


class SelectedLinks(NamedTuple):
    """Links in the order of their weights: three arrays of one length.

    `query` and `key` are int32 residue indices, `weight` is float32.
    """

    query: np.ndarray
    key: np.ndarray
    weight: np.ndarray


def select_links(
    attention: np.ndarray,
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
        At most so many links, the heaviest; all when None.
    threshold : float, optional
        Only links of at least this weight (inclusive), compared in the map's own precision.
    min_separation : int, default 6
        Only pairs with ``|i - j| >= max(min_separation, 1)``.
    combine : {"max", "mean", "directed"}
        ``"max"``: one link for each unordered pair, with the larger of the two weights and its
        direction (i → j with i < j where they are equal). ``"mean"``: one link for each unordered
        pair, the mean of both, query < key. ``"directed"``: one link for each ordered pair.
    offsets : sequence of int, optional
        Where chains start, if the map holds several: pairs of two chains have no separation, and
        all of them count.

    Returns
    -------
    SelectedLinks
        By weight, heaviest first; equal weights by (query, key) ascending, at the `top_k` cut too.

    Raises
    ------
    OptionError
        If an option has an invalid value.
    """
    _check(attention, top_k, threshold, min_separation, combine)
    n = attention.shape[0]
    values = np.ascontiguousarray(attention, dtype=np.float32).reshape(-1)
    ahead, back = _places(n, max(int(min_separation), 1), tuple(map(int, offsets)))
    forward, backward = values.take(ahead), values.take(back)
    if combine == "max":
        # NaN only where both are: a pair seen in one direction still has a weight.
        weight = np.fmax(forward, backward)
    elif combine == "mean":
        weight = (forward + backward) / np.float32(2)
    else:
        weight = np.concatenate([forward, backward])

    # The cut comes first and cheaply: nothing is sorted, or even named, that is not drawn.
    keep = np.flatnonzero(weight >= _lowest(weight, top_k, threshold))
    weight = weight[keep]
    if combine == "max":
        turned = (backward[keep] > forward[keep]) | np.isnan(forward[keep])
    else:
        turned = keep >= len(ahead)
    pair = keep % max(len(ahead), 1)
    query, key = np.divmod(np.where(turned, back[pair], ahead[pair]), max(n, 1))
    order = np.lexsort((key, query, -weight))[:top_k]
    return SelectedLinks(query[order].astype(np.int32), key[order].astype(np.int32), weight[order])


def _lowest(weight: np.ndarray, top_k: int | None, threshold: float | None) -> np.float32:
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
def _places(n: int, separation: int, offsets: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
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
    attention: np.ndarray,
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
    if top_k is not None and (not _whole(top_k) or top_k < 0):
        raise OptionError(f"top_k must be a whole number of links (0 or more), got {top_k!r}")
    if not _whole(min_separation) or min_separation < 0:
        raise OptionError(
            f"min_separation must be a whole number of residues (0 or more), got {min_separation!r}"
        )
    if threshold is not None and (
        isinstance(threshold, bool)
        or not isinstance(threshold, int | float | np.number)
        or np.isnan(threshold)
    ):
        raise OptionError(f"threshold must be a number, got {threshold!r}")


def _whole(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)
