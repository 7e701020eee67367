"""What can be said about a layer's attention without keeping it, computed where the model runs.

A reducer takes one sequence's block (head, query, key) and special mass (head, query), tensors on
the model's device, and returns a tensor with the head axis first. `ProteinModel.reduce_attention`
stacks what comes back over the layers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch

from protvis.errors import ModelError

__all__ = [
    "Reducer",
    "column_sums",
    "entropy",
    "mask_sums",
    "maximum",
    "mean_separation",
    "row_sums",
    "special_share",
    "top_links",
]

Reducer = Callable[[torch.Tensor, torch.Tensor], Any]


def row_sums(block: torch.Tensor, special: torch.Tensor) -> torch.Tensor:
    """Return the attention each residue spends on residues: (head, query)."""
    return block.sum(-1)


def column_sums(block: torch.Tensor, special: torch.Tensor) -> torch.Tensor:
    """Return the attention each residue receives from residues: (head, key)."""
    return block.sum(-2)


def maximum(block: torch.Tensor, special: torch.Tensor) -> torch.Tensor:
    """Return the largest weight: (head,)."""
    return block.amax((-2, -1))


def special_share(block: torch.Tensor, special: torch.Tensor) -> torch.Tensor:
    """Return the mean over residues of the attention on special tokens: (head,), a fraction."""
    return special.mean(-1)


def mean_separation(block: torch.Tensor, special: torch.Tensor) -> torch.Tensor:
    """Return the mean of |i - j| weighted by attention: (head,), in residues."""
    places = torch.arange(block.shape[-1], device=block.device)
    separation = (places[:, None] - places).abs().to(block.dtype)
    return torch.stack([(head * separation).sum() / head.sum() for head in block])


def entropy(block: torch.Tensor, special: torch.Tensor) -> torch.Tensor:
    """Return the mean over queries of the entropy of the renormalised row: (head,), in bits."""
    found = []
    for head in block:
        # One head at a time: the logarithms of a whole layer would double the peak.
        shares = head / head.sum(-1, keepdim=True)
        found.append(torch.special.entr(shares).sum(-1).nanmean() / np.log(2))
    return torch.stack(found)


def mask_sums(masks: Mapping[str, Any]) -> Reducer:
    """Return a reducer that sums attention over pairs: (head, mask), masks in the order given.

    Parameters
    ----------
    masks : mapping of str to bool array (query, key)
        Sets of ordered pairs, such as the contacts of a structure.
    """
    arrays = [torch.as_tensor(np.asarray(mask)) for mask in masks.values()]

    def reduce(block: torch.Tensor, special: torch.Tensor) -> torch.Tensor:
        for name, mask in zip(masks, arrays, strict=True):
            if mask.shape != block.shape[1:]:
                raise ModelError(
                    f"mask {name!r} has shape {tuple(mask.shape)}, the sequence "
                    f"{block.shape[1]} residues"
                )
        sums = [(block * mask.to(block)).sum((-2, -1)) for mask in arrays]
        return torch.stack(sums, dim=-1)

    return reduce


def top_links(top_k: int, *, min_separation: int = 6, combine: str = "max") -> Reducer:
    """Return a reducer to the heaviest links of each head.

    The same links in the same order as `protvis.attention.select_links` gives.

    Returns
    -------
    callable
        Gives a float64 array (head, link, 3) of query index, key index and weight, `top_k` links at
        most.
    """
    if combine not in ("max", "mean", "directed"):
        raise ModelError(f"combine must be one of max, mean, directed, got {combine!r}")
    separation = max(min_separation, 1)

    def reduce(block: torch.Tensor, special: torch.Tensor) -> np.ndarray:
        n_heads, n = block.shape[:2]
        upper, lower = torch.triu_indices(n, n, offset=separation, device=block.device)
        pairs, places = torch.stack([upper, lower]), (upper * n + lower, lower * n + upper)
        found = []
        for head in block.reshape(n_heads, n * n):
            # One head at a time: both directions of a whole layer would double the peak.
            forward, backward = (head.index_select(0, place) for place in places)
            if combine == "max":
                weight = torch.maximum(forward, backward)
            elif combine == "mean":
                weight = (forward + backward) / 2
            else:
                weight = torch.cat([forward, backward])
            found.append(_heaviest(weight, forward, backward, pairs, top_k, combine))
        return np.stack(found)

    return reduce


def _heaviest(
    weight: torch.Tensor,
    forward: torch.Tensor,
    backward: torch.Tensor,
    pairs: torch.Tensor,
    top_k: int,
    combine: str,
) -> np.ndarray:
    """Return (link, 3): query, key and weight of one head's heaviest links, heaviest first."""
    if 0 < top_k < len(weight):
        # topk breaks ties as it likes: take all that reach its last value, and order them below.
        keep = torch.nonzero(weight >= torch.topk(weight, top_k).values[-1])[:, 0]
    else:
        keep = torch.arange(len(weight), device=weight.device)
    n_pairs = pairs.shape[1]
    query, key = pairs[:, keep % max(n_pairs, 1)]
    if combine == "directed":
        turned = keep >= n_pairs
    elif combine == "max":
        turned = backward[keep] > forward[keep]
    else:
        turned = torch.zeros_like(keep, dtype=torch.bool)
    query, key = torch.where(turned, key, query), torch.where(turned, query, key)
    columns = [part.cpu().numpy().astype(np.float64) for part in (query, key, weight[keep])]
    order = np.lexsort((columns[1], columns[0], -columns[2]))[:top_k]
    return np.stack(columns, axis=-1)[order]
