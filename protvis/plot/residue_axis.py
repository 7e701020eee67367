"""Residues along an axis: round author numbers, the ends of chains, labels that keep apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from protvis.labels import ResidueLabel, parse_residue

__all__ = ["ResidueAxis", "spread"]

_STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


@dataclass(frozen=True)
class ResidueAxis:
    """The residues of one or several chains in a row.

    Attributes
    ----------
    labels : tuple of str
        One per residue, such as ``"A:SER195"``.
    """

    labels: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.labels)

    @cached_property
    def parts(self) -> list[ResidueLabel]:
        """The parts of the labels."""
        return [parse_residue(label) for label in self.labels]

    @cached_property
    def borders(self) -> list[int]:
        """First residue of every chain but the first."""
        chains = [part.chain_id for part in self.parts]
        return [at for at in range(1, len(chains)) if chains[at] != chains[at - 1]]

    @property
    def segments(self) -> list[tuple[str, int, int]]:
        """(chain id, start, stop) of each chain."""
        edges = [0, *self.borders, len(self)]
        return [
            (self.parts[start].chain_id or "", start, stop)
            for start, stop in pairwise(edges)
            if stop > start
        ]

    def ticks(self, room: int) -> tuple[NDArray[np.int64], list[str]]:
        """Return residues to label, at round author numbers, and their numbers.

        Parameters
        ----------
        room : int
            About so many labels at most.
        """
        length = max(len(self), 1)
        step = next((step for step in _STEPS if length <= room * step), 2000)
        found: list[int] = []
        for at, part in enumerate(self.parts):
            # Where numbers are missing from the sequence, round ones come close to each other.
            apart = not found or at - found[-1] >= 0.7 * length / room
            if part.number % step == 0 and not part.insertion_code and apart:
                found.append(at)
        if not found and len(self):
            found = [0]
        return np.array(found, dtype=np.int64), [str(self.parts[at].number) for at in found]

    def short(self, at: int) -> str:
        """Return a residue's label; without its chain where there is only one."""
        label = self.labels[at]
        return label if self.borders else label.partition(":")[2] or label


def spread(places: Sequence[float], gap: float, low: float, high: float) -> NDArray[np.float64]:
    """Return places near those given, in their order, at least `gap` apart if there is room.

    Parameters
    ----------
    places : sequence of float
        Ascending.
    gap, low, high : float
        Least distance, and the ends of the room.
    """
    moved = np.asarray(places, np.float64).copy()
    if moved.size < 2:
        return np.clip(moved, low, high)
    gap = min(gap, (high - low) / (moved.size - 1))
    offsets = gap * np.arange(moved.size)
    # With the gaps taken out, "at least `gap` apart" is "ascending": the nearest such places are
    # the means of those that are pooled.
    pooled: list[tuple[float, int]] = []
    for value in moved - offsets:
        mean, count = float(value), 1
        while pooled and pooled[-1][0] >= mean:
            before, several = pooled.pop()
            mean = (mean * count + before * several) / (count + several)
            count += several
        pooled.append((mean, count))
    level = np.concatenate([np.full(count, mean) for mean, count in pooled])
    return np.clip(level, low, high - offsets[-1]) + offsets
