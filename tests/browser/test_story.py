"""Views in the address of a page, and stories, which are pages that go through views."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from playwright.sync_api import Browser, Page, expect

from protvis.errors import LabelError, OptionError
from protvis.export.story import view_fragment
from protvis.scene import ViewState
from tests.browser.app_host import served
from tests.browser.conftest import new_context
from tests.browser.explorer_page import ExplorerPage
from tests.browser.jupyter_host import Problems
from tests.browser.page_host import PageHost, opened
from tests.browser.pages import wait_until

STEPS = [
    {"caption": "The first layer.", "layer": 1, "head": 2, "top_k": 40},
    {
        "caption": "The triad <b>of trypsin</b>.",
        "layer": 2,
        "head": "mean",
        "selected_residues": ["A:HIS57", "A:SER195"],
    },
    {"caption": "Corrected.", "layer": 2, "head": 1, "map": "apc"},
]


def test_a_story_goes_through_its_views(browser: Browser, twin: Any, tmp_path: Path) -> None:
    path = twin.story(STEPS, tmp_path / "story.html")
    with opened(browser, path) as host:
        page, explorer = host.page, host.explorer
        caption = page.locator(".pv-caption")
        expect(caption).to_have_text("The first layer.")
        assert explorer.chosen_head() == "1-2"
        explorer.expect_arcs(host_links(twin, layer=1, head=2, top_k=40))
        page.get_by_role("button", name="next").click()
        # A caption is text, whatever is in it.
        expect(caption).to_have_text("The triad <b>of trypsin</b>.")
        explorer.expect_selected(["A:HIS57", "A:SER195"])
        page.keyboard.press("PageDown")
        expect(caption).to_have_text("Corrected.")
        explorer.expect_selected([])
        expect(explorer.root.locator('select[name="map"]')).to_have_value("apc")
        expect(page.get_by_role("button", name="next")).to_be_disabled()
        page.keyboard.press("PageUp")
        explorer.expect_selected(["A:HIS57", "A:SER195"])
        assert fragment_of(page) == "step=2"


# Turned by 90 degrees about the upright axis, from 90 Å.
TURNED = [0, 0, -90, 0, 0, 90, 0, 0, 90, 0, 0, 0, -20, -10, -5, 1]


def fragment_of(page: Page) -> str:
    """Return the fragment of a page's address, as the page has it; Playwright hears of it later."""
    return str(page.evaluate("location.hash")).removeprefix("#")


def view_of(host: PageHost) -> dict[str, list[str]]:
    """Return what the page shows, as it says it in a link."""
    host.page.get_by_role("button", name="copy link").click()
    return parse_qs(fragment_of(host.page), keep_blank_values=True)


def camera_of(host: PageHost) -> list[float]:
    """Return how the scene is turned."""
    return [float(value) for value in view_of(host)["camera"][0].split(",")]


def turn(host: PageHost) -> None:
    """Turn the scene with the mouse."""
    page = host.page
    box = host.explorer.root.locator(".pv-stage").bounding_box()
    page.mouse.move(box["x"] + 200, box["y"] + 200)
    page.mouse.down()
    page.mouse.move(box["x"] + 330, box["y"] + 260, steps=8)
    page.mouse.up()
    host.explorer.root.locator(".pv-where").click()


def test_a_step_is_seen_the_same_way_from_everywhere(
    browser: Browser, twin: Any, tmp_path: Path
) -> None:
    steps = [
        {"caption": "Straight on.", "layer": 1, "head": 2},
        {"caption": "Turned.", "camera": TURNED},
        {"caption": "Straight on again, with other arcs.", "top_k": 200},
    ]
    path = twin.story(steps, tmp_path / "story.html")
    close = functools.partial(pytest.approx, rel=1e-3, abs=0.05)
    direct = []
    for number in (1, 2, 3):
        with opened(browser, path, fragment=f"step={number}") as host:
            direct.append(camera_of(host))
    assert direct[1] == close(TURNED)
    assert direct[0] != close(TURNED)
    with opened(browser, path) as host:
        press = host.page.keyboard.press
        assert camera_of(host) == close(direct[0])
        press("PageDown")
        assert camera_of(host) == close(TURNED)
        turn(host)
        assert camera_of(host) != close(TURNED)
        press("PageDown")
        assert camera_of(host) == close(direct[2])
        press("PageUp")
        assert camera_of(host) == close(TURNED)
        press("PageUp")
        assert camera_of(host) == close(direct[0])


def test_pages_are_turned_as_the_explorer_is_in_the_notebook(
    browser: Browser, twin: Any, tmp_path: Path
) -> None:
    close = functools.partial(pytest.approx, rel=1e-3, abs=0.05)
    twin.view._camera_orientation = [float(value) for value in TURNED]
    try:
        page = twin.to_html(tmp_path / "page.html")
        story = twin.story([STEPS[0], {"caption": "x", "camera": None}], tmp_path / "story.html")
    finally:
        twin.view._camera_orientation = []
    with opened(browser, page) as host:
        assert camera_of(host) == close(TURNED)
    with opened(browser, page, fragment="layer=2") as host:
        assert camera_of(host) == close(TURNED)
    with opened(browser, story) as host:
        assert camera_of(host) == close(TURNED)
        host.page.keyboard.press("PageDown")
        assert camera_of(host) != close(TURNED)


