"""Views in the address of a page, and stories, which are pages that go through views."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, expect

from protvis.errors import LabelError, OptionError
from protvis.export.story import view_fragment
from protvis.scene import ViewState
from tests.browser.page_host import PageHost, opened

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
        assert urlsplit(page.url).fragment == "step=2"


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
        box = explorer.root.locator(".pv-stage").bounding_box()
        page.mouse.move(box["x"] + 200, box["y"] + 200)
        page.mouse.down()
        page.mouse.move(box["x"] + 330, box["y"] + 260, steps=8)
        page.mouse.up()
        explorer.root.locator(".pv-where").click()
        page.get_by_role("button", name="copy link").click()
        fragment = urlsplit(page.url).fragment
        said = parse_qs(fragment)
        assert int(said["layer"][0]) == explorer.value("layer")
        turned = [float(value) for value in said["camera"][0].split(",")]
        assert abs(turned[1]) + abs(turned[2]) > 1, "the camera was turned"
    with opened(browser, path, fragment=fragment) as host:
        host.page.get_by_role("button", name="copy link").click()
        again = parse_qs(urlsplit(host.page.url).fragment)
        assert [float(v) for v in again["camera"][0].split(",")] == pytest.approx(turned, abs=0.02)


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
        ([{"caption": "x", "camera": [1, 2]}], OptionError, "16 finite numbers"),
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
