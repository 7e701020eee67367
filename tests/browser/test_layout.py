"""What is read and pointed at stays where it is; what is chosen by keyboard, and by finger."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, expect

from tests.browser.explorer_page import ExplorerPage
from tests.browser.page_host import PageHost, explored, opened
from tests.browser.pages import frames, wait_until
from tests.browser.pictures import drawn, moved

PARTS = {
    "stage": ".pv-stage",
    "controls": ".pv-controls",
    "grid": ".pv-gridbox",
    "map": "canvas.pv-canvas",
    "sequence": ".pv-lines",
}
SCROLLING = """root => [...root.querySelectorAll(".pv-panel, .pv-gridbox, .pv-readout")]
  .filter((e) => e.scrollHeight > e.clientHeight + 1).map((e) => e.className)"""
SIZES = {"laptop": (1440, 800), "desk": (1400, 1000)}


@pytest.fixture(scope="module")
def page(
    browser: Browser, demo_structure: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PageHost]:
    """The demonstration as an offline page with another kind of map."""
    folder = tmp_path_factory.mktemp("layout")
    with explored(
        browser,
        folder,
        demo_structure,
        page_maps=("attention", "apc", "rollout", "shuffled"),
        layer=1,
        head="mean",
        top_k=100,
    ) as host:
        yield host


@pytest.fixture
def explorer(page: PageHost) -> Iterator[ExplorerPage]:
    """That page in its first state."""
    size = page.page.viewport_size
    page.explorer.reset()
    yield page.explorer
    assert size is not None
    page.explorer.resize(size["width"], size["height"])


def resized(explorer: ExplorerPage, name: str) -> None:
    """Give the page one of the sizes, and scroll it to its top."""
    explorer.resize(*SIZES[name])
    explorer.page.evaluate("window.scrollTo(0, 0)")
    explorer.settle()


def positions(explorer: ExplorerPage) -> dict[str, tuple[float, float, float]]:
    """Return where the parts of the explorer are: left, top and width."""
    found = {}
    for name, selector in PARTS.items():
        box = explorer.root.locator(selector).bounding_box()
        assert box is not None
        found[name] = (box["x"], box["y"], box["width"])
    return found


def scrolled(explorer: ExplorerPage) -> float:
    """Return how far the page is scrolled."""
    return float(explorer.page.evaluate("window.scrollY"))


@pytest.mark.parametrize("size", SIZES)
def test_choosing_moves_nothing(explorer: ExplorerPage, size: str) -> None:
    resized(explorer, size)
    press = explorer.page.keyboard.press
    before = positions(explorer)
    explorer.head_cell(2, 3).click()
    assert positions(explorer) == before
    # One link, a block of two runs, and the longest of both.
    press("]")
    expect(explorer.root.locator(".pv-selectedtext")).not_to_be_empty()
    assert positions(explorer) == before
    explorer.heatmap.focus()
    for key in (" ", *["Shift+ArrowDown"] * 4, *["Shift+ArrowRight"] * 9, " "):
        press("Space" if key == " " else key)
    expect(explorer.root.locator(".pv-selectedtext")).to_contain_text(
        re.compile("^selected A:.*–.* × A:")
    )
    explorer.page.evaluate("window.scrollTo(0, 0)")
    assert positions(explorer) == before
    for name in ("apc", "rollout", "shuffled", "attention"):
        explorer.choose("map", name)
        expect(explorer.root.locator('select[name="map"]')).to_have_value(name)
        explorer.page.evaluate("window.scrollTo(0, 0)")
        assert positions(explorer) == before, name
    press("Escape")


@pytest.mark.parametrize("size", SIZES)
def test_selecting_does_not_scroll_the_page(explorer: ExplorerPage, size: str) -> None:
    resized(explorer, size)
    last = len(explorer.labels()) - 1
    higher = explorer.page.evaluate("document.documentElement.scrollHeight > window.innerHeight")
    assert higher == (size == "desk"), "on a laptop all of it is in sight"
    for query, key in ((3, 12), (last - 9, last)):
        x, y, span = explorer.map_window()
        box = explorer.heatmap.bounding_box()
        assert box is not None
        cell = (box["width"] - 50) / span
        explorer.page.mouse.click(
            box["x"] + 44 + (key + 0.5 - x) * cell, box["y"] + 6 + (query + 0.5 - y) * cell
        )
        expect(explorer.root.locator('.pv-res[aria-selected="true"]')).to_have_count(2)
        assert scrolled(explorer) == 0
    explorer.page.keyboard.press("Escape")
    explorer.head_cell(1, 2).click()
    explorer.page.keyboard.press("b")
    assert scrolled(explorer) == 0


@pytest.mark.parametrize("size", [(1280, 720), (900, 600), (1280, 680)])
def test_all_four_views_at_once(explorer: ExplorerPage, size: tuple[int, int]) -> None:
    """A projector, a frame, a laptop: nothing lies beyond the window, and no label is cut.

    Also with a residue selected, whose links are a table, and under the line of a model's notice.
    """
    page = explorer.page
    explorer.residue(explorer.labels().index("A:HIS57")).click()
    notice = explorer.root.locator(".pv-header").evaluate_handle(
        """header => {
            const line = document.createElement("details");
            line.className = "pv-notice";
            line.innerHTML = "<summary class='pv-noticeline'>What this model is for.</summary>";
            header.after(line);
            return line;
        }"""
    )
    explorer.resize(*size)
    expect(explorer.root).to_have_class(re.compile("pv-compact"))
    tabs = explorer.root.locator(".pv-tabs").is_visible()
    assert tabs == (size[0] < 1100)
    shown = {"map": "canvas.pv-canvas", "heads": ".pv-grid", "controls": "select[name=cartoon_by]"}

    def inside() -> bool:
        frames(page)
        boxes = [
            explorer.root.locator(selector).first.bounding_box()
            for selector in (".pv-stage", ".pv-lines", *([] if tabs else shown.values()))
        ]
        return page.evaluate(
            "document.documentElement.scrollHeight <= window.innerHeight"
            " && document.documentElement.scrollWidth <= window.innerWidth"
        ) and all(
            box is not None
            and min(box["x"], box["y"]) >= 0
            and box["x"] + box["width"] <= size[0]
            and box["y"] + box["height"] <= size[1]
            for box in boxes
        )

    wait_until(page, inside, "all of it is in sight")
    for name, selector in shown.items():
        explorer.open_panel(name)
        part = explorer.root.locator(selector)
        expect(part).to_be_visible()
        expect(part).to_be_in_viewport(ratio=1)
    cut = explorer.root.locator(
        ".pv-control > span, .pv-control output, .pv-marks > *, .pv-header .pv-button, h2"
    ).evaluate_all(
        "all => all.filter((e) => e.offsetParent && e.scrollWidth > e.clientWidth + 1"
        " && getComputedStyle(e).display !== 'inline').map((e) => e.textContent)"
    )
    assert cut == []
    # No panel scrolls but the lists.
    for name in shown:
        explorer.open_panel(name)
        assert explorer.root.evaluate(SCROLLING) == []
    headings = explorer.root.locator(".pv-partners th")
    expect(headings).to_have_count(5)
    for part in (headings.last, explorer.root.locator(".pv-partners tbody tr").nth(2)):
        expect(part).to_be_in_viewport(ratio=1)
    # What scrolls shows whole rows, and nothing is hidden beside them.
    assert explorer.root.locator(".pv-partnerbox").evaluate(
        "e => e.scrollWidth <= e.clientWidth"
        " && e.clientHeight % e.querySelector('tr').offsetHeight === 0"
    )
    explorer.open_panel("map")
    notice.evaluate("line => line.remove()")
    page.keyboard.press("Escape")


def test_each_panel_saves_its_picture(explorer: ExplorerPage, page: PageHost) -> None:
    """By mouse: a PNG of twice the panel's pixels and an SVG with its text."""
    host = page.page
    panels = {"structure": "contacts", "head grid": "layer", "attention heatmap": "attention",
              "sequence": "residues"}  # fmt: skip
    for panel, word in panels.items():
        section = explorer.root.get_by_role("region", name=panel, exact=True)
        menu = section.locator(".pv-menu")
        menu.locator("summary").click()
        with host.expect_download() as png:
            menu.get_by_role("button", name="save PNG").click()
        picture = Image.open(png.value.path())
        box = section.bounding_box()
        assert box is not None
        assert picture.size == pytest.approx((2 * box["width"], 2 * box["height"]), abs=2)
        colours = picture.convert("RGB").getcolors(1_000_000) or []
        assert len(colours) > 20, f"the picture of the {panel} shows something"
        with host.expect_download() as svg:
            menu.get_by_role("button", name="save SVG").click()
        assert word in svg.value.path().read_text("utf-8")
        host.keyboard.press("Escape")
        expect(menu.get_by_role("button", name="save SVG")).to_be_hidden()


