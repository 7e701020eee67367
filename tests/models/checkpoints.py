"""Tiny random checkpoints in their form on disk: configuration, tokenizer files, weights."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sentencepiece
import tokenizers
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
    "initializer_range": 0.2,
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


def esm2(directory: Path, **changes: object) -> Path:
    return _esm(directory, **changes)


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


def esmc(directory: Path) -> Path:
    config = transformers.EsmcConfig(
        **{**_SIZES, "intermediate_size": 64}, max_position_embeddings=2048
    )
    torch.manual_seed(3)
    network = transformers.EsmcForMaskedLM(config)
    network.save_pretrained(directory)
    transformers.EsmcTokenizer().save_pretrained(directory)
    return directory


def saprot(directory: Path) -> Path:
    pairs = [
        first + second for first in "ACDEFGHIKLMNPQRSTVWY#" for second in "pynwrqhgdlvtmfsaeikc#"
    ]
    vocabulary = ["<cls>", "<pad>", "<eos>", "<unk>", "<mask>", *pairs]
    config = transformers.EsmConfig(
        vocab_size=len(vocabulary),
        pad_token_id=1,
        mask_token_id=4,
        position_embedding_type="rotary",
        max_position_embeddings=1026,
        token_dropout=True,
        **_SIZES,
    )
    torch.manual_seed(4)
    return save_network(
        directory, transformers.EsmForMaskedLM(config), esm_tokenizer_files(vocabulary)
    )


def protelectra(directory: Path) -> Path:
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *AMINO_ACIDS, *"XUBZO"]
    config = transformers.ElectraConfig(
        vocab_size=len(vocabulary), embedding_size=24, max_position_embeddings=102, **_SIZES
    )
    torch.manual_seed(5)
    return save_network(
        directory,
        transformers.ElectraForPreTraining(config),
        # Without a word on case, where BERT's tokenizer lowers it.
        {"vocab.txt": lines(vocabulary)},
    )


def sentencepieces(directory: Path, first: list[str], name: str = "spiece.model") -> int:
    """Write a sentencepiece model trained on spaced residues; return its number of pieces.

    `first` are the special pieces in the order of their ids, the unknown piece written ``<unk>``.
    """
    rng = random.Random(0)
    texts = [" ".join(rng.choices(AMINO_ACIDS + "X", k=60)) for _ in range(300)]
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts),
        model_writer=model,
        model_type="unigram",
        vocab_size=len(first) + 60,
        hard_vocab_limit=False,
        unk_id=first.index("<unk>"),
        pad_id=first.index("<pad>"),
        eos_id=first.index("</s>") if "</s>" in first else -1,
        bos_id=-1,
        control_symbols=[t for t in first if t not in ("<unk>", "<pad>", "</s>")],
        minloglevel=3,
    )
    directory.mkdir(parents=True, exist_ok=True)
    (directory / name).write_bytes(model.getvalue())
    processor = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    return processor.get_piece_size()


def protalbert(directory: Path) -> Path:
    n = sentencepieces(directory, ["<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]"])
    config = transformers.AlbertConfig(
        vocab_size=n, embedding_size=24, max_position_embeddings=102, **_SIZES
    )
    torch.manual_seed(6)
    return save_network(directory, transformers.AlbertForMaskedLM(config), {})


def protxlnet(directory: Path) -> Path:
    n = sentencepieces(directory, ["<unk>", "<s>", "</s>", "<cls>", "<sep>", "<pad>", "<mask>"])
    config = transformers.XLNetConfig(
        vocab_size=n,
        d_model=32,
        n_layer=N_LAYERS,
        n_head=N_HEADS,
        d_inner=40,
        initializer_range=0.25,
    )
    torch.manual_seed(7)
    return save_network(directory, transformers.XLNetLMHeadModel(config), {})


def _t5(directory: Path, n: int) -> Path:
    config = transformers.T5Config(
        vocab_size=n,
        d_model=32,
        d_kv=8,
        d_ff=40,
        num_layers=N_LAYERS,
        num_heads=N_HEADS,
        dropout_rate=0.0,
    )
    torch.manual_seed(8)
    network = transformers.T5ForConditionalGeneration(config)
    # T5 starts with queries so small that its attention follows its position bias alone.
    with torch.no_grad():
        for name, values in network.named_parameters():
            if name.endswith((".q.weight", ".k.weight")):
                values.normal_(std=0.15)
    return save_network(directory, network, {})


def prott5(directory: Path) -> Path:
    return _t5(directory, sentencepieces(directory, ["<pad>", "</s>", "<unk>"]))


def prostt5(directory: Path) -> Path:
    n = sentencepieces(directory, ["<pad>", "</s>", "<unk>"])
    added = {token: n + place for place, token in enumerate(["<fold2AA>", "<AA2fold>", *"acdp"])}
    _t5(directory, n + len(added))
    (directory / "added_tokens.json").write_text(json.dumps(added))
    return directory


def ankh(directory: Path) -> Path:
    vocabulary = ["<pad>", "</s>", "<unk>", *AMINO_ACIDS, *"XBUZO", "<extra_id_0>"]
    backend = tokenizers.Tokenizer(
        tokenizers.models.Unigram([(token, -2.0) for token in vocabulary], unk_id=2)
    )
    backend.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    backend.post_processor = tokenizers.processors.TemplateProcessing(
        single="$A </s>", special_tokens=[("</s>", 1)]
    )
    _t5(directory, len(vocabulary))
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=backend, pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    ).save_pretrained(directory)
    return directory


TAPE_SETTINGS = {
    "vocab_size": 30,
    "hidden_size": 32,
    "num_hidden_layers": N_LAYERS,
    "num_attention_heads": N_HEADS,
    "intermediate_size": 40,
    "hidden_act": "gelu",
    "max_position_embeddings": 102,
    "type_vocab_size": 2,
    "layer_norm_eps": 1e-12,
}


def tape(directory: Path, n_positions: int = 102) -> Path:
    """Write a checkpoint as tape-proteins saved them: its configuration, pickled weights."""
    rng = torch.Generator().manual_seed(9)
    hidden, inner = TAPE_SETTINGS["hidden_size"], TAPE_SETTINGS["intermediate_size"]
    weights: dict[str, torch.Tensor] = {}

    def dense(name: str, n_out: int, n_in: int) -> None:
        weights[f"{name}.weight"] = torch.randn(n_out, n_in, generator=rng) * 0.25
        weights[f"{name}.bias"] = torch.randn(n_out, generator=rng) * 0.25

    def norm(name: str) -> None:
        weights[f"{name}.weight"] = 1 + torch.randn(hidden, generator=rng) * 0.1
        weights[f"{name}.bias"] = torch.randn(hidden, generator=rng) * 0.1

    for table, n in (("word", 30), ("position", n_positions), ("token_type", 2)):
        name = f"bert.embeddings.{table}_embeddings.weight"
        weights[name] = torch.randn(n, hidden, generator=rng)
    norm("bert.embeddings.LayerNorm")
    for layer in range(N_LAYERS):
        start = f"bert.encoder.layer.{layer}"
        for part in ("query", "key", "value"):
            dense(f"{start}.attention.self.{part}", hidden, hidden)
        dense(f"{start}.attention.output.dense", hidden, hidden)
        norm(f"{start}.attention.output.LayerNorm")
        dense(f"{start}.intermediate.dense", inner, hidden)
        dense(f"{start}.output.dense", hidden, inner)
        norm(f"{start}.output.LayerNorm")
    dense("bert.pooler.dense", hidden, hidden)
    dense("mlm.transform.dense", hidden, hidden)
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "config.json").write_text(
        json.dumps(
            {
                **TAPE_SETTINGS,
                "max_position_embeddings": n_positions,
                "base_model": "transformer",
                "num_labels": -1,
            }
        )
    )
    torch.save(weights, directory / "pytorch_model.bin")
    return directory


def gpt2(directory: Path, *, merges: tuple[tuple[str, str], ...] = ()) -> Path:
    """Write a causal checkpoint; with `merges` its tokens hold several residues (ProtGPT2)."""
    vocabulary = ["<|endoftext|>", *AMINO_ACIDS, *"XBUZO", *("".join(pair) for pair in merges)]
    backend = tokenizers.Tokenizer(
        tokenizers.models.BPE({token: i for i, token in enumerate(vocabulary)}, list(merges))
    )
    config = transformers.GPT2Config(
        vocab_size=len(vocabulary),
        n_positions=100,
        n_embd=32,
        n_layer=N_LAYERS,
        n_head=N_HEADS,
        n_inner=40,
        initializer_range=0.25,
        bos_token_id=0,
        eos_token_id=0,
    )
    torch.manual_seed(10)
    save_network(directory, transformers.GPT2LMHeadModel(config), {})
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=backend, eos_token="<|endoftext|>"
    ).save_pretrained(directory)
    return directory


def roberta(
    directory: Path,
    *,
    merges: tuple[tuple[str, str], ...] = (),
    rare: str = "",
    mask: str = "<mask>",
    form: str = "Roberta",
) -> Path:
    """Write a checkpoint in RoBERTa's form, or of an architecture that is in no table."""
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    vocabulary = [*special, *AMINO_ACIDS, *rare, *("".join(pair) for pair in merges)]
    vocabulary += [mask] if mask else []
    backend = tokenizers.Tokenizer(
        tokenizers.models.BPE({token: i for i, token in enumerate(vocabulary)}, list(merges))
    )
    backend.post_processor = tokenizers.processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    config = getattr(transformers, f"{form}Config")(
        vocab_size=len(vocabulary), max_position_embeddings=104, pad_token_id=1, **_SIZES
    )
    torch.manual_seed(11)
    save_network(directory, getattr(transformers, f"{form}ForMaskedLM")(config), {})
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=backend,
        pad_token="<pad>",
        unk_token="<unk>",
        **({"mask_token": mask} if mask else {}),
    ).save_pretrained(directory)
    return directory


