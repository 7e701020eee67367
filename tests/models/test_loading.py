"""Every way to name a model, and every way that fails: one clear error each."""

from __future__ import annotations

import hashlib
import io
import json
import os
import pickle
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from protvis.errors import ModelError, ModelUnavailableError, ProtvisError
from protvis.inference import compute_attention
from protvis.models import load_model, wrap_model
from protvis.models import model_loader as loading
from protvis.models.family_table import FAMILIES
from protvis.models.registry import CHECKPOINTS, known_names
from tests.models.checkpoints import (
    BUILDERS,
    N_HEADS,
    N_LAYERS,
    REMOTE_CODE,
    TAKEN_FOR,
    camembert,
    gpt2,
    remote,
)


@pytest.fixture
def copy(checkpoint: Callable[[str], Path], tmp_path: Path) -> Path:
    """Return a writable copy of the tiny ESM-2 checkpoint."""
    return Path(shutil.copytree(checkpoint("ESM-2"), tmp_path / "copy"))


def test_the_bundled_model_says_what_it_is() -> None:
    model = load_model("mini-positions")
    assert (model.name, model.n_layers, model.n_heads) == ("mini-positions", 2, 8)
    assert model.max_residues == 296
    assert "one protein family" in model.notice
    assert "trypsin" in model.notice
    assert "What it is not" in model.card
    assert "../" not in model.card
    provenance = json.loads(json.dumps(model.provenance))
    weights = Path(sys.modules["protvis"].__file__).parent / "data/mini-positions/model.safetensors"
    assert provenance["weights_sha256"] == hashlib.sha256(weights.read_bytes()).hexdigest()
    assert provenance["versions"]["transformers"] == transformers.__version__


