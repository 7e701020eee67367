"""Pages of the site: written in its frame, with what they may load."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from markupsafe import Markup
from pygments.formatters import HtmlFormatter

from protvis.output_file import write_whole
from protvis.templates import render

__all__ = ["PAGE_POLICY", "write_site_page"]

PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' file: data:; "
    "frame-src 'self' file:; base-uri 'none'; form-action 'none'"
)
"""A page shows what is in it and in the folder of the site; it runs no script."""


def write_site_page(
    path: Path, title: str, *, template: str = "site.html", root: str = "..", **values: Any
) -> Path:
    """Write a page of the site and return its path.

    Parameters
    ----------
    path : Path
        Its folder is made if it does not exist.
    title : str
        Plain text.
    template : str, default "site.html"
        It shows `content`, which is HTML (`markupsafe.Markup`).
    root : str, default ".."
        The way from the page's folder to the site's.
    **values
        What the template asks for.
    """
    text = render(
        template, title, policy=PAGE_POLICY, root=root, code_style=_code_style(), **values
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_whole(path, text)


def _code_style() -> Markup:
    """Return the colours of code, by day and by night."""
    light, dark = (
        HtmlFormatter(style=style, cssclass="highlight").get_style_defs(".highlight")
        for style in ("default", "github-dark")
    )
    own = ".highlight { background: var(--panel) !important; }"
    return Markup(f"{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}\n{own}\n")
