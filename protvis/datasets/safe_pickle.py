"""Reading pickled values without letting the pickle do anything.

A pickle is a program: it can name any function that Python can import, and have it called. Here
every name is refused. The values of ProVis' data sets need none: they are dictionaries of plain
builtins.

Those of TAPE hold NumPy arrays besides, which a pickle builds by naming ``ndarray``, ``dtype`` and
one of NumPy's makers. These few names are not looked up either: for each the pickle gets a stand-in
of ours that notes what it is called with and returns the note. When the pickle has ended, the
arrays are made from the notes (a type of numbers or booleans, a shape, as many bytes as these take
and no others). Nothing of NumPy is called by the pickle, and no name leads to anything else.

A file made to do harm can still be refused at the price of some time and memory; it cannot run
code.
"""

from __future__ import annotations

import io
import math
import pickle
import pickletools
import re
from collections.abc import Iterable
from typing import Any

import numpy as np

from protvis.errors import DatasetError

__all__ = ["MAX_BYTES", "load_plain"]

MAX_BYTES = 64 * 2**20
"""Largest pickle read; the largest records of ProteinNet take one hundredth of it."""

_MAX_DEPTH = 16
_ARRAY_MODULES = ("numpy._core.multiarray", "numpy.core.multiarray")
_NUMERIC_MODULES = ("numpy._core.numeric", "numpy.core.numeric")
# Booleans, whole numbers and floating-point numbers, by kind and bytes each.
_TYPE = re.compile(r"b1|[iu][1248]|f[248]")
# What could be "remember this under number N" with a large N, for which the list of what is
# remembered would grow to N places.
_FAR_MEMO = re.compile(rb"r[\x00-\xff]{4}|p[0-9]{6}")


def load_plain(data: bytes | memoryview) -> Any:
    """Return the value of a pickle of plain builtins and arrays of numbers.

    Parameters
    ----------
    data : bytes
        Of any protocol, but for what protocol 2 makes of bytes.

    Returns
    -------
    None, bool, int, float, complex, str, bytes, list, tuple, dict, set, or array
        Arrays cannot be written to; NumPy's scalars come as Python's numbers.

    Raises
    ------
    DatasetError
        If the pickle names a class or function, refers to anything outside it, is damaged, or is
        larger than `MAX_BYTES`.
    """
    data = bytes(data)
    if len(data) > MAX_BYTES:
        raise DatasetError(
            f"a pickled value of {len(data) / 2**20:.0f} MiB is larger than any protein's record"
        )
    _check_memo(data)
    unpickler = _Unpickler(io.BytesIO(data))
    try:
        value = unpickler.load()
        return _without_notes(value, _MAX_DEPTH, {}) if unpickler.has_notes else value
    except DatasetError:
        raise
    except Exception as error:
        raise _damaged(error) from error


def _check_memo(data: bytes) -> None:
    if _FAR_MEMO.search(data) is None:
        return
    try:
        places = [
            int(argument or 0)
            for opcode, argument, _ in pickletools.genops(data)
            if opcode.name in ("PUT", "LONG_BINPUT")
        ]
    except Exception as error:
        raise _damaged(error) from error
    if any(place > len(data) for place in places):
        raise DatasetError("a pickled value asks for more memory than it could need")


def _damaged(error: Exception) -> DatasetError:
    return DatasetError(
        f"a pickled value is damaged ({type(error).__name__}: {error}); copy the file again"
    )


class _Unpickler(pickle.Unpickler):
    has_notes = False

    def find_class(self, module: str, name: str) -> Any:
        stand_in = _STAND_INS.get((module, name))
        if stand_in is None:
            raise DatasetError(
                f"a pickled value names {module}.{name}; only plain values and arrays of numbers "
                "are read, as anything else could run code"
            )
        self.has_notes = True
        return stand_in

    def persistent_load(self, pid: Any) -> Any:
        raise DatasetError(f"a pickled value refers to something outside it ({pid!r:.60})")


