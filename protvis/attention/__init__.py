"""Named attention arrays, transforms and links; NumPy only.

The names load on first use; none of them brings in torch until a model is loaded.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from protvis.attention.collecting import compute_attention
    from protvis.attention.maps import AttentionMaps
    from protvis.attention.scores import score_head_block
    from protvis.attention.selection import SelectedLinks, select_links

_HOME = {
    "AttentionMaps": "protvis.attention.maps",
    "SelectedLinks": "protvis.attention.selection",
    "compute_attention": "protvis.attention.collecting",
    "score_head_block": "protvis.attention.scores",
    "select_links": "protvis.attention.selection",
}

__all__ = [
    "AttentionMaps",
    "SelectedLinks",
    "compute_attention",
    "score_head_block",
    "select_links",
]


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'protvis.attention' has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
