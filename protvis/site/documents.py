"""Markdown documents as pages of the site."""

from __future__ import annotations

import html
import os
import re
import shutil
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

from protvis.site.frame import write_site_page

__all__ = ["document_title", "highlight_code", "write_document_page"]


def document_title(path: Path) -> str:
    """Return the first heading of a Markdown file, or its name."""
    for line in path.read_text("utf-8").splitlines():
        if line.startswith("# "):
            return line[2:].strip()
    return path.stem


def write_document_page(source: Path, path: Path, *, root: str = "..") -> Path:
    """Write a Markdown file as a page, and return its path.

    Links to Markdown files and notebooks lead to their pages, pictures are taken along; HTML in the
    text is shown as text. A notebook that the site leaves out is named without a link, so notebooks
    are written first.
    """
    reader = MarkdownIt("commonmark", {"html": False, "highlight": highlight_code}).enable("table")
    tokens = reader.parse(source.read_text("utf-8"))
    _name_headings(tokens)
    for token in tokens:
        left_out = False
        for child in token.children or []:
            if child.type == "link_open":
                link = _page_of(str(child.attrGet("href")))
                # The folder of the document may not be there yet.
                page = Path(os.path.normpath(path.parent / link.partition("#")[0]))
                left_out = _is_notebook(child) and not page.is_file()
                child.attrSet("href", link)
            if left_out and child.type in ("link_open", "link_close"):
                child.tag, child.attrs = "span", {}
            elif child.type == "image":
                _take_along(str(child.attrGet("src")), source.parent, path.parent)
    body = reader.renderer.render(tokens, reader.options, {})
    body = body.replace("<table>", '<div class="scroll"><table>')
    body = body.replace("</table>", "</table></div>")
    return write_site_page(path, document_title(source), root=root, content=Markup(body))


def highlight_code(code: str, language: str, _: Any = None) -> str:
    """Return code as HTML, highlighted if its language is known."""
    try:
        lexer = get_lexer_by_name(language or "text")
    except ClassNotFound:
        lexer = get_lexer_by_name("text")
    formatter = HtmlFormatter(nowrap=True)
    return f'<pre class="highlight">{highlight(code, lexer, formatter)}</pre>'


def _name_headings(tokens: list[Token]) -> None:
    """Give each heading an id of its own, as the links between documents expect."""
    given: Counter[str] = Counter()
    for heading, content in pairwise(tokens):
        if heading.type == "heading_open":
            name = "-".join(re.sub(r"[^\w\s-]", "", content.content.lower()).split())
            again = f"-{given[name]}" if given[name] else ""
            heading.attrSet("id", html.escape(name + again))
            given[name] += 1


def _take_along(picture: str, source: Path, folder: Path) -> None:
    """Copy a picture that lies beside a document; the check of links reports a missing one."""
    if (source / picture).is_file():
        target = folder / picture
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / picture, target)


def _is_notebook(link: Token) -> bool:
    return str(link.attrGet("href")).partition("#")[0].endswith(".ipynb")


def _page_of(link: str) -> str:
    """Return the link to a document's page for a link to the document."""
    if "://" in link or link.startswith("#"):
        return link
    target, sign, fragment = link.partition("#")
    return re.sub(r"\.(md|ipynb)$", ".html", target) + sign + fragment
