"""Captured attention against transformers' eager attention, and against itself."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers

from protvis.errors import LabelError, ModelError, SequenceError
from protvis.inference import compute_attention
from protvis.models import ProteinModel, attention_weights, load_model, wrap_model
from tests.models.checkpoints import BUILDERS, N_HEADS, N_LAYERS

SEQUENCE = "MKTAYIAKQRQISFVKSHFSRQLEERLGLIEVQ"
OTHER = "GSHMWWCCLVD"


def collect(
    model: ProteinModel, sequence: str, **wanted: list[int]
) -> tuple[np.ndarray, np.ndarray, list[int]]:
    places, blocks, masses = [], [], []

    def sink(layer: int, block: np.ndarray, special: np.ndarray) -> None:
        places.append(layer)
        blocks.append(block)
        masses.append(special)

    model.capture(sequence, sink, **wanted)
    return np.stack(blocks), np.stack(masses), places


def eager_attention(directory: Path, ids: np.ndarray) -> np.ndarray:
    """Return transformers' own eager attention (layer, head, token, token)."""
    if not json.loads((directory / "config.json").read_text()).get("model_type"):
        return tape_attention(directory, ids)
    network = transformers.AutoModel.from_pretrained(
        directory, attn_implementation="eager", dtype=torch.float32
    )
    if network.config.model_type == "t5":
        network = network.encoder
    with torch.no_grad():
        found = network.eval()(torch.from_numpy(ids)[None], output_attentions=True).attentions
    return torch.stack(found).squeeze(1).numpy()


def tape_attention(directory: Path, ids: np.ndarray) -> np.ndarray:
    """Return the attention of a TAPE checkpoint, from its parameters with NumPy alone.

    The arithmetic of Devlin et al. (2019), in double precision: post-norm layers, the exact GELU.
    """
    stored = torch.load(directory / "pytorch_model.bin", weights_only=True)
    weights = {name.removeprefix("bert."): value.double().numpy() for name, value in stored.items()}

    def dense(name: str, x: np.ndarray) -> np.ndarray:
        return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    def norm(name: str, x: np.ndarray) -> np.ndarray:
        centred = x - x.mean(-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-12)
        return scaled * weights[f"{name}.weight"] + weights[f"{name}.bias"]

    tables = "embeddings.{}_embeddings.weight"
    x = weights[tables.format("word")][ids] + weights[tables.format("position")][: len(ids)]
    x = norm("embeddings.LayerNorm", x + weights[tables.format("token_type")][0])
    found = []
    for layer in range(N_LAYERS):
        start = f"encoder.layer.{layer}"
        q, k, v = (
            dense(f"{start}.attention.self.{part}", x).reshape(len(ids), N_HEADS, -1)
            for part in ("query", "key", "value")
        )
        scores = np.einsum("ihd,jhd->hij", q, k) / math.sqrt(q.shape[-1])
        shares = np.exp(scores - scores.max(-1, keepdims=True))
        shares /= shares.sum(-1, keepdims=True)
        found.append(shares)
        mixed = np.einsum("hij,jhd->ihd", shares, v).reshape(x.shape)
        mixed = dense(f"{start}.attention.output.dense", mixed)
        x = norm(f"{start}.attention.output.LayerNorm", x + mixed)
        inner = dense(f"{start}.intermediate.dense", x)
        inner *= (1 + np.vectorize(math.erf)(inner / math.sqrt(2))) / 2
        x = norm(f"{start}.output.LayerNorm", x + dense(f"{start}.output.dense", inner))
    return np.stack(found)


@pytest.mark.parametrize("family", BUILDERS)
def test_attention_is_that_of_eager_transformers(
    family: str, checkpoint: Callable[[str], Path]
) -> None:
    model = load_model(checkpoint(family))
    tokens = model.tokenize(SEQUENCE)
    expected = eager_attention(checkpoint(family), tokens.ids)
    values, special, places = collect(model, SEQUENCE)
    assert places == list(range(N_LAYERS))
    assert values.dtype == special.dtype == np.float32
    assert values.shape == (N_LAYERS, N_HEADS, len(SEQUENCE), len(SEQUENCE))
    assert expected.std() > 0.02  # flat attention would agree with anything
    inside = expected[:, :, tokens.residues][..., tokens.residues]
    assert np.abs(values - inside).max() < 1e-6
    outside = expected[:, :, tokens.residues][..., tokens.specials].sum(-1)
    assert np.abs(special - outside).max() < 1e-6
    assert np.abs(values.sum(-1) + special - 1).max() < 1e-5


