"""What a saved notebook shows of an explorer, where no kernel and no browser code of ours runs."""

from __future__ import annotations

import base64
import html
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import traitlets

from protvis.errors import OptionError, unknown_name
from protvis.keywords import check_keywords
from protvis.scene import ViewState

if TYPE_CHECKING:
    from protvis.scene import Scene

__all__ = ["SAVED_VIEW", "EmbeddedPage", "SavedView"]

SAVED_VIEW = "PROTVIS_SAVED_VIEW"
"""The environment variable that sets `SavedView.saved_view` where a notebook does not."""

CHOICES = ("picture", "page", "nothing")

_FOOTER = "A picture of the explorer as it opened: run the cell to turn it, click it and slide it."


class EmbeddedPage:
    """An explorer's offline page within the output of a cell.

    Shown by every host that shows HTML, without kernel, widgets or network; what is changed in it
    stays in it. Made by `AttentionExplorer.embed`.

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
            f'height="{self.height}" style="border: 0" srcdoc="{page}"></iframe>'
        )


class SavedView(traitlets.HasTraits):
    """The part of an explorer that notebooks keep when they are saved."""

    scene: Scene
    to_html: Callable[[str | os.PathLike[str]], Path]
    selected_residues: list[str]

    saved_view = traitlets.Unicode()
    """What a saved notebook shows of the explorer where it cannot run.

    ``"picture"`` (the default, some 40 kB): the links on the contact map and along the sequence
    beside the scores of all heads, as it was when shown. ``"page"``: all of it, to be clicked and
    turned, for about as many megabytes as `to_html` writes. ``"nothing"``: a line of text. The
    environment variable PROTVIS_SAVED_VIEW sets it for all explorers of a process.
    """

    @check_keywords
    def embed(self, *, height: int = 1150) -> EmbeddedPage:
        """Return the explorer's offline page, to be shown in the output of a cell.

        It works in saved notebooks, on pages made of them and in hosts without widgets, and is part
        of the notebook file: about as many megabytes as `to_html` writes. Python does not hear what
        is clicked in it.

        Parameters
        ----------
        height : int, default 1150
            CSS pixels.

        Returns
        -------
        EmbeddedPage
            Shown by the last line of a cell.
        """
        if not 100 <= height <= 10_000:
            raise OptionError(f"height is in pixels, from 100 to 10000; got {height!r}")
        with tempfile.TemporaryDirectory() as folder:
            page = self.to_html(Path(folder) / "explorer.html").read_text("utf-8")
        return EmbeddedPage(page, self.scene.title, height)

    @traitlets.default("saved_view")
    def _first_saved_view(self) -> str:
        return os.environ.get(SAVED_VIEW) or CHOICES[0]

    @traitlets.validate("saved_view")
    def _check_saved_view(self, proposal: dict[str, Any]) -> str:
        if proposal["value"] not in CHOICES:
            raise OptionError(unknown_name("saved_view", proposal["value"], CHOICES))
        return str(proposal["value"])

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """Return how to show the explorer: hosts with widgets take the widget, others the rest."""
        shown = super()._repr_mimebundle_(**kwargs)
        if shown is None:
            return None
        data, metadata = shown if isinstance(shown, tuple) else (shown, {})
        data, metadata = dict(data), dict(metadata)
        if self.saved_view == "page":
            data["text/html"] = self.embed()._repr_html_()
        elif self.saved_view == "picture":
            from protvis.plot.overview import describe_view, picture_bytes, plot_view

            view = ViewState(
                **{name: getattr(self, name) for name in ViewState.__dataclass_fields__}
            )
            selection = [int(self.scene.chain.find(label)) for label in self.selected_residues]
            figure = plot_view(self.scene, view, selection=selection, footer=_FOOTER)
            data["image/png"] = base64.b64encode(picture_bytes(figure)).decode("ascii")
            metadata["image/png"] = {"alt": describe_view(self.scene, view, selection)}
        return data, metadata
