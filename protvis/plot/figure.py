"""The figure all plots return, and the words and colours they share."""

from __future__ import annotations

import io
from collections.abc import Callable
from os import PathLike
from pathlib import Path

from matplotlib.backend_bases import FigureCanvasBase
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator

from protvis.analysis.counting.features import SHIFTED
from protvis.errors import OptionError
from protvis.output_file import check_place, write_whole

__all__ = [
    "ACCENT",
    "INK",
    "LINES",
    "MARKERS",
    "MUTED",
    "ReportFigure",
    "feature_name",
    "label_locator",
    "percent",
    "write_figure",
]

INK = "#222222"
MUTED = "#767676"
ACCENT = "#D55E00"
"""Backgrounds and centres: what a proportion is to be compared with."""

LINES = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
"""Of Okabe and Ito, told apart by the colour-blind; with `MARKERS`, never by colour alone."""

MARKERS = ("o", "s", "^", "D", "v", "P")

_NAMES = {
    "amino_acid": "amino acid",
    "binding_site": "binding sites",
    "contact": "contacts",
    "modification": "modifications",
    "plddt": "pLDDT",
}


class ReportFigure(Figure):
    """A matplotlib figure that notebooks show without pyplot.

    It belongs to no window and no global state, so it need not be closed.
    """

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        self.savefig(buffer, format="png", dpi=150)
        return buffer.getvalue()


def write_figure(draw: Callable[[], Figure], path: str | PathLike[str]) -> Path:
    """Write a figure into a file whose suffix says how, such as ``.pdf`` or ``.svg``.

    Parameters
    ----------
    draw : callable
        Makes the figure, once it is known that the file can be written.
    path : path
        Replaced if it exists, by an atomic rename.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    OptionError
        If matplotlib writes no such files.
    OutputError
        If the file cannot be written.
    """
    path = check_place(path)
    kind = path.suffix[1:].lower()
    if kind not in FigureCanvasBase.get_supported_filetypes():
        raise OptionError(
            f"a figure is written as .pdf, .svg or .png, by the end of its name; got {path.name!r}"
        )
    return write_whole(path, lambda stream: draw().savefig(stream, format=kind, dpi=300))


def feature_name(feature: str, value: str = "") -> str:
    """Return how to speak of a feature and value, such as ``"amino acid K"`` or ``"helix"``.

    Labels that were shifted on purpose say so.
    """
    base = feature.removesuffix(SHIFTED)
    name = _NAMES.get(base, base.replace("_", " "))
    if value == "other":
        name = f"other {name}"
    elif value:
        name = value if base == "secondary_structure" else f"{name} {value}"
    return f"{name} (labels shifted by one)" if base != feature else name


def percent(fraction: float) -> str:
    """Return a fraction in percent with two digits that count: ``"0.84"``, ``"7.1"``, ``"45"``."""
    value = 100 * fraction
    if value == 0 or value >= 9.95:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 0.995 else f"{value:.2f}"


def label_locator(n: int, room: int = 20) -> FixedLocator:
    """Return where to write labels from 1 to `n` of layers or heads, about `room` at most."""
    step = next((step for step in (1, 2, 5, 10, 20, 50) if n <= room * step), 100)
    return FixedLocator([1, *range(step if step > 1 else 2, n + 1, step)])
