"""A score of all heads on one protein: layers × heads, and layer by layer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.colors import Normalize
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray

from protvis.errors import OptionError
from protvis.labels import format_head
from protvis.plot.caption import Caption
from protvis.plot.figure import INK, LINES, MUTED, ReportFigure, label_locator
from protvis.plot.head_grid import MOST_NUMBERS, draw_head_grid, frame_head
from protvis.scene.colors import ACCENT, COLORMAPS, score_range

__all__ = ["plot_protein_heads", "plot_protein_layers"]

GRAVITY = "#D55E00"


def plot_protein_heads(
    scores: ArrayLike,
    *,
    name: str,
    is_share: bool = False,
    lowest_best: bool = False,
    mean_last: bool = True,
    chosen: tuple[int, int] | None = None,
    background: float = np.nan,
    title: str = "",
    lines: Sequence[str] = (),
    notes: Sequence[str] = (),
) -> ReportFigure:
    """Draw a score of every head, layers × heads, the first layer at the top as in the explorer.

    Parameters
    ----------
    scores : array (layer, head)
        NaN if a head has none.
    name : str
        What the score is.
    is_share : bool
        Whether 0 means none and 1 means all, which sets the colour range (`score_range`).
    lowest_best : bool
        Whether the lowest score is the best.
    mean_last : bool
        Whether the last column holds the layers' means over heads.
    chosen : (int, int), optional
        Positions (row, column) of the head to mark.
    background : float
        What chance would give.
    title : str, optional
    lines : sequence of str
        Explanations, in smaller type.
    notes : sequence of str
        Notices, at the foot.

    Returns
    -------
    ReportFigure

    Raises
    ------
    OptionError
        If there are no heads.
    """
    grid = _grid(scores)
    n_layers, n_columns = grid.shape
    n_heads = n_columns - mean_last
    numbers = grid.size <= MOST_NUMBERS
    cell = (0.42, 0.30) if numbers else (max(0.13, 0.24 - 0.001 * n_columns), 0.185)
    width = max(4.4, cell[0] * n_columns + 1.4)
    best = _best(grid[:, :n_heads] if n_heads else grid, lowest_best)
    summary = _summary(grid, best, lowest_best, background)
    caption = Caption(width, title or name, [summary, *lines], notes)
    height = max(1.6, cell[1] * n_layers)
    size = (width, height + 0.6 + caption.top + caption.bottom)
    figure = ReportFigure(figsize=size, layout="constrained")
    axes = figure.subplots()
    lowest, highest = score_range(grid, is_share=is_share)
    left, bar = draw_head_grid(
        axes,
        grid,
        colormap=COLORMAPS["score"],
        scale=Normalize(lowest, highest),
        text=_short,
        name=name,
        height=height,
        mean_last=mean_last,
    )
    axes.invert_yaxis()
    if chosen is not None:
        layer, column = chosen
        frame_head(axes, left[column], layer + 1, ACCENT)
    if lowest <= background <= highest:
        bar.ax.axhline(background, color=GRAVITY, lw=1.8)
    caption.write(figure)
    return figure


def plot_protein_layers(
    scores: ArrayLike,
    *,
    name: str,
    lowest_best: bool = False,
    mean_last: bool = True,
    chosen: tuple[int, int] | None = None,
    background: float = np.nan,
    title: str = "",
    lines: Sequence[str] = (),
    notes: Sequence[str] = (),
) -> ReportFigure:
    """Draw a score from layer to layer: every head as a point, the heads' mean and best as lines.

    Parameters
    ----------
    scores, name, lowest_best, mean_last, chosen, background, title, lines, notes
        As for `plot_protein_heads`. The score of a layer's mean *map*, in the last column, is drawn
        as a separate line, since it is not a mean of scores.

    Returns
    -------
    ReportFigure

    Raises
    ------
    OptionError
        If there are no heads.
    """
    grid = _grid(scores)
    n_layers, n_columns = grid.shape
    heads = grid[:, :-1] if mean_last and n_columns > 1 else grid
    layers = np.arange(n_layers) + 1
    width = max(5.4, 0.17 * n_layers + 2.6)
    caption = Caption(width, title or f"{name} by layer", lines, notes)
    size = (width, 3.2 + caption.top + caption.bottom)
    figure = ReportFigure(figsize=size, layout="constrained")
    axes = figure.subplots()
    # Side by side, in the order of the heads, so that equal scores do not hide each other.
    offsets = np.linspace(-0.28, 0.28, heads.shape[1]) if heads.shape[1] > 1 else np.zeros(1)
    axes.scatter(
        (layers[:, None] + offsets).ravel(), heads.ravel(), s=9, color=LINES[4], lw=0,
        label="each head" if heads.shape[1] > 1 else "score",
    )  # fmt: skip
    if heads.shape[1] > 1:
        extreme = np.fmin.reduce if lowest_best else np.fmax.reduce
        word = "lowest" if lowest_best else "highest"
        axes.plot(layers, extreme(heads, axis=1), color=LINES[0], lw=1.6, label=f"{word} head")
        known = np.isfinite(heads)
        total = np.where(known, heads, 0).sum(axis=1)
        mean = np.divide(
            total, known.sum(axis=1), out=np.full(n_layers, np.nan), where=known.any(1)
        )
        axes.plot(layers, mean, color=INK, lw=1.2, ls=(0, (4, 1.5)), label="mean of the scores")
    if mean_last and n_columns > 1:
        axes.plot(
            layers, grid[:, -1], color=LINES[3], lw=1.2, marker="D", ms=3, label="score of the mean"
        )
    if np.isfinite(background):
        axes.axhline(background, color=MUTED, lw=1, ls=(0, (1, 1.5)), label="chance")
    if chosen is not None:
        row, column = chosen
        is_mean = mean_last and n_columns > 1 and column == n_columns - 1
        at = row + 1 + (0 if is_mean else offsets[min(column, len(offsets) - 1)])
        axes.plot(at, grid[row, column], "o", ms=9, mfc="none", mec=ACCENT, mew=1.8)
    axes.set(xlabel="layer", ylabel=name, xlim=(0.5, n_layers + 0.5))
    axes.set_ylim(0 if np.nanmin(grid, initial=0) >= 0 else None)
    axes.xaxis.set_major_locator(label_locator(n_layers, 24))
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(
        fontsize=8, frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0), borderaxespad=0.2
    )
    caption.write(figure)
    return figure


def _grid(scores: ArrayLike) -> NDArray[np.float64]:
    grid = np.asarray(scores, np.float64)
    if grid.ndim != 2 or grid.size == 0:
        raise OptionError(f"expected scores as (layer, head), got shape {grid.shape}")
    return grid


def _short(value: float) -> str:
    return f"{value:.2f}" if abs(value) < 9.995 else f"{value:.3g}"


def _best(heads: NDArray[np.float64], lowest_best: bool) -> tuple[int, int] | None:
    if np.isnan(heads).all():
        return None
    flat = np.nanargmin(heads) if lowest_best else np.nanargmax(heads)
    layer, head = np.unravel_index(flat, heads.shape)
    return int(layer), int(head)


def _summary(
    grid: NDArray[np.float64], best: tuple[int, int] | None, lowest_best: bool, background: float
) -> str:
    if best is None:
        return "no head has this score"
    word = "lowest" if lowest_best else "highest"
    said = f"{word}: {format_head(best[0] + 1, best[1] + 1)} with {grid[best]:.3g}"
    return f"{said} · chance {background:.2g} (orange line)" if np.isfinite(background) else said
