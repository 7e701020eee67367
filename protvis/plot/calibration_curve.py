"""Attention as a probability of contact: what a weight promises, and what comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from protvis.errors import LabelError, OptionError
from protvis.labels import MEAN, format_head, parse_head
from protvis.plot.caption import Caption
from protvis.plot.figure import LINES, MARKERS, MUTED, ReportFigure, percent

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["plot_calibration"]

FEW = 10
"""Bins with fewer pairs are drawn hollow and apart: their share hardly says anything."""


def plot_calibration(
    calibration: pd.DataFrame, heads: Sequence[str | tuple[int, int]], *, title: str = ""
) -> ReportFigure:
    """Draw how often pairs are in contact against the attention weight between them.

    Parameters
    ----------
    calibration : DataFrame
        From `protvis.analysis.statistics.calibration.calibration_table`.
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
        If there are no heads, or more than can be told apart.
    LabelError
        If the table does not hold one.
    """
    chosen = [_label(head) for head in ([heads] if isinstance(heads, str) else heads)]
    if not 1 <= len(chosen) <= len(LINES):
        raise OptionError(f"name 1 to {len(LINES)} heads, got {len(chosen)}")
    figure = ReportFigure(figsize=(4.9, 5.6), layout="constrained")
    axes, below = figure.subplots(2, 1, sharex=True, height_ratios=[3.2, 1])
    axes.plot([0, 1], [0, 1], color=MUTED, lw=1, ls=(0, (4, 2)), label="weight = probability")
    for (layer, head), color, marker in zip(chosen, LINES, MARKERS, strict=False):
        rows = calibration[(calibration["layer"] == layer) & (calibration["head"] == head)]
        if rows.empty:
            raise LabelError(f"the calibration holds no head {format_head(layer, head)}")
        filled = rows[rows["n_pairs"] > 0]
        share = filled["probability"].to_numpy()
        reach = np.stack([share - filled["ci_low"], filled["ci_high"] - share])
        axes.errorbar(
            filled["mean_weight"], share, yerr=np.maximum(reach, 0), fmt="none", ecolor=color,
            elinewidth=1, capsize=2.5, alpha=0.6,
        )  # fmt: skip
        style = {"color": color, "marker": marker, "ms": 5.5, "zorder": 3}
        many, few = filled[filled["n_pairs"] >= FEW], filled[filled["n_pairs"] < FEW]
        label = f"head {format_head(layer, head)}"
        axes.plot(many["mean_weight"], many["probability"], lw=1.4, label=label, **style)
        axes.plot(few["mean_weight"], few["probability"], lw=0, mfc="white", **style)
        edges = [*rows["weight_low"], rows["weight_high"].iloc[-1]]
        below.stairs(rows["n_pairs"].to_numpy(), edges, color=color, lw=1.5)
    rate = rows["n_contacts"].sum() / max(rows["n_pairs"].sum(), 1)
    axes.axhline(rate, color=MUTED, lw=1, ls=(0, (1, 1.5)), label=f"base rate {percent(rate)} %")
    axes.set(ylabel="share of pairs in contact", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    axes.legend(fontsize=8, frameon=False, loc="upper left")
    below.set_yscale("symlog", linthresh=1)
    below.set_ylim(0)
    below.set(xlabel="attention weight", ylabel="pairs")
    for panel in (axes, below):
        panel.tick_params(labelsize=8)
        panel.spines[["top", "right"]].set_visible(False)
    lines = [
        "mean weight of each bin against its share of contacts",
        "bars: 95 % Wilson interval, pairs taken as independent",
        f"hollow: fewer than {FEW} pairs",
    ]
    heading = title or "Attention as a probability of contact"
    Caption(figure.get_figwidth(), heading, lines).write(figure)
    return figure


def _label(head: str | tuple[int, int]) -> tuple[int, int]:
    layer, number = parse_head(head) if isinstance(head, str) else head
    if number == MEAN:
        raise LabelError("calibration is of single heads, not of a layer's mean")
    return int(layer), int(number)
