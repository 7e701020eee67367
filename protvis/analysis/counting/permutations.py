"""Moments of the hits when attention is permuted within a protein, in closed form.

Nothing is drawn: mean and variance over all permutations add up over proteins, which permute
independently, and give the null its z score.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

__all__ = [
    "PairOverlaps",
    "RowMoments",
    "permute_keys",
    "permute_rows",
    "shuffle_rows",
    "type_matrix",
]

_DENSE = 0.1
"""From this share of ones on, a product of full matrices is quicker than one of sparse ones."""


def type_matrix(sequence: str) -> NDArray[np.float64]:
    """Return which residue is of which type: (residue, type), one column for each letter there."""
    letters = np.array(list(sequence))
    return (letters[:, None] == np.unique(letters)).astype(np.float64)


def permute_keys(
    by_key: NDArray[np.float64], hits: NDArray[np.float64], strata: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and variance of the hits when keys exchange places within strata.

    With c_j links to key j and f_j = 1 where it has the property, Σ c_j f_π(j) over permutations π
    of a stratum's N keys has mean Σc Σf / N and variance
    Σ(c - c̄)² Σ(f - f̄)² / (N - 1); strata add up.

    Parameters
    ----------
    by_key : (head, key)
        Links to each key.
    hits : (column, key)
        0 or 1.
    strata : (key, stratum)
        0 or 1; a key in none stays out.

    Returns
    -------
    mean, variance : (head, column)
    """
    size = np.maximum(strata.sum(axis=0), 1.0)
    c, f = by_key @ strata, hits @ strata
    spread_c = np.square(by_key) @ strata - np.square(c) / size
    spread_f = (f - np.square(f) / size) / np.maximum(size - 1, 1.0)
    # Differences of equal numbers may leave a hair below zero.
    return c @ (f / size).T, np.maximum(spread_c, 0.0) @ np.maximum(spread_f, 0.0).T


