"""Protein language models; torch and transformers live here and nowhere else.

The names load on first use, so that ``import protvis.models`` does not bring in torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from protvis.models.listing import ModelEntry, list_models
    from protvis.models.loading import load_model, wrap_model
    from protvis.models.model import ProteinModel

_HOME = {
    "ModelEntry": "protvis.models.listing",
    "ProteinModel": "protvis.models.model",
    "list_models": "protvis.models.listing",
    "load_model": "protvis.models.loading",
    "wrap_model": "protvis.models.loading",
}

__all__ = ["ModelEntry", "ProteinModel", "list_models", "load_model", "wrap_model"]


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'protvis.models' has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
