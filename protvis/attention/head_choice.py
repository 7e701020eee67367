"""Chosen heads: the best by a score, and the mean of their maps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from protvis.attention.maps import AttentionMaps
from protvis.checks import check_whole_number
from protvis.errors import LabelError

__all__ = ["best_heads", "mean_of_heads"]


def mean_of_heads(maps: AttentionMaps, heads: Sequence[tuple[int, int | str]]) -> NDArray[Any]:
    """Return the mean map of chosen heads.

    Parameters
    ----------
    maps : AttentionMaps
    heads : sequence of (layer, head)
        Labels; a head may be ``"mean"``.

    Returns
    -------
    float32 array (query, key)

    Raises
    ------
    LabelError
        If no heads are given, or the maps do not contain one of them.
    """
    if not heads:
        raise LabelError("expected at least one (layer, head), got none")
    total = np.zeros((maps.n_residues, maps.n_residues))
    for layer, head in heads:
        total += maps.head(layer, head)
    return (total / len(heads)).astype(np.float32)


def best_heads(
    scores: NDArray[Any], layers: Sequence[int], heads: Sequence[int], k: int
) -> list[tuple[int, int]]:
    """Return the labels of the `k` heads with the highest score, best first.

    Heads chosen on the very protein they are shown for flatter the model: choose them on others
    (ten suffice) and report on this one.

    Parameters
    ----------
    scores : array (layer, head)
        NaN scores are never chosen; ties go to the earlier layer, then head.
    layers, heads : sequence of int
        Labels along the axes.
    k : int
    """
    k = check_whole_number("k", k)
    flat = np.asarray(scores, dtype=np.float64).ravel()
    order = np.argsort(np.where(np.isnan(flat), np.inf, -flat), kind="stable")
    chosen = [int(place) for place in order[:k] if not np.isnan(flat[place])]
    return [(layers[place // len(heads)], heads[place % len(heads)]) for place in chosen]
