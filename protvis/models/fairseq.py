"""RoBERTa checkpoints of fairseq (Ott et al., NAACL 2019), as transformers writes them.

Such a file pickles tensors together with the arguments of the training script, an
`argparse.Namespace`. It is read by torch's weights-only unpickler, which is told to put an inert
stand-in in the Namespace's place and refuses everything else.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import torch

from protvis.errors import ModelError

__all__ = ["read_fairseq_roberta"]

_RENAMED = (
    (r"^decoder\.sentence_encoder\.", "roberta."),
    (r"\.embed_tokens\.", ".embeddings.word_embeddings."),
    (r"\.embed_positions\.", ".embeddings.position_embeddings."),
    (r"\.emb_layer_norm\.", ".embeddings.LayerNorm."),
    (r"\.layers\.(\d+)\.", r".encoder.layer.\1."),
    (r"\.self_attn\.q_proj\.", ".attention.self.query."),
    (r"\.self_attn\.k_proj\.", ".attention.self.key."),
    (r"\.self_attn\.v_proj\.", ".attention.self.value."),
    (r"\.self_attn\.out_proj\.", ".attention.output.dense."),
    (r"\.self_attn_layer_norm\.", ".attention.output.LayerNorm."),
    (r"\.fc1\.", ".intermediate.dense."),
    (r"\.fc2\.", ".output.dense."),
    (r"\.final_layer_norm\.", ".output.LayerNorm."),
    (r"^decoder\.lm_head\.(weight|bias)$", r"lm_head.decoder.\1"),
    (r"^decoder\.", ""),
)


class _Settings:
    """Stands in for the Namespace of a training script; holds attributes and does nothing."""


def read_fairseq_roberta(path: Path) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    """Return the configuration and the tensors of a RoBERTa checkpoint of fairseq.

    Parameters
    ----------
    path : Path
        A ``.pt`` file with one model; post-layer normalisation, as in RoBERTa.

    Returns
    -------
    config : dict
        For transformers' `RobertaConfig`.
    tensors : dict of str to tensor
        By the names of transformers' `RobertaForMaskedLM`.

    Raises
    ------
    ModelError
        If it holds another kind of model.
    """
    with torch.serialization.safe_globals([(_Settings, "argparse.Namespace")]):
        content = torch.load(path, map_location="cpu", weights_only=True)
    try:
        settings, weights = content["args"], content["model"]
        n_layers, n_heads = int(settings.encoder_layers), int(settings.encoder_attention_heads)
        activation = str(settings.activation_fn)
        tensors = {_renamed(name): values.float() for name, values in weights.items()}
        vocabulary = tensors["roberta.embeddings.word_embeddings.weight"]
        positions = tensors["roberta.embeddings.position_embeddings.weight"]
        inner = tensors["roberta.encoder.layer.0.intermediate.dense.weight"]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{path} holds no RoBERTa checkpoint of fairseq: {error!r}") from error
    n_tokens, width = vocabulary.shape
    # fairseq has no token types; transformers adds one, of zeros.
    tensors["roberta.embeddings.token_type_embeddings.weight"] = torch.zeros(1, width)
    tensors["lm_head.bias"] = tensors["lm_head.decoder.bias"]
    return {
        "model_type": "roberta",
        "vocab_size": n_tokens,
        "hidden_size": width,
        "num_hidden_layers": n_layers,
        "num_attention_heads": n_heads,
        "intermediate_size": len(inner),
        "hidden_act": activation,
        "max_position_embeddings": len(positions),
        "type_vocab_size": 1,
        "layer_norm_eps": 1e-5,
        "bos_token_id": 0,
        "pad_token_id": 1,
        "eos_token_id": 2,
    }, tensors


def _renamed(name: str) -> str:
    for pattern, replacement in _RENAMED:
        name = re.sub(pattern, replacement, name)
    return name