def test_a_step_can_clear_a_link(browser: Browser, twin: Any, tmp_path: Path) -> None:
    link = ("A:HIS57", "A:SER195")
    steps = [
        {"caption": "A link.", "selected_link": link},
        {"caption": "Only its residues.", "selected_residues": link, "selected_link": None},
    ]
    with opened(browser, twin.story(steps, tmp_path / "story.html")) as host:
        assert view_of(host)["link"] == [",".join(link)]
        host.page.keyboard.press("PageDown")
        host.explorer.expect_selected(list(link))
        assert view_of(host)["link"] == [""]
        host.page.keyboard.press("PageUp")
        assert view_of(host)["link"] == [",".join(link)]


def test_a_link_copied_from_a_story_keeps_its_step(
    browser: Browser, twin: Any, tmp_path: Path
) -> None:
    path = twin.story(STEPS, tmp_path / "story.html")
    with opened(browser, path, fragment="step=2") as host:
        host.explorer.residue(30).click()
        chosen = host.explorer.labels()[30]
        camera_of(host)
        fragment = fragment_of(host.page)
    with opened(browser, path, fragment=fragment) as host:
        expect(host.page.locator(".pv-count")).to_have_text("2 of 3")
        expect(host.page.locator(".pv-caption")).to_have_text(STEPS[1]["caption"])
        host.explorer.expect_selected([chosen])
        # The step as it was told is one change of the address away.
        host.page.evaluate("location.hash = 'step=2'")
        host.explorer.expect_selected(["A:HIS57", "A:SER195"])


@pytest.mark.parametrize("step", ["9", "0", "x", ""])
def test_a_step_that_is_not_there_is_said(
    browser: Browser, twin: Any, tmp_path: Path, step: str
) -> None:
    path = twin.story(STEPS, tmp_path / "story.html")
    with opened(browser, path, fragment=f"step={step}") as host:
        expect(host.page.locator(".pv-live")).to_contain_text(f"there is no step {step}")
        expect(host.page.locator(".pv-count")).to_have_text("1 of 3")
        assert fragment_of(host.page) == "step=1"


def test_the_caption_stays_in_view(browser: Browser, twin: Any, tmp_path: Path) -> None:
    path = twin.story(STEPS, tmp_path / "story.html")
    with opened(browser, path) as host:
        host.explorer.resize(1400, 1000)
        host.page.mouse.wheel(0, 5000)
        wait_until(host.page, lambda: host.page.evaluate("scrollY") > 50, "the page has scrolled")
        expect(host.page.locator(".pv-caption")).to_be_in_viewport(ratio=1)


def host_links(twin: Any, **wanted: Any) -> int:
    """Return how many links Python would draw with these traits."""
    before = {name: getattr(twin, name) for name in wanted}
    with twin.hold_trait_notifications():
        for name, value in wanted.items():
            setattr(twin, name, value)
    count = len(twin.links())
    with twin.hold_trait_notifications():
        for name, value in before.items():
            setattr(twin, name, value)
    return count


def test_a_page_opens_on_the_step_of_its_address(
    browser: Browser, twin: Any, tmp_path: Path
) -> None:
    path = twin.story(STEPS, tmp_path / "story.html")
    with opened(browser, path, fragment="step=2") as host:
        expect(host.page.locator(".pv-count")).to_have_text("2 of 3")
        host.explorer.expect_selected(["A:HIS57", "A:SER195"])


def test_a_page_opens_on_the_view_of_its_address(
    browser: Browser, twin: Any, tmp_path: Path
) -> None:
    path = twin.to_html(tmp_path / "page.html")
    view = ViewState(layer=2, head=3, top_k=25, color_by="weight", combine="directed")
    fragment = view_fragment(view, residues=["A:ASP102"])
    with opened(browser, path, fragment=fragment) as host:
        page, explorer = host.page, host.explorer
        assert (explorer.value("layer"), explorer.value("head")) == (2, 3)
        assert explorer.value("top_k") == 25
        explorer.expect_selected(["A:ASP102"])
        expect(explorer.root.locator('select[name="color_by"]')).to_have_value("weight")
        # The address is followed while the page is open, too, as a frame around it may want.
        page.evaluate("location.hash = 'layer=1&head=4&residues='")
        explorer.expect_selected([])
        assert explorer.chosen_head() == "1-4"
        assert page.locator(".pv-story").count() == 0


def test_a_copied_link_leads_back_to_the_view_and_its_camera(
    browser: Browser, twin: Any, tmp_path: Path
) -> None:
    path = twin.to_html(tmp_path / "page.html")
    with opened(browser, path) as host:
        page, explorer = host.page, host.explorer
        turn(host)
        page.get_by_role("button", name="copy link").click()
        fragment = fragment_of(page)
        said = parse_qs(fragment)
        assert int(said["layer"][0]) == explorer.value("layer")
        turned = [float(value) for value in said["camera"][0].split(",")]
        assert abs(turned[1]) + abs(turned[2]) > 1, "the camera was turned"
    with opened(browser, path, fragment=fragment) as host:
        host.page.get_by_role("button", name="copy link").click()
        again = parse_qs(fragment_of(host.page))
        assert [float(v) for v in again["camera"][0].split(",")] == pytest.approx(turned, abs=0.02)


