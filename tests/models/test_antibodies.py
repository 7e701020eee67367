"""AntiBERTy and Sapiens with their published weights, wherever their packages are installed."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers

import protvis
from protvis.errors import ModelError, ModelUnavailableError, ModelWarning
from protvis.labels import AMINO_ACIDS
from protvis.models import ProteinModel, list_models
from protvis.models.masked_prediction import HIDDEN
from protvis.models.registry import find_checkpoint
from protvis.models.wheels import find_wheel

# Variable domains of trastuzumab.
VH = (
    "EVQLVESGGGLVQPGGSLRLSCAASGFNIKDTYIHWVRQAPGKGLEWVARIYPTNGYTRYADSVKGRFTISADTSKNTAYLQMNSLRAEDTAVYYC"
    "SRWGGDGFYAMDYWGQGTLVTVSS"
)
VL = (
    "DIQMTQSPSSLSASVGDRVTITCRASQDVNTAVAWYQQKPGKAPKLLIYSASFLYSGVPSRFSGSRSGTDFTLTISSLQPEDFATYYCQQHYTTPP"
    "TFGQGTKVEIK"
)
NAMES = {"antiberty": VH, "sapiens-vh": VH, "sapiens-vl": VL}


def weights_of(name: str) -> Path:
    """Return the file with a model's weights; skip where its package is not installed."""
    checkpoint = find_checkpoint(name)
    assert checkpoint is not None
    assert checkpoint.wheel is not None
    found = find_wheel(checkpoint.wheel)
    if found is None:
        message = f"needs the weights of {name}: {checkpoint.wheel.install}"
        # `make test` installs both packages.
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    return found


@pytest.fixture(scope="module")
def load() -> object:
    """Return a function from a name to the loaded model."""
    loaded: dict[str, ProteinModel] = {}

    def model(name: str) -> ProteinModel:
        weights_of(name)
        if name not in loaded:
            loaded[name] = protvis.load_model(name, device="cpu")
        return loaded[name]

    return model


def antiberty_eager(weights: Path) -> transformers.BertModel:
    """Build AntiBERTy by transformers alone."""
    config = json.loads((weights.parent / "config.json").read_text())
    network = transformers.BertModel(transformers.BertConfig(**config)).eval()
    content = torch.load(weights, map_location="cpu", weights_only=True)
    base = {k.removeprefix("bert."): v for k, v in content.items() if k.startswith("bert.")}
    report = network.load_state_dict(base, strict=False)
    assert report.missing_keys == []
    return network


def sapiens_eager(weights: Path) -> transformers.RobertaModel:
    """Build Sapiens by transformers alone, from a conversion of its own written for this test."""
    with torch.serialization.safe_globals([Namespace]):
        content = torch.load(weights, map_location="cpu", weights_only=True)
    args, source = content["args"], content["model"]
    start = "decoder.sentence_encoder."
    config = transformers.RobertaConfig(
        vocab_size=len(source[f"{start}embed_tokens.weight"]),
        hidden_size=args.encoder_embed_dim,
        num_hidden_layers=args.encoder_layers,
        num_attention_heads=args.encoder_attention_heads,
        intermediate_size=args.encoder_ffn_embed_dim,
        max_position_embeddings=args.max_positions + 2,
        type_vocab_size=1,
        layer_norm_eps=1e-5,
    )
    network = transformers.RobertaModel(config, add_pooling_layer=False).eval()
    with torch.no_grad():
        embeddings = network.embeddings
        embeddings.word_embeddings.weight.copy_(source[f"{start}embed_tokens.weight"])
        embeddings.position_embeddings.weight.copy_(source[f"{start}embed_positions.weight"])
        embeddings.token_type_embeddings.weight.zero_()
        pairs = [(embeddings.LayerNorm, "emb_layer_norm")]
        for number, layer in enumerate(network.encoder.layer):
            at = f"layers.{number}."
            attention = layer.attention
            pairs += [
                (attention.self.query, f"{at}self_attn.q_proj"),
                (attention.self.key, f"{at}self_attn.k_proj"),
                (attention.self.value, f"{at}self_attn.v_proj"),
                (attention.output.dense, f"{at}self_attn.out_proj"),
                (attention.output.LayerNorm, f"{at}self_attn_layer_norm"),
                (layer.intermediate.dense, f"{at}fc1"),
                (layer.output.dense, f"{at}fc2"),
                (layer.output.LayerNorm, f"{at}final_layer_norm"),
            ]
        for module, name in pairs:
            module.weight.copy_(source[f"{start}{name}.weight"])
            module.bias.copy_(source[f"{start}{name}.bias"])
    return network


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_attention_is_that_of_an_independent_eager_pass(name: str, load: object) -> None:
    model, sequence, weights = load(name), NAMES[name], weights_of(name)
    network = antiberty_eager(weights) if name == "antiberty" else sapiens_eager(weights)
    network.set_attn_implementation("eager")
    # Ids from the vocabularies as their authors give them.
    first, last, letters = (2, 3, 5) if name == "antiberty" else (0, 2, 4)
    ids = [first, *(letters + AMINO_ACIDS.index(letter) for letter in sequence), last]
    with torch.no_grad():
        output = network(torch.tensor([ids]), output_attentions=True)
    expected = torch.stack(output.attentions)[:, 0, :, 1:-1, 1:-1].numpy()
    maps = protvis.compute_attention(model, sequence)
    assert maps.values.shape == expected.shape
    assert expected.std() > 0.01
    np.testing.assert_allclose(maps.values, expected, atol=1e-5)


