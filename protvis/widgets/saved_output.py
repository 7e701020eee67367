"""What a saved notebook shows of an explorer where no kernel runs."""

from __future__ import annotations

import base64
import os
import sys
from typing import Any

from protvis.export.embed import embed_page
from protvis.plot.overview import describe_view, picture_bytes, plot_view
from protvis.scene import Scene, ViewState

__all__ = [
    "SAVED_VIEW",
    "SAVED_VIEWS",
    "SavedOutput",
    "display_with_picture",
    "hide_missing",
    "in_lab",
    "renew_picture",
    "saved_output",
    "withdraw_picture",
]

SAVED_VIEW = "PROTVIS_SAVED_VIEW"
"""The environment variable that sets `AttentionExplorer.saved_view` where a notebook does not."""

SAVED_VIEWS = ("picture", "page", "nothing")

SavedOutput = tuple[dict[str, str], dict[str, dict[str, Any]]]
"""Content by MIME type, and its metadata."""

_FOOTER = "A saved picture of the explorer: run the cell to turn it, click it and slide it."

_WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"

_AREA, _PART, _OUTPUT = (f".jp-OutputArea{part}" for part in ("", "-child", "-output"))
_MISSING = f"""
{_AREA}:has(.protvis-switch) > {_PART}:has(> .lm-Panel{_OUTPUT}):not(:has(> {_OUTPUT} *)),
{_PART}:has(> {_OUTPUT} > .protvis-switch) {{ display: none; }}
"""
"""Hides what JupyterLab writes in the place of missing widgets, which is text without an element.

What it reports of a widget that cannot be loaded has elements, and stays. Nor does the rule itself
take room.
"""

_PICTURE = f"{_PART}:has(.protvis) + {_PART}:has(> {_OUTPUT} > .protvis-picture) + {_PART}"
"""The output after a style that is itself after an explorer which runs."""

_apart = True
"""Whether the host of this kernel can take explorer and picture as two outputs."""


def saved_output(
    scene: Scene, view: ViewState, choice: str, drawn: bytes | None = None
) -> SavedOutput:
    """Return what a saved notebook holds of an explorer beside its widget.

    Parameters
    ----------
    scene : Scene
    view : ViewState
    choice : {"picture", "page", "nothing"}
    drawn : bytes, optional
        An image of the 3D panel, for the picture.
    """
    if choice == "page":
        return {"text/html": embed_page(scene, view)._repr_html_()}, {}
    if choice == "nothing":
        return {}, {}
    picture = picture_bytes(plot_view(scene, view, drawn=drawn, footer=_FOOTER))
    encoded = base64.b64encode(picture).decode("ascii")
    return {"image/png": encoded}, {"image/png": {"alt": describe_view(scene, view)}}


def in_lab() -> bool:
    """Return whether this is, for all one can tell, a notebook in JupyterLab or one of its kind."""
    from IPython import get_ipython

    elsewhere = (
        not _apart
        or "google.colab" in sys.modules
        or "VSCODE_PID" in os.environ
        # How VS Code names its sessions on a server.
        or "-jvsc-" in os.environ.get("JPY_SESSION_NAME", "")
    )
    return hasattr(get_ipython(), "kernel") and not elsewhere


def display_with_picture(model_id: str, picture: SavedOutput) -> None:
    """Display a widget and the picture that JupyterLab shows where the widget is missing.

    They are two outputs. Of a single one, JupyterLab takes the widget or says that it is missing,
    and a new picture in it would open the widget anew. Between them stands what hides the picture
    while the explorer runs: it comes first, since a cell that is high for a moment gets a scroll
    bar of its own in Notebook 7.
    """
    from IPython.display import display

    view = {"model_id": model_id, "version_major": 2, "version_minor": 0}
    for data, metadata, identity in (
        ({_WIDGET_VIEW: view, "text/plain": ""}, {}, None),
        ({"text/html": _style("protvis-picture", f"{_PICTURE} {{ display: none; }}")}, {}, None),
        (*picture, _identity(model_id)),
    ):
        display(data, metadata=metadata, raw=True, display_id=identity)  # type: ignore[no-untyped-call]


def hide_missing() -> None:
    """Let a saved notebook not say that widgets displayed in this cell are missing."""
    from IPython.display import display

    display({"text/html": _style()}, raw=True)  # type: ignore[no-untyped-call]


def _style(kind: str = "", rule: str = "") -> str:
    return f'<style class="protvis-switch {kind}">{_MISSING}{rule}</style>'


def renew_picture(model_id: str, picture: SavedOutput) -> None:
    """Replace the picture of a widget wherever it was displayed."""
    from IPython.display import update_display

    data, metadata = picture
    update_display(data, metadata=metadata, raw=True, display_id=_identity(model_id))  # type: ignore[no-untyped-call]


def withdraw_picture(model_id: str) -> None:
    """Take the picture away from a host that shows it beside the widget, now and from now on."""
    global _apart
    _apart = False
    renew_picture(model_id, ({"text/plain": ""}, {}))


def _identity(model_id: str) -> str:
    return f"protvis-{model_id}"
