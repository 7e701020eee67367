"""From a name to a model: bundled, in the hub's cache, on the hub, or in a directory."""

from __future__ import annotations

import json
import logging
import pickle
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import huggingface_hub
import torch
import transformers
from huggingface_hub.errors import (
    CachedRepoTreeNotFoundError,
    GatedRepoError,
    HFValidationError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from safetensors import SafetensorError
from transformers.utils import logging as transformers_logging

from protvis.errors import ModelError, ModelUnavailableError, near_names, unknown_name
from protvis.models.contact_head import ContactHead
from protvis.models.model import ProteinModel
from protvis.models.registry import (
    BUNDLED,
    FAMILIES,
    MINI_NOTICE,
    Family,
    find_checkpoint,
    known_names,
)
from protvis.models.tape import is_tape, read_tape
from protvis.models.tokens import encode
from protvis.models.vocabularies import load_tokenizer, tape_vocabulary
from protvis.models.weights import find_weights, is_pickled, read_card

__all__ = ["load_model"]

logger = logging.getLogger(__name__)

_DATA = Path(__file__).resolve().parent.parent / "data"
_SMALL_FILES = ["*.json", "*.txt", "*.model", "*.md"]
_SAFETENSORS = ["model*.safetensors", "model.safetensors.index.json"]
_PICKLED = ["pytorch_model*.bin", "pytorch_model.bin.index.json"]


def load_model(
    name_or_path: str | Path, *, device: str = "auto", dtype: Any = None
) -> ProteinModel:
    """Load a protein language model that can tell where it attends.

    Parameters
    ----------
    name_or_path : str or path
        ``"mini"`` (bundled), an alias such as ``"esm2-35m"``, a hub id such as
        ``"facebook/esm2_t12_35M_UR50D"`` (through the hub's cache; the network is used only for
        what is not cached), or a directory with a checkpoint.
    device : str, default "auto"
        A torch device; ``"auto"`` takes cuda, else mps, else cpu.
    dtype : torch.dtype or str, optional
        Number format of the weights; float32 unless said otherwise.

    Returns
    -------
    ProteinModel

    Raises
    ------
    ModelUnavailableError
        If the model is not cached and the hub cannot be reached or does not have it.
    ModelError
        If the name is unknown (the nearest are listed), or the checkpoint cannot be used: no
        attention, no weights, weights that do not belong to its configuration.
    """
    name = str(name_or_path)
    where, number_format = _device(device), _dtype(dtype)
    notice, revision = None, None
    if isinstance(name_or_path, str) and name == BUNDLED:
        directory, notice = _DATA / BUNDLED, MINI_NOTICE
        identity, family_name = f"protvis/{BUNDLED}", "ESM form"
    elif (checkpoint := find_checkpoint(name)) is not None:
        identity, family_name = checkpoint.hub_id, checkpoint.family
        directory = _hub_directory(identity, asked=name)
        revision = directory.name
    elif Path(name).expanduser().is_dir():
        directory = Path(name).expanduser()
        identity, family_name = directory.resolve().name, None
    elif Path(name).expanduser().exists():
        raise ModelError(
            f"{name} is a file: expected the directory that holds config.json and model.safetensors"
        )
    elif _looks_like_hub_id(name):
        identity, family_name = name, None
        directory = _hub_directory(identity, asked=name)
        revision = directory.name
    elif isinstance(name_or_path, Path) or "/" in name or name.startswith((".", "~")):
        raise ModelError(f"there is no directory {name}")
    else:
        raise ModelError(f"{unknown_name('model', name, known_names())} {_OTHER_WAYS}")

    config = _read_config(directory)
    files = find_weights(directory)
    tokenizer = _read_tokenizer(directory, config)
    family = FAMILIES[family_name] if family_name else _family_of(config, directory, tokenizer)
    if family.eager_only and number_format != torch.float32:
        raise ModelError(f"{family.name} runs in float32 only: leave dtype out")
    network, missing = _read_network(directory, config, family, files, number_format)
    network = network.to(where)
    # A tokenizer that does not fit is found here, not after the first long protein.
    encode("ACDEFGHIKLMNPQRSTVWYX", family, tokenizer)
    return ProteinModel(
        name=name,
        family=family,
        network=network,
        tokenizer=tokenizer,
        notice=notice,
        card=read_card(directory),
        identity=identity,
        revision=revision,
        weight_files=files,
        # The bundled model was saved with a contact head that nobody trained.
        contact_head=None if notice else _contact_head(network, missing),
    )


_OTHER_WAYS = "(a hub id, owner/name, or a directory with config.json and weights works too)"


def _meant(asked: str) -> str:
    """Return a hint at a known name where `asked` is none but resembles one."""
    near = [] if find_checkpoint(asked) else near_names(asked, known_names(), n=1)
    return f". Did you mean {near[0]!r}?" if near else ""


def _looks_like_hub_id(name: str) -> bool:
    parts = name.split("/")
    return len(parts) == 2 and all(parts) and not name.startswith((".", "~"))


def _device(device: str) -> torch.device:
    if device == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        return torch.empty(0, device=device).device
    except (RuntimeError, AssertionError, TypeError) as error:
        raise ModelError(
            f"device {device!r} cannot be used here ({str(error).splitlines()[0]}); expected "
            "'auto', 'cpu', 'cuda', 'cuda:1' or 'mps'"
        ) from error


def _dtype(dtype: Any) -> torch.dtype:
    if dtype is None:
        return torch.float32
    found = getattr(torch, dtype, None) if isinstance(dtype, str) else dtype
    if not isinstance(found, torch.dtype) or not found.is_floating_point:
        raise ModelError(
            f"dtype must be 'float32', 'bfloat16', 'float16' or such a torch.dtype, got {dtype!r}"
        )
    return found


def _hub_directory(hub_id: str, *, asked: str) -> Path:
    """Return the snapshot directory of a hub id: the cached one, else a download."""
    patterns = [*_SMALL_FILES, *_SAFETENSORS, *_PICKLED]
    try:
        cached = Path(
            huggingface_hub.snapshot_download(
                hub_id, local_files_only=True, allow_patterns=patterns
            )
        )
        find_weights(cached)
    except HFValidationError as error:
        raise ModelError(f"{hub_id!r} is not a hub id: {error}") from error
    except (OSError, CachedRepoTreeNotFoundError, ModelError):
        logger.debug("%s is not (wholly) in the cache", hub_id)
    else:
        return cached
    try:
        patterns = [*_SMALL_FILES, *_SAFETENSORS]
        directory = Path(huggingface_hub.snapshot_download(hub_id, allow_patterns=patterns))
        try:
            find_weights(directory)
        except ModelError:
            huggingface_hub.snapshot_download(hub_id, allow_patterns=_PICKLED)
    except GatedRepoError as error:
        raise ModelUnavailableError(
            f"{hub_id} is open only to those its owners let in: accept its terms on the hub and "
            "log in with `hf auth login`"
        ) from error
    except (RepositoryNotFoundError, RevisionNotFoundError) as error:
        message = unknown_name("model", asked, known_names())
        raise ModelError(f"the hub has no {hub_id}: {message}") from error
    except OSError as error:
        raise ModelUnavailableError(
            f"{asked!r} ({hub_id}) is not cached on this machine and the hub cannot be reached "
            f"({str(error).splitlines()[0]}). Connect once to download it, name a directory that "
            f"holds it, or use model={BUNDLED!r}, which ships with protvis and needs no network: a "
            "tiny model of one protein family (S1A serine proteases, trypsin), good for trying out "
            f"the tool on such a protein, not for conclusions about others{_meant(asked)}"
        ) from error
    return directory


def _read_config(directory: Path) -> dict[str, Any]:
    path = directory / "config.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelError(
            f"{directory} holds no config.json: expected a checkpoint as save_pretrained writes it"
        ) from error
    except (ValueError, OSError) as error:
        raise ModelError(f"{path} cannot be read as a configuration: {error}") from error
    if isinstance(config, dict) and "model_type" not in config and is_tape(config):
        config = {**config, "model_type": "tape"}
    if not isinstance(config, dict) or not config.get("model_type"):
        raise ModelError(f"{path} names no model_type: it is not a transformers configuration")
    return config


