"""A saved notebook where no kernel runs it: as nbconvert's HTML without network, and in Lab."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbconvert import HTMLExporter
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import new_context
from tests.browser.explorer_page import PATIENCE_MS, ExplorerPage
from tests.browser.jupyter_host import JupyterServer, NotebookHost, Problems
from tests.browser.pictures import changed

# nbconvert's own page asks for these, with an explorer in it or without.
NBCONVERT_PROBLEMS = ("https://cdnjs.cloudflare.com/", "https://unpkg.com/")

PICTURE = 'img[src^="data:image/png"]'

CELLS = (
    "import protvis as pv\n"
    "from protvis.data import TRYPSIN\n"
    'explorer = pv.explore(TRYPSIN, model="mini-positions", layer=1, head=3)\n'
    "explorer",
    "explorer.embed()",
)


@pytest.fixture(scope="module")
def executed(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A small notebook, run with the state of its widgets stored."""
    cells = [nbformat.v4.new_code_cell(cell) for cell in CELLS]
    notebook = nbformat.v4.new_notebook(cells=cells)
    folder = str(tmp_path_factory.mktemp("saved"))
    NotebookClient(notebook, resources={"metadata": {"path": folder}}).execute()
    return notebook


def converted(notebook: Any, path: Path) -> Path:
    """Return the page that nbconvert makes of a notebook as it is."""
    body, _ = HTMLExporter().from_notebook_node(notebook)
    path.write_text(body, "utf-8")
    return path


def opened(browser: Browser, path: Path) -> tuple[Page, Problems]:
    """Return a page opened from disk, without network."""
    context = new_context(browser, offline=True)
    page = context.new_page()
    problems = Problems(page, NBCONVERT_PROBLEMS)
    page.goto(path.as_uri(), wait_until="domcontentloaded")
    return page, problems


def test_a_saved_notebook_shows_picture_and_page(
    executed: Any, browser: Browser, tmp_path: Path
) -> None:
    # As JupyterLab saves it, unless told to save the state of widgets.
    notebook = nbformat.from_dict({**executed, "metadata": {}})
    page, problems = opened(browser, converted(notebook, tmp_path / "saved.html"))
    try:
        picture = page.locator(PICTURE)
        expect(picture).to_have_count(1)
        assert picture.evaluate("image => image.naturalWidth") == 1008
        frame = page.frame_locator("iframe.protvis-page")
        explorer = ExplorerPage(page, frame.locator(".protvis")).wait_ready()
        explorer.root.scroll_into_view_if_needed()
        before, arcs = explorer.picture(), explorer.arcs()
        explorer.slider("layer").press("ArrowRight")
        expect(explorer.head_cell(2, 3)).to_have_attribute("aria-selected", "true")
        assert changed(before, explorer.picture()).sum() > 50
        explorer.set("top_k", 10)
        explorer.expect_arcs(10)
        assert arcs > 10
        explorer.residue(30).click()
        explorer.expect_selected([explorer.labels()[30]])
        # It has no address of its own that a link could lead to.
        expect(frame.locator(".pv-button", has_text="copy link")).to_be_hidden()
        assert problems.take() == []
    finally:
        page.context.close()


def test_a_notebook_saved_by_jupyterlab_is_a_page_without_network(
    server: JupyterServer, browser: Browser, tmp_path: Path
) -> None:
    name = "notebooks/live.ipynb"
    cells = [nbformat.v4.new_code_cell(cell) for cell in CELLS]
    # Without the name of a kernel Lab would ask for one.
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    made = nbformat.v4.new_notebook(cells=cells, metadata=kernel)
    nbformat.write(made, server.folder / name)
    context = new_context(browser)
    try:
        host = NotebookHost(server, context, notebook=name)
        host.page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
        host.close()
    finally:
        context.close()
        server.shut_kernels(name)
    saved = nbformat.read(server.folder / name, as_version=4)
    assert "widgets" not in saved.metadata
    page, problems = opened(browser, converted(saved, tmp_path / "live.html"))
    try:
        picture = page.locator(PICTURE)
        expect(picture).to_have_count(1)
        assert picture.evaluate("image => image.naturalWidth") == 1008
        frame = page.frame_locator("iframe.protvis-page")
        explorer = ExplorerPage(page, frame.locator(".protvis")).wait_ready()
        explorer.set("top_k", 10)
        explorer.expect_arcs(10)
        assert problems.take() == []
    finally:
        page.context.close()


def test_with_the_state_of_widgets_only_the_embedded_page_needs_no_network(
    executed: Any, browser: Browser, tmp_path: Path
) -> None:
    """As docs/how-to/03-save-a-notebook.md says: nbconvert then prefers what it must download."""
    assert "widgets" in executed.metadata
    page, problems = opened(browser, converted(executed, tmp_path / "state.html"))
    try:
        frame = page.frame_locator("iframe.protvis-page")
        explorer = ExplorerPage(page, frame.locator(".protvis")).wait_ready()
        explorer.set("top_k", 10)
        explorer.expect_arcs(10)
        assert page.locator(PICTURE).count() == 0
        assert problems.take() == []
    finally:
        page.context.close()


def test_a_saved_notebook_opened_again_in_jupyterlab(
    executed: Any, server: JupyterServer, browser: Browser
) -> None:
    """Lab shows a stranger's notebook by the picture, one's own by the embedded page."""
    name = "notebooks/saved.ipynb"
    nbformat.write(nbformat.from_dict({**executed, "metadata": {}}), server.folder / name)
    context = new_context(browser)
    try:
        page = context.new_page()
        page.goto(f"{server.url}/lab/tree/{name}?reset")
        expect(page.locator(f".jp-OutputArea-output {PICTURE}")).to_be_visible(
            timeout=3 * PATIENCE_MS
        )
        assert page.locator("iframe.protvis-page").count() == 0
        page.close()
        environment = {**os.environ, "JUPYTER_DATA_DIR": str(server.folder / "data")}
        trust = [sys.executable, "-m", "jupyter", "trust", str(server.folder / name)]
        subprocess.run(trust, env=environment, check=True, capture_output=True)
        page = context.new_page()
        page.goto(f"{server.url}/lab/tree/{name}?reset")
        frame = page.frame_locator("iframe.protvis-page")
        expect(frame.locator(".protvis")).to_be_attached(timeout=3 * PATIENCE_MS)
        explorer = ExplorerPage(page, frame.locator(".protvis")).wait_ready()
        explorer.set("top_k", 10)
        explorer.expect_arcs(10)
    finally:
        context.close()
        server.shut_kernels(name)
