"""A grid of layers × heads, the first layer at the bottom unless the axis is inverted."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colorbar import Colorbar
from matplotlib.colors import Normalize
from matplotlib.patches import Patch, Rectangle
from numpy.typing import NDArray

from protvis.plot.figure import label_locator

__all__ = ["MOST_NUMBERS", "draw_head_grid", "frame_head", "unscored_patch"]

MOST_NUMBERS = 12 * 13
"""With more cells than this they are too small for numbers."""

_ACROSS = 15.0
"""Characters of the colour bar's name to the inch."""

_HATCHED: dict[str, Any] = {"fc": "#E8E8E8", "ec": "white", "hatch": "////", "lw": 0}


def draw_head_grid(
    axes: Axes,
    grid: NDArray[np.float64],
    *,
    colormap: str,
    scale: Normalize,
    text: Callable[[float], str],
    name: str,
    height: float,
    location: str = "right",
    mean_last: bool = False,
) -> tuple[NDArray[np.float64], Colorbar]:
    """Draw a value of every head as the colour of a cell, with a colour bar.

    Parameters
    ----------
    axes : Axes
    grid : float array (layer, head)
        NaN, hatched, where a head has no value.
    colormap : str
    scale : Normalize
    text : callable
        Writes a value; used up to `MOST_NUMBERS` cells.
    name : str
        What the values are, at the colour bar.
    height : float
        Of the grid, in inches.
    location : {"left", "right"}
        Of the colour bar.
    mean_last : bool, default False
        Whether the last column is of the layers' means; it stands apart.

    Returns
    -------
    left : float array (head,)
        Where each column begins.
    bar : Colorbar
    """
    n_layers, n_columns = grid.shape
    n_heads = n_columns - mean_last
    left: NDArray[np.float64] = np.arange(n_columns, dtype=np.float64) + 0.5
    if mean_last and n_heads:
        left[-1] += 0.35
    colors = matplotlib.colormaps[colormap]
    upward = np.arange(n_layers + 1) + 0.5
    for columns in (slice(0, n_heads), slice(n_heads, n_columns)):
        if grid[:, columns].size:
            across = [*left[columns], left[columns][-1] + 1]
            cells = grid[:, columns]
            axes.pcolormesh(
                across, upward, cells, cmap=colors, norm=scale, edgecolor="white", lw=0.4
            )
    for layer, column in np.argwhere(np.isnan(grid)):
        axes.add_patch(Rectangle((left[column], layer + 0.5), 1, 1, **_HATCHED))
    for (layer, column), value in np.ndenumerate(grid) if grid.size <= MOST_NUMBERS else ():
        if not np.isnan(value):
            light = np.dot(colors(scale(value))[:3], [0.2126, 0.7152, 0.0722]) > 0.45
            axes.text(
                left[column] + 0.5, layer + 1, text(value), ha="center", va="center", fontsize=7.3,
                color="black" if light else "white",
            )  # fmt: skip
    axes.set(xlim=(0.5, left[-1] + 1), ylim=(0.5, n_layers + 0.5), xlabel="head", ylabel="layer")
    heads = label_locator(n_heads, 32).tick_values(0, 1) if n_heads else []
    ticks = [(float(head), str(int(head))) for head in heads if head <= n_heads]
    if mean_last:
        ticks.append((left[-1] + 0.5, "mean"))
    axes.set_xticks([place for place, _ in ticks], [label for _, label in ticks])
    axes.yaxis.set_major_locator(label_locator(n_layers, 40))
    axes.tick_params(length=0, labelsize=8)
    axes.spines[:].set_visible(False)
    bar = axes.figure.colorbar(
        ScalarMappable(scale, colors), ax=axes, location=location, fraction=0.045, pad=0.02,
        aspect=22,
    )  # fmt: skip
    bar.ax.tick_params(labelsize=8)
    # Along a low grid a long name would be cut at both ends.
    bar.set_label(textwrap.fill(name, max(14, int(_ACROSS * height))), size=8.5)
    bar.outline.set_visible(False)
    return left, bar


def frame_head(axes: Axes, left: float, layer: int, color: str) -> None:
    """Draw a frame around the cell of a head; `layer` is its label."""
    axes.add_patch(Rectangle((left, layer - 0.5), 1, 1, fill=False, ec=color, lw=2.0, zorder=3))


def unscored_patch(label: str) -> Patch:
    """Return what stands for hatched cells in a legend."""
    return Patch(label=label, **_HATCHED)
