"""Own minus others, one link and one relative at a time: slow, and meant to be read."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

import numpy as np

from tests.analysis.slow_nulls import moments

Places = Sequence[np.ndarray]
Where = dict[tuple[int, ...], tuple[int, ...]]


def score(places: Places, labels: Sequence, known: Sequence, links: Sequence, p: int, q: int):
    """Return links of p with a counterpart, and what they score on q.

    Labels and what is known are indexed by a residue or a pair, as links are.
    """
    here = [{int(place): index for index, place in enumerate(own) if place >= 0} for own in places]
    n_links, total = 0, 0.0
    for link in links:
        at = [int(places[p][residue]) for residue in link]
        if min(at) < 0 or not known[p][link]:
            continue
        there = {}
        for member, index in enumerate(here):
            if all(place in index for place in at):
                same = tuple(index[place] for place in at)
                if known[member][same]:
                    there[member] = float(labels[member][same])
        if len(there) < 2:
            continue
        n_links += 1
        if q in there:
            # What q has beyond what its relatives have on average.
            others = [value for member, value in there.items() if member != q]
            total += there[q] - sum(others) / len(others)
    return n_links, total


def permuted(scores: np.ndarray) -> tuple[float, float, float]:
    """Return the moments of the sum of scores over all ways to deal links to members."""
    n = len(scores)
    return moments([sum(scores[p, order[p]] for p in range(n)) for order in permutations(range(n))])
