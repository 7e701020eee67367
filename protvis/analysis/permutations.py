"""Moments of the hits under permutations within a protein, in closed form.

Nothing is drawn: mean and variance over all permutations add up over proteins, which permute
independently, and give the null its z score.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

__all__ = ["PairOverlaps", "permute_keys", "permute_rows", "type_matrix"]


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


@dataclass(frozen=True)
class PairOverlaps:
    """What `permute_rows` needs of a property of pairs, the same for all layers.

    Attributes
    ----------
    has : sparse int32 (query, key)
        1 where the pair has the property.
    common : int32 (key, key)
        How many queries have the property with both keys; on the diagonal, with the one.
    """

    has: sparse.csr_array
    common: NDArray[np.int32]

    @classmethod
    def of(cls, hits: NDArray[np.bool_]) -> PairOverlaps:
        """Return the overlaps of a property: bool array (query, key)."""
        has = sparse.csr_array(hits.astype(np.int32))
        return cls(has, (has.T @ has).toarray())


def permute_rows(
    links: tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]],
    by_key: NDArray[np.float64],
    overlaps: PairOverlaps,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and variance of the hits when queries exchange their rows of attention.

    With A_aj = 1 for a link, F_ij = 1 for a pair that has the property, and M_ai = Σ_j A_aj F_ij,
    the hits of row a in the place of query i, Σ_i M_π(i),i has mean ΣM / n and variance
    Σ (M_ai - M_a. - M_.i + M_..)² / (n - 1), dots for means (Hoeffding, Ann. Math. Statist. 22,
    558, 1951). Σ_i M_ai² is the sum of FᵀF over pairs of links in row a, and rows have few.

    Parameters
    ----------
    links : head, query, key : int32 arrays (link,)
        Sorted by head and query.
    by_key : (head, key)
        Links to each key.
    overlaps : PairOverlaps

    Returns
    -------
    mean, variance : (head,)
    """
    head, query, key = links
    n_heads, n = by_key.shape
    row = head.astype(np.int64) * n + query
    alone = overlaps.common.diagonal()[key]
    of_row = np.bincount(row, weights=alone, minlength=n_heads * n).reshape(n_heads, n)
    of_query = overlaps.has @ by_key.T
    total = of_row.sum(axis=1)
    squares = total + 2 * _common_in_rows(head, row, key, overlaps.common, n_heads)
    spread = (
        squares
        - np.square(of_row).sum(axis=1) / n
        - np.square(of_query).sum(axis=0) / n
        + np.square(total / n)
    )
    return total / n, np.maximum(spread, 0.0) / max(n - 1, 1)


def _common_in_rows(
    head: NDArray[np.int32],
    row: NDArray[np.int64],
    key: NDArray[np.int32],
    common: NDArray[np.int32],
    n_heads: int,
) -> NDArray[np.float64]:
    """Return the sum of `common` over all pairs of different links in one row: (head,)."""
    total = np.zeros(n_heads)
    # The links of a row follow each other: a pair is `apart` places away from its other.
    for apart in range(1, len(row)):
        first = np.flatnonzero(row[apart:] == row[:-apart])
        if not len(first):
            break
        both = common[key[first], key[first + apart]]
        total += np.bincount(head[first], weights=both, minlength=n_heads)
    return total
