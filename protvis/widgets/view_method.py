"""Methods of the explorer that are functions of its scene and its view."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

from protvis.keywords import check_keywords
from protvis.scene import Scene, ViewState

__all__ = ["view_method"]

P = ParamSpec("P")
R = TypeVar("R")


def view_method(
    name: str, function: Callable[Concatenate[Scene, ViewState, P], R]
) -> Callable[Concatenate[Any, P], R]:
    """Return a function of a scene and a view as a method of the explorer that shows them.

    Its signature and docstring are the function's, without the two.

    Parameters
    ----------
    name : str
        Of the method.
    function : callable
        Takes ``(scene, view, …)``.
    """

    def method(self: Any, /, *args: Any, **kwargs: Any) -> R:
        return function(self.scene, self.view_state, *args, **kwargs)

    signature = inspect.signature(function)
    this = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    rest = list(signature.parameters.values())[2:]
    method.__signature__ = signature.replace(parameters=[this, *rest])  # type: ignore[attr-defined]
    method.__name__, method.__qualname__ = name, f"AttentionExplorer.{name}"
    method.__module__ = "protvis.widgets.explorer"
    method.__doc__ = _without_view(function.__doc__ or "")
    return check_keywords(method)


def _without_view(doc: str) -> str:
    """Return a docstring without its parameters scene and view, and the heading if none is left."""
    doc = inspect.cleandoc(doc)
    doc = re.sub(r"^(?:scene : Scene|view : ViewState)\n(?:    .*\n)*", "", doc, flags=re.M)
    return re.sub(r"^Parameters\n-+\n(?=\n|$)", "", doc, flags=re.M)
