"""A checkpoint directory, file by file: configuration, tokenizer, weights; checked, not assumed."""

from __future__ import annotations

import json
import pickle
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors import SafetensorError
from transformers.utils import logging as transformers_logging

from protvis.errors import ModelError
from protvis.models.contact_head import ContactHead
from protvis.models.registry import Family
from protvis.models.tape import is_tape, read_tape
from protvis.models.vocabularies import load_tokenizer, tape_vocabulary
from protvis.models.weights import is_pickled

__all__ = ["find_contact_head", "read_config", "read_network", "read_tokenizer"]


def read_config(directory: Path) -> dict[str, Any]:
    """Return the configuration; that of a TAPE checkpoint gets the model_type it lacks.

    Raises
    ------
    ModelError
        If there is none, or it is not one of transformers'.
    """
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


def read_tokenizer(directory: Path, config: dict[str, Any]) -> Any:
    """Return the tokenizer of a checkpoint whose configuration names attention heads.

    Raises
    ------
    ModelError
        If it names none, or the tokenizer's files cannot be read.
    """
    if not any("heads" in key or key == "n_head" for key in config):
        raise ModelError(
            f"{directory} is a {config['model_type']!r} checkpoint whose configuration names no "
            "attention heads: there is no attention to show"
        )
    if config["model_type"] == "tape":
        return tape_vocabulary()
    with _explained(directory, "tokenizer"), _quiet():
        return load_tokenizer(directory, config["model_type"])


def read_network(
    directory: Path,
    config: dict[str, Any],
    family: Family,
    files: list[Path],
    dtype: torch.dtype,
) -> tuple[Any, set[str]]:
    """Return the network in evaluation mode and which parameters the checkpoint lacks.

    Raises
    ------
    ModelError
        If files are broken, run code, or lack parameters that attention needs.
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


def find_contact_head(network: Any, missing: set[str]) -> ContactHead | None:
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
