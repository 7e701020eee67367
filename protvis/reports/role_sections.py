"""What a page says of heads in words: their roles, and what one fold explains."""

from __future__ import annotations

import numpy as np
import pandas as pd
from markupsafe import Markup

from protvis.analysis.statistics.head_tables import rows_of
from protvis.analysis.statistics.result_tables import HeadTables
from protvis.labels import format_head
from protvis.plot import plot_atlas
from protvis.plot.figure import feature_name
from protvis.reports.formatting import count, model_name, percent, ratio
from protvis.reports.inline_files import figure_html
from protvis.templates import blocks

__all__ = ["aligned_text", "atlas_section"]

MOST_ROLES = 200
"""Rows of the atlas that the page lists."""


def atlas_section(tables: HeadTables) -> Markup:
    """Return the atlas: the model as a figure, and its roles as a table."""
    atlas = tables.atlas()
    named = atlas[atlas["role"] != ""]
    said = [
        "A role is given to a head that survives every null of the ladder, shows the role on one "
        "half of the families, and shows it again on the other half, of which the numbers are. "
        "Heads that fail at the null `aligned` alone look at places of the family."
    ]
    if named.empty:
        return blocks().paragraphs([*said, f"{_capital(atlas['words'].iloc[0])}, for any head."])
    figure = plot_atlas({model_name(tables.provenance): atlas})
    rows = [
        [format_head(row.layer, row.head), row.role, percent(row.share), percent(row.expected),
         ratio(row.enrichment), f"{ratio(row.enrichment_low)} to {ratio(row.enrichment_high)}",
         count(round(row.n_links))]
        for row in named.sort_values("excess", ascending=False).head(MOST_ROLES).itertuples()
    ]  # fmt: skip
    headers = ["head", "role", "share, %", "by chance, %", "enrichment", "interval, ×", "links"]
    title = f"{len(rows):,} of {len(named):,} roles, the clearest first"
    return (
        blocks().paragraphs(said)
        + blocks().figures([figure_html(figure, "atlas", "What each head does, layers by heads")])
        + blocks().details(title, blocks().table(headers, rows, words=2))
    )


def aligned_text(tables: HeadTables, feature: str, value: str) -> str:
    """Return what the null `aligned` says of a property, "" where there is no such null."""
    if not tables.result.plan.aligned:
        return ""
    heads = rows_of(tables.heads(), feature, value)
    above = heads[heads["proportion"] > heads["background"]]
    survived, failed = above[above["called"]], above[above["fails"] == "aligned"]
    n = len(survived) + len(failed)
    if n == 0:
        return ""
    rows = rows_of(tables.aligned(), feature, value)
    best = pd.concat([survived, failed]).nlargest(1, "proportion").iloc[0]
    verdict = "do not survive" if 2 * len(failed) > n else "survive"
    told = (
        f"Links to {feature_name(feature, value)} {verdict} `aligned`, the null of one fold: "
        f"{count(len(failed))} of the {count(n)} heads that are above all other nulls fail where "
        "each protein's links are put on its relatives. "
        f"The one with the most hits: {_own_and_others(rows, best)}."
    )
    if len(survived) and best["fails"] == "aligned":
        first = survived.nlargest(1, "proportion").iloc[0]
        told += f" Best of those that survive: {_own_and_others(rows, first)}."
    return f"{told} Each interval is of one head by itself, while q is adjusted for all heads."


def _own_and_others(rows: pd.DataFrame, head: pd.Series) -> str:
    own = _row_of(rows, head)
    return (
        f"{format_head(head['layer'], head['head'])}, {percent(own['own'])} % in the protein it "
        f"reads and {percent(own['others'])} % on the relatives, {_signed(own['difference'])} "
        f"points (95 %: {_signed(own['difference_low'])} to {_signed(own['difference_high'])})"
    )


def _row_of(table: pd.DataFrame, head: pd.Series) -> pd.Series:
    same = (table["layer"] == head["layer"]) & (table["head"] == head["head"])
    return table[same].iloc[0]


def _signed(share: float) -> str:
    return "–" if np.isnan(share) else f"{100 * share:+.2f}".replace("-", "−")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
