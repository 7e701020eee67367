"""The gallery: the explorers of the bundled structures, each one page, with its picture."""

from __future__ import annotations

import base64
import html
from dataclasses import dataclass
from pathlib import Path

from protvis.data import EXAMPLES
from protvis.export import write_page
from protvis.plot.view import describe_view, picture_bytes, plot_view
from protvis.scene import open_scene

__all__ = ["GalleryPage", "card_html", "write_gallery"]

MODEL = "mini"


@dataclass(frozen=True)
class GalleryPage:
    """One explorer of the gallery.

    Attributes
    ----------
    path : Path
    title, about : str
        What it shows, from the structure's file.
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


def write_gallery(folder: Path) -> list[GalleryPage]:
    """Write the explorers into a folder and return what they are."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for source in EXAMPLES:
        scene, view = open_scene(source, MODEL)
        path = write_page(scene, folder / f"{source.name.partition('.')[0]}.html", view=view)
        picture = base64.b64encode(picture_bytes(plot_view(scene, view), dpi=80)).decode("ascii")
        made.append(
            GalleryPage(
                path,
                scene.title,
                scene.structure.title,
                f"data:image/png;base64,{picture}",
                describe_view(scene, view),
            )
        )
    return made


def card_html(page: GalleryPage) -> str:
    """Return a picture that leads to its explorer."""
    address = html.escape(f"{page.path.parent.name}/{page.path.name}")
    size = page.path.stat().st_size / 1e6
    return (
        f'<figure><a href="{address}"><img src="{page.picture}" alt="{html.escape(page.words)}">'
        f"{html.escape(page.title)}</a><figcaption>{html.escape(page.about)} "
        f"({size:.1f} MB)</figcaption></figure>"
    )
