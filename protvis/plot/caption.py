"""What is written above and below a figure, wrapped to its width."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence

from matplotlib.figure import Figure

from protvis.plot.figure import MUTED, add_title

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
        Of the figure, in inches.
    title : str
    lines : sequence of str
        What has to be known to read the figure.
    notes : sequence of str
        What has to be said wherever it is shown.

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
        add_title(figure, self.title, *self.lines)
        height = figure.get_figheight()
        for line, text in enumerate(reversed(self.notes)):
            figure.text(
                0.02, (0.05 + _NOTE * line) / height, text, va="bottom", fontsize=6.8, color=MUTED,
                parse_math=False,
            )  # fmt: skip
        if not lay_out:
            figure.set_layout_engine(None)
        elif self.notes:
            bottom = self.bottom / height + 0.02
            room = 1 - self.top / height - bottom
            figure.set_layout_engine("constrained", rect=(0.01, bottom, 0.98, room), wspace=0.04)
