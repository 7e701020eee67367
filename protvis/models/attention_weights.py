"""The weights of a layer's attention, and what they mix, in chunks that fit a cache."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

__all__ = ["Scratch", "residue_attention"]

CHUNK_BYTES = 2 * 2**20
"""Scores held at once beside the result: they fit a processor's cache, and make no memory peak."""


class Scratch:
    """Buffers that all layers of a forward pass share.

    Allocated anew for each chunk, they would scatter over the allocator's heap, which then keeps
    hundreds of megabytes it does not use. A block allocated anew for each layer costs more time
    than the softmax that fills it: the system clears every page of it.
    """

    def __init__(self) -> None:
        self._buffers: list[torch.Tensor] = []
        self._blocks: dict[int, torch.Tensor] = {}

    def block(self, index: int, shape: tuple[int, int, int], device: torch.device) -> torch.Tensor:
        """Return the float32 block of one sequence of the batch, with whatever was in it."""
        if index not in self._blocks:
            self._blocks[index] = _new_block(shape, device)
        return self._blocks[index]

    def views(self, shape: tuple[int, int, int], device: torch.device) -> list[torch.Tensor]:
        """Return two float32 tensors of a shape, whatever was in them."""
        size = shape[0] * shape[1] * shape[2]
        if not self._buffers or self._buffers[0].numel() < size:
            self._buffers = [
                torch.empty(size, dtype=torch.float32, device=device) for _ in range(2)
            ]
        return [buffer[:size].view(shape) for buffer in self._buffers]


def residue_attention(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor | None = None,
    *,
    scaling: float,
    mask: torch.Tensor | None,
    bias: torch.Tensor | None,
    causal: bool,
    heads: Sequence[int],
    residues: NDArray[Any],
    specials: NDArray[Any],
    scratch: Scratch,
    block: torch.Tensor | None = None,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]:
    """Return the attention between the residues of one sequence, in float32.

    Parameters
    ----------
    query, key : tensor (head, token, channel)
    value : tensor (head, token, channel), optional
        What the weights mix to the layer's output; without it there is none.
    scaling : float
        Factor on the scores.
    mask : tensor, broadcastable to (head, token, token), or None
        Boolean (False is masked) or additive.
    bias : tensor, broadcastable to (head, token, token), or None
        Position bias, added to the scaled scores.
    causal : bool
        Whether a token sees only itself and those before it (where `mask` is None).
    heads : sequence of int
        Head positions.
    residues, specials : int arrays
        Token positions of residues, ascending, and of special tokens.
    scratch : Scratch
        Room for the scores of a chunk.
    block : tensor (head, query, key), optional
        What the result is written to, in place of a new tensor.

    Returns
    -------
    block : tensor (head, query, key)
        Attention from residue to residue; rows are not renormalised.
    special_mass : tensor (head, query)
        Attention each residue spends on special tokens.
    output : tensor (token, head, channel) or None
        Values of all heads, mixed.
    """
    device = query.device
    columns = _index(residues, device)
    special_columns = torch.as_tensor(specials, device=device)
    (n_heads, n_tokens), n = key.shape[:2], len(residues)
    if block is None:
        block = _new_block((len(heads), n, n), device)
    mass = torch.empty((len(heads), n), dtype=torch.float32, device=device)
    output = None if value is None else value.new_empty((n_tokens, n_heads, value.shape[-1]))
    # An output takes every row of every head, a block only its own.
    wanted = np.asarray(heads, dtype=np.int64)
    every = np.unique(wanted) if output is None else np.arange(n_heads)
    rows = residues if output is None else np.arange(n_tokens)
    row_step = max(1, min(len(rows), CHUNK_BYTES // (4 * n_tokens)))
    head_step = max(1, CHUNK_BYTES // (4 * n_tokens * row_step))
    for head_start in range(0, len(every), head_step):
        some = every[head_start : head_start + head_step]
        chosen = _index(some, device)
        keys = key[chosen].float().transpose(1, 2)
        head_queries = query[chosen]
        places = np.flatnonzero((wanted >= some[0]) & (wanted <= some[-1]))
        within = _index(np.searchsorted(some, wanted[places]), device)
        target = _index(places, device)
        for start in range(0, len(rows), row_step):
            chunk = rows[start : start + row_step]
            taken = _index(chunk, device)
            # Scores in float32 also under half precision, where a softmax would lose the tails.
            queries = head_queries[:, taken].float()
            scores, weights = scratch.views((len(some), len(chunk), n_tokens), device)
            torch.bmm(queries, keys, out=scores)
            if scaling != 1.0:
                scores *= scaling
            if bias is not None:
                scores += _rows(bias, chosen, taken).float()
            if mask is not None:
                part = _rows(mask, chosen, taken)
                if part.dtype == torch.bool:
                    scores.masked_fill_(~part, float("-inf"))
                else:
                    scores += part.float()
            elif causal:
                later = (
                    torch.arange(n_tokens, device=device)
                    > torch.as_tensor(chunk, device=device)[:, None]
                )
                scores.masked_fill_(later, float("-inf"))
            torch.softmax(scores, dim=-1, out=weights)
            if value is not None and output is not None:
                mixed = torch.bmm(weights.to(value.dtype), value[chosen])
                output[taken, chosen] = mixed.transpose(0, 1)
            if len(places):
                first, last = np.searchsorted(residues, (chunk[0], chunk[-1] + 1))
                inside = _index(np.searchsorted(chunk, residues[first:last]), device)
                weights = weights[within][:, inside]
                block[target, first:last] = weights[..., columns]
                mass[target, first:last] = weights.index_select(-1, special_columns).sum(-1)
    return block, mass, output


def _new_block(shape: tuple[int, int, int], device: torch.device) -> torch.Tensor:
    """Return a float32 tensor with whatever was in it.

    NumPy asks the system for large pages where torch does not: filling them for the first time
    then takes a fifth of the time.
    """
    if device.type == "cpu":
        return torch.from_numpy(np.empty(shape, np.float32))
    return torch.empty(shape, dtype=torch.float32, device=device)


def _index(places: Sequence[int] | NDArray[Any], device: torch.device) -> slice | torch.Tensor:
    """Return what picks out places: a slice, which copies nothing, where they follow each other."""
    wanted = np.asarray(places, dtype=np.int64)
    if wanted.size and (wanted[1:] - wanted[:-1] == 1).all():
        return slice(int(wanted[0]), int(wanted[-1]) + 1)
    return torch.as_tensor(wanted, device=device)


def _rows(
    tensor: torch.Tensor, heads: slice | torch.Tensor, rows: slice | torch.Tensor
) -> torch.Tensor:
    """Return the wanted heads and rows of a (1 or head, 1 or token, token) mask or bias."""
    if tensor.shape[0] > 1:
        tensor = tensor[heads]
    return tensor[:, rows] if tensor.shape[1] > 1 else tensor
