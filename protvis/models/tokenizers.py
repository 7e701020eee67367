"""Tokenizers: those of transformers if their files are there, otherwise protvis's own.

A sentencepiece model is read with sentencepiece itself, for which transformers would need further
packages. The vocabularies of TAPE, AntiBERTy and Sapiens are lists of letters.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import transformers

from protvis.errors import ModelError
from protvis.models.family_table import Family

__all__ = ["Vocabulary", "family_vocabulary", "load_tokenizer", "tape_vocabulary"]

_SENTENCEPIECES = ("spiece.model", "spm_model.model", "sentencepiece.bpe.model")
_VOCABULARIES = ("vocab*", "tokenizer.json", "*.model")
# What transformers' classes put around a sequence where no file says so.
_SPECIALS = {
    "albert": (("[CLS]",), ("[SEP]",), "<pad>"),
    "xlnet": ((), ("<sep>", "<cls>"), "<pad>"),
    "t5": ((), ("</s>",), "<pad>"),
}
_LOWERING = ("bert", "electra")


class Vocabulary:
    """A tokenizer of few words: text to ids, ids to tokens, and what pads.

    Parameters
    ----------
    ids : dict of str to int
        Every token.
    split : callable
        From text to tokens.
    leading, trailing : sequence of str
        The special tokens around a sequence.
    padding, unknown : str
        The tokens that fill a batch, and that stand for what is not in the vocabulary.

    Raises
    ------
    ModelError
        If `unknown` is not among `ids`.
    """

    def __init__(
        self,
        ids: dict[str, int],
        split: Callable[[str], Sequence[str]],
        *,
        leading: Sequence[str],
        trailing: Sequence[str],
        padding: str,
        unknown: str,
    ) -> None:
        self._ids = dict(ids)
        self._tokens = {number: token for token, number in ids.items()}
        self._split = split
        self._leading, self._trailing = tuple(leading), tuple(trailing)
        if unknown not in ids:
            raise ModelError(f"the vocabulary has no token {unknown!r} for what is not in it")
        self._unknown = ids[unknown]
        self.pad_token_id = ids.get(padding)

    def __call__(self, text: str, *, add_special_tokens: bool = True) -> dict[str, list[int]]:
        """Return ``{"input_ids": …}`` as transformers' tokenizers do."""
        tokens = list(self._split(text))
        if add_special_tokens:
            tokens = [*self._leading, *tokens, *self._trailing]
        return {"input_ids": [self._ids.get(token, self._unknown) for token in tokens]}

    def convert_ids_to_tokens(self, ids: Sequence[int]) -> list[str]:
        """Return the tokens of ids."""
        return [self._tokens[number] for number in ids]

    def get_vocab(self) -> dict[str, int]:
        """Return every token with its id."""
        return dict(self._ids)


def tape_vocabulary() -> Vocabulary:
    """Return the IUPAC vocabulary of TAPE (Rao et al., NeurIPS 2019): 30 tokens, letters sorted."""
    tokens = ["<pad>", "<mask>", "<cls>", "<sep>", "<unk>", *"ABCDEFGHIKLMNOPQRSTUVWXYZ"]
    return Vocabulary(
        {token: number for number, token in enumerate(tokens)},
        list,
        leading=["<cls>"],
        trailing=["<sep>"],
        padding="<pad>",
        unknown="<unk>",
    )


def family_vocabulary(family: Family) -> Vocabulary:
    """Return the tokenizer of a family whose checkpoints come without a vocabulary.

    Parameters
    ----------
    family : Family
        Residues joined or between spaces; `vocabulary` names its tokens in the order of their ids.
    """
    tokens = family.vocabulary
    # Longer tokens first, so that "<mask>" is not read letter by letter.
    longest_first = sorted(tokens, key=len, reverse=True)
    pieces = re.compile("|".join([*map(re.escape, longest_first), "."]))

    def named(*names: str) -> str:
        return next((name for name in names if name in tokens), "")

    return Vocabulary(
        {token: number for number, token in enumerate(tokens)},
        str.split if family.form == "spaced" else pieces.findall,
        leading=family.leading,
        trailing=family.trailing,
        padding=named("[PAD]", "<pad>"),
        unknown=named("[UNK]", "<unk>"),
    )


def load_tokenizer(directory: Path, model_type: str, *, trust_remote_code: bool = False) -> Any:
    """Return the tokenizer of a checkpoint directory.

    Raises
    ------
    ModelError
        If a sentencepiece model cannot be read, or there is no vocabulary.
    OSError, ValueError
        From transformers, if the tokenizer's files are broken.
    """
    if not (directory / "tokenizer.json").is_file() and model_type in _SPECIALS:
        for name in _SENTENCEPIECES:
            if (directory / name).is_file():
                return _sentencepieces(directory / name, model_type)
    there = any(path for pattern in _VOCABULARIES for path in directory.glob(pattern))
    reader: Any = transformers.AutoTokenizer
    has_words, is_whole = ((directory / name).is_file() for name in ("vocab.txt", "tokenizer.json"))
    if model_type == "roberta" and has_words and not is_whole:
        # RoBERTa's own tokenizer reads other files: this one was trained with BERT's (VHHBERT).
        reader = transformers.BertTokenizer
    # Residues are upper case; BERT's tokenizers lower it unless a file or we say otherwise.
    lowers = model_type in _LOWERING or reader is transformers.BertTokenizer
    options = {"do_lower_case": False} if lowers else {}
    try:
        tokenizer = reader.from_pretrained(
            directory, local_files_only=True, trust_remote_code=trust_remote_code, **options
        )
    except (OSError, ValueError, TypeError) as error:
        if not there:
            raise ModelError(_missing(directory)) from error
        raise
    # Without their files some classes know the letters all the same, others only special tokens.
    if not there and "A" not in tokenizer.get_vocab():
        raise ModelError(_missing(directory))
    return tokenizer


def _missing(directory: Path) -> str:
    return (
        f"{directory} holds no vocabulary: expected vocab.txt, tokenizer.json or a sentencepiece "
        "model (*.model). Save the tokenizer there, too, with save_pretrained(directory)"
    )


def _sentencepieces(path: Path, model_type: str) -> Vocabulary:
    import sentencepiece

    try:
        processor = sentencepiece.SentencePieceProcessor(model_file=str(path))
    except (OSError, RuntimeError) as error:
        raise ModelError(f"{path} is not a sentencepiece model: {error}") from error
    ids = {processor.id_to_piece(number): number for number in range(processor.get_piece_size())}
    added = path.parent / "added_tokens.json"
    added_ids = json.loads(added.read_text(encoding="utf-8")) if added.is_file() else {}

    def split(text: str) -> list[str]:
        # Added tokens stand alone between spaces; sentencepiece never sees them.
        tokens: list[str] = []
        words = text.split(" ")
        while words and words[0] in added_ids:
            tokens.append(words.pop(0))
        return tokens + processor.encode(" ".join(words), out_type=str)

    leading, trailing, padding = _SPECIALS[model_type]
    return Vocabulary(
        {**ids, **added_ids},
        split,
        leading=leading,
        trailing=trailing,
        padding=padding,
        unknown=processor.id_to_piece(processor.unk_id()),
    )
