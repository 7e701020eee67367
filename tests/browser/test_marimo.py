"""marimo: its own page of widgets shows an explorer on its own stage, and the embedded page."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.app_host import marimo
from tests.browser.conftest import cannot, new_context
from tests.browser.explorer_page import ExplorerPage
from tests.browser.jupyter_host import HostError, Problems
from tests.browser.pages import PATIENCE_MS
from tests.browser.pictures import changed, drawn

PROGRAM = """
import marimo

app = marimo.App()


@app.cell
def _():
    import marimo as mo
    import protvis as pv
    from protvis.data import TRYPSIN

    explorer = pv.explore(TRYPSIN, model="mini-positions", layer=1, head=3)
    return explorer, mo, pv


@app.cell
def _(explorer, mo):
    shown = mo.ui.anywidget(explorer)
    shown
    return (shown,)


@app.cell
def _(explorer, mo, shown):
    shown.value
    mo.Html(f'<p class="heard">{explorer.layer}-{explorer.head} {explorer.selected_residues}</p>')
    return


@app.cell
def _(explorer, mo, pv, shown):
    shown.value
    try:
        said = repr(explorer.view)
    except pv.errors.StageError as error:
        said = str(error)
    mo.Html(f'<p class="missing">{said}</p>')
    return


@app.cell
def _(explorer):
    explorer.embed()
    return
"""

ROOM = "20000000"
"""Bytes of an output: by default marimo refuses what is as large as an embedded page."""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "explorer.py"
    path.write_text(PROGRAM)
    return path


def test_marimo(program: Path, browser: Browser, bundle: Path) -> None:
    context = new_context(browser)
    try:
        with marimo(program, MARIMO_OUTPUT_MAX_BYTES=ROOM) as address:
            page = context.new_page()
            problems = Problems(page)
            page.goto(address, timeout=3 * PATIENCE_MS)
            widget = ExplorerPage(page, page.locator(".protvis").first)
            expect(widget.root).to_be_visible(timeout=3 * PATIENCE_MS)
            # There is no NGLview for widgets in marimo: the explorer draws on its own stage.
            widget.wait_ready()
            full, bare = widget.picture(), widget.picture_without_arcs()
            assert drawn(bare).mean() > 0.05
            assert changed(bare, full).mean() > 0.003
            heard = page.locator(".heard")
            expect(heard).to_have_text("1-3 []")
            widget.slider("layer").press("ArrowRight")
            expect(widget.head_cell(2, 3)).to_have_attribute("aria-selected", "true")
            expect(heard).to_have_text("2-3 []")
            # The full map comes from the kernel.
            expect(widget.heatmap).to_have_attribute("data-map", "ready")
            widget.residue(30).click()
            chosen = widget.labels()[30]
            expect(heard).to_have_text(f"2-3 ['{chosen}']")
            widget.slider("layer").press("Escape")
            expect(heard).to_have_text("2-3 []")
            # A click in 3D reaches Python, too.
            for place in widget.protein_places():
                chosen = widget.point_at(place).split(" · ")[0]
                if chosen in widget.labels():
                    break
            widget.click_stage(place)
            expect(heard).to_have_text(f"2-3 ['{chosen}']")
            # Python knows why there is no NGLview.
            expect(page.locator(".missing")).to_contain_text("browser part is missing here")
            frame = page.frame_locator("iframe.protvis-page")
            embedded = ExplorerPage(page, frame.locator(".protvis")).wait_ready()
            embedded.set("top_k", 10)
            embedded.expect_arcs(10)
            assert problems.take() == []
            page.close()
    except HostError as error:
        cannot(str(error))
    finally:
        context.close()
