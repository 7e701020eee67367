"""A view's offline page within the output of a notebook cell."""

from __future__ import annotations

import html

from protvis.checks import check_whole_number
from protvis.export.page import page_text
from protvis.keywords import check_keywords
from protvis.scene import Scene, ViewState

__all__ = ["EmbeddedPage", "embed_page"]

_SANDBOX = "allow-scripts allow-downloads"
"""The page runs its own script, as nobody: what it holds cannot reach the notebook around it."""


class EmbeddedPage:
    """An explorer's offline page in the output of a cell.

    Any host that shows HTML can show it, without kernel, widgets or network; changes made in it
    stay in it. Created by `embed_page`.

    Parameters
    ----------
    page : str
        HTML.
    title : str
        What the page shows.
    height : int
        CSS pixels.
    """

    def __init__(self, page: str, title: str, height: int) -> None:
        self.page, self.title, self.height = page, title, height

    def __repr__(self) -> str:
        return f"EmbeddedPage({self.title}, {len(self.page.encode()) / 1e6:.1f} MB)"

    def _repr_html_(self) -> str:
        # Within quotes HTML gives only these two a meaning; escaping the others costs a tenth more.
        page = self.page.replace("&", "&amp;").replace('"', "&quot;")
        return (
            f'<iframe class="protvis-page" title="{html.escape(self.title)}" width="100%" '
            f'height="{self.height}" style="border: 0" sandbox="{_SANDBOX}" '
            f'srcdoc="{page}"></iframe>'
        )


@check_keywords
def embed_page(scene: Scene, view: ViewState, *, height: int = 1150) -> EmbeddedPage:
    """Return the explorer's offline page, to show in the output of a cell.

    It works in saved notebooks, on pages made from them and in hosts without widgets. It is part of
    the notebook file and about as large as the page `to_html` writes. Clicks in it do not reach
    Python.

    Parameters
    ----------
    scene : Scene
    view : ViewState
    height : int, default 1150
        CSS pixels.

    Returns
    -------
    EmbeddedPage
        Put it on the last line of a cell to show it.

    Raises
    ------
    OptionError
        If the height is out of range.
    """
    height = check_whole_number("height", height, 100, 10_000)
    return EmbeddedPage(page_text(scene, view), scene.title, height)
