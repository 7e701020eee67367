"""Pieces of HTML: text escaped, tables, figures as SVG; everything that goes in is plain text."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["details", "download", "escape", "facts", "figure_html", "paragraphs", "table_html"]

_BEFORE_IMAGE = re.compile(r"^.*?(?=<svg)", re.DOTALL)
_METADATA = re.compile(r"<metadata>.*?</metadata>\s*", re.DOTALL)
_REFERENCE = re.compile(r'(href="|url\()#([^")]+)')
_ID = re.compile(r' id="([^"]*)"')
_TAG = re.compile(r"<[^>]+>")
_LONG_NUMBER = re.compile(r"(\d\.\d\d)\d+")
_FONTS = re.compile(r"font-family: [^;\"]+(; )?")
_NO_TURN = re.compile(r' transform="rotate\(-0 [^"]*\)"')


def escape(value: object) -> str:
    """Return a value as text that HTML takes for nothing else."""
    return html.escape(str(value), quote=True)


def paragraphs(texts: Iterable[str]) -> str:
    """Return plain texts as paragraphs."""
    return "\n".join(f"<p>{escape(text)}</p>" for text in texts)


def facts(pairs: Iterable[tuple[str, object]]) -> str:
    """Return names and values as a list of definitions."""
    rows = "\n".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in pairs)
    return f"<dl>\n{rows}\n</dl>"


def table_html(
    headers: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    caption: str = "",
    words: int = 1,
    notes: int = 0,
) -> str:
    """Return a table; all but the first `words` and last `notes` columns stand to the right."""

    def line(tag: str, cells: Sequence[object], *attributes: str) -> str:
        numeric = range(words, len(cells) - notes)
        kinds = [
            ' class="n"' if place in numeric else ' class="note"' if place >= words else ""
            for place in range(len(cells))
        ]
        return "".join(
            f"<{tag}{''.join(attributes)}{kind}>{escape(cell)}</{tag}>"
            for cell, kind in zip(cells, kinds, strict=True)
        )

    head = line("th", headers, ' scope="col"')
    body = "\n".join(f"<tr>{line('td', row)}</tr>" for row in rows)
    above = f"<caption>{escape(caption)}</caption>" if caption else ""
    # A wide table scrolls by itself, with the keyboard too; the page does not.
    return (
        f'<div class="scroll" tabindex="0"><table>{above}<thead><tr>{head}</tr></thead>'
        f"<tbody>\n{body}\n</tbody></table></div>"
    )


def details(summary: str, content: str, *, opened: bool = False) -> str:
    """Return content (HTML) that opens under a line of text."""
    state = " open" if opened else ""
    return f"<details{state}><summary>{escape(summary)}</summary>\n{content}\n</details>"


def figure_html(figure: Figure, name: str, caption: str) -> str:
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
    svg = _slimmed(svg, name)
    label = f'<svg role="img" aria-label="{escape(caption)}" '
    width = round(figure.get_figwidth() * 96)
    return f'<figure style="--width:{width}">{svg.replace("<svg ", label, 1)}</figure>'


def _slimmed(svg: str, name: str) -> str:
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


def download(text: str, file_name: str, label: str) -> str:
    """Return a link with a text file inside it."""
    content = quote(text, safe=" ,.-_:;/()[]{}*!@=")
    return (
        f'<a download="{escape(file_name)}" href="data:text/csv;charset=utf-8,{content}">'
        f"{escape(label)}</a>"
    )
