"""Tests and intervals of one column's heads, as arrays: the paper's, and those that hold.

Links of one protein are dependent, and a head that looks at three residues with a hundred links has
three observations rather than a hundred. The paper's two-proportion test and its intervals count
links as if they were drawn one by one; they are here by name. Nulls leave a head some of its habits
and move only where they fall; `family_tests` take whole families.

Arrays are (layer, head) unless said otherwise; what is undefined is NaN, never a warning.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

__all__ = [
    "MIN_REPLICATES",
    "adjust",
    "divide",
    "null_test",
    "percentile_interval",
    "proportion_interval",
    "two_proportion_test",
]

MIN_REPLICATES = 20
"""With fewer replicates of the bootstrap there are no 2.5 % of them on either side."""

Floats = NDArray[np.float64]


def divide(numerator: ArrayLike, denominator: ArrayLike) -> Floats:
    """Return a quotient that is NaN where the denominator is 0 or either is NaN."""
    numerator = np.asarray(numerator, dtype=np.float64)
    denominator = np.asarray(denominator, dtype=np.float64)
    shape = np.broadcast_shapes(numerator.shape, denominator.shape)
    return np.divide(numerator, denominator, out=np.full(shape, np.nan), where=denominator != 0)


def two_proportion_test(
    hits: ArrayLike, links: ArrayLike, positives: ArrayLike, eligible: ArrayLike
) -> tuple[Floats, Floats]:
    """Compare heads with the base rate by the two-proportion z test of the paper.

    z = (h/l - b) / √(p(1 - p)(1/l + 1/n)) with b = positives/eligible and p pooled over links and
    the n eligible residues or pairs, as ``statsmodels.stats.proportion.proportions_ztest`` has it
    for one head at a time (Vig et al., ICLR 2021). It takes links to be independent, which within
    a protein they are not.

    Returns
    -------
    z, p : float64 array
        Positive z where the head's proportion is above the base rate; p is two-sided.
    """
    hits, links = np.asarray(hits, dtype=np.float64), np.asarray(links, dtype=np.float64)
    pooled = divide(hits + positives, links + eligible)
    variance = pooled * (1 - pooled) * (divide(1, links) + divide(1, eligible))
    z = divide(divide(hits, links) - divide(positives, eligible), np.sqrt(variance))
    return z, 2 * stats.norm.sf(np.abs(z))


def null_test(
    hits: ArrayLike, mean: ArrayLike, variance: ArrayLike, third: ArrayLike = 0.0
) -> tuple[Floats, Floats]:
    """Compare hits with a null distribution of which three moments are known.

    Both tails are those of Pearson's type III with these moments, at half a hit less far out, as
    hits are whole numbers. Its skewness is at most what lets the distribution reach 0: a rare
    property that is never hit is not thereby impossible.

    Parameters
    ----------
    hits, mean, variance, third : array
        `third` is the third central moment.

    Returns
    -------
    z, p : float64 array
        NaN where the null leaves no freedom (variance 0). p is two-sided.
    """
    mean = np.asarray(mean, dtype=np.float64)
    deviation = np.sqrt(np.asarray(variance, dtype=np.float64))
    apart = np.asarray(hits) - mean
    z = divide(apart, deviation)
    skew = divide(third, deviation**3)
    skew = np.fmin(skew, divide(2 * deviation, mean))
    above = stats.pearson3.sf(divide(apart - 0.5, deviation), skew)
    below = stats.pearson3.cdf(divide(apart + 0.5, deviation), skew)
    return z, np.where(np.isnan(z), np.nan, np.minimum(1.0, 2 * np.fmin(above, below)))


def percentile_interval(replicates: NDArray[Any], *, level: float = 0.95) -> tuple[Floats, Floats]:
    """Return the percentiles of a bootstrap's replicates (replicate, …); NaN where they are few."""
    low, high = np.full((2, *replicates.shape[1:]), np.nan)
    enough = np.isfinite(replicates).sum(axis=0) >= MIN_REPLICATES
    if enough.any():
        low[enough], high[enough] = np.nanquantile(
            replicates[:, enough], [(1 - level) / 2, (1 + level) / 2], axis=0
        )
    return low, high


def proportion_interval(
    hits: NDArray[Any], links: NDArray[Any], where: NDArray[np.bool_], *, alpha: float, method: str
) -> tuple[Floats, Floats]:
    """Return intervals of a proportion of independent links.

    Parameters
    ----------
    hits, links : array
    where : bool array
        Where an interval is wanted and there are links; NaN elsewhere.
    alpha : float
    method : str
        ``"normal"`` (Wald) or ``"wilson"``; see
        ``statsmodels.stats.proportion.proportion_confint``.

    Returns
    -------
    low, high : float64 array
    """
    low, high = np.full((2, *hits.shape), np.nan)
    if where.any():
        low[where], high[where] = proportion_confint(
            hits[where], links[where], alpha=alpha, method=method
        )
    return low, high


def adjust(p: Floats, method: str) -> Floats:
    """Return p-values adjusted for how many there are; NaN stays NaN and is not counted.

    Parameters
    ----------
    p : array
    method : str
        ``"bonferroni"``, ``"fdr_bh"`` (Benjamini & Hochberg, 1995) or another of
        ``statsmodels.stats.multitest.multipletests``.
    """
    adjusted = np.full(p.shape, np.nan)
    tested = ~np.isnan(p)
    if tested.any():
        adjusted[tested] = multipletests(p[tested], method=method)[1]
    return adjusted
