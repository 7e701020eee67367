"""Amino acids in attention beside amino acids in evolution."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from protvis.analysis.statistics.amino_acids import (
    SubstitutionComparison,
    blosum62,
    compare_substitution,
)
from protvis.plot.caption import Caption
from protvis.plot.figure import INK, LINES, MUTED, ReportFigure

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["plot_substitution"]

ORDER = "CSTPAGNDEQHRKMILVFYW"
"""Alike beside alike, as BLOSUM62 is usually printed."""

N_NAMED = 5

LINE_HEIGHT = 0.05
"""Of a name in the scatter, as a share of its height."""

NAME_GAP = 0.22
"""From a point to its name, half-bits."""


def plot_substitution(
    similarity: pd.DataFrame,
    blosum: pd.DataFrame | None = None,
    *,
    comparison: SubstitutionComparison | None = None,
    title: str = "",
) -> ReportFigure:
    """Draw the similarity of amino acids in attention, BLOSUM62, and one against the other.

    Parameters
    ----------
    similarity : DataFrame (amino acid, amino acid)
        From `protvis.analysis.statistics.amino_acids.amino_acid_similarity`.
    blosum : DataFrame (amino acid, amino acid), optional
        `protvis.analysis.statistics.amino_acids.blosum62` by default.
    comparison : SubstitutionComparison, optional
        From `compare_substitution`; computed by default.
    title : str, optional
        The first line.

    Returns
    -------
    ReportFigure
    """
    blosum = blosum62() if blosum is None else blosum
    comparison = compare_substitution(similarity) if comparison is None else comparison
    letters = [letter for letter in ORDER if letter in similarity.index]
    ours = similarity.loc[letters, letters].to_numpy(dtype=np.float64)
    theirs = blosum.loc[letters, letters].to_numpy(dtype=np.float64)
    figure = ReportFigure(figsize=(11.6, 4.1), layout="constrained")
    left, middle, right = figure.subplots(1, 3, width_ratios=[1, 1, 0.92])
    _matrix(figure, left, ours, letters, "attention, Pearson's r over heads")
    _matrix(figure, middle, theirs, letters, "BLOSUM62, half-bits")
    _scatter(right, ours, theirs, letters)
    heading = title or "Amino acids: attention and substitution"
    Caption(figure.get_figwidth(), heading, [_summary(comparison)]).write(figure)
    return figure


def _matrix(
    figure: ReportFigure,
    axes: Axes,
    matrix: NDArray[Any],
    letters: list[str],
    title: str,
) -> None:
    shown = np.where(np.eye(len(matrix), dtype=bool), np.nan, matrix)
    highest = np.nanmax(np.abs(shown)) if np.isfinite(shown).any() else 1.0
    axes.set_facecolor("#E8E8E8")
    image = axes.imshow(shown, cmap="RdBu_r", vmin=-highest, vmax=highest)
    places = np.arange(len(letters))
    axes.set_xticks(places, letters)
    axes.set_yticks(places, letters)
    axes.tick_params(length=0, labelsize=7.5, labeltop=True, labelbottom=False)
    axes.spines[:].set_visible(False)
    axes.set_title(title, size=9.5, color=INK)
    bar = figure.colorbar(image, ax=axes, location="right", shrink=0.8, aspect=25, format="%g")
    bar.ax.tick_params(labelsize=8)
    bar.outline.set_visible(False)


def _scatter(axes: Axes, ours: NDArray[Any], theirs: NDArray[Any], letters: list[str]) -> None:
    row, column = np.triu_indices(len(letters), k=1)
    x, y = theirs[row, column], ours[row, column]
    known = ~np.isnan(y)
    row, column, x, y = row[known], column[known], x[known], y[known]
    axes.scatter(x, y, s=16, color=LINES[0], alpha=0.55, lw=0)
    if len(y) > 1:
        slope, start = np.polyfit(x, y, 1)
        ends = np.array([x.min(), x.max()])
        axes.plot(ends, slope * ends + start, color=MUTED, lw=1.2, ls=(0, (4, 2)))
    axes.margins(x=0.08)
    named = np.argsort(-y, kind="stable")[:N_NAMED]
    bottom, top = axes.get_ylim()
    heights = _apart(x[named], y[named], gap=LINE_HEIGHT * (top - bottom))
    for place, height in zip(named, heights, strict=True):
        line = {"arrowstyle": "-", "color": MUTED, "lw": 0.6, "shrinkA": 0, "shrinkB": 2}
        axes.annotate(
            letters[row[place]] + letters[column[place]], (x[place], y[place]),
            # BLOSUM62 has whole numbers: there is room between two columns of points.
            (x[place] + NAME_GAP, height), textcoords="data", fontsize=8, color=INK, va="center",
            arrowprops=line if height != y[place] else None,
            path_effects=[withStroke(linewidth=2, foreground="white")],
        )  # fmt: skip
    axes.set(xlabel="BLOSUM62, half-bits", ylabel="attention, Pearson's r over heads")
    axes.set_title("each pair of amino acids", size=9.5, color=INK)
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)


def _apart(x: NDArray[Any], y: NDArray[Any], gap: float) -> NDArray[Any]:
    """Return heights for the names of points: at least `gap` apart above the same x, from the top.

    Parameters
    ----------
    x, y : float array (point,)
        Highest first.
    gap : float
    """
    heights = y.copy()
    for place in range(1, len(y)):
        above = heights[:place][x[:place] == x[place]]
        if len(above):
            heights[place] = min(y[place], above.min() - gap)
    return heights


def _summary(comparison: SubstitutionComparison) -> str:
    if np.isnan(comparison.r):
        return "too few amino acids or heads to compare"
    n = len(comparison.null)
    least = 1 / (n + 1)
    p = f"p ≤ {least:.1g}" if comparison.p_value <= least else f"p = {comparison.p_value:.2g}"
    return (
        f"r = {comparison.r:.2f} over {comparison.n_pairs} pairs, {p} "
        f"(one-sided, {n:,} permutations of the amino acids' names)"
    )
