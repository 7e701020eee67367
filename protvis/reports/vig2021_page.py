"""The paper's figures and numbers beside ours, as one offline page."""

from __future__ import annotations

import os
from itertools import count as numbers
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from markupsafe import Markup

from protvis.analysis.statistics.head_tables import rows_of, top_heads
from protvis.analysis.statistics.layer_summary import summarize_layers
from protvis.csv_text import csv_text
from protvis.labels import format_head
from protvis.output_file import write_whole
from protvis.plot import plot_calibration, plot_heads, plot_layers, plot_substitution, plot_top
from protvis.plot.figure import feature_name
from protvis.reports.formatting import NOTHING, count, model_name, percent, ratio
from protvis.reports.inline_files import csv_address, figure_html
from protvis.reports.method_text import CITATION, MODE_WORDS
from protvis.reports.report_page import Section, model_notice, skip_section
from protvis.reports.vig2021 import Reproduction
from protvis.reports.vig2021_comparison import counted_feature, heads_of
from protvis.reports.vig2021_ours import calibrated_heads, contact_report
from protvis.templates import blocks, render

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from protvis.reports.vig2021_published import PublishedProperty

__all__ = ["comparison_cells", "quantity_name", "reproduction_to_html"]

_DIGITS = {"%": 2, "heads": 0, "layer": 2, "r": 3}


