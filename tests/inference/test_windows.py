"""Long sequences from windows, against a loop over windows and pairs."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protvis.errors import SequenceError
from protvis.inference import compute_attention
from protvis.inference.windows import window_starts
from protvis.models import load_model


@given(n=st.integers(1, 500), size=st.integers(2, 60))
def test_windows_cover_every_near_pair(n: int, size: int) -> None:
    starts = window_starts(n, size)
    assert starts == sorted(set(starts))
    assert starts[0] == 0
    assert starts[-1] == max(n - size, 0)
    # Neighbours overlap by half a window, so pairs up to that far apart are always in one.
    for first, second in itertools.pairwise(starts):
        assert second - first <= size // 2


def test_maps_are_the_weighted_mean_of_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    model = load_model("mini-positions")
    monkeypatch.setattr(model, "max_residues", 10)
    sequence = "IVGGYTCGANTVPYQVSLNSGYHF"
    with pytest.raises(SequenceError, match='long="window"'):
        compute_attention(model, sequence)
    maps = compute_attention(model, sequence, layers=[2], heads=[3, 1], long="window")
    assert maps.sequence == sequence
    assert maps.provenance["window"] == 10
    n = len(sequence)
    starts = [0, 5, 10, 14]
    parts = [
        compute_attention(model, sequence[start : start + 10], layers=[2], heads=[3, 1])
        for start in starts
    ]
    for i in range(n):
        depths, masses = [], []
        for start, part in zip(starts, parts, strict=True):
            if start <= i < start + 10:
                depths.append(min(i - start + 1, start + 10 - i))
                masses.append(part.special_mass[0, :, i - start])
        np.testing.assert_allclose(
            maps.special_mass[0, :, i], np.average(masses, axis=0, weights=depths), atol=1e-6
        )
        for j in range(n):
            depths, values = [], []
            for start, part in zip(starts, parts, strict=True):
                if start <= min(i, j) and max(i, j) < start + 10:
                    edge = min(min(k - start + 1, start + 10 - k) for k in (i, j))
                    depths.append(edge)
                    values.append(part.values[0, :, i - start, j - start])
            if not depths:
                assert np.isnan(maps.values[0, :, i, j]).all()
            else:
                expected = np.average(values, axis=0, weights=depths)
                np.testing.assert_allclose(maps.values[0, :, i, j], expected, atol=1e-6)
    links = maps.links(2, 1)
    assert np.isfinite(links.weight).all()


def test_what_fits_needs_no_windows() -> None:
    plain, windowed = (
        compute_attention("mini-positions", "IVGGYTCGAN", long=long) for long in ("error", "window")
    )
    np.testing.assert_array_equal(plain.values, windowed.values)
    assert "window" not in windowed.provenance
    with pytest.raises(SequenceError, match="error, window"):
        compute_attention("mini-positions", "IVGG", long="cut")
