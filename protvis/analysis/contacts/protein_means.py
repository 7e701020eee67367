"""Means over proteins, with intervals, updated one protein at a time."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from protvis.analysis.counting.record_counter import poisson_weights

__all__ = ["ProteinMeans"]


class ProteinMeans:
    """Running means and their bootstrap over proteins; no protein is kept.

    The bootstrap is Poisson's (`poisson_weights`): its draws follow the
    record's id, so the order in which proteins come changes nothing but rounding.

    Parameters
    ----------
    shape : tuple of int
        Shape of the numbers of one protein.
    n_bootstrap : int
    seed : int

    Attributes
    ----------
    n_proteins : int array
        How many proteins each mean is over.
    """

    def __init__(self, shape: tuple[int, ...], n_bootstrap: int, seed: int) -> None:
        self._n_bootstrap, self._seed = n_bootstrap, seed
        self._sum = np.zeros(shape)
        self.n_proteins = np.zeros(shape, dtype=np.int64)
        self._boot_sum = np.zeros((n_bootstrap, *shape))
        self._boot_count = np.zeros((n_bootstrap, *shape), dtype=np.int32)

    def add(self, record_id: str, values: NDArray[np.floating]) -> None:
        """Add a protein's numbers; NaN ones do not count."""
        known = ~np.isnan(values)
        filled = np.where(known, values, 0.0)
        self._sum += filled
        self.n_proteins += known
        for replicate, times in enumerate(
            poisson_weights(record_id, self._n_bootstrap, self._seed)
        ):
            if times:
                self._boot_sum[replicate] += times * filled
                self._boot_count[replicate] += (times * known).astype(np.int32)

    def mean(self) -> NDArray[np.float64]:
        """Return the means, NaN where no protein counted."""
        return _ratio(self._sum, self.n_proteins)

    def interval(self, level: float = 0.95) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the lower and upper ends of the percentile interval.

        NaN where fewer than two proteins counted: one says nothing about others.
        """
        replicates = _ratio(self._boot_sum, self._boot_count)
        if not self._n_bootstrap:
            replicates = np.full((1, *self._sum.shape), np.nan)
        tail = (1 - level) / 2
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "All-NaN slice", RuntimeWarning)
            low, high = np.nanquantile(replicates, [tail, 1 - tail], axis=0)
        few = self.n_proteins < 2
        return np.where(few, np.nan, low), np.where(few, np.nan, high)


def _ratio(total: NDArray[np.float64], count: NDArray[np.integer]) -> NDArray[np.float64]:
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