def test_compact_and_larger_by_hand(explorer: ExplorerPage) -> None:
    for name, compact in (("compact", True), ("larger", False)):
        explorer.root.get_by_role("button", name=name, exact=True).click()
        assert explorer.root.evaluate("e => e.classList.contains('pv-compact')") is compact
    explorer.root.get_by_role("button", name="full screen").click()
    try:
        whole = "document.fullscreenElement?.matches('.protvis')"
        wait_until(explorer.page, lambda: explorer.page.evaluate(whole), "it fills the screen")
        expect(explorer.root).to_have_class(re.compile("pv-compact"))
    finally:
        explorer.page.evaluate("document.exitFullscreen()")
    expect(explorer.root).not_to_have_class(re.compile("pv-compact"))
    # What was chosen and taken back is no choice: a lower window decides by itself.
    explorer.resize(*SIZES["laptop"])
    expect(explorer.root).to_have_class(re.compile("pv-compact"))


def test_the_wheel_scrolls_the_page_until_the_structure_is_clicked(explorer: ExplorerPage) -> None:
    resized(explorer, "desk")
    page = explorer.page
    explorer.set("threshold", explorer.last("threshold"))
    before = explorer.picture()
    page.evaluate("document.activeElement.blur(); window.scrollTo(0, 0)")
    place = explorer.on_stage(explorer.background_place())
    page.mouse.move(*place)
    page.mouse.wheel(0, 120)
    wait_until(page, lambda: scrolled(explorer) > 50, "the page has scrolled")
    # Scrolling goes on for a while, and what scrolls back meanwhile is overruled.
    explorer.settle()
    page.evaluate("window.scrollTo(0, 0)")
    assert moved(before, explorer.picture()) < 0.002, "and the structure is as it was"
    page.keyboard.down("Control")
    page.mouse.wheel(0, -120)
    page.keyboard.up("Control")
    wait_until(page, lambda: moved(before, explorer.picture()) > 0.01, "with Ctrl it zooms")
    page.mouse.click(*place)
    near = explorer.picture()
    page.mouse.wheel(0, 240)
    wait_until(page, lambda: moved(near, explorer.picture()) > 0.01, "once clicked, too")
    assert scrolled(explorer) == 0
    # To see all of it again there is always a button, with a selection and without.
    explorer.residue(20).click()
    button = explorer.root.get_by_role("button", name="reset view")
    expect(button).to_be_visible()
    expect(explorer.root.get_by_role("button", name="zoom to selection")).to_be_enabled()
    far = explorer.picture()
    button.click()
    wait_until(page, lambda: moved(far, explorer.picture()) > 0.01, "the whole chain is in sight")
    page.keyboard.press("Escape")
    expect(button).to_be_visible()


