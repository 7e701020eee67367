"""Means over proteins, with intervals, updated one protein at a time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import stats

__all__ = ["ProteinMeans"]


class ProteinMeans:
    """Running means of shares and their t intervals over proteins; no protein is kept.

    Parameters
    ----------
    shape : tuple of int
        Shape of the numbers of one protein.

    Attributes
    ----------
    n_proteins : int array
        How many proteins each mean is over.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.n_proteins = np.zeros(shape, dtype=np.int64)
        self._mean, self._squares = np.zeros((2, *shape))

    def add(self, values: NDArray[np.floating]) -> None:
        """Add a protein's numbers; NaN ones do not count."""
        known = ~np.isnan(values)
        self.n_proteins += known
        apart = np.where(known, values, self._mean) - self._mean
        self._mean += apart / np.maximum(self.n_proteins, 1)
        # Welford's sum of squared deviations.
        self._squares += apart * (np.where(known, values, self._mean) - self._mean)

    def mean(self) -> NDArray[np.float64]:
        """Return the means, NaN where no protein counted."""
        return np.where(self.n_proteins > 0, self._mean, np.nan)

    def interval(self, level: float = 0.95) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the lower and upper ends of Student's t interval.

        NaN where fewer than two proteins counted: one says nothing about others. Shares stay within
        0 and 1.
        """
        n = np.where(self.n_proteins >= 2, self.n_proteins, np.nan)
        reach = stats.t.isf((1 - level) / 2, n - 1) * np.sqrt(self._squares / (n - 1) / n)
        mean = self.mean()
        return np.clip(mean - reach, 0, 1), np.clip(mean + reach, 0, 1)
