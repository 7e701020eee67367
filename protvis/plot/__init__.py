"""Figures of what was counted, and of one view: matplotlib, no widgets.

Functions take tables and return a `ReportFigure`; they show nothing and keep no state. The names
load on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from protvis.plot.arcs import plot_arcs
    from protvis.plot.attention_map import plot_attention_map
    from protvis.plot.calibration import plot_calibration
    from protvis.plot.figure import ReportFigure
    from protvis.plot.heads import plot_heads
    from protvis.plot.layers import plot_layers
    from protvis.plot.protein_heads import plot_protein_heads, plot_protein_layers
    from protvis.plot.substitution import plot_substitution
    from protvis.plot.top import plot_top

_HOME = {
    "ReportFigure": "protvis.plot.figure",
    "plot_arcs": "protvis.plot.arcs",
    "plot_attention_map": "protvis.plot.attention_map",
    "plot_calibration": "protvis.plot.calibration",
    "plot_heads": "protvis.plot.heads",
    "plot_layers": "protvis.plot.layers",
    "plot_protein_heads": "protvis.plot.protein_heads",
    "plot_protein_layers": "protvis.plot.protein_heads",
    "plot_substitution": "protvis.plot.substitution",
    "plot_top": "protvis.plot.top",
}

__all__ = [
    "ReportFigure",
    "plot_arcs",
    "plot_attention_map",
    "plot_calibration",
    "plot_heads",
    "plot_layers",
    "plot_protein_heads",
    "plot_protein_layers",
    "plot_substitution",
    "plot_top",
]


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'protvis.plot' has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
