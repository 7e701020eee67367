"""Links and hits of one layer of one protein, for all heads at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from protvis.analysis.counting.features import PairLabels, ResidueLabels

__all__ = ["count_pair_links", "count_residue_links", "links_by_key"]


def links_by_key(
    head: NDArray[np.integer], key: NDArray[np.integer], n_heads: int, n: int
) -> NDArray[np.float64]:
    """Return how many links end on each key: (head, key), whole numbers in double precision."""
    counts = np.bincount(head.astype(np.int64) * n + key, minlength=n_heads * n)
    return counts.reshape(n_heads, n).astype(np.float64)


def count_residue_links(
    by_key: NDArray[np.float64], labels: ResidueLabels
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return links (head,) to residues of which it is known whether they have it, and hits.

    Parameters
    ----------
    by_key : (head, key)
    labels : ResidueLabels

    Returns
    -------
    links : (head,)
    hits : (head, column)
    """
    hits = (labels.hits & labels.known).astype(np.float64)
    return by_key @ labels.known.astype(np.float64), by_key @ hits.T


def count_pair_links(
    links: tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]],
    labels: PairLabels,
    n_heads: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return links between pairs that could have the property, and hits: (head,) each.

    Parameters
    ----------
    links : head, query, key : int32 arrays (link,)
    labels : PairLabels
    n_heads : int
    """
    head, query, key = links
    could = head[labels.eligible[query, key]]
    hits = head[labels.hits[query, key]]
    return np.bincount(could, minlength=n_heads), np.bincount(hits, minlength=n_heads)
