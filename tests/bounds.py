"""Bounds on what a call may take: lines of Python, and memory; no clock, so slow machines pass.

Work within one call of a C function is not counted: there the memory it takes is what shows.
"""

from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


class TooMuch(BaseException):
    """No `Exception`, which what is tested may turn into an error of its own."""


@contextmanager
def bounds(*, lines: int, megabytes: float) -> Iterator[None]:
    """Fail as soon as the block has run more lines of Python, or if it took more memory at once."""
    count = 0

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal count
        count += 1
        if count > lines:
            sys.settrace(None)
            raise TooMuch(f"more than {lines:,} lines of Python")
        return trace

    before = sys.gettrace()
    tracemalloc.start()
    try:
        sys.settrace(trace)
        try:
            yield
        finally:
            sys.settrace(before)
        peak = tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()
    assert peak <= megabytes, f"{peak:.1f} MB of memory"
