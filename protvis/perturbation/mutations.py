"""Mutations: exchanges of residues, named as people write them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from protvis.errors import SequenceError
from protvis.inference.protein import Protein
from protvis.labels import AMINO_ACIDS

__all__ = [
    "Mutation",
    "is_mutation",
    "mutate",
    "name_mutation",
    "read_mutations",
    "residue_letters",
]

_MUTATION = re.compile(
    r"(?:(?P<chain>[^:\s]+):)?(?P<wild>[A-Za-z])(?P<number>-?\d+)(?P<code>[A-Za-z]?)"
    r"(?P<letter>[A-Za-z])"
)


@dataclass(frozen=True)
class Mutation:
    """One residue exchanged for another.

    Attributes
    ----------
    index : int
        Residue index.
    wild, letter : str
        The amino acid that is there, and the one that takes its place.
    name : str
        As people write it, ``"S195A"``.
    """

    index: int
    wild: str
    letter: str
    name: str


def is_mutation(text: object) -> bool:
    """Return whether a text names mutations; a sequence holds no digits."""
    return isinstance(text, str) and any(letter.isdigit() for letter in text)


def read_mutations(protein: Protein, given: str | Iterable[str]) -> tuple[Mutation, ...]:
    """Return mutations by their names.

    Parameters
    ----------
    protein : Protein
    given : str or iterable of str
        Such as ``"S195A"``, ``"A:Y184AV"`` (Tyr 184A) or ``"S195A/D189K"``; the number is the
        author's, with its insertion code, and counts from 1 in a plain sequence. X in place of an
        amino acid is an unknown one, as the model reads it.

    Raises
    ------
    SequenceError
        If one has another form, is not what is there, changes nothing, or a residue comes twice.
    LabelError
        If there is no such residue.
    """
    if isinstance(given, str):
        given = [part for part in re.split(r"[\s,;/+]+", given) if part]
    found = tuple(_read(protein, part) for part in given)
    places = [mutation.index for mutation in found]
    if not found or len(set(places)) != len(places):
        raise SequenceError(f"expected mutations of different residues, got {given!r}")
    return found


def _read(protein: Protein, text: str) -> Mutation:
    match = _MUTATION.fullmatch(str(text).strip())
    if match is None:
        raise SequenceError(
            f"expected a mutation such as 'S195A' (what is there, number, what takes its place), "
            f"got {text!r}"
        )
    chain = f"{match['chain']}:" if match["chain"] else ""
    index = protein.find(f"{chain}{match['number']}{match['code']}")
    wild, letter = match["wild"].upper(), match["letter"].upper()
    if protein.sequence[index] != wild:
        raise SequenceError(
            f"{text!r} exchanges {wild}, but residue {protein.labels[index]} is "
            f"{protein.sequence[index]}"
        )
    if letter not in f"{AMINO_ACIDS}X":
        raise SequenceError(f"{text!r}: {letter!r} is neither one of the 20 amino acids nor X")
    if letter == wild:
        raise SequenceError(f"{text!r} changes nothing")
    return Mutation(index, wild, letter, name_mutation(protein, index, letter))


def mutate(protein: Protein, mutations: Iterable[Mutation]) -> str:
    """Return the sequence as it was given, structure letters included, with residues exchanged."""
    letters = residue_letters(protein)
    for mutation in mutations:
        letters[mutation.index] = mutation.letter + letters[mutation.index][1:]
    return "".join(letters)


def residue_letters(protein: Protein) -> list[str]:
    """Return what stands for each residue in the sequence as it was given."""
    text = "".join(protein.text.split()).removesuffix("*")
    # With structure letters every residue takes two places.
    step = len(text) // len(protein.sequence)
    return [text[start : start + step] for start in range(0, len(text), step)]


def name_mutation(protein: Protein, index: int, letter: str) -> str:
    """Return the name of an exchange, ``"S195A"``, by the residue's own number."""
    wild, chain = protein.sequence[index], protein.chain
    if chain is None:
        return f"{wild}{index + 1}{letter}"
    return f"{wild}{chain.residue_numbers[index]}{chain.insertion_codes[index]}{letter}"