class _StandIn:
    """What a pickle gets for one of NumPy's names: called, it returns a note of the call."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, *arguments: Any) -> _Note:
        return _Note(self.name, arguments)

    def __setstate__(self, state: Any) -> None:
        raise DatasetError(f"a pickled value tries to change numpy.{self.name}")


class _Note:
    """A call that a pickle asked for, and the state that it then set."""

    __slots__ = ("arguments", "name", "state")

    def __init__(self, name: str, arguments: tuple[Any, ...]) -> None:
        self.name = name
        self.arguments = arguments
        self.state: Any = None

    def __setstate__(self, state: Any) -> None:
        self.state = state


_STAND_INS = {
    ("numpy", "ndarray"): _StandIn("ndarray"),
    ("numpy", "dtype"): _StandIn("dtype"),
    **{(module, "_reconstruct"): _StandIn("_reconstruct") for module in _ARRAY_MODULES},
    **{(module, "scalar"): _StandIn("scalar") for module in _ARRAY_MODULES},
    **{(module, "_frombuffer"): _StandIn("_frombuffer") for module in _NUMERIC_MODULES},
}


def _without_notes(value: Any, depth: int, done: dict[int, Any]) -> Any:
    """Return a value with arrays in the place of notes; `done` has what was met before, by id."""
    if id(value) in done:
        return done[id(value)]
    if depth == 0:
        raise DatasetError(f"a pickled value is nested more than {_MAX_DEPTH} deep")
    made = value
    if isinstance(value, _Note):
        made = _array(value)
    elif isinstance(value, dict):
        _refuse_notes(value)
        made = {key: _without_notes(item, depth - 1, done) for key, item in value.items()}
    elif isinstance(value, list | tuple):
        made = type(value)([_without_notes(item, depth - 1, done) for item in value])
    elif isinstance(value, set | frozenset):
        _refuse_notes(value)
    else:
        _refuse_notes([value])
        return value
    done[id(value)] = made
    return made


def _refuse_notes(values: Iterable[Any]) -> None:
    if any(isinstance(one, _Note | _StandIn) for one in values):
        raise DatasetError("a pickled value holds an array, or a part of one, out of place")


def _array(note: _Note) -> Any:
    match note.name, note.arguments, note.state:
        case "_reconstruct", (_StandIn(name="ndarray"), *_), (_, shape, dtype, bool(fortran), data):
            return _from_bytes(data, dtype, shape, "F" if fortran else "C")
        case "_frombuffer", (data, dtype, shape, "C" | "F" as order), None:
            return _from_bytes(data, dtype, shape, order)
        case "scalar", (dtype, data), None:
            return _from_bytes(data, dtype, (), "C").item()
    raise DatasetError("a pickled array is of a form that is not read")


def _from_bytes(data: Any, dtype_note: Any, shape: Any, order: Any) -> np.ndarray:
    dtype = _dtype(dtype_note)
    if not isinstance(shape, tuple) or not all(type(n) is int and n >= 0 for n in shape):
        raise DatasetError(f"a pickled array has the shape {shape!r:.60}")
    if not isinstance(data, bytes | bytearray) or len(data) != math.prod(shape) * dtype.itemsize:
        raise DatasetError(f"a pickled array of {dtype} and shape {shape} has not the bytes for it")
    if dtype.kind == "b":
        # Any byte but 0 is true, and is stored as 1.
        flat = np.frombuffer(bytes(data), np.uint8) != 0
    else:
        flat = np.frombuffer(bytes(data), dtype)
    array = flat.reshape(shape, order=order)
    array.setflags(write=False)
    return array


def _dtype(note: Any) -> np.dtype:
    match note:
        case _Note(name="dtype", arguments=(str(text), *_)) if _TYPE.fullmatch(text):
            byte_order = "="
            match note.state:
                case None:
                    pass
                case (int(), "<" | ">" | "|" | "=" as byte_order, None, None, None, *_):
                    pass
                case _:
                    raise DatasetError("a pickled array is of a type that is not read")
            return np.dtype(text if byte_order == "|" else byte_order + text)
    raise DatasetError("a pickled array is not of numbers or booleans")
