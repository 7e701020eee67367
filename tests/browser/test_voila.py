"""Voila: the explorer of a notebook without its code, with a kernel behind it."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Browser, expect

from tests.browser.app_host import voila
from tests.browser.conftest import cannot, new_context
from tests.browser.explorer_page import ExplorerPage
from tests.browser.jupyter_host import HostError, Problems
from tests.browser.pages import PATIENCE_MS, wait_until
from tests.browser.pictures import changed

VOILA_PROBLEMS = (
    # Voila's own page asks for an icon font, with the widgets or without.
    "https://cdn.jsdelivr.net/npm/@fortawesome/",
    # It also loads the extension of Notebook 7, which asks for parts that Voila does not have.
    "/voila/labextensions/@jupyter-notebook/lab-extension/",
)

CELLS = (
    "import protvis as pv\n"
    "from protvis.data import TRYPSIN\n"
    'explorer = pv.explore(TRYPSIN, model="mini-positions", layer=1, head=3)\n'
    "explorer",
    # What Python knows of the explorer, for the eyes of the test.
    "from ipywidgets import Label\n"
    "heard = Label()\n"
    'heard.add_class("heard")\n'
    "def hear(_=None):\n"
    '    heard.value = f"{explorer.layer}-{explorer.head}: {len(explorer.links())}"\n'
    'explorer.observe(hear, ["layer", "head", "selected_residues"])\n'
    "hear()\n"
    "heard",
)


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    """A small notebook with an explorer."""
    path = tmp_path / "explorer.ipynb"
    cells = [nbformat.v4.new_code_cell(cell) for cell in CELLS]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path


def test_voila(notebook: Path, browser: Browser) -> None:
    context = new_context(browser)
    try:
        with voila(notebook) as address:
            page = context.new_page()
            problems = Problems(page, VOILA_PROBLEMS)
            page.goto(address, timeout=3 * PATIENCE_MS)
            explorer = ExplorerPage(page, page.locator(".protvis").first).wait_ready()
            heard = page.locator(".heard")
            expect(heard).to_have_text(f"1-3: {explorer.arcs()}")
            before = explorer.picture()
            explorer.slider("layer").press("ArrowRight")
            expect(heard).to_contain_text("2-3: ")
            expect(heard).to_have_text(f"2-3: {explorer.arcs()}")
            assert changed(before, explorer.picture()).sum() > 50
            # The full map comes from the kernel.
            expect(explorer.heatmap).to_have_attribute("data-map", "ready")
            explorer.residue(30).click()
            explorer.expect_selected([explorer.labels()[30]])
            wait_until(
                page,
                lambda: heard.inner_text() == f"2-3: {explorer.arcs()}",
                "Python and the page have as many links of the selection",
            )
            assert problems.take() == []
            page.close()
    except HostError as error:
        cannot(str(error))
    finally:
        context.close()
