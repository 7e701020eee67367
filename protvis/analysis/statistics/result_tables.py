"""The tables of a result: each is computed when it is first asked for, and only once."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import asdict, fields, replace
from typing import Any

import pandas as pd

from protvis.analysis.counting.counters import Counters
from protvis.analysis.counting.result import Control, Result
from protvis.analysis.options import AnalysisOptions
from protvis.analysis.statistics.amino_acids import (
    SubstitutionComparison,
    amino_acid_similarity,
    amino_acid_vectors,
    compare_substitution,
    heads_by_amino_acid,
)
from protvis.analysis.statistics.atlas import atlas_table, compare_atlases
from protvis.analysis.statistics.best_heads import best_heads
from protvis.analysis.statistics.calibration import calibration_scores, calibration_table
from protvis.analysis.statistics.head_counts import head_counts
from protvis.analysis.statistics.head_tables import (
    aligned_table,
    head_table,
    null_table,
    rows_of,
    significance_table,
    top_heads,
    weighted_table,
)
from protvis.analysis.statistics.layer_summary import layer_centers, summarize_layers
from protvis.analysis.statistics.threshold_table import threshold_table
from protvis.checks import check_whole_number
from protvis.errors import OptionError, unknown_name
from protvis.keywords import check_keywords

__all__ = ["HeadTables"]


class HeadTables:
    """What every head of a model attends to, over a data set, as tables.

    Layers and heads are labels, from 1. Every table is a copy that may be changed.

    Parameters
    ----------
    result : Result
        The counts.
    min_links : int, default 100
        Heads with fewer links are not scored.
    """

    def __init__(self, result: Result, *, min_links: int = AnalysisOptions.min_links) -> None:
        self.result = result
        self.min_links = min_links
        self._tables: dict[str, pd.DataFrame] = {}

    def __repr__(self) -> str:
        about = self.result.provenance
        state = "" if self.result.complete else ", interrupted"
        return (
            f"<{type(self).__name__} of {about['model']['model']} on {about['data']['name']}: "
            f"{self.result.n_records} proteins, {', '.join(self.features)}{state}>"
        )

    def _table(self, name: str, compute: Callable[[], pd.DataFrame]) -> pd.DataFrame:
        if name not in self._tables:
            self._tables[name] = compute()
        return self._tables[name].copy()

    @property
    def features(self) -> list[str]:
        """Names of the features, in the order of the plan."""
        return list(dict.fromkeys(column.feature for column in self.result.plan.columns))

    @property
    def provenance(self) -> dict[str, Any]:
        """Model, data, versions, arguments and date: plain values, a copy."""
        return copy.deepcopy(dict(self.result.provenance))

    @property
    def ledger(self) -> pd.DataFrame:
        """Records that were not counted, and warnings: ``record``, ``reason``, ``kind``.

        ``kind`` is ``"skipped"``, or ``"warning"`` for a record that was still counted.
        """
        lines = (*self.result.skipped, *self.result.warnings)
        rows = [(line.record, line.reason, line.kind) for line in lines]
        return pd.DataFrame(rows, columns=["record", "reason", "kind"], dtype="str")

    def heads(self) -> pd.DataFrame:
        """Return one row per feature, value and head.

        Returns
        -------
        DataFrame
            ``feature, value, layer, head, n_links, n_hits, proportion, background, enrichment,
            ci_low, ci_high, p_value, q_value, scored, called, fails, n_families,
            share_of_families_above``; see
            `protvis.analysis.statistics.head_tables.head_table`. ``q_value`` is Benjamini-Hochberg
            over the scored heads of one feature and value. Each amino acid is corrected on its own,
            and nothing is corrected for the number of features.
        """
        return self._table("heads", lambda: head_table(self.result, min_links=self.min_links))

    def tests(self) -> pd.DataFrame:
        """Return every test and interval side by side, one row per feature, value and head.

        Returns
        -------
        DataFrame
            As `protvis.analysis.statistics.head_tables.significance_table`.
        """
        return self._table(
            "tests", lambda: significance_table(self.result, min_links=self.min_links)
        )

    @check_keywords
    def nulls(self, feature: str | None = None) -> pd.DataFrame:
        """Return the ladder of nulls, one row per feature, value, head and null.

        Parameters
        ----------
        feature : str, optional
            One of those counted; all of them by default.

        Returns
        -------
        DataFrame
            ``feature, value, layer, head, null, keeps, expected, enrichment, z, p_value,
            q_value``; see `protvis.analysis.statistics.head_tables.null_table`.

        Raises
        ------
        OptionError
            If there is no such feature.
        """
        table = self._table("nulls", lambda: null_table(self.result, min_links=self.min_links))
        if feature is None:
            return table
        if feature not in self.features:
            raise OptionError(unknown_name("feature", feature, self.features))
        return table[table["feature"] == feature].reset_index(drop=True)

    def aligned(self) -> pd.DataFrame:
        """Return hits on own proteins minus those on relatives, by feature, value and head.

        Returns
        -------
        DataFrame
            ``feature, value, layer, head, n_links, own, others, difference, difference_low,
            difference_high, p_value, q_value``; see
            `protvis.analysis.statistics.head_tables.aligned_table`.

        Raises
        ------
        OptionError
            Unless most of the data belong to families with at least 8 distinct members.
        """
        return self._table("aligned", lambda: aligned_table(self.result, min_links=self.min_links))

    def atlas(self) -> pd.DataFrame:
        """Return what each head does, one row per head and role.

        Returns
        -------
        DataFrame
            ``layer, head, role, label, kind, words, share, expected, excess, enrichment,
            enrichment_low, enrichment_high, n_links, n_families, feature, value``; see
            `protvis.analysis.statistics.atlas.atlas_table`. Roles that involve labels are looked
            for among the counted features; offsets, sinks and twins always.
        """
        return self._table("atlas", lambda: atlas_table(self.result, min_links=self.min_links))

    def roles(self) -> dict[tuple[int, int], list[str]]:
        """Return the short labels of each head's roles, the strongest first, by (layer, head)."""
        table = self.atlas()
        named = table[table["role"] != ""]
        return {
            (int(layer), int(head)): list(dict.fromkeys(rows["label"]))
            for (layer, head), rows in named.groupby(["layer", "head"], sort=False)
        }

    def compare(self, other: HeadTables) -> pd.DataFrame:
        """Return how many heads have each role here and in another report.

        Parameters
        ----------
        other : HeadTables
            The tables of another model, or of the same one untrained.

        Returns
        -------
        DataFrame
            ``role, kind, n_heads, n_heads_other, share, share_other``; the most common first. A
            role is missing where its feature was not counted.
        """
        plans = (self.result.plan, other.result.plan)
        counted = [{(one.feature, one.value) for one in plan.columns} for plan in plans]
        return compare_atlases(self.atlas(), other.atlas(), counted=counted)

    @check_keywords
    def best(self, feature: str, value: str = "", *, n: int = 1) -> pd.DataFrame:
        """Return the best heads, chosen on some families and measured on the others.

        Parameters
        ----------
        feature, value : str
            One of those counted; the value of features that have several.
        n : int, default 1
            The most heads to return.

        Returns
        -------
        DataFrame
            ``rank, layer, head, n_links, n_hits, proportion, ci_low, ci_high, background,
            enrichment, enrichment_low, enrichment_high, n_families, stability``; see
            `protvis.analysis.statistics.best_heads.best_heads`. Its intervals are valid for heads
            chosen as the best; those of `heads` are not.

        Raises
        ------
        OptionError
            If there is no such feature or value, or `n` is not a whole number from 1.
        """
        n = check_whole_number("n", n, 1)
        rows_of(self.heads(), feature, value)
        [heads] = [
            one
            for one in head_counts(self.result, self.min_links)
            if (one.column.feature, one.column.value) == (feature, value)
        ]
        return best_heads(heads, n)

    @check_keywords
    def thresholds(self, feature: str | None = None) -> pd.DataFrame:
        """Return `heads` at thresholds from 0.05 to 0.5, and for each protein's heaviest links.

        Parameters
        ----------
        feature : str, optional
            One of those counted, but amino acids; all of them by default.

        Returns
        -------
        DataFrame
            ``cut, threshold`` and the columns of `heads`; see
            `protvis.analysis.statistics.threshold_table.threshold_table`.

        Raises
        ------
        OptionError
            If there is no such feature.
        """
        table = self._table(
            "thresholds", lambda: threshold_table(self.result, min_links=self.min_links)
        )
        if feature is None:
            return table
        rows = table[table["feature"] == feature].reset_index(drop=True)
        if rows.empty:
            raise OptionError(unknown_name("feature", feature, table["feature"].unique()))
        return rows

    def controls(self) -> pd.DataFrame:
        """Return how many heads each negative control calls.

        Returns
        -------
        DataFrame
            ``feature, value, control, n_heads`` (scored ones), ``n_called, best_enrichment``. Its
            ``attrs["records"]`` say how many records each control ran on, or why it did not.
        """
        rows = [asdict(control) for control in self.result.controls]
        table = pd.DataFrame(rows, columns=[field.name for field in fields(Control)])
        table.attrs["records"] = dict(self.result.provenance.get("controls", {}))
        return table

    @property
    def clusters(self) -> pd.DataFrame:
        """The family of each record: ``record``, ``cluster``, named after a member."""
        rows = list(self.result.families.items())
        return pd.DataFrame(rows, columns=["record", "cluster"], dtype="str")

    def matched(self) -> HeadTables:
        """Return the same counts in the mode ``separation-matched``.

        In every mode, links that could have the property are counted separately. So is, by family,
        what they would hit in their proteins at the same distance in sequence, except in the mode
        ``eligible``.

        Raises
        ------
        OptionError
            If the mode is ``eligible``.
        """
        result = self.result
        if result.plan.mode == "eligible":
            raise OptionError("counts of the mode 'eligible' cannot be matched in separation")
        counters = Counters({**result.counters.arrays, "links": result.counters["could"]})
        plan = replace(result.plan, mode="separation-matched")
        return HeadTables(replace(result, plan=plan, counters=counters), min_links=self.min_links)

    def weighted(self) -> pd.DataFrame:
        """Return attention-weighted shares, which are not proportions of links.

        Returns
        -------
        DataFrame
            As `protvis.analysis.statistics.head_tables.weighted_table`.
        """
        return self._table("weighted", lambda: weighted_table(self.result))

    @check_keywords
    def top(self, feature: str, value: str = "", *, n: int = 10) -> pd.DataFrame:
        """Return the `n` scored heads with the highest proportion, best first.

        Parameters
        ----------
        feature, value : str
            One of those counted; the value of features that have several.
        n : int, default 10
            The most heads to return.

        Returns
        -------
        DataFrame
            Rows of `heads`.

        Raises
        ------
        OptionError
            If there is no such feature or value, or `n` is not a whole number from 1.
        """
        return top_heads(self.heads(), feature, value, n=check_whole_number("n", n, 1))

    def layers(self) -> pd.DataFrame:
        """Return each layer's mean and maximum over its scored heads.

        Returns
        -------
        DataFrame
            As `protvis.analysis.statistics.layer_summary.summarize_layers`.
        """
        return self._table("layers", lambda: summarize_layers(self.heads()))

    def centers(self) -> pd.DataFrame:
        """Return each property's centre of gravity over the layers, the lowest first.

        Returns
        -------
        DataFrame
            ``feature, value, center_of_gravity``, Σ l·m / Σ m over the layers' means m.
        """
        return layer_centers(self.layers())

    def calibration(self) -> pd.DataFrame:
        """Return how often pairs are contacts, by attention weight and head.

        Returns
        -------
        DataFrame
            As `protvis.analysis.statistics.calibration.calibration_table`.

        Raises
        ------
        OptionError
            If contacts were not counted; the same for `calibration_scores`.
        """
        return self._table("calibration", lambda: calibration_table(self.result))

    def calibration_scores(self) -> pd.DataFrame:
        """Return Brier score and calibration error of every head.

        Returns
        -------
        DataFrame
            As `protvis.analysis.statistics.calibration.calibration_scores`.
        """
        return self._table("calibration_scores", lambda: calibration_scores(self.result))

    def amino_acid_similarity(self) -> pd.DataFrame:
        """Return Pearson's r between amino acids' shares of the links of all scored heads.

        Returns
        -------
        DataFrame
            (amino acid, amino acid).

        Raises
        ------
        OptionError
            If amino acids were not counted; the same for `compare_substitution`.
        """
        return self._table(
            "similarity", lambda: amino_acid_similarity(amino_acid_vectors(self.heads()))
        )

    def compare_substitution(self) -> SubstitutionComparison:
        """Return the correlation of that similarity with BLOSUM62, and its null.

        Returns
        -------
        SubstitutionComparison
        """
        return compare_substitution(self.amino_acid_similarity())

    @check_keywords
    def heads_by_amino_acid(self, *, n: int = 3) -> pd.DataFrame:
        """Return the `n` heads that send each amino acid the largest share of their links.

        Parameters
        ----------
        n : int, default 3

        Returns
        -------
        DataFrame
            As `protvis.analysis.statistics.amino_acids.heads_by_amino_acid`.
        """
        return heads_by_amino_acid(self.heads(), n=n)
