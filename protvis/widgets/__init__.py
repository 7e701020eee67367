"""The Jupyter side: the only room that knows traitlets, ipywidgets, anywidget and nglview."""

from protvis.widgets.explorer import AttentionExplorer
from protvis.widgets.opening import explore
from protvis.widgets.structure_view import StructureView

__all__ = ["AttentionExplorer", "StructureView", "explore"]
