"""The form in which arrays cross to the browser: ``{dtype, shape, data}``, little-endian, C order.

Dense attention maps cross one head at a time as 8-bit values. Attention is heavy-tailed (a few
large weights over a sea of small ones), so the 255 steps are spaced by the square root:
``value = scale * (step / 255) ** 2``. Maps with negative values have their zero at step 128 and 127
such steps to either side; step 0 is left for what is not known.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "decode_array",
    "decode_root",
    "encode_array",
    "encode_map",
    "encode_root",
    "encode_signed_root",
]

_DTYPES = {"uint8", "uint16", "uint32", "int32", "float32", "float64"}
_STEPS = 255
_ZERO, _SIGNED_STEPS = 128, 127


def encode_array(array: ArrayLike) -> dict[str, Any]:
    """Return an array as ``{dtype, shape, data}`` with `data` as bytes.

    Raises
    ------
    TypeError
        If the browser side has no such element type.
    """
    array = np.ascontiguousarray(array)
    if array.dtype.name not in _DTYPES:
        raise TypeError(f"arrays of {array.dtype.name} do not cross; use one of {sorted(_DTYPES)}")
    little = array.astype(array.dtype.newbyteorder("<"), copy=False)
    return {"dtype": array.dtype.name, "shape": list(array.shape), "data": little.tobytes()}


def decode_array(encoded: dict[str, Any]) -> NDArray[Any]:
    """Return the array that `encode_array` was given."""
    dtype = np.dtype(encoded["dtype"]).newbyteorder("<")
    return np.frombuffer(encoded["data"], dtype).reshape(encoded["shape"])


def encode_root(values: NDArray[np.floating]) -> tuple[NDArray[np.uint8], float]:
    """Return non-negative values as square-root spaced 8-bit steps, and their scale.

    Parameters
    ----------
    values : float array
        NaN counts as 0.

    Returns
    -------
    steps : uint8 array of the same shape
    scale : float
        The largest value.
    """
    values = np.nan_to_num(np.asarray(values, np.float32), nan=0.0)
    scale = float(values.max(initial=0.0))
    if scale <= 0.0:
        return np.zeros(values.shape, np.uint8), 0.0
    return np.rint(np.sqrt(values.clip(min=0.0) / scale) * _STEPS).astype(np.uint8), scale


def encode_signed_root(values: NDArray[np.floating]) -> tuple[NDArray[np.uint8], float]:
    """Return values of either sign as 8-bit steps with zero at 128, and their scale.

    Parameters
    ----------
    values : float array
        NaN is unknown.

    Returns
    -------
    steps : uint8 array of the same shape
        1 to 255, spaced by the square root to either side; 0 where unknown.
    scale : float
        The largest absolute value.
    """
    known = ~np.isnan(np.asarray(values, np.float32))
    values = np.where(known, values, 0).astype(np.float32)
    scale = float(np.abs(values).max(initial=0.0))
    share = np.sqrt(np.abs(values) / scale) if scale > 0 else np.zeros_like(values)
    steps = np.rint(_ZERO + _SIGNED_STEPS * np.sign(values) * share)
    return np.where(known, steps, 0).astype(np.uint8), scale


def encode_map(
    values: NDArray[np.floating], *, signed: bool, symmetric: bool = False
) -> dict[str, Any]:
    """Return a dense map as ``{dtype, shape, data, scale, signed, symmetric}``.

    Parameters
    ----------
    values : float array (query, key)
        NaN is unknown, and counts as 0 without `signed`; then so do negative values.
    signed : bool
        Whether negative values mean something.
    symmetric : bool
        Whether both triangles are equal; then the lower one crosses as zeros, which compress.
    """
    steps, scale = encode_signed_root(values) if signed else encode_root(values)
    return {
        **encode_array(np.triu(steps) if symmetric else steps),
        "scale": scale,
        "signed": signed,
        "symmetric": symmetric,
    }


def decode_root(steps: NDArray[np.uint8], scale: float) -> NDArray[np.float32]:
    """Return the values `encode_root` was given, to within half a step."""
    return (scale * (steps.astype(np.float32) / _STEPS) ** 2).astype(np.float32)
