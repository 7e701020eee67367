"""One map, query × key, with the contacts of the structure outlined."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import FuncNorm, Normalize
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike, NDArray

from protvis.errors import OptionError
from protvis.plot.caption import Caption
from protvis.plot.figure import INK, MUTED, ReportFigure
from protvis.plot.residue_axis import ResidueAxis, spread
from protvis.scene.colors import ACCENT, COLORMAPS

__all__ = ["plot_attention_map"]

SIDE = 5.6
"""Inches of the map's side."""

OUTLINE = "#00b7eb"
"""Told apart from the colours of the map, light and dark; as in the browser."""

MOST_LABELS = 24
"""More selected residues than this are marked without their labels."""


def plot_attention_map(
    values: ArrayLike,
    labels: Sequence[str],
    *,
    contacts: ArrayLike | None = None,
    selection: Sequence[int] = (),
    link: tuple[int, int] | None = None,
    block: tuple[int, int, int, int] | None = None,
    signed: bool = False,
    unit: str = "attention",
    title: str = "Attention",
    lines: Sequence[str] = (),
    notes: Sequence[str] = (),
) -> ReportFigure:
    """Draw a map of residue pairs.

    Colours follow the square root of the values, as in the explorer, so that weak attention is
    visible beside strong.

    Parameters
    ----------
    values : array (query, key)
        NaN is left blank.
    labels : sequence of str
        One per residue, such as ``"A:SER195"``.
    contacts : bool array (query, key), optional
        Pairs to outline.
    selection : sequence of int
        Residues to mark on both axes.
    link : (int, int), optional
        A pair (query, key) to mark.
    block : (int, int, int, int), optional
        First and last query, first and last key of a block, outlined in place of the selection.
    signed : bool
        Whether negative values are meaningful; colours then diverge from white at 0.
    unit : str
        What the values are.
    title : str
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
        If the shapes do not fit.
    """
    matrix = np.asarray(values, np.float64)
    axis = ResidueAxis(tuple(labels))
    n = len(axis)
    if matrix.shape != (n, n) or n == 0:
        raise OptionError(
            f"expected a square map with one row and column per label ({n}), got {matrix.shape}"
        )
    caption = Caption(SIDE + 1.7, title, lines, notes)
    size = (SIDE + 1.7, SIDE + 0.85 + caption.top + caption.bottom)
    figure = ReportFigure(figsize=size, layout="constrained")
    axes = figure.subplots()
    name = COLORMAPS["signed" if signed else "map"]
    image = axes.imshow(matrix, cmap=matplotlib.colormaps[name], norm=_root_norm(matrix, signed))
    handles = []
    if contacts is not None:
        handles += _outline(axes, np.asarray(contacts, bool), n, INK if signed else OUTLINE)
    if block is not None:
        top, bottom, left, right = block
        size = (right - left + 1, bottom - top + 1)
        axes.add_patch(Rectangle((left - 0.5, top - 0.5), *size, fill=False, ec=ACCENT, lw=1.4))
    else:
        _mark(figure, axes, axis, selection)
    if link is not None:
        query, key = link
        grow = max(0.5, n / 110)
        axes.add_patch(
            Rectangle((key - grow, query - grow), 2 * grow, 2 * grow, fill=False, ec=ACCENT, lw=1.6)
        )
    for border in axis.borders:
        for draw in (axes.axvline, axes.axhline):
            draw(border - 0.5, color=INK if signed else "white", lw=0.8, alpha=0.8)
    _label(axes, axis)
    bar = figure.colorbar(image, ax=axes, fraction=0.046, pad=0.02, aspect=28)
    bar.set_ticks(_root_ticks(_highest(matrix, signed), signed))
    bar.ax.yaxis.set_major_formatter(lambda value, _: f"{value:.2g}")
    bar.ax.tick_params(labelsize=8)
    bar.set_label(f"{unit} (colours by its square root)", size=8.5)
    bar.outline.set_visible(False)
    if handles:
        axes.legend(
            handles=handles, loc="upper right", bbox_to_anchor=(1, -0.075), fontsize=8,
            frameon=False, borderaxespad=0,
        )  # fmt: skip
    caption.write(figure)
    return figure


