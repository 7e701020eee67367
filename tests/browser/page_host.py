"""An offline page, opened as a file in a browser whose network is cut."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, Route, ViewportSize

import protvis
from protvis.export import write_page
from protvis.widgets import AttentionExplorer
from tests.browser.explorer_page import ExplorerPage
from tests.browser.jupyter_host import NotebookHost, Problems
from tests.browser.pages import frames, prepare

VIEWPORT: ViewportSize = {"width": 1400, "height": 1250}


@cache
def _free_tabs(browser: Browser, **options: Any) -> list[Page]:
    """Return the tabs with these options that no page needs now, each in a profile of its own."""
    return []


def new_context(browser: Browser, **options: Any) -> BrowserContext:
    """Return a new profile whose WebGL contexts can be counted."""
    return prepare(browser.new_context(viewport=VIEWPORT, **options))


class PageHost:
    """One offline page. No Python is behind it: an explorer beside it says what to expect."""

    def __init__(
        self,
        browser: Browser,
        path: Path,
        twin: AttentionExplorer | None = None,
        fragment: str = "",
        **context: Any,
    ) -> None:
        self.twin = twin
        self.requests: list[str] = []
        """Addresses asked for, beside the page itself."""
        address = path.resolve().as_uri()

        def refuse(route: Route) -> None:
            if route.request.url == address:
                route.continue_()
            else:
                self.requests.append(route.request.url)
                route.abort()

        # A new tab starts processes and compiles all code anew: more work than the page itself.
        self._free = _free_tabs(browser, **context)
        if not self._free:
            self._free.append(new_context(browser, offline=True, **context).new_page())
        self.page = self._free.pop()
        self.page.route("**/*", refuse)
        self.problems = Problems(self.page)
        self.page.goto(f"{address}#{fragment}" if fragment else address)
        self.explorer = ExplorerPage(self.page, self.page.locator(".protvis")).wait_ready()

    def expect_traits(self, **wanted: Any) -> None:
        """Give the explorer beside the page the view that the page should have."""
        assert self.twin is not None
        with self.twin.hold_trait_notifications():
            for name, value in wanted.items():
                is_link = name in ("selected_link", "selected_block") and value is not None
                setattr(self.twin, name, tuple(value) if is_link else value)

    def links(self, **wanted: Any) -> int:
        """Return how many links Python would draw with these traits."""
        assert self.twin is not None
        self.expect_traits(**wanted)
        return len(self.twin.links())

    def trait(self, name: str) -> Any:
        """Return what the explorer beside the page has."""
        return getattr(self.twin, name)

    def rest(self) -> None:
        """Wait until the page has drawn everything."""
        frames(self.page)

    def close(self) -> None:
        """Leave the page; the next one may have its tab, as if it were new."""
        self.problems.stop()
        self.page.unroute_all()
        self.page.goto("about:blank")
        self.page.set_viewport_size(VIEWPORT)
        self.page.mouse.move(0, 0)
        self._free.append(self.page)


Host = NotebookHost | PageHost
"""An explorer on a page, with Python behind it or not."""


@contextmanager
def opened(browser: Browser, path: Path, **context: Any) -> Iterator[PageHost]:
    """A page that is closed again, on which nothing may go wrong and which may ask for nothing."""
    host = PageHost(browser, path, **context)
    try:
        yield host
        assert host.problems.take() == []
        assert host.requests == []
    except BaseException:
        host.page.context.close()
        raise
    host.close()


@contextmanager
def explored(
    browser: Browser,
    folder: Path,
    source: object,
    model: object = "mini-positions",
    *,
    page_maps: Sequence[str] | None = None,
    **options: Any,
) -> Iterator[PageHost]:
    """An explorer as an offline page that opens on its view, and the explorer beside it."""
    twin = protvis.explore(source, model=model, **options)
    try:
        path = write_page(twin.scene, twin.view_state, folder / "page.html", maps=page_maps)
        with opened(browser, path, twin=twin) as host:
            yield host
    finally:
        twin.close()
