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
from transformers.utils import logging as transformers_logging

from protvis.errors import ModelError
from protvis.models.contact_head import ContactHead
from protvis.models.registry import Family
from protvis.models.tape import is_tape, read_tape
from protvis.models.tokenizers import load_tokenizer, tape_vocabulary
from protvis.models.weights import check_files, is_pickled

__all__ = [
    "find_contact_head",
    "read_config",
    "read_network",
    "read_predictor",
    "read_tokenizer",
]


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


def read_tokenizer(
    directory: Path, config: dict[str, Any], *, trust_remote_code: bool = False
) -> Any:
    """Return the tokenizer of a checkpoint whose configuration names attention heads.

    Raises
    ------
    ModelError
        If it names none, the tokenizer's files cannot be read, or the checkpoint needs code of its
        own that is not trusted.
    """
    _check_code(directory, config, trust_remote_code)
    if not any("heads" in key or key == "n_head" for key in config):
        raise ModelError(
            f"{directory} is a {config['model_type']!r} checkpoint whose configuration names no "
            "attention heads: there is no attention to show"
        )
    if config["model_type"] == "tape":
        return tape_vocabulary()
    with _explained(directory, "tokenizer"), _quiet():
        return load_tokenizer(directory, config["model_type"], trust_remote_code=trust_remote_code)


def _check_code(directory: Path, config: dict[str, Any], trusted: bool) -> None:
    """Refuse a checkpoint that brings its own code, unless that was asked for by name."""
    known = config["model_type"] in transformers.CONFIG_MAPPING or config["model_type"] == "tape"
    if trusted or known or not config.get("auto_map"):
        return
    code = sorted(path.name for path in directory.glob("*.py")) or ["on the hub"]
    raise ModelError(
        f"{directory} is a {config['model_type']!r} checkpoint that transformers does not know and "
        f"that brings code of its own ({', '.join(code)}), which would run with your rights. Read "
        "it, and if you trust it say load_model(…, trust_remote_code=True)"
    )


def read_network(
    directory: Path,
    config: dict[str, Any],
    family: Family,
    files: list[Path],
    dtype: torch.dtype,
    *,
    trust_remote_code: bool = False,
) -> tuple[Any, set[str]]:
    """Return the network in evaluation mode and which parameters the checkpoint lacks.

    Raises
    ------
    ModelError
        If files are broken, run code, or lack parameters that attention needs.
    """
    check_files(files)
    with _explained(directory, "checkpoint"), _quiet():
        if config["model_type"] == "tape":
            network, report = read_tape(config, files, dtype)
        else:
            network, report = _from_pretrained(
                family.model_class,
                directory,
                family,
                files,
                dtype,
                trust_remote_code,
                **family.class_options,
            )
    _check_weights(report, network, family, directory)
    return network.eval(), set(report.get("missing_keys", ()))


def read_predictor(
    directory: Path,
    family: Family,
    files: list[Path],
    base: Any,
    *,
    trust_remote_code: bool = False,
) -> Any:
    """Return the network with its prediction head, around a base that is loaded already.

    Raises
    ------
    ModelError
        If the checkpoint has no such head.
    """
    with _explained(directory, "prediction head"), _quiet():
        network, report = _from_pretrained(
            family.head_class, directory, family, files, base.dtype, trust_remote_code
        )
    _check_weights(report, network, family, directory, base_prefix=f"{network.base_model_prefix}.")
    # One copy of the weights: what was loaded a second time is dropped.
    setattr(network, network.base_model_prefix, base)
    return network.to(base.device).eval()


def _from_pretrained(
    class_name: str,
    directory: Path,
    family: Family,
    files: list[Path],
    dtype: torch.dtype,
    trust_remote_code: bool,
    **options: Any,
) -> tuple[Any, dict[str, Any]]:
    return getattr(transformers, class_name).from_pretrained(
        directory,
        attn_implementation="eager" if family.eager_only else "sdpa",
        dtype=dtype,
        local_files_only=True,
        output_loading_info=True,
        trust_remote_code=trust_remote_code,
        use_safetensors=not is_pickled(files),
        weights_only=True,
        **options,
    )


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
    except ModelError:
        raise
    except pickle.UnpicklingError as error:
        if "Unsupported operand" in str(error):
            raise ModelError(
                f"the {what} in {directory} cannot be loaded: the pickled weights are damaged or "
                "were never weights. Fetch or copy them again"
            ) from error
        raise ModelError(
            f"the weights in {directory} are pickled and hold more than numbers; they are refused, "
            "since unpickling runs code. Convert them to safetensors where they come from"
        ) from error
    except Exception as error:
        # Bytes that were cut or overwritten end anywhere in the readers' code, in any error.
        lines = str(error).strip().splitlines()
        reason = lines[0].rstrip(".") if lines else "it ends too early"
        if not isinstance(error, OSError | ValueError | RuntimeError | ImportError):
            reason = f"{type(error).__name__}: {reason}"
        if not isinstance(error, ImportError):
            reason += ". If its files are damaged or incomplete, fetch or copy them again"
        raise ModelError(f"the {what} in {directory} cannot be loaded: {reason}") from error


def _check_weights(
    report: dict[str, Any],
    network: Any,
    family: Family,
    directory: Path,
    *,
    base_prefix: str = "",
) -> None:
    """Refuse what transformers fills with random numbers and a warning."""
    # Buffers (rotary frequencies) are computed from the configuration, not learned.
    learned = {name for name, _ in network.named_parameters()}
    missing = [
        name
        for name in sorted(learned.intersection(report.get("missing_keys", ())))
        if not name.removeprefix(base_prefix).startswith(family.optional_weights)
    ]
    mismatched = sorted(str(item[0]) for item in report.get("mismatched_keys", ()))
    if missing or mismatched:
        wrong = missing or mismatched
        what = "lacks" if missing else "has other shapes for"
        raise ModelError(
            f"the checkpoint in {directory} {what} {len(wrong)} of the parameters its "
            f"configuration needs ({', '.join(wrong[:3])}{', …' if len(wrong) > 3 else ''}): "
            "what comes from it would be random"
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
