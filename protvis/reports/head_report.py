"""`HeadReport`: the tables of an analysis, drawn, saved, shown as a page, opened on a protein."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from protvis import plot
from protvis.analysis.options import AnalysisOptions
from protvis.analysis.runs.result_file import load_tables, save_tables
from protvis.analysis.statistics.head_tables import rows_of
from protvis.analysis.statistics.result_tables import HeadTables
from protvis.errors import ModelError, OptionError, near_names
from protvis.keywords import check_keywords
from protvis.labels import head_position, layer_position, parse_head
from protvis.reports.formatting import model_name

if TYPE_CHECKING:
    from protvis.analysis.counting.result import Result
    from protvis.datasets import Dataset, Record
    from protvis.datasets.lazy_tracks import AnyTrack
    from protvis.models import ProteinModel
    from protvis.plot import ReportFigure
    from protvis.widgets import AttentionExplorer

__all__ = ["HeadReport", "load_report"]


class HeadReport(HeadTables):
    """What every head of a model attends to, over a data set.

    Created by `protvis.analyze` and `protvis.load_report`. Layers and heads are labels, from 1.

    Parameters
    ----------
    result : Result
        The counts.
    min_links : int, default 100
        Heads with fewer links are not scored.
    dataset : Dataset, optional
        The data that were counted, for `open`.
    model : ProteinModel, optional
        The model that was run, for `open`.

    Examples
    --------
    >>> import protvis
    >>> from protvis.data import TRYPSIN
    >>> report = protvis.analyze(TRYPSIN, "mini", features="contact", progress=False)
    >>> report.top("contact", n=1)[["layer", "head"]]
       layer  head
    0      5     5
    """

    def __init__(
        self,
        result: Result,
        *,
        min_links: int = AnalysisOptions.min_links,
        dataset: Dataset | None = None,
        model: ProteinModel | None = None,
    ) -> None:
        super().__init__(result, min_links=min_links)
        self._dataset = dataset
        self._model = model

    @check_keywords
    def plot(self, feature: str, value: str = "") -> ReportFigure:
        """Draw a feature as a grid of layers × heads, with each layer's maximum.

        Parameters
        ----------
        feature, value : str
            One of those counted; the value of features that have several.

        Returns
        -------
        ReportFigure
        """
        return plot.plot_heads(self.heads(), feature, value)

    @check_keywords
    def plot_top(self, feature: str, value: str = "", *, n: int = 10) -> ReportFigure:
        """Draw the best heads of a feature with their intervals and the background.

        Parameters
        ----------
        feature, value : str
            One of those counted; the value of features that have several.
        n : int, default 10
            How many at most.

        Returns
        -------
        ReportFigure
        """
        return plot.plot_top(self.heads(), feature, value, n=n)

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
        return plot.plot_layers(self.layers(), features)

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
        if heads is None:
            best = self.top("contact", n=3)
            heads = [
                (int(layer), int(head))
                for layer, head in zip(best["layer"], best["head"], strict=True)
            ]
        return plot.plot_calibration(self.calibration(), heads)

    @check_keywords
    def plot_thresholds(
        self, feature: str, value: str = "", *, heads: Sequence[str | tuple[int, int]] | None = None
    ) -> ReportFigure:
        """Draw the enrichment of heads, and how many are called, at thresholds from 0.05 to 0.5.

        Parameters
        ----------
        feature, value : str
            One of those counted, but amino acids; the value of features that have several.
        heads : sequence of str or (int, int), optional
            Up to 6; the three that `best` chooses by default.

        Returns
        -------
        ReportFigure
        """
        rows = rows_of(self.thresholds(feature), feature, value)
        if heads is None:
            best = self.best(feature, value, n=3)
            heads = [(int(row.layer), int(row.head)) for row in best.itertuples()]
        return plot.plot_thresholds(rows, heads)

    def plot_substitution(self) -> ReportFigure:
        """Draw the similarity of amino acids beside BLOSUM62.

        Returns
        -------
        ReportFigure
        """
        return plot.plot_substitution(
            self.amino_acid_similarity(), comparison=self.compare_substitution()
        )

    @check_keywords
    def plot_atlas(self, other: HeadTables | None = None) -> ReportFigure:
        """Draw what every head of the model does, beside another atlas if one is given.

        Parameters
        ----------
        other : HeadTables, optional
            The report of another model, or of the same one untrained.

        Returns
        -------
        ReportFigure
        """
        atlases = {model_name(self.provenance): self.atlas()}
        if other is not None:
            name = model_name(other.provenance)
            atlases[name if name not in atlases else f"{name} (other)"] = other.atlas()
        return plot.plot_atlas(atlases)

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
        return save_tables(self, path)

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
        """Show a head's links on a protein, as arcs in the explorer.

        Parameters
        ----------
        head : str or (layer, head)
            ``"12-4"``.
        protein : str, path or Structure
            A record of the data set (``"1bvy.F"``, or ``"1bvy"`` for its first chain), or
            whatever `protvis.load_structure` reads.
        chain : str, optional
            The record's own chain by default.
        model : str, path or ProteinModel, optional
            The analysed model by default. A wrapped model must be given if the report was read from
            a file.
        **view
            As for `protvis.explore`, such as `threshold`; the run's threshold by default.

        Raises
        ------
        LabelError
            If there is no such layer or head.
        ModelError
            If a wrapped model was analysed and is not given.
        OptionError
            If the data set has no such record.
        StructureError
            If no structure of this protein can be loaded.
        """
        from protvis.widgets import explore

        layer, which = parse_head(head) if isinstance(head, str) else head
        plan = self.result.plan
        layer_position(layer, plan.n_layers)
        head_position(which, plan.n_heads)
        source, own_chain, tracks = self._structure_of(protein)
        if model is None:
            about = self.result.provenance["model"]
            if self._model is None and about.get("weights_hashed") == "parameters":
                raise ModelError(
                    f"the model of this report, {about['model']!r}, was a network in memory: hand "
                    "it in, report.open(…, model=wrap_model(network, tokenizer))"
                )
            model = self._model or about["model"]
        view = {"threshold": plan.threshold, **view}
        if chain in (None, own_chain):
            view.setdefault("tracks", tracks)
        return explore(
            source, model=model, chain=chain or own_chain, layer=layer, head=which, **view
        )

    def _structure_of(self, protein: Any) -> tuple[Any, str | None, list[AnyTrack]]:
        """Return what to load, which chain of it, and the user's own tracks on it."""
        if not isinstance(protein, str) or Path(protein).exists():
            return protein, None, []
        if self._dataset is None:
            entry, _, chain = protein.partition(".")
            return entry, chain or None, []
        record = self._record(self._dataset, protein)
        if record is not None:
            tracks = self._dataset.own_tracks(record.record_id)
            if record.source:
                return record.source, record.chain_id or None, tracks
            # Records without a structure of their own are named after a PDB entry.
            entry, _, chain = record.record_id.rpartition(".")
            return entry or record.record_id, chain if entry else None, tracks
        if len(protein) == 4 and protein[0].isdigit():
            return protein, None, []
        near = near_names(protein, self._dataset.keys)
        hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
        raise OptionError(f"the data set has no record {protein!r}{hint}")

    @staticmethod
    def _record(dataset: Dataset, name: str) -> Record | None:
        """Return the record of a name, or the first one of the file of a name; None without one."""
        wanted = name.casefold()
        stems = {key: Path(key).name.casefold().split(".")[0] for key in dataset.keys}
        named = [key for key in stems if wanted in (key.casefold(), stems[key])]
        of_record = [key for key in stems if stems[key] == wanted.rpartition(".")[0]]
        keys = [*filter(None, [dataset.key_of(name)]), *named, *of_record]
        if not keys:
            return None
        records = dataset.read(keys[0]).records
        exact = [record for record in records if record.record_id.casefold() == wanted]
        if exact or keys[0] in named:
            return (exact or list(records))[0] if records else None
        listed = ", ".join(record.record_id for record in records)
        raise OptionError(f"{keys[0]} has no record {name!r}; it has {listed or 'none'}")


@check_keywords
def load_report(path: str | os.PathLike[str]) -> HeadReport:
    """Read a saved report.

    Parameters
    ----------
    path : path
        A file written by `HeadReport.save`, or the folder of ``protvis analyze --out``.

    Returns
    -------
    HeadReport

    Raises
    ------
    DatasetError
        If there is no such file, or it is damaged or not a protvis report.

    Examples
    --------
    >>> import protvis
    >>> from protvis.data import TRYPSIN
    >>> report = protvis.analyze(TRYPSIN, "mini", features="contact", progress=False)
    >>> path = report.save("trypsin.protvis")
    >>> protvis.load_report(path)
    <HeadReport of mini on 1gbt.cif.gz: 1 protein..., contact>
    """
    tables = load_tables(path)
    return HeadReport(tables.result, min_links=tables.min_links)
