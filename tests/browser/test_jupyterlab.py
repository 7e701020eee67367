"""The explorer in JupyterLab 4: traits, shortcuts, busy and dead kernels, views, reload, close."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.explorer_page import START, ExplorerPage
from tests.browser.jupyter_host import Kernel, NotebookHost
from tests.browser.page_host import PageHost
from tests.browser.pages import live_webgl, wait_until
from tests.browser.pictures import changed, drawn, moved, moved_on_page

WINDOW = "window.jupyterapp"
THREADS = """sorted(
    t.name for t in __import__('threading').enumerate() if t.name.startswith('protvis')
)"""
"""Ours: a bar of progress or a pool that something starts for itself is none."""

WIDGETS = "len(__import__('ipywidgets').widgets.widget._instances)"


@pytest.fixture
def host(lab: NotebookHost) -> Iterator[NotebookHost]:
    """The notebook with its explorer in its first state."""
    lab.explorer.reset()
    lab.expect_traits(
        **START, combine="max", color_by="contact", selected_residues=[], selected_link=None
    )
    yield lab
    assert lab.problems.take() == []


@pytest.fixture
def kernel(host: NotebookHost) -> Kernel:
    """The notebook's kernel."""
    assert host.kernel is not None
    return host.kernel


def test_notebook_runs(lab: NotebookHost) -> None:
    outputs = lab.outputs()
    wrong = [
        output
        for output in outputs
        if output["output_type"] == "error" or output.get("name") == "stderr"
    ]
    assert wrong == []
    assert any("application/vnd.jupyter.widget-view+json" in o.get("data", {}) for o in outputs)
    assert lab.problems.take() == []


def test_python_moves_the_browser(
    host: NotebookHost, explorer: ExplorerPage, kernel: Kernel
) -> None:
    kernel.run("explorer.layer, explorer.head = 2, 5")
    expect(explorer.where).to_contain_text("2-5")
    assert explorer.chosen_head() == "2-5"
    assert (explorer.value("layer"), explorer.value("head")) == (2, 5)
    kernel.run("explorer.head = 'mean'")
    expect(explorer.head_cell(2, "mean")).to_have_attribute("aria-selected", "true")
    assert explorer.value("head") == explorer.last("head")
    kernel.run("explorer.top_k = 37")
    explorer.expect_arcs(host.links())
    assert explorer.value("top_k") == 37
    kernel.run("explorer.threshold, explorer.min_separation = 0.0002, 12")
    wait_until(host.page, lambda: explorer.value("min_separation") == 12, "the slider follows")
    assert explorer.value("threshold") == 2
    explorer.expect_arcs(host.links())
    before = explorer.picture()
    kernel.run("explorer.color_by = 'separation'")
    expect(explorer.legend).to_contain_text("residues apart")
    assert changed(before, explorer.picture()).sum() > 100
    kernel.run("explorer.combine = 'directed'; explorer.top_k = 400")
    explorer.expect_arcs(host.links())
    kernel.run("explorer.selected_residues = ['A:SER195', 'A:HIS57']")
    explorer.expect_selected(["A:HIS57", "A:SER195"])
    explorer.expect_arcs(host.links())
    kernel.run("explorer.selected_link = ('A:ASP102', 'A:HIS57')")
    expect(explorer.readout).to_contain_text("A:ASP102 → A:HIS57")
    kernel.run("explorer.selected_link = None; explorer.selected_residues = []")
    explorer.expect_selected([])
    # A refused value leaves both sides as they were.
    with pytest.raises(AssertionError, match="LabelError"):
        kernel.run("explorer.layer = 13")
    host.expect_traits(layer=2)
    host.rest()
    assert explorer.value("layer") == 2


def test_hover_reaches_python_and_comes_back(
    host: NotebookHost, explorer: ExplorerPage, kernel: Kernel
) -> None:
    explorer.residue(40).hover()
    host.expect_traits(hovered_residue=explorer.labels()[40])
    explorer.leave()
    host.expect_traits(hovered_residue=None)
    kernel.run("explorer.hovered_residue = 'A:SER195'")
    hovered = explorer.root.locator(".pv-res.pv-hovered")
    expect(hovered).to_have_attribute("aria-label", "A:SER195")
    kernel.run("explorer.hovered_residue = None")
    expect(hovered).to_have_count(0)


