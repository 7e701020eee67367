"""Offline pages: no request, the saved view, residues without coordinates, hostile names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

import protvis
from protvis.export import explore_to_html
from tests.browser.explorer_page import ExplorerPage
from tests.browser.helices import GAP, HOSTILE, helix_with_gap
from tests.browser.jupyter_host import Problems
from tests.browser.page_host import VIEWPORT, PageHost, opened
from tests.browser.pages import wait_until
from tests.browser.pictures import drawn


def test_no_request_and_no_error(offline: PageHost) -> None:
    assert offline.requests == []
    assert offline.problems.take() == []


def test_opens_on_the_saved_view(browser: Browser, twin: Any, tmp_path: Path) -> None:
    before = {name: getattr(twin, name) for name in ("layer", "head", "top_k", "color_by")}
    try:
        twin.layer, twin.head, twin.top_k, twin.color_by = 2, 4, 80, "weight"
        twin.selected_link = ("A:HIS57", "A:SER195")
        twin.selected_residues = ["A:HIS57", "A:SER195"]
        path, count = twin.to_html(tmp_path / "saved.html"), len(twin.links())
    finally:
        twin.selected_link, twin.selected_residues = None, []
        for name, value in before.items():
            setattr(twin, name, value)
    with opened(browser, path) as host:
        explorer = host.explorer
        assert (explorer.value("layer"), explorer.value("head")) == (2, 4)
        assert explorer.value("top_k") == 80
        assert explorer.chosen_head() == "2-4"
        explorer.expect_selected(["A:HIS57", "A:SER195"])
        explorer.expect_arcs(count)
        expect(explorer.root.locator('select[name="color_by"]')).to_have_value("weight")
        expect(explorer.readout).to_contain_text("A:HIS57 → A:SER195")
        expect(explorer.heatmap).to_have_attribute("data-map", "ready")
        assert drawn(explorer.picture()).mean() > 0.03


def test_dark_scheme(browser: Browser, twin: Any, tmp_path: Path) -> None:
    path = twin.to_html(tmp_path / "dark.html")
    with opened(browser, path, color_scheme="dark") as host:
        explorer = host.explorer
        explorer.expect_dark(True)
        assert explorer.picture()[2, 2].max() < 60
        assert drawn(explorer.picture()).mean() > 0.03
        host.page.emulate_media(color_scheme="light")
        explorer.expect_dark(False)
        assert explorer.picture()[2, 2].min() > 240


def test_residues_without_coordinates(browser: Browser, tmp_path: Path) -> None:
    structure = helix_with_gap(tmp_path / "gap.pdb")
    twin = protvis.explore(structure, model="mini-positions", top_k=200)
    try:
        path = twin.to_html(tmp_path / "gap.html")
        drawable, chain = len(twin.links()), twin.chain
        labels = list(chain.residue_labels)
        attention = twin.scene.attention
    finally:
        twin.close()
    assert list(np.flatnonzero(~chain.observed)) == list(GAP)
    assert attention is not None
    with opened(browser, path) as host:
        explorer = host.explorer
        missing = explorer.root.locator(".pv-res.pv-unobserved")
        expect(missing).to_have_count(len(GAP))
        expect(missing.first).to_have_css("text-decoration-line", "line-through")
        expect(explorer.root.locator(".pv-sequence")).to_contain_text("have no coordinates")
        explorer.expect_arcs(drawable)
        assert 0 < drawable < 200
        expect(explorer.status).to_contain_text("200 links")
        expect(explorer.status).to_contain_text(f"{200 - drawable} not drawn")
        # They can be selected and read out, and are never drawn.
        explorer.residue(GAP[0]).click()
        explorer.expect_selected([labels[GAP[0]]])
        explorer.expect_arcs(0)
        expect(explorer.status).to_contain_text("not drawn")
        explorer.hover_map(GAP[0], 2)
        expect(explorer.readout).to_contain_text("no coordinates")
        explorer.hover_map(0, 9)
        expect(explorer.readout).to_contain_text(f"{labels[0]} → {labels[9]} · ")


def test_hostile_names_stay_text(browser: Browser, tmp_path: Path) -> None:
    folder = tmp_path / "<img src=x onerror=window.owned=3>"
    folder.mkdir()
    structure = helix_with_gap(folder / "<b>&{style}</script>.pdb".replace("/", "_"), HOSTILE)
    path = explore_to_html(structure, tmp_path / "hostile.html", model="mini-positions")
    with opened(browser, path) as host:
        assert host.page.evaluate("window.owned") is None
        assert host.page.locator("main img, main b, main script").count() == 0
        name = host.explorer.root.locator("h2")
        assert "<script>" in (name.get_attribute("title") or "") or "<b>" in name.inner_text()


def test_page_without_all_maps_says_so(browser: Browser, twin: Any, tmp_path: Path) -> None:
    from protvis.export import write_page
    from protvis.scene import ViewState

    # Room for the mean of every layer and for one head.
    fit, every = twin.scene.n_layers + 1, len(twin.scene.heads())
    room = fit * twin.scene.n_residues**2
    view = ViewState.open(twin.scene)
    path = write_page(twin.scene, view, tmp_path / "few.html", maps_bytes=room)
    with opened(browser, path) as host:
        explorer = host.explorer
        explorer.set("layer", 2)
        explorer.set("head", 2)
        expect(explorer.heatmap).to_have_attribute("data-map", "unavailable")
        note = explorer.root.locator(".pv-heatmap .pv-missing", has_text="strongest links only")
        expect(note).to_contain_text(f"this page holds the full maps of {fit} of {every} heads")
        explorer.set("head", explorer.last("head"))
        expect(explorer.heatmap).to_have_attribute("data-map", "ready")
        # What is asked of all heads is answered from the links, and it says so.
        explorer.residue(40).click()
        explorer.color_heads("attention from the selection")
        expect(explorer.root.locator(".pv-meaning")).to_contain_text(
            f"from the strongest links only: this page holds the full maps of {fit} of {every}"
        )
        # Pictures are all there.
        explorer.show_small_maps(True)
        expect(explorer.root.locator(".pv-cell canvas")).to_have_count(every)


NO_WEBGL = """
const getContext = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
  return String(kind).startsWith("webgl") ? null : getContext.call(this, kind, ...rest);
};
"""


def test_a_browser_without_webgl_is_told_what_to_do(browser: Browser, offline: PageHost) -> None:
    context = browser.new_context(viewport=VIEWPORT)
    try:
        context.add_init_script(NO_WEBGL)
        page = context.new_page()
        problems = Problems(page)
        page.goto(offline.page.url.partition("#")[0])
        explorer = ExplorerPage(page, page.locator(".protvis"))
        failure = explorer.root.locator(".pv-failure")
        expect(failure).to_be_visible()
        expect(failure).to_contain_text("no WebGL")
        expect(failure).to_contain_text("acceleration")
        # Ours are all the words there are, and all else works.
        assert explorer.stage.inner_text() == ""
        expect(explorer.heatmap).to_have_attribute("data-map", "ready")
        explorer.head_cell(2, 3).click()
        assert explorer.chosen_head() == "2-3"
        explorer.residue(5).click()
        expect(explorer.root.locator('.pv-res[aria-selected="true"]')).to_have_count(1)
        assert problems.take() == []
    finally:
        context.close()


@pytest.mark.parametrize("width", [900, 560])
def test_narrow_window(browser: Browser, offline: PageHost, width: int) -> None:
    page = offline.page
    size = page.viewport_size
    assert size is not None
    try:
        explorer = offline.explorer
        explorer.resize(width, 1000)
        wide = "document.documentElement.scrollWidth <= window.innerWidth"
        wait_until(page, lambda: page.evaluate(wide), "the page is no wider than its window")

        def fills() -> bool:
            box = explorer.stage.bounding_box()
            canvas = explorer.stage.locator("canvas").first.bounding_box()
            assert box is not None
            assert canvas is not None
            return all(abs(canvas[side] - box[side]) <= 2 for side in ("width", "height"))

        wait_until(page, fills, "the canvas fills the panel")
        assert drawn(explorer.picture()).mean() > 0.02
    finally:
        offline.explorer.resize(size["width"], size["height"])
