"""Mutations: exchanges of residues named as people write them, and random ones to match them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from protvis.attention.reading import Protein
from protvis.errors import SequenceError
from protvis.models.registry import AMINO_ACIDS

__all__ = ["Mutation", "draw_matched", "is_mutation", "mutate", "name_mutation", "read_mutations"]

_MUTATION = re.compile(
    r"(?:(?P<chain>[^:\s]+):)?(?P<wild>[A-Za-z])(?P<number>-?\d+)(?P<code>[A-Za-z]?)"
    r"(?P<letter>[A-Za-z])"
)
_BURIAL_REACH = 10.0
"""Å: the neighbours of a residue are those whose Cβ is nearer."""


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
        author's, with its insertion code, and counts from 1 in a plain sequence.

    Raises
    ------
    SequenceError
        If one has another form, is not what is there, changes nothing, or a residue comes twice.
    LabelError
        If there is no such residue.
    """
    parts = given if not isinstance(given, str) else re.split(r"[\s,;/+]+", given.strip())
    found = tuple(_read(protein, part) for part in parts)
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
        raise SequenceError(f"{text!r}: {letter!r} is none of the 20 amino acids, nor X")
    if letter == wild:
        raise SequenceError(f"{text!r} changes nothing")
    return Mutation(index, wild, letter, name_mutation(protein, index, letter))


def mutate(protein: Protein, mutations: Iterable[Mutation]) -> str:
    """Return the sequence as it was given, structure letters included, with residues exchanged."""
    text = "".join(protein.text.split()).removesuffix("*")
    # With structure letters every residue takes two places.
    step = len(text) // len(protein.sequence)
    letters = list(text)
    for mutation in mutations:
        letters[step * mutation.index] = mutation.letter
    return "".join(letters)


def draw_matched(
    protein: Protein, mutations: Sequence[Mutation], n: int, seed: int
) -> tuple[list[tuple[Mutation, ...]], str]:
    """Draw random mutations that match given ones, at other positions.

    For each mutation the same new amino acid is put elsewhere: first where the same residue stands
    with as many neighbours (Cβ within 10 Å, above the chain's median or not), then where the same
    residue stands, then where any stands with as many neighbours, then anywhere.

    Parameters
    ----------
    protein : Protein
    mutations : sequence of Mutation
    n : int
        How many draws; no two are the same, so there may be fewer.
    seed : int

    Returns
    -------
    draws : list of tuple of Mutation
    words : str
        How well they match.
    """
    rng = np.random.default_rng(seed)
    buried, mutated = _buried(protein), {mutation.index for mutation in mutations}
    everywhere = range(len(protein.sequence))
    free = [index for index in everywhere if index not in mutated]
    # So many mutations leave no room for as many others elsewhere.
    crowded = len(free) < 2 * len(mutated)
    pool = list(everywhere) if crowded else free
    ranked = []
    for mutation in mutations:
        found = [
            index
            for index in rng.permutation(pool).tolist()
            if protein.sequence[index] in AMINO_ACIDS and protein.sequence[index] != mutation.letter
        ]

        def rank(index: int, mutation: Mutation = mutation) -> tuple[bool, bool]:
            same = protein.sequence[index] == mutation.wild
            return not same, buried[index] != buried[mutation.index]

        ranked.append(sorted(found, key=rank)[: max(n, 2 * len(mutations))])
    draws: dict[tuple[int, ...], tuple[Mutation, ...]] = {}
    for attempt in range(20 * n):
        chosen: list[int] = []
        for mutation_places in ranked:
            left = [index for index in mutation_places if index not in chosen]
            if len(mutations) == 1:
                left = left[attempt : attempt + 1]
            if not left:
                break
            chosen.append(left[int(rng.integers(len(left)))])
        if len(draws) == n or len(chosen) < len(mutations):
            break
        draws.setdefault(
            tuple(chosen),
            tuple(
                Mutation(
                    index,
                    protein.sequence[index],
                    one.letter,
                    name_mutation(protein, index, one.letter),
                )
                for index, one in zip(chosen, mutations, strict=True)
            ),
        )
    pairs = [pair for draw in draws.values() for pair in zip(draw, mutations, strict=True)]
    same = sum(one.wild == other.wild for one, other in pairs)
    near = sum(buried[one.index] == buried[other.index] for one, other in pairs)
    words = (
        f"{len(draws)} random draws of {len(mutations)} "
        f"{'mutation' if len(mutations) == 1 else 'mutations'} "
        f"{'at any' if crowded else 'at other'} positions, {same} of {len(pairs)} of the same "
        "residue"
    )
    if protein.chain is not None:
        words += f", {near} as buried or exposed"
    return list(draws.values()), words


def name_mutation(protein: Protein, index: int, letter: str) -> str:
    """Return the name of an exchange, ``"S195A"``, by the residue's own number."""
    wild, chain = protein.sequence[index], protein.chain
    if chain is None:
        return f"{wild}{index + 1}{letter}"
    return f"{wild}{chain.residue_numbers[index]}{chain.insertion_codes[index]}{letter}"


def _buried(protein: Protein) -> list[bool | None]:
    """Return whether each residue has more neighbours than the median; None where unknown."""
    n, chain = len(protein.sequence), protein.chain
    if chain is None:
        return [None] * n
    distances = np.asarray(chain.distance_map())
    known = ~np.isnan(np.diagonal(distances))
    if not known.any():
        return [None] * n
    neighbours = np.count_nonzero(distances < _BURIAL_REACH, axis=1)
    middle = np.median(neighbours[known])
    return [
        bool(count > middle) if seen else None
        for count, seen in zip(neighbours, known, strict=True)
    ]
