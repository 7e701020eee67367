"""Figures and files inside a page."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from markupsafe import Markup, escape

from protvis.templates import blocks

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["csv_address", "figure_html"]

_BEFORE_IMAGE = re.compile(r"^.*?(?=<svg)", re.DOTALL)
_METADATA = re.compile(r"<metadata>.*?</metadata>\s*", re.DOTALL)
_REFERENCE = re.compile(r'(href="|url\()#([^")]+)')
_ID = re.compile(r' id="([^"]*)"')
_TAG = re.compile(r"<[^>]+>")
_LONG_NUMBER = re.compile(r"(\d\.\d\d)\d+")
_FONTS = re.compile(r"font-family: [^;\"]+(; )?")
_NO_TURN = re.compile(r' transform="rotate\(-0 [^"]*\)"')


def figure_html(figure: Figure, name: str, caption: str) -> Markup:
    """Return a matplotlib figure as SVG within a page.

    Parameters
    ----------
    figure : Figure
    name : str
        Unique in the page; ids within the figure begin with it.
    caption : str
        What it shows, for those who do not see it.
    """
    import matplotlib

    stream = io.StringIO()
    # Text stays text, to be found, copied and read aloud; equal figures give equal bytes.
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    svg = _METADATA.sub("", _BEFORE_IMAGE.sub("", stream.getvalue(), count=1))
    svg = _slim(svg, name)
    label = f'<svg role="img" aria-label="{escape(caption)}" '
    # Matplotlib escapes the text in its figures.
    drawn = Markup(svg.replace("<svg ", label, 1))
    return blocks().figure(drawn, round(figure.get_figwidth() * 96))


def _slim(svg: str, name: str) -> str:
    """Return an image without ids that nothing refers to, and digits that nobody can see."""
    # Matplotlib's own ids come from addresses in memory.
    used = dict.fromkeys(found[2] for found in _REFERENCE.finditer(svg))
    renamed = {old: f"{name}-{number}" for number, old in enumerate(used, 1)}

    def tag(match: re.Match[str]) -> str:
        text = _ID.sub(
            lambda found: f' id="{renamed[found[1]]}"' if found[1] in renamed else "", match[0]
        )
        text = _LONG_NUMBER.sub(r"\1", text)
        text = _REFERENCE.sub(lambda found: f"{found[1]}#{renamed[found[2]]}", text)
        # The page's style names the fonts once for all figures.
        text = _NO_TURN.sub("", _FONTS.sub("", text))
        return text.replace("; ", ";").replace(": ", ":")

    return re.sub(r"\s*\n\s*", " ", _TAG.sub(tag, svg)).replace("> <", "><")


def csv_address(text: str) -> str:
    """Return the ``data:`` address of a CSV file."""
    return f"data:text/csv;charset=utf-8,{quote(text, safe=' ,.-_:;/()[]{}*!@=')}"
