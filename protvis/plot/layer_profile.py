"""The progression over layers: which property sits where in a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import MaxNLocator

from protvis.analysis.statistics.head_tables import rows_of
from protvis.analysis.statistics.layer_summary import center_of_gravity
from protvis.errors import OptionError
from protvis.plot.caption import Caption
from protvis.plot.figure import (
    ACCENT,
    INK,
    LINES,
    MUTED,
    ReportFigure,
    feature_name,
    label_locator,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["plot_layers"]


def plot_layers(
    layers: pd.DataFrame,
    features: Sequence[str | tuple[str, str]] | None = None,
    *,
    title: str = "",
) -> ReportFigure:
    """Draw the mean proportion of each layer's heads, one panel per property.

    After Vig et al. (ICLR 2021): properties are ordered by centre of gravity, those of early layers
    on top.

    Parameters
    ----------
    layers : DataFrame
        From `protvis.analysis.statistics.layer_summary.layer_table`.
    features : sequence of str or (str, str), optional
        Features, or (feature, value); a feature alone stands for all its values. All but the amino
        acids by default.
    title : str, optional
        The first line.

    Returns
    -------
    ReportFigure

    Raises
    ------
    OptionError
        If the table has no such feature or value, or nothing is left to draw.
    """
    panels = []
    for feature, value in _chosen(layers, features):
        rows = rows_of(layers, feature, value).sort_values("layer")
        panels.append((center_of_gravity(rows["mean"]), feature, value, rows))
    if not panels:
        raise OptionError("the table has only amino acids; name those to draw")
    panels.sort(key=lambda panel: (np.isnan(panel[0]), panel[0]))
    n_layers = int(layers["layer"].max())
    # Names of own tracks can be long; the panels keep their width.
    room = 0.08 * max(0, max(len(feature_name(f, v)) for _, f, v, _ in panels) - 14)
    width = max(4.2, 0.16 * n_layers + 2.6) + room
    figure = ReportFigure(figsize=(width, 0.95 * len(panels) + 1.35), layout="constrained")
    grid = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
    for axes, (center, feature, value, rows) in zip(grid, panels, strict=True):
        layer, mean = rows["layer"].to_numpy(), 100 * rows["mean"].to_numpy()
        axes.fill_between(layer, 0, mean, color=LINES[0], alpha=0.15, lw=0)
        axes.plot(layer, mean, color=LINES[0], marker="o", ms=3, lw=1.5)
        axes.plot(layer, 100 * rows["background"], color=MUTED, lw=1, ls=(0, (1, 1.5)))
        highest = np.nanmax(mean) if np.isfinite(mean).any() else 1.0
        axes.set_ylim(0, 1.25 * (highest or 1.0))
        if np.isfinite(center):
            axes.axvline(center, color=ACCENT, lw=1.5, ls=(0, (4, 1.5)))
            late = center > 0.85 * n_layers
            # A centre over some layers is not to be compared with one over all.
            scored = int(np.isfinite(mean).sum())
            over = "" if scored == n_layers else f", of {scored} scored layers"
            axes.annotate(
                f"{center:.2f}{over}", (center, 1), (-3 if late else 3, -2), va="top",
                xycoords=("data", "axes fraction"), textcoords="offset points",
                ha="right" if late else "left", fontsize=8, color=ACCENT,
            )  # fmt: skip
        axes.set_ylabel(
            feature_name(feature, value), rotation=0, ha="right", va="center", size=9, color=INK,
            parse_math=False,
        )  # fmt: skip
        axes.yaxis.tick_right()
        axes.yaxis.set_major_locator(MaxNLocator(2))
        axes.tick_params(labelsize=8)
        axes.spines[["top", "left"]].set_visible(False)
    grid[-1].xaxis.set_major_locator(label_locator(n_layers, 20))
    grid[-1].set(xlabel="layer", xlim=(0.7, n_layers + 0.3))
    lines = [
        "mean over the layer's scored heads, % of their links",
        "dashed: centre of gravity (layer) · dotted: background",
    ]
    Caption(width, title or "Attention by layer", lines).write(figure)
    return figure


def _chosen(
    layers: pd.DataFrame, features: Sequence[str | tuple[str, str]] | None
) -> list[tuple[str, str]]:
    """Return the (feature, value) to draw, each once."""
    known = list(dict.fromkeys(zip(layers["feature"], layers["value"], strict=True)))
    if features is None:
        return [pair for pair in known if pair[0] != "amino_acid"]
    chosen: dict[tuple[str, str], None] = {}
    for wanted in [features] if isinstance(features, str) else features:
        if isinstance(wanted, str):
            pairs = [pair for pair in known if pair[0] == wanted] or [(wanted, "")]
        else:
            pairs = [wanted]
        chosen |= dict.fromkeys(pairs)
    return list(chosen)
