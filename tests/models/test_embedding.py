"""Hidden states of residues against those transformers gives for the whole sequence."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import transformers

from protvis.errors import ModelError, SequenceError
from protvis.models import load_model
from tests.models.checkpoints import BUILDERS, N_LAYERS

SEQUENCE = "MKTAYIAKQRQISFVKSHFSRQLEE"


@pytest.mark.parametrize("family", BUILDERS)
def test_one_state_per_layer_and_residue(family: str, checkpoint: Callable[[str], Path]) -> None:
    model = load_model(checkpoint(family))
    found = model.embed(SEQUENCE)
    assert found.dtype == np.float32
    assert found.shape == (N_LAYERS, len(SEQUENCE), 32)
    assert np.isfinite(found).all()
    # Layers differ, and so do residues of one kind at different places.
    assert all(np.abs(a - b).max() > 1e-3 for a, b in itertools.pairwise(found))
    changed = model.embed(SEQUENCE[:-1] + "W")
    assert not np.allclose(found[0, -1], changed[0, -1], atol=1e-3)


@pytest.mark.parametrize(
    ("family", "network_class", "options"),
    [
        ("ESM-2", "EsmModel", {"add_pooling_layer": False}),
        ("ESM-1b", "EsmModel", {"add_pooling_layer": False}),
        ("ProtBert", "BertModel", {"add_pooling_layer": False}),
        ("ProtXLNet", "XLNetModel", {}),
        ("ProtT5", "T5EncoderModel", {}),
        ("GPT-2 form", "GPT2Model", {}),
    ],
)
def test_states_are_those_of_transformers(
    family: str, network_class: str, options: dict[str, bool], checkpoint: Callable[[str], Path]
) -> None:
    model = load_model(checkpoint(family))
    network = (
        getattr(transformers, network_class)
        .from_pretrained(checkpoint(family), attn_implementation="eager", **options)
        .eval()
    )
    tokens = model.tokenize(SEQUENCE)
    # Where residues lie among the tokens, written down here once more.
    first = {"ProtXLNet": 0, "ProtT5": 0, "GPT-2 form": 0}.get(family, 1)
    with torch.no_grad():
        states = network(
            input_ids=torch.from_numpy(tokens.ids)[None], output_hidden_states=True
        ).hidden_states
    expected = torch.stack(states[1:])[:, 0, first : first + len(SEQUENCE)].numpy()
    np.testing.assert_allclose(model.embed(SEQUENCE), expected, atol=2e-5)


def test_the_last_layer_is_what_the_network_hands_on(checkpoint: Callable[[str], Path]) -> None:
    model = load_model(checkpoint("ESM-2"))
    network = transformers.EsmModel.from_pretrained(
        checkpoint("ESM-2"), add_pooling_layer=False
    ).eval()
    with torch.no_grad():
        output = network(input_ids=torch.from_numpy(model.tokenize(SEQUENCE).ids)[None])
    np.testing.assert_allclose(
        model.embed(SEQUENCE)[-1], output.last_hidden_state[0, 1:-1].numpy(), atol=2e-5
    )


def test_attention_is_still_captured_afterwards(checkpoint: Callable[[str], Path]) -> None:
    model = load_model(checkpoint("ESM-2"))
    before: list[np.ndarray] = []
    after: list[np.ndarray] = []
    model.capture(SEQUENCE, lambda _, block, __: before.append(block))
    model.embed(SEQUENCE)
    model.capture(SEQUENCE, lambda _, block, __: after.append(block))
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


def test_missing_states_are_an_error(
    checkpoint: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = load_model(checkpoint("ESM-2"))
    monkeypatch.setattr(model.module, "forward", lambda **_: SimpleNamespace(hidden_states=()))
    with pytest.raises(ModelError, match=r"gave 0 hidden states where 4 .* were expected"):
        model.embed(SEQUENCE)


def test_unreadable_sequences_are_refused(checkpoint: Callable[[str], Path]) -> None:
    with pytest.raises(SequenceError, match="letters"):
        load_model(checkpoint("ESM-2")).embed("MK1")
