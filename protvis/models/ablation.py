"""Heads taken out while the model runs: their output is replaced before the layer mixes it in.

A layer's output is a projection of all its heads' outputs, side by side. Ours is the attention
function that made them (`protvis.models.capture`), so a head is taken out by writing over its
slice: with zeros, which equals a projection whose columns for that head are zero, or with a mean.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from protvis.errors import LabelError, ModelError, OptionError
from protvis.labels import format_head, head_position, layer_position

if TYPE_CHECKING:
    from protvis.models.model import ProteinModel

__all__ = ["KINDS", "Ablation", "ablated", "active_ablation", "contacts_without"]

KINDS = ("zero", "mean")
"""What a head's output is replaced by."""


@dataclass
class Ablation:
    """Heads whose output is replaced, and how far the present forward pass has come.

    Attributes
    ----------
    modules : frozenset of int
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

    modules: frozenset[int]
    n_layers: int
    n_heads: int
    heads: dict[int, list[int]]
    kind: str
    residues: np.ndarray
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


def active_ablation(module: torch.nn.Module) -> Ablation | None:
    """Return what is to be taken out of the model that a module belongs to, or None."""
    ablation = _ACTIVE.get()
    return ablation if ablation is not None and id(module) in ablation.modules else None


@contextmanager
def ablated(
    model: ProteinModel,
    sequence: str,
    heads: Sequence[tuple[int, int]],
    kind: str = "zero",
) -> Iterator[None]:
    """Run a model without some heads: whatever it computes of `sequence` inside the block.

    Parameters
    ----------
    model : ProteinModel
    sequence : str
        What it will read, exchanges and hidden residues apart.
    heads : sequence of (layer, head)
        Labels, counting from 1.
    kind : {"zero", "mean"}
        What the head adds at each token instead: nothing, or the mean of its output vectors over
        the residues of the same sequence in the same pass (special tokens do not count to that
        mean, but get it, too), so that it says the same everywhere.

    Raises
    ------
    ModelError
        If the family's attention does not go through the attention interface.
    LabelError
        If there is no such head, or none is given.
    OptionError
        If there is no such kind.
    SequenceError
        If the model cannot read the sequence.
    """
    if kind not in KINDS:
        raise OptionError(f"kind must be one of {', '.join(KINDS)}, got {kind!r}")
    if model.family.eager_only:
        raise ModelError(
            f"{model.name} ({model.family.name}) computes its attention outside transformers' "
            "attention interface, so that none of its heads can be taken out; every other family "
            "lets them"
        )
    by_layer: dict[int, list[int]] = {}
    for layer, head in heads:
        place = layer_position(layer, model.n_layers), head_position(head, model.n_heads)
        if not isinstance(place[1], int):
            raise LabelError(f"expected one head of layer {layer}, got {head!r}")
        if place[1] in by_layer.setdefault(place[0], []):
            raise LabelError(f"head {format_head(layer, head)} is named twice")
        by_layer[place[0]].append(place[1])
    if not by_layer:
        raise LabelError("expected at least one (layer, head) to take out, got none")
    ablation = Ablation(
        modules=model._modules,
        n_layers=model.n_layers,
        n_heads=model.n_heads,
        heads=by_layer,
        kind=kind,
        residues=model.tokenize(sequence).residues,
    )

    def restart(*_: Any) -> None:
        # A pass may end early or fail: what counts is where the next one begins. Another thread's
        # pass through the same network is none of ours.
        if _ACTIVE.get() is ablation:
            ablation.seen = 0

    hook = model._network.register_forward_pre_hook(restart)
    token = _ACTIVE.set(ablation)
    try:
        yield
    finally:
        _ACTIVE.reset(token)
        hook.remove()


def contacts_without(
    model: ProteinModel,
    sequence: str,
    heads: Sequence[tuple[int, int]],
    kind: str | None = "zero",
) -> np.ndarray:
    """Return the contact head's probabilities of a model without some heads.

    The maps of the remaining heads are those of the ablated pass; the maps of the heads taken out
    add nothing to the regression.

    Parameters
    ----------
    model, sequence, heads, kind
        As for `ablated`; with None for `kind` the model runs whole, and the maps of these heads are
        not read.

    Returns
    -------
    float32 array (residue, residue)

    Raises
    ------
    ModelError
        If the checkpoint has no contact head; also as `ablated`.
    """
    contact_head = model._contact_head
    if contact_head is None:
        raise ModelError(f"{model.name} has no contact head")
    tokens = model.tokenize(sequence)
    logits = contact_head.start(len(tokens.residues))

    def sink(layer: int, blocks: list[torch.Tensor], _: list[torch.Tensor]) -> None:
        gone = [head - 1 for place, head in heads if place == layer + 1]
        contact_head.add(logits, layer, blocks[0], without=gone)

    with nullcontext() if kind is None else ablated(model, sequence, heads, kind):
        model._run([tokens], *model.positions(None, None), sink)
    return torch.sigmoid(logits).cpu().numpy()
