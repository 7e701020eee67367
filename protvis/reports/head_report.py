"""`HeadReport`: what `analyze` gives back, to be read, drawn, saved and opened."""

from __future__ import annotations

import copy
import numbers
import os
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from protvis.analysis.counting.result import Result
from protvis.errors import OptionError, near_names
from protvis.keywords import check_keywords
from protvis.labels import head_position, layer_position, parse_head

if TYPE_CHECKING:
    import pandas as pd

    from protvis.analysis.statistics.amino_acids import SubstitutionComparison
    from protvis.datasets import Dataset
    from protvis.models import ProteinModel
    from protvis.plot import ReportFigure
    from protvis.widgets import AttentionExplorer

__all__ = ["HeadReport"]


class HeadReport:
    """What every head of a model attends to, over a data set.

    Made by `protvis.analyze` and `protvis.load_report`. Layers and heads are labels, from 1.

    Parameters
    ----------
    result : Result
        The counts.
    min_links : int, default 100
        Heads with fewer links are not scored.
    dataset : Dataset, optional
        What was counted, for `open`.
    model : ProteinModel, optional
        As well.
    """

    def __init__(
        self,
        result: Result,
        *,
        min_links: int = 100,
        dataset: Dataset | None = None,
        model: ProteinModel | None = None,
    ) -> None:
        self.result = result
        self.min_links = min_links
        self._dataset = dataset
        self._model = model

    def __repr__(self) -> str:
        about = self.result.provenance
        features = dict.fromkeys(column.feature for column in self.result.plan.columns)
        state = "" if self.result.complete else ", interrupted"
        return (
            f"<HeadReport of {about['model']['model']} on {about['data']['name']}: "
            f"{self.result.n_records} proteins, {', '.join(features)}{state}>"
        )

    @cached_property
    def ledger(self) -> pd.DataFrame:
        """Records that were not counted: ``record``, ``reason``."""
        import pandas as pd

        rows = [(skip.record, skip.reason) for skip in self.result.skipped]
        return pd.DataFrame(rows, columns=["record", "reason"], dtype="str")

    @property
    def provenance(self) -> dict[str, Any]:
        """Model, data, versions, arguments and date: plain values, a copy."""
        return copy.deepcopy(dict(self.result.provenance))

    @cached_property
    def _heads(self) -> pd.DataFrame:
        from protvis.analysis.statistics.head_tables import head_table

        return head_table(self.result, min_links=self.min_links)

    def heads(self) -> pd.DataFrame:
        """Return one row per feature, value and head, as `head_table`.

        Returns
        -------
        DataFrame
            ``feature, value, layer, head, n_links, n_hits, proportion, background, enrichment,
            ci_low, ci_high, p_value, q_value, scored``. ``q_value`` is Benjamini-Hochberg over the
            scored heads of one feature and value: each is a family of its own, so that 20 amino
            acids are 20 families, and nothing is corrected for how many were asked for.
        """
        return self._heads.copy()

    def tests(self) -> pd.DataFrame:
        """Return every test and interval side by side, one row per feature, value and head.

        Returns
        -------
        DataFrame
            The columns are told in `protvis.analysis.statistics.head_tables.significance_table`.
        """
        from protvis.analysis.statistics.head_tables import significance_table

        return significance_table(self.result, min_links=self.min_links)

    def weighted(self) -> pd.DataFrame:
        """Return attention-weighted shares, another measure than proportions of links.

        Returns
        -------
        DataFrame
            As `protvis.analysis.statistics.head_tables.weighted_table`.
        """
        from protvis.analysis.statistics.head_tables import weighted_table

        return weighted_table(self.result)

    @check_keywords
    def top(self, feature: str, value: str = "", *, n: int = 10) -> pd.DataFrame:
        """Return the `n` scored heads with the highest proportion, best first.

        Parameters
        ----------
        feature, value : str
            One of those counted; the value of features that have several.
        n : int, default 10
            At most so many.

        Returns
        -------
        DataFrame
            Rows of `heads`.

        Raises
        ------
        OptionError
            If there is no such feature or value, or `n` is no whole number from 1.
        """
        from protvis.analysis.statistics.head_tables import top_heads

        if isinstance(n, bool) or not isinstance(n, numbers.Integral) or n < 1:
            raise OptionError(f"n must be a whole number of heads from 1, got {n!r}")

        return top_heads(self._heads, feature, value, n=int(n))

    @cached_property
    def _layers(self) -> pd.DataFrame:
        from protvis.analysis.statistics.layer_summary import summarize_layers

        return summarize_layers(self._heads)

    def layers(self) -> pd.DataFrame:
        """Return each layer's mean and maximum over its scored heads.

        Returns
        -------
        DataFrame
            As `protvis.analysis.statistics.layer_summary.layer_table`.
        """
        return self._layers.copy()

    def centers(self) -> pd.DataFrame:
        """Return each property's centre of gravity over the layers, first layers first.

        Returns
        -------
        DataFrame
            ``feature, value, center_of_gravity``, Σ l·m / Σ m over the layers' means m.
        """
        from protvis.analysis.statistics.layer_summary import layer_centers

        return layer_centers(self._layers)

    def calibration(self) -> pd.DataFrame:
        """Return how often pairs are contacts, by attention weight and head.

        Returns
        -------
        DataFrame
            As `protvis.analysis.statistics.calibration.calibration_table`.

        Raises
        ------
        OptionError
            If contacts were not counted; so does `calibration_scores`.
        """
        from protvis.analysis.statistics.calibration import calibration_table

        return calibration_table(self.result)

    def calibration_scores(self) -> pd.DataFrame:
        """Return Brier score and calibration error of every head.

        Returns
        -------
        DataFrame
            As `protvis.analysis.statistics.calibration.calibration_scores`.
        """
        from protvis.analysis.statistics.calibration import calibration_scores

        return calibration_scores(self.result)

    def amino_acid_similarity(self) -> pd.DataFrame:
        """Return Pearson's r between amino acids' shares of the links of all scored heads.

        Returns
        -------
        DataFrame
            (amino acid, amino acid).

        Raises
        ------
        OptionError
            If amino acids were not counted; so does `compare_substitution`.
        """
        from protvis.analysis.statistics.amino_acids import (
            amino_acid_similarity,
            amino_acid_vectors,
        )

        return amino_acid_similarity(amino_acid_vectors(self._heads))

    def compare_substitution(self) -> SubstitutionComparison:
        """Return the correlation of that similarity with BLOSUM62, and its null.

        Returns
        -------
        SubstitutionComparison
        """
        from protvis.analysis.statistics.amino_acids import compare_substitution

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
        from protvis.analysis.statistics.amino_acids import heads_by_amino_acid

        return heads_by_amino_acid(self._heads, n=n)

    @check_keywords
    def plot(self, feature: str, value: str = "") -> ReportFigure:
        """Draw the layers × heads grid of a feature, with each layer's maximum.

        Parameters
        ----------
        feature, value : str
            One of those counted; the value of features that have several.

        Returns
        -------
        ReportFigure
        """
        from protvis.plot import plot_heads

        return plot_heads(self._heads, feature, value)

    @check_keywords
    def plot_top(self, feature: str, value: str = "", *, n: int = 10) -> ReportFigure:
        """Draw the best heads of a feature with their intervals and the background.

        Parameters
        ----------
        feature, value : str
            One of those counted; the value of features that have several.
        n : int, default 10
            At most so many.

        Returns
        -------
        ReportFigure
        """
        from protvis.plot import plot_top

        return plot_top(self._heads, feature, value, n=n)

    @check_keywords
    def plot_layers(self, features: Sequence[str | tuple[str, str]] | None = None) -> ReportFigure:
        """Draw each property's mean over the layers, ordered by centre of gravity.

        Parameters
        ----------
        features : sequence of str or (feature, value), optional
            All but the amino acids by default.

        Returns
        -------
        ReportFigure
        """
        from protvis.plot import plot_layers

        return plot_layers(self._layers, features)

    @check_keywords
    def plot_calibration(
        self, heads: Sequence[str | tuple[int, int]] | None = None
    ) -> ReportFigure:
        """Draw the probability of a contact against the attention weight.

        Parameters
        ----------
        heads : sequence of str or (int, int), optional
            Up to 6; the three with the most contacts among their links by default.

        Returns
        -------
        ReportFigure
        """
        from protvis.plot import plot_calibration

        if heads is None:
            best = self.top("contact", n=3)
            heads = [
                (int(layer), int(head))
                for layer, head in zip(best["layer"], best["head"], strict=True)
            ]
        return plot_calibration(self.calibration(), heads)

    def plot_substitution(self) -> ReportFigure:
        """Draw the similarity of amino acids beside BLOSUM62.

        Returns
        -------
        ReportFigure
        """
        from protvis.plot import plot_substitution

        return plot_substitution(
            self.amino_acid_similarity(), comparison=self.compare_substitution()
        )

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the report to one file (`protvis.load_report` reads it) and return its path.

        Parameters
        ----------
        path : path
            The file, replaced if it exists.

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        from protvis.reports.report_file import save_report

        return save_report(self, path)

    def to_html(self, path: str | os.PathLike[str]) -> Path:
        """Write the report as one offline page, for a supplement, and return its path.

        Parameters
        ----------
        path : path
            The page, replaced if it exists.

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        from protvis.reports.report_page import report_to_html

        return report_to_html(self, path)

    def open(
        self,
        head: str | tuple[int, int | str],
        protein: Any,
        *,
        chain: str | None = None,
        model: Any = None,
        **view: Any,
    ) -> AttentionExplorer:
        """Show a head's links on a protein: from a row of the table to its arcs.

        Parameters
        ----------
        head : str or (layer, head)
            ``"12-4"``.
        protein : str, path or Structure
            A record of the data set (``"1bvy.F"``, or ``"1bvy"`` for its first chain), or
            whatever `protvis.load_structure` reads.
        chain : str, optional
            The record's own by default.
        model : str, path or ProteinModel, optional
            The one analysed by default.
        **view
            As for `protvis.explore`, such as `threshold`; the run's threshold by default.

        Raises
        ------
        LabelError
            If there is no such layer or head.
        StructureError
            If there is no structure of this protein to be had.
        """
        from protvis.widgets import explore

        layer, which = parse_head(head) if isinstance(head, str) else head
        plan = self.result.plan
        layer_position(layer, plan.n_layers)
        head_position(which, plan.n_heads)
        source, own_chain = self._structure_of(protein)
        if model is None:
            model = self._model or self.result.provenance["model"]["model"]
        view = {"threshold": plan.threshold, **view}
        return explore(
            source, model=model, chain=chain or own_chain, layer=layer, head=which, **view
        )

    def _structure_of(self, protein: Any) -> tuple[Any, str | None]:
        """Return what to load, and which chain of it."""
        if not isinstance(protein, str) or Path(protein).exists():
            return protein, None
        if self._dataset is None:
            entry, _, chain = protein.partition(".")
            return entry, chain or None
        wanted = protein.casefold()
        keys = list(self._dataset.keys)
        fitting = [key for key in keys if key.casefold() == wanted]
        fitting += [key for key in keys if Path(key).name.casefold().split(".")[0] == wanted]
        if not fitting and "." in wanted:
            stem = wanted.rpartition(".")[0]
            fitting = [key for key in keys if Path(key).name.casefold().split(".")[0] == stem]
        for key in fitting[:1]:
            records = self._dataset.read(key).records
            exact = [record for record in records if record.record_id.casefold() == wanted]
            for record in (exact or list(records))[:1]:
                # Records without a structure of their own are named after a PDB entry.
                entry, _, chain = record.record_id.rpartition(".")
                if record.source:
                    return record.source, record.chain_id or None
                return (entry, chain) if entry else (record.record_id, None)
        if len(protein) == 4 and protein[0].isdigit():
            return protein, None
        near = near_names(protein, keys)
        hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
        raise OptionError(f"the data set has no record {protein!r}{hint}")
