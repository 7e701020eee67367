"""Reject unknown keyword arguments and suggest the intended one."""

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
    """Make a function suggest the keyword that was meant when it gets an unknown one.

    Parameters
    ----------
    function : callable
        Its signature must name every keyword.

    Returns
    -------
    callable
        The same function, with the same name, signature and docstring. An unknown keyword raises
        a TypeError that lists near names.
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
