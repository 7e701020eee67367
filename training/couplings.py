"""Which columns of an alignment vary together: mean-field direct coupling analysis."""

from __future__ import annotations

import numpy as np

from training.alignments import GAP

__all__ = ["attention_targets", "mean_field_couplings"]


def mean_field_couplings(
    rows: np.ndarray, weights: np.ndarray, pseudocount: float = 0.5
) -> np.ndarray:
    """Return the coupling strength of every pair of columns.

    Mean-field DCA (Morcos et al., PNAS 108, E1293, 2011): the couplings are minus the inverse of
    the weighted covariance of the 21 letters, brought to the zero-sum gauge; a pair's strength is
    the Frobenius norm over the 20 amino acids, less the average product correction.

    Parameters
    ----------
    rows : (n_rows, n_columns) int8 array
    weights : (n_rows,) array
    pseudocount : float
        Share of a uniform distribution in the frequencies.

    Returns
    -------
    (n_columns, n_columns) float32 array
        Symmetric; the diagonal is 0.
    """
    n_rows, n_columns = rows.shape
    n_letters = GAP + 1
    share = (weights / weights.sum()).astype(np.float32)
    one_hot = (rows[:, :, None] == np.arange(GAP, dtype=np.int8)).astype(np.float32)
    one_hot = one_hot.reshape(n_rows, n_columns * GAP)
    pairs = (one_hot * share[:, None]).T @ one_hot
    single = share @ one_hot
    pairs = (1 - pseudocount) * pairs + pseudocount / n_letters**2
    single = (1 - pseudocount) * single + pseudocount / n_letters
    for column in range(n_columns):
        own = slice(column * GAP, (column + 1) * GAP)
        pairs[own, own] = np.diag(single[own])
    inverse = np.linalg.inv(pairs - np.outer(single, single))
    couplings = -inverse.reshape(n_columns, GAP, n_columns, GAP).transpose(0, 2, 1, 3)
    full = np.zeros((n_columns, n_columns, n_letters, n_letters), dtype=np.float32)
    full[:, :, :GAP, :GAP] = couplings
    full -= (
        full.mean(2, keepdims=True) + full.mean(3, keepdims=True) - full.mean((2, 3), keepdims=True)
    )
    strength = np.sqrt((full[:, :, :GAP, :GAP] ** 2).sum((2, 3)))
    np.fill_diagonal(strength, 0.0)
    rows_mean = strength.sum(1) / (n_columns - 1)
    corrected = strength - np.outer(rows_mean, rows_mean) / rows_mean.mean()
    np.fill_diagonal(corrected, 0.0)
    return corrected.astype(np.float32)


def attention_targets(
    strength: np.ndarray, per_column: float = 1.5, min_separation: int = 6
) -> np.ndarray:
    """Turn coupling strengths into how much attention each column should pay each other.

    The `per_column` · n_columns strongest pairs at least `min_separation` apart keep their
    strength, all others get 0. The scale is one for the whole family, such that the 80th percentile
    of the rows' sums is 1; rows above 1 are scaled down to it.

    Parameters
    ----------
    strength : (n_columns, n_columns) array

    Returns
    -------
    (n_columns, n_columns) float32 array
        Rows sum to at most 1; what is missing belongs to no column.
    """
    n_columns = len(strength)
    first, second = np.triu_indices(n_columns, min_separation)
    n_kept = min(int(per_column * n_columns), len(first))
    order = np.argsort(-strength[first, second], kind="stable")[:n_kept]
    target = np.zeros_like(strength, dtype=np.float32)
    target[first[order], second[order]] = np.maximum(strength[first[order], second[order]], 0)
    target += target.T
    sums = target.sum(1)
    target /= max(np.percentile(sums, 80), 1e-9)
    return target / np.maximum(target.sum(1, keepdims=True), 1.0)
