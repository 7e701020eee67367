"""NumPy's arrays as pickles write them: calls of a few makers, kept as notes instead of made.

Nothing of NumPy is called by the pickle. From the notes come arrays of numbers and booleans, of a
shape for which there are just as many bytes.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from protvis.errors import DatasetError

__all__ = ["ArrayName", "ArrayNote", "array_name"]

_NAMES = {
    ("numpy", "ndarray"): "ndarray",
    ("numpy", "dtype"): "dtype",
    **{
        (module, name): name
        for module in ("numpy._core.multiarray", "numpy.core.multiarray")
        for name in ("_reconstruct", "scalar")
    },
    ("numpy._core.numeric", "_frombuffer"): "_frombuffer",
    ("numpy.core.numeric", "_frombuffer"): "_frombuffer",
}
# Booleans, whole numbers and floating-point numbers, by kind and bytes each.
_TYPE = re.compile(r"b1|[iu][1248]|f[248]")
_MAX_AXES = 8
_MAX_LENGTH = 2**31


@dataclass(frozen=True, eq=False)
class ArrayName:
    """One of NumPy's makers, by name only."""

    name: str


@dataclass(eq=False)
class ArrayNote:
    """A call that a pickle asked for, and the state that it then set."""

    name: str
    arguments: tuple[Any, ...]
    state: Any = None

    def array(self) -> Any:
        """Return the array, or the number, that the call would have made.

        Raises
        ------
        DatasetError
            If it is none of numbers or booleans, or its bytes do not fit its shape.
        """
        match self.name, self.arguments, self.state:
            case (
                "_reconstruct",
                (ArrayName(name="ndarray"), *_),
                (_, shape, dtype, bool(fortran), data),
            ):
                return _from_bytes(data, dtype, shape, "F" if fortran else "C")
            case "_frombuffer", (data, dtype, shape, "C" | "F" as order), None:
                return _from_bytes(data, dtype, shape, order)
            case "scalar", (dtype, data), None:
                return _from_bytes(data, dtype, (), "C").item()
        raise DatasetError("a pickled array is of a form that is not read")


def array_name(module: str, name: str) -> ArrayName:
    """Return a name that a pickle may use.

    Raises
    ------
    DatasetError
        If it is any other.
    """
    known = _NAMES.get((module, name))
    if known is None:
        raise DatasetError(
            f"a pickled value names {module[:60]}.{name[:60]}; only plain values and arrays of "
            "numbers are read, as anything else could run code"
        )
    return ArrayName(known)


def _from_bytes(data: Any, dtype_note: Any, shape: Any, order: Any) -> NDArray[Any]:
    dtype = _dtype(dtype_note)
    if (
        type(shape) is not tuple
        or len(shape) > _MAX_AXES
        or not all(type(n) is int and 0 <= n < _MAX_LENGTH for n in shape)
    ):
        raise DatasetError("a pickled array has a shape that no array of a protein has")
    if type(data) not in (bytes, bytearray) or len(data) != math.prod(shape) * dtype.itemsize:
        raise DatasetError(f"a pickled array of {dtype} and shape {shape} lacks the bytes for it")
    if dtype.kind == "b":
        # Any byte but 0 is true, and is stored as 1.
        flat = np.frombuffer(bytes(data), np.uint8) != 0
    else:
        flat = np.frombuffer(bytes(data), dtype)
    array = flat.reshape(shape, order=order)
    array.setflags(write=False)
    return array


def _dtype(note: Any) -> np.dtype[Any]:
    match note:
        case ArrayNote(name="dtype", arguments=(str(text), *_)) if _TYPE.fullmatch(text):
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
