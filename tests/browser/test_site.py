"""The site opens from disk: every page is visited with the network cut, and works."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from urllib.parse import unquote, urlsplit

import nbformat
import pytest
from playwright.sync_api import Browser, Page, expect

import protvis.site.gallery
from protvis.data import TRYPSIN
from protvis.site import Site, build_site
from protvis.site.gallery import STORY
from tests.browser.conftest import new_context
from tests.browser.explorer_page import ExplorerPage
from tests.browser.jupyter_host import Problems
from tests.browser.page_host import opened
from tests.conftest import ROOT
from tests.real_site import RealSite

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
        out = tmp_path_factory.mktemp("out") / "site"
        return build_site(out, source=source, reference=False)


def crawl(site: Site, page: Page, problems: Problems) -> set[Path]:
    """Visit what can be reached from the first page, along what the browser takes for links."""
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
    assert elsewhere <= {"https", "http"}
    return seen


def test_a_small_site_opens_without_network(site: Site, browser: Browser) -> None:
    assert site.left_out == ("no reference of the public names: it was not requested",)
    context = new_context(browser, offline=True)
    page = context.new_page()
    try:
        seen = crawl(site, page, Problems(page, BLOCKED))
        assert seen == {(site.folder / name).resolve() for name in site.pages}
    finally:
        context.close()


def test_every_page_opens_without_network(real_site: RealSite, browser: Browser) -> None:
    """The site that `make docs` writes, but for the explorers in it: those of the small one do."""
    site = real_site.site
    assert site.left_out == ()
    context = new_context(browser, offline=True)
    explorers = re.compile(r"/gallery/[^/]+\.html$|-explorer-\d+\.html$")
    empty = "<!doctype html><link rel='icon' href='data:,'><title>an explorer</title>"
    context.route(explorers, lambda route: route.fulfill(body=empty, content_type="text/html"))
    page = context.new_page()
    try:
        seen = crawl(site, page, Problems(page, BLOCKED))
        every = {(site.folder / name).resolve() for name in site.pages}
        # The index of pdoc only hands on.
        assert every - seen <= {(site.folder / "api" / "index.html").resolve()}
        assert len([path for path in seen if path.parent.name == "gallery"]) == 5
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


def test_the_reference_can_be_searched(real_site: RealSite, browser: Browser) -> None:
    context = new_context(browser, offline=True)
    page = context.new_page()
    problems = Problems(page, BLOCKED)
    try:
        page.goto((real_site.site.folder / "api" / "protvis.html").as_uri())
        for name in ("masked_marginals", "AttentionExplorer.story"):
            page.get_by_role("searchbox").fill(name)
            expect(page.locator(".search-result").first).to_contain_text(name.rpartition(".")[2])
        assert problems.take() == []
    finally:
        context.close()


def test_the_story_of_the_gallery_is_told(real_site: RealSite, browser: Browser) -> None:
    with opened(browser, real_site.site.folder / "gallery" / "story.html") as host:
        count = host.page.locator(".pv-count")
        for number, step in enumerate(STORY, 1):
            expect(count).to_have_text(f"{number} of {len(STORY)}")
            expect(host.page.locator(".pv-caption")).to_have_text(step["caption"])
            host.page.keyboard.press("PageDown")
