"""ESM's own contact prediction: a logistic regression over all heads, fed as they stream."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import torch

__all__ = ["ContactHead", "corrected"]


def corrected(block: torch.Tensor) -> torch.Tensor:
    """Return S_ij - S_i· S_·j / S_·· with S = A + Aᵀ for maps (…, query, key).

    Average product correction: Dunn et al., Bioinformatics 24, 333 (2008).
    """
    symmetric = block + block.transpose(-1, -2)
    rows = symmetric.sum(-1, keepdim=True)
    return symmetric - rows * symmetric.sum(-2, keepdim=True) / rows.sum(-2, keepdim=True)


class ContactHead:
    """The regression of a checkpoint: σ(b + Σ w_lh · APC(A_lh + A_lhᵀ)) (Rao et al., ICLR 2021).

    Parameters
    ----------
    regression : torch.nn.Linear
        From (layer · head) features to one logit.
    n_layers, n_heads : int
    """

    def __init__(self, regression: Any, n_layers: int, n_heads: int) -> None:
        self._weights = regression.weight.detach().float().reshape(n_layers, n_heads)
        self._bias = regression.bias.detach().float()

    def start(self, n_residues: int) -> torch.Tensor:
        """Return the logits before any layer: (residue, residue)."""
        return self._bias.expand(n_residues, n_residues).clone()

    def add(
        self, logits: torch.Tensor, layer: int, block: torch.Tensor, without: Collection[int] = ()
    ) -> None:
        """Add what a layer's block (head, query, key) says, but for the positions of some heads."""
        for place, (head, weight) in enumerate(zip(block, self._weights[layer], strict=True)):
            if place not in without:
                logits += weight * corrected(head)
