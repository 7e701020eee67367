"""What one protein says about each head: how well its links agree with contacts, and its habits."""

from __future__ import annotations

import numpy as np

from protvis.attention.selection import select_links

__all__ = ["SCORES", "contact_precision", "score_head_block"]

SCORES = (
    "contact_precision",
    "background",
    "enrichment",
    "special_share",
    "mean_separation",
    "entropy",
    "max_weight",
)
"""The names of the scores, in the order they are given."""


def score_head_block(
    block: np.ndarray,
    special: np.ndarray,
    contacts: np.ndarray | None = None,
    observed: np.ndarray | None = None,
    *,
    min_separation: int = 6,
) -> dict[str, np.ndarray]:
    """Score every head of a block of attention.

    Parameters
    ----------
    block : array (head, query, key)
        Attention between residues, rows not renormalised.
    special : array (head, query)
        Attention each residue spends on special tokens.
    contacts : bool array (residue, residue), optional
        The contact map; without it the contact scores are NaN.
    observed : bool array (residue,), optional
        Residues with coordinates; all when None.
    min_separation : int, default 6
        Pairs closer in sequence than this are left out of the contact scores.

    Returns
    -------
    dict of str to float64 array (head,)
        ``contact_precision``: the share of contacts among the top L links, L the number of
        residues, of pairs (the larger direction counts) at least `min_separation` apart whose
        residues are both observed; all such pairs where there are fewer than L.
        ``background``: the share of contacts among all such pairs.
        ``enrichment``: the former over the latter.
        ``special_share``: mean over residues of the attention on special tokens (fraction).
        ``mean_separation``: mean of |i - j| weighted by attention (residues).
        ``entropy``: mean over queries of the Shannon entropy of the row, renormalised over
        residues (bits). ``max_weight``: the largest weight.
        NaN where undefined: no structure, no eligible pair, no contact (enrichment), no attention
        between residues.
    """
    block = np.asarray(block, dtype=np.float32)
    n_heads, n = block.shape[:2]
    scores = {name: np.full(n_heads, np.nan) for name in SCORES}
    if n == 0:
        return scores
    scores["special_share"] = np.asarray(special, dtype=np.float64).mean(axis=1)
    scores["max_weight"] = block.max(axis=(1, 2)).astype(np.float64)
    separation = np.abs(np.subtract.outer(np.arange(n), np.arange(n))).astype(np.float32)
    for head, weights in enumerate(block):
        # One head at a time, single precision within a row and double over rows: a copy of a whole
        # layer, or of a head in double precision, would be most of the work.
        row_sums = weights.sum(axis=1, dtype=np.float64)
        total = row_sums.sum()
        if total > 0:
            weighted = np.einsum("ij,ij->i", weights, separation)
            scores["mean_separation"][head] = weighted.sum(dtype=np.float64) / total
        scores["entropy"][head] = _mean_entropy(weights, row_sums)
    if contacts is not None:
        _add_contact_scores(
            scores, block, np.asarray(contacts, dtype=bool), observed, min_separation
        )
    return scores


def _mean_entropy(weights: np.ndarray, row_sums: np.ndarray) -> float:
    """Return the mean over rows of H(w / s) = log2 s - (Σ w log2 w) / s, in bits."""
    rows = row_sums > 0
    if not rows.any():
        return float("nan")
    # 0 log 0 is 0: the smallest normal number stands in for zero under the logarithm.
    logs = np.log2(np.maximum(weights, np.finfo(np.float32).tiny))
    sums = row_sums[rows]
    plogs = np.einsum("ij,ij->i", weights, logs).astype(np.float64)[rows]
    # Rounding may leave a one-hot row a hair below zero.
    return float(np.maximum(np.log2(sums) - plogs / sums, 0.0).mean())


def _add_contact_scores(
    scores: dict[str, np.ndarray],
    block: np.ndarray,
    contacts: np.ndarray,
    observed: np.ndarray | None,
    min_separation: int,
) -> None:
    n = block.shape[1]
    seen = np.ones(n, dtype=bool) if observed is None else np.asarray(observed, dtype=bool)
    eligible = np.triu(np.outer(seen, seen), k=max(min_separation, 1))
    n_pairs = int(eligible.sum())
    if n_pairs == 0:
        return
    background = float(contacts[eligible].sum() / n_pairs)
    scores["background"][:] = background
    for head, weights in enumerate(block):
        scores["contact_precision"][head] = contact_precision(
            weights, contacts, seen, min_separation=min_separation
        )
    if background > 0:
        scores["enrichment"] = scores["contact_precision"] / background


def contact_precision(
    weights: np.ndarray,
    contacts: np.ndarray,
    observed: np.ndarray,
    *,
    min_separation: int = 6,
) -> float:
    """Return the share of contacts among a map's top L links, L the number of residues.

    Parameters
    ----------
    weights : float32 array (query, key)
        The larger direction of a pair counts.
    contacts : bool array (residue, residue)
    observed : bool array (residue,)
        Pairs with other residues are left out.
    min_separation : int, default 6

    Returns
    -------
    float
        NaN where no pair is left.
    """
    hidden = ~np.asarray(observed, dtype=bool)
    if hidden.any():
        weights = weights.copy()
        weights[hidden] = np.nan
        weights[:, hidden] = np.nan
    links = select_links(weights, top_k=len(weights), min_separation=min_separation, combine="max")
    return float(contacts[links.query, links.key].mean()) if len(links.weight) else float("nan")