def camembert(directory: Path, **how: Any) -> Path:
    """Write a checkpoint of an architecture that is in no table."""
    return roberta(directory, rare="X", form="Camembert", **how)


REMOTE_CODE = """
from transformers import EsmConfig, EsmModel

class StrangeConfig(EsmConfig):
    model_type = "strange"

class StrangeModel(EsmModel):
    config_class = StrangeConfig
"""


def remote(directory: Path) -> Path:
    """Write a checkpoint whose architecture is in a file beside its weights (ESM++, FastESM)."""
    _esm(directory)
    config = json.loads((directory / "config.json").read_text())
    config |= {
        "model_type": "strange",
        "auto_map": {"AutoConfig": "strange.StrangeConfig", "AutoModel": "strange.StrangeModel"},
    }
    (directory / "config.json").write_text(json.dumps(config))
    (directory / "strange.py").write_text(REMOTE_CODE)
    return directory


BUILDERS: dict[str, Callable[[Path], Path]] = {
    "ESM-2": esm2,
    "ESM-1b": esm1b,
    "ESM C": esmc,
    "SaProt": saprot,
    "ProtBert": protbert,
    "ProtAlbert": protalbert,
    "ProtElectra": protelectra,
    "ProtXLNet": protxlnet,
    "ProtT5": prott5,
    "ProstT5": prostt5,
    "Ankh": ankh,
    "TAPE BERT": tape,
    "GPT-2 form": gpt2,
    "RoBERTa form": roberta,
}
"""A builder for each family, by name."""

TAKEN_FOR = {
    **{name: name for name in BUILDERS},
    **dict.fromkeys(["ESM-2", "ESM-1b"], "ESM form"),
    **dict.fromkeys(["ProtT5", "Ankh"], "T5 form"),
    "ProtBert": "BERT form",
    "ProtAlbert": "ALBERT form",
    "ProtElectra": "ELECTRA form",
    "ProtXLNet": "XLNet form",
}
"""The family a folder with such a checkpoint is taken for, if nothing else is known of it."""
