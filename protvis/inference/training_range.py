"""A warning where a model runs on more than it was trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from protvis.errors import ModelWarning, warn_caller

if TYPE_CHECKING:
    from protvis.models import ProteinModel

__all__ = ["warn_beyond_training"]


def warn_beyond_training(model: ProteinModel, n_positions: int, n_chains: int = 1) -> None:
    """Warn if a sequence is longer than those a model was trained on, or its chains are joined.

    Parameters
    ----------
    model : ProteinModel
    n_positions : int
        Length of the sequence, linkers and gaps included.
    n_chains : int, default 1
    """
    said = model.beyond_training(n_positions, n_chains)
    if said:
        warn_caller(said, ModelWarning)
