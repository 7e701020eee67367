"""How layers mix residues, and attention rollout: how far each residue's input reaches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from protvis.attention.maps import AttentionMaps
from protvis.errors import LabelError
from protvis.labels import MEAN

__all__ = ["mixing_steps", "rollout"]


def rollout(maps: AttentionMaps | NDArray[Any]) -> NDArray[Any]:
    """Return attention rollout: how far each residue's input reaches through the layers.

    R_l = Ā_l R_(l−1), R_0 = I, with Ā_l the mean over heads plus the identity (the residual
    connection), rows scaled to sum to 1 (Abnar & Zuidema, ACL 2020). Here special tokens are left
    out before the rows are scaled, unlike in the paper, so nothing flows through them.

    Parameters
    ----------
    maps : AttentionMaps or float array (layer, query, key)
        All heads of every layer from the first on, or the mean over heads of those layers.

    Returns
    -------
    float32 array (layer, query, key)
        After each layer; rows sum to 1.

    Raises
    ------
    LabelError
        If heads are missing, or layers at the start or in between.
    """
    means = maps.values if isinstance(maps, AttentionMaps) else maps
    found = np.empty((len(means), *means.shape[-2:]), dtype=np.float32)
    flow = np.eye(found.shape[-1])
    for place, step in enumerate(mixing_steps(maps)):
        flow = step @ flow
        found[place] = flow
    return found


def mixing_steps(maps: AttentionMaps | NDArray[Any]) -> Iterator[NDArray[Any]]:
    """Yield each layer's mean of heads plus identity, rows scaled to 1, from the first layer on.

    Yields
    ------
    float64 array (query, key)

    Raises
    ------
    LabelError
        As `rollout`.
    """
    for mean in _layer_means(maps):
        step = mean.astype(np.float64) + np.eye(len(mean))
        yield step / step.sum(-1, keepdims=True)


def _layer_means(maps: AttentionMaps | NDArray[Any]) -> Iterator[NDArray[Any]]:
    if not isinstance(maps, AttentionMaps):
        yield from maps
        return
    if maps.layers != tuple(range(1, len(maps.layers) + 1)):
        raise LabelError(
            f"rollout and flow need every layer from the first on, these maps hold {maps.layers}"
        )
    for layer in maps.layers:
        yield maps.head(layer, MEAN)
