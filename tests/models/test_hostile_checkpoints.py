"""Checkpoints that ask for other weights, for code from elsewhere, or for more than fits."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

import protvis
from protvis.errors import ModelError, ModelUnavailableError, OptionError
from protvis.models import hub, load_model, wrap_model
from protvis.models.masked_prediction import Predictor
from tests.models.checkpoints import BUILDERS

SEQUENCE = "MKTAYIAKQR"


@pytest.fixture
def copy(checkpoint: Callable[[str], Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(checkpoint("ESM-2"), tmp_path / "copy"))


def change(directory: Path, **settings: Any) -> None:
    path = directory / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **settings}))


def rewrite(directory: Path, function: Callable[[torch.Tensor], torch.Tensor], name: str) -> None:
    weights = load_file(directory / "model.safetensors")
    changed = {key: function(value) for key, value in weights.items()}
    save_file(changed, directory / name, metadata={"format": "pt"})


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def attention(model: Any) -> np.ndarray:
    return protvis.compute_attention(model, SEQUENCE).values


@pytest.fixture
def outside(copy: Path, tmp_path: Path) -> Path:
    """Other weights, in a folder beside the checkpoint."""
    (tmp_path / "elsewhere").mkdir()
    rewrite(copy, lambda values: values * 0, "other.safetensors")
    return Path(shutil.move(copy / "other.safetensors", tmp_path / "elsewhere"))


def test_weights_that_the_configuration_names_are_the_ones_hashed(copy: Path) -> None:
    before = attention(load_model(copy))
    rewrite(copy, lambda values: values * 1.5, "other.safetensors")
    change(copy, transformers_weights="other.safetensors")
    model = load_model(copy)
    assert model.provenance["weights_sha256"] == sha256(copy / "other.safetensors")
    assert np.abs(attention(model) - before).max() > 0.01
    shutil.copy(copy / "other.safetensors", copy / "model.safetensors")
    change(copy, transformers_weights=None)
    np.testing.assert_array_equal(attention(load_model(copy)), attention(model))


def change_vocabulary(directory: Path) -> None:
    path = directory / "vocab.txt"
    words = path.read_text().split("\n")
    first, second = words.index("A"), words.index("W")
    words[first], words[second] = "W", "A"
    path.write_text("\n".join(words))


@pytest.mark.parametrize(
    "edit",
    [
        change_vocabulary,
        lambda directory: change(directory, layer_norm_eps=0.5),
        lambda directory: change(directory, token_dropout=False),
    ],
)
def test_what_decides_beside_the_weights_is_hashed(
    copy: Path, edit: Callable[[Path], None]
) -> None:
    before = load_model(copy)
    change(copy, architectures=["Another"], transformers_version="9.9.9")
    assert load_model(copy).provenance == before.provenance
    edit(copy)
    after = load_model(copy)
    assert np.abs(attention(after) - attention(before)).max() > 1e-4
    changed = {name for name, one in after.provenance.items() if one != before.provenance[name]}
    assert changed == {"settings_sha256"}


@pytest.mark.parametrize("how", ["written anew", "replaced", "removed"])
def test_weights_that_changed_after_they_were_loaded(copy: Path, how: str) -> None:
    model = load_model(copy)
    rewrite(copy, lambda values: values * 2, "other.safetensors")
    path, other = copy / "model.safetensors", copy / "other.safetensors"
    if how == "written anew":
        path.write_bytes(other.read_bytes())
    elif how == "replaced":
        other.replace(path)
    else:
        path.unlink()
    with pytest.raises(ModelError, match="changed since they were loaded"):
        model.provenance  # noqa: B018 - a property
    with pytest.raises(ModelError, match="changed since they were loaded"):
        protvis.masked_marginals(model, SEQUENCE)


@pytest.mark.parametrize(
    "named", ["../elsewhere/other.safetensors", "missing.safetensors", ["model.safetensors"], 7, ""]
)
def test_weights_named_elsewhere_are_refused(copy: Path, outside: Path, named: object) -> None:
    change(copy, transformers_weights=named)
    with pytest.raises(ModelError, match=r"outside the checkpoint|not in|no weights"):
        load_model(copy)
    change(copy, transformers_weights=str(outside))
    with pytest.raises(ModelError, match="outside the checkpoint"):
        load_model(copy)


@pytest.mark.parametrize("where", ["../elsewhere/other.safetensors", "absolute", "linked"])
def test_shards_elsewhere_are_refused(copy: Path, outside: Path, where: str) -> None:
    names = list(load_file(copy / "model.safetensors"))
    (copy / "model.safetensors").unlink()
    name = {"absolute": str(outside), "linked": "link.safetensors"}.get(where, where)
    if where == "linked":
        (copy / "link.safetensors").symlink_to(outside)
    index = {"weight_map": dict.fromkeys(names, name)}
    (copy / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(ModelError, match="outside the checkpoint"):
        load_model(copy)


def test_weights_linked_from_elsewhere_are_refused(copy: Path, outside: Path) -> None:
    (copy / "model.safetensors").unlink()
    (copy / "model.safetensors").symlink_to(outside)
    with pytest.raises(ModelError, match="outside the checkpoint"):
        load_model(copy)


def test_a_file_named_like_a_hash_is_still_hashed(copy: Path) -> None:
    """Only the hub's cache names files by their content."""
    shutil.move(copy / "model.safetensors", copy / ("0" * 64))
    (copy / "model.safetensors").symlink_to(copy / ("0" * 64))
    found = load_model(copy).provenance["weights_sha256"]
    assert found == sha256(copy / ("0" * 64))


