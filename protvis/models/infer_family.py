"""Which family a tokenizer belongs to, and what to do with one that belongs to none.

An architecture nobody described here is read all the same where its tokens stand for residues one
to one, which is tried out, not assumed.
"""

from __future__ import annotations

from typing import Any

from protvis.errors import ModelError, SequenceError
from protvis.models.registry import AMINO_ACIDS, FAMILIES, Family
from protvis.models.tokens import encode

__all__ = ["PROBE", "family_of", "fit_family"]

PROBE = AMINO_ACIDS + "AAGGLLSS"
"""Every amino acid, and repeats that a merging tokenizer would merge."""


def family_of(model_type: str, tokenizer: Any) -> Family:
    """Return the family of a model: one in the table, else one fitted to its tokenizer.

    Raises
    ------
    ModelError
        If no form in which residues can be written gives one token for each.
    """
    vocabulary = tokenizer.get_vocab()
    for family in FAMILIES.values():
        if family.model_type == model_type and (not family.marker or family.marker in vocabulary):
            return family
    return fit_family(model_type, tokenizer)


def fit_family(model_type: str, tokenizer: Any) -> Family:
    """Return a family for an architecture that is not in the table, if its tokens are residues.

    Residues are written joined, spaced and as words, in turn; the first form in which the tokenizer
    gives each its own token is taken, with whatever special tokens it puts around them.

    Raises
    ------
    ModelError
        If there is none; the message says what each gave.
    """
    joined = tokenizer.convert_ids_to_tokens(tokenizer(PROBE)["input_ids"])
    merged = [token for token in joined if len(token) > 1 and set(token) <= set(AMINO_ACIDS)]
    if merged:
        # Written apart they would align, but that is not how such a model was trained.
        raise ModelError(
            f"the tokenizer of this {model_type!r} model has tokens of several residues "
            f"({', '.join(map(repr, merged[:3]))}): there is no attention between single residues"
        )
    tried = []
    for form in ("plain", "spaced", "words"):
        try:
            family = _fitted(model_type, tokenizer, form)
            encode(PROBE, family, tokenizer)
        except (ModelError, SequenceError, ValueError, TypeError) as error:
            tried.append(f"{form}: {error}")
        else:
            return family
    raise ModelError(
        f"protvis does not know {model_type!r} models, and their tokens do not stand for residues "
        f"one to one ({'; '.join(tried)}). Describe it by a Family of protvis.models.registry and "
        "hand it to wrap_model(network, tokenizer, family=…)"
    )


def _fitted(model_type: str, tokenizer: Any, form: str) -> Family:
    written: Any = {"plain": AMINO_ACIDS, "spaced": " ".join(AMINO_ACIDS)}.get(form, [*AMINO_ACIDS])
    how = {"is_split_into_words": True} if form == "words" else {}
    ids = tokenizer(written, add_special_tokens=True, **how)["input_ids"]
    tokens = [str(token) for token in tokenizer.convert_ids_to_tokens(ids)]
    bare = [token.removeprefix("▁") for token in tokens]
    first = bare.index("A") if "A" in bare else 0
    stop = first + len(AMINO_ACIDS)
    if bare[first:stop] != list(AMINO_ACIDS):
        raise ModelError(f"{len(AMINO_ACIDS)} residues became {' '.join(tokens[:8])} …")
    known = {token.removeprefix("▁") for token in tokenizer.get_vocab()}
    rare = "".join(letter for letter in "XBUZO" if letter in known)
    # Without an X there is nothing to write in a rare residue's place: it is refused.
    substitutes = {letter: "X" for letter in "BUZOJ" if letter not in rare and "X" in rare}
    return Family(
        name=f"{model_type} (fitted)",
        model_type=model_type,
        form=form,
        leading=tuple(tokens[:first]),
        trailing=tuple(tokens[stop:]),
        letters=AMINO_ACIDS + rare,
        substitutes=substitutes,
        # Whether positions are learned, and from where they count, is not known: the tightest.
        limit="after_padding",
        optional_weights=("pooler.", "contact_head.", "embeddings.position_ids"),
        mask=str(getattr(tokenizer, "mask_token", None) or ""),
        source="not in protvis's table: its tokens were found to stand for residues",
    )
