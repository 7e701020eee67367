"""Families against alignments of every pair, and of sequences that were changed on purpose."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from Bio.Align import PairwiseAligner, substitution_matrices

from protvis.analysis.splits.families import are_related, find_families

LETTERS = "ACDEFGHIKLMNPQRSTVWY"


def draw(rng: np.random.Generator, n: int) -> str:
    return "".join(rng.choice(list(LETTERS), n))


def exchange(rng: np.random.Generator, sequence: str, identity: float) -> str:
    """Return a relative: residues exchanged in stretches, a few lost and inserted."""
    kept = np.repeat(rng.beta(1.5 * identity, 1.5 * (1 - identity), len(sequence) // 5 + 1), 5)
    found = []
    for letter, keep in zip(sequence, kept, strict=False):
        found.append(letter if rng.random() < keep else str(rng.choice(list(LETTERS))))
        if rng.random() < 0.01:
            found[-1] = str(rng.choice(["", found[-1] + draw(rng, 3)]))
    return "".join(found)


def slowly_related(first: str, second: str) -> bool:
    """Biopython's alignment, and the definition's three conditions."""
    aligner = PairwiseAligner(mode="local", open_gap_score=-12, extend_gap_score=-1)
    aligner.substitution_matrix = substitution_matrices.load("BLOSUM62")
    found = aligner.align(first, second)
    if not found.score:
        return False
    pairs = [
        (first[i], second[j])
        for (start, end), (other, _) in zip(*found[0].aligned, strict=True)
        for i, j in zip(range(start, end), range(other, other + end - start), strict=True)
    ]
    identical = sum(a == b for a, b in pairs)
    shorter = min(len(first), len(second))
    return found.score >= 45 and len(pairs) >= 0.8 * shorter and identical >= 0.3 * len(pairs)


@pytest.fixture(scope="module")
def sequences() -> list[str]:
    rng = np.random.default_rng(3)
    found = [draw(rng, int(n)) for n in rng.integers(20, 200, 12)]
    found += [exchange(rng, found[0], 0.5), exchange(rng, found[5], 0.7), found[5]]
    found += [draw(rng, 60) + found[3] + draw(rng, 80), found[7][:40], "GSHHHHHHSSG", "HHHHHH"]
    return found


def test_a_family_is_what_alignments_of_all_pairs_link(sequences: list[str]) -> None:
    family = list(range(len(sequences)))
    for first, second in combinations(range(len(sequences)), 2):
        if sequences[first] == sequences[second] or slowly_related(
            sequences[first], sequences[second]
        ):
            old, new = sorted((family[first], family[second]), reverse=True)
            family = [new if one == old else one for one in family]
    assert find_families(sequences).tolist() == family
    assert len(set(family)) < len(family) - 3


def test_two_relatives_by_either_program(sequences: list[str]) -> None:
    rng = np.random.default_rng(4)
    for identity in (0.2, 0.35, 0.5, 0.8):
        for sequence in sequences[:8]:
            other = exchange(rng, sequence, identity)
            assert are_related(sequence, other) == slowly_related(sequence, other)


@pytest.mark.slow
def test_distant_relatives_are_found_among_strangers() -> None:
    rng = np.random.default_rng(5)
    parents = [draw(rng, int(n)) for n in rng.integers(80, 350, 40)]
    children = [exchange(rng, parent, 0.42) for parent in parents]
    related = [are_related(*pair) for pair in zip(parents, children, strict=True)]
    found = find_families(parents + children)
    together = found[:40] == found[40:]
    assert sum(related) > 30
    assert together[related].mean() > 0.95
    assert len(set(found[:40])) == 40


def test_the_order_decides_only_names(sequences: list[str]) -> None:
    found = find_families(sequences)
    order = np.random.default_rng(0).permutation(len(sequences))
    again = find_families([sequences[place] for place in order])
    same = found[:, None] == found
    assert (same[np.ix_(order, order)] == (again[:, None] == again)).all()


def test_short_and_unknown() -> None:
    assert find_families([]).tolist() == []
    assert find_families(["A", "A", "XXXXXXXXXXXXXXXXXXXX", "XXXXXXXXXXXXXXXXXXXXX"]).tolist() == [
        0, 0, 2, 3,
    ]  # fmt: skip