@pytest.mark.parametrize(
    "index",
    ["[]", "7", "{}", '{"weight_map": []}', '{"weight_map": {}}', '{"weight_map": {"a": 3}}',
     '{"weight_map": {"a": ["model.safetensors"]}}', '{"weight_map": {"a": null}}',
     "[" * 100_000, '{"weight_map": {"a": ' + "9" * 5000 + "}}", "\xff\xfe"],
)  # fmt: skip
def test_indexes_of_other_types(copy: Path, index: str) -> None:
    (copy / "model.safetensors").unlink()
    (copy / "model.safetensors.index.json").write_text(index, encoding="latin-1")
    with pytest.raises(ModelError):
        load_model(copy)


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [
        {"attn_implementation": "somebody/kernel"},
        {"_attn_implementation": "somebody/kernel"},
        {"_attn_implementation_internal": "somebody/kernel:forward"},
        {"attn_implementation": {"": "somebody/kernel"}},
        {"kernel_config": {"EsmLayer": "somebody/kernel"}, "use_kernels": True},
        {"fusion_config": {"patch_embeddings": True}},
        {"sub_config": {"attn_implementation": "somebody/kernel"}},
    ],
)
def test_no_configuration_reaches_the_loader_of_kernels(
    copy: Path, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    from transformers.integrations import hub_kernels

    for name in ("load_and_register_attn_kernel", "get_kernel", "lazy_load_kernel"):
        if hasattr(hub_kernels, name):
            monkeypatch.setattr(hub_kernels, name, lambda *a, **_: asked.append(a))
    if hasattr(transformers.modeling_utils, "load_and_register_attn_kernel"):
        monkeypatch.setattr(
            transformers.modeling_utils,
            "load_and_register_attn_kernel",
            lambda *a, **_: asked.append(a),
        )
    expected = attention(load_model(copy))
    change(copy, **settings)
    model = load_model(copy)
    np.testing.assert_array_equal(attention(model), expected)
    next(model.predict_residues(SEQUENCE))
    assert asked == []


def test_an_adapter_beside_the_weights_changes_nothing(copy: Path) -> None:
    expected = attention(load_model(copy))
    adapter = {"base_model_name_or_path": "somebody/else", "peft_type": "LORA"}
    (copy / "adapter_config.json").write_text(json.dumps(adapter))
    np.testing.assert_array_equal(attention(load_model(copy)), expected)


@pytest.mark.parametrize(
    ("built", "settings"),
    [
        ("ESM-2", {"num_hidden_layers": 10**6}),
        ("ESM-2", {"max_position_embeddings": 10**12}),
        ("ESM-2", {"vocab_size": 10**11}),
        ("ESM-2", {"hidden_size": 10**300}),
        ("ESM-2", {"num_hidden_layers": -1}),
        ("ProtAlbert", {"num_hidden_layers": 10**6}),
        ("ProtT5", {"num_layers": 10**6}),
        ("GPT-2 form", {"n_layer": 10**6}),
        ("ProtXLNet", {"n_layer": 10**6}),
        ("TAPE BERT", {"num_hidden_layers": 10**6}),
        ("ProtBert", {"type_vocab_size": 10**18}),
    ],
)
def test_sizes_that_the_weights_cannot_fill(
    built: str, settings: dict[str, Any], checkpoint: Callable[[str], Path], tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(checkpoint(built), tmp_path / "copy"))
    change(copy, **settings)
    with pytest.raises(ModelError, match=r"config\.json .* cannot fill"):
        load_model(copy)


@pytest.mark.parametrize(
    "settings",
    [
        {"num_labels": 10**9},
        {"num_hidden_layers": 10**9},
        {"n_layer": 1e300},
        {"text_config": {"num_labels": 10**9}},
        {"text_config": {"vision_config": {"num_hidden_layers": 10**12}}},
    ],
)
def test_counts_of_which_transformers_makes_lists(copy: Path, settings: dict[str, Any]) -> None:
    change(copy, **settings)
    with pytest.raises(ModelError, match=r"config\.json says \w+ = \S+, more than any checkpoint"):
        load_model(copy)


@pytest.mark.parametrize("value", ["three", None, [3], {"a": 1}, True, 0.5])
def test_sizes_of_other_types(copy: Path, value: object) -> None:
    change(copy, num_hidden_layers=value)
    with pytest.raises(ModelError):
        load_model(copy)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("built", ["ESM-2", "ProtT5", "TAPE BERT"])
def test_weights_that_are_not_finite(
    built: str, value: float, checkpoint: Callable[[str], Path], tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(checkpoint(built), tmp_path / "copy"))
    name = "pytorch_model.bin" if built == "TAPE BERT" else "model.safetensors"
    weights = torch.load(copy / name) if built == "TAPE BERT" else load_file(copy / name)
    ends = ("query.weight", "q.weight")
    broken = next(key for key in sorted(weights, reverse=True) if key.endswith(ends))
    weights[broken].view(-1)[3] = value
    if built == "TAPE BERT":
        torch.save(weights, copy / name)
    else:
        save_file(weights, copy / name, metadata={"format": "pt"})
    with pytest.raises(ModelError, match=r"not finite: \S*q\w*\.weight holds NaN or infinity"):
        load_model(copy)


def test_what_is_made_of_weights_that_overflow_is_an_error() -> None:
    """As in half precision, which is seen only in what the model gives."""
    model = load_model("mini")
    with torch.no_grad():
        next(iter(model.module.parameters())).fill_(float("nan"))
    for call in (
        lambda: protvis.masked_marginals(model, SEQUENCE),
        lambda: protvis.categorical_jacobian(model, SEQUENCE, progress=False),
        lambda: protvis.ablate_heads(model, SEQUENCE, ["1-1"]),
        lambda: model.embed(SEQUENCE),
        lambda: protvis.compute_attention(model, SEQUENCE),
    ):
        with pytest.raises(ModelError, match="is not finite"):
            call()


def test_a_network_in_memory_that_is_not_finite(checkpoint: Callable[[str], Path]) -> None:
    directory = checkpoint("ESM-2")
    network = transformers.EsmModel.from_pretrained(directory, add_pooling_layer=False)
    tokenizer = transformers.AutoTokenizer.from_pretrained(directory)
    with torch.no_grad():
        network.encoder.layer[1].attention.self.key.bias[0] = float("nan")
    with pytest.raises(ModelError, match=r"layer\.1\.attention\.self\.key\.bias holds NaN"):
        wrap_model(network, tokenizer)


@pytest.mark.parametrize(
    ("file", "settings", "said"),
    [
        ("config.json", {"pad_token_id": None}, "the checkpoint in .* cannot be loaded: TypeError"),
        ("tokenizer_config.json", {"cls_token": None}, "the tokenizer in .* cannot be loaded"),
        ("tokenizer_config.json", {"model_max_length": "x"}, "the tokenizer in .* cannot be loade"),
    ],
)
def test_what_breaks_only_when_it_is_used_is_found_while_loading(
    file: str, settings: dict[str, Any], said: str, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(Path(protvis.__file__).parent / "data" / "mini", tmp_path / "m"))
    content = json.loads((folder / file).read_text())
    (folder / file).write_text(json.dumps({**content, **settings}))
    with pytest.raises(ModelError, match=said):
        load_model(folder)


@pytest.mark.parametrize("number", [-1, 10**4, 2**40, 10**30])
def test_numbers_of_tokens_that_the_network_does_not_know(number: int) -> None:
    """They ended in PyTorch's errors: of its table of tokens, or of integers."""
    mini = load_model("mini")

    def given(token: str) -> Any:
        known = mini.tokenizer.get_vocab()

        class Other:
            pad_token_id = number if token == "<pad>" else 1
            mask_token = "<mask>"

            def get_vocab(self) -> dict[str, int]:
                return {**known, token: number}

            def convert_ids_to_tokens(self, ids: list[int]) -> list[str]:
                names = {one: name for name, one in self.get_vocab().items()}
                return [names[one] for one in ids]

            def __call__(self, text: str, *, add_special_tokens: bool = True, **_: Any) -> Any:
                ids = [self.get_vocab()[letter] for letter in text.replace(" ", "")]
                ends = [self.get_vocab()[end] for end in ("<cls>", "<eos>")]
                return {"input_ids": [ends[0], *ids, ends[1]] if add_special_tokens else ids}

        return Other()

    def wrapped(token: str) -> Any:
        return wrap_model(mini.module, given(token), family="ESM form")

    for token in ("<cls>", "<eos>"):
        with pytest.raises(ModelError, match=r"the network knows 33 tokens|no vocabulary has"):
            wrapped(token)
    # Padding is masked, and a mask is missed only where it is asked for.
    attended = list(wrapped("<pad>").stream_attention(["ACDEFG", "ACD"]))
    assert attended
    with pytest.raises(ModelError, match="no token '<mask>'"):
        Predictor(mini.module, mini.family, given("<mask>"))


def test_quantised_weights_are_refused_by_name(copy: Path) -> None:
    change(copy, quantization_config={"quant_method": "somebody/kernel", "load_in_8bit": True})
    with pytest.raises(ModelError, match="quantised weights"):
        load_model(copy)


@pytest.mark.parametrize("name", ["config.json", "vocab.txt", "notes.txt"])
def test_pipes_are_refused_before_they_are_read(copy: Path, name: str) -> None:
    (copy / name).unlink(missing_ok=True)
    os.mkfifo(copy / name)
    with pytest.raises(ModelError, match="neither a file nor a folder"):
        load_model(copy)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"model_type": ' + "9" * 5000 + "}", '{"a": "b'])
def test_configurations_that_no_reader_ends_on(copy: Path, text: str) -> None:
    (copy / "config.json").write_text(text)
    with pytest.raises(ModelError, match="cannot be read as JSON"):
        load_model(copy)


def test_a_configuration_of_many_megabytes(copy: Path) -> None:
    with (copy / "config.json").open("wb") as stream:
        stream.truncate(65 * 2**20)
    with pytest.raises(ModelError, match="larger than 64 MiB"):
        load_model(copy)


def test_a_server_that_drips_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    stop, calls = threading.Event(), []

    def drip(hub_id: str, *, tqdm_class: Any = None, **how: Any) -> str:
        calls.append(how)
        if how.get("local_files_only"):
            raise FileNotFoundError
        with tqdm_class(unit="B", disable=True) as bar:
            while not stop.wait(0.01):
                bar.update(1)
        return "nowhere"

    monkeypatch.setattr(hub.huggingface_hub, "snapshot_download", drip)
    monkeypatch.setattr(hub, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(hub, "PATIENCE_SECONDS", 0.1)
    try:
        with pytest.raises(ModelUnavailableError, match=r"the hub sent \d+ bytes of facebook/esm2"):
            load_model("esm2-8m")
    finally:
        stop.set()
    assert len(calls) == 2


def test_a_server_that_sends_enough_is_waited_for(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def steady(hub_id: str, *, tqdm_class: Any = None, **how: Any) -> str:
        if how.get("local_files_only"):
            raise FileNotFoundError
        with tqdm_class(unit="B", disable=True) as bar:
            for _ in range(30):
                bar.update(1000)
                threading.Event().wait(0.01)
        return str(copy)

    monkeypatch.setattr(hub.huggingface_hub, "snapshot_download", steady)
    monkeypatch.setattr(hub, "LOOK_SECONDS", 0.001)
    monkeypatch.setattr(hub, "PATIENCE_SECONDS", 30.0)
    monkeypatch.setattr(hub, "LEAST_BYTES", 1000)
    assert load_model("somebody/esm").family.name == "ESM form"


def cached(directory: Path, cache: Path, revision: str, *, main: bool) -> None:
    """Put a checkpoint where the hub's cache keeps a commit of it."""
    repository = cache / "models--facebook--esm2_t6_8M_UR50D"
    shutil.copytree(directory, repository / "snapshots" / revision)
    (repository / "refs").mkdir(exist_ok=True)
    if main:
        (repository / "refs" / "main").write_text(revision)


def test_a_revision_pins_a_checkpoint_of_the_hub(
    checkpoint: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub._snapshot_download.constants.HF_HUB_CACHE", str(tmp_path))
    first, second = "1" * 40, "2" * 40
    cached(checkpoint("ESM-2"), tmp_path, first, main=False)
    other = BUILDERS["ESM-2"](tmp_path / "other")
    rewrite(other, lambda values: values * 1.5, "model.safetensors")
    cached(other, tmp_path, second, main=True)
    newest, pinned = load_model("esm2-8m"), load_model("esm2-8m", revision=first)
    assert newest.provenance["revision"] == second
    assert pinned.provenance["revision"] == first
    assert newest.provenance["weights_sha256"] != pinned.provenance["weights_sha256"]
    np.testing.assert_array_equal(attention(pinned), attention(load_model(checkpoint("ESM-2"))))
    # Another process gets the same commit, whatever the main branch is by then.
    assert newest.recipe["revision"] == second
    assert load_model(**pinned.recipe).provenance["revision"] == first
    with pytest.raises(ModelUnavailableError, match="'3333' and the hub cannot be reached"):
        load_model("esm2-8m", revision="3333")


def test_a_revision_is_refused_where_it_means_nothing(copy: Path) -> None:
    with pytest.raises(OptionError, match="'mini' ships with protvis"):
        load_model("mini", revision="main")
    with pytest.raises(OptionError, match="is a folder"):
        load_model(copy, revision="main")
    for wrong in ("", 7, " "):
        with pytest.raises(OptionError, match="branch, tag or commit"):
            load_model("esm2-8m", revision=wrong)