@pytest.mark.slow
@pytest.mark.parametrize("family", BUILDERS)
def test_half_precision_stays_near(family: str, checkpoint: Callable[[str], Path]) -> None:
    if family == "ProtXLNet":
        with pytest.raises(ModelError, match="float32 only"):
            load_model(checkpoint(family), dtype="float16")
        return
    exact, *_ = collect(load_model(checkpoint(family)), SEQUENCE)
    half, mass, _ = collect(load_model(checkpoint(family), dtype="float16"), SEQUENCE)
    assert half.dtype == np.float32
    # The softmax is in float32 whatever the weights are in: rows sum to one exactly.
    assert np.abs(half.sum(-1) + mass - 1).max() < 1e-5
    assert np.abs(half - exact).max() < 5e-3
    brain, mass, _ = collect(load_model(checkpoint(family), dtype="bfloat16"), SEQUENCE)
    assert np.abs(brain.sum(-1) + mass - 1).max() < 1e-5
    assert np.abs(brain - exact).max() < 5e-2


def test_causal_models_look_back_only(checkpoint: Callable[[str], Path]) -> None:
    values, special, _ = collect(load_model(checkpoint("GPT-2 form")), SEQUENCE)
    assert not np.triu(values, 1).any()
    assert not special.any()


def test_layers_and_heads_are_labels(checkpoint: Callable[[str], Path]) -> None:
    model = load_model(checkpoint("ESM-2"))
    everything, mass, _ = collect(model, SEQUENCE)
    values, special, places = collect(model, SEQUENCE, layers=[3, 1], heads=[4, 2])
    assert places == [0, 2]
    np.testing.assert_array_equal(values, everything[[0, 2]][:, [3, 1]])
    np.testing.assert_array_equal(special, mass[[0, 2]][:, [3, 1]])


@pytest.mark.parametrize(
    "wanted",
    [
        {"layers": [0]},
        {"layers": [4]},
        {"heads": [5]},
        {"heads": ["mean"]},
        {"layers": []},
        {"heads": [1, 1]},
        {"layers": [True]},
        {"layers": 3},
        {"layers": "123"},
    ],
)
def test_labels_that_do_not_exist(wanted: dict, checkpoint: Callable[[str], Path]) -> None:
    model = load_model(checkpoint("ESM-2"))
    with pytest.raises(LabelError) as raised:
        model.capture(SEQUENCE, lambda *_: None, **wanted)
    (what,) = wanted
    assert what[:-1] in str(raised.value)


@pytest.mark.parametrize("heads", ["mean", ["mean"], [1, "mean"]])
def test_where_the_mean_over_heads_is_to_be_had(heads: object) -> None:
    model = load_model("mini-positions")
    with pytest.raises(LabelError, match=r"maps\.head\(layer, 'mean'\)"):
        compute_attention(model, SEQUENCE, heads=heads)
    maps = compute_attention(model, SEQUENCE)
    expected = maps.values[1].mean(0, dtype=np.float64)
    np.testing.assert_allclose(maps.head(2, "mean"), expected, atol=1e-7)
    links = maps.links(2, "mean", top_k=5)
    np.testing.assert_allclose(links["weight"], expected[links["query"], links["key"]], atol=1e-7)


def test_one_layer_is_asked_for_as_a_list() -> None:
    model = load_model("mini-positions")
    with pytest.raises(LabelError, match=r"expected a list of layers such as \[1, 2\].* got 2"):
        compute_attention(model, SEQUENCE, layers=2)


