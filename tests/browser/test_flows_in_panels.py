"""What a person does with the sequence and the map, in JupyterLab and on the page alike."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.explorer_page import PAIR, ExplorerPage
from tests.browser.page_host import Host, PageHost
from tests.browser.pages import wait_until
from tests.browser.pictures import changed


def test_sequence_by_mouse(host: Host, explorer: ExplorerPage) -> None:
    labels = explorer.labels()
    explorer.residue(41).click()
    explorer.expect_selected([labels[41]])
    explorer.expect_arcs(host.links(selected_residues=[labels[41]]))
    explorer.residue(45).click(modifiers=["Shift"])
    explorer.expect_selected(labels[41:46])
    explorer.expect_arcs(host.links(selected_residues=labels[41:46]))
    explorer.residue(60).click(modifiers=["ControlOrMeta"])
    explorer.expect_selected([*labels[41:46], labels[60]])
    explorer.residue(43).click(modifiers=["ControlOrMeta"])
    explorer.expect_selected([*labels[41:43], *labels[44:46], labels[60]])
    explorer.drag_residues(100, 120)
    explorer.expect_selected(labels[100:121])
    explorer.expect_arcs(host.links(selected_residues=labels[100:121]))
    expect(explorer.status).to_contain_text("of the selection")
    explorer.page.keyboard.press("Escape")
    explorer.expect_selected([])
    explorer.expect_arcs(host.links(selected_residues=[]))


def test_sequence_by_keyboard(host: Host, explorer: ExplorerPage) -> None:
    labels = explorer.labels()
    explorer.residue(10).click()
    press = explorer.page.keyboard.press
    press("ArrowRight")
    press("ArrowRight")
    expect(explorer.root.locator(".pv-res:focus")).to_have_attribute("data-residue", "12")
    expect(explorer.live).to_contain_text(f"{labels[12]} · ")
    press("Enter")
    explorer.expect_selected([labels[12]])
    press("Shift+ArrowRight")
    press("Shift+ArrowRight")
    explorer.expect_selected(labels[12:15])
    press("ArrowRight")
    press("ArrowRight")
    press("Space")
    explorer.expect_selected([*labels[12:15], labels[16]])
    explorer.expect_arcs(host.links(selected_residues=[*labels[12:15], labels[16]]))
    press("End")
    expect(explorer.root.locator(".pv-res:focus")).to_have_attribute(
        "data-residue", str(len(labels) - 1)
    )
    press("Escape")
    explorer.expect_selected([])


def test_heatmap_readout_and_selection(host: Host, explorer: ExplorerPage) -> None:
    labels = explorer.labels()
    expect(explorer.heatmap).to_have_attribute("data-map", "ready")
    his, asp = labels.index("A:HIS57"), labels.index("A:ASP102")
    explorer.hover_map(his, asp)
    expect(explorer.readout).to_contain_text("A:HIS57 → A:ASP102 · ")
    said = explorer.readout.inner_text()
    assert PAIR.match(said), said
    assert said.endswith("contact")
    assert "no contact" not in said

    explorer.page.mouse.click(*explorer.map_point(his, asp))
    explorer.expect_selected(["A:HIS57", "A:ASP102"])
    link = {"selected_link": ["A:HIS57", "A:ASP102"]}
    if isinstance(host, PageHost):
        link = {}
    explorer.expect_arcs(host.links(selected_residues=["A:HIS57", "A:ASP102"], **link))

    explorer.drag_map((20, 60), (24, 66))
    block = [*labels[20:25], *labels[60:67]]
    explorer.expect_selected(block)
    ends = [labels[20], labels[24], labels[60], labels[66]]
    explorer.expect_arcs(host.links(selected_block=ends, selected_link=None))
    # The diagonal is one residue.
    explorer.page.mouse.click(*explorer.map_point(100, 100))
    explorer.expect_selected([labels[100]])


def test_heatmap_zoom_pan_and_keys(host: Host, explorer: ExplorerPage) -> None:
    page = explorer.page
    expect(explorer.heatmap).to_have_attribute("data-map", "ready")
    whole = explorer.map_window()
    n = len(explorer.labels())
    assert whole == (0, 0, n)
    explorer.hover_map(50, 120)
    page.mouse.wheel(0, -600)
    expect(explorer.heatmap).not_to_have_attribute("data-view", f"0.0 0.0 {n:.1f}")
    x, y, span = explorer.map_window()
    assert span < n / 2
    assert x <= 120 <= x + span
    assert y <= 50 <= y + span
    # What is under the pointer stays there.
    explorer.hover_map(51, 121)
    labels = explorer.labels()
    expect(explorer.readout).to_contain_text(f"{labels[51]} → {labels[121]}")
    page.keyboard.down("Shift")
    explorer.drag_map(
        (int(y + span / 2), int(x + span / 2)), (int(y + span / 4), int(x + span / 4))
    )
    page.keyboard.up("Shift")
    wait_until(page, lambda: explorer.map_window()[0] > x + 5, "the map has moved")
    host.rest()
    assert explorer.selected() == []
    explorer.root.get_by_role("button", name="whole map").click()
    wait_until(page, lambda: explorer.map_window() == whole, "the whole map is back")

    explorer.heatmap.focus()
    explorer.page.mouse.click(*explorer.map_point(30, 80))
    for key in ("ArrowDown", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    expect(explorer.readout).to_contain_text(f"{labels[31]} → {labels[82]}")
    expect(explorer.live).to_contain_text(f"{labels[31]} → {labels[82]}")
    page.keyboard.press("Enter")
    explorer.expect_selected([labels[31], labels[82]])
    page.keyboard.press("+")
    wait_until(page, lambda: explorer.map_window()[2] < n, "the map is zoomed")
    page.keyboard.press("0")
    wait_until(page, lambda: explorer.map_window() == whole, "the whole map is back")

    plain = explorer.map_picture()
    page.keyboard.press("c")
    expect(explorer.root.get_by_label("outline contacts")).to_be_checked()
    wait_until(
        page, lambda: changed(plain, explorer.map_picture()).sum() > 500, "contacts outlined"
    )
