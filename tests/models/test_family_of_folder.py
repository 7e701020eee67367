"""What is read off a folder or a network in memory of which nothing is known but its files."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

import protvis
from protvis.errors import ModelError, ModelWarning, OptionError, SequenceError
from protvis.labels import AMINO_ACIDS
from protvis.models import family_table, load_model, wrap_model
from protvis.models.family_table import FAMILIES, families_that, register_family
from protvis.models.limits import trained_positions
from tests.models.checkpoints import (
    BUILDERS,
    TAKEN_FOR,
    camembert,
    esm1b,
    gpt2,
    lines,
    protbert,
    roberta,
    save_network,
)

SEQUENCE = "MKTAYIAKQR"


@pytest.mark.parametrize(
    "built", [name for name in BUILDERS if name not in ("TAPE BERT", "ProtAlbert", "ProtXLNet")]
)
def test_a_network_in_memory_has_the_bounds_of_its_folder(
    built: str, checkpoint: Callable[[str], Path]
) -> None:
    directory = checkpoint(built)
    folder = load_model(directory)
    network = transformers.AutoModel.from_pretrained(directory)
    wrapped = wrap_model(network, folder.tokenizer)
    assert wrapped.family == folder.family
    for what in ("max_residues", "trained_residues", "reads_positions"):
        assert getattr(wrapped, what) == getattr(folder, what)
    assert wrapped.provenance["weights_sha256"] != folder.provenance["weights_sha256"]
    assert wrapped.provenance["weights_hashed"] == "parameters"
    assert folder.provenance["weights_hashed"] == "files"


def test_the_hash_of_a_wrapped_network_is_that_of_its_numbers(
    checkpoint: Callable[[str], Path],
) -> None:
    directory = checkpoint("ESM-2")
    tokenizer = load_model(directory).tokenizer
    first, same, other = (
        transformers.EsmModel.from_pretrained(directory, add_pooling_layer=False) for _ in range(3)
    )
    with torch.no_grad():
        other.encoder.layer[2].output.dense.bias[0] += 1
    hashes = [wrap_model(n, tokenizer).provenance["weights_sha256"] for n in (first, same, other)]
    assert hashes[0] == hashes[1] != hashes[2]


def bert(directory: Path, vocabulary: list[str]) -> Path:
    config = transformers.BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=40,
        max_position_embeddings=102,
        initializer_range=0.2,
    )
    torch.manual_seed(3)
    return save_network(directory, transformers.BertForMaskedLM(config), {
        "vocab.txt": lines(vocabulary),
        "tokenizer_config.json": json.dumps({"do_lower_case": False}),
    })  # fmt: skip


SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


@pytest.mark.parametrize(
    ("rare", "written"),
    [
        ("", {"X": "[MASK]", "U": "[MASK]", "J": "[MASK]"}),
        ("X", {"U": "X", "B": "X", "J": "X"}),
        ("UO", {"X": "[MASK]", "B": "[MASK]", "J": "[MASK]"}),
        ("XBUZO", {"J": "X"}),
        ("XJ", {"U": "X"}),
    ],
)
def test_letters_are_those_of_the_vocabulary(
    rare: str, written: dict[str, str], tmp_path: Path
) -> None:
    model = load_model(bert(tmp_path / "bert", [*SPECIAL, *AMINO_ACIDS, *rare]))
    assert model.family.name == "BERT form"
    assert "Elnaggar" not in model.family.source
    assert {letter: model.family.substitutes.get(letter) for letter in written} == written
    vocabulary = model.tokenizer.get_vocab()
    for letter in "XBUZOJ":
        tokens = model.tokenize(f"MK{letter}")
        expected = letter if letter in vocabulary and letter in model.family.letters else None
        expected = expected or ("X" if "X" in rare else "[MASK]")
        assert tokens.ids[tokens.residues[2]] == vocabulary[expected]


def test_a_vocabulary_without_x_and_mask_refuses_x(tmp_path: Path) -> None:
    """BERT's tokenizer makes up the tokens it lacks, of which the network knows nothing."""
    directory = bert(tmp_path / "bert", [*SPECIAL[:-1], *AMINO_ACIDS])
    with pytest.raises(SequenceError, match=r"'X' at position 3 .* It reads ACDEFGHIKLMNPQRSTVWY$"):
        load_model(directory).tokenize("MKX")


