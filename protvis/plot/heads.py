"""Layers × heads: where in a model a property is attended to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from numpy.typing import NDArray

from protvis.analysis.statistics.head_tables import rows_of, top_heads
from protvis.labels import format_head
from protvis.plot.caption import Caption
from protvis.plot.figure import (
    ACCENT,
    INK,
    ReportFigure,
    feature_name,
    percent,
)
from protvis.plot.head_grid import MOST_NUMBERS, draw_head_grid, frame_head, unscored_patch

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["plot_heads"]


def plot_heads(
    table: pd.DataFrame, feature: str, value: str = "", *, title: str = ""
) -> ReportFigure:
    """Draw the proportion of every head, layers × heads, with the best of each layer at the side.

    After the figures of Vig et al. (ICLR 2021), with the first layer at the bottom. Heads with too
    few links are hatched. Up to 12 × 12 heads the cells hold their values.

    Parameters
    ----------
    table : DataFrame
        From `protvis.analysis.statistics.head_tables.head_table`.
    feature, value : str
    title : str, optional
        The first line; by default it says what is attended to.

    Returns
    -------
    ReportFigure

    Raises
    ------
    OptionError
        If the table has no such feature or value, or no heads.
    """
    rows = rows_of(table, feature, value)
    n_layers, n_heads = int(rows["layer"].max()), int(rows["head"].max())
    grid, background = np.full((2, n_layers, n_heads), np.nan)
    scored = rows[rows["scored"]]
    place = scored["layer"].to_numpy() - 1, scored["head"].to_numpy() - 1
    grid[place] = scored["proportion"]
    background[place] = scored["background"]

    numbers = grid.size <= MOST_NUMBERS
    cell = (0.40, 0.30) if numbers else (max(0.13, 0.24 - 0.001 * n_heads), 0.185)
    size = (max(3.0, cell[0] * n_heads) + 3.2, max(1.9, cell[1] * n_layers) + 1.75)
    figure = ReportFigure(figsize=size, layout="constrained")
    ratio = [max(3.0, cell[0] * n_heads), 1.35]
    axes, side = figure.subplots(1, 2, width_ratios=ratio, sharey=True)
    highest = float(np.nanmax(grid)) if len(scored) else 1.0
    best = top_heads(table, feature, value, n=1)
    left, bar = draw_head_grid(
        axes,
        grid,
        colormap="viridis",
        scale=Normalize(0, highest or 1.0),
        text=percent,
        name="% of the head's links",
        height=size[1] - 1.75,
        location="left",
    )
    for head in best.itertuples():
        frame_head(axes, left[head.head - 1], head.layer, ACCENT)
    bar.ax.yaxis.set_major_formatter(lambda x, _: f"{100 * x:g}")
    level = float(scored["background"].mean()) if len(scored) else np.nan
    _maxima(side, grid, level)
    if level <= highest:
        bar.ax.axhline(level, color=ACCENT, lw=1.8)
    if np.isnan(grid).any():
        _say_unscored(figure, table)
    lines = [_summary(best, background)]
    if "threshold" in table.attrs:
        lines.append(f"links: attention of at least {table.attrs['threshold']:g}")
    heading = title or f"Attention to {feature_name(feature, value)}"
    Caption(size[0], heading, lines).write(figure)
    return figure


def _maxima(side: Axes, grid: NDArray[np.float64], level: float) -> None:
    """Draw the best of each layer as bars, with the background."""
    # fmax.reduce, unlike nanmax, takes a layer without a scored head as it is.
    maxima = 100 * np.fmax.reduce(grid, axis=1)
    layers = np.arange(len(grid)) + 1
    known = ~np.isnan(maxima)
    side.barh(layers[known], maxima[known], height=0.7, color="#5A7D9A")
    for layer, value in zip(layers[known], maxima[known], strict=True):
        side.text(value, layer, f" {value:.1f}", va="center", fontsize=7, color=INK)
    side.axvline(100 * level, color=ACCENT, lw=1.4)
    side.set_title("best head\nof the layer, %", fontsize=8.5, color=INK)
    side.set_xlim(0, 1.3 * (np.nanmax(maxima) if known.any() else 1))
    side.tick_params(axis="y", length=0, labelleft=False)
    side.tick_params(axis="x", labelsize=8)
    side.spines[["top", "right", "left"]].set_visible(False)


def _summary(best: pd.DataFrame, background: NDArray[np.float64]) -> str:
    if best.empty:
        return "no head has enough links to be scored"
    first = best.iloc[0]
    text = (
        f"highest: {format_head(first['layer'], first['head'])} with "
        f"{100 * first['proportion']:.1f} %"
    )
    low, high = np.fmin.reduce(background, axis=None), np.fmax.reduce(background, axis=None)
    if np.isnan(low):
        return text
    if percent(low) == percent(high):
        return f"{text} · background {percent(low)} % (orange line)"
    return f"{text} · background {percent(low)} to {percent(high)} % by head (orange line: mean)"


def _say_unscored(figure: ReportFigure, table: pd.DataFrame) -> None:
    few = table.attrs.get("min_links")
    label = f"fewer than {few} links" if few else "too few links"
    figure.legend(
        handles=[unscored_patch(label)], loc="outside lower center", fontsize=8, frameon=False
    )
