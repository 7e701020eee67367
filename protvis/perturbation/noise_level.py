"""How much attention differs anyway: the differences that matched random mutations make."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from protvis.attention.maps import AttentionMaps
from protvis.inference.protein import Protein
from protvis.perturbation.matched_mutants import Mutant

__all__ = ["NoiseLevel", "far_pairs", "measure_noise", "summarize_difference"]

QUANTILE = 0.95


@dataclass(frozen=True)
class NoiseLevel:
    """Differences between a sequence and random mutants of it.

    Attributes
    ----------
    mutants : tuple of str
        Each draw's mutations, such as ``"S54A"``.
    largest : float32 array (draw, layer, head)
        The largest |Δ| of each draw in each head.
    mean : float32 array (draw, layer, head)
        The mean |Δ|.
    words : str
        How the draws match the sequences compared.
    largest_of_means : float32 array (draw, layer), optional
        The largest |Δ| of each layer's mean over heads.
    """

    mutants: tuple[str, ...]
    largest: NDArray[Any]
    mean: NDArray[Any]
    words: str
    largest_of_means: NDArray[Any] | None = None

    @property
    def chance(self) -> float:
        """Chance that another random mutant exceeds a threshold: 1/20, more with few draws."""
        n = len(self.mutants)
        return (n + 1 - _rank(n)) / (n + 1)

    @property
    def threshold(self) -> NDArray[Any]:
        """The noise threshold for each head's largest |Δ|: float32 (layer, head).

        Of n draws, the one of rank 0.95 (n + 1), rounded up, so that another random mutant stays
        below it with a probability of at least 95 %. With fewer than 39 draws it is the largest,
        and with fewer than 19 another mutant exceeds it more often (`chance`).
        """
        return np.sort(self.largest, axis=0)[_rank(len(self.mutants)) - 1]

    @property
    def threshold_of_means(self) -> NDArray[Any] | None:
        """The same for each layer's mean over heads: float32 (layer,); None if not measured."""
        if self.largest_of_means is None:
            return None
        return np.sort(self.largest_of_means, axis=0)[_rank(len(self.mutants)) - 1]

    @property
    def rank_words(self) -> str:
        """Which draw sets a threshold, such as ``"the largest of 20"``."""
        n = len(self.mutants)
        rank = _rank(n)
        return f"the largest of {n}" if rank == n else f"number {rank} of {n} from below"

    @property
    def overall_threshold(self) -> float:
        """The same quantile for the largest |Δ| over all heads."""
        return float(np.sort(self.largest.max(axis=(1, 2)))[_rank(len(self.mutants)) - 1])

    def enough_for(self, n_heads: int) -> int:
        """Return the fewest mutants with which one of `n_heads` heads can be called.

        p is at least 1 / (draws + 1); corrected for n heads (Bonferroni, or the smallest p in
        Benjamini-Hochberg) it is n times that, and must not exceed 0.05.
        """
        return round(n_heads / (1 - QUANTILE)) - 1

    def p_value(self, observed: NDArray[Any], *, of: str = "largest") -> NDArray[Any]:
        """Return (1 + draws that reach what was observed) / (1 + draws): (layer, head).

        Parameters
        ----------
        observed : array (layer, head)
        of : {"largest", "mean"}
        """
        draws = self.largest if of == "largest" else self.mean
        return (1 + (draws >= observed).sum(axis=0)) / (1 + len(draws))


def _rank(n_draws: int) -> int:
    return min(n_draws, math.ceil(QUANTILE * (n_draws + 1)))


def measure_noise(
    protein: Protein,
    maps: AttentionMaps,
    mutants: Sequence[Mutant],
    words: str,
    *,
    among: NDArray[Any],
    min_separation: int,
    advance: Callable[[int], object] = bool,
) -> NoiseLevel:
    """Compare a sequence with random mutants.

    Parameters
    ----------
    protein : Protein
    maps : AttentionMaps
        The protein's own.
    mutants : sequence of Mutant
        See `protvis.perturbation.matched_mutants.draw_mutants`.
    words : str
        How they match what is compared.
    among : int array (residue,)
        Indices of the residues whose pairs count: those that what is compared has, too.
    min_separation : int
    advance : callable, optional
        Told of each mutant that is done.
    """
    shape = (len(mutants), len(maps.layers), len(maps.heads))
    largest, mean = np.zeros(shape, dtype=np.float32), np.zeros(shape, dtype=np.float32)
    largest_of_means = np.zeros(shape[:2], dtype=np.float32)
    far = far_pairs(maps.n_residues, min_separation)
    place_of = {layer - 1: place for place, layer in enumerate(maps.layers)}
    for row, mutant in enumerate(mutants):
        both = np.isin(mutant.here, among)
        own, other = (np.ix_(part[both], part[both]) for part in (mutant.here, mutant.there))
        pairs = far[own]

        def compare(
            layer: int,
            block: NDArray[Any],
            _: NDArray[Any],
            row: int = row,
            own: tuple[NDArray[Any], ...] = own,
            other: tuple[NDArray[Any], ...] = other,
            pairs: NDArray[Any] = pairs,
        ) -> None:
            place = place_of[layer]
            for head, values in enumerate(block):
                delta = values[other] - maps.values[place, head][own]
                largest[row, place, head], mean[row, place, head] = summarize_difference(
                    delta, pairs
                )
            delta = block.mean(0)[other] - maps.values[place].mean(0)[own]
            largest_of_means[row, place] = summarize_difference(delta, pairs)[0]

        protein.model.capture(
            mutant.text, compare, layers=list(maps.layers), heads=list(maps.heads)
        )
        advance(1)
    names = tuple(mutant.name for mutant in mutants)
    return NoiseLevel(names, largest, mean, words, largest_of_means)


def far_pairs(n_residues: int, min_separation: int) -> NDArray[Any]:
    """Return which ordered pairs are far enough apart to count: bool (query, key)."""
    places = np.arange(n_residues)
    return np.abs(places[:, None] - places) >= max(min_separation, 1)


def summarize_difference(delta: NDArray[Any], pairs: NDArray[Any]) -> tuple[float, float]:
    """Return the largest and the mean |Δ| over marked pairs; NaN where there are none."""
    sizes = np.abs(delta[pairs])
    sizes = sizes[~np.isnan(sizes)]
    if not len(sizes):
        return float("nan"), float("nan")
    return float(sizes.max()), float(sizes.mean(dtype=np.float64))
