"""Checkpoints of tape-proteins (Rao et al., NeurIPS 2019), whose model is BERT by other names.

Their configuration names no model_type, and their parameters carry the prefix of the class they
were saved from; otherwise names, shapes and arithmetic are those of transformers' BertModel.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors.torch import load_file

from protvis.errors import ModelError

__all__ = ["is_tape", "read_tape"]

_SETTINGS = (
    "vocab_size",
    "hidden_size",
    "num_hidden_layers",
    "num_attention_heads",
    "intermediate_size",
    "hidden_act",
    "max_position_embeddings",
    "type_vocab_size",
    "layer_norm_eps",
)
_PREFIX = "bert."


def is_tape(config: dict[str, Any]) -> bool:
    """Return whether a configuration without model_type is one of TAPE's transformer."""
    return config.get("vocab_size") == 30 and {"hidden_act", "num_attention_heads"} <= set(config)


def read_tape(
    config: dict[str, Any], files: list[Path], dtype: torch.dtype
) -> tuple[Any, dict[str, Any]]:
    """Return TAPE's transformer as a BertModel, and which parameters were missing.

    Parameters
    ----------
    config : dict
        What its config.json says.
    files : list of path
        Its weights; pickled ones are read as numbers only.
    dtype : torch.dtype

    Raises
    ------
    ModelError
        If a setting is missing.
    """
    missing = [name for name in _SETTINGS if name not in config]
    if missing:
        raise ModelError(f"the TAPE configuration lacks {', '.join(missing)}")
    network = transformers.BertModel(
        transformers.BertConfig(
            **{name: config[name] for name in _SETTINGS},
            pad_token_id=0,
            attn_implementation="sdpa",
        ),
        add_pooling_layer=False,
    ).to(dtype)
    weights: dict[str, torch.Tensor] = {}
    for path in files:
        read = load_file if path.suffix == ".safetensors" else _load_pickled
        weights |= {name.removeprefix(_PREFIX): values for name, values in read(path).items()}
    report = network.load_state_dict(weights, strict=False)
    return network, {"missing_keys": report.missing_keys}


def _load_pickled(path: Path) -> dict[str, torch.Tensor]:
    return torch.load(path, map_location="cpu", weights_only=True)