def test_weights_are_hashed_once_and_anew_when_they_change(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, read = hashlib.file_digest, []

    def digest(stream: object, name: str) -> object:
        read.append(name)
        return real(stream, name)

    monkeypatch.setattr(hashlib, "file_digest", digest)
    first, second = (load_model(copy).provenance["weights_sha256"] for _ in range(2))
    assert first == second
    assert len(read) == 1
    weights = load_file(copy / "model.safetensors")
    name = "esm.embeddings.word_embeddings.weight"
    save_file({**weights, name: weights[name] + 1}, copy / "model.safetensors", {"format": "pt"})
    os.utime(copy / "model.safetensors", ns=(1, 1))
    assert load_model(copy).provenance["weights_sha256"] != first
    assert len(read) == 2


def test_loading_twice_gives_equal_maps_and_quiet(capfd: pytest.CaptureFixture[str]) -> None:
    found: list[np.ndarray] = []
    for _ in range(2):
        load_model("mini-positions").capture("IVGGYTCGAN", lambda _, block, __: found.append(block))
    np.testing.assert_array_equal(found[0], found[2])
    captured = capfd.readouterr()
    assert captured.out == captured.err == ""


def test_importing_the_rooms_does_not_import_torch() -> None:
    code = (
        "import sys, protvis, protvis.models, protvis.models.registry, protvis.attention; "
        "from protvis.attention import AttentionMaps, score_head_block; "
        "from protvis.inference import compute_attention; "
        "assert not {'torch', 'transformers', 'nglview'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_names_in_the_table_are_unique_and_of_known_families() -> None:
    names = [name.casefold() for name in known_names()]
    assert len(set(names)) == len(names)
    assert {checkpoint.family for checkpoint in CHECKPOINTS} <= set(FAMILIES)


def test_an_unknown_name_lists_the_nearest() -> None:
    with pytest.raises(ModelError, match="did you mean 'esm2-35m'"):
        load_model("esm2-35")
    with pytest.raises(ModelError, match="there are mini"):
        load_model("zzzzz")


@pytest.mark.parametrize("name", ["esm2-35m", "ESM2-35M", "facebook/esm2_t12_35M_UR50D"])
def test_without_network_and_copy_the_bundled_model_is_named(name: str) -> None:
    with pytest.raises(ModelUnavailableError) as raised:
        load_model(name)
    message = str(raised.value)
    assert "facebook/esm2_t12_35M_UR50D" in message
    assert "not cached" in message
    assert "model='mini'" in message
    assert "seven protein families" in message
    assert isinstance(raised.value, OSError)
    assert isinstance(raised.value, ModelError)


def test_a_misspelt_hub_id_gets_a_hint() -> None:
    with pytest.raises(ModelUnavailableError) as raised:
        load_model("facebook/esm2_t12_35M_UR5OD")
    message = str(raised.value)
    assert message.startswith("did you mean 'facebook/esm2_t12_35M_UR50D'?")
    assert message.count("UR5OD") == 1
    with pytest.raises(ModelUnavailableError, match=r"^'models/mine' is not a folder here; as a"):
        load_model("models/mine")


@pytest.mark.parametrize("name", [None, 5, "", " ", ["mini"]])
def test_what_names_no_model(name: object) -> None:
    with pytest.raises(ModelError, match="expected the name of a model or a folder, got"):
        load_model(name)


def test_a_cached_hub_model_needs_no_network(
    checkpoint: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub.constants as constants

    revision = "0123456789abcdef0123456789abcdef01234567"
    repository = tmp_path / "models--facebook--esm2_t6_8M_UR50D"
    shutil.copytree(checkpoint("ESM-2"), repository / "snapshots" / revision)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(revision)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub._snapshot_download.constants.HF_HUB_CACHE", str(tmp_path))
    model = load_model("esm2-8m")
    assert model.family.name == "ESM-2"
    assert model.provenance["revision"] == revision
    assert model.provenance["id"] == "facebook/esm2_t6_8M_UR50D"


@pytest.mark.parametrize("name", ["./nowhere", "/nowhere/at/all", Path("nowhere"), "~/esm"])
def test_a_directory_that_is_not_there(name: object) -> None:
    with pytest.raises(ModelError, match="no directory"):
        load_model(name)


def test_a_file_is_not_a_directory(copy: Path) -> None:
    with pytest.raises(ModelError, match="is a file"):
        load_model(copy / "model.safetensors")


def test_a_directory_without_a_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no config\.json"):
        load_model(tmp_path)


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"model_type": null}'])
def test_a_broken_configuration(text: str, copy: Path) -> None:
    (copy / "config.json").write_text(text)
    with pytest.raises(ModelError, match=r"config\.json"):
        load_model(copy)


def test_a_checkpoint_without_attention(copy: Path) -> None:
    (copy / "config.json").write_text('{"model_type": "resnet"}')
    with pytest.raises(ModelError, match=r"'resnet' checkpoint .* no attention heads"):
        load_model(copy)


def test_a_checkpoint_without_weights(copy: Path) -> None:
    (copy / "model.safetensors").unlink()
    with pytest.raises(ModelError, match=r"no weights .* expected model\.safetensors"):
        load_model(copy)


def pickled(directory: Path, *, legacy: bool = False) -> bytes:
    """Return a checkpoint's weights as torch.save writes them, today or before 2020."""
    buffer = io.BytesIO()
    weights = load_file(directory / "model.safetensors")
    torch.save(weights, buffer, _use_new_zipfile_serialization=not legacy)
    return buffer.getvalue()


def only_weights(directory: Path, name: str, content: bytes) -> Path:
    """Put these bytes in the place of a checkpoint's weights."""
    (directory / "model.safetensors").unlink()
    (directory / name).write_bytes(content)
    return directory


@pytest.mark.parametrize("n_bytes", [1, 7, 100, -1])
def test_truncated_weights(copy: Path, n_bytes: int) -> None:
    weights = (copy / "model.safetensors").read_bytes()
    only_weights(copy, "model.safetensors", weights[:n_bytes])
    with pytest.raises(ModelError, match=r"cannot be loaded.*fetch or copy them again"):
        load_model(copy)


@pytest.mark.parametrize("legacy", [False, True])
def test_pickled_weights_cut_anywhere(copy: Path, legacy: bool) -> None:
    whole = pickled(copy, legacy=legacy)
    (copy / "model.safetensors").unlink()
    for n_bytes in (1, 2, 5, 20, 97, 150, 301, 480, len(whole) // 2, len(whole) - 1):
        (copy / "pytorch_model.bin").write_bytes(whole[:n_bytes])
        with pytest.raises(ModelError, match=r"cannot be loaded|hold more than numbers"):
            load_model(copy)


def test_pickled_weights_overwritten_anywhere(copy: Path) -> None:
    whole, rng = pickled(copy, legacy=True), random.Random(0)
    (copy / "model.safetensors").unlink()
    for _ in range(25):
        content = bytearray(whole)
        for place in rng.sample(range(1000), 5):
            content[place] ^= rng.randrange(1, 256)
        (copy / "pytorch_model.bin").write_bytes(content)
        with pytest.raises(ModelError, match=re.escape(str(copy))):
            load_model(copy)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\x8a\x01", "cannot be loaded"),
        (b"\xff" * 500, "damaged or were never weights"),
        (b"<!DOCTYPE html><title>404</title>", "damaged or were never weights"),
    ],
)
def test_what_was_never_weights(copy: Path, content: bytes, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        load_model(only_weights(copy, "pytorch_model.bin", content))


@pytest.mark.parametrize("kept", [[1, 2], torch.zeros(3), {1: torch.zeros(3)}])
def test_pickled_numbers_that_are_no_weights(copy: Path, kept: object) -> None:
    buffer = io.BytesIO()
    torch.save(kept, buffer)
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_model(only_weights(copy, "pytorch_model.bin", buffer.getvalue()))


@pytest.mark.parametrize("name", ["model.safetensors", "pytorch_model.bin"])
def test_empty_weights_and_pointers_to_weights(copy: Path, name: str) -> None:
    with pytest.raises(ModelError, match=rf"{re.escape(name)} is empty"):
        load_model(only_weights(copy, name, b""))
    (copy / name).write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n")
    with pytest.raises(ModelError, match="git lfs pull"):
        load_model(copy)


@pytest.mark.parametrize("built", ["ESM-2", "ProtBert", "ProtT5", "GPT-2 form"])
def test_a_checkpoint_without_a_vocabulary(
    built: str, checkpoint: Callable[[str], Path], tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(checkpoint(built), tmp_path / "copy"))
    for name in ("vocab.txt", "tokenizer.json", "spiece.model"):
        (copy / name).unlink(missing_ok=True)
    with pytest.raises(ModelError, match=r"copy holds no vocabulary: expected vocab\.txt"):
        load_model(copy)


def test_weights_that_lack_a_layer_are_not_filled_with_random_numbers(copy: Path) -> None:
    weights = load_file(copy / "model.safetensors")
    weights = {name: values for name, values in weights.items() if ".layer.2." not in name}
    save_file(weights, copy / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match=r"lacks .* would be random"):
        load_model(copy)


def test_weights_of_another_shape(copy: Path) -> None:
    config = json.loads((copy / "config.json").read_text())
    for name, value, message in (
        ("intermediate_size", 48, "other sizes or layer counts than its weights"),
        ("num_hidden_layers", 1, "other sizes or layer counts than its weights"),
        ("num_hidden_layers", "2", "the configuration .* 'num_hidden_layers' expected int"),
        ("num_attention_heads", 2.5, "the configuration .* 'num_attention_heads' expected int"),
    ):
        (copy / "config.json").write_text(json.dumps({**config, name: value}))
        with pytest.raises(ModelError, match=message):
            load_model(copy)


def test_pickled_weights_are_read_as_numbers_only(
    copy: Path, checkpoint: Callable[[str], Path]
) -> None:
    weights = load_file(copy / "model.safetensors")
    (copy / "model.safetensors").unlink()
    torch.save(weights, copy / "pytorch_model.bin")
    found: list[np.ndarray] = []
    for directory in (copy, checkpoint("ESM-2")):
        load_model(directory).capture("MKTAYIAKQR", lambda _, block, __: found.append(block))
    np.testing.assert_array_equal(found[0], found[3])


def test_a_pickle_that_runs_code_is_refused(copy: Path, tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple:
            return Path.touch, (tmp_path / "ran",)

    (copy / "model.safetensors").unlink()
    torch.save({"embeddings": Evil()}, copy / "pytorch_model.bin")
    with pytest.raises(ModelError, match="pickled and hold more than numbers"):
        load_model(copy)
    (copy / "pytorch_model.bin").write_bytes(pickle.dumps({"embeddings": Evil()}))
    with pytest.raises(ModelError):
        load_model(copy)
    assert not (tmp_path / "ran").exists()


def test_remote_code_is_never_run_unasked(tmp_path: Path) -> None:
    directory = remote(tmp_path / "remote")
    (directory / "strange.py").write_text("raise SystemExit('ran')")
    message = r"'strange' checkpoint .* \(strange\.py\).*trust_remote_code=True"
    with pytest.raises(ModelError, match=message):
        load_model(directory)
    with pytest.raises(SystemExit, match="ran"):
        load_model(directory, trust_remote_code=True)


def test_remote_code_runs_when_asked_by_name(
    tmp_path: Path, checkpoint: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    modules = str(tmp_path / "modules")
    monkeypatch.setattr("transformers.dynamic_module_utils.HF_MODULES_CACHE", modules)
    monkeypatch.setattr(sys, "path", [*sys.path])
    directory = remote(tmp_path / "remote")
    model = load_model(directory, trust_remote_code=True)
    assert type(model.module).__name__ == "StrangeModel"
    assert model.family.name == "strange (fitted)"
    maps, expected = (
        compute_attention(one, "MKTAYIAK") for one in (model, load_model(checkpoint("ESM-2")))
    )
    np.testing.assert_array_equal(maps.values, expected.values)
    # Code that computes attention its own way cannot be read, and is not guessed at.
    own = remote(tmp_path / "own")
    code = REMOTE_CODE + "    def set_attn_implementation(self, *_, **__): pass\n"
    (own / "strange.py").write_text(code)
    with pytest.raises(ModelError, match="attention interface"):
        load_model(own, trust_remote_code=True)


@pytest.mark.parametrize(
    "settings", [{"device": "abacus"}, {"dtype": "int8"}, {"dtype": "half-ish"}]
)
def test_devices_and_number_formats_that_do_not_exist(settings: dict) -> None:
    with pytest.raises(ProtvisError, match=r"expected|must be"):
        load_model("mini-positions", **settings)


@pytest.mark.parametrize(
    ("cuda", "mps", "taken"),
    [(True, True, "cuda"), (False, True, "mps"), (False, False, "cpu")],
)
def test_auto_takes_the_fastest_device(
    cuda: bool, mps: bool, taken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert loading._device("auto") == torch.device(taken)
    assert loading._device("cpu") == torch.device("cpu")


def test_a_device_that_is_not_here() -> None:
    if torch.cuda.is_available():
        pytest.skip("needs a machine without CUDA, and this one has it")
    with pytest.raises(ModelError, match="device 'cuda' cannot be used here"):
        load_model("mini-positions", device="cuda")


@pytest.mark.parametrize("built", BUILDERS)
def test_a_local_checkpoint_is_taken_for_its_family(
    built: str, checkpoint: Callable[[str], Path]
) -> None:
    model = load_model(checkpoint(built))
    assert model.family.name == TAKEN_FOR[built]
    assert (model.n_layers, model.n_heads) == (N_LAYERS, N_HEADS)
    relative = {"ESM-2", "ESM C", "SaProt", "ProtXLNet", "ProtT5", "ProstT5", "Ankh"}
    limit = None if built in relative else 99 if built == "ESM-1b" else 100
    assert model.max_residues == limit


def test_tokens_of_several_residues_are_refused(tmp_path: Path) -> None:
    merges = (("A", "C"), ("D", "E"))
    with pytest.raises(ModelError, match=r"tokens of several residues .*'AC'"):
        load_model(gpt2(tmp_path / "protgpt2", merges=merges))


def test_structure_letters_change_the_attention(checkpoint: Callable[[str], Path]) -> None:
    model = load_model(checkpoint("SaProt"))
    plain, unknown, folded = (
        compute_attention(model, sequence) for sequence in ("MKTAY", "M#K#T#A#Y#", "MdKvTaAdYp")
    )
    assert plain.sequence == unknown.sequence == folded.sequence == "MKTAY"
    np.testing.assert_array_equal(plain.values, unknown.values)
    assert np.abs(plain.values - folded.values).max() > 0.01


def test_a_broken_sentencepiece_model(checkpoint: Callable[[str], Path], tmp_path: Path) -> None:
    copy = Path(shutil.copytree(checkpoint("ProtT5"), tmp_path / "copy"))
    (copy / "spiece.model").write_bytes(b"version https://git-lfs.github.com/spec/v1")
    with pytest.raises(ModelError, match="not a sentencepiece model"):
        load_model(copy)


def test_sentencepieces_are_read_as_their_authors_tokenize(
    checkpoint: Callable[[str], Path],
) -> None:
    import sentencepiece

    path = checkpoint("ProtT5") / "spiece.model"
    processor = sentencepiece.SentencePieceProcessor(model_file=str(path))
    tokens = load_model(checkpoint("ProtT5")).tokenize("MKTUAYX")
    assert tokens.ids.tolist() == [*processor.encode("M K T X A Y X"), processor.eos_id()]


def test_an_architecture_not_in_the_table_is_fitted(tmp_path: Path) -> None:
    directory = camembert(tmp_path / "camembert")
    model = load_model(directory)
    assert model.family.name == "camembert (fitted)"
    assert (model.family.leading, model.family.trailing) == (("<s>",), ("</s>",))
    maps = compute_attention(model, "MKTAYIAKX")
    ids = torch.from_numpy(model.tokenize("MKTAYIAKX").ids)[None]
    eager = transformers.AutoModel.from_pretrained(directory, attn_implementation="eager")
    with torch.no_grad():
        expected = torch.stack(eager(ids, output_attentions=True).attentions)[:, 0]
    np.testing.assert_allclose(maps.values, expected[..., 1:-1, 1:-1].numpy(), atol=1e-6)
    model.capture("A" * model.max_residues, lambda *_: None)
    with pytest.raises(ModelError, match=r"tokens of several residues .*'AC'"):
        load_model(camembert(tmp_path / "merged", merges=(("A", "C"),)))


@pytest.mark.parametrize("built", ["ESM-2", "ProtBert", "ESM C", "GPT-2 form"])
def test_a_model_in_memory_gives_what_its_checkpoint_gives(
    built: str, checkpoint: Callable[[str], Path]
) -> None:
    directory = checkpoint(built)
    form = (
        transformers.AutoModelForCausalLM if "GPT" in built else transformers.AutoModelForMaskedLM
    )
    network = form.from_pretrained(directory)
    tokenizer = transformers.AutoTokenizer.from_pretrained(directory)
    ids = torch.tensor([[5, 6, 7, 8]])
    with torch.no_grad():
        before = network.eval()(ids).logits
    model = wrap_model(network, tokenizer)
    assert model.name == "in memory"
    found, expected = (compute_attention(one, "MKTAYIAK") for one in (model, load_model(directory)))
    np.testing.assert_allclose(found.values, expected.values, atol=1e-6)
    with torch.no_grad():
        np.testing.assert_allclose(network(ids).logits, before, atol=1e-5)
    assert found.provenance["weights_hashed"] == "parameters"
    assert len(found.provenance["weights_sha256"]) == 64
