"""Sequences as token ids, and the place of every residue among them.

What a tokenizer returns is compared with what was asked for, token by token: a residue that
vanished, merged with its neighbour or became unknown is an error, never a shifted map.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from protvis.errors import ModelError, SequenceError
from protvis.models.family_table import STRUCTURE_LETTERS, Family

__all__ = ["Tokens", "clean_sequence", "encode", "encode_chains", "spell"]

# Sentencepiece marks the start of a word; it is no part of the residue's letter.
_MOST_TOKENS = 2**31
_WORD_START = "▁"
# Amino acid and 3Di letter in turn, as structure-aware vocabularies write a protein.
_PAIRS = re.compile(r"(?:[A-Z#][a-z#])+")
_UNKNOWN_STRUCTURE = "#"


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
        Token positions of all others: the special tokens, and the linkers between chains.
    jumps : int64 array (token,) or None
        How far each token's position in the model is moved on, where chains are set apart.
    """

    sequence: str
    ids: NDArray[Any]
    residues: NDArray[Any]
    specials: NDArray[Any]
    jumps: NDArray[Any] | None = None


def clean_sequence(sequence: str, family: Family) -> str:
    """Return the residues of `sequence`, one upper-case letter each.

    White space is dropped, lower case (soft masking in FASTA) is raised, and one ``*`` at the end
    (a stop codon) is dropped. Nothing else changes, so positions are those of the returned text.
    Where the family reads structure letters, ``"MdKvTa"`` gives ``"MKT"``.

    Raises
    ------
    SequenceError
        If it is no text, holds no residues, or holds letters the family does not read; the message
        names them by position, counting from 1.
    """
    return _read(sequence, family)[0]


def spell(sequence: str, family: Family) -> list[str]:
    """Return the tokens that stand for the residues (J written as X, …), one for each.

    Raises
    ------
    SequenceError
        As `clean_sequence`.
    """
    residues, structure = _read(sequence, family)
    letters = [family.substitutes.get(letter, letter) for letter in residues]
    if family.form == "pairs":
        return [letter + fold for letter, fold in zip(letters, structure, strict=True)]
    return letters


def _read(sequence: str, family: Family) -> tuple[str, str]:
    """Return residues and structure letters (all unknown where none are given)."""
    if not isinstance(sequence, str):
        raise SequenceError(
            f"expected a sequence as text, one letter per residue, got {type(sequence).__name__}"
        )
    text = "".join(sequence.split()).removesuffix("*")
    structure = ""
    if family.form == "pairs" and _PAIRS.fullmatch(text):
        text, structure = text[::2], text[1::2]
        _refuse_others(structure, set(STRUCTURE_LETTERS), family, "structure letters (3Di)")
    residues = text.upper()
    if not residues:
        raise SequenceError("the sequence is empty: expected at least one residue")
    _refuse_others(residues, {*family.letters, *family.substitutes}, family, "letters")
    return residues, structure or _UNKNOWN_STRUCTURE * len(residues)


def _refuse_others(text: str, readable: set[str], family: Family, what: str) -> None:
    wrong = [(place, letter) for place, letter in enumerate(text, 1) if letter not in readable]
    if wrong:
        places = ", ".join(f"{letter!r} at position {place}" for place, letter in wrong[:5])
        more = f" and {len(wrong) - 5} more" if len(wrong) > 5 else ""
        hint = "; write an unknown residue as X" if "X" in readable else ""
        if {letter for _, letter in wrong} & set(":/"):
            hint += ". Chains are given as a list to protvis.compute_complex_attention"
        raise SequenceError(
            f"the sequence holds {what} that {family.name} cannot read: {places}{more} (positions "
            f"count from 1). It reads {''.join(sorted(readable))}{hint}"
        )


