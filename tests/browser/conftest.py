"""One Chromium, one Jupyter server and one offline page for all browser tests."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from nbformat.v4 import new_code_cell
from playwright.sync_api import Browser, BrowserContext, Error, sync_playwright

from tests.browser.explorer_page import START, ExplorerPage
from tests.browser.jupyter_host import HostError, JupyterServer, NotebookHost
from tests.browser.page_host import Host, PageHost, new_context

OWN = "notebooks/own.ipynb"

EXPLORER = """import protvis as pv
from protvis.data import TRYPSIN
explorer = pv.explore(TRYPSIN, model="mini-positions")
explorer"""

ARTIFACTS = Path(__file__).parent / "artifacts"

CHROMIUM_ARGS = [
    "--no-sandbox",
    "--no-proxy-server",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Pages are small and stand still: without a compositor in (emulated) 3D they cost less.
    "--disable-gpu-compositing",
    # Mesa draws 3D in software at half the cost of what Chromium takes where there is no Mesa.
    "--use-angle=gl-egl",
    "--ignore-gpu-blocklist",
    # As good as unplugged: no name resolves, and no address but this machine's own.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All tests of this folder carry the marker."""
    for item in items:
        if Path(item.path).is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.browser)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    """Keep a picture of every open page when a test fails."""
    report = yield
    browser = getattr(item, "funcargs", {}).get("browser")
    if report.failed and browser is not None:
        ARTIFACTS.mkdir(exist_ok=True)
        name = re.sub(r"[^\w.-]+", "_", f"{item.name}-{report.when}")
        pages = [page for context in browser.contexts for page in context.pages]
        for number, page in enumerate(pages):
            try:
                page.screenshot(path=ARTIFACTS / f"{name}-{number}.png", timeout=5000)
            except Error as error:
                report.sections.append(("screenshot", f"none: {error}"))
    return report


def cannot(message: str) -> None:
    """Fail where every test must run, else skip."""
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="session")
def browser(chromium: str, bundle: Path) -> Iterator[Browser]:
    """A headless Chromium, which draws 3D in software."""
    with sync_playwright() as playwright:
        try:
            started = playwright.chromium.launch(
                executable_path=chromium,
                args=CHROMIUM_ARGS,
                env={**os.environ, "LIBGL_ALWAYS_SOFTWARE": "1"},
                # As most people have them: what a scrollbar takes away must not be missed.
                ignore_default_args=["--hide-scrollbars"],
            )
        except Error as error:
            cannot(f"Chromium does not start: {error}")
        yield started
        started.close()


@contextmanager
def own_notebook(
    server: JupyterServer, profile: BrowserContext, app: str = "lab"
) -> Iterator[NotebookHost]:
    """Open the notebook `OWN`, whose kernel stays for the next one: starting it takes seconds."""
    opened = NotebookHost(server, profile, app=app, notebook=OWN)
    try:
        yield opened
        assert opened.kernel is not None
        opened.kernel.run("explorer.close()")
    finally:
        opened.close()


@pytest.fixture(scope="session")
def server(
    tmp_path_factory: pytest.TempPathFactory, bundle: Path, warm_kernels: None
) -> Iterator[JupyterServer]:
    """A Jupyter server with the notebooks."""
    try:
        started = JupyterServer(tmp_path_factory.mktemp("jupyter"))
    except HostError as error:
        cannot(str(error))
    yield started
    started.stop()


@pytest.fixture(scope="session")
def profile(browser: Browser) -> BrowserContext:
    """The profile of all pages of the server, so that the code of JupyterLab is read once."""
    return new_context(browser)


@pytest.fixture(scope="session")
def lab(server: JupyterServer, profile: BrowserContext) -> Iterator[NotebookHost]:
    """The example notebook, run in JupyterLab."""
    opened = NotebookHost(server, profile)
    yield opened
    opened.close()


@pytest.fixture
def own_host(server: JupyterServer, profile: BrowserContext) -> Iterator[NotebookHost]:
    """A notebook of one explorer, run in JupyterLab, which a test may leave broken."""
    server.write_notebook(OWN, new_code_cell(EXPLORER))
    with own_notebook(server, profile) as opened:
        yield opened


@pytest.fixture(scope="session")
def twin(demo_structure: Path) -> Iterator[Any]:
    """An explorer that no browser shows, of the same structure and model."""
    import protvis

    explorer = protvis.explore(demo_structure, model="mini-positions")
    yield explorer
    explorer.close()


@pytest.fixture(scope="session")
def offline(
    twin: Any, browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PageHost]:
    """The same explorer as an offline page."""
    path = twin.to_html(tmp_path_factory.mktemp("page") / "trypsin.html")
    opened = PageHost(browser, path, twin)
    yield opened
    opened.close()


@pytest.fixture(params=["lab", "offline"], scope="session")
def shared_host(request: pytest.FixtureRequest) -> Host:
    """JupyterLab, then the offline page."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def host(shared_host: Host) -> Iterator[Host]:
    """An explorer in its first state; whatever goes wrong on its page fails the test."""
    shared_host.explorer.reset()
    shared_host.expect_traits(
        **START, combine="max", color_by="contact", selected_residues=[], selected_link=None
    )
    yield shared_host
    assert shared_host.problems.take() == []


@pytest.fixture
def explorer(host: Host) -> ExplorerPage:
    """The explorer on the host's page."""
    return host.explorer
