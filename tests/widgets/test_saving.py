"""What a saved notebook holds of an explorer."""

from __future__ import annotations

import base64
import html
import io
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

import protvis
from protvis.errors import OptionError
from protvis.scene import ViewState
from protvis.widgets import AttentionExplorer

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"

pytestmark = pytest.mark.usefixtures("bundle")


@pytest.fixture(scope="module")
def shown(demo_structure: Path) -> Iterator[AttentionExplorer]:
    explorer = protvis.explore(demo_structure, model="mini-positions")
    yield explorer
    explorer.close()


@pytest.fixture
def explorer(shown: AttentionExplorer) -> Iterator[AttentionExplorer]:
    yield shown
    shown.saved_view, shown.map = "picture", "attention"


def picture(explorer: AttentionExplorer) -> bytes:
    """Return the picture a cell's output holds."""
    data, _ = explorer._repr_mimebundle_()
    return base64.b64decode(data["image/png"])


def test_a_picture_by_default_small_and_in_words(explorer: AttentionExplorer) -> None:
    data, metadata = explorer._repr_mimebundle_()
    assert set(data) == {"text/plain", WIDGET_VIEW, "image/png"}
    assert len(data["image/png"]) < 150_000
    with Image.open(io.BytesIO(picture(explorer))) as image:
        assert image.size == (1008, 600)
    words = metadata["image/png"]["alt"]
    head = f"head {explorer.layer}-{explorer.head}"
    assert words.startswith("1GBT chain A · mini-positions: attention")
    assert head in words
    links = explorer.links()
    assert f"{len(links)} strongest links, {links['contact'].sum()} of them contacts" in words


@pytest.mark.parametrize("kind", ["apc", "rollout", "best_heads"])
def test_the_picture_is_of_what_is_shown(explorer: AttentionExplorer, kind: str) -> None:
    before = picture(explorer)
    explorer.map = kind
    assert picture(explorer) != before
    _, metadata = explorer._repr_mimebundle_()
    title = explorer.maps().set_index("name")["title"][kind]
    assert f"mini-positions: {title} · " in metadata["image/png"]["alt"]


def test_the_picture_shows_what_is_selected(explorer: AttentionExplorer) -> None:
    before = picture(explorer)
    explorer.selected_residues = ["A:HIS57"]
    try:
        _, metadata = explorer._repr_mimebundle_()
        assert "selected: A:HIS57; only their links" in metadata["image/png"]["alt"]
        assert picture(explorer) != before
    finally:
        explorer.selected_residues = []


def test_no_links_are_no_trouble(explorer: AttentionExplorer) -> None:
    before = explorer.threshold
    explorer.threshold = 1.0
    _, metadata = explorer._repr_mimebundle_()
    explorer.threshold = before
    assert " 0 strongest links, 0 of them contacts" in metadata["image/png"]["alt"]


def test_a_page_or_nothing_where_asked(explorer: AttentionExplorer) -> None:
    explorer.saved_view = "page"
    data, _ = explorer._repr_mimebundle_()
    assert set(data) == {"text/plain", WIDGET_VIEW, "text/html"}
    explorer.saved_view = "nothing"
    assert set(explorer._repr_mimebundle_()[0]) == {"text/plain", WIDGET_VIEW}


def test_an_unknown_choice_is_refused(explorer: AttentionExplorer) -> None:
    with pytest.raises(OptionError, match="did you mean 'picture'"):
        explorer.saved_view = "pictures"
    assert explorer.saved_view == "picture"


def test_the_environment_sets_the_default(
    monkeypatch: pytest.MonkeyPatch, shown: AttentionExplorer
) -> None:
    monkeypatch.setenv("PROTVIS_SAVED_VIEW", "nothing")
    explorer = AttentionExplorer(shown.scene, ViewState.open(shown.scene))
    assert explorer.saved_view == "nothing"
    explorer.close()


def test_an_embedded_page_is_the_page_that_is_written(
    explorer: AttentionExplorer, tmp_path: Path
) -> None:
    written = explorer.to_html(tmp_path / "page.html").read_text("utf-8")
    embedded = explorer.embed(height=700)
    text = embedded._repr_html_()
    found: list[tuple[str, dict[str, str | None]]] = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attrs: found.append((tag, dict(attrs)))
    parser.feed(text)
    ((tag, attributes),) = found
    assert tag == "iframe"
    assert attributes["srcdoc"] == written
    assert attributes["height"] == "700"
    assert attributes["sandbox"] == "allow-scripts allow-downloads"
    assert attributes["title"] == explorer.scene.title
    assert html.unescape(re.findall(r'srcdoc="([^"]*)"', text)[0]) == written
    assert repr(embedded).startswith("EmbeddedPage(1GBT chain A · mini-positions, ")
    assert len(text) < 1.1 * len(written)


@pytest.mark.parametrize("height", [0, -3, 10**6])
def test_a_height_nobody_can_see_is_refused(explorer: AttentionExplorer, height: int) -> None:
    with pytest.raises(OptionError, match="height"):
        explorer.embed(height=height)