@pytest.mark.parametrize("size", SIZES)
def test_a_printed_page_is_whole(explorer: ExplorerPage, size: str) -> None:
    """As the browser lays it out for landscape paper: nothing beyond the page, nothing scrolled."""
    page = explorer.page
    resized(explorer, size)
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    try:
        width, height = 980, 700
        for selector in (".pv-stage canvas", "canvas.pv-canvas", ".pv-grid", ".pv-controls"):
            part, panel = (
                explorer.root.locator(one).first.bounding_box()
                for one in (selector, f".pv-panel:has({selector}), {selector}.pv-panel")
            )
            assert part is not None
            assert panel is not None
            assert part["x"] + part["width"] <= min(width, panel["x"] + panel["width"]) + 2
            assert part["y"] + part["height"] <= min(height, panel["y"] + panel["height"]) + 2
        # The sequence begins where the other panels end.
        strip = explorer.root.locator(".pv-sequence").bounding_box()
        assert strip is not None
        for selector in (".pv-structure", ".pv-heatmap", ".pv-controls"):
            above = explorer.root.locator(selector).bounding_box()
            assert above is not None
            assert above["y"] + above["height"] <= strip["y"] + 1
        lines = explorer.root.locator(".pv-lines")
        assert lines.evaluate("e => e.scrollHeight <= e.clientHeight + 1")
        last = explorer.residues.last.bounding_box()
        assert last is not None
        assert last["x"] + last["width"] <= width
    finally:
        page.evaluate("window.dispatchEvent(new Event('afterprint'))")
        page.emulate_media(media="screen")
    assert not explorer.root.get_attribute("style")