def test_a_vocabulary_without_an_amino_acid_is_refused(tmp_path: Path) -> None:
    directory = bert(tmp_path / "bert", [*SPECIAL, *AMINO_ACIDS.replace("W", ""), "X"])
    with pytest.raises(ModelError, match="do not stand for residues one to one"):
        load_model(directory)


def test_roberta_with_the_tokenizer_of_bert(tmp_path: Path) -> None:
    """VHHBERT's form: a RoBERTa network, trained with BERT's vocabulary and special tokens."""
    directory = roberta(tmp_path / "vhhbert")
    for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"):
        (directory / name).unlink(missing_ok=True)
    (directory / "vocab.txt").write_text(lines([*SPECIAL, *AMINO_ACIDS]))
    model = load_model(directory)
    assert (model.family.name, model.family.form) == ("RoBERTa form", "spaced")
    assert (model.family.leading, model.family.trailing) == (("[CLS]",), ("[SEP]",))
    assert model.family.mask == "[MASK]"
    assert model.reads_positions


def test_plain_letters_and_positions_of_roberta_form(tmp_path: Path) -> None:
    model = load_model(roberta(tmp_path / "roberta"))
    assert (model.family.name, model.family.form) == ("RoBERTa form", "plain")
    assert model.max_residues == 104 - 2 - 2
    assert model.reads_positions
    # Of an architecture that is not in the table, where positions start is not known.
    assert not load_model(camembert(tmp_path / "camembert")).reads_positions


def test_a_folder_is_called_what_you_call_it(tmp_path: Path) -> None:
    directory = protbert(tmp_path / "folder")
    model = load_model(directory, name="ours", family="protbert")
    assert (model.name, model.family.name) == ("ours", "ProtBert")
    assert protvis.load_model(**model.recipe).family.name == "ProtBert"
    with pytest.raises(ModelError, match="unknown family 'ProtBart'; did you mean 'ProtBert'"):
        load_model(directory, family="ProtBart")
    with pytest.raises(ModelError, match="is a 'bert' checkpoint, and ESM-2 models are 'esm'"):
        load_model(directory, family="ESM-2")
    with pytest.raises(ModelError, match="belongs to the family 'ESM form'"):
        load_model("mini", family="ESM-2")


def test_dplm_in_its_form_on_disk(checkpoint: Callable[[str], Path], tmp_path: Path) -> None:
    copy = Path(shutil.copytree(checkpoint("ESM-2"), tmp_path / "copy"))
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps({**config, "architectures": ["EsmForDPLM"]}))
    for name in ("vocab.txt", "tokenizer_config.json"):
        (copy / name).unlink()
    model, expected = load_model(copy, family="DPLM"), load_model(checkpoint("ESM-2"))
    assert model.trained_residues == 1022
    for sequence in (SEQUENCE, "MKXBZUOJ-."):
        assert model.tokenize(sequence).ids.tolist() == expected.tokenize(sequence).ids.tolist()
    np.testing.assert_array_equal(
        protvis.compute_attention(model, SEQUENCE).values,
        protvis.compute_attention(expected, SEQUENCE).values,
    )


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        (
            {"model_type": "progen", "n_head": 4, "auto_map": {"AutoConfig": "a.A"}},
            "code of its own",
        ),
        (
            {"model_type": "AMPLIFY", "num_heads": 4, "auto_map": {"AutoConfig": "a.A"}},
            "trust_remo",
        ),
        (
            {"model_type": "E1", "num_attention_heads": 4},
            "transformers does not know, and it brings",
        ),
        (None, "holds no config.json"),  # ESM3
    ],
)
def test_families_that_are_not_read_say_why(
    config: dict[str, object] | None, reason: str, tmp_path: Path
) -> None:
    """Those that docs/models.md lists as asked for, as they lie on disk."""
    torch.save({"weight": torch.zeros(2)}, tmp_path / "pytorch_model.bin")
    if config is not None:
        assert config["model_type"] not in transformers.CONFIG_MAPPING
        (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match=reason):
        load_model(tmp_path)


