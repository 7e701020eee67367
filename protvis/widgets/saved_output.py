"""What a saved notebook shows of an explorer, where no kernel and no browser code of ours runs."""

from __future__ import annotations

import base64
from typing import Any

from protvis.export.embed import embed_page
from protvis.plot.overview import describe_view, picture_bytes, plot_view
from protvis.scene import Scene, ViewState

__all__ = ["SAVED_VIEW", "SAVED_VIEWS", "saved_output"]

SAVED_VIEW = "PROTVIS_SAVED_VIEW"
"""The environment variable that sets `AttentionExplorer.saved_view` where a notebook does not."""

SAVED_VIEWS = ("picture", "page", "nothing")

_FOOTER = "A picture of the explorer as it opened: run the cell to turn it, click it and slide it."


def saved_output(
    scene: Scene, view: ViewState, choice: str
) -> tuple[dict[str, str], dict[str, dict[str, Any]]]:
    """Return what stands beside the widget in a cell's output, by MIME type, and its metadata.

    Parameters
    ----------
    scene : Scene
    view : ViewState
    choice : {"picture", "page", "nothing"}
    """
    if choice == "page":
        return {"text/html": embed_page(scene, view)._repr_html_()}, {}
    if choice == "nothing":
        return {}, {}
    picture = picture_bytes(plot_view(scene, view, footer=_FOOTER))
    encoded = base64.b64encode(picture).decode("ascii")
    return {"image/png": encoded}, {"image/png": {"alt": describe_view(scene, view)}}