def reproduction_to_html(found: Reproduction, path: str | os.PathLike[str]) -> Path:
    """Write the paper's numbers and figures beside ours as one offline HTML page.

    Parameters
    ----------
    found : Reproduction
    path : path

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    page = _Page(found)
    text = render(
        "report.html",
        _title(found),
        lead=CITATION,
        notices=page.notices(),
        sections=page.sections(),
        footer="",
    )
    return write_whole(path, text)


def _title(found: Reproduction) -> str:
    model = next(iter(found.reports.values())).provenance
    return f"{model_name(model)} beside the published {found.published.name}"


def comparison_cells(row: pd.Series) -> list[str]:
    """Return published, ours and difference of a row of the comparison, as text."""
    digits = _DIGITS[row["unit"]]
    cells = []
    for name in ("published", "ours", "difference"):
        sign = "+" if name == "difference" else ""
        value = row[name]
        cells.append(NOTHING if pd.isna(value) else f"{value:{sign},.{digits}f}")
    return cells


def quantity_name(row: pd.Series) -> str:
    """Return what a row of the comparison is about, percentages marked."""
    return f"{row['quantity']}, %" if row["unit"] == "%" else str(row["quantity"])


class _Page:
    def __init__(self, found: Reproduction) -> None:
        self._found = found
        self._numbers = numbers(1)
        tables = [report.heads() for report in found.reports.values()]
        self._heads = pd.concat(tables, ignore_index=True)
        self._heads.attrs = tables[0].attrs

    def sections(self) -> list[Section]:
        """Return the sections that have something in them, with anchors in order."""
        table = self._found.comparison
        text = csv_text(table.drop(columns="main"), float_format="%.6g")
        link = blocks().download(
            "All: ",
            "comparison.csv",
            csv_address(text),
            f"comparison.csv ({len(table):,} rows, inside)",
        )
        parts = [
            ("How this run differs", blocks().bullets([*self._found.notes, *self._missing()])),
            ("In short", self._in_short() + link),
            ("The same heads beside matched backgrounds", self._matched()),
            *(
                (_heading(key), self._property(given))
                for key, given in self._found.published.properties.items()
                if given.grid is not None
            ),
            ("From layer to layer", self._layers()),
            ("Amino acids", self._amino_acids()),
            ("Attention as a probability of contact", self._calibration()),
            ("Probing classifiers", self._numbers_of("probe of ")),
            ("Not compared", blocks().bullets(self._found.not_compared)),
            ("Where the numbers come from", self._sources()),
        ]
        kept = [part for part in parts if part[1]]
        return [Section(f"part-{number}", *part) for number, part in enumerate(kept, 1)]

    def notices(self) -> list[str]:
        """Return the notices that the models carry, each once."""
        texts = (model_notice(report.provenance) for report in self._found.reports.values())
        return list(dict.fromkeys(filter(None, texts)))

    def _missing(self) -> list[str]:
        return [f"Missing: {text}." for text in self._found.missing.values()]

    def _figure(self, figure: Figure, caption: str) -> Markup:
        return figure_html(figure, f"f{next(self._numbers)}", caption)

    def _table(self, rows: pd.DataFrame) -> Markup:
        cells = [
            [feature_name(row["feature"], row["value"]), quantity_name(row),
             *comparison_cells(row), row["note"]]
            for _, row in rows.iterrows()
        ]  # fmt: skip
        headers = ["property", "quantity", "published", "ours", "difference", "note"]
        return blocks().table(headers, cells, words=2, notes=1)

    def _in_short(self) -> Markup:
        """Return the main numbers, those that nothing stands beside folded away."""
        rows = self._found.comparison[self._found.comparison["main"]]
        alone = rows["ours"].isna()
        text = Markup() if alone.all() else self._table(rows[~alone])
        return text + self._unfolded(rows[alone], "not compared") if alone.any() else text

    def _rows(self, feature: str, value: str) -> pd.DataFrame:
        table = self._found.comparison
        return table[(table["feature"] == feature) & (table["value"] == value)]

    def _property(self, given: PublishedProperty) -> Markup:
        name = feature_name(given.feature, given.value)
        paper = given.heads()
        whose = self._found.published.name
        counted = counted_feature(self._found.published, given.feature)
        ours = heads_of(self._heads, counted, given.value)
        drawn = [(paper, given.feature, f"Published, {whose}: {name}")]
        if ours is not None:
            ours.attrs = self._heads.attrs
            drawn.append((ours, counted, f"Ours: {feature_name(counted, given.value)}"))
        parts = []
        for table, feature, title in drawn:
            grid = plot_heads(table, feature, given.value, title=title)
            parts.append(self._figure(grid, f"{title}, layers by heads"))
            if given.top:
                top = plot_top(table, feature, given.value, title=title)
                parts.append(self._figure(top, f"{title}, the best ten heads"))
        return blocks().figures(parts) + self._unfolded(self._rows(given.feature, given.value))

    def _matched(self) -> Markup:
        """Return each property's best head as published, beside what it is when matched."""
        rows = []
        for report in self._found.reports.values():
            matched = report.matched().heads()
            for (feature, value), own in report.heads().groupby(["feature", "value"], sort=False):
                best = top_heads(own, str(feature), str(value), n=1)
                if feature == "amino_acid" or best.empty:
                    continue
                [head] = best.itertuples()
                same = rows_of(matched, str(feature), str(value))
                [beside] = same[
                    (same["layer"] == head.layer) & (same["head"] == head.head)
                ].itertuples()
                rows.append(
                    [
                        feature_name(str(feature), str(value)),
                        format_head(head.layer, head.head),
                        percent(head.proportion),
                        percent(head.background),
                        ratio(head.enrichment),
                        percent(beside.proportion),
                        percent(beside.background),
                        ratio(beside.enrichment),
                        f"{count(int(own['q_value'].lt(0.05).sum()))}",
                        f"{count(int(same['called'].sum()))}",
                    ]
                )
        if not rows:
            return Markup()
        said = (
            "As published, a head and its background cover different pairs, and long proteins "
            "weigh more in the background than in the head, so that heads with random links look "
            "enriched. Matched backgrounds count only links that could have the property, and "
            "give what the same links would hit elsewhere in their own proteins, pairs at the "
            "same distance along the chain. A head is called if it passes every null of the "
            "ladder and the test over families."
        )
        headers = [
            "property", "best head", "published way: proportion, %", "background, %",
            "enrichment", "matched: proportion, %", "background, %", "enrichment",
            "heads with q < 0.05, published way", "heads called",
        ]  # fmt: skip
        return blocks().paragraphs([said]) + blocks().table(headers, rows, words=2)

    def _layers(self) -> Markup:
        paper = pd.concat(
            [
                given.heads()
                for given in self._found.published.properties.values()
                if given.grid is not None
            ],
            ignore_index=True,
        )
        shown = list(dict.fromkeys(zip(paper["feature"], paper["value"], strict=True)))
        parts = [
            self._figure(
                plot_layers(summarize_layers(paper), title="Published"),
                "Published: mean of each layer's heads",
            )
        ]
        ours = summarize_layers(self._heads)
        counted = [(counted_feature(self._found.published, f), v) for f, v in shown]
        known = set(zip(ours["feature"], ours["value"], strict=True))
        chosen = [pair for pair in counted if pair in known]
        if chosen:
            figure = plot_layers(ours, chosen, title="Ours")
            parts.append(self._figure(figure, "Ours: mean of each layer's heads"))
        return blocks().figures(parts)

    def _amino_acids(self) -> Markup:
        parts = []
        for report in self._found.reports.values():
            if "amino_acid" in set(report.heads()["feature"]):
                similarity = report.amino_acid_similarity()
                if similarity.notna().to_numpy().any():
                    figure = plot_substitution(similarity, comparison=report.compare_substitution())
                    caption = "Ours: similarity of amino acids in attention beside BLOSUM62"
                    parts.append(self._figure(figure, caption))
        table = self._found.comparison
        numbers = self._unfolded(table[table["feature"] == "amino_acid"])
        return blocks().figures(parts) + numbers if parts else numbers

    def _calibration(self) -> Markup:
        report = contact_report(self._found.reports)
        heads = calibrated_heads(report, self._found.published) if report is not None else []
        if report is None or not heads:
            return Markup()
        figure = self._figure(
            plot_calibration(report.calibration(), heads),
            "Ours: share of contacts by attention weight",
        )
        return blocks().figures([figure]) + self._numbers_of("contacts at attention ")

    def _numbers_of(self, quantity: str) -> Markup:
        """Return the rows whose quantity begins so, to be unfolded, or nothing."""
        table = self._found.comparison
        rows = table[table["quantity"].str.startswith(quantity)]
        return Markup() if rows.empty else self._unfolded(rows)

    def _unfolded(self, rows: pd.DataFrame, which: str = "") -> Markup:
        return blocks().details(f"{len(rows)} numbers {which}".rstrip(), self._table(rows))

    def _sources(self) -> Markup:
        parts = [
            blocks().paragraphs([MODE_WORDS["paper"][:1].upper() + MODE_WORDS["paper"][1:] + "."])
        ]
        for name, report in self._found.reports.items():
            about = report.provenance
            model, data = about["model"], about["data"]
            pairs = [
                ("Model", f"{model_name(about)} ({model.get('id')})"),
                ("Revision", model.get("revision")),
                ("Weights, SHA-256", model.get("weights_sha256")),
                ("Data", data["name"]),
                ("Fingerprint of the data", data["fingerprint"]),
                ("Proteins", f"{count(report.result.n_records)} of {count(data['n_records'])}"),
                ("Date", about.get("date")),
                ("Programs", ", ".join(f"{k} {v}" for k, v in about["versions"].items())),
            ]
            known = blocks().facts([(label, value) for label, value in pairs if value])
            parts += [blocks().heading(name), known, skip_section(report)]
        return Markup("\n").join(parts)


def _heading(key: tuple[str, str]) -> str:
    name = feature_name(*key)
    return name[:1].upper() + name[1:]
