"""The family of a tokenizer: found in the table, or fitted by trying how to write residues."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Any

from protvis.errors import ModelError, SequenceError
from protvis.labels import AMINO_ACIDS
from protvis.models.family_table import FAMILIES, Family
from protvis.models.tokens import encode

__all__ = ["PROBE", "family_of", "read_letters"]

PROBE = AMINO_ACIDS + "AAGGLLSS"
"""Every amino acid, and repeats that a merging tokenizer would merge."""

_RARE = "XUZOBJ"
_WORD_START = "▁"


def family_of(model_type: str, tokenizer: Any, n_tokens: int) -> Family:
    """Return the family of a model: one of the table, or one fitted to its tokenizer.

    Parameters
    ----------
    model_type : str
        The architecture.
    tokenizer
    n_tokens : int
        How many tokens the network knows; a tokenizer may make up more.

    Raises
    ------
    ModelError
        If no way of writing residues gives one token for each.
    """
    vocabulary = tokenizer.get_vocab()
    for family in FAMILIES.values():
        if family.model_type == model_type and (not family.marker or family.marker in vocabulary):
            fit = fit_form if family.is_form else read_letters
            return fit(family, tokenizer, n_tokens)
    unknown = Family(
        name=f"{model_type} (fitted)",
        model_type=model_type,
        form="plain",
        leading=(),
        trailing=(),
        letters=AMINO_ACIDS + "XBUZO",
        # Whether positions are learned, and from where they count, is not known: the tightest.
        limit="after_padding",
        is_form=True,
        optional_weights=("pooler.", "contact_head.", "embeddings.position_ids"),
        source="not in protvis's table: its tokens were found to stand for residues",
    )
    return fit_form(unknown, tokenizer, n_tokens)


def fit_form(family: Family, tokenizer: Any, n_tokens: int) -> Family:
    """Return an architecture's family with everything that its tokenizer decides.

    Residues are written as is usual for the architecture, then joined, spaced and as words, in
    turn. The first form in which the tokenizer gives each residue its own token is taken, with the
    special tokens it puts around them.

    Parameters
    ----------
    family : Family
        What else is known of the architecture.
    tokenizer, n_tokens
        As for `family_of`.

    Raises
    ------
    ModelError
        If no form does; the message says what each gave.
    """
    ids = tokenizer(PROBE)["input_ids"]
    if None in ids:
        raise ModelError(
            f"the tokenizer of this {family.model_type!r} model has no token for some amino acids, "
            "and none for what it does not know: its vocabulary is damaged"
        )
    joined = tokenizer.convert_ids_to_tokens(ids)
    merged = [token for token in joined if len(token) > 1 and set(token) <= set(AMINO_ACIDS)]
    if merged:
        # Written apart they would align, but that is not how such a model was trained.
        raise ModelError(
            f"the tokenizer of this {family.model_type!r} model has tokens of several residues "
            f"({', '.join(map(repr, merged[:3]))}): there is no attention between single residues"
        )
    tried = []
    # Sentencepiece marks the start of a word: residues that carry the mark were written apart.
    usual = "spaced" if f"{_WORD_START}A" in tokenizer.get_vocab() else family.form
    for form in dict.fromkeys([usual, "plain", "spaced", "words"]):
        try:
            leading, trailing = _around(tokenizer, form)
            mask = str(getattr(tokenizer, "mask_token", None) or "")
            fitted = replace(
                family, form=form, leading=leading, trailing=trailing, mask=mask or family.mask
            )
            fitted = read_letters(fitted, tokenizer, n_tokens)
            encode(PROBE, fitted, tokenizer)
        except (ModelError, SequenceError, ValueError, TypeError) as error:
            tried.append(f"{form}: {error}")
        else:
            return fitted
    raise ModelError(
        f"the tokens of this {family.model_type!r} model do not stand for residues one to one "
        f"({'; '.join(tried)}). Describe it by a Family of protvis.models.family_table and hand it "
        "to load_model(…, family=…) or wrap_model(…, family=…)"
    )


def _around(tokenizer: Any, form: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the special tokens before and after residues written in a form."""
    written: Any = {"plain": AMINO_ACIDS, "spaced": " ".join(AMINO_ACIDS)}.get(form, [*AMINO_ACIDS])
    how = {"is_split_into_words": True} if form == "words" else {}
    ids = tokenizer(written, add_special_tokens=True, **how)["input_ids"]
    tokens = [str(token) for token in tokenizer.convert_ids_to_tokens(ids)]
    bare = [token.removeprefix(_WORD_START) for token in tokens]
    first = bare.index("A") if "A" in bare else 0
    stop = first + len(AMINO_ACIDS)
    if bare[first:stop] != list(AMINO_ACIDS):
        raise ModelError(f"{len(AMINO_ACIDS)} residues became {' '.join(tokens[:8])} …")
    return tuple(tokens[:first]), tuple(tokens[stop:])


def read_letters(family: Family, tokenizer: Any, n_tokens: int) -> Family:
    """Return a family with the letters that its vocabulary has.

    A rare or unknown residue without a letter is written as X, or as the mask if there is no X
    either. If there is neither, it is refused.
    """
    known = {
        token.removeprefix(_WORD_START)
        for token, number in tokenizer.get_vocab().items()
        if 0 <= number < n_tokens
    }
    if family.form == "pairs":
        letters = "".join(letter for letter in family.letters if f"{letter}#" in known)
        return replace(family, letters=letters)
    letters = "".join(letter for letter in family.letters if letter in known)
    unknown = "X" if "X" in letters else family.mask if family.mask in known else ""
    substitutes = {
        letter: family.substitutes.get(letter, unknown)
        for letter in _RARE
        if letter not in letters or letter in family.substitutes
    }
    substitutes = {
        letter: token if token in known else unknown for letter, token in substitutes.items()
    }
    written = {letter: token for letter, token in substitutes.items() if token}
    return replace(family, letters=letters, substitutes=MappingProxyType(written))
