"""The site opens from disk: every page is visited with the network cut, and works."""

from __future__ import annotations

import shutil
from pathlib import Path
from urllib.parse import unquote, urlsplit

import nbformat
import pytest
from playwright.sync_api import Browser, expect

import protvis.site.gallery
from protvis.data import TRYPSIN
from protvis.site import Site, build_site
from tests.browser.conftest import new_context
from tests.browser.explorer_page import ExplorerPage
from tests.browser.jupyter_host import Problems
from tests.conftest import ROOT

# Code in a notebook's text is not run, and the browser says so.
BLOCKED = ("inline script violates the following Content Security Policy",)

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def site(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The site with one small notebook and one explorer."""
    source = tmp_path_factory.mktemp("source")
    shutil.copytree(ROOT / "docs", source / "docs")
    (source / "notebooks").mkdir()
    show = (
        "import protvis as pv\nfrom protvis.data import TRYPSIN\n"
        'explorer = pv.explore(TRYPSIN, model="mini-positions")\nexplorer'
    )
    cells = [
        nbformat.v4.new_markdown_cell(
            f"# A small one {HOSTILE}\n\n[itself](00-small.ipynb), "
            "[how to](../docs/how-to/02-share-an-explorer.md)"
        ),
        nbformat.v4.new_code_cell(show),
        nbformat.v4.new_code_cell("explorer.links().head(3)"),
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), source / "notebooks" / "00-small.ipynb")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(protvis.site.gallery, "EXAMPLES", (TRYPSIN,))
        patch.setattr(protvis.site.gallery, "MODEL", "mini-positions")
        patch.setattr(protvis.site.gallery, "MORE", ())
        return build_site(tmp_path_factory.mktemp("out") / "site", source=source)


def test_every_page_opens_without_network(site: Site, browser: Browser) -> None:
    """A crawl from the first page, along what the browser takes for links."""
    assert site.left_out == ()
    context = new_context(browser, offline=True)
    page = context.new_page()
    problems = Problems(page, BLOCKED)
    try:
        waiting, seen, elsewhere = [(site.folder / "index.html").resolve()], set(), set()
        while waiting:
            path = waiting.pop()
            if path in seen:
                continue
            seen.add(path)
            response = page.goto(path.as_uri())
            assert response is not None
            found = page.evaluate(
                """() => [...document.querySelectorAll('a[href], iframe[src]')]
                     .map((e) => e.href || e.src)"""
            )
            for address in found:
                parts = urlsplit(address)
                if parts.scheme != "file":
                    elsewhere.add(parts.scheme)
                    continue
                target = Path(unquote(parts.path))
                assert target.is_relative_to(site.folder.resolve()), (path, address)
                assert target.is_file(), (path, address)
                if target.suffix == ".html":
                    waiting.append(target)
            assert problems.take() == [], path
        every = {(site.folder / name).resolve() for name in site.pages}
        # The explorer of a notebook is shown in a frame, the index of pdoc only hands on.
        assert every - seen <= {(site.folder / "api" / "index.html").resolve()}
        assert elsewhere <= {"https", "http"}
    finally:
        context.close()


def test_a_notebook_shows_its_explorer_and_its_tables(site: Site, browser: Browser) -> None:
    context = new_context(browser, offline=True)
    page = context.new_page()
    problems = Problems(page, BLOCKED)
    try:
        page.goto((site.folder / "notebooks" / "00-small.html").as_uri())
        assert page.title().endswith(HOSTILE)
        expect(page.get_by_role("columnheader", name="query_label")).to_be_visible()
        expect(page.locator(".highlight", has_text="import protvis as pv").first).to_be_visible()
        assert "" not in page.locator("main pre").all_inner_texts()
        frame = page.frame_locator("iframe.protvis-page")
        explorer = ExplorerPage(page, frame.locator(".protvis")).wait_ready()
        explorer.set("top_k", 10)
        explorer.expect_arcs(10)
        size = (site.folder / "notebooks" / "00-small.html").stat().st_size
        assert size < 100_000
        assert problems.take() == []
    finally:
        context.close()


def test_the_reference_has_every_public_name_and_can_be_searched(
    site: Site, browser: Browser
) -> None:
    context = new_context(browser, offline=True)
    page = context.new_page()
    problems = Problems(page, BLOCKED)
    try:
        page.goto((site.folder / "api" / "protvis.html").as_uri())
        for name in protvis.__all__:
            assert page.locator(f'section[id="{name}"]').count() == 1, name
        page.get_by_role("searchbox").fill("masked_marginals")
        expect(page.locator(".search-result").first).to_be_visible(timeout=30_000)
        assert problems.take() == []
    finally:
        context.close()
