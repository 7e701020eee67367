"""Tiny random checkpoints in their form on disk: configuration, tokenizer files, weights."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import torch
import transformers

AMINO_ACIDS = "LAGVSERTIDPKQNFYMHWC"
ESM_VOCABULARY = [
    "<cls>",
    "<pad>",
    "<eos>",
    "<unk>",
    *AMINO_ACIDS,
    *"XBUZO.-",
    "<null_1>",
    "<mask>",
]
N_LAYERS, N_HEADS = 3, 4
_SIZES = {
    "hidden_size": 32,
    "num_hidden_layers": N_LAYERS,
    "num_attention_heads": N_HEADS,
    "intermediate_size": 40,
    # Wide weights: at the usual 0.02 every attention is flat, and a wrong one would look right.
    "initializer_range": 0.25,
}


def save_network(
    directory: Path, network: transformers.PreTrainedModel, tokenizer_files: dict[str, str]
) -> Path:
    """Write a network as save_pretrained does, and its tokenizer's files as text."""
    network.save_pretrained(directory)
    for name, text in tokenizer_files.items():
        (directory / name).write_text(text, encoding="utf-8")
    return directory


def lines(tokens: list[str]) -> str:
    return "\n".join(tokens) + "\n"


def esm_tokenizer_files(vocabulary: list[str] = ESM_VOCABULARY) -> dict[str, str]:
    return {
        "vocab.txt": "\n".join(vocabulary),
        "tokenizer_config.json": json.dumps({"tokenizer_class": "EsmTokenizer"}),
    }


def _esm(directory: Path, **changes: object) -> Path:
    settings = {
        "vocab_size": 33,
        "pad_token_id": 1,
        "mask_token_id": 32,
        "position_embedding_type": "rotary",
        "max_position_embeddings": 1026,
        "token_dropout": True,
        **_SIZES,
        **changes,
    }
    torch.manual_seed(1)
    network = transformers.EsmForMaskedLM(transformers.EsmConfig(**settings))
    return save_network(directory, network, esm_tokenizer_files())


def esm2(directory: Path) -> Path:
    return _esm(directory)


def esm1b(directory: Path) -> Path:
    return _esm(
        directory,
        position_embedding_type="absolute",
        max_position_embeddings=103,
        emb_layer_norm_before=True,
    )


def protbert(directory: Path) -> Path:
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *AMINO_ACIDS, *"XUBZO"]
    config = transformers.BertConfig(
        vocab_size=len(vocabulary), max_position_embeddings=102, **_SIZES
    )
    torch.manual_seed(2)
    return save_network(
        directory,
        transformers.BertForMaskedLM(config),
        {
            "vocab.txt": lines(vocabulary),
            "tokenizer_config.json": json.dumps({"do_lower_case": False}),
        },
    )


BUILDERS: dict[str, Callable[[Path], Path]] = {
    "ESM-2": esm2,
    "ESM-1b": esm1b,
    "ProtBert": protbert,
}
"""A builder for each family, by name."""
