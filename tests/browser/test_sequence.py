"""An explorer of a sequence: arcs over the residues, and a structure that comes later."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

import protvis as pv
from protvis.data import TRYPSIN
from tests.browser.conftest import new_context
from tests.browser.explorer_page import ExplorerPage
from tests.browser.jupyter_host import NotebookHost
from tests.browser.page_host import explored
from tests.browser.pages import wait_until
from tests.browser.pictures import colourful, drawn, places

OPEN = """
from protvis.data import TRYPSIN
letters = pv.load_structure(TRYPSIN).chains["A"].sequence
seq = pv.explore(
    letters, model="mini-positions", layer=1, head=3, top_k=20, tracks={"own": range(len(letters))}
)
seq
"""


@pytest.fixture
def sequence() -> str:
    """The sequence of trypsin."""
    return pv.load_structure(TRYPSIN).chains["A"].sequence


def point_at_an_arc(explorer: ExplorerPage) -> tuple[int, int]:
    """Rest the pointer on an arc; return where."""
    picture = explorer.picture()
    for place in places(drawn(picture) & colourful(picture)):
        if "→" in explorer.point_at(place) or "↔" in explorer.tooltip.inner_text():
            return place
    raise AssertionError("no arc is under any coloured point")


def check_a_sequence_alone(explorer: ExplorerPage, sequence: str, n_links: int) -> None:
    """Arcs, heatmap, sequence and own tracks are there, and nothing that takes a structure."""
    explorer.expect_arcs(n_links)
    expect(explorer.heatmap).to_have_attribute("data-map", "ready")
    numbers = [label[len("A:ALA") :] for label in explorer.labels()]
    assert numbers == [str(n + 1) for n in range(len(sequence))]
    assert "".join(explorer.residues.all_text_contents()) == sequence
    expect(explorer.root.locator(".pv-res.pv-unobserved")).to_have_count(0)
    expect(explorer.root.get_by_role("button", name="own", pressed=True)).to_be_visible()
    for menu in ('[name="color_by"]', '[aria-label="score that colours the head grid"]'):
        choices = explorer.root.locator(f"select{menu} option:not([hidden])").all_text_contents()
        assert choices
        assert not [choice for choice in choices if "contact" in choice.lower()]
    assert not any(math.isnan(score) for score in explorer.scores())


def test_in_jupyterlab_and_with_a_structure_later(lab: NotebookHost, sequence: str) -> None:
    kernel, page = lab.kernel, lab.page
    assert kernel is not None
    lab.problems.take()
    lab.run_cell(OPEN)
    try:
        shown = page.locator(".jp-Cell").last.locator(".protvis")
        explorer = ExplorerPage(page, shown).wait_ready()
        check_a_sequence_alone(explorer, sequence, kernel.value("len(seq.links())"))

        explorer.click_stage(point_at_an_arc(explorer))
        wait_until(page, lambda: kernel.value("seq.selected_link"), "Python has the link")
        link = kernel.value("list(seq.selected_link)")
        explorer.expect_selected(sorted(link, key=lambda label: int(label[len("A:ALA") :])))
        assert link in kernel.value("seq.links()[['query_label', 'key_label']].values.tolist()")

        kernel.run("seq.layer, seq.head, seq.top_k = 2, 5, 9")
        expect(explorer.where).to_contain_text("2-5")
        kernel.run("seq.selected_residues = []")
        explorer.expect_arcs(9)
        explorer.residue(40).click()
        chosen = [explorer.labels()[40]]
        wait_until(page, lambda: kernel.value("seq.selected_residues") == chosen, "it arrived")

        # The structure comes: what was looked at stays, under the structure's labels.
        kernel.run("seq.add_structure(TRYPSIN)", timeout=300)
        expect(explorer.stage.locator("canvas.pv-arcs")).to_have_count(0)
        explorer.wait_ready()
        label = kernel.value("seq.chain.residue_labels[40]")
        explorer.expect_selected([label])
        expect(explorer.where).to_contain_text("2-5")
        explorer.expect_arcs(kernel.value("len(seq.links())"))
        assert (drawn(explorer.picture())).mean() > 0.05
        explorer.slider("layer").press("Escape")
        explorer.expect_selected([])
        explorer.expect_arcs(9)
        assert lab.problems.take() == []
    finally:
        kernel.run("seq.close()")
        lab.delete_last_cell()


def test_as_an_offline_page(browser: Browser, tmp_path: Path, sequence: str) -> None:
    fasta = tmp_path / "two.fasta"
    fasta.write_text(f">first\nMKTAYIAKQR\n>trypsin\n{sequence}\n")
    options = {"layer": 1, "head": 3, "top_k": 20, "tracks": {"own": range(len(sequence))}}
    with explored(browser, tmp_path, fasta, record="trypsin", **options) as host:
        explorer, twin = host.explorer, host.twin
        assert twin is not None
        check_a_sequence_alone(explorer, sequence, len(twin.links()))
        expect(explorer.root.get_by_role("heading", level=2)).to_have_text("trypsin")
        explorer.click_stage(point_at_an_arc(explorer))
        link = explorer.selected()
        assert len(link) == 2
        found = twin.links()[["query_label", "key_label"]].values.tolist()
        assert link in found or link[::-1] in found
        # By keys: from link to link, and away.
        explorer.stage.press("]")
        wait_until(host.page, lambda: explorer.selected() != link, "the next link is selected")
        explorer.stage.press("Escape")
        explorer.expect_selected([])
        explorer.set("top_k", 5)
        explorer.expect_arcs(5)
    # What draws a structure is not inside.
    assert "WebGLRenderer" not in (tmp_path / "page.html").read_text("utf-8")


def test_dark_and_narrow(browser: Browser, tmp_path: Path, sequence: str) -> None:
    twin = pv.explore(sequence, model="mini-positions")
    try:
        path = twin.to_html(tmp_path / "page.html")
    finally:
        twin.close()
    context = new_context(browser, color_scheme="dark")
    try:
        page = context.new_page()
        page.set_viewport_size({"width": 420, "height": 900})
        page.goto(path.as_uri())
        explorer = ExplorerPage(page, page.locator(".protvis")).wait_ready()
        picture = explorer.picture()
        assert picture[2, 2].max() < 60
        assert colourful(picture).mean() > 0.005
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    finally:
        context.close()
