"""Keywords that are none of a function's, refused with the names that were meant."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from protvis.errors import unknown_name

__all__ = ["check_keywords"]

P = ParamSpec("P")
R = TypeVar("R")


def check_keywords(function: Callable[P, R]) -> Callable[P, R]:
    """Make a function say which of its keywords was meant by one that it does not have.

    Its name, signature and docstring stay as they are.

    Parameters
    ----------
    function : callable
        One that names all its keywords.

    Returns
    -------
    callable
        Raises a TypeError with the near names.
    """
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    known = [
        name
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind in named and name != "self"
    ]

    @functools.wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        for name in kwargs:
            if name not in known:
                unknown = unknown_name("keyword argument", name, known)
                raise TypeError(f"{function.__name__}(): {unknown}")
        return function(*args, **kwargs)

    return checked
