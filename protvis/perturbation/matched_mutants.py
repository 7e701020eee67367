"""Random mutants that match a given one: the same exchanges and gaps, elsewhere."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from protvis.inference.protein import Protein
from protvis.labels import AMINO_ACIDS
from protvis.perturbation.mutations import Mutation, name_mutation, residue_letters

__all__ = ["Gap", "Mutant", "draw_mutants", "find_gaps", "make_mutant"]

_BURIAL_REACH = 10.0
"""Å: the neighbours of a residue are those whose Cβ is nearer."""

_DISULFIDE = 2.5
"""Å: sulfurs nearer than this are bonded."""

MOST_GAPS = 0.5
"""Share of the residues that gaps may take and still be put elsewhere."""


@dataclass(frozen=True)
class Gap:
    """Residues that are missing, or have come in, at one place.

    Attributes
    ----------
    start : int
        Index of the first missing residue, or of the one before which others come in.
    n_missing : int
    inserted : tuple of str
        What came in: for each residue its letter, with its structure letter where there is one.
    """

    start: int
    n_missing: int
    inserted: tuple[str, ...] = ()

    def __len__(self) -> int:
        return self.n_missing + len(self.inserted)


@dataclass(frozen=True)
class Mutant:
    """A sequence with exchanges and gaps, and which of its residues are which.

    Attributes
    ----------
    name : str
        Such as ``"S54A"``, ``"G19_V21del"`` or ``"K60_T61insGG"``, joined by slashes.
    text : str
        What a model reads.
    here, there : int array (kept,)
        Residue indices in the protein and in the mutant of the residues that are in both.
    """

    name: str
    text: str
    here: NDArray[Any]
    there: NDArray[Any]


def find_gaps(first: Protein, second: Protein, pairs: NDArray[Any]) -> list[Gap]:
    """Return what is missing from, and what came into, the second of two aligned proteins."""
    letters = residue_letters(second)
    gaps = []
    i = j = 0
    for here, there in [*pairs.tolist(), [len(first.sequence), len(second.sequence)]]:
        if here > i or there > j:
            gaps.append(Gap(i, here - i, tuple(letters[j:there])))
        i, j = here + 1, there + 1
    return gaps


def make_mutant(protein: Protein, mutations: Sequence[Mutation], gaps: Sequence[Gap]) -> Mutant:
    """Return a protein with residues exchanged, taken out and put in."""
    letters, n = residue_letters(protein), len(protein.sequence)
    for mutation in mutations:
        letters[mutation.index] = mutation.letter + letters[mutation.index][1:]
    kept, before = np.ones(n, dtype=bool), np.zeros(n + 1, dtype=int)
    inserted = [""] * (n + 1)
    for gap in gaps:
        kept[gap.start : gap.start + gap.n_missing] = False
        inserted[gap.start] = "".join(gap.inserted)
        before[gap.start] = len(gap.inserted)
    text = "".join(inserted[place] + (letters[place] if kept[place] else "") for place in range(n))
    here = np.flatnonzero(kept)
    there = (np.cumsum(kept) - 1 + np.cumsum(before)[:n])[here]
    names = [mutation.name for mutation in mutations]
    names += [_name_gap(protein, gap) for gap in gaps]
    return Mutant("/".join(names), text + inserted[n], here, there)


def draw_mutants(
    protein: Protein,
    mutations: Sequence[Mutation],
    gaps: Sequence[Gap],
    n: int,
    seed: int,
    leave_out: Collection[int] = (),
) -> tuple[list[Mutant], str]:
    """Draw random mutants that match given exchanges and gaps, at other positions.

    For each exchange the same new amino acid is put elsewhere: where the same residue stands if
    that can be, else where one stands that often takes its place (BLOSUM62), and among those rather
    where it has as many neighbours (Cβ within 10 Å, above the chain's median or not). Cysteines in
    disulfide bonds stay, unless such a cysteine is what was exchanged. Each gap is put within the
    chain at another place, with the same number of residues missing and the same ones coming in.

    Parameters
    ----------
    protein : Protein
    mutations : sequence of Mutation
    gaps : sequence of Gap
    n : int
        How many draws; no two are the same, so there may be fewer.
    seed : int
    leave_out : collection of int
        Residue indices that stay as they are, such as those of a known site.

    Returns
    -------
    mutants : list of Mutant
    words : str
        How well they match.
    """
    rng = np.random.default_rng(seed)
    buried, mutated = _buried(protein), {mutation.index for mutation in mutations}
    bonded = _bonded(protein)
    spared = set(leave_out) | (bonded if not mutated & bonded else set())
    free = [
        index
        for index, letter in enumerate(protein.sequence)
        if letter in AMINO_ACIDS and index not in spared
    ]
    others = [index for index in free if index not in mutated]
    # So many mutations leave no room for as many others elsewhere.
    crowded = len(others) < 2 * len(mutated)
    pool = free if crowded else others
    alike = _Alike()
    ranked = [
        sorted(
            (
                (
                    protein.sequence[index] != mutation.wild,
                    -alike(protein.sequence[index], mutation.wild),
                    buried[index] != buried[mutation.index],
                ),
                order,
                index,
            )
            for order, index in enumerate(rng.permutation(pool).tolist())
            if protein.sequence[index] != mutation.letter
        )
        for mutation in mutations
    ]
    # Of several exchanges few places each are enough for all draws to differ.
    reach = math.ceil(n ** (1 / max(len(mutations), 1)))
    mutants: dict[str, Mutant] = {}
    drawn: list[tuple[Mutation, Mutation]] = []
    for attempt in range(20 * n):
        placed = _place_gaps(rng, protein, gaps)
        if placed is None or len(mutants) == n:
            break
        missing = {at for gap in placed for at in range(gap.start, gap.start + gap.n_missing)}
        chosen = dict.fromkeys(range(len(mutations)), -1)
        for one in rng.permutation(len(mutations)).tolist():
            taken = missing | set(chosen.values())
            left = [place for place in ranked[one] if place[2] not in taken]
            if len(mutations) == 1 and not gaps:
                left = left[attempt : attempt + 1]
            elif len(mutations) > 1:
                # Equals in a new order each time, so that draws differ.
                left = sorted(left, key=lambda place: (place[0], rng.random()))[:reach]
            if not left:
                break
            chosen[one] = left[int(rng.integers(len(left[:n])))][2]
        if -1 in chosen.values():
            break
        exchanged = [
            Mutation(
                chosen[place],
                protein.sequence[chosen[place]],
                one.letter,
                name_mutation(protein, chosen[place], one.letter),
            )
            for place, one in enumerate(mutations)
        ]
        mutant = make_mutant(protein, exchanged, placed)
        if mutant.name not in mutants:
            mutants[mutant.name] = mutant
            drawn += zip(exchanged, mutations, strict=True)
    words = _words(len(mutants), drawn, mutations, gaps, buried, alike, crowded=crowded)
    return list(mutants.values()), words


def _words(
    n_draws: int,
    drawn: Sequence[tuple[Mutation, Mutation]],
    mutations: Sequence[Mutation],
    gaps: Sequence[Gap],
    buried: Sequence[bool | None],
    alike: _Alike,
    *,
    crowded: bool,
) -> str:
    """Return how well draws match what they stand for."""
    count = f"{n_draws} random draws of "
    several = len(gaps) != 1
    lengths = f"{len(gaps)} gap{'s' * several} of the same length{'s' * several}"
    if not mutations:
        return f"{count}{lengths}, elsewhere within the chain"
    same = sum(one.wild == other.wild for one, other in drawn)
    near = sum(one.wild != other.wild and alike(one.wild, other.wild) >= 0 for one, other in drawn)
    words = (
        f"{count}{len(mutations)} {'mutation' if len(mutations) == 1 else 'mutations'} "
        f"{'at any' if crowded else 'at other'} positions, {same} of {len(drawn)} of the same "
        "residue"
    )
    if same < len(drawn):
        words += f" and {near} of one that often takes its place (BLOSUM62 of 0 or more)"
    known = [pair for pair in drawn if buried[pair[1].index] is not None]
    if known:
        close = sum(buried[one.index] == buried[other.index] for one, other in known)
        words += f", {close} as buried or exposed"
    return words + (f", each with {lengths} elsewhere" if gaps else "")


def _place_gaps(
    rng: np.random.Generator, protein: Protein, gaps: Sequence[Gap]
) -> list[Gap] | None:
    """Return gaps at random places within the chain, apart from each other; None if none fit."""
    n = len(protein.sequence)
    observed = np.zeros(n + 1, dtype=bool)
    for gap in gaps:
        observed[gap.start : gap.start + max(gap.n_missing, 1)] = True
    used = np.zeros(n + 1, dtype=bool)
    # Both ends stay.
    used[[0, n - 1, n]] = True
    placed = []
    for gap in sorted(gaps, key=len, reverse=True):
        width = max(gap.n_missing, 1)
        for closed in (used | observed, used):
            full = np.concatenate([[0], np.cumsum(closed)])
            open_ = np.flatnonzero(full[width:] == full[:-width])
            if len(open_):
                break
        else:
            return None
        start = int(rng.choice(open_))
        placed.append(Gap(start, gap.n_missing, gap.inserted))
        # A residue stays between two gaps, so that they are two.
        used[start - 1 : start + width + 1] = True
    return placed


def _name_gap(protein: Protein, gap: Gap) -> str:
    """Return the name of a gap as geneticists write it: ``"G19_V21del"``, ``"K60_T61insGG"``."""

    def name(index: int) -> str:
        return name_mutation(protein, index, "")

    n, first, last = len(protein.sequence), gap.start, gap.start + gap.n_missing - 1
    letters = "".join(part[0] for part in gap.inserted)
    if not gap.n_missing:
        sides = [name(index) for index in (first - 1, first) if 0 <= index < n]
        return f"{'_'.join(sides)}ins{letters}"
    place = name(first) if first == last else f"{name(first)}_{name(last)}"
    return f"{place}del{f'ins{letters}' if letters else ''}"


class _Alike:
    """How readily one residue takes the place of another: BLOSUM62."""

    def __init__(self) -> None:
        from Bio.Align import substitution_matrices

        self._matrix = substitution_matrices.load("BLOSUM62")
        self._known = set(str(self._matrix.alphabet))

    def __call__(self, one: str, other: str) -> int:
        if not {one, other} <= self._known:
            return -4
        return int(self._matrix[one, other])


def _bonded(protein: Protein) -> set[int]:
    """Return the cysteines in disulfide bonds within the chain."""
    if protein.chain is None:
        return set()
    sulfurs = np.asarray(protein.chain.coordinates("SG"), dtype=np.float64)
    rows = np.flatnonzero(~np.isnan(sulfurs[:, 0]))
    pairs = cKDTree(sulfurs[rows]).query_pairs(_DISULFIDE)
    near = {int(rows[row]) for pair in pairs for row in pair}
    return {index for index in near if protein.sequence[index] == "C"}


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
