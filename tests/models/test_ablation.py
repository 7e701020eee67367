"""Heads taken out, against weights with a hole in them and against a hook on the projection."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from protvis.errors import LabelError, ModelError, OptionError
from protvis.models import load_model
from protvis.models.ablation import ablated, contacts_without
from protvis.models.contact_head import corrected
from tests.models.checkpoints import BUILDERS, N_HEADS, N_LAYERS

SEQUENCE = "MKTAYIAKQRQISF"
PREDICTING = ["ESM-2", "ESM-1b", "ESM C", "SaProt", "ProtBert", "ProtAlbert", "RoBERTa form"]
INTERFACE = [family for family in BUILDERS if family != "ProtXLNet"]
PROJECTIONS = (
    "attention.output.dense",
    "attention.dense",
    "attention.out_proj",
    "attn.out_proj",
    "self_attn.out_proj",
    "self_attn.o_proj",
    "SelfAttention.o",
    "attn.c_proj",
)
WIDTH = 32 // N_HEADS


def projections(network: Any) -> list[torch.nn.Module]:
    """Return what mixes the heads of each layer, in order; shared ones once for each layer."""
    found = [part for name, part in network.named_modules() if name.endswith(PROJECTIONS)]
    return found * N_LAYERS if len(found) == 1 else found


def columns(head: int) -> slice:
    return slice((head - 1) * WIDTH, head * WIDTH)


def capture(model: Any) -> np.ndarray:
    blocks: list[np.ndarray] = []
    model.capture(SEQUENCE, lambda _, block, __: blocks.append(block))
    return np.stack(blocks)


def hooked(
    model: Any, heads: list[tuple[int, int]], replace: Callable[[torch.Tensor], Any]
) -> list[Any]:
    """Write over what goes into the projections; a shared one is told by the calls counted."""
    parts = projections(model.module)
    assert len(parts) == N_LAYERS
    calls = [0]

    def hook(_: Any, inputs: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        layer = calls[0] % N_LAYERS + 1
        calls[0] += 1
        mixed = inputs[0].clone()
        for place, head in heads:
            if place == layer:
                mixed[..., columns(head)] = replace(mixed[..., columns(head)])
        return (mixed, *inputs[1:])

    return [part.register_forward_pre_hook(hook) for part in dict.fromkeys(parts)]


@pytest.mark.parametrize("family", INTERFACE)
def test_a_zeroed_head_is_a_projection_with_a_hole(
    family: str, checkpoint: Callable[[str], Path]
) -> None:
    model = load_model(checkpoint(family))
    before = capture(model)
    with ablated(model, SEQUENCE, [(1, 2), (2, 4)]):
        found = capture(model)
    # Nothing stays taken out.
    np.testing.assert_array_equal(capture(model), before)
    np.testing.assert_array_equal(found[0], before[0])
    assert np.abs(found[1:] - before[1:]).max() > 1e-3
    if family == "ProtAlbert":
        # Its layers share one projection, so a hole in it would be in every layer.
        hooks = hooked(model, [(1, 2), (2, 4)], lambda _: 0)
        expected = capture(model)
        for hook in hooks:
            hook.remove()
    else:
        with torch.no_grad():
            for layer, head in ((1, 2), (2, 4)):
                weight = projections(model.module)[layer - 1].weight
                # GPT-2's projections are written the other way round.
                (weight if family == "GPT-2 form" else weight.T)[columns(head)] = 0
        expected = capture(model)
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("family", PREDICTING)
@pytest.mark.parametrize("kind", ["zero", "mean"])
def test_predictions_without_heads_are_those_of_a_hook(
    family: str, kind: str, checkpoint: Callable[[str], Path]
) -> None:
    model = load_model(checkpoint(family))
    heads = [(1, 1), (3, 2), (3, 3)]
    variants = [None, (0, "?"), (5, "W"), (7, "?")]

    def predict() -> np.ndarray:
        return np.concatenate(list(model.predict_residues(SEQUENCE, variants, batch_size=3)))

    before = predict()
    with ablated(model, SEQUENCE, heads, kind):
        found = predict()
    residues = model.tokenize(SEQUENCE).residues
    hooks = hooked(
        model,
        heads,
        lambda part: 0 if kind == "zero" else part[:, residues].mean(1, keepdim=True),
    )
    expected = predict()
    for hook in hooks:
        hook.remove()
    assert np.abs(expected - before).max() > 1e-3
    np.testing.assert_allclose(found, expected, atol=2e-5)
    np.testing.assert_array_equal(predict(), before)


def test_a_layer_without_any_head_moves_nothing_between_residues(
    checkpoint: Callable[[str], Path],
) -> None:
    # With no head in any layer each residue is predicted from itself alone.
    model = load_model(checkpoint("ProtBert"))
    everything = [
        (layer, head) for layer in range(1, N_LAYERS + 1) for head in range(1, N_HEADS + 1)
    ]

    def effect() -> np.ndarray:
        with ablated(model, SEQUENCE, everything):
            whole, changed = next(model.predict_residues(SEQUENCE, [None, (4, "W")]))
        return np.abs(whole - changed).max(-1)

    found = effect()
    assert found[4] > 1e-3
    assert np.delete(found, 4).max() == 0
    one_layer = everything[:N_HEADS]
    with ablated(model, SEQUENCE, one_layer):
        captured = capture(model)
    with ablated(model, SEQUENCE, one_layer, "mean"):
        assert np.abs(captured - capture(model)).max() > 1e-4


def test_streams_and_reductions_lack_the_head_too(checkpoint: Callable[[str], Path]) -> None:
    model = load_model(checkpoint("ESM-2"))
    others = [SEQUENCE, SEQUENCE[:9]]
    with ablated(model, SEQUENCE, [(1, 3)]):
        expected = capture(model)
        streamed = list(model.stream_attention(others, batch_size=1))
        # A pass that ends early leaves no layer counted.
        model.capture(SEQUENCE, lambda *_: None, layers=[1])
        again = capture(model)
    np.testing.assert_array_equal(again, expected)
    for block in streamed:
        if block.indices == (0,):
            np.testing.assert_allclose(block.values[0], expected[block.layer - 1], atol=1e-6)


def test_another_model_keeps_its_heads(checkpoint: Callable[[str], Path]) -> None:
    model, other = (load_model(checkpoint("ESM-2")) for _ in range(2))
    before = capture(other)
    with ablated(model, SEQUENCE, [(1, 1)]):
        np.testing.assert_array_equal(capture(other), before)
        assert np.abs(capture(model) - before).max() > 1e-4


def test_contacts_without_heads(checkpoint: Callable[[str], Path]) -> None:
    model = load_model(checkpoint("ESM-2"))
    heads = [(1, 2), (3, 4)]
    with ablated(model, SEQUENCE, heads):
        maps = torch.from_numpy(capture(model))
    regression = model.module.contact_head.regression
    weights = regression.weight.detach().reshape(N_LAYERS, N_HEADS).clone()
    for layer, head in heads:
        weights[layer - 1, head - 1] = 0
    logits = (weights[..., None, None] * corrected(maps)).sum((0, 1)) + regression.bias.detach()
    found = contacts_without(model, SEQUENCE, heads)
    np.testing.assert_allclose(found, torch.sigmoid(logits).numpy(), atol=1e-6)
    assert np.abs(found - model.predict_contacts(SEQUENCE)).max() > 1e-4
    with pytest.raises(ModelError, match="no contact head"):
        contacts_without(load_model(checkpoint("ProtBert")), SEQUENCE, heads)


def test_what_cannot_be_taken_out(checkpoint: Callable[[str], Path]) -> None:
    with (
        pytest.raises(ModelError, match="ProtXLNet"),
        ablated(load_model(checkpoint("ProtXLNet")), SEQUENCE, [(1, 1)]),
    ):
        pass
    model = load_model(checkpoint("ESM-2"))
    for heads, kind, error, match in (
        ([(1, 1)], "none", OptionError, "one of zero, mean"),
        ([], "zero", LabelError, "at least one"),
        ([(1, 5)], "zero", LabelError, "head 5 does not exist"),
        ([(0, 1)], "zero", LabelError, "layer 0 does not exist"),
        ([(1, "mean")], "zero", LabelError, "one head of layer 1"),
        ([(1, 1), (1, 1)], "zero", LabelError, "1-1 is named twice"),
    ):
        with pytest.raises(error, match=match), ablated(model, SEQUENCE, heads, kind):
            pass