def _family_of(config: dict[str, Any], directory: Path, tokenizer: Any) -> Family:
    vocabulary = tokenizer.get_vocab()
    for family in FAMILIES.values():
        if family.model_type == config["model_type"] and (
            not family.marker or family.marker in vocabulary
        ):
            return family
    raise _unknown_form(config, directory)


def _unknown_form(config: dict[str, Any], directory: Path) -> ModelError:
    known = sorted({family.model_type for family in FAMILIES.values()})
    attention = (
        "" if _names_heads(config) else ", and its configuration names no attention heads at all"
    )
    return ModelError(
        f"{directory} is a {config['model_type']!r} checkpoint: protvis does not know how its "
        f"tokens stand for residues{attention}. It reads {', '.join(known)}"
    )


def _names_heads(config: dict[str, Any]) -> bool:
    return any("heads" in key or key == "n_head" for key in config)


def _read_tokenizer(directory: Path, config: dict[str, Any]) -> Any:
    if config["model_type"] == "tape":
        return tape_vocabulary()
    if config["model_type"] not in {family.model_type for family in FAMILIES.values()}:
        raise _unknown_form(config, directory)
    with _explained(directory, "tokenizer"), _quiet():
        return load_tokenizer(directory, config["model_type"])


def _read_network(
    directory: Path,
    config: dict[str, Any],
    family: Family,
    files: list[Path],
    dtype: torch.dtype,
) -> tuple[Any, set[str]]:
    """Return the network in evaluation mode and which parameters the checkpoint lacks.

    Those are random then; `_check_weights` refuses the ones that matter to attention.
    """
    with _explained(directory, "checkpoint"), _quiet():
        if config["model_type"] == "tape":
            network, report = read_tape(config, files, dtype)
        else:
            network, report = getattr(transformers, family.model_class).from_pretrained(
                directory,
                attn_implementation="eager" if family.eager_only else "sdpa",
                dtype=dtype,
                local_files_only=True,
                output_loading_info=True,
                trust_remote_code=False,
                use_safetensors=not is_pickled(files),
                weights_only=True,
                **family.class_options,
            )
    _check_weights(report, family, directory)
    return network.eval(), set(report.get("missing_keys", ()))


