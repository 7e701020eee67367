"""Figures of what was counted: matplotlib, no widgets.

Functions take tables and return a `ReportFigure`; they show nothing and keep no state. The names
load on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from protvis.plot.calibration import plot_calibration
    from protvis.plot.figure import ReportFigure
    from protvis.plot.heads import plot_heads
    from protvis.plot.layers import plot_layers
    from protvis.plot.substitution import plot_substitution
    from protvis.plot.top import plot_top

_HOME = {
    "ReportFigure": "protvis.plot.figure",
    "plot_calibration": "protvis.plot.calibration",
    "plot_heads": "protvis.plot.heads",
    "plot_layers": "protvis.plot.layers",
    "plot_substitution": "protvis.plot.substitution",
    "plot_top": "protvis.plot.top",
}

__all__ = [
    "ReportFigure",
    "plot_calibration",
    "plot_heads",
    "plot_layers",
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
