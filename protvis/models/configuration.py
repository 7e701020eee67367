"""The configuration of a checkpoint: read within bounds, and without what would load other things.

A configuration can name other weights, code or kernels to load, and sizes that no memory holds.
protvis decides what is loaded and how attention is computed, so such entries are dropped, and sizes
are compared with the weights before a network is built.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from protvis.errors import ModelError

__all__ = ["check_sizes", "read_config", "read_json"]

_MOST_BYTES = 64 * 2**20
# What would make transformers load something else than the weights protvis found.
_LOADS = {
    "_attn_implementation",
    "_attn_implementation_internal",
    "_experts_implementation",
    "adapter_config",
    "attn_implementation",
    "distributed_config",
    "experts_implementation",
    "fusion_config",
    "kernel_config",
    "use_kernels",
}
_LAYERS = ("num_hidden_layers", "n_layer", "num_layers", "num_decoder_layers")
_SIZES = (
    "d_ff", "d_inner", "d_kv", "d_model", "embedding_size", "hidden_size", "intermediate_size",
    "max_position_embeddings", "n_ctx", "n_embd", "n_head", "n_inner", "n_positions",
    "num_attention_heads", "num_heads", "num_hidden_groups", "inner_group_num",
    "relative_attention_max_distance", "relative_attention_num_buckets", "type_vocab_size",
    "vocab_size",
)  # fmt: skip
# A layer that shares its weights with others adds no tensors, so a few more are allowed.
_SHARED_LAYERS = 64
# transformers makes lists of this length while it reads a configuration.
_LISTED = (*_LAYERS, "num_labels")
_MOST_LISTED = 2**20
_TAPE_VOCABULARY = 30


def read_json(path: Path) -> Any:
    """Return what a JSON file of a checkpoint holds.

    Raises
    ------
    ModelError
        If it is not JSON, or larger or deeper than such a file is.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ModelError(f"{path} is larger than {_MOST_BYTES // 2**20} MiB: expected a few kB")
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError, RecursionError) as error:
        if isinstance(error, ModelError | FileNotFoundError):
            raise
        raise ModelError(f"{path} cannot be read as JSON: {error!s:.200}") from error


def read_config(directory: Path) -> dict[str, Any]:
    """Return the configuration of a checkpoint; that of TAPE gets the model_type it lacks.

    Raises
    ------
    ModelError
        If there is none, it is not one of transformers', or the directory holds pipes or devices.
    """
    odd = [path for path in directory.iterdir() if path.exists() and not _is_plain(path)]
    if odd:
        raise ModelError(f"{odd[0]} is neither a file nor a folder: a checkpoint holds only those")
    path = directory / "config.json"
    try:
        config = read_json(path)
    except FileNotFoundError as error:
        raise ModelError(
            f"{directory} holds no config.json: expected a checkpoint as save_pretrained writes it"
        ) from error
    if isinstance(config, dict) and "model_type" not in config and _is_tape(config):
        config = {**config, "model_type": "tape"}
    if not isinstance(config, dict) or not isinstance(config.get("model_type"), str):
        raise ModelError(f"{path} names no model_type: it is not a transformers configuration")
    if config.get("quantization_config"):
        raise ModelError(
            f"{directory} holds quantised weights, which protvis does not read: use the checkpoint "
            "with float weights"
        )
    _check_lists(config, path)
    return {name: _without_loads(value) for name, value in config.items() if name not in _LOADS}


def _check_lists(config: Mapping[str, Any], path: Path) -> None:
    for name, value in config.items():
        if isinstance(value, dict):
            _check_lists(value, path)
        elif name in _LISTED and isinstance(value, int | float) and value > _MOST_LISTED:
            raise ModelError(
                f"{path} says {name} = {value!s:.24}, more than any checkpoint has: it is damaged"
            )


def _is_plain(path: Path) -> bool:
    return path.is_file() or path.is_dir()


def _is_tape(config: Mapping[str, Any]) -> bool:
    names = {"hidden_act", "num_attention_heads"}
    return config.get("vocab_size") == _TAPE_VOCABULARY and names <= set(config)


def _without_loads(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {name: _without_loads(one) for name, one in value.items() if name not in _LOADS}


def check_sizes(
    config: Mapping[str, Any], tensors: Mapping[str, torch.Tensor], directory: Path
) -> None:
    """Refuse a configuration that asks for more than the weights can fill.

    Raises
    ------
    ModelError
        If it has more layers than there are tensors, or a size above the number of weights.
    """
    n_numbers = sum(values.numel() for values in tensors.values())
    bounds = {name: max(len(tensors), _SHARED_LAYERS) for name in _LAYERS}
    bounds |= dict.fromkeys(_SIZES, max(n_numbers, 4096))
    for name, most in bounds.items():
        value = config.get(name)
        if isinstance(value, int | float) and not 0 <= value <= most:
            raise ModelError(
                f"config.json of {directory} says {name} = {value!s:.24}, which its weights "
                f"({len(tensors)} tensors, {n_numbers} numbers) cannot fill: it belongs to another "
                "checkpoint or is damaged"
            )