def _contact_head(network: Any, missing: set[str]) -> ContactHead | None:
    """Return the contact head whose weights were in the checkpoint, or None."""
    head = getattr(network, "contact_head", None)
    if head is None or any(name.startswith("contact_head.") for name in missing):
        return None
    config = network.config
    return ContactHead(head.regression, config.num_hidden_layers, config.num_attention_heads)


@contextmanager
def _explained(directory: Path, what: str) -> Iterator[None]:
    """Turn what goes wrong while reading files into one error that names them."""
    try:
        yield
    except pickle.UnpicklingError as error:
        raise ModelError(
            f"the weights in {directory} are pickled and hold more than numbers; they are refused, "
            "since unpickling runs code. Convert them to safetensors where they come from"
        ) from error
    except ModelError:
        raise
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        RuntimeError,
        ImportError,
        SafetensorError,
    ) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else repr(error)
        raise ModelError(f"the {what} in {directory} cannot be loaded: {reason}") from error


def _check_weights(report: dict[str, Any], family: Family, directory: Path) -> None:
    """Refuse what transformers fills with random numbers and a warning."""
    missing = [
        name
        for name in sorted(report.get("missing_keys", ()))
        if not name.startswith(family.optional_weights)
    ]
    mismatched = sorted(str(item[0]) for item in report.get("mismatched_keys", ()))
    if missing or mismatched:
        wrong = missing or mismatched
        what = "lacks" if missing else "has other shapes for"
        raise ModelError(
            f"the checkpoint in {directory} {what} {len(wrong)} of the parameters its "
            f"configuration needs ({', '.join(wrong[:3])}{', …' if len(wrong) > 3 else ''}): "
            "attention from it would be random"
        )


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep transformers from drawing bars and warning about what we check ourselves."""
    level = transformers_logging.get_verbosity()
    bars = transformers_logging.is_progress_bar_enabled()
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        transformers_logging.set_verbosity(level)
        if bars:
            transformers_logging.enable_progress_bar()
