"""Checks of numbers that a caller passes, with one wording for all functions."""

from __future__ import annotations

import math
import numbers
from typing import Any

from protvis.errors import OptionError

__all__ = ["check_batch_size", "check_number", "check_share", "check_whole_number"]


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
    raise OptionError(f"{name} must be a whole number from {least}{upper}, got {_quoted(value)}")


def _quoted(value: object) -> str:
    try:
        return f"{value!r:.80}"
    except ValueError:
        return "a number of thousands of digits"


def check_number(
    name: str, value: Any, least: float | None = None, *, above: float | None = None, unit: str = ""
) -> float:
    """Return a finite number as a plain `float`.

    Parameters
    ----------
    name : str
        What the caller calls it.
    value : object
        NumPy scalars are accepted; booleans are not.
    least, above : float, optional
        The smallest value allowed, or one that it must exceed.
    unit : str
        What is counted, for the message: ``"Å"``.

    Raises
    ------
    OptionError
        If it is not such a number.
    """
    real = isinstance(value, numbers.Real) and not isinstance(value, bool)
    try:
        number = float(value) if real else math.nan
    except OverflowError:
        number = math.inf
    allowed = (least is None or number >= least) and (above is None or number > above)
    if allowed and math.isfinite(number):
        return number
    bound = f" of at least {least:g}" if least is not None else ""
    bound = f" above {above:g}" if above is not None else bound
    unit = f" {unit}" if unit else ""
    raise OptionError(f"{name} must be a finite number{bound}{unit}, got {_quoted(value)}")


def check_batch_size(value: Any) -> int | None:
    """Return a `batch_size` as a plain `int`, None for ``"auto"``.

    Raises
    ------
    OptionError
        If it is neither ``"auto"`` nor a positive whole number.
    """
    if isinstance(value, str) and value == "auto":
        return None
    try:
        return check_whole_number("batch_size", value, 1)
    except OptionError as error:
        raise OptionError(f"{error}; 'auto' lets memory decide") from None


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
    real = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if real and 0 <= value <= 1 and (value > 0 or not positive):
        return float(value)
    expected = "above 0 and at most 1" if positive else "from 0 to 1"
    raise OptionError(f"{name} must be a number {expected}, got {_quoted(value)}")
