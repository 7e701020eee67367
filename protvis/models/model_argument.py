"""Functions that take a model, or the name of one."""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING

from protvis.errors import OptionError

if TYPE_CHECKING:
    from protvis.models.model import ProteinModel

__all__ = ["as_model"]


def as_model(model: ProteinModel | str | PathLike[str]) -> ProteinModel:
    """Return a model, loading it if it is given by name or path.

    Raises
    ------
    OptionError
        If it is neither.
    ModelError
        If it cannot be loaded.
    """
    if isinstance(model, str | PathLike):
        from protvis.models.model_loader import load_model

        return load_model(model)
    # Recognised by what it does, since importing the class would load torch.
    if hasattr(model, "n_layers") and (
        hasattr(model, "capture") or hasattr(model, "scan_attention")
    ):
        return model
    raise OptionError(
        "expected a model: a name such as 'esm2-35m', a folder, or what load_model or wrap_model "
        f"returned; got {type(model).__name__}"
    )
