"""Counters as bytes, and back: every array is checked against the plan before it is made."""

from __future__ import annotations

import io
import math
import re
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from protvis.analysis.counting.counters import Counters
from protvis.analysis.counting.plan import Plan

__all__ = ["array_bytes", "array_from_bytes", "counters_from_npz", "counters_to_npz"]

MAX_COUNTS_BYTES = 512 * 2**20
"""Counters are unpacked up to this size, which that of any model in the catalogue is half of; and
beyond it up to `MAX_RATIO` times the size they take in the file."""

MAX_RATIO = 20
_HEADER_BYTES = 4096
# NumPy's own reader takes the header for Python's code, and can fail in any way of its tokenizer.
_HEADER = re.compile(
    rb"\x93NUMPY\x01\x00(?P<length>[\x00-\xff]{2})\{'descr': '(?P<dtype>[^']{1,8})', "
    rb"'fortran_order': False, 'shape': \((?P<shape>[0-9, ]{0,80})\), \} *\n"
)


def array_bytes(array: NDArray[Any]) -> bytes:
    """Return an array in NumPy's own format (``.npy``)."""
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.ascontiguousarray(array), allow_pickle=False)
    return stream.getvalue()


def array_from_bytes(data: bytes | memoryview, shape: tuple[int, ...], dtype: str) -> NDArray[Any]:
    """Return the array that `array_bytes` wrote.

    Raises
    ------
    ValueError
        If it is of another shape or type, or longer or shorter than these say.
    """
    header = _HEADER.match(data)
    if header is None or len(header[0]) != 10 + int.from_bytes(header["length"], "little"):
        raise ValueError("an array does not begin as NumPy writes it")
    found = f"{header['dtype'].decode()} ({header['shape'].decode()})"
    expected = f"{dtype} {shape}"
    if found != expected:
        raise ValueError(f"an array is {found:.80}, expected {expected}")
    start, kind = header.end(), np.dtype(dtype)
    n_bytes = math.prod(shape) * kind.itemsize
    if len(data) - start != n_bytes:
        raise ValueError(f"an array has {len(data) - start} bytes, expected {n_bytes}")
    # NumPy makes no array of no bytes.
    return (
        np.frombuffer(data, kind, offset=start).reshape(shape).copy()
        if n_bytes
        else np.zeros(shape, kind)
    )


def counters_to_npz(counters: Counters) -> bytes:
    """Return counters as a packed archive of NumPy's (``.npz``)."""
    stream = io.BytesIO()
    arrays: Mapping[str, NDArray[Any]] = counters.arrays
    np.savez_compressed(stream, allow_pickle=False, **arrays)
    return stream.getvalue()


def counters_from_npz(data: bytes | memoryview, plan: Plan) -> Counters:
    """Return the counters of a plan from what `counters_to_npz` made of them.

    Raises
    ------
    ValueError
        If these are not the plan's counters, or would take more memory than those of any model.
    """
    shapes = Counters.shapes(plan)
    n_bytes = sum(8 * math.prod(shape) for shape in shapes.values())
    if n_bytes > max(MAX_COUNTS_BYTES, MAX_RATIO * len(data)):
        raise ValueError(f"its counts would take {n_bytes / 2**20:,.0f} MiB of memory")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sorted(archive.namelist()) != sorted(f"{name}.npy" for name in shapes):
                raise ValueError("its counts do not fit its plan")
            arrays = {}
            for name, shape in shapes.items():
                most = 8 * math.prod(shape) + _HEADER_BYTES
                if archive.getinfo(f"{name}.npy").file_size > most:
                    raise ValueError("its counts do not fit its plan")
                # Read to its end, where the checksum is looked at.
                with archive.open(f"{name}.npy") as member:
                    arrays[name] = array_from_bytes(member.read(), shape, "<i8")
    # A member that says that it is encrypted is a RuntimeError.
    except (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError) as error:
        raise ValueError(str(error)) from error
    return Counters(arrays)
