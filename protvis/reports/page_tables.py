"""The numbers of a page: what was found, feature by feature, as figures and tables."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count as numbers
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from protvis.analysis.statistics.amino_acids import amino_acid_vectors
from protvis.analysis.statistics.head_tables import rows_of
from protvis.analysis.statistics.layer_summary import layer_centers
from protvis.analysis.statistics.result_tables import HeadTables
from protvis.csv_text import csv_text
from protvis.labels import format_head
from protvis.plot import (
    plot_calibration,
    plot_heads,
    plot_layers,
    plot_substitution,
    plot_top,
)
from protvis.plot.figure import feature_name
from protvis.reports.formatting import count, interval, percent, probability, ratio
from protvis.reports.inline_files import csv_address, figure_html
from protvis.reports.role_sections import aligned_text
from protvis.templates import blocks

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["PageTables"]

MOST_ROWS = 100
"""Heads of a feature that the page lists; all are in the file inside it."""

MOST_SHOWN = 6
"""Values of a feature that are shown one after the other; more are opened one by one."""

N_TOP = 10
SIGNIFICANT = 0.05

NULLS = {
    "base_rate": "base rate",
    "protein": "protein",
    "separation": "separation",
    "shift": "shift",
    "amino_acid": "amino acids",
    "aligned": "aligned",
}
"""What a table's columns call each null."""


