"""Own minus others: what a head hits in its own protein beyond what it hits in relatives.

The counts are those of `protvis.analysis.counting.aligned_members`; arrays are (layer, head).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from protvis.analysis.counting.counters import unit_of
from protvis.analysis.counting.result import Result
from protvis.analysis.statistics.significance import divide, null_test

__all__ = ["OwnMinusOthers", "own_minus_others"]

Floats = NDArray[np.float64]

_MIN_ROWS = 3
"""Members that a family needs for the skewness of its permutations."""


@dataclass(frozen=True, eq=False)
class OwnMinusOthers:
    """All heads of one column against the null ``aligned``.

    Attributes
    ----------
    links, hits : float64 array
        Links with a counterpart in a relative, and those that hit.
    expected : float64 array
        Hits of the same links on the relatives, each link by the mean of those that have its place.
    low, high : float64 array
        95 % t interval of (hits - expected) / links over members.
    z, p : float64 array
        Of the permutations of links and members; p is two-sided.
    """

    links: Floats
    hits: Floats
    expected: Floats
    low: Floats
    high: Floats
    z: Floats
    p: Floats

    @property
    def difference(self) -> Floats:
        """The share of links that hit, minus that on the relatives."""
        return divide(self.hits - self.expected, self.links)


def own_minus_others(result: Result, column: int) -> OwnMinusOthers:
    """Return what one column's heads hit in their own proteins beyond the relatives.

    Parameters
    ----------
    result : Result
    column : int
        Place in the plan's columns.
    """
    counters = result.counters
    whole = {
        name: counters[f"aligned_{name}"][..., column].astype(np.float64)
        for name in ("links", "hits", "own", "scores", "squares", "cubes")
    }
    own, scores, squares = (whole[name] * unit_of("") for name in ("own", "scores", "squares"))
    cubes = whole["cubes"] * unit_of("aligned_cubes")
    counted = counters["aligned_rows"] > 0
    variance, third = np.zeros((2, *own.shape[1:]))
    # Each member's own score, less what links of all members score on it.
    apart = np.zeros_like(own)
    first = 0
    for family, size in enumerate(result.plan.aligned):
        members = slice(first, first + size)
        first += size
        n = int(counted[members].sum())
        if n < _MIN_ROWS:
            continue
        mean = scores[members] / n
        apart[members] = np.where(counted[members, None, None], own[members] - mean, 0.0)
        variance += (squares[members].sum(axis=0) - n * np.square(mean).sum(axis=0)) / (n - 1)
        left = cubes[family] - (3 * mean * squares[members] - 2 * n * mean**3).sum(axis=0)
        third += left * n / ((n - 1) * (n - 2))
    # Rounding leaves a hair where all members are alike.
    variance = np.where(variance < 1e-6, 0.0, variance)
    links, hits = whole["links"].sum(axis=0), whole["hits"].sum(axis=0)
    difference = own.sum(axis=0)
    z, p = null_test(hits, hits - difference, variance, third)
    n = counted.sum()
    share = divide(difference, links)
    spread = np.square(apart - share * whole["links"]).sum(axis=0) * divide(n, n - 1)
    reach = stats.t.isf(0.025, n - 1) * divide(np.sqrt(spread), links) if n > 1 else np.nan
    return OwnMinusOthers(links, hits, hits - difference, share - reach, share + reach, z, p)
