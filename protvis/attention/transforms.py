"""Maps made of attention maps: symmetrised, corrected, averaged, rolled out; pure functions.

Each says its formula and where it comes from. Maps are arrays (…, query, key); leading axes (layers
and heads) are carried along.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from protvis.errors import LabelError
from protvis.labels import MEAN

if TYPE_CHECKING:
    from protvis.attention.maps import AttentionMaps

__all__ = [
    "TRANSFORMS",
    "Transform",
    "apc",
    "best_heads",
    "mean_of_heads",
    "mixing_steps",
    "rollout",
    "symmetrize",
]


def symmetrize(attention: np.ndarray) -> np.ndarray:
    """Return A + Aᵀ, as Rao et al. (ICLR 2021) do before a contact is read from attention.

    Parameters
    ----------
    attention : array (…, query, key)

    Returns
    -------
    float32 array (…, residue, residue)
    """
    attention = np.asarray(attention, dtype=np.float32)
    return attention + np.swapaxes(attention, -1, -2)


def apc(attention: np.ndarray) -> np.ndarray:
    """Return the average product correction of the symmetrised map.

    With S = A + Aᵀ: S_ij - S_i· S_·j / S_··, where a dot is a sum (Dunn et al., Bioinformatics 24,
    333, 2008; on attention: Rao et al., ICLR 2021). What a residue attracts from everywhere goes,
    what it shares with one partner stays. Values are signed; a map of zeros stays one.

    Parameters
    ----------
    attention : array (…, query, key)
        Raw attention; it is symmetrised here.

    Returns
    -------
    float32 array (…, residue, residue)
    """
    symmetric = symmetrize(attention).astype(np.float64)
    rows = symmetric.sum(-1, keepdims=True)
    columns = symmetric.sum(-2, keepdims=True)
    total = rows.sum(-2, keepdims=True)
    product = np.divide(rows * columns, total, out=np.zeros_like(symmetric), where=total != 0)
    return (symmetric - product).astype(np.float32)


@dataclass(frozen=True)
class Transform:
    """A map that can stand in for raw attention, and how to speak of it."""

    name: str
    formula: str
    source: str
    signed: bool
    compute: Callable[[np.ndarray], np.ndarray]


TRANSFORMS: Mapping[str, Transform] = MappingProxyType(
    {
        transform.name: transform
        for transform in (
            Transform("symmetrized", "A + Aᵀ", "Rao et al., ICLR 2021", False, symmetrize),
            Transform(
                "apc",
                "S_ij − S_i· S_·j / S_··, S = A + Aᵀ",
                "Dunn et al., Bioinformatics 24, 333 (2008)",
                True,
                apc,
            ),
        )
    }
)
"""The transforms of single maps, by name."""


def mean_of_heads(maps: AttentionMaps, heads: Sequence[tuple[int, int | str]]) -> np.ndarray:
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
        If there are none, or the maps do not hold one.
    """
    if not heads:
        raise LabelError("expected at least one (layer, head), got none")
    total = np.zeros((maps.n_residues, maps.n_residues))
    for layer, head in heads:
        total += maps.head(layer, head)
    return (total / len(heads)).astype(np.float32)


def best_heads(
    scores: np.ndarray, layers: Sequence[int], heads: Sequence[int], k: int
) -> list[tuple[int, int]]:
    """Return the labels of the `k` heads with the highest score, best first.

    Chosen on the protein they are then shown for, they flatter the model: choose on others (ten
    suffice) and report on this one.

    Parameters
    ----------
    scores : array (layer, head)
        NaN scores are never chosen; ties go to the earlier layer, then head.
    layers, heads : sequence of int
        Labels along the axes.
    k : int
    """
    flat = np.asarray(scores, dtype=np.float64).ravel()
    order = np.argsort(np.where(np.isnan(flat), np.inf, -flat), kind="stable")
    chosen = [int(place) for place in order[:k] if not np.isnan(flat[place])]
    return [(layers[place // len(heads)], heads[place % len(heads)]) for place in chosen]


def rollout(maps: AttentionMaps) -> np.ndarray:
    """Return attention rollout, how far each residue's input reaches through the layers.

    R_l = Ā_l R_(l−1), R_0 = I, with Ā_l the mean over heads plus the identity (the residual
    connection), rows scaled to sum to 1 (Abnar & Zuidema, ACL 2020). Ours differs in one point:
    special tokens are left out before the rows are scaled, so nothing flows through them.

    Parameters
    ----------
    maps : AttentionMaps
        Of all layers from the first on, and all heads.

    Returns
    -------
    float32 array (layer, query, key)
        After each layer; rows sum to 1.

    Raises
    ------
    LabelError
        If layers are missing from the front or between, or heads are missing.
    """
    flow = np.eye(maps.n_residues)
    found = np.empty((len(maps.layers), *flow.shape), dtype=np.float32)
    for place, step in enumerate(mixing_steps(maps)):
        flow = step @ flow
        found[place] = flow
    return found


def mixing_steps(maps: AttentionMaps) -> Iterator[np.ndarray]:
    """Yield what each layer mixes, from the first: mean of heads plus identity, rows scaled to 1.

    Yields
    ------
    float64 array (query, key)

    Raises
    ------
    LabelError
        If layers are missing from the front or between, or heads are missing.
    """
    if maps.layers != tuple(range(1, len(maps.layers) + 1)):
        raise LabelError(
            f"rollout and flow need every layer from the first on, these maps hold {maps.layers}"
        )
    for layer in maps.layers:
        step = maps.head(layer, MEAN).astype(np.float64) + np.eye(maps.n_residues)
        yield step / step.sum(-1, keepdims=True)
