"""Reading pickled values without running the pickle.

A pickle is a program for Python's unpickler: it can import any function and call it, and a few
hundred bytes of it can build values that take for ever to hash, print or flatten. This module is no
such interpreter. It reads the opcodes that build plain values, and bounds everything they can make
grow: bytes, digits, containers, nesting, and how many values there are once those that are shared
are counted at every place they stand. Keys are text, bytes or numbers, never containers. Any other
opcode is refused.

NumPy's arrays, which TAPE's data sets hold, are pickled as calls of NumPy's own makers. These few
names are not looked up: a call of one becomes a note (`protvis.datasets.pickled_arrays`), from
which the array is made when the pickle has ended.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from protvis.datasets.pickle_opcodes import SCALARS, read_opcodes
from protvis.datasets.pickled_arrays import ArrayName, ArrayNote
from protvis.errors import DatasetError

__all__ = ["MAX_BYTES", "load_plain"]

MAX_BYTES = 16 * 2**20
"""Largest pickle read, 25 times the largest record of ProteinNet."""

_MAX_DEPTH = 16
_FREE_VALUES = 2**16
"""So many values are always read; more only if the pickle has as many bytes."""


def load_plain(data: bytes | memoryview) -> Any:
    """Return the value of a pickle of plain builtins and arrays of numbers.

    Parameters
    ----------
    data : bytes
        A pickle of any protocol; bytes pickled by protocol 0 to 2 are refused, since these call a
        function to make them.

    Returns
    -------
    None, bool, int, float, str, bytes, list, tuple, dict, set, or array
        Arrays are read-only; NumPy's scalars become Python numbers.

    Raises
    ------
    DatasetError
        If the pickle names a class or function, refers to anything outside it, is damaged, or is
        larger, more deeply nested or more widely shared than a protein's record can be.
    """
    data = bytes(data)
    if len(data) > MAX_BYTES:
        raise DatasetError(
            f"a pickled value of {len(data) / 2**20:.0f} MiB is larger than any protein's record"
        )
    try:
        value = read_opcodes(data)
        made, _ = _finished(value, _MAX_DEPTH, max(len(data), _FREE_VALUES), {})
    except DatasetError:
        raise
    except Exception as error:
        raise DatasetError(
            f"a pickled value is damaged ({type(error).__name__}: {error!s:.80}); copy the file "
            "again"
        ) from error
    return made


def _finished(
    value: Any, depth: int, most: int, done: dict[int, tuple[Any, int]]
) -> tuple[Any, int]:
    """Return a value with its arrays, and how many values it holds, shared ones at each place.

    `done` has what was met before, by id: shared parts are gone through once.
    """
    if type(value) in SCALARS:
        return value, 1
    if id(value) in done:
        return done[id(value)]
    if depth == 0:
        raise DatasetError(f"a pickled value is nested more than {_MAX_DEPTH} deep")
    made, weight = value, 1
    if isinstance(value, ArrayNote):
        made = value.array()
        weight += np.size(made)
    elif isinstance(value, ArrayName):
        raise DatasetError("a pickled value holds an array, or a part of one, out of place")
    elif isinstance(value, set | frozenset):
        weight += len(value)
    else:
        items = list(value.values() if isinstance(value, dict) else value)
        weight += len(items)
        # Most lists are of numbers: these are not gone through one by one.
        if not set(map(type, items)) <= SCALARS:
            for place in [n for n, item in enumerate(items) if type(item) not in SCALARS]:
                items[place], part = _finished(items[place], depth - 1, most, done)
                weight += part
            made = (
                dict(zip(value, items, strict=True))
                if isinstance(value, dict)
                else type(value)(items)
            )
    if weight > most:
        raise DatasetError("a pickled value repeats its parts more often than any protein's record")
    done[id(value)] = made, weight
    return made, weight
