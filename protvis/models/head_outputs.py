"""The outputs of attention heads, replaced before the layer mixes them.

A layer's output is a projection of the outputs of all its heads, side by side. protvis's attention
function makes them (`protvis.models.capture`), so a head is removed by overwriting its slice: with
zeros, which equals a projection whose columns for that head are zero, or with a mean.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import torch
from numpy.typing import NDArray

from protvis.errors import ModelError

__all__ = ["KINDS", "Ablation", "active_ablation", "replacing"]

KINDS = ("zero", "mean")
"""What the output of a removed head is replaced with."""


@dataclass
class Ablation:
    """Heads whose output is replaced, and how far the present forward pass has come.

    Attributes
    ----------
    modules : collection of int
        `id` of every module of the model: calls by another model's modules are not ours.
    n_layers, n_heads : int
    heads : dict of int to list of int
        Head positions by layer position.
    kind : {"zero", "mean"}
    residues : int array
        Token positions of the residues, over which the mean is taken.
    seen : int
        Layers that this forward pass has been through.
    """

    modules: Collection[int]
    n_layers: int
    n_heads: int
    heads: dict[int, list[int]]
    kind: str
    residues: NDArray[Any]
    seen: int = field(default=0)

    def apply(self, output: torch.Tensor) -> torch.Tensor:
        """Return a layer's output (sequence, token, head, channel) without the heads."""
        layer = self.seen
        self.seen += 1
        if layer >= self.n_layers or output.shape[2] != self.n_heads:
            raise ModelError(
                f"call {layer + 1} of the attention function made {output.shape[2]} heads where "
                f"{self.n_layers} layers of {self.n_heads} were expected: no head of this model "
                "can be taken out"
            )
        chosen = self.heads.get(layer)
        if not chosen:
            return output
        found = output.clone()
        if self.kind == "zero":
            found[:, :, chosen] = 0
        else:
            rows = torch.as_tensor(self.residues, device=output.device)
            mean = output[:, rows][:, :, chosen].float().mean(1, keepdim=True)
            found[:, :, chosen] = mean.to(output.dtype)
        return found


_ACTIVE: ContextVar[Ablation | None] = ContextVar("protvis_ablation", default=None)


@contextmanager
def replacing(ablation: Ablation) -> Iterator[None]:
    """Replace the outputs of heads in whatever this thread runs inside the block."""
    token = _ACTIVE.set(ablation)
    try:
        yield
    finally:
        _ACTIVE.reset(token)


def active_ablation(module: torch.nn.Module) -> Ablation | None:
    """Return the ablation of the model that a module belongs to, or None."""
    ablation = _ACTIVE.get()
    return ablation if ablation is not None and id(module) in ablation.modules else None
