"""Heads against the threshold: how enriched they are, and how many are called."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from protvis.errors import LabelError, OptionError
from protvis.labels import format_head, parse_head
from protvis.plot.caption import Caption
from protvis.plot.figure import LINES, MARKERS, MUTED, ReportFigure

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["plot_thresholds"]


def plot_thresholds(
    thresholds: pd.DataFrame, heads: Sequence[str | tuple[int, int]], *, title: str = ""
) -> ReportFigure:
    """Draw the enrichment of heads, and how many are called, from threshold to threshold.

    Parameters
    ----------
    thresholds : DataFrame
        The rows of one feature and value from
        `protvis.analysis.statistics.threshold_table.threshold_table`.
    heads : sequence of str or (int, int)
        Up to 6 heads, as ``"12-4"`` or (layer, head).
    title : str, optional
        The first line.

    Returns
    -------
    ReportFigure

    Raises
    ------
    OptionError
        If there are more heads than can be told apart.
    LabelError
        If the table does not hold one.
    """
    chosen = [parse_head(head) if isinstance(head, str) else head for head in heads]
    if len(chosen) > len(LINES):
        raise OptionError(f"name at most {len(LINES)} heads, got {len(chosen)}")
    cuts = list(dict.fromkeys(thresholds["cut"]))
    places = np.arange(len(cuts))
    figure = ReportFigure(figsize=(5.2, 5.2), layout="constrained")
    axes, below = figure.subplots(2, 1, sharex=True, height_ratios=[2.4, 1])
    axes.axhline(1, color=MUTED, lw=1, ls=(0, (4, 2)), label="background")
    for (layer, head), color, marker in zip(chosen, LINES, MARKERS, strict=False):
        rows = thresholds[(thresholds["layer"] == layer) & (thresholds["head"] == head)]
        if rows.empty:
            raise LabelError(f"the table holds no head {layer}-{head}")
        rows = rows.set_index("cut").loc[cuts]
        low, middle, high = (
            rows[name] / rows["background"] for name in ("ci_low", "proportion", "ci_high")
        )
        reach = np.maximum(np.stack([middle - low, high - middle]), 0)
        axes.errorbar(
            places, middle, yerr=reach, color=color, lw=0, elinewidth=1, capsize=2.5, alpha=0.6
        )
        # The last place is another kind of cut: no line leads there.
        label = f"head {format_head(int(layer), int(head))}"
        axes.plot(places[:-1], middle[:-1], color=color, lw=1.4, label=label)
        for filled in (True, False):
            own = (rows["called"] == filled).to_numpy() & rows["scored"].to_numpy()
            axes.plot(
                places[own], middle[own], color=color, marker=marker, ms=5.5, lw=0,
                mfc=color if filled else "white",
            )  # fmt: skip
    axes.set_ylabel("enrichment")
    axes.set_ylim(0)
    if chosen:
        axes.legend(fontsize=8, frameon=False)
    counts = thresholds.groupby("cut", sort=False)[["called", "scored"]].sum().loc[cuts]
    below.bar(places, counts["scored"], color=MUTED, alpha=0.25, width=0.7, label="scored")
    below.bar(places, counts["called"], color=LINES[0], width=0.7, label="called")
    below.legend(fontsize=8, frameon=False)
    below.set(xlabel="links: attention of at least, or the heaviest", ylabel="heads")
    below.set_xticks(places, cuts)
    for panel in (axes, below):
        panel.tick_params(labelsize=8)
        panel.spines[["top", "right"]].set_visible(False)
    first = thresholds.iloc[0]
    name = " ".join(filter(None, (str(first["feature"]), str(first["value"])))).replace("_", " ")
    lines = [
        f"{name}; background: {thresholds.attrs.get('mode', 'matched')}",
        "filled: called at this cut; bars: 95 % t interval over families",
    ]
    Caption(figure.get_figwidth(), title or "From threshold to threshold", lines).write(figure)
    return figure
