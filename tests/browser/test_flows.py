"""What a person does with sliders and heads, in JupyterLab and on the offline page alike."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from playwright.sync_api import expect

from protvis.scene.colors import HEAD_COLORS
from protvis.scene.selection_scores import selection_scores
from tests.browser.explorer_page import SLIDERS, ExplorerPage
from tests.browser.page_host import Host
from tests.browser.pictures import Picture, changed, colourful, drawn


def trait_of(name: str, step: int, last: int) -> object:
    """Return the trait's value for a slider's step."""
    if name == "head":
        return "mean" if step == last else step
    # By the square, to the round number above the model's largest weight, which is 0.48.
    return float(f"{0.5 * (step / 100) ** 2:.6g}") if name == "threshold" else step


def test_arcs_are_drawn_on_the_protein(host: Host, explorer: ExplorerPage) -> None:
    assert host.links() == 100
    explorer.expect_arcs(100)
    bare = explorer.picture_without_arcs()
    explorer.expect_arcs(100)
    full = explorer.picture()
    assert drawn(bare).mean() > 0.03, "the protein is there"
    arcs = changed(bare, full)
    assert arcs.mean() > 0.01, "a hundred arcs cover more than a hundredth of the panel"
    # Seven of eight join no contact, and are a step fainter for it.
    assert (colourful(full) & arcs).sum() > 0.3 * arcs.sum(), "and they have colours"
    expect(explorer.status).to_contain_text("100 links")


@pytest.mark.parametrize("name", SLIDERS)
def test_slider_by_keyboard_and_mouse(host: Host, explorer: ExplorerPage, name: str) -> None:
    slider, last = explorer.slider(name), explorer.last(name)
    before = explorer.picture()

    step = explorer.value(name)
    slider.focus()
    key, by = ("ArrowLeft", -1) if name in ("head", "top_k") else ("ArrowRight", 1)
    # A threshold below the weakest arc needs more than one step to show.
    presses = {"threshold": 20, "top_k": 5, "min_separation": 4}.get(name, 1)
    for _ in range(presses):
        slider.press(key)
    step += by * presses
    assert explorer.value(name) == step
    explorer.expect_arcs(host.links(**{name: trait_of(name, step, last)}))
    by_keyboard = explorer.picture()
    assert changed(before, by_keyboard).sum() > 50

    explorer.drag(name, {"layer": 0.0, "head": 0.3, "top_k": 0.6, "threshold": 0.1}.get(name, 0.8))
    moved = explorer.value(name)
    assert moved != step
    explorer.expect_arcs(host.links(**{name: trait_of(name, moved, last)}))
    assert changed(by_keyboard, explorer.picture()).sum() > 50
    assert explorer.scene.get_attribute("data-selected") == ""


def test_slider_by_click_and_large_steps(host: Host, explorer: ExplorerPage) -> None:
    slider = explorer.slider("top_k")
    box = slider.bounding_box()
    assert box is not None
    slider.click(position={"x": box["width"] * 0.75, "y": box["height"] / 2})
    clicked = explorer.value("top_k")
    assert clicked > 250
    explorer.expect_arcs(host.links(top_k=clicked))
    slider.press("Home")
    explorer.expect_arcs(host.links(top_k=1))
    slider.press("End")
    explorer.expect_arcs(host.links(top_k=explorer.last("top_k")))


def test_directions_and_colours(host: Host, explorer: ExplorerPage) -> None:
    blue_and_orange = explorer.picture()
    expect(explorer.legend).to_contain_text("contacts")
    explorer.choose("color_by", "weight")
    expect(explorer.legend).to_contain_text("attention")
    assert host.links(color_by="weight") == explorer.arcs()
    by_weight = explorer.picture()
    assert changed(blue_and_orange, by_weight).sum() > 500
    explorer.choose("color_by", "separation")
    expect(explorer.legend).to_contain_text("residues apart")
    assert changed(by_weight, explorer.picture()).sum() > 500
    host.expect_traits(color_by="separation")
    for combine in ("directed", "mean"):
        explorer.choose("combine", combine)
        explorer.expect_arcs(host.links(combine=combine))


def test_the_legend_counts_the_arcs(host: Host, explorer: ExplorerPage) -> None:
    def counted() -> int:
        said = re.findall(
            r"(\d+) (?:contacts?\b|no contact|near in sequence)", explorer.legend.inner_text()
        )
        return sum(map(int, said))

    for separation in (6, 1, 0, 24):
        explorer.set("min_separation", separation)
        explorer.expect_arcs(host.links(min_separation=separation))
        assert counted() == explorer.arcs() > 0
        near = "near in sequence" in explorer.legend.inner_text()
        assert near is (separation < 6)
    explorer.set("min_separation", 1)
    explorer.residue(100).click()
    selected = [explorer.labels()[100]]
    explorer.expect_arcs(host.links(min_separation=1, selected_residues=selected))
    assert counted() == explorer.arcs()
    explorer.page.keyboard.press("Escape")
    host.expect_traits(selected_residues=[])


def test_links_cut_by_their_number_are_told(host: Host, explorer: ExplorerPage) -> None:
    explorer.set("threshold", 5)
    explorer.set("top_k", 10)
    explorer.expect_arcs(host.links(threshold=trait_of("threshold", 5, 100), top_k=10))
    told = r"^10 of (at least )?[\d,]+ links that reach the threshold · limited by number"
    expect(explorer.status).to_have_text(re.compile(told))
    explorer.set("threshold", 0)
    expect(explorer.status).to_have_text(re.compile("^10 links · "))


def test_head_grid(host: Host, explorer: ExplorerPage) -> None:
    assert explorer.grid_fits()
    explorer.head_cell(2, 3).click()
    assert explorer.chosen_head() == "2-3"
    explorer.expect_arcs(host.links(layer=2, head=3))
    assert (explorer.value("layer"), explorer.value("head")) == (2, 3)
    expect(explorer.where).to_contain_text("2-3")
    page = explorer.page
    page.keyboard.press("ArrowRight")
    assert explorer.chosen_head() == "2-4"
    page.keyboard.press("ArrowUp")
    assert explorer.chosen_head() == "1-4"
    explorer.expect_arcs(host.links(layer=1, head=4))
    page.keyboard.press("ArrowUp")
    assert explorer.chosen_head() == "1-4"
    page.keyboard.press("End")
    assert explorer.chosen_head() == "1-mean"
    explorer.expect_arcs(host.links(layer=1, head="mean"))
    expect(explorer.root.locator(".pv-cell:focus")).to_have_attribute("data-head", "1-mean")
    page.keyboard.press("Home")
    assert explorer.chosen_head() == "1-1"
    expect(explorer.live).to_contain_text("1-1")


def test_several_heads_at_once(host: Host, explorer: ExplorerPage) -> None:
    """By mouse and by keys, in 3D and on the map, each in its colour, until Escape."""

    def of_color(picture: Picture, color: str, within: int) -> int:
        wanted = 255 * np.array(to_rgb(color))
        return int((np.abs(picture - wanted).max(axis=2) <= within).sum())

    def overlaid() -> str:
        return explorer.scene.get_attribute("data-overlaid") or ""

    expect(explorer.heatmap).to_have_attribute("data-map", "ready")
    explorer.set("threshold", 15)
    threshold = trait_of("threshold", 15, 100)

    def each(**wanted: Any) -> dict[object, int]:
        found = {}
        for head in (5, 6, 3):
            explorer.head_cell(2, head).click()
            found[head] = host.links(layer=2, head=head, threshold=threshold, **wanted)
            explorer.expect_arcs(found[head])
        return found

    counts = each()
    assert len(set(counts.values())) == 3
    expect(explorer.heatmap).to_have_attribute("data-map", "ready")
    before, map_before = explorer.picture(), explorer.map_picture()
    legend = explorer.legend.inner_text()
    explorer.head_cell(2, 5).click(modifiers=["Shift"])
    assert explorer.chosen_head() == "2-3", "the chosen head stays"
    explorer.head_cell(2, 6).click(modifiers=["ControlOrMeta"])
    explorer.expect_arcs(counts[3])
    assert overlaid() == f"{counts[5]} {counts[6]}"
    host.expect_traits(overlay_heads=[[2, 5], [2, 6]])
    named = explorer.root.locator(".pv-drawnhead")
    expect(named).to_have_text([f" 2-{head} · {counts[head]}" for head in (3, 5, 6)])
    explorer.leave()
    after, map_after = explorer.picture(), explorer.map_picture()
    assert changed(before, after).sum() > 500
    for color in HEAD_COLORS:
        assert of_color(map_after, color, 8) > of_color(map_before, color, 8) + 20
    # The arc under the pointer says whose it is, for every head.
    heads = set()
    for place in explorer.arc_places():
        heads.add(explorer.point_at(place).split(":")[0])
        if len(heads & {"2-3", "2-5", "2-6"}) == 3:
            break
    assert {"2-3", "2-5", "2-6"} <= heads
    # A residue's own links in each of them, from the full maps.
    explorer.residue(explorer.labels().index("A:HIS57")).click()
    of_residue = each(selected_residues=["A:HIS57"])
    expect(explorer.scene).to_have_attribute("data-overlaid", f"{of_residue[5]} {of_residue[6]}")
    explorer.page.keyboard.press("Escape")
    expect(named).to_have_count(3)
    explorer.page.keyboard.press("Escape")
    expect(named).to_have_count(0)
    explorer.expect_arcs(counts[3])
    assert explorer.legend.inner_text() == legend
    host.expect_traits(overlay_heads=[], selected_residues=[])
    # By keys: this head stays drawn beside the next.
    explorer.head_cell(2, 3).click()
    explorer.page.keyboard.press("o")
    explorer.page.keyboard.press("End")
    assert explorer.chosen_head() == "2-mean"
    expect(named).to_contain_text(["2-mean", "2-3"])
    explorer.root.locator(".pv-alone").click()
    expect(named).to_have_count(0)


def test_small_maps_of_all_heads(host: Host, explorer: ExplorerPage) -> None:
    explorer.show_small_maps(True)
    pictures = explorer.root.locator(".pv-cell canvas")
    expect(pictures).to_have_count(explorer.last("layer") * explorer.last("head"))
    # Every head has a picture of its own, in more than one colour.
    drawn_pictures = pictures.evaluate_all("all => all.map((e) => e.toDataURL())")
    assert len(set(drawn_pictures)) == len(drawn_pictures)
    large = explorer.root.locator(".pv-largemap")
    expect(large).to_be_hidden()
    explorer.head_cell(1, 4).hover()
    expect(large).to_be_visible()
    expect(explorer.root.locator(".pv-cellline")).to_contain_text("layer 1, head 4")
    explorer.head_cell(2, 3).click()
    assert explorer.chosen_head() == "2-3"
    explorer.expect_arcs(host.links(layer=2, head=3))
    explorer.leave()
    expect(large).to_be_hidden()
    page = explorer.page
    page.keyboard.press("ArrowRight")
    assert explorer.chosen_head() == "2-4"
    expect(large).to_be_visible()
    page.keyboard.press("m")
    expect(pictures).to_have_count(0)
    expect(large).to_be_hidden()
    page.keyboard.press("m")
    expect(pictures).to_have_count(len(drawn_pictures))


def test_which_head_looks_here(host: Host, explorer: ExplorerPage, twin: Any) -> None:
    """From a click on a residue to the head that looks most at it: one more."""
    map_set = twin.scene.map_set("attention")
    here = explorer.root.locator(".pv-here")
    expect(here).to_be_hidden()
    residue = twin.chain.find("A:HIS57")
    explorer.residue(residue).click()
    here.click()
    received = map_set.received[..., residue]
    layer, column = divmod(int(received.argmax()), received.shape[1])
    head = "mean" if column == received.shape[1] - 1 else column + 1
    assert explorer.chosen_head() == f"{layer + 1}-{head}"
    expect(explorer.where).to_contain_text("attention to A:HIS57")
    np.testing.assert_allclose(explorer.scores(), received.ravel(), rtol=0.1, atol=2e-4)
    # From it, and between two, out of the full maps.
    explorer.color_heads("attention from the selection")
    explorer.expect_scores(selection_scores(map_set, [residue])[0])
    meaning = explorer.root.locator(".pv-meaning")
    expect(meaning).not_to_contain_text("strongest links only")
    other = twin.chain.find("A:ASP102")
    explorer.residue(other).click(modifiers=["ControlOrMeta"])
    explorer.color_heads("attention between two residues")
    explorer.expect_scores(selection_scores(map_set, [residue, other])[1])
    expect(explorer.where).to_contain_text("A:HIS57 ↔ A:ASP102")
    # With nothing selected there is nothing to be asked.
    explorer.slider("layer").press("Escape")
    expect(meaning).to_contain_text("select a residue first")
    explorer.residue(residue).click()
    explorer.color_heads(0)
    explorer.head_cell(1, 1).click()
    explorer.page.keyboard.press("l")
    assert explorer.chosen_head() == f"{layer + 1}-{head}"


def test_best_heads_are_one_key_away(host: Host, explorer: ExplorerPage) -> None:
    explorer.head_cell(2, 1).click()

    def score(cell: str) -> float:
        layer, head = cell.split("-")
        name = explorer.head_cell(int(layer), head).get_attribute("aria-label") or ""
        return float(name.rsplit(" ", 1)[1])

    steps = []
    for _ in range(3):
        explorer.page.keyboard.press("b")
        steps.append(explorer.chosen_head())
    assert len(set(steps)) == 3
    scores = [score(cell) for cell in steps]
    every = explorer.root.locator(".pv-cell").evaluate_all("all => all.map((e) => e.dataset.head)")
    assert scores == sorted((score(cell) for cell in every), reverse=True)[:3]
    explorer.page.keyboard.press("Shift+B")
    assert explorer.chosen_head() == steps[1]
    layer, head = steps[1].split("-")
    host.expect_traits(layer=int(layer), head=head if head == "mean" else int(head))
