"""The Jupyter side: the only room that knows traitlets, ipywidgets, anywidget and nglview."""

from protvis.widgets.comparison_view import explore_comparison
from protvis.widgets.explorer import AttentionExplorer
from protvis.widgets.flow_view import explore_flow
from protvis.widgets.neighbours import side_by_side
from protvis.widgets.open_explorer import explore
from protvis.widgets.structure_view import StructureView

__all__ = [
    "AttentionExplorer",
    "StructureView",
    "explore",
    "explore_comparison",
    "explore_flow",
    "side_by_side",
]