def shuffle_rows(
    by_query: NDArray[np.float64], hits: NDArray[np.float64], places: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and variance of the hits when the weights of each row are shuffled by themselves.

    The r links of a row fall on any r of its K places, F of which have the property: the hits are
    hypergeometric, of mean rF / K and variance r(K - r) F(K - F) / K²(K - 1). Rows are independent
    and add up. A head's habits are gone: a residue that all others look at is looked at no more.

    Parameters
    ----------
    by_query : (head, query)
        Links of each row that count.
    hits : (column, query)
        Places in a row that have the property.
    places : (query,)
        Places in a row that count.

    Returns
    -------
    mean, variance : (head, column)
    """
    k = np.maximum(places, 1.0)
    share = hits / k
    mean = by_query @ share.T
    spread = share * (1 - share) / np.maximum(k - 1, 1.0)
    return mean, (by_query * (places - by_query)) @ spread.T


@dataclass(frozen=True)
class PairOverlaps:
    """What `permute_rows` needs of a property of pairs, the same for all layers.

    Three sets of pairs are looked at: pairs that have the property (hits), pairs that could not
    have it (outside), and both together, which are all but the misses. All are symmetric.

    Attributes
    ----------
    hits, outside : sparse int32 (query, key)
        1 where the pair is in the set.
    common : integer (key, key, 3)
        How many queries have a pair of the set with both keys; on the diagonal, with the one.
    """

    hits: sparse.csr_array
    outside: sparse.csr_array
    common: NDArray[np.integer]

    @classmethod
    def of(cls, hits: NDArray[np.bool_], outside: NDArray[np.bool_]) -> PairOverlaps:
        """Return the overlaps of a property: bool arrays (query, key)."""
        n = len(hits)
        # No count is above n, and three tables of a long protein are large.
        common = np.empty((n, n, 3), dtype=np.int16 if n <= np.iinfo(np.int16).max else np.int32)
        for place, pairs in enumerate((hits, outside, hits | outside)):
            common[..., place] = _overlap(pairs)
        both = [sparse.csr_array(pairs.astype(np.int32)) for pairs in (hits, outside)]
        return cls(both[0], both[1], common)


def _overlap(pairs: NDArray[np.bool_]) -> NDArray[np.number]:
    if pairs.mean() > _DENSE:
        # Whole numbers below 2**24: exact in single precision.
        full = pairs.astype(np.float32)
        return full.T @ full
    few = sparse.csr_array(pairs.astype(np.int32))
    return (few.T @ few).toarray()


@dataclass(frozen=True)
class RowMoments:
    """Moments under permutations of a head's rows of attention: (head,) each.

    Attributes
    ----------
    hits, links : float64 array
        Means of the hits, and of the links that fall on pairs that could have the property.
    hits_variance, misses_variance, links_variance : float64 array
        Variances of the hits, of such links without the property, and of both together.
    """

    hits: NDArray[np.float64]
    links: NDArray[np.float64]
    hits_variance: NDArray[np.float64]
    misses_variance: NDArray[np.float64]
    links_variance: NDArray[np.float64]


def permute_rows(
    links: tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]],
    by_key: NDArray[np.float64],
    overlaps: PairOverlaps,
) -> RowMoments:
    """Return moments of the hits and links when queries exchange their rows of attention.

    With A_aj = 1 for a link, F_ij = 1 for a pair of a set, and M_ai = Σ_j A_aj F_ij, the links of
    row a that are in the set in the place of query i, Σ_i M_π(i),i has mean ΣM / n and variance
    Σ (M_ai - M_a. - M_.i + M_..)² / (n - 1), dots for means (Hoeffding, Ann. Math. Statist. 22,
    558, 1951). Σ_i M_ai² is the sum of FᵀF over pairs of links in row a, and rows have few.

    All links of a head take part, those too that can hit nothing where they are: rows that move
    bring as many links onto such places as they take away from them, and a null that left them out
    at home would have too few hits elsewhere. What is not in a set has the variance of what is, as
    a row's links are as many wherever it lies.

    Parameters
    ----------
    links : head, query, key : int32 arrays (link,)
        Sorted by head and query.
    by_key : (head, key)
        Links to each key.
    overlaps : PairOverlaps
    """
    head, query, key = links
    n_heads, n = by_key.shape
    row = head.astype(np.int64) * n + query
    common = overlaps.common
    alone = common[key, key]
    # (row, set): of the hits, of what is outside, and of both together.
    of_row = _with_sum(
        *(np.bincount(row, weights=alone[:, place], minlength=n_heads * n) for place in range(2))
    ).reshape(n_heads, n, 3)
    of_query = _with_sum(overlaps.hits @ by_key.T, overlaps.outside @ by_key.T)
    total = of_row.sum(axis=1)
    squares = total + 2 * _common_in_rows(head, row, key, common, n_heads)
    spread = (
        squares
        - np.square(of_row).sum(axis=1) / n
        - np.square(of_query).sum(axis=0) / n
        + np.square(total / n)
    )
    variance = np.maximum(spread, 0.0) / max(n - 1, 1)
    mean = total / n
    return RowMoments(
        hits=mean[:, 0],
        links=by_key.sum(axis=1) - mean[:, 1],
        hits_variance=variance[:, 0],
        misses_variance=variance[:, 2],
        links_variance=variance[:, 1],
    )


def _with_sum(first: NDArray[np.number], second: NDArray[np.number]) -> NDArray[np.number]:
    return np.stack([first, second, first + second], axis=-1)


def _common_in_rows(
    head: NDArray[np.int32],
    row: NDArray[np.int64],
    key: NDArray[np.int32],
    common: NDArray[np.integer],
    n_heads: int,
) -> NDArray[np.float64]:
    """Return the sum of `common` over all pairs of different links in one row: (head, set)."""
    total = np.zeros((n_heads, common.shape[-1]))
    # The links of a row follow each other: a pair is `apart` places away from its other.
    for apart in range(1, len(row)):
        first = np.flatnonzero(row[apart:] == row[:-apart])
        if not len(first):
            break
        both = common[key[first], key[first + apart]]
        for place in range(common.shape[-1]):
            total[:, place] += np.bincount(head[first], weights=both[:, place], minlength=n_heads)
    return total