def test_letters_stay_in_the_explorer(host: NotebookHost, explorer: ExplorerPage) -> None:
    cells = host.cell_count()
    kinds = host.page.locator(".jp-Cell.jp-MarkdownCell").count()
    press = host.page.keyboard.press
    targets = [
        explorer.head_cell(1, 2),
        explorer.slider("layer"),
        explorer.residue(5),
        explorer.heatmap,
        explorer.root.locator('select[name="color_by"]'),
    ]
    # In a notebook: insert below and above, cut, delete, paste, make it Markdown, undo.
    letters = ["b", "a", "x", "d", "d", "v", "m", "z"]
    for target in targets:
        target.focus()
        for letter in letters:
            press(letter)
    # After a click in 3D the keys are the explorer's too.
    labels = set(explorer.labels())
    place = next(at for at in explorer.protein_places() if explorer.point_at(at) in labels)
    explorer.click_stage(place)
    wait_until(host.page, lambda: explorer.selected() != [], "what was clicked is selected")
    for letter in letters:
        press(letter)
    assert explorer.selected() != []
    press("Escape")
    explorer.expect_selected([])
    assert host.cell_count() == cells
    assert host.page.locator(".jp-Cell.jp-MarkdownCell").count() == kinds


def test_two_views_of_one_explorer(
    host: NotebookHost, explorer: ExplorerPage, kernel: Kernel
) -> None:
    before = live_webgl(host.page)
    views = host.page.locator(".protvis").count()
    explorer.turn(80, 30)
    explorer.leave()
    first = explorer.picture()
    host.rest()
    host.run_cell("explorer")
    try:
        second = ExplorerPage(host.page, host.page.locator(".protvis").last).wait_ready()
        assert host.page.locator(".protvis").count() == views + 1
        assert live_webgl(host.page) == before + 1
        second.expect_arcs(100)
        # It looks from where the first does, and leaves that one alone. A camera elsewhere makes
        # ten times this; a panel on another fraction of a pixel, half of it.
        assert moved_on_page(first, second.picture()) < 0.006
        assert moved_on_page(first, explorer.picture()) < 0.006
        # Neither canvas is stretched over pixels it does not have.
        for view in (explorer, second):
            width, height, wide, high = view.stage.locator("canvas").first.evaluate(
                """(canvas) => {
                     const box = canvas.getBoundingClientRect();
                     return [canvas.width, canvas.height, box.width, box.height];
                   }"""
            )
            assert (width, height) == (wide, high)
        second.set("layer", 2)
        second.set("top_k", 250)
        count = host.links(layer=2, top_k=250)
        second.expect_arcs(count)
        explorer.expect_arcs(count)
        explorer.residue(70).click()
        second.expect_selected([explorer.labels()[70]])
        second.residue(90).click(modifiers=["ControlOrMeta"])
        explorer.expect_selected([explorer.labels()[70], explorer.labels()[90]])
        second.slider("layer").press("Escape")
        second.set("layer", 1)
        second.set("top_k", 100)
        second.leave()
        explorer.expect_selected([])
        assert moved_on_page(first, explorer.picture()) < 0.006
    finally:
        host.delete_last_cell()
    expect(host.page.locator(".protvis")).to_have_count(views)
    wait_until(host.page, lambda: live_webgl(host.page) == before, "the view's WebGL is freed")
    explorer.set("layer", 2)
    explorer.expect_arcs(host.links(layer=2))


def test_close_frees_everything(host: NotebookHost, explorer: ExplorerPage, kernel: Kernel) -> None:
    views, contexts = host.page.locator(".protvis").count(), live_webgl(host.page)
    threads, widgets = kernel.value(THREADS), kernel.value(WIDGETS)
    host.run_cell(
        "import protvis\n"
        "other = protvis.explore(explorer.structure, model=explorer.model)\n"
        "from IPython.display import display\n"
        "display(other, other)"
    )
    try:
        shown = host.page.locator(".protvis")
        expect(shown).to_have_count(views + 2)
        for place in (views, views + 1):
            ExplorerPage(host.page, shown.nth(place)).wait_ready()
        assert live_webgl(host.page) == contexts + 2
        assert len(kernel.value(THREADS)) > len(threads)
        kernel.run("other.close()")
        expect(shown).to_have_count(views)
        wait_until(host.page, lambda: live_webgl(host.page) == contexts, "WebGL contexts are freed")
        wait_until(host.page, lambda: kernel.value(THREADS) == threads, "our threads have ended")
        wait_until(host.page, lambda: kernel.value(WIDGETS) == widgets, "all widgets are closed")
        kernel.run("other.close()")
    finally:
        host.delete_last_cell()
    # The other explorer is none the worse.
    explorer.set("layer", 2)
    explorer.expect_arcs(host.links(layer=2))


