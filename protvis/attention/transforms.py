"""Transforms of attention maps: symmetrised, and corrected for what residues attract in general.

Each gives its formula and source. Maps are arrays (…, query, key); leading axes (layers and heads)
are carried along.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["TRANSFORMS", "Transform", "apc", "symmetrize"]


_CHUNK_BYTES = 2**18


def symmetrize(attention: NDArray[Any]) -> NDArray[Any]:
    """Return A + Aᵀ, as Rao et al. (ICLR 2021) do before predicting contacts from attention.

    Parameters
    ----------
    attention : array (…, query, key)

    Returns
    -------
    float32 array (…, residue, residue)
    """
    attention = np.asarray(attention, dtype=np.float32)
    return attention + np.swapaxes(attention, -1, -2)


def apc(attention: NDArray[Any]) -> NDArray[Any]:
    """Return the average product correction of the symmetrised map.

    With S = A + Aᵀ: S_ij - S_i· S_·j / S_··, where a dot is a sum (Dunn et al., Bioinformatics 24,
    333, 2008; on attention: Rao et al., ICLR 2021). It removes what a residue attracts from
    everywhere and keeps what it shares with one partner. Values are signed; zeros stay zeros.

    Parameters
    ----------
    attention : array (…, query, key)
        Raw attention; the function symmetrises it.

    Returns
    -------
    float32 array (…, residue, residue)
    """
    symmetric = symmetrize(attention)
    sums = symmetric.sum(-1, dtype=np.float64)
    total = sums.sum(-1, keepdims=True)
    shares = np.divide(sums, total, out=np.zeros_like(sums), where=total != 0)
    # Some rows at a time, so that what is in double precision stays in the processor's cache.
    n_rows = max(1, _CHUNK_BYTES // max(8 * symmetric[..., :1, :].size, 1))
    for start in range(0, symmetric.shape[-2], n_rows):
        rows = symmetric[..., start : start + n_rows, :]
        product = sums[..., start : start + n_rows, None] * shares[..., None, :]
        np.subtract(rows, product, out=rows, casting="same_kind")
    return symmetric


@dataclass(frozen=True)
class Transform:
    """A map that can stand in for raw attention, and how to speak of it."""

    name: str
    formula: str
    source: str
    signed: bool
    compute: Callable[[NDArray[Any]], NDArray[Any]]


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