def recovered(model: ProteinModel, sequences: list[str], every: int = 1) -> float:
    """Return the share of residues that a model predicts, each hidden in turn.

    Of each sequence every n-th is asked, from another one on.
    """
    right = n = 0
    for start, sequence in enumerate(sequences):
        known = [i for i, letter in enumerate(sequence) if letter in AMINO_ACIDS]
        places = known[7 * start % every :: every]
        variants = [(place, HIDDEN) for place in places]
        logits = np.concatenate(list(model.predict_residues(sequence, variants)))
        found = logits[np.arange(len(places)), places].argmax(-1)
        right += sum(
            AMINO_ACIDS[best] == sequence[i] for best, i in zip(found, places, strict=True)
        )
        n += len(places)
    return right / n


@pytest.mark.slow
@pytest.mark.parametrize(("name", "kind"), [("sapiens-vh", "H"), ("antiberty", "L")])
def test_hidden_residues_are_recovered(
    name: str, kind: str, load: object, shared_data: Path
) -> None:
    domains = json.loads((shared_data / "antibodies" / "domains.json").read_text())
    sequences = [
        domain["sequence"]
        for domain in domains
        if domain["kind"] == kind and domain["paratope"] is not None
    ]
    # Of all domains some 300 residues, spread over all places: neighbours in one domain say less.
    share = recovered(load(name), sequences, every=23)
    if name == "sapiens-vh":
        assert share >= 0.70
    else:
        assert share == pytest.approx(0.9, abs=0.03)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_known_domain_is_recovered(name: str, load: object) -> None:
    """Runs without the folder of shared data: the bound is that of a single domain."""
    assert recovered(load(name), [NAMES[name]], every=3) >= 0.70


@pytest.mark.parametrize("name", NAMES)
def test_an_unknown_residue_is_the_mask(name: str, load: object) -> None:
    model = load(name)
    mask = model.tokenizer.get_vocab()[model.family.mask]
    tokens = model.tokenize("EVQXVE")
    assert tokens.ids[tokens.residues].tolist().index(mask) == 3
    (hidden,) = model.predict_residues("EVQLVE", [(3, HIDDEN)])
    (unknown,) = model.predict_residues("EVQXVE")
    np.testing.assert_allclose(unknown, hidden, atol=1e-5)
    assert model.tokenize("EVQBVE").ids.tolist() == tokens.ids.tolist()