def test_dark_theme(host: NotebookHost, explorer: ExplorerPage) -> None:
    def theme(name: str) -> None:
        host.page.evaluate(
            f"{WINDOW}.commands.execute('apputils:change-theme', {{ theme: '{name}' }})"
        )

    assert explorer.picture()[2, 2].min() > 240
    try:
        theme("JupyterLab Dark")
        explorer.expect_dark(True)
        assert explorer.picture()[2, 2].max() < 60
        assert drawn(explorer.picture()).mean() > 0.03
    finally:
        theme("JupyterLab Light")
    explorer.expect_dark(False)
    assert explorer.picture()[2, 2].min() > 240


def test_reload_with_a_live_kernel(
    host: NotebookHost, explorer: ExplorerPage, kernel: Kernel
) -> None:
    explorer.set("layer", 2)
    explorer.set("head", 3)
    explorer.set("top_k", 60)
    explorer.residue(100).click()
    label = explorer.labels()[100]
    count = host.links(layer=2, head=3, top_k=60, selected_residues=[label])
    camera = kernel.value("explorer.view._camera_orientation")
    explorer.turn(150, 60)
    explorer.leave()
    before = explorer.picture()
    host.rest()
    assert kernel.value("explorer.view._camera_orientation") != camera, "Python knows the camera"
    # The page comes back with what was saved, and meets the kernel's widgets there.
    host.page.evaluate(f"{WINDOW}.commands.execute('docmanager:save')")
    host.page.reload()
    host.wait_connected()
    explorer.wait_ready()
    explorer.expect_arcs(count)
    explorer.expect_selected([label])
    assert (explorer.value("layer"), explorer.value("head"), explorer.value("top_k")) == (2, 3, 60)
    explorer.leave()

    assert moved(before, explorer.picture()) < 0.002
    host.expect_traits(layer=2, head=3, top_k=60, selected_residues=[label])
    explorer.set("layer", 1)
    explorer.expect_arcs(host.links(layer=1))


def change_everything(explorer: ExplorerPage, head: int) -> None:
    """Move every slider and select; each must change the arcs at once."""
    last = explorer.picture()

    def see_change() -> None:
        nonlocal last
        before, last = last, explorer.picture()
        assert changed(before, last).sum() > 50

    explorer.set("layer", 2)
    see_change()
    explorer.set("head", head)
    see_change()
    explorer.slider("top_k").press("End")
    explorer.expect_arcs(explorer.last("top_k"))
    see_change()
    explorer.set("threshold", 25)
    see_change()
    explorer.set("threshold", 0)
    explorer.set("min_separation", 40)
    see_change()
    explorer.residue(100).click()
    explorer.expect_selected([explorer.labels()[100]])
    see_change()
    assert explorer.arcs() < explorer.last("top_k")


def test_two_side_by_side(host: NotebookHost) -> None:
    """Neither a plain HBox nor side_by_side lets an explorer collapse; selections are linked."""
    contexts = live_webgl(host.page)
    host.run_cell(
        "other = pv.explore(TRYPSIN, model='mini-positions')\npv.side_by_side(explorer, other)"
    )
    first, second = (host.page.locator(".widget-hbox .protvis").nth(n) for n in (0, 1))
    try:
        pages = [ExplorerPage(host.page, one).wait_ready() for one in (first, second)]
        boxes = [one.bounding_box() for one in (first, second)]
        assert all(box is not None for box in boxes)
        widths = [box["width"] for box in boxes if box is not None]
        assert min(widths) > 300, "both have their share of the room"
        assert abs(widths[0] - widths[1]) < 2
        pages[1].residue(30).click()
        pages[0].expect_selected([pages[0].labels()[30]])
        host.page.get_by_label("link selections").click()
        pages[1].residue(31).click()
        pages[1].expect_selected([pages[1].labels()[31]])
        host.rest()
        host.expect_traits(selected_residues=[pages[0].labels()[30]])
    finally:
        host.delete_last_cell()
        host.kernel.run("other.close(); explorer.selected_residues = []")  # type: ignore[union-attr]
    wait_until(host.page, lambda: live_webgl(host.page) == contexts, "WebGL contexts are freed")


STYLES = """root => [...root.querySelectorAll("*")].filter((one) => !one.closest(".pv-stage"))
  .filter((one) => one.getClientRects().length > 0).map((one) => {
    const style = getComputedStyle(one);
    const own = ["color", "backgroundColor", "fontFamily", "fontSize", "fontWeight", "fontStyle",
      "lineHeight", "letterSpacing", "textTransform", "textAlign", "textDecorationLine", "display",
      "float", "marginTop", "marginRight", "marginBottom", "marginLeft", "paddingTop",
      "paddingRight", "paddingBottom", "paddingLeft", "borderTopWidth", "borderTopColor",
      "borderRadius", "boxShadow", "listStyleType", "opacity", "cursor"];
    const name = `${one.tagName} ${one.className}`;
    return [name, Object.fromEntries(own.map((key) => [key, style[key]]))];
  })"""


