"""Sequences on one side, token ids on the other, and where each residue went.

Whatever a tokenizer gives back is compared with what was asked for, token by token: a residue that
vanished, merged with its neighbour or became unknown is an error, never a shifted map.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from protvis.errors import ModelError, SequenceError
from protvis.models.registry import Family

__all__ = ["Tokens", "clean_sequence", "encode", "spell"]

# Sentencepiece marks the start of a word; it is no part of the residue's letter.
_WORD_START = "▁"


@dataclass(frozen=True)
class Tokens:
    """One sequence as a model reads it.

    Attributes
    ----------
    sequence : str
        The residues, one letter each, after cleaning.
    ids : int64 array (token,)
        Token ids, special tokens included, padding not.
    residues : int64 array (residue,)
        Token position of every residue.
    specials : int64 array (special,)
        Token positions of the special tokens.
    """

    sequence: str
    ids: np.ndarray
    residues: np.ndarray
    specials: np.ndarray


def clean_sequence(sequence: str, family: Family) -> str:
    """Return the residues of `sequence`, one upper-case letter each.

    White space is dropped, lower case (soft masking in FASTA) is raised, and one ``*`` at the end
    (a stop codon) is dropped. Nothing else changes, so positions are those of the returned text.

    Raises
    ------
    SequenceError
        If it is no text, holds no residues, or holds letters the family does not read; the message
        names them by position, counting from 1.
    """
    if not isinstance(sequence, str):
        raise SequenceError(
            f"expected a sequence as text, one letter per residue, got {type(sequence).__name__}"
        )
    cleaned = "".join(sequence.split()).upper().removesuffix("*")
    if not cleaned:
        raise SequenceError("the sequence is empty: expected at least one residue")
    readable = {*family.letters, *family.substitutes}
    wrong = [(place, letter) for place, letter in enumerate(cleaned, 1) if letter not in readable]
    if wrong:
        places = ", ".join(f"{letter!r} at position {place}" for place, letter in wrong[:5])
        more = f" and {len(wrong) - 5} more" if len(wrong) > 5 else ""
        letters = "".join(sorted(readable))
        raise SequenceError(
            f"the sequence holds what {family.name} cannot read: {places}{more} (positions count "
            f"from 1). It reads {letters}; write an unknown residue as X"
        )
    return cleaned


def spell(sequence: str, family: Family) -> str:
    """Return a cleaned sequence in the letters of the family's vocabulary (J as X, …)."""
    return "".join(family.substitutes.get(letter, letter) for letter in sequence)


def encode(sequence: str, family: Family, tokenizer: Any) -> Tokens:
    """Return the tokens of a cleaned sequence, verified residue by residue.

    Parameters
    ----------
    sequence : str
        What `clean_sequence` returned.
    family : Family
    tokenizer : transformers tokenizer

    Raises
    ------
    ModelError
        If the tokenizer gave another number of tokens than residues and special tokens, or another
        token than the residue's letter.
    """
    spelled = spell(sequence, family)
    text = " ".join(spelled) if family.form == "spaced" else spelled
    ids = list(tokenizer(text, add_special_tokens=True)["input_ids"])
    n = len(sequence)
    expected = family.leading + n + family.trailing
    if len(ids) != expected:
        raise ModelError(
            f"the tokenizer made {len(ids)} tokens of {n} residues where {family.name} has one per "
            f"residue and {family.leading + family.trailing} special ones ({expected}): residues "
            "and tokens cannot be matched. The tokenizer files do not belong to this family"
        )
    residues = np.arange(family.leading, family.leading + n)
    tokens = tokenizer.convert_ids_to_tokens(ids)
    for place, (letter, token) in enumerate(
        zip(spelled, tokens[family.leading : family.leading + n], strict=True), 1
    ):
        if str(token).removeprefix(_WORD_START) != letter:
            raise ModelError(
                f"the tokenizer read residue {place} ({letter!r}) as {token!r}: its vocabulary is "
                f"not that of {family.name}"
            )
    specials = np.setdiff1d(np.arange(expected), residues)
    return Tokens(sequence, np.asarray(ids, dtype=np.int64), residues, specials)
