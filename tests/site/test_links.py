"""The checker of links finds what a site must not have."""

from __future__ import annotations

from pathlib import Path

import pytest

from protvis.site.page_links import find_faults


def write(folder: Path, body: str, name: str = "index.html") -> None:
    """Write a page."""
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(f"<!doctype html><title>x</title>{body}", "utf-8")


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ('<script src="https://cdn.example/x.js"></script>', "loads https://cdn.example/x.js"),
        ('<img src="//cdn.example/x.png">', "loads //cdn.example/x.png"),
        ('<link rel="stylesheet" href="http://cdn.example/x.css">', "loads http://cdn.example"),
        ('<iframe src="https://example.org"></iframe>', "loads https://example.org"),
        ("<style>@import 'x.css';</style>", "style loads"),
        ("<style>a { background: url( 'https://x/y.png') }</style>", "style loads"),
        ('<p style="background: url(x.png)">', "style loads"),
        ('<a href="javascript:alert(1)">x</a>', "loads javascript"),
        ('<a href="gone.html">x</a>', "gone.html is not there"),
        ('<img src="gone.png">', "gone.png is not there"),
        ('<a href="#gone">x</a>', "#gone is not there"),
        ('<a href="other.html#gone">x</a>', "other.html#gone is not there"),
        ('<a href="../outside.html">x</a>', "../outside.html is not there"),
    ],
)
def test_a_fault_is_found(tmp_path: Path, body: str, fault: str) -> None:
    folder = tmp_path / "site"
    write(folder, "", "other.html")
    write(tmp_path, "", "outside.html")
    write(folder, body)
    (found,) = find_faults(folder)
    assert found.startswith("index.html: ")
    assert fault in found


def test_what_is_within_or_only_clicked_is_no_fault(tmp_path: Path) -> None:
    write(tmp_path, '<h2 id="there">x</h2>', "below/other page.html")
    write(
        tmp_path,
        '<a href="https://example.org">x</a><a href="below/other%20page.html#there">x</a>'
        '<img src="data:image/png;base64,AA=="><h1 id="top"></h1><a href="#top">x</a>'
        '<style>a { background: url("data:image/svg+xml,x"); fill: url(#top) }</style>',
    )
    assert find_faults(tmp_path) == []
