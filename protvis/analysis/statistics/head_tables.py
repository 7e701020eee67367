"""Tables of heads: what was counted becomes proportions, backgrounds, tests and intervals.

One row per (feature, value, layer, head), in the plan's order; layers and heads are labels.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from protvis.analysis.counting.result import Result
from protvis.analysis.statistics.family_tests import share_above
from protvis.analysis.statistics.head_counts import HeadCounts, head_counts
from protvis.analysis.statistics.significance import adjust, divide
from protvis.errors import OptionError, unknown_name

__all__ = [
    "HEAD_COLUMNS",
    "aligned_table",
    "first_failed",
    "head_table",
    "null_table",
    "rows_of",
    "significance_table",
    "top_heads",
    "weighted_table",
]

HEAD_COLUMNS = (
    "feature",
    "value",
    "layer",
    "head",
    "n_links",
    "n_hits",
    "proportion",
    "background",
    "enrichment",
    "ci_low",
    "ci_high",
    "p_value",
    "q_value",
    "scored",
    "called",
    "fails",
    "n_families",
    "share_of_families_above",
)
"""The columns of `head_table`, in this order."""

SIGNIFICANCE = 0.05

KEEPS: Mapping[str, tuple[str, str]] = {
    "base_rate": ("nothing: every link by itself, anywhere in the data",) * 2,
    "protein": (
        "its proteins: every link by itself, anywhere in its protein",
        "its proteins, and how many links go to one residue",
    ),
    "separation": ("and each link's distance in sequence",) * 2,
    "shift": (
        "and its pattern along the chain: runs, stripes, segments",
        "and its profile along the chain, and what chain ends have of the property",
    ),
    "amino_acid": (
        "and which two amino acids each link joins",
        "and which amino acids it looks at",
    ),
    "aligned": ("where its links lie in the family: each is put on the relatives' labels",) * 2,
}
"""What each null keeps of a head besides what those before it keep: of pairs, of residues."""

INTERVALS = {
    "paper": "Wald interval at 0.05/m, links taken as independent",
    "families": "95 % t interval over families",
}


def head_table(result: Result, *, min_links: int = 100) -> pd.DataFrame:
    """Return what each head's links hit, how often that happens by chance, and how certain it is.

    Parameters
    ----------
    result : Result
    min_links : int, default 100
        Heads with fewer links are marked (``scored`` False): their proportion is given, but no
        interval and no p, and they do not count among the heads tested.

    Returns
    -------
    DataFrame
        `HEAD_COLUMNS`. ``proportion``, ``background`` and the interval are fractions.

        ``background`` is the share of a head's links that would hit anywhere in their proteins
        (mode ``eligible``, and for residues ``separation-matched``), or anywhere in their proteins
        with the same ``|i - j|`` (``separation-matched``, pairs). In the mode ``paper`` it is the
        base rate of all the data together, as published: proteins that contribute more pairs than
        links weigh more in it, so a head with random links exceeds it if lengths differ.

        ``p_value`` compares proportion and background over families (`family_tests.family_test`),
        the interval (95 %) is the t interval of the log-odds over families. NaN with fewer than two
        effective families. In the mode ``paper``, p is that of the two-proportion z test and the
        interval is Wald's at 0.05/m over the m scored heads of this feature and value; both treat
        links as independent, as published.

        ``q_value`` is Benjamini-Hochberg over the scored heads of this feature and value. A feature
        with several values is corrected value by value.

        ``called``: q is below 0.05 over families and under every null of the head's ladder
        (`null_table`), always in the same direction. ``fails``: the first null of the ladder where
        this does not hold, then ``families``; empty for heads that are called; ``min_links`` for
        heads that are not scored.

        ``n_families``: how many families (or groups of families, see `FamilyGroups`) the links
        amount to, (Σl)² / Σl². ``share_of_families_above``: of those with links, the share in which
        a head hits more than its matched background predicts.

        Its ``attrs`` hold what figures have to state: ``mode``, ``threshold``, ``min_links``,
        ``interval`` (in words).

    Raises
    ------
    OptionError
        If `min_links` is not 1 or more.
    """
    frames = []
    plan = result.plan
    for heads in head_counts(result, min_links):
        if plan.mode == "paper":
            low, high = heads.wald()
            _, p = heads.two_proportion()
        else:
            low, high = heads.family_interval()
            _, p = heads.family_test()
        fails = first_failed(heads)
        counts = [heads.families(name) for name in ("hits", "links", "expected")]
        frames.append(
            heads.frame(
                ci_low=low,
                ci_high=high,
                p_value=p,
                q_value=adjust(p, "fdr_bh"),
                scored=heads.scored,
                called=fails == "",
                fails=fails,
                n_families=heads.n_families,
                share_of_families_above=share_above(*counts),
            )
        )
    table = pd.concat(frames, ignore_index=True)
    table.attrs = {
        "mode": plan.mode,
        "threshold": plan.threshold,
        "min_links": min_links,
        "interval": INTERVALS["paper" if plan.mode == "paper" else "families"],
    }
    return table


def first_failed(heads: HeadCounts) -> NDArray[Any]:
    """Return the first null under which a head is not unusual, empty if there is none."""
    t, p = heads.family_test()
    steps: list[tuple[str, NDArray[Any], NDArray[Any]]] = []
    for name in ("base_rate", *heads.nulls):
        _, _, z, of_null = heads.null(name)
        steps.append((name, z, of_null))
    steps.append(("families", t, p))
    fails = np.full(t.shape, "", dtype=object)
    side = np.sign(steps[0][1])
    for name, score, chance in reversed(steps):
        passed = (adjust(chance, "fdr_bh") < SIGNIFICANCE) & (np.sign(score) == side)
        fails[~passed] = name
    fails[~heads.scored] = "min_links"
    return fails


def null_table(result: Result, *, min_links: int = 100) -> pd.DataFrame:
    """Return the ladder of nulls: what is left of each head as more of its habits are explained.

    Parameters
    ----------
    result : Result
    min_links : int, default 100

    Returns
    -------
    DataFrame
        ``feature, value, layer, head, null, keeps, expected, enrichment, z, p_value, q_value``, one
        row per head and null. ``null`` is ``base_rate``, ``protein``, ``separation`` (pairs),
        ``shift``, ``amino_acid`` (not for amino acids themselves), in this order, the weakest
        first, and ``aligned`` where most records are members of a few families; ``keeps`` says
        which habit of a head a null keeps in addition to those before it. ``expected`` is in hits,
        ``enrichment`` is hits / expected. p is two-sided, from the two-proportion test
        (``base_rate``), or from Pearson's type III with the null's exact mean, variance and
        skewness (`protvis.analysis.counting.nulls`), treating members of a family as copies.
        ``q_value`` is Benjamini-Hochberg over the scored heads of one feature, value and null.
        Links are those that could have the property, in every mode; for ``aligned``, those that
        also have a counterpart in another member (`protvis.analysis.counting.aligned_members`).

    Raises
    ------
    OptionError
        If `min_links` is not 1 or more.
    """
    frames = []
    for heads in head_counts(result, min_links):
        index = heads.index()
        for place, name in enumerate(("base_rate", *heads.nulls)):
            hits, expected, z, p = heads.null(name)
            frame = index.assign(
                null=name,
                keeps=KEEPS[name][heads.column.kind == "residue"],
                expected=expected.ravel(),
                enrichment=divide(hits, expected).ravel(),
                z=z.ravel(),
                p_value=p.ravel(),
                q_value=adjust(p, "fdr_bh").ravel(),
            )
            frames.append((place, heads.place, frame))
    table = pd.concat([frame for _, _, frame in frames])
    order = np.concatenate([np.full(len(frame), column) for _, column, frame in frames])
    rung = np.concatenate([np.full(len(frame), place) for place, _, frame in frames])
    # A head's rows together, its nulls in order.
    sorting = np.lexsort((rung, table["head"], table["layer"], order))
    return table.iloc[sorting].reset_index(drop=True)


def aligned_table(result: Result, *, min_links: int = 100) -> pd.DataFrame:
    """Return own minus others: what heads hit in their own proteins beyond their hits on relatives.

    Parameters
    ----------
    result : Result
    min_links : int, default 100

    Returns
    -------
    DataFrame
        ``feature, value, layer, head``; ``n_links``, those with a counterpart in another member of
        the family; ``own`` and ``others``, the shares of them that hit in their own protein and on
        the relatives; ``difference``, of the two, with its 95 % t interval over members,
        ``difference_low`` and ``difference_high``; ``p_value`` and ``q_value`` of the null
        ``aligned`` (`null_table`).

    Raises
    ------
    OptionError
        If no family is aligned, or `min_links` is not 1 or more.
    """
    if not result.plan.aligned:
        raise OptionError(
            "no family of the data has most of its records and at least 8 distinct members: there "
            "are no relatives to compare with"
        )
    frames = []
    for heads in head_counts(result, min_links):
        found = heads.own_minus_others
        _, _, _, p = heads.null("aligned")
        values = {
            "n_links": found.links.astype(np.int64),
            "own": divide(found.hits, found.links),
            "others": divide(found.expected, found.links),
            "difference": found.difference,
            "difference_low": found.low,
            "difference_high": found.high,
            "p_value": p,
            "q_value": adjust(p, "fdr_bh"),
        }
        frames.append(heads.index().assign(**{name: np.ravel(a) for name, a in values.items()}))
    return pd.concat(frames, ignore_index=True)


def significance_table(result: Result, *, min_links: int = 100) -> pd.DataFrame:
    """Return tests and intervals side by side, for the rows of `head_table`.

    Parameters
    ----------
    result : Result
    min_links : int, default 100

    Returns
    -------
    DataFrame
        The first nine of `HEAD_COLUMNS`, ``scored``, ``base_rate`` (positives over eligible), and:

        ``wald_low``, ``wald_high``
            At 0.05/m, m the scored heads of this feature and value: the paper's.
        ``wilson_low``, ``wilson_high``
            95 %, links independent (Wilson, 1927).
        ``bootstrap_low``, ``bootstrap_high``
            95 %, percentiles over resampled families: too narrow if they are few.
        ``family_low``, ``family_high``
            95 %, t interval of the log-odds over families.
        ``z_two_proportion``, ``p_two_proportion``
            Against the base rate, in every mode: the paper's.
        ``t_families``, ``p_families``
            Against the matched background, over families.

        Each ``p_…`` comes with its ``bonferroni_…`` and ``bh_…`` over the scored heads of this
        feature and value.

    Raises
    ------
    OptionError
        If `min_links` is not 1 or more.
    """
    frames = []
    for heads in head_counts(result, min_links):
        values: dict[str, NDArray[Any]] = {"scored": heads.scored}
        values["base_rate"] = np.broadcast_to(heads.base_rate, heads.links.shape)
        for name, interval in (
            ("wald", heads.wald()),
            ("wilson", heads.wilson()),
            ("bootstrap", heads.bootstrap()),
            ("family", heads.family_interval()),
        ):
            values[f"{name}_low"], values[f"{name}_high"] = interval
        values |= _with_adjusted("z", "two_proportion", *heads.two_proportion())
        values |= _with_adjusted("t", "families", *heads.family_test())
        frames.append(heads.frame(**values))
    return pd.concat(frames, ignore_index=True)


def weighted_table(result: Result) -> pd.DataFrame:
    """Return the share of each head's attention (not of its links) that has a property.

    Σ f α / Σ α over all that counts in the plan's mode, without a threshold: a different measure
    from the proportion of links, which weak attention spread over everything pulls to the base
    rate.

    Returns
    -------
    DataFrame
        ``feature, value, layer, head, weight_hits, weight`` (attention, in residues' worth of it),
        ``weighted_share`` (fraction), ``background`` (the base rate, in every mode) and
        ``enrichment``.
    """
    frames = []
    for heads in head_counts(result, 1):
        hits, weight = heads.fixed("weight_hits"), heads.fixed("weight")
        share = divide(hits, weight)
        frames.append(
            heads.index().assign(
                weight_hits=hits.ravel(),
                weight=weight.ravel(),
                weighted_share=share.ravel(),
                background=float(heads.base_rate),
                enrichment=divide(share, heads.base_rate).ravel(),
            )
        )
    return pd.concat(frames, ignore_index=True)


def rows_of(table: pd.DataFrame, feature: str, value: str = "") -> pd.DataFrame:
    """Return the rows of one feature and value.

    Raises
    ------
    OptionError
        If the table has no such feature, or the feature no such value.
    """
    rows = table[table["feature"] == feature]
    if rows.empty:
        raise OptionError(unknown_name("feature", feature, table["feature"].unique()))
    found = rows[rows["value"] == value]
    if found.empty:
        values = [str(name) for name in rows["value"].unique()]
        if value == "":
            raise OptionError(f"feature {feature!r} has several values, name one of {values}")
        raise OptionError(f"feature {feature!r}: {unknown_name('value', value, values)}")
    return found


def top_heads(table: pd.DataFrame, feature: str, value: str = "", *, n: int = 10) -> pd.DataFrame:
    """Return the scored heads with the highest proportion, best first.

    Parameters
    ----------
    table : DataFrame
        From `head_table`.
    feature, value : str
    n : int, default 10
        The most heads to return. Ties go to the earlier layer, then head.
    """
    rows = rows_of(table, feature, value)
    ranked = rows[rows["scored"]].sort_values(
        ["proportion", "layer", "head"], ascending=[False, True, True]
    )
    return ranked.head(n).reset_index(drop=True)


def _with_adjusted(
    statistic: str, name: str, score: NDArray[np.float64], p: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    return {
        f"{statistic}_{name}": score,
        f"p_{name}": p,
        f"bonferroni_{name}": adjust(p, "bonferroni"),
        f"bh_{name}": adjust(p, "fdr_bh"),
    }
