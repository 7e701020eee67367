"""Attention handed on layer by layer while the model runs, without a full tensor in memory.

transformers calls the attention function named in a model's configuration. Ours computes

    softmax(Q Kᵀ · scaling + position bias + mask)

for the heads asked for, keeps the rows and columns of residues, and hands them on. The output for
the next layer is made of the same weights where one sequence runs on the CPU, and elsewhere by the
stock scaled-dot-product kernel. It knows nothing of model classes; whatever calls it with queries
and keys is a layer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import torch
from numpy.typing import NDArray
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import repeat_kv, sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from protvis.errors import ModelError
from protvis.models.attention_weights import Scratch, residue_attention
from protvis.models.head_outputs import active_ablation

__all__ = [
    "CAPTURE",
    "Capture",
    "LayerSink",
    "capturing",
    "hook_weights",
    "not_finite",
]

CAPTURE = "protvis_capture"
"""The name our attention function has in a model's configuration."""

LayerSink = Callable[[int, list[torch.Tensor], list[torch.Tensor]], None]


class Enough(Exception):  # noqa: N818 - not an error: ends a forward pass whose rest nobody wants
    """Raised inside the forward pass after the last layer that was asked for."""


@dataclass
class Capture:
    """What one forward pass is to hand on, and how far it has come.

    Attributes
    ----------
    modules : dict of int to type
        `id` of every module of the model, with its class: calls by another model's modules are not
        ours.
    n_layers, n_heads : int
        What the configuration promises; what arrives is compared with it.
    n_tokens : int
        Tokens of the (padded) batch.
    layers : frozenset of int
        Layer positions wanted.
    heads : list of int
        Head positions wanted, in the order they are handed on.
    residues, specials : sequence of int arrays, one for each sequence of the batch
        Token positions of the residues, and of the special tokens.
    sink : callable
        Receives (layer position, blocks, special masses), each a list over the sequences of the
        batch: blocks float32 (head, query, key), masses float32 (head, query), on the device.
    reuse : bool
        Whether every layer's blocks overwrite those of the layer before.
    """

    modules: Mapping[int, type]
    n_layers: int
    n_heads: int
    n_tokens: int
    layers: frozenset[int]
    heads: list[int]
    residues: Sequence[NDArray[Any]]
    specials: Sequence[NDArray[Any]]
    sink: LayerSink
    reuse: bool = False
    seen: int = field(default=0)
    scratch: Scratch = field(default_factory=Scratch)

    def receive(
        self,
        module: torch.nn.Module,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        *,
        scaling: float,
        mask: torch.Tensor | None,
        bias: torch.Tensor | None,
        causal: bool,
    ) -> torch.Tensor | None:
        """Take the queries, keys and values (sequence, head, token, channel) of the next layer.

        Returns
        -------
        tensor (sequence, token, head, channel) or None
            The layer's output, where it costs no more than the kernel that would make it.
        """
        shapes = (tuple(query.shape[:3]), tuple(key.shape[:3]))
        expected = (len(self.residues), self.n_heads, self.n_tokens)
        # All layers alike, wanted or not: a map is the same to the bit whatever else is asked for.
        # Nothing needs the output of the last.
        is_last = self.seen == self.n_layers - 1
        mixes = len(query) == 1 and mask is None and query.device.type == "cpu" and not is_last
        outputs: list[torch.Tensor] = []

        def one(index: int, heads: Sequence[int]) -> tuple[torch.Tensor, torch.Tensor]:
            block, mass, output = residue_attention(
                query[index],
                key[index],
                value[index] if mixes else None,
                scaling=scaling,
                mask=_one_of_batch(mask, index),
                bias=_one_of_batch(bias, index),
                causal=causal,
                heads=heads,
                residues=self.residues[index],
                specials=self.specials[index],
                scratch=self.scratch,
                block=self._block(index, query.device) if self.reuse and heads else None,
            )
            if output is not None:
                outputs.append(output[None])
            return block, mass

        if mixes and shapes == (expected, expected) and self.seen not in self.layers:
            one(0, [])
        self._hand_on(module, shapes, (expected, expected), lambda index: one(index, self.heads))
        return outputs[0] if outputs else None

    def _block(self, index: int, device: torch.device) -> torch.Tensor:
        n = len(self.residues[index])
        return self.scratch.block(index, (len(self.heads), n, n), device)

    def receive_weights(self, module: torch.nn.Module, weights: torch.Tensor) -> None:
        """Take the attention (sequence, head, query token, key token) of the next layer."""
        expected = (len(self.residues), self.n_heads, self.n_tokens, self.n_tokens)

        def one(index: int) -> tuple[torch.Tensor, torch.Tensor]:
            rows = torch.as_tensor(self.residues[index], device=weights.device)
            specials = torch.as_tensor(self.specials[index], device=weights.device)
            heads = torch.as_tensor(self.heads, device=weights.device)
            chosen = weights[index][heads][:, rows].float()
            return chosen[..., rows], chosen[..., specials].sum(-1)

        self._hand_on(module, (tuple(weights.shape),), (expected,), one)

    def _hand_on(
        self,
        module: torch.nn.Module,
        shapes: tuple[tuple[int, ...], ...],
        expected: tuple[tuple[int, ...], ...],
        one: Callable[[int], tuple[torch.Tensor, torch.Tensor]],
    ) -> None:
        layer = self.seen
        self.seen += 1
        if shapes != expected:
            raise ModelError(
                f"layer {layer + 1} computed attention of shapes (sequence, head, token, …) "
                f"{', '.join(map(str, shapes))}, expected {', '.join(map(str, expected))}"
            )
        if layer in self.layers:
            found = [one(index) for index in range(len(self.residues))]
            if not all(_is_finite(block, mass) for block, mass in found):
                raise not_finite(f"the attention of layer {layer + 1}")
            self.sink(layer, [block for block, _ in found], [mass for _, mass in found])
        if layer == max(self.layers, default=-1):
            # A module more of this class than there are layers may compute attention, too.
            alike = sum(kind is type(module) for kind in self.modules.values())
            if layer + 1 < self.n_layers or alike == self.n_layers:
                raise Enough


