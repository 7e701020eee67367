"""What a saved notebook holds of an explorer."""

from __future__ import annotations

import base64
import html
import io
import re
import sys
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import protvis
from protvis.errors import OptionError
from protvis.scene import ViewState
from protvis.widgets import AttentionExplorer, saved_output, stage_host

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


RED = (200, 30, 60)


@pytest.fixture
def drawn() -> bytes:
    """An image such as a browser sends of its 3D panel."""
    image = io.BytesIO()
    Image.new("RGB", (320, 240), RED).save(image, "webp", lossless=True)
    return image.getvalue()


class Notebook:
    """A kernel's outputs by their names, in order; those without a name stay as they are."""

    kernel = True

    def __init__(self) -> None:
        self.outputs: list[tuple[str | None, dict[str, Any], dict[str, Any]]] = []

    def display(
        self, data: Any, *, raw: bool, metadata: Any = None, display_id: str | None = None
    ) -> None:
        assert raw
        self.outputs.append((display_id, data, metadata or {}))

    def update(self, data: Any, *, raw: bool, metadata: Any, display_id: str) -> None:
        assert raw
        assert display_id
        self.outputs = [
            (name, data, metadata) if name == display_id else (name, *rest)
            for name, *rest in self.outputs
        ]

    def pictures(self) -> list[np.ndarray]:
        """Return all pictures as arrays."""
        pngs = [data["image/png"] for _, data, _ in self.outputs if "image/png" in data]
        opened = [Image.open(io.BytesIO(base64.b64decode(png))) for png in pngs]
        return [np.asarray(image.convert("RGB")).astype(int) for image in opened]


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> Notebook:
    """Be a notebook in JupyterLab."""
    made = Notebook()
    monkeypatch.delenv("VSCODE_PID", raising=False)
    monkeypatch.setattr("IPython.get_ipython", lambda: made)
    monkeypatch.setattr("IPython.display.display", made.display)
    monkeypatch.setattr("IPython.display.update_display", made.update)
    monkeypatch.setattr(saved_output, "_apart", True)
    return made


def test_a_picture_comes_with_what_was_chosen_meanwhile(
    explorer: AttentionExplorer, drawn: bytes
) -> None:
    """Pages send bytes as a memory view, and several changes in one message."""
    before = explorer.top_k
    explorer.set_state({"_picture": memoryview(drawn), "top_k": before + 1})
    assert (explorer._picture, explorer.top_k) == (drawn, before + 1)
    explorer._picture, explorer.top_k = None, before


def test_the_picture_takes_the_structure_as_drawn(
    explorer: AttentionExplorer, notebook: Notebook, drawn: bytes
) -> None:
    explorer._ipython_display_()
    first, second, third = notebook.outputs
    assert first[1] == {
        WIDGET_VIEW: {"model_id": explorer.model_id, "version_major": 2, "version_minor": 0},
        "text/plain": "",
    }
    # What hides the picture comes before it.
    assert set(second[1]) == {"text/html"}
    assert set(third[1]) == {"image/png"}
    (flat,) = notebook.pictures()
    explorer._picture = drawn
    assert [name for name, *_ in notebook.outputs] == [None, None, third[0]]
    (whole,) = notebook.pictures()
    assert whole.shape[1] == flat.shape[1]
    red = (np.abs(whole - RED).max(axis=2) < 10).mean()
    assert red > 0.05
    assert not (np.abs(flat - RED).max(axis=2) < 10).any()
    # Shown again, it has the structure at once; and it is of what is looked at by now.
    explorer.map = "rollout"
    explorer._ipython_display_()
    assert [picture.shape for picture in notebook.pictures()] == [whole.shape] * 2
    assert "rollout" in notebook.outputs[5][2]["image/png"]["alt"]
    explorer._picture = None


def test_a_host_that_shows_both_gets_one(explorer: AttentionExplorer, notebook: Notebook) -> None:
    explorer._ipython_display_()
    # As the browser says where it finds no output of JupyterLab around the explorer.
    explorer._picture = None
    assert notebook.pictures() == []
    with pytest.raises(NotImplementedError):
        explorer._ipython_display_()
    assert "image/png" in explorer._repr_mimebundle_()[0]


@pytest.mark.parametrize(
    "change",
    [
        lambda patch: patch.setenv("VSCODE_PID", "7"),
        lambda patch: patch.setenv("JPY_SESSION_NAME", "/n/a-jvsc-1234.ipynb"),
        lambda patch: patch.setitem(sys.modules, "google.colab", sys),
        lambda patch: patch.setattr("IPython.get_ipython", lambda: None),
    ],
    ids=["VS Code", "VS Code on a server", "Colab", "no notebook"],
)
def test_elsewhere_one_output_holds_both(
    explorer: AttentionExplorer,
    notebook: Notebook,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[pytest.MonkeyPatch], None],
) -> None:
    change(monkeypatch)
    with pytest.raises(NotImplementedError):
        explorer._ipython_display_()
    assert notebook.outputs == []


@pytest.mark.parametrize("choice", ["page", "nothing"])
def test_other_choices_have_one_output(
    explorer: AttentionExplorer, notebook: Notebook, choice: str
) -> None:
    explorer.saved_view = choice
    with pytest.raises(NotImplementedError):
        explorer._ipython_display_()
    assert notebook.outputs == []


def test_the_widget_that_nglview_shows_first_is_not_missed(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage_host.nglview_panel().close()
    assert notebook.outputs == []
    monkeypatch.delitem(sys.modules, "nglview")
    stage_host.nglview_panel().close()
    ((_, data, _),) = notebook.outputs
    assert set(data) == {"text/html"}
    # Where pages are saved there is no picture to be seen in its place.
    monkeypatch.setenv("PROTVIS_SAVED_VIEW", "page")
    stage_host.nglview_panel().close()
    assert len(notebook.outputs) == 1


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
