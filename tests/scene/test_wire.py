"""What crosses to the browser, there and back in Python."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from protvis.scene.wire import (
    decode_array,
    decode_root,
    encode_array,
    encode_map,
    encode_root,
)

DTYPES = ("uint8", "uint16", "uint32", "int32", "float32", "float64")


@given(st.sampled_from(DTYPES).flatmap(lambda name: hnp.arrays(name, hnp.array_shapes())))
def test_arrays_come_back_as_they_went(array: np.ndarray) -> None:
    found = decode_array(encode_array(array))
    assert found.dtype == array.dtype
    np.testing.assert_array_equal(found, array)


def test_order_and_endianness_are_the_same_wherever_they_come_from() -> None:
    array = np.arange(6, dtype=np.int32).reshape(2, 3)
    expected = encode_array(array)
    assert expected["data"] == b"".join(n.to_bytes(4, "little") for n in range(6))
    other = ">" if sys.byteorder == "little" else "<"
    for same in (np.asfortranarray(array), array.astype(f"{other}i4"), array.repeat(2, 1)[:, ::2]):
        assert encode_array(same) == expected
    assert encode_array(np.float32(1.5))["shape"] in ([], [1])


@pytest.mark.parametrize("dtype", [bool, np.int64, np.float16, complex, object, "U1"])
def test_types_without_a_counterpart_are_refused(dtype: object) -> None:
    with pytest.raises(TypeError, match="do not cross; use one of"):
        encode_array(np.zeros(3, dtype))


VALUES = hnp.arrays(
    np.float32,
    hnp.array_shapes(max_dims=3, max_side=12),
    elements=st.floats(0, 1, width=32, allow_subnormal=False),
)


@given(VALUES)
def test_a_root_step_is_missed_by_at_most_half(values: np.ndarray) -> None:
    before = values.copy()
    steps, scale = encode_root(values)
    np.testing.assert_array_equal(values, before)
    assert steps.dtype == np.uint8
    assert steps.shape == values.shape
    assert scale == values.max()
    if scale > 1e-30:
        found = np.sqrt(decode_root(steps, scale).astype(float) / scale)
        assert np.abs(found - np.sqrt(values.astype(float) / scale)).max() <= 0.5 / 255 + 1e-5
        assert steps.max() == 255


def test_root_of_nothing_and_of_what_is_no_attention() -> None:
    steps, scale = encode_root(np.zeros((2, 2)))
    assert (steps.tolist(), scale) == ([[0, 0], [0, 0]], 0.0)
    steps, scale = encode_root(np.array([np.nan, -1.0, 0.25, 1.0]))
    assert (steps.tolist(), scale) == ([0, 0, 128, 255], 1.0)
    assert encode_root(np.zeros((0, 3)))[1] == 0.0
    np.testing.assert_array_equal(decode_root(np.zeros(3, np.uint8), 0.0), 0)


@given(hnp.arrays(np.float32, (7, 7), elements=st.floats(-3, 3, width=32, allow_subnormal=False)))
def test_signed_maps_keep_sign_and_zero(values: np.ndarray) -> None:
    encoded = encode_map(values, signed=True)
    steps, scale = decode_array(encoded).astype(int), encoded["scale"]
    assert scale == np.abs(values).max()
    assert np.all(steps >= 1)
    share = (steps - 128) / 127
    found = np.sign(share) * scale * share**2
    if scale > 1e-30:
        root = np.sqrt(np.abs(values.astype(float)) / scale)
        assert np.abs(np.abs(share) - root).max() <= 0.5 / 127 + 1e-5
    assert np.all(found[values == 0] == 0)
    assert np.all((found >= 0) | (values < 0))


def test_symmetric_maps_cross_as_one_triangle() -> None:
    values = np.arange(9, dtype=np.float32).reshape(3, 3)
    values = values + values.T
    for signed in (False, True):
        whole = decode_array(encode_map(values, signed=signed))
        half = decode_array(encode_map(values, signed=signed, symmetric=True))
        np.testing.assert_array_equal(half, np.triu(whole))
