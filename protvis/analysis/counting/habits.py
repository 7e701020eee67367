"""Habits: what a head's links do that no label is needed for.

Each habit has links that could show it, those that do, and those expected by chance. Counts are
kept for a few groups of families, so that a habit can be found on some and measured on the others.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["HABITS", "HABIT_GROUPS", "OFFSETS", "SINKS", "count_habits"]

OFFSETS = range(-32, 33)
"""Distances in sequence, key - query, that are counted one by one."""

SINKS = 3
"""Keys of a protein that a sink may consist of."""

HABITS = ("special", "sink", "same", "cysteine", *(f"{offset:+d}" for offset in OFFSETS))

HABIT_GROUPS = 16

_SPECIAL_TOKENS = 2
"""Tokens beside the residues of a sequence that most models have: one at each end."""

Floats = NDArray[np.float64]


def count_habits(
    sequence: str,
    links: tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]],
    received: Floats,
) -> Floats:
    """Return links, hits and expected hits of each habit: (3, head, habit).

    * ``special``: not links but attention, of each residue on tokens that are not residues;
      expected is an even spread over the residues and two such tokens.
    * ``sink``: links to the three keys that most links of the other half of the queries (odd and
      even ones) go to; expected is an even spread over the residues.
    * ``same``: links between residues of the same amino acid, cysteine apart; expected with the
      queries exchanged at random, so that a liking for some keys does not count.
    * ``cysteine``: links of cysteines, to other cysteines; expected likewise.
    * offsets: links to the key that far behind the query; expected with both anywhere.

    Parameters
    ----------
    sequence : str
    links : head, query, key : int32 arrays (link,)
    received : (head, key)
        Attention each residue receives from residues.
    """
    n_heads, n = received.shape
    head, query, key = links
    found = np.zeros((3, n_heads, len(HABITS)))

    def by_head(chosen: NDArray[np.bool_], weights: Floats | None = None) -> Floats:
        weighed = None if weights is None else weights[chosen]
        return np.bincount(head[chosen], weighed, n_heads).astype(np.float64)

    found[0, :, 0] = n
    found[1, :, 0] = np.clip(n - received.sum(axis=1), 0, n)
    found[2, :, 0] = n * _SPECIAL_TOKENS / (n + _SPECIAL_TOKENS)

    place = head.astype(np.int64) * n + key
    of_half = [
        np.bincount(place[query % 2 == half], minlength=n_heads * n).reshape(n_heads, n)
        for half in (0, 1)
    ]
    total = by_head(np.ones(len(head), dtype=bool))
    found[0, :, 1] = total
    found[2, :, 1] = total * min(SINKS / n, 1.0)
    for own, other in (of_half, of_half[::-1]):
        sinks = np.argsort(-other, axis=1, kind="stable")[:, :SINKS]
        liked = np.take_along_axis(other, sinks, axis=1) > 0
        found[1, :, 1] += (np.take_along_axis(own, sinks, axis=1) * liked).sum(axis=1)

    letters = np.frombuffer(sequence.encode("ascii", "replace"), dtype=np.uint8)
    # How many other residues have the letter of each residue.
    twins = (letters[:, None] == letters).sum(axis=1) - 1.0
    apart, cysteine = query != key, letters == ord("C")
    same = letters[query] == letters[key]
    chance = twins[key] / max(n - 1, 1)
    for column, keys, denominator in (
        (2, ~cysteine[key], ~cysteine[query]),
        (3, cysteine[key], cysteine[query]),
    ):
        found[0, :, column] = by_head(apart & denominator)
        found[1, :, column] = by_head(apart & keys & same)
        found[2, :, column] = by_head(apart & keys, chance)

    reach, first = OFFSETS[-1], len(HABITS) - len(OFFSETS)
    offset = key.astype(np.int64) - query
    near = np.abs(offset) <= reach
    spot = head[near].astype(np.int64) * len(OFFSETS) + offset[near] + reach
    found[0, :, first:] = total[:, None]
    found[1, :, first:] = np.bincount(spot, minlength=n_heads * len(OFFSETS)).reshape(n_heads, -1)
    found[2, :, first:] = total[:, None] * np.maximum(n - np.abs(np.array(OFFSETS)), 0) / n**2
    return found