def test_whole_lines_and_how_many_there_are(browser: Browser, twin: Any, tmp_path: Path) -> None:
    path = twin.to_html(tmp_path / "lines.html")
    with opened(browser, path) as host:
        explorer, page = host.explorer, host.page
        explorer.resize(620, 1900)
        box = explorer.root.locator(".pv-lines")
        cue = explorer.root.locator(".pv-linecue")
        expect(cue).to_contain_text("lines 1 to ")
        expect(cue).to_contain_text("▼")
        step = explorer.root.locator(".pv-line").evaluate_all(
            "all => all[1].offsetTop - all[0].offsetTop"
        )
        height = box.evaluate("e => e.clientHeight")
        assert height % step == 0, "no line is cut"
        last = len(explorer.labels()) - 1
        page.mouse.click(*explorer.map_point(last, last))
        explorer.expect_selected([explorer.labels()[last]])
        assert box.evaluate("e => e.scrollTop") > 0, "the residue is brought into view"
        expect(cue).to_contain_text("▲")
        # A phone scrolls the page and nothing within it.
        explorer.resize(390, 800)
        wait_until(
            page, lambda: box.evaluate("e => e.scrollHeight <= e.clientHeight + 1"), "all lines"
        )
        expect(cue).to_be_hidden()
        wide = "document.documentElement.scrollWidth <= window.innerWidth"
        wait_until(page, lambda: page.evaluate(wide), "the page is no wider than its window")
        # The menu stands at the end of the first line, not on one of its own.
        heading, menu = (
            explorer.root.locator(f".pv-sequence > .pv-bar > {part}").bounding_box()
            for part in ("h3", ".pv-menu")
        )
        assert heading is not None
        assert menu is not None
        assert menu["y"] < heading["y"] + heading["height"]


def test_a_switch_keeps_the_focus(explorer: ExplorerPage) -> None:
    chip = explorer.root.locator(".pv-chip").last
    chip.focus()
    first = chip.get_attribute("aria-pressed")
    explorer.page.keyboard.press("Space")
    expect(chip).not_to_have_attribute("aria-pressed", first or "")
    expect(chip).to_be_focused()
    explorer.page.keyboard.press("Space")
    expect(chip).to_have_attribute("aria-pressed", first or "")
    expect(chip).to_be_focused()


