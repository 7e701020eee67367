"""NGLview's widget as the explorer's 3D panel; the only file that knows nglview.

The structure, the arcs and the highlights are drawn by the explorer's browser code on the stage
this widget opens (``js/src/stage``). Python commands of NGLview reach the same stage: the protein
is its component 0, so ``explorer.view.add_surface("protein", opacity=0.3)`` works.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import nglview
from ipywidgets import Widget
from nglview.remote_thread import RemoteCallThread

__all__ = ["StructureView"]


class _StoppableCalls(RemoteCallThread):
    """NGLview's sender of commands; NGLview's own never ends."""

    def __init__(self, view: StructureView) -> None:
        super().__init__(view, registered_funcs=["loadFile", "replaceStructure", "_exportImage"])
        self.name = "protvis-structure-view"
        self.stopped = threading.Event()

    def run(self) -> None:
        """Send queued commands until stopped."""
        while not self.stopped.is_set():
            if not self.q:
                self.stopped.wait(self.timeout)
                continue
            callback = self.q.pop(0)
            callback(self.view)
            if callback._method_name in self.registered_funcs:
                self.view._wait_until_finished()


@contextmanager
def _collected(made: list[Widget]) -> Iterator[None]:
    """Append every widget constructed meanwhile."""
    earlier = Widget._widget_construction_callback

    def collect(widget: Widget) -> None:
        made.append(widget)
        if earlier is not None:
            earlier(widget)

    Widget.on_widget_constructed(collect)
    try:
        yield
    finally:
        Widget.on_widget_constructed(earlier)


class StructureView(nglview.NGLWidget):
    """An NGLview widget whose threads, and the widgets it is made of, end when it is closed."""

    _calls: _StoppableCalls | None = None

    def __init__(self, **kwargs: Any) -> None:
        # NGLview makes a player, its links and more, and closes none of them.
        self._parts: list[Widget] = []
        with _collected(self._parts):
            super().__init__(**kwargs)
        # NGLview passes no size on to a stage that another widget places.
        self.layout.width = "100%"

    def _initialize_threads(self) -> None:
        # NGLview's constructors call this twice; one thread is enough.
        if self._calls is None:
            self._calls = _StoppableCalls(self)
            self._calls.start()
            self.on_msg(self._handle_nglview_custom_msg)
        self._remote_call_thread = self._calls

    def _wait_until_finished(self, timeout: float = 0.05) -> None:
        self._event.clear()
        while self._calls is not None and not self._calls.stopped.is_set():
            if self._event.wait(timeout):
                return

    def close(self) -> None:
        """Close the widget in all places where it is shown and end its thread."""
        if self._calls is not None:
            self._calls.stopped.set()
            if self._calls is not threading.current_thread():
                self._calls.join(timeout=5.0)
        parts, self._parts = self._parts, []
        for part in parts:
            # The registry of colour schemes belongs to all views.
            if part is not self and part is not nglview.color.ColormakerRegistry:
                part.close()
        super().close()
