"""What a person does with the structure, in JupyterLab and on the page alike."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.explorer_page import PAIR, ExplorerPage, pair_labels
from tests.browser.jupyter_host import NotebookHost
from tests.browser.page_host import Host
from tests.browser.pages import frames, wait_until
from tests.browser.pictures import changed, moved


def test_residue_in_3d(host: Host, explorer: ExplorerPage) -> None:
    labels = explorer.labels()
    for place in explorer.protein_places():
        label = explorer.point_at(place)
        if label in labels:
            break
    else:
        pytest.fail("no residue of the chain under the pointer")
    expect(explorer.root.locator(".pv-res.pv-hovered")).to_have_attribute("aria-label", label)
    expect(explorer.readout).to_contain_text(label)
    before = explorer.picture()
    explorer.click_stage(place)
    explorer.expect_selected([label])
    explorer.expect_arcs(host.links(selected_residues=[label]))
    explorer.leave()
    assert changed(before, explorer.picture()).sum() > 50
    explorer.click_stage(explorer.background_place())
    explorer.expect_selected([])
    explorer.expect_arcs(host.links(selected_residues=[]))


def test_arc_in_3d(host: Host, explorer: ExplorerPage) -> None:
    arcs = explorer.arc_places()
    for place in arcs:
        text = explorer.point_at(place)
        if PAIR.match(text):
            break
    else:
        pytest.fail("no arc under the pointer")
    pair = pair_labels(text)
    expect(explorer.readout).to_have_text(text)
    expect(explorer.root.locator(".pv-res.pv-hovered")).to_have_count(2)
    explorer.click_stage(place)
    labels = explorer.labels()
    ordered = sorted(pair, key=labels.index)
    explorer.expect_selected(ordered)
    wanted = {"selected_residues": ordered}
    if isinstance(host, NotebookHost):
        wanted["selected_link"] = pair
    # Moving on over where arcs were, which the click has taken away, ends no hovering.
    for other in arcs[:8]:
        explorer.page.mouse.move(*explorer.on_stage(other), steps=6)
    explorer.expect_arcs(host.links(**wanted))
    explorer.fold_partners()
    said = [explorer.point_at(other).split(" · ")[0] for other in explorer.protein_places()[:4]]
    assert set(said) & set(labels)
    for other in explorer.arc_places()[:4]:
        text_there = explorer.point_at(other)
        if PAIR.match(text_there):
            assert set(pair_labels(text_there)) & set(pair)
    explorer.leave()
    expect(explorer.readout).to_have_text(text)
    explorer.page.keyboard.press("Escape")
    explorer.expect_selected([])
    host.expect_traits(selected_residues=[], selected_link=None)


def test_camera_stays(explorer: ExplorerPage) -> None:
    straight = explorer.picture()
    explorer.turn(120, 40)
    explorer.leave()
    turned = explorer.picture()
    assert moved(straight, turned) > 0.05
    explorer.set("layer", 2)
    explorer.set("top_k", 300)
    explorer.residue(50).click()
    explorer.page.keyboard.press("Escape")
    explorer.set("layer", 1)
    explorer.set("top_k", 100)
    explorer.leave()
    assert moved(turned, explorer.picture()) < 0.002


def test_look_at_the_selection(explorer: ExplorerPage) -> None:
    explorer.set("threshold", explorer.last("threshold"))
    explorer.expect_arcs(0)
    explorer.residue(100).click()
    close = explorer.look(explorer.picture())
    explorer.slider("layer").press("Escape")
    whole = explorer.look(close)
    # From wherever it was called, a look is the same.
    explorer.residue(100).click()
    again = explorer.look(explorer.picture())
    assert moved(close, again) < 0.002
    explorer.slider("layer").press("Escape")
    assert moved(whole, explorer.look(again)) < 0.002


COUNT_FRAMES = """() => {
  if (window.askedFrames !== undefined) return;
  window.askedFrames = 0;
  const ask = window.requestAnimationFrame.bind(window);
  window.requestAnimationFrame = (callback) => { window.askedFrames++; return ask(callback); };
}"""


def test_an_explorer_nobody_touches_asks_for_no_frame(explorer: ExplorerPage) -> None:
    page = explorer.page
    page.evaluate(COUNT_FRAMES)

    def quiet() -> bool:
        before = page.evaluate("window.askedFrames")
        page.wait_for_timeout(800)
        return bool(page.evaluate("window.askedFrames") == before)

    explorer.leave()
    wait_until(page, quiet, "nothing asks for a frame")
    # What a person does next works as ever: keys that move the camera, the pointer, a slider.
    before = explorer.picture()
    explorer.stage.press("ArrowRight")
    turned = explorer.picture()
    assert moved(before, turned) > 0.01
    wait_until(page, quiet, "nothing asks for a frame")
    place = explorer.protein_places()[0]
    wait_until(page, quiet, "nothing asks for a frame")
    assert explorer.point_at(place)
    explorer.leave()
    wait_until(page, quiet, "nothing asks for a frame")
    explorer.residue(100).click()
    explorer.look(explorer.picture())
    explorer.slider("layer").press("Escape")


def test_keys_move_the_view_under_a_resting_pointer(explorer: ExplorerPage) -> None:
    """What is said and lit up is what lies under the pointer now, in 3D and on the map."""
    hovered = explorer.root.locator(".pv-res.pv-hovered")

    def lit(text: str) -> int:
        return 2 if PAIR.match(text) else int(text.split(" · ")[0] in labels)

    def turned() -> str:
        explorer.scene.evaluate("panel => { delete panel.dataset.pickedAt; }")
        explorer.stage.press("ArrowRight")
        expect(explorer.scene).to_have_attribute("data-picked-at", re.compile(r"\d"))
        frames(explorer.page)
        return explorer.tooltip.inner_text() if explorer.tooltip.is_visible() else ""

    labels = set(explorer.labels())
    place = next(one for one in explorer.protein_places() if lit(explorer.point_at(one)) == 1)
    explorer.stage.focus()
    seen = [explorer.point_at(place)]
    for _ in range(7):
        seen.append(turned())
        expect(hovered).to_have_count(lit(seen[-1]))
    assert len(set(seen)) > 2
    assert explorer.point_at(place) == seen[-1], "as if the pointer had just come"
    if lit(seen[-1]):
        expect(explorer.readout).to_contain_text(seen[-1])

    n = len(labels)
    explorer.hover_map(50, 120)
    before = explorer.readout.inner_text()
    explorer.heatmap.evaluate("canvas => canvas.focus({ preventScroll: true })")
    for _ in range(3):
        explorer.page.keyboard.press("+")
    expect(explorer.heatmap).not_to_have_attribute("data-view", f"0.0 0.0 {n:.1f}")
    expect(explorer.readout).not_to_have_text(before)
    resting = explorer.readout.inner_text()
    explorer.page.keyboard.press("0")
    expect(explorer.readout).to_have_text(before)
    for _ in range(3):
        explorer.page.keyboard.press("+")
    expect(explorer.readout).to_have_text(resting)
    explorer.leave()
    explorer.page.keyboard.press("0")
    explorer.root.get_by_role("button", name="reset view").click()
