"""Checks of numbers that a caller passes, with one wording for all functions."""

from __future__ import annotations

import numbers
from typing import Any

from protvis.errors import OptionError

__all__ = ["check_share", "check_whole_number"]


def check_whole_number(name: str, value: Any, least: int = 0, most: int | None = None) -> int:
    """Return a whole number as a plain `int`.

    Parameters
    ----------
    name : str
        What the caller calls it.
    value : object
        NumPy integers are accepted; booleans are not.
    least, most : int
        The smallest and the largest value allowed.

    Raises
    ------
    OptionError
        If it is not a whole number in that range.
    """
    if isinstance(value, numbers.Integral) and not isinstance(value, bool):
        number = int(value)
        if number >= least and (most is None or number <= most):
            return number
    upper = "" if most is None else f" to {most}"
    raise OptionError(f"{name} must be a whole number from {least}{upper}, got {value!r}")


def check_share(name: str, value: Any, *, positive: bool = False) -> float:
    """Return a number between 0 and 1 as a plain `float`.

    Parameters
    ----------
    name : str
        What the caller calls it.
    value : object
    positive : bool, default False
        Whether 0 is refused.

    Raises
    ------
    OptionError
        If it is not such a number; NaN is not.
    """
    if isinstance(value, numbers.Real) and not isinstance(value, bool):
        number = float(value)
        if 0 <= number <= 1 and (number > 0 or not positive):
            return number
    expected = "above 0 and at most 1" if positive else "from 0 to 1"
    raise OptionError(f"{name} must be a number {expected}, got {value!r}")
