"""A notebook so long that JupyterLab spares itself the cells out of sight."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell
from playwright.sync_api import BrowserContext

from tests.browser.conftest import EXPLORER, OWN, own_notebook
from tests.browser.explorer_page import START
from tests.browser.jupyter_host import JupyterServer, NotebookHost
from tests.browser.page_host import VIEWPORT
from tests.browser.pages import live_webgl, wait_until
from tests.browser.pictures import changed, moved_on_page

PARTS = 60
TEXT = "\n\n".join(f"paragraph {n}" for n in range(12))


# What Lab does unasked: leave cells out of sight without layout; and what it did unasked from 4.2
# on: hide them or take them out of the page.
@pytest.fixture(params=[None, "full"], ids=["default", "full"])
def host(
    request: pytest.FixtureRequest, server: JupyterServer, profile: BrowserContext
) -> Iterator[NotebookHost]:
    """An explorer with forty screens of text after it."""
    parts = [new_markdown_cell(f"## {n}\n\n{TEXT}") for n in range(PARTS)]
    server.write_notebook(OWN, new_code_cell(EXPLORER), *parts)
    with server.windowing(request.param), own_notebook(server, profile) as opened:
        yield opened


def in_sight(host: NotebookHost) -> bool:
    """Return whether the browser lays the explorer out at all."""
    return host.explorer.root.evaluate("e => e.checkVisibility({ contentVisibilityAuto: true })")


def go_away(host: NotebookHost) -> None:
    """Go to the end of the notebook and click there, since what has the focus stays laid out."""
    host.show_cell(host.cell_count() - 1)
    host.page.get_by_role("heading", name=str(PARTS - 1), exact=True).click()
    wait_until(host.page, lambda: not in_sight(host), "the explorer is out of sight")


def come_back(host: NotebookHost) -> None:
    """Go to the explorer."""
    host.show_cell(host.explorer_cell())
    wait_until(host.page, lambda: in_sight(host), "the explorer is in sight")
    host.explorer.leave()


def test_explorer_survives_being_scrolled_away(host: NotebookHost) -> None:
    explorer, kernel = host.explorer, host.kernel
    assert kernel is not None
    explorer.reset()
    host.expect_traits(**START)
    explorer.turn(80, 30)
    explorer.set("layer", 2)
    host.expect_traits(layer=2)
    label = kernel.value("explorer.links().query_label.iloc[0]")
    explorer.residue(explorer.labels().index(label)).click()
    explorer.leave()
    arcs = host.links(layer=2, selected_residues=[label])
    assert arcs > 0
    explorer.expect_arcs(arcs)
    picture = explorer.picture()
    host.rest()
    camera = kernel.value("explorer.view._camera_orientation")
    for _ in range(3):
        go_away(host)
        come_back(host)
        explorer.expect_arcs(arcs)
        explorer.expect_selected([label])
        # Half a pixel further, letters have other edges; a camera elsewhere is ten times this.
        assert moved_on_page(picture, explorer.picture()) < 0.006
        assert live_webgl(host.page) == 1
    assert kernel.value("explorer.view._camera_orientation") == pytest.approx(camera)

    # What Python does meanwhile is there on the way back, and so is the size of the window.
    go_away(host)
    kernel.run("explorer.selected_residues = []; explorer.layer = 1; explorer.top_k = 33")
    host.page.set_viewport_size({**VIEWPORT, "width": VIEWPORT["width"] - 150})
    come_back(host)
    explorer.expect_arcs(33)
    explorer.expect_selected([])
    canvas = explorer.stage.locator("canvas").first
    wait_until(
        host.page,
        lambda: canvas.bounding_box() == explorer.stage.bounding_box(),
        "the canvas fills the panel",
    )
    narrow = explorer.picture()
    assert narrow.shape != picture.shape

    # The mouse and the sliders work as before.
    explorer.turn(60, 0)
    explorer.leave()
    assert changed(narrow, explorer.picture()).sum() > 100
    explorer.set("top_k", 200)
    explorer.expect_arcs(host.links(layer=1, top_k=200))
    assert live_webgl(host.page) == 1
    assert host.problems.take() == []
