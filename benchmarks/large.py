"""A protein of 400 residues and a model of 33 × 20 heads, both made up on the fly."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np

N_RESIDUES = 400
N_LAYERS, N_HEADS = 33, 20

_NAMES = (
    "ALA",
    "ARG",
    "ASN",
    "ASP",
    "CYS",
    "GLN",
    "GLU",
    "GLY",
    "HIS",
    "ILE",
    "LEU",
    "LYS",
    "MET",
    "PHE",
    "PRO",
    "SER",
    "THR",
    "TRP",
    "TYR",
    "VAL",
)
_ALPHABET = "LAGVSERTIDPKQNFYMHWCXBUZO.-"


def write_structure(path: Path, n_residues: int = N_RESIDUES) -> Path:
    """Write a chain of Cα and Cβ atoms that meanders through a box, as a PDB file."""
    rng = np.random.default_rng(5)
    names = [_NAMES[rng.integers(len(_NAMES))] for _ in range(n_residues)]
    lines = [
        f"SEQRES {line + 1:3d} A {n_residues:4d}  {' '.join(names[13 * line : 13 * line + 13])}"
        for line in range(-(-n_residues // 13))
    ]
    serial = 0
    for residue, name in enumerate(names):
        row, place = divmod(residue, 20)
        layer, row = divmod(row, 5)
        along = place if row % 2 == 0 else 19 - place
        alpha = np.array([3.3 * along, 5.0 * row, 8.0 * layer]) + rng.normal(0, 0.3, 3)
        beta = alpha + np.array([0.0, 0.0, 1.53 if place % 2 else -1.53])
        for atom, where in (("N", alpha - 1.0), ("CA", alpha), ("C", alpha + 1.0), ("CB", beta)):
            if atom == "CB" and name == "GLY":
                continue
            serial += 1
            x, y, z = where
            lines.append(
                f"ATOM  {serial:5d}  {atom:<3s} {name} A{residue + 1:4d}    "
                f"{x:8.3f}{y:8.3f}{z:8.3f}  1.00  0.00           {atom[0]}"
            )
    path.write_text("\n".join([*lines, "TER", "END", ""]))
    return path


def write_model(folder: Path, n_layers: int = N_LAYERS, n_heads: int = N_HEADS) -> Path:
    """Write a random ESM-2 checkpoint, narrow but as deep as asked, with its tokenizer."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    import torch
    import transformers

    torch.manual_seed(5)
    config = transformers.EsmConfig(
        vocab_size=33,
        pad_token_id=1,
        mask_token_id=32,
        position_embedding_type="rotary",
        max_position_embeddings=1026,
        token_dropout=True,
        hidden_size=8 * n_heads,
        num_hidden_layers=n_layers,
        num_attention_heads=n_heads,
        intermediate_size=160,
        # Wide weights: at the usual 0.02 all attention is flat.
        initializer_range=0.2,
    )
    transformers.EsmForMaskedLM(config).save_pretrained(folder)
    vocabulary = ["<cls>", "<pad>", "<eos>", "<unk>", *_ALPHABET, "<null_1>", "<mask>"]
    (folder / "vocab.txt").write_text("\n".join(vocabulary))
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "EsmTokenizer"}))
    return folder
