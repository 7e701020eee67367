"""The explorer's 3D panel, seen from Python: what draws it, and how it is turned."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import anywidget
import traitlets
from ipywidgets import Widget, widget_serialization

from protvis.errors import OptionError, StageError, unknown_name
from protvis.widgets.saved_output import SAVED_VIEW, hide_missing, in_lab

if TYPE_CHECKING:
    from protvis.widgets.structure_view import StructureView

__all__ = ["FORCED", "STAGES", "StageHost", "check_stage", "nglview_panel"]

STAGES = ("auto", "own")
"""What may draw the 3D panel: NGLview where the host has it, or only the explorer itself."""

FORCED = "it was opened with stage='own'"
"""Why the explorer draws itself, if that was asked for."""


def check_stage(stage: str) -> None:
    """Refuse the name of a stage that there is not, before a model runs for nothing."""
    if stage not in STAGES:
        raise OptionError(unknown_name("stage", stage, STAGES))


def nglview_panel() -> StructureView:
    """Return a widget of NGLview, which shows one of its own when it is first imported."""
    first = "nglview" not in sys.modules
    from protvis.widgets.structure_view import StructureView

    if first and in_lab() and os.environ.get(SAVED_VIEW, "picture") == "picture":
        hide_missing()
    return StructureView()


class StageHost(anywidget.AnyWidget):
    """A widget with a 3D panel, on the stage of NGLview's widget or on one of its own.

    The browser's half is ``js/src/hosts/widget-stage.ts``: it takes its own stage where the host
    of the notebook does not have NGLview's browser part.
    """

    _view = traitlets.Instance(Widget, allow_none=True).tag(sync=True, **widget_serialization)

    _own_stage = traitlets.Unicode().tag(sync=True)
    """Why the browser draws on its own stage; empty on NGLview's, and before anything is drawn."""

    _own_camera = traitlets.List(traitlets.Float(), allow_none=True, default_value=None).tag(
        sync=True
    )
    """How the structure is turned on that stage."""

    @property
    def view(self) -> StructureView:
        """NGLview's widget of the 3D panel, for what NGLview can do beside the explorer.

        Raises
        ------
        StageError
            If NGLview does not draw this explorer: the error says why, and what to do instead.
        """
        if self._own_stage:
            raise StageError(
                f"NGLview does not draw this explorer, because {self._own_stage}. It draws on a "
                "stage of its own, where everything but NGLview's commands works. For those, open "
                "it without stage='own' in JupyterLab, Notebook 7 or Voila"
            )
        if self._view is None:
            raise StageError(
                "there is no NGLview widget: this explorer shows a sequence, without a 3D panel. "
                "Add a structure first, explorer.add_structure(file)"
            )
        return self._view

    @property
    def _camera(self) -> Sequence[float] | None:
        """How the structure is turned; None while nobody has turned it."""
        if self._view is None or self._own_stage:
            return self._own_camera
        turned = list(self._view._camera_orientation or [])
        return turned if len(turned) == 16 else None

    @_camera.setter
    def _camera(self, camera: Sequence[float] | None) -> None:
        if camera is None or list(camera) == self._camera:
            return
        self._own_camera = list(camera)
        if self._view is not None:
            # Where it is shown, and where it will be.
            self._view._camera_orientation = list(camera)
            self._view._set_camera_orientation(list(camera))

    def close(self) -> None:
        """Close the widget in all places where it is shown and free what it took."""
        for part in (self._view, self.layout):
            if isinstance(part, Widget):
                part.close()
        super().close()
