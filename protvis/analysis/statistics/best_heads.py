"""The best heads, measured on families that had no part in choosing them.

The best of many heads looks better than it is: it was chosen for what chance added to it. Here the
families are parted into folds; heads are chosen on all folds but one and measured on that one, each
in turn, so that every family measures heads chosen without it.

The folds' measurements are not independent, as each fold has a part in choosing for the others. An
interval that takes them to be is too narrow: of the best of 144 heads that know nothing, 89 % of
such intervals held the truth. The variance of K folds is therefore taken K (1 / K + 1 / (K - 1))
times (Nadeau & Bengio, Mach. Learn. 52, 239, 2003).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from protvis.analysis.statistics.family_tests import (
    effective_families,
    enrichment_interval,
    family_interval,
)
from protvis.analysis.statistics.head_counts import HeadCounts
from protvis.analysis.statistics.significance import divide

__all__ = ["BEST_COLUMNS", "best_heads"]

N_FOLDS = 5
_WIDENED = (1 + N_FOLDS / (N_FOLDS - 1)) ** 0.5

BEST_COLUMNS = (
    "rank",
    "layer",
    "head",
    "n_links",
    "n_hits",
    "proportion",
    "ci_low",
    "ci_high",
    "background",
    "enrichment",
    "enrichment_low",
    "enrichment_high",
    "n_families",
    "stability",
)
"""The columns of `best_heads`, in this order."""


def best_heads(heads: HeadCounts, n: int) -> pd.DataFrame:
    """Return the best heads of one feature and value, cross-fitted over families.

    Parameters
    ----------
    heads : HeadCounts
    n : int
        At most so many.

    Returns
    -------
    DataFrame
        `BEST_COLUMNS`, one row per rank. ``layer`` and ``head`` are chosen on all families, by the
        lower end of the 95 % interval of their enrichment. All numbers of the row are of the heads
        of this rank that were chosen on the other folds: links and hits, proportion and matched
        background (fractions), enrichment and 95 % intervals over families; NaN with fewer than two
        effective families. ``stability`` is the share of folds whose choice has this head among
        its first `n`.
    """
    counts = np.stack([heads.families(name) for name in ("hits", "links", "expected")])
    by_family = counts.reshape(3, counts.shape[1], -1)
    n_families = by_family.shape[1]
    fold = np.random.default_rng(heads.result.plan.seed).permutation(n_families) % N_FOLDS
    chosen = _choose(by_family, heads.min_links, n)
    measured = np.zeros((3, n_families, len(chosen)))
    times = np.zeros(len(chosen))
    folds = [place for place in range(N_FOLDS) if (fold == place).any()]
    for place in folds:
        others = by_family[:, fold != place]
        # As many links a family as are asked of all.
        least = heads.min_links * others.shape[1] / n_families
        found = _choose(others, least, n)
        times += np.isin(chosen, found)
        ranks = min(len(found), len(chosen))
        held_out = by_family[:, fold == place]
        measured[:, fold == place, :ranks] = held_out[..., found[:ranks]]
    hits, links, expected = measured
    low, high = family_interval(hits, links, widened=_WIDENED)
    enriched = enrichment_interval(hits, links, expected, widened=_WIDENED)
    n_links = links.sum(axis=0)
    layer, head = np.divmod(chosen, counts.shape[-1])
    values = (
        np.arange(1, len(chosen) + 1), layer + 1, head + 1, n_links.astype(int),
        hits.sum(axis=0).astype(int), divide(hits.sum(axis=0), n_links), low, high,
        divide(expected.sum(axis=0), n_links), divide(hits.sum(axis=0), expected.sum(axis=0)),
        *enriched, effective_families(links), times / max(len(folds), 1),
    )  # fmt: skip
    return pd.DataFrame(dict(zip(BEST_COLUMNS, values, strict=True)))


def _choose(counts: NDArray[np.float64], min_links: float, n: int) -> NDArray[np.intp]:
    """Return the best heads by counts (hits, links and expected; family; head), best first."""
    hits, links, expected = counts
    low, _ = enrichment_interval(hits, links, expected)
    low = np.where(np.isnan(low) | (links.sum(axis=0) < min_links), -np.inf, low)
    ranked = np.argsort(-low, kind="stable")[:n]
    return ranked[np.isfinite(low[ranked])]
