"""The basics in Notebook 7: the example notebook runs, sliders and selections work."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.conftest import OWN, own_notebook
from tests.browser.explorer_page import START
from tests.browser.jupyter_host import JupyterServer, NotebookHost
from tests.browser.pictures import changed


@pytest.fixture
def notebook(server: JupyterServer, profile: BrowserContext) -> Iterator[NotebookHost]:
    """The example notebook, run in Notebook 7."""
    server.write_example(OWN)
    with own_notebook(server, profile, app="notebook") as opened:
        yield opened


def test_notebook_7(notebook: NotebookHost) -> None:
    explorer = notebook.explorer
    # Notebook 7 puts outputs of more than a hundred lines in a box that scrolls.
    expect(notebook.page.locator(".jp-mod-outputsScrolled")).to_have_count(0)
    explorer.reset()
    notebook.expect_traits(**START, selected_residues=[])
    explorer.expect_arcs(notebook.links())
    before = explorer.picture()

    cells = notebook.cell_count()
    explorer.slider("layer").press("ArrowRight")
    explorer.expect_arcs(notebook.links(layer=2))
    assert changed(before, explorer.picture()).sum() > 50
    explorer.head_cell(2, 3).click()
    notebook.page.keyboard.press("ArrowRight")
    explorer.expect_arcs(notebook.links(layer=2, head=4))
    notebook.page.keyboard.press("b")
    assert notebook.cell_count() == cells

    labels = explorer.labels()
    explorer.residue(30).click()
    explorer.expect_selected([labels[30]])
    explorer.expect_arcs(notebook.links(selected_residues=[labels[30]]))
    expect(explorer.heatmap).to_have_attribute("data-map", "ready")
    notebook.page.mouse.click(*explorer.map_point(41, 87))
    explorer.expect_selected([labels[41], labels[87]])
    notebook.expect_traits(selected_link=[labels[41], labels[87]])
    assert notebook.kernel is not None
    notebook.kernel.run("explorer.selected_residues = []; explorer.head = 'mean'")
    explorer.expect_selected([])
    expect(explorer.slider("head")).to_have_value(str(explorer.last("head")))
    expect(notebook.page.locator(".jp-mod-outputsScrolled")).to_have_count(0)
    assert notebook.problems.take() == []
