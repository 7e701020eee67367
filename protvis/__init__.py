"""See, measure and trust what protein language models attend to.

The public names load on first use, so that ``import protvis`` itself costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from protvis.attention import AttentionMaps, compute_attention
    from protvis.models import ProteinModel, load_model
    from protvis.structure import Chain, Structure, load_structure
    from protvis.widgets import AttentionExplorer, explore

__version__ = "0.1.0"

_HOME = {
    "AttentionExplorer": "protvis.widgets",
    "AttentionMaps": "protvis.attention",
    "Chain": "protvis.structure",
    "ProteinModel": "protvis.models",
    "Structure": "protvis.structure",
    "compute_attention": "protvis.attention",
    "explore": "protvis.widgets",
    "load_model": "protvis.models",
    "load_structure": "protvis.structure",
}

__all__ = [
    "AttentionExplorer",
    "AttentionMaps",
    "Chain",
    "ProteinModel",
    "Structure",
    "compute_attention",
    "explore",
    "load_model",
    "load_structure",
]


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'protvis' has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
