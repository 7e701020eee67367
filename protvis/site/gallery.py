"""The gallery: explorers of the bundled structures, a story, a comparison; each with a picture."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from protvis.data import EXAMPLES, TRYPSIN
from protvis.export import write_page
from protvis.export.story import write_story
from protvis.perturbation import compare
from protvis.plot.overview import describe_view, picture_bytes, plot_view
from protvis.scene import Scene, ViewState, open_scene
from protvis.scene.comparison_scene import comparison_scene
from protvis.structure import load_structure

__all__ = ["GalleryPage", "write_gallery"]

MODEL = "mini"

STORY: tuple[dict[str, Any], ...] = (
    {
        "caption": "Trypsin, and where one head of the first layer looks: from one end of the "
        "chain to the other. None of these arcs joins residues that touch.",
        "layer": 1,
        "head": 1,
        "top_k": 60,
    },
    {
        "caption": "The mean of the last layer: blue arcs join residues that touch. This model was "
        "taught which residues vary together; it never saw a structure.",
        "layer": 5,
        "head": "mean",
        "top_k": 100,
    },
    {
        "caption": "The three residues that cut proteins lie far apart in the sequence. The model "
        "links them all: they are kept, or lost, together.",
        "layer": 5,
        "head": "mean",
        "top_k": 150,
        "selected_residues": ["A:HIS57", "A:ASP102", "A:SER195"],
    },
    {
        "caption": "Is it the sequence? The same residues in random order: the arcs are gone from "
        "the contacts. So this map needs this sequence.",
        "layer": 5,
        "head": "mean",
        "top_k": 100,
        "map": "shuffled",
    },
)
"""Four views of trypsin, for a talk of two minutes."""


@dataclass(frozen=True)
class GalleryPage:
    """One page of the gallery.

    Attributes
    ----------
    path : Path
    title, about : str
        What it shows.
    picture : str
        A ``data:`` address.
    words : str
        The picture in words.
    """

    path: Path
    title: str
    about: str
    picture: str
    words: str

    @property
    def address(self) -> str:
        """The page, as the site's first page links to it."""
        return f"{self.path.parent.name}/{self.path.name}"

    @property
    def megabytes(self) -> str:
        """How large the page is."""
        return f"{self.path.stat().st_size / 1e6:.1f}"


def write_gallery(folder: Path) -> list[GalleryPage]:
    """Write the gallery's pages into a folder and return what they are."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for source in EXAMPLES:
        scene, view = open_scene(source, MODEL)
        name = source.name.partition(".")[0]
        path = write_page(scene, view, folder / f"{name}.html")
        made.append(
            _page(path, scene, view, scene.title, _card_title(source.with_name(f"{name}.md")))
        )
    return [*made, *(write(folder) for write in MORE)]


def _write_story(folder: Path) -> GalleryPage:
    scene, view = open_scene(TRYPSIN, MODEL, layer=5, head="mean", top_k=100)
    path = write_story(scene, view, STORY, folder / "story.html")
    about = f"{len(STORY)} views with captions, to step through in a talk"
    return _page(path, scene, view, "A story: does attention find contacts?", about)


def _write_comparison(folder: Path) -> GalleryPage:
    structure = load_structure(TRYPSIN)
    comparison = compare(structure.chain("A"), "S195A", model=MODEL)
    scene, view = comparison_scene(structure, comparison, n_heads=2, top_k=40)
    return _page(
        write_page(scene, view, folder / "s195a.html"),
        scene,
        view,
        "A comparison: trypsin S195A",
        "what a mutation changes in the attention: gains, losses, and what is within noise",
    )


MORE: tuple[Callable[[Path], GalleryPage], ...] = (_write_story, _write_comparison)
"""What the gallery shows beside the explorers."""


def _page(path: Path, scene: Scene, view: ViewState, title: str, about: str) -> GalleryPage:
    picture = base64.b64encode(picture_bytes(plot_view(scene, view), dpi=80)).decode("ascii")
    address = f"data:image/png;base64,{picture}"
    return GalleryPage(path, title, about, address, describe_view(scene, view))


def _card_title(card: Path) -> str:
    """Return the heading of a bundled structure's card, as plain text."""
    return card.read_text("utf-8").partition("\n")[0].removeprefix("# ").replace("*", "")
