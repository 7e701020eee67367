"""A saved notebook where no kernel runs it: as nbconvert's HTML without network, and in Lab."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbconvert import HTMLExporter
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import new_context
from tests.browser.explorer_page import ExplorerPage
from tests.browser.jupyter_host import JupyterServer, NotebookHost, Problems
from tests.browser.pages import PATIENCE_MS, wait_until
from tests.browser.pictures import Picture, changed, colourful, decode

# nbconvert's own page asks for these, with an explorer in it or without.
NBCONVERT_PROBLEMS = ("https://cdnjs.cloudflare.com/", "https://unpkg.com/")

PICTURE = 'img[src^="data:image/png"]'

# Where NGLview is imported, where the explorer is shown, and where it is embedded.
OPENED = (
    "import protvis as pv\n"
    "from protvis.data import TRYPSIN\n"
    'explorer = pv.explore(TRYPSIN, model="mini-positions", layer=1, head=3)'
)
CELLS = (f"{OPENED}\nexplorer", "explorer.embed()")


@pytest.fixture(scope="module")
def executed(bundle: Path, warm_kernels: None, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A small notebook, run with the state of its widgets stored."""
    cells = [nbformat.v4.new_code_cell(cell) for cell in CELLS]
    notebook = nbformat.v4.new_notebook(cells=cells)
    folder = str(tmp_path_factory.mktemp("saved"))
    NotebookClient(notebook, resources={"metadata": {"path": folder}}).execute()
    return notebook


def opened(notebook: Any, browser: Browser, path: Path) -> tuple[Page, Problems]:
    """Return the page that nbconvert makes of a notebook as it is, opened without network."""
    body, _ = HTMLExporter().from_notebook_node(notebook)
    path.write_text(body, "utf-8")
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
    page, problems = opened(notebook, browser, tmp_path / "saved.html")
    try:
        picture = page.locator(PICTURE)
        expect(picture).to_have_count(1)
        expect(picture).to_be_visible()
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


def test_with_the_state_of_widgets_the_picture_stays(
    executed: Any, browser: Browser, tmp_path: Path
) -> None:
    """Nbconvert then prefers widgets, whose code it must download."""
    assert "widgets" in executed.metadata
    page, problems = opened(executed, browser, tmp_path / "state.html")
    try:
        expect(page.locator(PICTURE)).to_be_visible()
        frame = page.frame_locator("iframe.protvis-page")
        expect(frame.locator(".protvis")).to_be_visible()
        assert problems.take() == []
    finally:
        page.context.close()


def picture_of(outputs: list[Any]) -> Picture:
    """Return the only picture in a notebook's outputs."""
    (png,) = [o["data"]["image/png"] for o in outputs if "image/png" in o.get("data", {})]
    assert len(png) < 250_000
    return decode(base64.b64decode(png))


def test_a_notebook_saved_by_jupyterlab_opens_on_its_picture(
    server: JupyterServer, profile: BrowserContext
) -> None:
    name, stranger = "notebooks/live.ipynb", "notebooks/stranger.ipynb"
    cells = (OPENED, "explorer", CELLS[1])
    server.write_notebook(name, *(nbformat.v4.new_code_cell(cell) for cell in cells))
    host = NotebookHost(server, profile, notebook=name)
    try:
        page, explorer = host.page, host.explorer
        picture = page.locator(f".jp-OutputArea-output {PICTURE}")
        expect(picture).to_have_count(1)
        expect(picture).to_be_hidden()

        # It takes the structure as it was drawn, and follows it.
        def shown_picture() -> Picture:
            return decode(base64.b64decode((picture.get_attribute("src") or "").partition(",")[2]))

        flat = 600
        wait_until(page, lambda: shown_picture().shape[0] > flat, "3D is in the picture")
        before = shown_picture()
        top, left = before.shape[0] // 2, before.shape[1] // 2
        assert colourful(before[:top, :left]).mean() > 0.01
        explorer.turn(120, 40)
        explorer.leave()
        wait_until(
            page,
            lambda: changed(before, shown_picture())[:top, :left].mean() > 0.02,
            "the picture follows the structure",
        )
        page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
        saved = nbformat.read(server.folder / name, as_version=4)
        assert "widgets" not in saved.metadata
        after = picture_of([output for cell in saved.cells for output in cell.outputs])
        assert changed(before, after)[:top, :left].mean() > 0.02
        # The rest is as before, but for the palette.
        assert changed(before, after, by=60)[top:].mean() < 0.01

        # It stays in the place of an explorer that is closed.
        assert host.kernel is not None
        host.kernel.run("explorer.close()")
        expect(explorer.root).to_have_count(0)
        expect(picture).to_be_visible()
        host.close()
        server.shut_kernel(name)

        page = profile.new_page()
        page.goto(f"{server.url}/lab/tree/{name}?reset")
        shown = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
        picture = shown.locator(f".jp-OutputArea-output {PICTURE}")
        expect(picture).to_be_visible(timeout=3 * PATIENCE_MS)
        # Of the explorer and of a widget that NGLview shows when it is imported.
        missing = shown.locator(".jp-OutputArea-output", has_text="Error displaying widget")
        expect(missing).to_have_count(2)
        for place in range(2):
            expect(missing.nth(place)).to_be_hidden()
        frame = page.frame_locator("iframe.protvis-page")
        embedded = ExplorerPage(page, frame.locator(".protvis")).wait_ready()
        embedded.set("top_k", 10)
        embedded.expect_arcs(10)

        # A stranger's notebook is not trusted: nothing runs in it.
        saved.cells[1].source += "  # changed"
        nbformat.write(saved, server.folder / stranger)
        page.evaluate(
            "path => window.jupyterapp.commands.execute('docmanager:open', {path})", stranger
        )
        expect(shown.locator(".jp-InputArea", has_text="# changed")).to_be_visible()
        expect(picture).to_be_visible()
        expect(shown.locator("iframe.protvis-page")).to_have_count(0)
    finally:
        page.close()
        for one in (name, stranger):
            server.shut_kernel(one)