def test_the_camera_by_keyboard(explorer: ExplorerPage) -> None:
    explorer.set("threshold", explorer.last("threshold"))
    explorer.stage.focus()
    press = explorer.page.keyboard.press
    first = explorer.picture()
    for keys in (("ArrowRight", "ArrowLeft"), ("ArrowUp", "ArrowDown")):
        press(keys[0])
        assert moved(first, explorer.picture()) > 0.01
        press(keys[1])
        assert moved(first, explorer.picture()) < 0.002
    press("+")
    near = drawn(explorer.picture()).mean()
    for _ in range(2):
        press("-")
    far = drawn(explorer.picture()).mean()
    assert far < drawn(first).mean() < near
    press("f")


def test_the_keys_are_listed_and_closed_first(explorer: ExplorerPage) -> None:
    explorer.residue(10).click()
    explorer.root.get_by_text("keys", exact=True).click()
    listed = explorer.root.locator(".pv-help dt").all_text_contents()
    assert {"Enter", "Space", "+ / −", "0", "[ / ]", "Esc"} <= set(listed)
    explorer.page.keyboard.press("Escape")
    expect(explorer.root.locator(".pv-help dl")).to_be_hidden()
    explorer.expect_selected([explorer.labels()[10]])
    explorer.page.keyboard.press("Escape")
    explorer.expect_selected([])


def test_links_by_keyboard(explorer: ExplorerPage) -> None:
    explorer.slider("layer").focus()
    explorer.page.keyboard.press("]")
    expect(explorer.live).to_contain_text("link 1 of 100: ")
    first = explorer.readout.inner_text()
    assert " → " in first
    explorer.page.keyboard.press("]")
    expect(explorer.live).to_contain_text("link 2 of 100: ")
    assert explorer.readout.inner_text() != first
    explorer.page.keyboard.press("[")
    expect(explorer.readout).to_have_text(first)
    explorer.page.keyboard.press("Escape")


def test_what_the_keyboard_lit_up_goes_out(explorer: ExplorerPage) -> None:
    explorer.residue(20).click()
    explorer.leave()
    explorer.page.keyboard.press("ArrowRight")
    lit = explorer.root.locator(".pv-res.pv-hovered")
    expect(lit).to_have_count(1)
    explorer.page.keyboard.press("Tab")
    expect(lit).to_have_count(0)
    explorer.heatmap.focus()
    explorer.page.keyboard.press("ArrowRight")
    expect(lit).to_have_count(2)
    explorer.page.keyboard.press("Escape")
    expect(lit).to_have_count(0)


def test_what_an_address_asks_in_vain_is_seen(browser: Browser, twin: Any, tmp_path: Path) -> None:
    path = twin.to_html(tmp_path / "page.html")
    with opened(browser, path, fragment="layer=99") as host:
        line = host.page.locator(".pv-refused")
        expect(line).to_be_visible()
        expect(line).to_contain_text("there is no layer 99")
        line.get_by_role("button", name="dismiss").click()
        expect(line).to_be_hidden()


def test_a_finger_is_not_caught_by_the_map(browser: Browser, twin: Any, tmp_path: Path) -> None:
    path = twin.to_html(tmp_path / "touch.html")
    with opened(browser, path, has_touch=True, is_mobile=True) as host:
        explorer, page = host.explorer, host.page
        explorer.resize(390, 800)
        expect(explorer.readout).to_have_text(
            "tap a pair · drag sideways for a block · pinch to zoom"
        )
        expect(explorer.heatmap).to_have_css("touch-action", "pan-y")
        explorer.heatmap.scroll_into_view_if_needed()
        box = explorer.heatmap.bounding_box()
        assert box is not None
        before = scrolled(explorer)
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        finger = page.context.new_cdp_session(page)

        def touch(kind: str, *points: dict[str, float]) -> None:
            finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": list(points)})

        touch("touchStart", {"x": x, "y": y})
        for step in range(1, 11):
            touch("touchMove", {"x": x, "y": y - 20 * step})
        touch("touchEnd")
        wait_until(page, lambda: scrolled(explorer) > before + 50, "the page has scrolled")
        assert explorer.selected() == []
        explorer.heatmap.focus()
        page.keyboard.press("+")
        expect(explorer.heatmap).to_have_css("touch-action", "none")
