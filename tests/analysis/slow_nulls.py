"""The nulls of a head, written as the loops they are: slow, and meant to be read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import permutations

import numpy as np

Links = Sequence[tuple[int, int]]


def moments(values: Sequence[float]) -> tuple[float, float, float]:
    """Return mean, variance and third central moment of equally likely values."""
    mean = sum(values) / len(values)
    return (
        mean,
        sum((value - mean) ** 2 for value in values) / len(values),
        sum((value - mean) ** 3 for value in values) / len(values),
    )


def of_single_links(chances: Sequence[float]) -> tuple[float, float, float]:
    """Return the moments of the hits of independent links."""
    return (
        sum(chances),
        sum(p * (1 - p) for p in chances),
        sum(p * (1 - p) * (1 - 2 * p) for p in chances),
    )


def by_exchange(by_key: Sequence[int], labels: Sequence[int]) -> tuple[float, float, float]:
    """Return the moments of the hits over all orders of the keys."""
    return moments(
        [sum(c * f for c, f in zip(by_key, order, strict=True)) for order in permutations(labels)]
    )


def over_shifts(
    n: int,
    hits: float,
    excess: Callable[[int], float],
    spread: Callable[[int], float],
    sampled: bool,
    usual_of_all: bool = False,
) -> tuple[float, float, float]:
    """Return the moments of the hits from excess and spread after each shift."""
    shifts = [1 + k * (n - 1) // 16 for k in range(16)] if sampled and n > 16 else range(n)
    mean, variance, third = moments([excess(s) for s in shifts])
    common = range(n) if usual_of_all else shifts
    usual = sum(spread(s) for s in common) / len(common)
    scale = max(1.0, spread(0) / usual) if usual > 1e-12 else 1.0
    if len(shifts) < n:
        scale *= 17 / 15
    return hits - excess(0) + mean, variance * scale, third * scale**1.5


# Pairs


def rate_by_separation(hits: np.ndarray, eligible: np.ndarray, i: int, j: int) -> float:
    n = len(hits)
    alike = [
        hits[a, b]
        for a in range(n)
        for b in range(n)
        if eligible[a, b] and abs(a - b) == abs(i - j)
    ]
    return sum(alike) / len(alike)


def chances_by_amino_acid(hits: np.ndarray, eligible: np.ndarray, sequence: str) -> np.ndarray:
    """Return chances with the hits of each separation, and of each two amino acids."""
    n = len(hits)
    pairs = [(i, j) for i in range(n) for j in range(i + 1, n) if eligible[i, j]]
    chances = dict.fromkeys(pairs, 1.0)

    def scaled(group: Callable[[int, int], object]) -> None:
        wanted: dict[object, float] = defaultdict(float)
        found: dict[object, float] = defaultdict(float)
        for pair in pairs:
            wanted[group(*pair)] += hits[pair]
            found[group(*pair)] += chances[pair]
        for pair in pairs:
            usual = found[group(*pair)]
            chances[pair] = chances[pair] * wanted[group(*pair)] / usual if usual else 0.0

    for _ in range(10):
        scaled(lambda i, j: j - i)
        scaled(lambda i, j: (frozenset((sequence[i], sequence[j])), (j - i >= 9) + (j - i >= 15)))
    found = np.zeros((n, n))
    for i, j in pairs:
        found[i, j] = found[j, i] = min(chances[i, j], 1.0)
    return found


def shifted_pairs(
    links: Links, hits: np.ndarray, eligible: np.ndarray, chances: np.ndarray, sampled: bool
) -> tuple[float, float, float]:
    """Return the moments of a head's hits when all links move along the chain."""
    n = len(hits)

    def moved(s: int) -> list[tuple[int, int]]:
        places = [((i + s) % n, (j + s) % n, j - i) for i, j in links]
        return [(a, b) for a, b, apart in places if b - a == apart and eligible[a, b]]

    return over_shifts(
        n,
        sum(hits[i, j] for i, j in links if eligible[i, j]),
        lambda s: sum(hits[a, b] - chances[a, b] for a, b in moved(s)),
        lambda s: sum(chances[a, b] * (1 - chances[a, b]) for a, b in moved(s)),
        sampled,
    )


# Residues


def zone(place: int, n: int) -> tuple[str, int]:
    """Return which end of the chain a residue is near, and how near."""
    from_start, from_end = place, n - 1 - place
    for number, end in enumerate((2, 5, 10, 24)):
        if min(from_start, from_end) < end:
            return ("start" if from_start < from_end else "end", number)
    return ("far", 0)


def what_groups_leave(labels: Sequence[float], *groups: Sequence[object]) -> np.ndarray:
    """Return what a linear model with an effect of each group leaves of the labels."""
    columns = [[key == one for key in keys] for keys in groups for one in sorted(set(keys))]
    design = np.array(columns, dtype=float).T
    fitted, *_ = np.linalg.lstsq(design, np.asarray(labels, dtype=float), rcond=1e-10)
    return np.asarray(labels) - design @ fitted


def turned_profile(
    by_key: Sequence[float], labels: Sequence[float], left: np.ndarray, sampled: bool
) -> tuple[float, float, float]:
    """Return the moments of a head's hits when its links by key turn along the chain."""
    n = len(labels)
    chances = [min(max(label - rest, 0.0), 1.0) for label, rest in zip(labels, left, strict=True)]
    return over_shifts(
        n,
        sum(c * f for c, f in zip(by_key, labels, strict=True)),
        lambda s: sum(by_key[(j + s) % n] * left[j] for j in range(n)),
        lambda s: sum(by_key[(j + s) % n] ** 2 * p * (1 - p) for j, p in enumerate(chances)),
        sampled,
        usual_of_all=True,
    )
