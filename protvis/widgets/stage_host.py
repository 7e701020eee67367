"""The explorer's 3D panel, seen from Python: what draws it, and how it is turned."""

from __future__ import annotations

from collections.abc import Sequence

import anywidget
import traitlets
from ipywidgets import Widget, widget_serialization

from protvis.errors import StageError
from protvis.widgets.structure_view import StructureView

__all__ = ["StageHost"]


class StageHost(anywidget.AnyWidget):
    """A widget with a 3D panel, on the stage of NGLview's widget."""

    _view = traitlets.Instance(Widget, allow_none=True).tag(sync=True, **widget_serialization)

    @property
    def view(self) -> StructureView:
        """NGLview's widget of the 3D panel, for what NGLview can do beside the explorer.

        Raises
        ------
        StageError
            If nothing of NGLview's is on screen: the error says why, and what to do instead.
        """
        if self._view is None:
            raise StageError(
                "there is no NGLview widget: this explorer shows a sequence, without a 3D panel. "
                "Add a structure first, explorer.add_structure(file)"
            )
        return self._view

    @property
    def _camera(self) -> Sequence[float] | None:
        """How the structure is turned; None while nobody has turned it."""
        turned = [] if self._view is None else list(self._view._camera_orientation or [])
        return turned if len(turned) == 16 else None

    @_camera.setter
    def _camera(self, camera: Sequence[float] | None) -> None:
        # Where it is shown, and where it will be.
        if self._view is not None and camera is not None and list(camera) != self._camera:
            self._view._camera_orientation = list(camera)
            self._view._set_camera_orientation(list(camera))

    def close(self) -> None:
        """Close the widget in all places where it is shown and free what it took."""
        for part in (self._view, self.layout):
            if isinstance(part, Widget):
                part.close()
        super().close()
