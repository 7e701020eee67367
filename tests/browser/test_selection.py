"""Which residues a head connects to one's own, in JupyterLab and on the offline page alike."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.explorer_page import ExplorerPage
from tests.browser.jupyter_host import NotebookHost
from tests.browser.page_host import Host
from tests.browser.pictures import changed


def test_residues_are_found_by_number_name_and_motif(host: Host, explorer: ExplorerPage) -> None:
    page = explorer.page
    box = explorer.root.get_by_label("find residues")
    box.click()
    page.keyboard.type("his57")
    page.keyboard.press("Enter")
    explorer.expect_selected(["A:HIS57"])
    host.expect_traits(selected_residues=["A:HIS57"])
    box.fill("102, SER195")
    box.press("ControlOrMeta+Enter")
    triad = ["A:HIS57", "A:ASP102", "A:SER195"]
    explorer.expect_selected(triad)
    box.fill("G[DE]SG")
    box.press("Enter")
    explorer.expect_selected(["A:GLY193", "A:ASP194", "A:SER195", "A:GLY196"])
    # Letters typed there are no shortcuts; what names nothing says so and changes nothing.
    box.fill("")
    box.press_sequentially("bcf[9999")
    box.press("Enter")
    expect(explorer.root.locator(".pv-refused")).to_contain_text("bcf[9999 names no residue here")
    assert len(explorer.selected()) == 4
    explorer.root.get_by_role("button", name="dismiss").click()

    # Back, by button and by key, to the triad, to one, to none.
    explorer.root.get_by_role("button", name="undo").click()
    explorer.expect_selected(triad)
    explorer.residue(3).focus()
    page.keyboard.press("ControlOrMeta+z")
    explorer.expect_selected(["A:HIS57"])
    page.keyboard.press("ControlOrMeta+z")
    explorer.expect_selected([])
    box.fill("")


def test_a_block_is_outlined_and_shows_the_links_within(host: Host, explorer: ExplorerPage) -> None:
    labels = explorer.labels()
    expect(explorer.heatmap).to_have_attribute("data-map", "ready")
    explorer.leave()
    bare = explorer.map_picture()
    explorer.drag_map((40, 90), (70, 130))
    explorer.leave()
    explorer.expect_selected([*labels[40:71], *labels[90:131]])
    block = [labels[40], labels[70], labels[90], labels[130]]
    explorer.expect_arcs(host.links(selected_block=block))
    shown = explorer.root.locator(".pv-selectedtext")
    expect(shown).to_contain_text(f"{block[0]}–{block[1].removeprefix('A:')} × {block[2]}–")
    # The map stays as it was but for a thin outline.
    assert 0 < changed(bare, explorer.map_picture()).mean() < 0.02
    explorer.residue(3).click()
    explorer.expect_arcs(host.links(selected_block=None, selected_residues=[labels[3]]))


def test_the_links_of_a_residue_in_two_clicks(host: Host, explorer: ExplorerPage) -> None:
    labels = explorer.labels()
    his = labels.index("A:HIS57")
    # None of the strongest links of this head touches HIS57.
    explorer.head_cell(2, 8).click()
    expect(explorer.where).to_contain_text("head 2-8")
    host.expect_traits(layer=2, head=8)
    explorer.residue(his).click()
    explorer.expect_selected(["A:HIS57"])
    wanted = host.links(selected_residues=["A:HIS57"])
    assert wanted == 12
    explorer.expect_arcs(wanted)
    expect(explorer.status).to_contain_text("12 of the selection's")
    expect(explorer.slider("top_k")).to_be_hidden()
    explorer.set("partners", 5)
    explorer.expect_arcs(host.links(partners=5))

    # Stepping through them leaves HIS57 selected.
    explorer.residue(his).press("]")
    expect(explorer.live).to_contain_text("link 1 of 5: A:")
    expect(explorer.live).to_contain_text("A:HIS57")
    explorer.residue(his).press("]")
    expect(explorer.live).to_contain_text("link 2 of 5: A:")
    marked = explorer.root.locator('.pv-res[aria-selected="true"]')
    expect(marked).to_have_count(1)
    explorer.expect_arcs(5)

    # The table names the same links, and a click on one selects it, as a click on its arc does.
    rows = explorer.root.locator(".pv-partners tbody tr")
    expect(rows).to_have_count(5)
    partners = rows.nth(3).locator("td").first.inner_text()
    rows.nth(3).locator("td").nth(1).click()
    expect(rows.nth(3)).to_have_class("pv-chosen")
    expect(explorer.readout).to_contain_text(partners.split()[1])
    expect(explorer.readout).to_contain_text("A:HIS57")
    if isinstance(host, NotebookHost):
        link = explorer.readout.inner_text().split(" · ")[0].split(" → ")
        host.expect_traits(selected_link=link, selected_residues=["A:HIS57"])
        told = host.kernel.value(
            "[list(explorer.links()[n]) for n in ('query_label', 'key_label')]"
        )
        assert [told[0][3], told[1][3]] == link
    # Their names stand at the arcs' ends and are marked in the sequence.
    expect(explorer.scene).to_have_attribute(
        "data-names", re.compile(r"^HIS57( [A-Z]{3}\d+){4,5}$")
    )
    named = (explorer.scene.get_attribute("data-names") or "").split()
    marked = explorer.root.locator(".pv-res.pv-partnered").evaluate_all(
        "all => all.map((e) => e.getAttribute('aria-label').split(':')[1])"
    )
    assert sorted(named) == sorted(marked)

    # So it does at every other head, and the whole is back in one key.
    explorer.head_cell(1, 3).click()
    explorer.expect_arcs(host.links(layer=1, head=3))
    explorer.set("partners", 12)
    explorer.residue(his).press("Escape")
    explorer.expect_arcs(host.links(selected_residues=[], partners=12))
    expect(explorer.slider("partners")).to_be_hidden()