def _highest(matrix: NDArray[np.float64], signed: bool) -> float:
    known = matrix[np.isfinite(matrix)]
    highest = float(np.abs(known).max() if signed else known.max()) if known.size else 1.0
    return highest if highest > 0 else 1.0


def _root_norm(matrix: NDArray[np.float64], signed: bool) -> Normalize:
    highest = _highest(matrix, signed)

    def forward(value: ArrayLike) -> NDArray[Any]:
        return np.sign(value) * np.sqrt(np.abs(value))

    def backward(value: ArrayLike) -> NDArray[Any]:
        return np.sign(value) * np.square(value)

    return FuncNorm((forward, backward), vmin=-highest if signed else 0.0, vmax=highest)


def _root_ticks(highest: float, signed: bool) -> list[float]:
    shares = [0, 0.05, 0.25, 0.5, 1]
    ticks = [share * highest for share in shares]
    return ticks if not signed else [*(-tick for tick in ticks[:0:-1]), *ticks]


def _outline(axes: Axes, contacts: NDArray[np.bool_], n: int, color: str) -> list[Line2D]:
    """Draw lines where contacts border on pairs that are none."""
    padded = np.pad(contacts, 1)
    rows, columns = np.nonzero(padded[1:, 1:-1] != padded[:-1, 1:-1])
    level = [((x - 0.5, y - 0.5), (x + 0.5, y - 0.5)) for y, x in zip(rows, columns, strict=True)]
    rows, columns = np.nonzero(padded[1:-1, 1:] != padded[1:-1, :-1])
    upright = [((x - 0.5, y - 0.5), (x - 0.5, y + 0.5)) for y, x in zip(rows, columns, strict=True)]
    width = float(np.clip(72 * SIDE / n * 0.3, 0.3, 1.0))
    axes.add_collection(
        LineCollection([*level, *upright], colors=color, linewidths=width, capstyle="projecting")
    )
    return [Line2D([], [], color=color, lw=1.2, label="contact (Cβ within 8 Å)")]


def _mark(figure: ReportFigure, axes: Axes, axis: ResidueAxis, selection: Sequence[int]) -> None:
    """Shade the rows and columns of selected residues, with their labels above."""
    chosen = sorted(selection)
    if not chosen:
        return
    n = len(axis)
    # A row of a long chain would be too thin to be seen.
    half = max(0.5, n / 900)
    for at in chosen:
        for draw in (axes.axvspan, axes.axhspan):
            draw(at - half, at + half, color=ACCENT, alpha=0.35, lw=0)
    if len(chosen) > MOST_LABELS:
        return
    places = spread(chosen, n * 0.026, -0.5, n - 0.5)
    for at, place in zip(chosen, places, strict=True):
        axes.annotate(
            axis.short(at), (at, -0.5), (place, -0.5 - 0.022 * n), rotation=90, ha="center",
            va="bottom", fontsize=7, color=ACCENT, parse_math=False, annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": ACCENT, "lw": 0.6, "shrinkA": 0, "shrinkB": 0},
        )  # fmt: skip


def _label(axes: Axes, axis: ResidueAxis) -> None:
    places, numbers = axis.ticks(12)
    axes.set_xticks(places, numbers)
    axes.set_yticks(places, numbers)
    axes.tick_params(labelsize=8, length=2.5, color=MUTED)
    axes.set_xlabel("key residue (attended to)", size=9)
    axes.set_ylabel("query residue (attends)", size=9)
    axes.spines[:].set_color("#C5CCD6")
    if axis.borders:
        for chain_id, start, stop in axis.segments:
            axes.annotate(
                f"chain {chain_id}", ((start + stop - 1) / 2, 0), (0, -16), ha="center", va="top",
                xycoords=("data", "axes fraction"), textcoords="offset points", fontsize=8,
                color=MUTED, parse_math=False,
            )  # fmt: skip
        axes.xaxis.labelpad = 14
