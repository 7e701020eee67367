"""Links of the pages of a site: targets must exist, and nothing is loaded from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

__all__ = ["find_faults"]

_LOADED = {"src", "srcset", "poster", "data", "action", "background"}
"""Attributes whose address a browser loads by itself, as it does `href` outside of links."""

_STYLE_ADDRESS = re.compile(r"@import|url\((?!\s*['\"]?(?:data:|#))", re.IGNORECASE)


class _Page(HTMLParser):
    """The addresses and the ids of a page."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.loaded: list[str] = []
        self.linked: list[str] = []
        self.ids: set[str] = set()
        self.styles = ""
        self._in_style = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_style = tag == "style"
        for name, value in attrs:
            if value is None:
                continue
            if name == "id":
                self.ids.add(value)
            elif name == "href" and tag in ("a", "area"):
                self.linked.append(value)
            elif name in _LOADED or name in ("href", "xlink:href"):
                self.loaded.append(value)
            elif name == "style":
                self.styles += value

    def handle_endtag(self, tag: str) -> None:
        self._in_style = False

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self.styles += data


def find_faults(folder: Path) -> list[str]:
    """Return what is wrong with the addresses of a folder's pages, a line each.

    A page may load what is within it or lies in the folder; its links may also lead elsewhere.
    Whatever it names in the folder must be there, down to the id after the ``#``.
    """
    pages = {path.resolve(): _Page(path.read_text("utf-8")) for path in folder.rglob("*.html")}
    faults = []
    for path, page in sorted(pages.items()):
        for fault in _page_faults(folder.resolve(), path, page, pages):
            faults.append(f"{path.relative_to(folder.resolve())}: {fault}")
    return faults


def _page_faults(folder: Path, path: Path, page: _Page, pages: dict[Path, _Page]) -> Iterator[str]:
    if _STYLE_ADDRESS.search(page.styles):
        yield "its style loads something"
    for address in dict.fromkeys([*page.loaded, *page.linked]):
        parts = urlsplit(address)
        if parts.scheme == "data":
            continue
        if parts.scheme or parts.netloc:
            if address in page.loaded or parts.scheme not in ("http", "https", "mailto"):
                yield f"it loads {address[:100]}"
            continue
        target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
        if not target.is_relative_to(folder) or not target.is_file():
            yield f"{address[:100]} is not there"
        elif parts.fragment and target in pages:
            known = pages[target].ids
            if unquote(parts.fragment) not in known and parts.fragment not in known:
                yield f"{address[:100]} is not there"
