"""The heads that attend to a property most, with how sure that is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from protvis.analysis.statistics.head_tables import rows_of, top_heads
from protvis.labels import format_head
from protvis.plot.caption import Caption
from protvis.plot.figure import ACCENT, INK, LINES, ReportFigure, feature_name, percent

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["plot_top"]


def plot_top(
    table: pd.DataFrame,
    feature: str,
    value: str = "",
    *,
    n: int = 10,
    interval: str = "",
    title: str = "",
) -> ReportFigure:
    """Draw the `n` heads with the highest proportion as bars, with intervals and the background.

    Heads chosen as the highest of many on the same data flatter the model a little; the intervals
    do not account for that.

    Parameters
    ----------
    table : DataFrame
        From `protvis.analysis.statistics.head_tables.head_table`.
    feature, value : str
    n : int, default 10
    interval : str, optional
        What the intervals are; by default what the table says of itself.
    title : str, optional
        The first line; by default it says what is attended to.

    Returns
    -------
    ReportFigure

    Raises
    ------
    OptionError
        If the table has no such feature or value.
    """
    n_scored = int(rows_of(table, feature, value)["scored"].sum())
    heads = top_heads(table, feature, value, n=n)
    share = 100 * heads["proportion"].to_numpy(dtype=np.float64)
    low, high = (100 * heads[name].to_numpy(dtype=np.float64) for name in ("ci_low", "ci_high"))
    background = 100 * heads["background"].to_numpy(dtype=np.float64)
    labels = [format_head(*pair) for pair in zip(heads["layer"], heads["head"], strict=True)]

    figure = ReportFigure(figsize=(max(3.8, 0.52 * len(heads) + 1.3), 3.6), layout="constrained")
    axes = figure.subplots()
    places = list(range(len(heads)))
    axes.bar(places, share, width=0.68, color=LINES[0])
    known = ~np.isnan(low)
    reach = np.stack([share - low, high - share])[:, known]
    axes.errorbar(
        np.flatnonzero(known), share[known], yerr=np.maximum(reach, 0),
        fmt="none", ecolor=INK, elinewidth=1.1, capsize=3.5,
    )  # fmt: skip
    for place, level in enumerate(background):
        ends = [place - 0.5, place + 0.5]
        axes.plot(ends, [level, level], color="white", lw=3.2, zorder=1.5)
        axes.plot(ends, [level, level], color=ACCENT, lw=1.8, ls=(0, (3, 1.2)), zorder=1.6)
    tops = np.fmax(high, share)
    for place, top, height in zip(places, tops, share, strict=True):
        axes.annotate(
            f"{height:.1f}", (place, top), (0, 3), textcoords="offset points",
            ha="center", fontsize=8, color=INK,
        )  # fmt: skip
    axes.set_xticks(places, labels)
    axes.set_xlim(-0.65, max(len(heads), 1) - 0.35)
    axes.set_ylim(0, 1.12 * max(np.max(tops, initial=0), np.max(background, initial=0)) or 1)
    axes.set(xlabel="layer-head", ylabel="% of the head's links")
    axes.tick_params(labelsize=8.5)
    axes.tick_params(axis="x", length=0)
    axes.spines[["top", "right"]].set_visible(False)
    heading = title or f"Top heads for {feature_name(feature, value)}"
    if heads.empty:
        lines = ["no head has enough links to be scored"]
    else:
        lines = [f"{len(heads)} of {n_scored} scored heads · {_background(background)}"]
    if known.any():
        known_as = interval or table.attrs.get("interval", "ci_low to ci_high of the table")
        lines.append(f"whiskers: {known_as}")
    Caption(figure.get_figwidth(), heading, lines).write(figure)
    return figure


def _background(background: NDArray[Any]) -> str:
    low, high = (percent(edge / 100) for edge in (background.min(), background.max()))
    return f"dashed: background {low} %" if low == high else "dashed: background of each head"
