"""Which entries of one attention map are drawn as links: a pure function of the map."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from protvis.errors import ProtvisError

__all__ = ["COMBINE", "LinkOptionError", "SelectedLinks", "select_links"]

COMBINE = ("max", "mean", "directed")
"""How the two directions of a pair become links."""


class LinkOptionError(ProtvisError, ValueError):
    """An option of the link selection is none there is."""


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
    min_separation: int = 6,
    combine: str = "max",
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

    Returns
    -------
    SelectedLinks
        By weight, heaviest first; equal weights by (query, key) ascending, at the `top_k` cut too.

    Raises
    ------
    LinkOptionError
        If an option is none there is.
    """
    _check(attention, top_k, threshold, min_separation, combine)
    n = attention.shape[0]
    values = np.asarray(attention, dtype=np.float32)
    upper, lower = _pairs(n, max(int(min_separation), 1))
    forward, backward = values[upper, lower], values[lower, upper]
    if combine == "max":
        swap = backward > forward
        # NaN only where both are: a pair seen in one direction still has a weight.
        weight = np.fmax(forward, backward)
        swap |= np.isnan(forward)
        query, key = np.where(swap, lower, upper), np.where(swap, upper, lower)
    elif combine == "mean":
        weight = (forward + backward) / np.float32(2)
        query, key = upper, lower
    else:
        weight = np.concatenate([forward, backward])
        query, key = np.concatenate([upper, lower]), np.concatenate([lower, upper])

    # The cut comes first and cheaply (no sorting of what is not drawn), the order last.
    keep = np.flatnonzero(~np.isnan(weight))
    if threshold is not None:
        keep = keep[weight[keep] >= np.float32(threshold)]
    if top_k is not None and top_k < keep.size:
        if top_k == 0:
            keep = keep[:0]
        else:
            cut = np.partition(weight[keep], keep.size - top_k)[keep.size - top_k]
            keep = keep[weight[keep] >= cut]
    query, key, weight = query[keep], key[keep], weight[keep]
    order = np.lexsort((key, query, -weight))[:top_k]
    return SelectedLinks(query[order], key[order], weight[order])


@lru_cache(maxsize=4)
def _pairs(n: int, separation: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the index arrays i < j of all pairs at least `separation` apart, read-only."""
    upper, lower = (side.astype(np.int32) for side in np.triu_indices(n, k=separation))
    upper.flags.writeable = lower.flags.writeable = False
    return upper, lower


def _check(
    attention: np.ndarray,
    top_k: int | None,
    threshold: float | None,
    min_separation: int,
    combine: str,
) -> None:
    shape = np.shape(attention)
    if len(shape) != 2 or shape[0] != shape[1]:
        raise LinkOptionError(f"attention must be a square (query, key) map, got shape {shape}")
    if combine not in COMBINE:
        raise LinkOptionError(f"combine must be one of {', '.join(COMBINE)}, got {combine!r}")
    if top_k is not None and (not _whole(top_k) or top_k < 0):
        raise LinkOptionError(f"top_k must be a whole number of links (0 or more), got {top_k!r}")
    if not _whole(min_separation) or min_separation < 0:
        raise LinkOptionError(
            f"min_separation must be a whole number of residues (0 or more), got {min_separation!r}"
        )
    if threshold is not None and (
        isinstance(threshold, bool)
        or not isinstance(threshold, int | float | np.number)
        or np.isnan(threshold)
    ):
        raise LinkOptionError(f"threshold must be a number, got {threshold!r}")


def _whole(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)