def test_a_copied_link_is_on_the_clipboard(browser: Browser, twin: Any, tmp_path: Path) -> None:
    twin.to_html(tmp_path / "page.html")
    context = new_context(browser, permissions=["clipboard-read", "clipboard-write"])
    with served(tmp_path) as address:
        try:
            page = context.new_page()
            page.goto(f"{address}/page.html#layer=2&head=3")
            ExplorerPage(page, page.locator(".protvis")).wait_ready()
            page.get_by_role("button", name="copy link").click()
            expect(page.locator(".pv-live")).to_contain_text("is on the clipboard")
            link = page.evaluate("navigator.clipboard.readText()")
            assert link == page.evaluate("location.href")
            assert link.startswith(f"{address}/page.html#layer=2&head=3&top_k=")
            expect(page.locator(".pv-link")).to_be_hidden()
        finally:
            context.close()


@pytest.mark.parametrize("leave", [False, True])
def test_a_page_in_a_frame_opens_on_a_view_and_gives_its_link(
    browser: Browser, twin: Any, tmp_path: Path, leave: bool
) -> None:
    """Without leave for the clipboard the link stands beside the button."""
    page_folder, frame_folder = tmp_path / "page", tmp_path / "frame"
    page_folder.mkdir()
    frame_folder.mkdir()
    twin.to_html(page_folder / "page.html")
    context = new_context(browser, permissions=["clipboard-read", "clipboard-write"])
    with served(page_folder) as within, served(frame_folder) as around:
        allow = 'allow="clipboard-write"' if leave else ""
        source = f"{within}/page.html#layer=2&head=3&top_k=7&residues="
        (frame_folder / "index.html").write_text(
            '<!doctype html><link rel="icon" href="data:,">'
            f'<iframe {allow} width="1200" height="1150" src="{source}"></iframe>'
        )
        try:
            page = context.new_page()
            problems = Problems(page, () if leave else ("Clipboard API has been blocked",))
            page.goto(f"{around}/index.html")
            frame = page.frame_locator("iframe")
            explorer = ExplorerPage(page, frame.locator(".protvis")).wait_ready()
            assert explorer.chosen_head() == "2-3"
            explorer.expect_arcs(7)
            frame.get_by_role("button", name="copy link").click()
            if leave:
                expect(frame.locator(".pv-live")).to_contain_text("is on the clipboard")
                link = page.evaluate("navigator.clipboard.readText()")
                expect(frame.locator(".pv-link")).to_be_hidden()
            else:
                field = frame.locator(".pv-link")
                expect(field).to_be_visible()
                link = field.input_value()
                chosen = field.evaluate("f => f.value.slice(f.selectionStart, f.selectionEnd)")
                assert chosen == link
            assert link.startswith(f"{within}/page.html#layer=2&head=3&top_k=7&")
            assert problems.take() == []
        finally:
            context.close()


def test_what_an_address_asks_in_vain_is_said(browser: Browser, twin: Any, tmp_path: Path) -> None:
    path = twin.to_html(tmp_path / "page.html")
    with opened(browser, path, fragment="layer=99&residues=A:XXX1") as host:
        expect(host.page.locator(".pv-live")).to_contain_text("there is no layer 99")
        assert host.explorer.value("layer") == twin.layer


@pytest.mark.parametrize(
    ("steps", "error", "message"),
    [
        ([], OptionError, "at least one step"),
        ([{"layer": 1}], OptionError, "step 1 needs a caption"),
        ([STEPS[0], {"caption": "x", "layer": 9}], LabelError, "step 2: layer 9 does not exist"),
        ([{"caption": "x", "selected_residues": ["A:XXX1"]}], LabelError, "step 1: "),
        ([{"caption": "x", "map": "apx"}], LabelError, "did you mean 'apc'"),
        ([{"caption": "x", "laver": 1}], TypeError, "did you mean 'layer'"),
        ([{"caption": "x", "camera": [1, 2]}], OptionError, "step 1: a camera .* 16 finite"),
        ([{"caption": "x", "camera": [float("nan")] * 16}], OptionError, "16 finite numbers"),
        (["x"], OptionError, "expected a dict"),
    ],
)
def test_a_step_that_cannot_be_shown_is_refused(
    twin: Any, tmp_path: Path, steps: list, error: type, message: str
) -> None:
    with pytest.raises(error, match=message):
        twin.story(steps, tmp_path / "story.html")
    assert not list(tmp_path.iterdir())


def test_pages_are_hosts_of_one_story_only(offline: PageHost) -> None:
    assert offline.page.locator(".pv-story").count() == 0
    expect(offline.page.get_by_role("button", name="copy link")).to_be_visible()
