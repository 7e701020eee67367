"""The head grid of a deep model: all of it in sight, in wide windows and narrow ones."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.explorer_page import ExplorerPage
from tests.browser.helices import helix_with_gap
from tests.browser.page_host import PageHost, explored
from tests.browser.pages import wait_until
from tests.models.checkpoints import esm2

N_LAYERS, N_HEADS = 33, 20


@pytest.fixture(scope="module")
def page(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PageHost]:
    """A helix read by a model as deep as ESM-2 650M, as an offline page."""
    folder = tmp_path_factory.mktemp("grid")
    model = esm2(
        folder / "model",
        num_hidden_layers=N_LAYERS,
        num_attention_heads=N_HEADS,
        hidden_size=4 * N_HEADS,
    )
    atlas = {(1, 1): ["prev"], (2, 3): ["contact", "prev"], (33, 20): ["contact"]}
    helix = helix_with_gap(folder / "helix.pdb")
    with explored(browser, folder, helix, model, atlas=atlas) as host:
        yield host


@pytest.fixture
def explorer(page: PageHost) -> Iterator[ExplorerPage]:
    """That page, in a window of its first size."""
    size = page.page.viewport_size
    assert size is not None
    yield page.explorer
    page.explorer.resize(size["width"], size["height"])


@pytest.mark.parametrize("size", [(1280, 720), (900, 600), (420, 900)])
def test_all_heads_are_in_sight(explorer: ExplorerPage, size: tuple[int, int]) -> None:
    explorer.resize(*size)
    explorer.open_panel("heads")
    wait_until(explorer.page, explorer.grid_fits, "nothing of the grid has to be scrolled")
    panel = explorer.root.locator(".pv-heads").bounding_box()
    assert panel is not None
    for layer, head in ((1, 1), (1, "mean"), (N_LAYERS, 1), (N_LAYERS, "mean")):
        cell = explorer.head_cell(layer, head).bounding_box()
        assert cell is not None
        assert panel["x"] < cell["x"]
        assert cell["x"] + cell["width"] < panel["x"] + panel["width"]
        # Large enough to be pointed at.
        assert min(cell["width"], cell["height"]) >= 5
    explorer.head_cell(N_LAYERS, "mean").click()
    assert explorer.chosen_head() == f"{N_LAYERS}-mean"


def test_all_pictures_are_in_sight(explorer: ExplorerPage) -> None:
    explorer.show_small_maps(True)
    try:
        pictures = explorer.root.locator(".pv-cell canvas")
        expect(pictures).to_have_count(N_LAYERS * (N_HEADS + 1))
        wait_until(explorer.page, explorer.grid_fits, "nothing of the grid has to be scrolled")
        size = pictures.first.bounding_box()
        assert size is not None
        assert size["width"] == size["height"] >= 12
        # As many pixels as the screen has: no browser scales them, which lets lines fade.
        assert pictures.first.evaluate("e => e.width") == size["width"]
    finally:
        explorer.show_small_maps(False)


def test_roles_show_their_heads(explorer: ExplorerPage) -> None:
    others = explorer.root.locator(".pv-cell.pv-otherhead")
    contact = explorer.root.locator(".pv-chip", has_text="contact")
    contact.click()
    expect(contact).to_have_text("contact 2")
    expect(others).to_have_count(N_LAYERS * (N_HEADS + 1) - 2)
    expect(explorer.head_cell(2, 3)).not_to_have_class(re.compile("pv-otherhead"))
    explorer.head_cell(2, 3).hover()
    expect(explorer.root.locator(".pv-cellline")).to_contain_text("contact, prev")
    contact.press("Enter")
    expect(others).to_have_count(0)


def test_numbers_do_not_overlap(explorer: ExplorerPage) -> None:
    for kind, side, extent in (("col", "x", "width"), ("row", "y", "height")):
        boxes = [
            number.bounding_box()
            for number in explorer.root.locator(f".pv-{kind}head:not(.pv-unnumbered)").all()
        ]
        assert len(boxes) > 5
        for before, after in pairwise(boxes):
            assert before is not None
            assert after is not None
            assert before[side] + before[extent] <= after[side] + 0.1


def test_numbers_stay_when_the_grid_scrolls(explorer: ExplorerPage) -> None:
    """Where a grid is too large to fit, it scrolls under its numbers."""
    box = explorer.root.locator(".pv-gridbox")
    small = "min-height: 0 !important; max-height: 120px !important; width: 200px"
    style = explorer.page.add_style_tag(content=f".pv-gridbox {{ {small} }}")
    try:
        explorer.settle()
        corner = explorer.root.locator(".pv-corner")
        before = corner.bounding_box()
        box.evaluate("e => { e.scrollTop = 60; e.scrollLeft = 8; }")
        assert box.evaluate("e => e.scrollTop") == 60
        after = corner.bounding_box()
        assert before is not None
        assert after is not None
        assert after["y"] == pytest.approx(before["y"], abs=1)
        # A number is not covered by the cells that pass beneath it.
        seen = (
            explorer.root.locator(".pv-colhead")
            .nth(2)
            .evaluate(
                "e => { const b = e.getBoundingClientRect();"
                " return document.elementFromPoint(b.x + b.width / 2, b.y + b.height / 2) === e; }"
            )
        )
        assert seen
        # The chosen cell is brought into view.
        explorer.head_cell(N_LAYERS, "mean").click()
        explorer.page.keyboard.press("Home")
        for _ in range(N_LAYERS - 1):
            explorer.page.keyboard.press("ArrowUp")
        expect(explorer.head_cell(1, 1)).to_be_focused()
        number = explorer.root.locator(".pv-colhead").first.bounding_box()
        cell = explorer.head_cell(1, 1).bounding_box()
        assert number is not None
        assert cell is not None
        assert cell["y"] >= number["y"] + number["height"]
    finally:
        style.evaluate("e => e.remove()")
