"""JSON from files: of bounded depth, with finite numbers only, and one kind of error."""

from __future__ import annotations

import json
from typing import Any, NoReturn

__all__ = ["MAX_DEPTH", "parse_json"]

MAX_DEPTH = 32
"""Objects and lists within each other; what protvis writes and reads has a handful."""


def parse_json(text: str | bytes) -> Any:
    """Return the value of a JSON text.

    Raises
    ------
    ValueError
        If it is no JSON, is nested more than `MAX_DEPTH` deep, or holds NaN, infinity or a number
        of thousands of digits.
    """
    try:
        value = json.loads(text, parse_constant=_no_number)
    except RecursionError:
        raise ValueError(f"it is nested more than {MAX_DEPTH} deep") from None
    level, depth = [value], 0
    while level := [one for one in level if isinstance(one, dict | list)]:
        depth += 1
        if depth > MAX_DEPTH:
            raise ValueError(f"it is nested more than {MAX_DEPTH} deep")
        level = [
            inner for one in level for inner in (one.values() if isinstance(one, dict) else one)
        ]
    return value


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")
