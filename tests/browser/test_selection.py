"""Which residues a head connects to one's own, in JupyterLab and on the offline page alike."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.explorer_page import ExplorerPage
from tests.browser.jupyter_host import NotebookHost
from tests.browser.page_host import PageHost

Host = NotebookHost | PageHost


@pytest.fixture
def explorer(host: Host) -> ExplorerPage:
    """The explorer on the host's page."""
    return host.explorer


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

    # So it does at every other head, and the whole is back in one key.
    explorer.head_cell(1, 3).click()
    explorer.expect_arcs(host.links(layer=1, head=3))
    explorer.set("partners", 12)
    explorer.residue(his).press("Escape")
    explorer.expect_arcs(host.links(selected_residues=[], partners=12))
    expect(explorer.slider("partners")).to_be_hidden()
