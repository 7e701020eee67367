"""Links and hits of one layer of one protein, for all heads at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from protvis.analysis.counting.features import PairLabels, ResidueLabels

__all__ = [
    "count_pair_links",
    "count_residue_links",
    "links_by_key",
    "links_by_query",
    "rates_by_separation",
]


def links_by_key(
    head: NDArray[np.integer], key: NDArray[np.integer], n_heads: int, n: int
) -> NDArray[np.float64]:
    """Return how many links end on each key: (head, key), whole numbers in double precision."""
    counts = np.bincount(head.astype(np.int64) * n + key, minlength=n_heads * n)
    return counts.reshape(n_heads, n).astype(np.float64)


def links_by_query(
    links: tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]],
    counted: NDArray[np.bool_],
    n_heads: int,
    n: int,
) -> NDArray[np.float64]:
    """Return how many of the links that count begin on each query: (head, query).

    Parameters
    ----------
    links : head, query, key : int32 arrays (link,)
    counted : bool array (link,)
    n_heads, n : int
    """
    head, query, _ = links
    return links_by_key(head[counted], query[counted], n_heads, n)


def count_residue_links(
    by_key: NDArray[np.float64], labels: ResidueLabels, *, paper: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return links (head,) and hits (head, column) of a feature of residues.

    Parameters
    ----------
    by_key : (head, key)
    labels : ResidueLabels
    paper : bool
        Whether links to residues count of which nothing is known.
    """
    known = labels.known.astype(np.float64)
    hits = (labels.hits & labels.known).astype(np.float64)
    return by_key.sum(axis=1) if paper else by_key @ known, by_key @ hits.T


def count_pair_links(
    links: tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]],
    labels: PairLabels,
    n_heads: int,
    *,
    paper: bool,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return links (head,) and hits (head,) of a feature of pairs.

    Parameters
    ----------
    links : head, query, key : int32 arrays (link,)
    labels : PairLabels
    n_heads : int
    paper : bool
        Whether links between pairs count that are not eligible.
    """
    head, query, key = links
    counted = head if paper else head[labels.eligible[query, key]]
    hits = head[labels.hits[query, key]]
    return np.bincount(counted, minlength=n_heads), np.bincount(hits, minlength=n_heads)


def rates_by_separation(pair: PairLabels) -> NDArray[np.float64]:
    """Return the share of hits among eligible pairs, by |i - j|: (separation,)."""
    n = len(pair.hits)
    apart = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    eligible = np.bincount(apart[pair.eligible], minlength=n)
    hits = np.bincount(apart[pair.hits], minlength=n)
    return hits / np.maximum(eligible, 1)
