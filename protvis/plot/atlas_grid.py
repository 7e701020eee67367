"""An atlas of heads: the whole model at once, what each head does in its cell."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch, Rectangle

from protvis.plot.caption import Caption
from protvis.plot.figure import INK, MUTED, ReportFigure, label_locator

__all__ = ["plot_atlas"]

COLORS = {
    "offset": "#56B4E9",
    "sink": "#B8B8B8",
    "amino acid": "#009E73",
    "contact": "#D55E00",
    "secondary structure": "#CC79A7",
    "site": "#E69F00",
    "own track": "#0072B2",
    "family position": "#F0E442",
}
"""Of Okabe and Ito, by the kind of a role."""

_NONE = "#F2F2F2"

_MOST_LABELS = 16
"""With more heads in a layer than this, cells are too narrow for words."""

_LETTERS_A_CELL = 7


def plot_atlas(atlases: Mapping[str, pd.DataFrame]) -> ReportFigure:
    """Draw what every head does, layers × heads, one grid per atlas.

    A cell has the colour of the head's strongest role and, with up to 16 heads per layer, names its
    two strongest.

    Parameters
    ----------
    atlases : mapping of str to DataFrame
        From `HeadTables.atlas`, by the title of each grid.

    Returns
    -------
    ReportFigure
    """
    shapes = [(int(table["layer"].max()), int(table["head"].max())) for table in atlases.values()]
    widths = [n_heads * (0.62 if n_heads <= _MOST_LABELS else 0.16) for _, n_heads in shapes]
    in_words = all(n_heads <= _MOST_LABELS for _, n_heads in shapes)
    cell = 0.4 if in_words else 0.16
    size = (max(4.6, sum(widths) + 0.8 * len(widths)), cell * max(n for n, _ in shapes) + 1.9)
    figure = ReportFigure(figsize=size, layout="constrained")
    panels = figure.subplots(1, len(shapes), width_ratios=widths, squeeze=False)[0]
    kinds: dict[str, int] = {}
    lines = []
    for axes, (title, table), shape in zip(panels, atlases.items(), shapes, strict=True):
        for kind, n in _draw(axes, table, shape, in_words).items():
            kinds[kind] = kinds.get(kind, 0) + n
        named = table.loc[table["role"] != "", ["layer", "head"]].drop_duplicates()
        lines.append(f"{title}: {len(named)} of {shape[0] * shape[1]} heads have a role")
        if len(shapes) > 1:
            axes.set_title(title, fontsize=9, color=INK, parse_math=False)
    shown = [kind for kind in COLORS if kinds.get(kind)]
    handles = [Patch(color=COLORS[kind], label=kind) for kind in shown]
    figure.legend(
        handles=[*handles, Patch(color=_NONE, label="no role found")],
        loc="outside lower center",
        ncols=max(2, int(size[0] / 1.5)),
        fontsize=8,
        frameon=False,
    )
    Caption(size[0], "What each head does", lines).write(figure)
    return figure


def _draw(
    axes: Axes, table: pd.DataFrame, shape: tuple[int, int], in_words: bool
) -> dict[str, int]:
    """Draw one atlas and return how many heads have each kind of role first."""
    n_layers, n_heads = shape
    kinds: dict[str, int] = {}
    for (layer, head), rows in table.groupby(["layer", "head"], sort=False):
        kind = rows["kind"].iloc[0]
        kinds[kind] = kinds.get(kind, 0) + 1
        axes.add_patch(
            Rectangle(
                (head - 0.5, layer - 0.5), 1, 1, fc=COLORS.get(kind, _NONE), ec="white", lw=1.2
            )
        )
        labels = list(dict.fromkeys(rows["label"].str[:_LETTERS_A_CELL]))[:2]
        if in_words and kind:
            axes.text(
                head, layer, "\n".join(labels), ha="center", va="center", fontsize=6.4, color=INK,
                linespacing=1.0, parse_math=False,
            )  # fmt: skip
    axes.set(xlim=(0.5, n_heads + 0.5), ylim=(0.5, n_layers + 0.5), xlabel="head", ylabel="layer")
    axes.xaxis.set_major_locator(label_locator(n_heads, 32))
    axes.yaxis.set_major_locator(label_locator(n_layers, 40))
    axes.tick_params(length=0, labelsize=8, labelcolor=MUTED)
    axes.spines[:].set_visible(False)
    return kinds
