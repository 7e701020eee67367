"""Tables of heads: what was counted becomes proportions, backgrounds, tests and intervals.

One row per (feature, value, layer, head), in the plan's order; layers and heads are labels.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from protvis.analysis.counting.result import Result
from protvis.analysis.statistics.head_counts import head_counts
from protvis.analysis.statistics.significance import adjust, divide
from protvis.errors import OptionError, unknown_name

__all__ = [
    "HEAD_COLUMNS",
    "head_table",
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
)
"""The columns of `head_table`, in this order."""

INTERVALS = {
    "paper": "Wald interval at 0.05/m, links taken as independent",
    "bootstrap": "95 % interval, bootstrap over proteins",
}


def head_table(result: Result, *, min_links: int = 100) -> pd.DataFrame:
    """Return what each head's links hit, how often that happens anyway, and how sure it is.

    Parameters
    ----------
    result : Result
    min_links : int, default 100
        Heads with fewer links are marked (``scored`` False): their proportion is given, but no
        interval and no p, and they count nowhere among the heads tested.

    Returns
    -------
    DataFrame
        `HEAD_COLUMNS`. ``proportion``, ``background`` and the interval are fractions.

        ``background`` is the base rate of the data, positives over eligible residues or pairs; in
        the mode ``separation-matched``, for pairs, the share of a head's links that would hit if
        they kept their protein and ``|i - j|`` and nothing else.

        In the mode ``paper``: ``p_value`` from the two-proportion z test, interval of Wald at
        0.05/m over the m scored heads of this feature and value. Both take links to be
        independent, as published.

        In the other modes: ``p_value`` from the bootstrap over proteins, background resampled with
        the head (`bootstrap_test`), 95 % interval of its percentiles (`bootstrap_interval`). NaN
        with fewer than 3 proteins, or links in hardly more than one.

        ``q_value``: Benjamini-Hochberg over the scored heads of this feature and value. Of a
        feature of several values, each is a family of its own: 20 amino acids are 20 families, and
        of all rows with q < 0.05 more than 5 % may be false.

        Its ``attrs`` say what figures have to: ``mode``, ``threshold``, ``min_links``, ``interval``
        (in words).

    Raises
    ------
    OptionError
        If `min_links` is not 1 or more.
    """
    frames = []
    for heads in head_counts(result, min_links):
        if result.plan.mode == "paper":
            low, high = heads.wald()
            _, p = heads.two_proportion()
        else:
            low, high, _, p = heads.bootstrap()
        frames.append(
            heads.frame(
                ci_low=low,
                ci_high=high,
                p_value=p,
                q_value=adjust(p, "fdr_bh"),
                scored=heads.scored,
            )
        )
    table = pd.concat(frames, ignore_index=True)
    plan = result.plan
    table.attrs = {
        "mode": plan.mode,
        "threshold": plan.threshold,
        "min_links": min_links,
        "interval": INTERVALS["paper" if plan.mode == "paper" else "bootstrap"],
    }
    return table


def significance_table(result: Result, *, min_links: int = 100) -> pd.DataFrame:
    """Return every test and interval side by side, for the rows of `head_table`.

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
            95 % over proteins.
        ``z_two_proportion``, ``p_two_proportion``
            Against the base rate, in every mode: the paper's.
        ``t_bootstrap``, ``p_bootstrap``
            Against ``background``, over proteins.
        ``permutation_expected``, ``z_permutation``, ``p_permutation``
            Hits expected when attention is permuted within each protein, and how far the hits are
            from that. For residues, keys exchange places among those that count. For pairs,
            queries exchange their rows with all links in them; compared is the share of hits
            among the links that count then and now. In the mode ``paper`` every link counts, also
            beside the diagonal, where no contact can be: a head that looks at neighbours falls
            short of this null. Rows are taken to be as good as each other, so where neighbours
            look at the same residue and have the same contacts, chance scatters more than this
            null says.
        ``type_expected``, ``type_background``, ``type_enrichment``, ``z_type``, ``p_type``
            The same with keys that exchange places only with keys of the same amino acid: hits
            expected, their share of the links, hits over them. NaN for pairs, and where the amino
            acid settles the property (amino acids themselves).

        ``shuffle_expected``, ``z_shuffle``, ``p_shuffle``
            The weights of each row of attention shuffled by themselves, over the places that
            count: a head without any habit. Far from it are also heads that look at the same few
            residues from everywhere, whatever these are.

        Each ``p_…`` with its ``bonferroni_…`` and ``bh_…`` over the scored heads of this feature
        and value. NaN where the null leaves no freedom.

    Raises
    ------
    OptionError
        If `min_links` is not 1 or more.
    """
    frames = []
    for heads in head_counts(result, min_links):
        values: dict[str, NDArray] = {"scored": heads.scored}
        values["base_rate"] = np.broadcast_to(heads.base_rate, heads.links.shape)
        values["wald_low"], values["wald_high"] = heads.wald()
        values["wilson_low"], values["wilson_high"] = heads.wilson()
        low, high, t, p_bootstrap = heads.bootstrap()
        values |= {"bootstrap_low": low, "bootstrap_high": high}
        values |= _with_adjusted("z", "two_proportion", *heads.two_proportion())
        values |= _with_adjusted("t", "bootstrap", t, p_bootstrap)
        for name in ("permutation", "type", "shuffle"):
            expected, z, p = heads.null(name)
            values[f"{name}_expected"] = expected
            if name == "type":
                values["type_background"] = divide(expected, heads.links)
                values["type_enrichment"] = divide(heads.counts("hits"), expected)
            values |= _with_adjusted("z", name, z, p)
        frames.append(heads.frame(**values))
    return pd.concat(frames, ignore_index=True)


def weighted_table(result: Result) -> pd.DataFrame:
    """Return the share of each head's attention, not of its links, that has a property.

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
        At most so many. Ties go to the earlier layer, then head.
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