class PageTables:
    """Sections of a page, each as HTML; empty where a run has no such numbers.

    Parameters
    ----------
    tables : HeadTables
    """

    def __init__(self, tables: HeadTables) -> None:
        self._tables = tables
        self._plan = tables.result.plan
        self._heads = tables.heads()
        self._layers = tables.layers()
        self._numbers = numbers(1)

    def _values(self, feature: str) -> list[str]:
        return [column.value for column in self._plan.columns if column.feature == feature]

    def _figure(self, figure: Figure, caption: str) -> Markup:
        return figure_html(figure, f"f{next(self._numbers)}", caption)

    def heading(self, feature: str) -> str:
        """Return what a feature is called above its section."""
        return _capital(_PLURALS.get(feature) or feature_name(feature))

    def summary(self) -> Markup:
        """Return one row per property: its best head, and how many heads stand out."""
        centers = self._tables.centers().set_index(["feature", "value"])["center_of_gravity"]
        n_proteins = self._tables.result.counters["n_records"]
        rows = []
        for place, column in enumerate(self._plan.columns):
            key = (column.feature, column.value)
            heads = rows_of(self._heads, *key)
            scored = heads[heads["scored"]]
            clear = heads[heads["called"]]
            above = int((clear["proportion"] > clear["background"]).sum())
            best = [*self._tables.top(*key, n=1).itertuples()]
            found = (
                [
                    format_head(best[0].layer, best[0].head),
                    count(best[0].n_links),
                    percent(best[0].proportion),
                    interval(best[0].ci_low, best[0].ci_high),
                    percent(best[0].background),
                    ratio(best[0].enrichment),
                    probability(best[0].q_value),
                ]
                if best
                else ["–"] * 4 + [percent(heads["background"].iloc[0]), "–", "–"]
            )
            row = [feature_name(*key), count(int(n_proteins[place])), *found]
            row += [count(len(scored)), count(above), count(len(clear) - above)]
            rows.append([*row, ratio(centers[key])])
        headers = [
            "property", "proteins", "best head", "links", "proportion, %", "interval, %",
            "background, %", "enrichment", "q", "heads scored", "above", "below", "centre, layer",
        ]  # fmt: skip
        said = (
            "The best head is the one with the highest share of its links. Above and below: called "
            f"heads, which differ from all that their habits explain (q < {SIGNIFICANT:g} under "
            "every null of the ladder, and over families)."
        )
        return blocks().paragraphs([said]) + blocks().table(headers, rows)

    def feature(self, feature: str) -> Markup:
        """Return the figures and best heads of every value of a feature."""
        if self._is_absent(feature):
            return blocks().paragraphs(["No record has it: there is nothing to count."])
        values = self._values(feature)
        if len(values) > MOST_SHOWN:
            parts = [
                blocks().details(value, self._figures(feature, value) + self._top(feature, value))
                for value in values
            ]
            lead = blocks().paragraphs(["Each by itself, with all heads and the best ten:"])
            return _join([self._amino_acids(feature), lead, blocks().choice(parts)])
        parts = []
        for value in values:
            if value:
                parts.append(blocks().heading(_capital(feature_name(feature, value))))
            parts += [self._figures(feature, value), self._top(feature, value)]
        return _join(parts)

    def _is_absent(self, feature: str) -> bool:
        """Return whether no record that was counted has a feature."""
        n_records = self._tables.result.counters["n_records"]
        places = [i for i, c in enumerate(self._plan.columns) if c.feature == feature]
        return not n_records[places].any()

    def _figures(self, feature: str, value: str) -> Markup:
        name = feature_name(feature, value)
        figures = [
            self._figure(
                plot_heads(self._heads, feature, value),
                f"Share of every head's links that go to {name}, layers by heads",
            )
        ]
        # Where there are many values, the table under the figure is enough.
        if len(self._values(feature)) <= MOST_SHOWN:
            figures.append(
                self._figure(
                    plot_top(self._heads, feature, value, n=N_TOP),
                    f"The heads whose links go to {name} most, with intervals and background",
                )
            )
        return blocks().figures(figures)

    def _top(self, feature: str, value: str) -> Markup:
        best = self._tables.top(feature, value, n=N_TOP)
        if best.empty:
            return blocks().paragraphs(["No head has enough links to be scored."])
        nulls = self._tables.nulls(feature)
        steps = {name: title for name, title in NULLS.items() if name in set(nulls["null"])}
        ladder = nulls.pivot(index=["value", "layer", "head"], columns="null", values="q_value")
        best = best.merge(ladder.reset_index(), on=["value", "layer", "head"])
        rows = [
            [
                format_head(head.layer, head.head),
                count(head.n_links),
                percent(head.proportion),
                interval(head.ci_low, head.ci_high),
                percent(head.background),
                ratio(head.enrichment),
                percent(head.share_of_families_above),
                *(probability(getattr(head, name)) for name in steps),
                probability(head.q_value),
                _verdict(head.fails),
            ]
            for head in best.itertuples()
        ]
        headers = [
            "head", "links", "proportion, %", "interval, %", "background, %", "enrichment",
            "families above, %", *(f"q ({title})" for title in steps.values()), "q (families)",
            "",
        ]  # fmt: skip
        table = blocks().table(headers, rows, caption=f"Interval: {self._heads.attrs['interval']}")
        said = [said for said in [aligned_text(self._tables, feature, value)] if said]
        return table + self._chosen(feature, value) + blocks().paragraphs(said)

    def _chosen(self, feature: str, value: str) -> Markup:
        """Return the best head, measured on families that had no part in choosing it."""
        best = self._tables.best(feature, value)
        if best.empty or best["enrichment_low"].isna().all():
            return Markup()
        [head] = best.itertuples()
        said = (
            f"Best by the lower end of its enrichment: {format_head(head.layer, head.head)}. "
            "Chosen on some families and measured on the others, the best head has an enrichment "
            f"of {ratio(head.enrichment)} (95 %: {ratio(head.enrichment_low)} to "
            f"{ratio(head.enrichment_high)}), and it is this head in "
            f"{percent(head.stability)} % of the choices."
        )
        return blocks().paragraphs([said])

    def _amino_acids(self, feature: str) -> Markup:
        """Return amino acids beside BLOSUM62, and the best heads of each."""
        if feature != "amino_acid":
            return Markup()
        found = Markup()
        if amino_acid_vectors(self._heads).shape[1] >= 3:
            figure = self._figure(
                plot_substitution(
                    self._tables.amino_acid_similarity(),
                    comparison=self._tables.compare_substitution(),
                ),
                "Similarity of amino acids in attention, BLOSUM62, and one against the other",
            )
            found = blocks().figures([figure])
        rows = [
            [row.amino_acid, row.head, count(row.n_links), percent(row.proportion),
             percent(row.background), ratio(row.enrichment), probability(row.q_value)]
            for row in self._tables.heads_by_amino_acid(n=3).itertuples()
        ]  # fmt: skip
        headers = [
            "amino acid", "head", "links", "proportion, %", "background, %", "enrichment", "q",
        ]  # fmt: skip
        table = blocks().table(headers, rows, words=2)
        return found + blocks().details("The three best heads of each amino acid", table)

    def controls(self) -> Markup:
        """Return how many heads negative controls call, beside those of the model."""
        table = self._tables.controls()
        ran = table.attrs["records"]
        if not ran:
            return Markup()
        said = [
            "Heads that cannot know anything, through the same analysis: what they call is called "
            "falsely. Shuffled: the model reads shuffled sequences. Untrained: the same "
            "architecture with drawn weights, queries scaled up until there are links. Run on: "
            + "; ".join(f"{name}, {text}" for name, text in ran.items())
            + "."
        ]
        rows = []
        for row in table.itertuples():
            own = rows_of(self._heads, row.feature, row.value)
            rows.append(
                [
                    feature_name(row.feature, row.value),
                    row.control,
                    f"{count(row.n_called)} of {count(row.n_heads)}",
                    ratio(row.best_enrichment),
                    f"{count(int(own['called'].sum()))} of {count(int(own['scored'].sum()))}",
                ]
            )
        headers = ["property", "control", "called", "best enrichment", "the model's heads called"]
        return blocks().paragraphs(said) + (blocks().table(headers, rows) if rows else Markup())

    def layers(self) -> Markup:
        """Return the progression over layers."""
        shown = [feature for feature in self._tables.features if feature != "amino_acid"]
        if not shown or self._layers["mean"].isna().all():
            return Markup()
        figure = self._figure(
            plot_layers(self._layers, shown), "Mean proportion of each layer's scored heads"
        )
        centers = layer_centers(self._layers[self._layers["feature"].isin(shown)])
        rows = [
            [feature_name(row.feature, row.value), ratio(row.center_of_gravity)]
            for row in centers.itertuples()
        ]
        middle = (self._plan.n_layers + 1) / 2
        table = blocks().table(
            ["property", "centre of gravity, layer"],
            rows,
            caption=f"layers that are all alike would give {middle:g}",
        )
        return blocks().figures([figure], beside=table)

    def calibration(self) -> Markup:
        """Return the calibration of the best heads for contacts."""
        if not self._plan.has_contacts:
            return Markup()
        best = self._tables.top("contact", n=4)
        labels = [format_head(*pair) for pair in zip(best["layer"], best["head"], strict=True)]
        if not labels:
            return Markup()
        figure = self._figure(
            plot_calibration(self._tables.calibration(), labels),
            "Share of contacts among pairs, by the attention between them",
        )
        scores = self._tables.calibration_scores().sort_values("brier_skill", ascending=False)
        rows = [
            [
                format_head(row.layer, row.head),
                f"{row.brier:.5f}",
                f"{row.brier_skill:.3f}",
                f"{row.expected_calibration_error:.4f}",
            ]
            for row in scores.head(N_TOP).itertuples()
        ]
        table = blocks().table(
            ["head", "Brier score", "skill", "calibration error"],
            rows,
            caption="the heads whose attention is the best probability of contact",
        )
        return blocks().figures([figure], beside=table)

    def weighted(self) -> Markup:
        """Return the heads with the highest attention-weighted share of each property."""
        weighted = self._tables.weighted()
        rows = []
        for column in self._plan.columns:
            if self._is_absent(column.feature):
                continue
            found = rows_of(weighted, column.feature, column.value)
            best = found.sort_values("weighted_share", ascending=False, kind="stable").head(1)
            rows += [
                [
                    feature_name(column.feature, column.value),
                    format_head(head.layer, head.head),
                    percent(head.weighted_share),
                    percent(head.background),
                    ratio(head.enrichment),
                ]
                for head in best.itertuples()
            ]
        said = (
            "Of all attention rather than of links, without a threshold: another measure, in which "
            "weak attention counts too. The head with the highest share of each property:"
        )
        headers = ["property", "head", "share of attention, %", "base rate, %", "enrichment"]
        return blocks().paragraphs([said]) + blocks().details(
            "Show the shares", blocks().table(headers, rows)
        )

    def heads(self) -> Markup:
        """Return the best heads of each feature, and all of them as a file inside the page."""
        text = csv_text(self._heads, float_format="%.6g")
        parts = [
            blocks().download(
                "All rows are in the file ",
                "heads.csv",
                csv_address(text),
                f"heads.csv ({len(self._heads):,} rows, in this page)",
                f". Listed here are up to {MOST_ROWS} of each feature, those with the highest "
                "proportion first.",
            )
        ]
        headers = ["property", "head", *_HEADERS]
        for feature in self._tables.features:
            if self._is_absent(feature):
                continue
            rows = self._heads[self._heads["feature"] == feature]
            ranked = rows.sort_values(
                ["scored", "proportion", "layer", "head"], ascending=[False, False, True, True]
            )
            shown = [self._row(head) for head in ranked.head(MOST_ROWS).itertuples()]
            summary = f"{self.heading(feature)}: {len(shown):,} of {len(rows):,} rows"
            parts.append(blocks().details(summary, blocks().table(headers, shown, words=2)))
        return _join(parts)

    def _row(self, head: Any) -> list[object]:
        return [
            feature_name(head.feature, head.value),
            format_head(head.layer, head.head),
            count(head.n_links),
            count(head.n_hits),
            percent(head.proportion),
            interval(head.ci_low, head.ci_high),
            percent(head.background),
            ratio(head.enrichment),
            probability(head.p_value),
            probability(head.q_value),
            "yes" if head.scored else "no",
        ]


_HEADERS = (
    "links",
    "hits",
    "proportion, %",
    "interval, %",
    "background, %",
    "enrichment",
    "p",
    "q",
    "scored",
)

_PLURALS = {"amino_acid": "amino acids"}


def _capital(text: str) -> str:
    # pLDDT is written so at the beginning, too.
    return text if text[1:2].isupper() else text[:1].upper() + text[1:]


def _join(parts: Iterable[Markup]) -> Markup:
    return Markup("\n").join(parts)


def _verdict(fails: str) -> str:
    if fails == "min_links":
        return "not scored"
    return f"fails: {NULLS.get(fails, fails)}" if fails else "called"