def test_small_chunks_change_nothing(
    checkpoint: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = load_model(checkpoint("ProtBert"))
    whole = collect(model, SEQUENCE)
    monkeypatch.setattr(attention_weights, "CHUNK_BYTES", 4 * (len(SEQUENCE) + 2) * 5)
    parts = collect(model, SEQUENCE)
    np.testing.assert_allclose(whole[0], parts[0], atol=1e-6)
    np.testing.assert_allclose(whole[1], parts[1], atol=1e-6)


def test_the_forward_pass_ends_after_the_last_layer_wanted(
    checkpoint: Callable[[str], Path],
) -> None:
    model = load_model(checkpoint("ESM-2"))
    seen: list[int] = []
    last = model.module.encoder.layer[-1]
    with last.register_forward_hook(lambda *_: seen.append(1)):
        collect(model, SEQUENCE, layers=[1])
        collect(model, SEQUENCE)
    assert seen == []


def test_captures_nest_and_run_side_by_side(checkpoint: Callable[[str], Path]) -> None:
    outer, inner = load_model(checkpoint("ESM-2")), load_model(checkpoint("ProtBert"))
    expected, expected_inner = collect(outer, SEQUENCE)[0], collect(inner, OTHER)[0]
    nested: list[np.ndarray] = []
    blocks: list[np.ndarray] = []

    def sink(layer: int, block: np.ndarray, special: np.ndarray) -> None:
        blocks.append(block)
        nested.append(collect(inner, OTHER)[0])
        nested.append(collect(outer, OTHER)[0])

    outer.capture(SEQUENCE, sink)
    np.testing.assert_array_equal(np.stack(blocks), expected)
    np.testing.assert_array_equal(nested[0], expected_inner)
    np.testing.assert_array_equal(nested[1], collect(outer, OTHER)[0])

    wrong: list[str] = []

    def work(model: ProteinModel, sequence: str, answer: np.ndarray) -> None:
        for _ in range(10):
            if not np.array_equal(collect(model, sequence)[0], answer):
                wrong.append(model.name)

    jobs = [
        (outer, SEQUENCE, expected),
        (outer, OTHER, collect(outer, OTHER)[0]),
        (inner, OTHER, expected_inner),
    ]
    threads = [threading.Thread(target=work, args=job) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_sink_that_fails_leaves_the_model_usable(checkpoint: Callable[[str], Path]) -> None:
    model = load_model(checkpoint("ESM-2"))

    def sink(layer: int, block: np.ndarray, special: np.ndarray) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        model.capture(SEQUENCE, sink)
    assert collect(model, SEQUENCE)[0].shape[0] == N_LAYERS


@pytest.mark.parametrize("family", ["ESM-2", "ProtT5", "ProtXLNet"])
def test_layers_that_share_memory_hold_the_same(
    family: str, checkpoint: Callable[[str], Path]
) -> None:
    model = load_model(checkpoint(family))
    expected = collect(model, SEQUENCE)[0]
    places = set()

    def sink(layer: int, block: np.ndarray, special: np.ndarray) -> None:
        np.testing.assert_array_equal(block, expected[layer])
        places.add(block.__array_interface__["data"][0])

    model.capture(SEQUENCE, sink, reuse=True)
    if not model.family.eager_only:
        assert len(places) == 1


@pytest.mark.parametrize("family", ["ESM-2", "ProtBert", "ProtXLNet"])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_attention_that_is_not_finite_is_refused_by_layer(
    family: str, value: float, checkpoint: Callable[[str], Path]
) -> None:
    model = load_model(checkpoint(family))
    layers = [
        module
        for module in model.module.modules()
        if isinstance(module, torch.nn.ModuleList) and len(module) == N_LAYERS
    ]
    weights = next(part for part in layers[0][1].parameters() if part.ndim > 1)
    seen = []
    with torch.no_grad():
        weights.view(-1)[0] = value
    with pytest.raises(ModelError, match="attention of layer 2 is not finite"):
        model.capture(SEQUENCE, lambda layer, *_: seen.append(layer))
    assert seen == [0]
    with pytest.raises(ModelError, match="attention of layer 2 is not finite"):
        list(model.stream_attention([SEQUENCE, SEQUENCE[:9]]))


def test_a_model_that_skips_layers_is_refused(checkpoint: Callable[[str], Path]) -> None:
    model = load_model(checkpoint("ESM-2"))
    model.module.encoder.layer = model.module.encoder.layer[:2]
    with pytest.raises(ModelError, match="2 times where its configuration names 3"):
        model.capture(SEQUENCE, lambda *_: None)


@pytest.mark.parametrize("family", ["ESM-2", "ProtBert", "ProtXLNet"])
def test_a_model_with_more_layers_than_it_says_is_refused(
    family: str, checkpoint: Callable[[str], Path]
) -> None:
    model = load_model(checkpoint(family))
    model.module.config.num_hidden_layers = 2
    with pytest.raises(ModelError, match="3 times where its configuration names 2"):
        wrap_model(model.module, model.tokenizer).capture(SEQUENCE, lambda *_: None)


def test_a_tokenizer_that_merges_residues_is_refused(checkpoint: Callable[[str], Path]) -> None:
    model = load_model(checkpoint("ProtBert"))
    real = model.tokenizer
    # Unspaced input is one unknown word to BERT: what ProtBert's form is there to prevent.
    model.tokenizer = lambda text, **how: real(text.replace(" ", ""), **how)
    with pytest.raises(ModelError, match="3 tokens of 33 residues"):
        model.tokenize(SEQUENCE)


def test_a_vocabulary_without_a_residue_is_refused(checkpoint: Callable[[str], Path]) -> None:
    model = load_model(checkpoint("ESM-2"))
    real = model.tokenizer

    class Forgetful:
        def __call__(self, text: str, **how: object) -> object:
            return real(text.replace("K", "<unk>"), **how)

        convert_ids_to_tokens = staticmethod(real.convert_ids_to_tokens)

    model.tokenizer = Forgetful()
    with pytest.raises(ModelError, match=r"residue 2 \('K'\) as '<unk>'"):
        model.tokenize(SEQUENCE)


def test_the_longest_sequence_is_exactly_the_limit(checkpoint: Callable[[str], Path]) -> None:
    for family in ("ESM-1b", "ProtBert"):
        model = load_model(checkpoint(family))
        assert model.max_residues is not None
        values, *_ = collect(model, "A" * model.max_residues)
        assert np.isfinite(values).all()
        with pytest.raises(SequenceError, match=f"{model.max_residues + 1} residues"):
            model.check_sequence("A" * (model.max_residues + 1))
    assert load_model(checkpoint("ESM-1b")).max_residues == 103 - 2 - 2
    assert load_model(checkpoint("ProtBert")).max_residues == 100
    assert load_model(checkpoint("ESM-2")).max_residues is None
