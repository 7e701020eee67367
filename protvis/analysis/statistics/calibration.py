"""Calibration: how often a pair with a given attention weight is a contact.

Ordered eligible pairs are counted: i to j and j to i are two weights of one contact. Pairs of a
protein depend on each other, so the intervals, which assume independence, are lower bounds.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from statsmodels.stats.proportion import proportion_confint

from protvis.analysis.counting.counters import UNIT
from protvis.analysis.counting.plan import BIN_EDGES
from protvis.analysis.counting.result import Result
from protvis.analysis.statistics.significance import divide
from protvis.errors import OptionError

__all__ = ["calibration_scores", "calibration_table"]


def calibration_table(result: Result) -> pd.DataFrame:
    """Return how often pairs are in contact, by the attention weight between them.

    Parameters
    ----------
    result : Result
        Of a run that counted the feature ``contact``.

    Returns
    -------
    DataFrame
        One row per (layer, head, bin): ``weight_low``, ``weight_high`` (the bin holds its lower
        edge; the last one also 1), ``n_pairs``, ``n_contacts``, ``mean_weight``, ``probability``
        (the share of contacts), ``ci_low``, ``ci_high`` (Wilson, 95 %). NaN in empty bins.

    Raises
    ------
    OptionError
        If contacts were not counted.
    """
    _contact_column(result)
    counters = result.counters
    pairs, contacts = counters["bin_pairs"], counters["bin_contacts"]
    layer, head, place = np.indices(pairs.shape).reshape(3, -1)
    n_pairs, n_contacts = pairs.ravel(), contacts.ravel()
    low, high = np.full((2, n_pairs.size), np.nan)
    some = n_pairs > 0
    if some.any():
        low[some], high[some] = proportion_confint(
            n_contacts[some], n_pairs[some], alpha=0.05, method="wilson"
        )
    edges = np.asarray(BIN_EDGES)
    return pd.DataFrame(
        {
            "layer": layer + 1,
            "head": head + 1,
            "weight_low": edges[place],
            "weight_high": edges[place + 1],
            "n_pairs": n_pairs,
            "n_contacts": n_contacts,
            "mean_weight": divide(counters["bin_weight"].ravel() * UNIT, n_pairs),
            "probability": divide(n_contacts, n_pairs),
            "ci_low": low,
            "ci_high": high,
        }
    )


def calibration_scores(result: Result) -> pd.DataFrame:
    """Return how good a probability of contact each head's attention is.

    Parameters
    ----------
    result : Result
        Of a run that counted the feature ``contact``.

    Returns
    -------
    DataFrame
        One row per (layer, head): ``n_pairs`` (eligible, ordered), ``base_rate``, ``brier`` = mean
        of (α - y)² with y 1 for a contact (Brier, 1950), ``brier_skill`` = 1 - brier / (b(1 - b)),
        0 for a head no better than always saying the base rate b, below 0 for a worse one, and
        ``expected_calibration_error`` = Σ n_k / N · |share of contacts - mean weight| over bins
        (Naeini et al., AAAI 2015). Most pairs are far from contact and hardly attended to, so the
        latter is small for every head; look at the bins.

    Raises
    ------
    OptionError
        If contacts were not counted.
    """
    column = _contact_column(result)
    counters = result.counters
    n_pairs, n_contacts = int(counters["eligible"][column]), int(counters["positives"][column])
    hit = counters["weight_hits"][..., column] * UNIT
    squared_error = counters["square"] * UNIT - 2 * hit + n_contacts
    base_rate = divide(n_contacts, n_pairs)
    brier = divide(squared_error, n_pairs)
    gap = np.abs(counters["bin_contacts"] - counters["bin_weight"] * UNIT).sum(axis=-1)
    layer, head = np.indices(brier.shape).reshape(2, -1) + 1
    return pd.DataFrame(
        {
            "layer": layer,
            "head": head,
            "n_pairs": n_pairs,
            "base_rate": float(base_rate),
            "brier": brier.ravel(),
            "brier_skill": 1 - divide(brier, base_rate * (1 - base_rate)).ravel(),
            "expected_calibration_error": divide(gap, n_pairs).ravel(),
        }
    )


def _contact_column(result: Result) -> int:
    column = result.plan.contact_column
    if column is None:
        raise OptionError("calibration is of contacts, and the run did not count them")
    return column