MENU = "DETAILS pv-menu"


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_our_styles_stand_on_their_own(lab: NotebookHost, offline: PageHost, theme: str) -> None:
    """Every element looks in JupyterLab as it does on a page that has no other style sheet."""
    name = "JupyterLab Light" if theme == "Light" else "JupyterLab Dark"
    themed = "window.jupyterapp.commands.execute('apputils:change-theme', {theme: '%s'})"
    lab.page.evaluate(themed % name)
    offline.page.emulate_media(color_scheme="dark" if theme == "Dark" else "light")
    try:
        found = []
        for host in (lab, offline):
            explorer = host.explorer
            explorer.reset()
            explorer.expect_dark(theme == "Dark")
            explorer.root.locator(".pv-help summary").click()
            explorer.leave()
            styles = explorer.root.evaluate(STYLES)
            explorer.page.keyboard.press("Escape")
            found.append({name: style for name, style in styles if "pv-link" not in name})
        shared = found[0].keys() & found[1].keys()
        assert {"DL ", "DT ", "DD ", "SUMMARY ", "BUTTON pv-button ", "H3 "} <= shared
        leaks = {
            name: {key: (found[0][name][key], value) for key, value in found[1][name].items()
                   # The menu's margin is all the room there is.
                   if found[0][name][key] != value and (name, key) != (MENU, "marginLeft")}
            for name in sorted(shared)
        }  # fmt: skip
        assert {name: leak for name, leak in leaks.items() if leak} == {}
    finally:
        lab.page.evaluate(themed % "JupyterLab Light")
        offline.page.emulate_media(color_scheme="light")


def test_busy_and_dead_kernel(own_host: NotebookHost, tmp_path: Path) -> None:
    host, explorer = own_host, own_host.explorer
    assert host.kernel is not None
    explorer.reset()
    host.expect_traits(**START)
    note = explorer.root.locator(".pv-heatmap .pv-missing", has_text="strongest links only")

    process = host.kernel.value("__import__('os').getpid()")

    # A long cell. Kernels with subshells answer the browser meanwhile, others when it is over.
    begun, over = tmp_path / "begun", tmp_path / "over"
    host.kernel.start(
        "import pathlib, time\n"
        "try:\n"
        f"    pathlib.Path({str(begun)!r}).touch()\n"
        "    while True: time.sleep(0.05)\n"
        "finally:\n"
        f"    pathlib.Path({str(over)!r}).touch()\n"
    )
    wait_until(host.page, begun.exists, "the long cell runs")
    explorer.set("layer", 2)
    explorer.set("head", 4)
    explorer.set("top_k", 50)
    explorer.expect_arcs(50)
    assert not over.exists(), "and did so all the while"
    host.page.evaluate(f"{WINDOW}.shell.currentWidget.sessionContext.session.kernel.interrupt()")
    wait_until(host.page, over.exists, "the long cell was interrupted")
    host.expect_traits(layer=2, head=4, top_k=50)
    expect(explorer.heatmap).to_have_attribute("data-map", "ready")

    # Nothing at all comes from Python.
    explorer.reset()
    host.expect_traits(**START)
    os.kill(process, signal.SIGSTOP)
    try:
        change_everything(explorer, head=1)
        expect(explorer.heatmap).to_have_attribute("data-map", "unavailable")
        expect(note).to_contain_text("Python is busy")
    finally:
        os.kill(process, signal.SIGCONT)
    selected = explorer.selected()
    count = host.links(layer=2, head=1, min_separation=40, selected_residues=selected)
    explorer.expect_arcs(count)
    expect(explorer.heatmap).to_have_attribute("data-map", "ready")
    expect(note).to_have_count(0)

    explorer.reset()
    host.expect_traits(**START)
    os.kill(process, signal.SIGKILL)
    dialog = host.page.get_by_role("dialog")
    expect(dialog).to_contain_text("died")
    dialog.get_by_role("button").last.click()
    expect(dialog).to_have_count(0)
    change_everything(explorer, head=3)
    expect(explorer.heatmap).to_have_attribute("data-map", "unavailable")
    expect(note).to_contain_text("the kernel was restarted: run the cell again")
    refused = explorer.root.locator(".pv-refused")
    expect(refused).to_be_visible()
    expect(refused).to_contain_text("The kernel was restarted: run the cell again")
    # As it says, that helps.
    host.run_all()
    explorer.wait_ready()
    expect(explorer.heatmap).to_have_attribute("data-map", "ready")
    expect(refused).to_be_hidden()
    assert host.problems.take() == []
