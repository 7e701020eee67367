"""What is written above and below a figure, wrapped to its width."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure

from protvis.plot.figure import INK, MUTED

__all__ = ["Caption"]

_ACROSS = 15.0
"""Characters of a line to the inch, and of a title and a note below."""

_TITLE_ACROSS, _NOTE_ACROSS = 10.5, 18.5
_LINE, _NOTE = 0.18, 0.135


class Caption:
    """A title with lines of smaller type under it, and notes at the foot.

    Parameters
    ----------
    width : float
        Width of the figure, in inches.
    title : str
    lines : sequence of str
        What has to be known to read the figure.
    notes : sequence of str
        What must accompany it wherever it is shown.

    Attributes
    ----------
    top, bottom : float
        Inches they take.
    """

    def __init__(
        self, width: float, title: str, lines: Sequence[str] = (), notes: Sequence[str] = ()
    ) -> None:
        self.title = textwrap.shorten(title, int(width * _TITLE_ACROSS), placeholder=" …")
        # Formulas stay on one line.
        kept = [re.sub(r" ([−≥-]) ", "\u00a0\\1\u00a0", line) for line in lines]
        self.lines = [part for line in kept for part in textwrap.wrap(line, int(width * _ACROSS))]
        self.notes = [
            part for note in notes for part in textwrap.wrap(note, int(width * _NOTE_ACROSS))
        ]
        self.top = 0.36 + _LINE * len(self.lines)
        self.bottom = 0.08 + _NOTE * len(self.notes) if self.notes else 0.0

    def write(self, figure: Figure, *, lay_out: bool = True) -> None:
        """Write it all; with `lay_out` the panels get the room between."""
        height = figure.get_figheight()
        # Names of features come from files; a $ in one is no formula.
        style: dict[str, Any] = {"va": "top", "parse_math": False}
        top = 1 - 0.09 / height
        figure.text(0.02, top, self.title, fontsize=12, weight="bold", color=INK, **style)
        for index, line in enumerate(self.lines):
            y = 1 - (0.34 + _LINE * index) / height
            figure.text(0.02, y, line, fontsize=8.5, color=MUTED, **style)
        style["va"] = "bottom"
        for index, line in enumerate(reversed(self.notes)):
            y = (0.05 + _NOTE * index) / height
            figure.text(0.02, y, line, fontsize=6.8, color=MUTED, **style)
        if not lay_out:
            figure.set_layout_engine(None)
        else:
            bottom = self.bottom / height + 0.02
            room = 1 - self.top / height - bottom
            figure.set_layout_engine("constrained", rect=(0.01, bottom, 0.98, room), wspace=0.04)