@pytest.mark.parametrize(("name", "first"), [("antiberty", 5), ("sapiens-vl", 4)])
def test_what_the_hub_has_without_a_vocabulary(
    name: str, first: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both lie there as configuration and weights; the letters are those of the family."""
    directory = tmp_path / "0123abcd"
    if name == "antiberty":
        bert(directory, [*SPECIAL, *AMINO_ACIDS])
    else:
        roberta(directory)
    for file in directory.iterdir():
        if file.name not in ("config.json", "model.safetensors"):
            file.unlink()
    sources = "protvis.models.model_sources"
    monkeypatch.setattr(f"{sources}.find_wheel", lambda _: None)
    monkeypatch.setattr(f"{sources}.hub_directory", lambda *_, **__: directory)
    model = load_model(name)
    assert model.provenance["revision"] == "0123abcd"
    tokens = model.tokenize("ACY")
    assert tokens.ids[tokens.residues].tolist() == [first, first + 1, first + 19]


@pytest.fixture
def own_families() -> object:
    """Forget the families that a test registers."""
    before = dict(FAMILIES)
    yield
    family_table._BY_NAME.clear()
    family_table._BY_NAME.update(before)


def test_a_registered_family_is_known(tmp_path: Path, own_families: object) -> None:
    ours = replace(FAMILIES["ProtBert"], name="Ours", source="us", trained_residues=30)
    register_family(ours)
    register_family(ours)
    directory = protbert(tmp_path / "folder")
    for model in (load_model(directory), load_model(directory, family="ours")):
        assert (model.family.name, model.trained_residues) == ("Ours", 30)
    assert "Ours" in families_that(lambda family: bool(family.mask))
    with pytest.raises(ModelError, match="another family named 'Ours'"):
        register_family(replace(ours, trained_residues=31))


def train(directory: Path, name: str, n_rows: int) -> Path:
    """Lengthen the first rows of a table of positions, as training does."""
    path = directory / "model.safetensors"
    weights = load_file(path)
    (key,) = [key for key in weights if key.endswith(name)]
    weights[key][:n_rows] *= 3
    save_file(weights, path, metadata={"format": "pt"})
    return directory


@pytest.mark.parametrize(
    ("build", "table", "unused", "specials"),
    [
        (protbert, "position_embeddings.weight", 0, 2),
        (esm1b, "position_embeddings.weight", 2, 2),
        (roberta, "position_embeddings.weight", 2, 2),
        (gpt2, "wpe.weight", 0, 0),
    ],
)
def test_the_trained_length_is_read_off_the_positions(
    build: Callable[[Path], Path], table: str, unused: int, specials: int, tmp_path: Path
) -> None:
    assert load_model(build(tmp_path / "new")).trained_residues is None
    model = load_model(train(build(tmp_path / "trained"), table, 60))
    # Rows that happen to be long by chance are taken for trained: of few channels, a few.
    assert 60 - unused - specials <= model.trained_residues <= 85
    long = "A" * (model.trained_residues + 1)
    with pytest.warns(ModelWarning, match="was trained on"):
        protvis.compute_attention(model, long)
    protvis.compute_attention(model, long[:-1])


def test_the_trained_length_of_tables() -> None:
    rng = np.random.default_rng(0)
    table = rng.normal(size=(512, 512)) * 0.02
    assert trained_positions(table, 0.02) is None
    table[:212] *= 3
    assert trained_positions(table, 0.02) == 212
    assert trained_positions(table, 0.05) is None
    table[:] *= 3
    assert trained_positions(table, 0.02) is None
    assert trained_positions(np.zeros((40, 8)), 0.0) is None


def test_forms_claim_no_origin() -> None:
    for name in set(TAKEN_FOR.values()):
        if name.endswith(" form"):
            assert FAMILIES[name].is_form
            assert "Elnaggar" not in FAMILIES[name].source
            assert FAMILIES[name].trained_residues is None


def test_options_of_other_types() -> None:
    with pytest.raises((ModelError, OptionError)):
        load_model("mini", family="nonsense")