def encode(sequence: str, family: Family, tokenizer: Any) -> Tokens:
    """Return the tokens of a sequence, verified residue by residue.

    Parameters
    ----------
    sequence : str
    family : Family
    tokenizer : callable
        A transformers tokenizer, or one of `protvis.models.tokenizers`.

    Raises
    ------
    SequenceError
        As `clean_sequence`.
    ModelError
        If the tokenizer gave another number of tokens than residues and special tokens, or another
        token than the residue's.
    """
    spelled = spell(sequence, family)
    ids = _verified(spelled, family, tokenizer)
    first = len(family.leading)
    residues = np.arange(first, first + len(spelled))
    specials = np.setdiff1d(np.arange(len(ids)), residues)
    return Tokens(clean_sequence(sequence, family), ids, residues, specials)


def encode_chains(
    sequences: Sequence[str],
    family: Family,
    tokenizer: Any,
    *,
    linker: str,
    position_gap: int = 0,
) -> Tokens:
    """Return the tokens of several chains read as one, verified residue by residue.

    Parameters
    ----------
    sequences : sequence of str
    family, tokenizer
        As for `encode`.
    linker : str
        Residues between one chain and the next, or the family's token for a chain's end. They are
        read but do not count as residues of the result: they are among its specials.
    position_gap : int, default 0
        How many positions further on than the linker's length the next chain starts.

    Raises
    ------
    SequenceError
        If a chain or the linker holds letters the family does not read.
    ModelError
        As `encode`.
    """
    between = [linker] if linker and linker == family.chain_end else []
    if linker and not between:
        between = spell(linker, family)
    spelled: list[str] = []
    inside: list[NDArray[Any]] = []
    for place, sequence in enumerate(sequences):
        spelled += between if place else []
        chain = spell(sequence, family)
        inside.append(len(family.leading) + len(spelled) + np.arange(len(chain)))
        spelled += chain
    ids = _verified(spelled, family, tokenizer)
    residues = np.concatenate(inside)
    jumps = np.zeros(len(ids), dtype=np.int64)
    for chain_tokens in inside[1:]:
        jumps[chain_tokens[0] :] += position_gap
    return Tokens(
        "".join(clean_sequence(sequence, family) for sequence in sequences),
        ids,
        residues,
        np.setdiff1d(np.arange(len(ids)), residues),
        jumps if position_gap else None,
    )


def _verified(spelled: list[str], family: Family, tokenizer: Any) -> NDArray[Any]:
    """Return the ids of spelled residues, compared token by token with what was asked for."""
    ids = list(_tokenize(spelled, family, tokenizer))
    n, first = len(spelled), len(family.leading)
    expected = first + n + len(family.trailing)
    if len(ids) != expected:
        why = (
            "several residues share a token, so there is no attention between single residues"
            if len(ids) < expected
            else "residues and tokens cannot be matched"
        )
        raise ModelError(
            f"the tokenizer made {len(ids)} tokens of {n} residues where {family.name} has one per "
            f"residue and {expected - n} special ones ({expected}): {why}"
        )
    tokens = [str(token) for token in tokenizer.convert_ids_to_tokens(ids)]
    for place, (asked, token) in enumerate(zip(spelled, tokens[first : first + n], strict=True), 1):
        if token.removeprefix(_WORD_START) != asked:
            raise ModelError(
                f"the tokenizer read residue {place} ({asked!r}) as {token!r}: its vocabulary is "
                f"not that of {family.name}"
            )
    around = (tuple(tokens[:first]), tuple(tokens[first + n :]))
    if around != (family.leading, family.trailing):
        raise ModelError(
            f"the tokenizer put {around[0]} and {around[1]} around the residues, {family.name} has "
            f"{family.leading} and {family.trailing}: its files are not those of that family"
        )
    if not 0 <= min(ids) <= max(ids) < _MOST_TOKENS:
        raise ModelError(f"the tokenizer of {family.name} gives numbers that no vocabulary has")
    return np.asarray(ids, dtype=np.int64)


def _tokenize(spelled: list[str], family: Family, tokenizer: Any) -> list[int]:
    if family.form == "words":
        return tokenizer(spelled, is_split_into_words=True, add_special_tokens=True)["input_ids"]
    text = (" " if family.form == "spaced" else "").join(spelled)
    if family.prefix:
        text = f"{family.prefix} {text}"
    return tokenizer(text, add_special_tokens=True)["input_ids"]