_ACTIVE: ContextVar[Capture | None] = ContextVar("protvis_capture", default=None)


def not_finite(what: str) -> ModelError:
    """Return the error of a result with NaN or infinity in it."""
    return ModelError(
        f"{what} is not finite: the weights hold NaN or infinity, or half precision overflowed. "
        "Load the model again, in float32"
    )


@contextmanager
def capturing(capture: Capture) -> Iterator[None]:
    """Hand what the model computes inside the block to `capture`.

    The capture is bound to this thread's context and to the modules of one model, so models running
    in other threads, or inside the sink, never reach it.

    Raises
    ------
    ModelError
        If the model did not pass through the attention function once for every layer.
    """
    token = _ACTIVE.set(capture)
    try:
        yield
    except Enough:
        return
    finally:
        _ACTIVE.reset(token)
    if capture.seen != capture.n_layers:
        raise ModelError(
            f"the model computed attention {capture.seen} times where its configuration names "
            f"{capture.n_layers} layers: it does not go through transformers' attention interface"
        )


def _is_finite(block: torch.Tensor, mass: torch.Tensor) -> bool:
    """Return whether all attention is finite.

    A softmax with a score that is not a number, or infinite, makes its whole row NaN: one value of
    each row tells.
    """
    return bool(torch.isfinite(block[..., 0] + mass).all())


def _one_of_batch(tensor: torch.Tensor | None, index: int) -> torch.Tensor | None:
    if tensor is None:
        return None
    return tensor[index if tensor.shape[0] > 1 else 0]


def _attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    is_causal: bool | None = None,
    position_bias: torch.Tensor | None = None,
    **kwargs: Any,
) -> tuple[torch.Tensor, None]:
    """Run the stock kernel; hand the attention to the capture of this context, if it is ours."""
    capture, output = _ACTIVE.get(), None
    if capture is not None and id(module) in capture.modules:
        groups = getattr(module, "num_key_value_groups", 1)
        causal = getattr(module, "is_causal", True) if is_causal is None else is_causal
        output = capture.receive(
            module,
            query,
            repeat_kv(key, groups),
            repeat_kv(value, groups),
            scaling=query.shape[-1] ** -0.5 if scaling is None else scaling,
            mask=attention_mask,
            bias=position_bias,
            causal=bool(causal) and attention_mask is None,
        )
    if output is None:
        output, _ = sdpa_attention_forward(
            module,
            query,
            key,
            value,
            attention_mask,
            dropout=dropout,
            scaling=scaling,
            is_causal=is_causal,
            position_bias=position_bias,
            **kwargs,
        )
    ablation = active_ablation(module)
    return (output if ablation is None else ablation.apply(output)), None


def hook_weights(network: torch.nn.Module) -> None:
    """Hand on what XLNet's attention layers return, for it goes through no attention interface.

    With ``output_attentions=True`` each layer returns its weights as (query, key, sequence, head);
    an empty tensor takes their place, so that they are not kept. A network may be hooked again.
    """
    for module in network.modules():
        is_attention = type(module).__name__ == "XLNetRelativeAttention"
        if is_attention and _take_weights not in module._forward_hooks.values():
            module.register_forward_hook(_take_weights)


def _take_weights(
    module: torch.nn.Module, _: Any, output: tuple[Any, ...]
) -> tuple[Any, ...] | None:
    capture = _ACTIVE.get()
    if capture is None or id(module) not in capture.modules or len(output) < 3:
        return None
    capture.receive_weights(module, output[2].permute(2, 3, 0, 1))
    return (*output[:2], output[2].new_empty((0, 0, 0, 0)), *output[3:])


AttentionInterface.register(CAPTURE, _attention)
AttentionMaskInterface.register(CAPTURE, sdpa_mask)
