"""Reports of head statistics: run, read, drawn, saved, shown as a page."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from protvis.reports.analyzing import analyze
    from protvis.reports.head_report import HeadReport
    from protvis.reports.storing import load_report

_HOME = {
    "HeadReport": "protvis.reports.head_report",
    "analyze": "protvis.reports.analyzing",
    "load_report": "protvis.reports.storing",
}

__all__ = ["HeadReport", "analyze", "load_report"]


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'protvis.reports' has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