def test_what_they_are_is_said(load: object) -> None:
    for name, entry in ((one.name, one) for one in list_models() if one.name in NAMES):
        model = load(name)
        assert "antibodies" in model.notice
        assert "says nothing about other proteins" in model.notice
        assert entry.place == "installed"
        assert entry.licence == "MIT"
        assert (entry.n_layers, entry.n_heads) == (model.n_layers, model.n_heads)
        reads = {"antiberty": 510, "sapiens-vh": 142, "sapiens-vl": 126}[name]
        assert model.max_residues == reads
        assert entry.max_residues in (None, reads)
        about = model.provenance
        assert re.fullmatch(r"(antiberty 0\.1\.3|sapiens 1\.0\.5) \(Python package\)", about["id"])
        assert len(about["weights_sha256"]) == 64
    assert not {"antiberty", "sapiens"} & set(sys.modules)


def test_longer_input_and_joined_chains_are_warned_of(load: object) -> None:
    model = load("antiberty")
    assert (model.max_residues, model.trained_residues) == (510, 150)
    with pytest.warns(ModelWarning, match="151 positions are more than the 150 or so"):
        maps = protvis.compute_attention(model, (VH + VH)[:151], layers=[1])
    assert "never learned" in maps.notice
    with pytest.warns(ModelWarning, match=f"{len(VH) + len(VL) + 25} positions"):
        protvis.compute_complex_attention(model, [VH, VL], layers=[1])
    with pytest.warns(ModelWarning, match="behind another chain"):
        protvis.compute_complex_attention(model, [VH[:50], VL[:50]], layers=[1])
    with pytest.warns(ModelWarning, match="200 positions"):
        protvis.compute_complex_attention(
            model, [VH[:50], VL[:50]], linker="", position_gap=100, layers=[1]
        )
    # Windows are no longer than what it was trained on.
    assert protvis.compute_attention(model, VH + VH, layers=[1], long="window").notice == (
        model.notice
    )


def test_the_trained_length_is_recognised_by_the_positions(tmp_path: Path) -> None:
    """The same weights in a folder of which nothing else is known."""
    weights = weights_of("antiberty")
    shutil.copytree(weights.parent, tmp_path / "folder")
    with pytest.raises(ModelError, match="holds no vocabulary"):
        protvis.load_model(tmp_path / "folder")
    (tmp_path / "folder" / "vocab.txt").write_text(
        "\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *AMINO_ACIDS])
    )
    model = protvis.load_model(tmp_path / "folder", name="mine")
    assert (model.name, model.family.name) == ("mine", "BERT form")
    assert model.trained_residues == pytest.approx(210, abs=10)
    named = protvis.load_model(tmp_path / "folder", family="antiberty")
    assert (named.family.name, named.trained_residues) == ("AntiBERTy", 150)
    assert named.provenance["weights_sha256"] == model.provenance["weights_sha256"]


def test_without_package_and_network_both_ways_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("protvis.models.model_sources.find_wheel", lambda _: None)
    with pytest.raises(ModelUnavailableError, match=r'pip install "protvis\[antiberty\]"'):
        protvis.load_model("antiberty")
    with pytest.raises(ModelUnavailableError, match=r"pip install --no-deps sapiens==1\.0\.5"):
        protvis.load_model("sapiens-vl")


def test_a_hostile_fairseq_file_runs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Evil:
        def __reduce__(self) -> tuple:
            return Path.touch, (tmp_path / "ran",)

    path = tmp_path / "checkpoint_vh.pt"
    monkeypatch.setattr("protvis.models.model_sources.find_wheel", lambda _: path)
    for content in ({"args": Evil(), "model": {}}, {"args": Namespace(evil=Evil()), "model": {}}):
        torch.save(content, path)
        with pytest.raises(ModelError, match="hold more than numbers"):
            protvis.load_model("sapiens-vh")
    for content in ({"args": Namespace(), "model": {}}, [1, 2], {"model": {"a": torch.ones(2)}}):
        torch.save(content, path)
        with pytest.raises(ModelError, match="holds no RoBERTa checkpoint of fairseq"):
            protvis.load_model("sapiens-vh")
    assert not (tmp_path / "ran").exists()
