"""The curve of one arc: a quadratic Bézier curve whose middle is lifted away from the centre.

The browser draws by the same formula (``js/src/stage/arc.ts``); a contract test compares the two.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["SEGMENTS", "arc_points"]

SEGMENTS = 16
"""Straight pieces an arc is drawn with."""

_LIFT = 0.38
_HIGHEST = 24.0

Vector = NDArray[np.float64]


def arc_points(
    start: ArrayLike,
    end: ArrayLike,
    center: ArrayLike,
    segments: int = SEGMENTS,
    aside: float = 0.0,
) -> NDArray[np.float64]:
    """Return points along the arc between two places.

    The middle stands off the chord by 0.38 of its length (at most 24 Å), at a right angle to it and
    away from `center`.

    Parameters
    ----------
    start, end, center : float (3,), Å
    segments : int
    aside : float, Å
        How far the whole curve is moved sideways, so that arcs between the same residues can be
        told apart. Exchanging start and end turns the side.

    Returns
    -------
    float64 (segments + 1, 3), Å
        The first is `start`, the last `end`, both moved aside.
    """
    first, last = np.asarray(start, np.float64), np.asarray(end, np.float64)
    chord, middle = last - first, (first + last) / 2
    length = math.hypot(*chord)
    outward = _perpendicular(middle - np.asarray(center, np.float64), chord, length)
    # The curve's middle lies halfway between the chord and the control point.
    control = middle + 2 * min(_LIFT * length, _HIGHEST) * outward
    t = np.linspace(0, 1, segments + 1)[:, None]
    if aside and length >= 1e-6:
        moved = aside * np.cross(outward, chord / length)
        first, control, last = first + moved, control + moved, last + moved
    return (1 - t) ** 2 * first + 2 * t * (1 - t) * control + t**2 * last


def _perpendicular(vector: Vector, chord: Vector, length: float) -> Vector:
    """Return the unit vector along the part of `vector` at a right angle to `chord`, or any."""
    upward = np.array([0.0, 0.0, 1.0])
    if length < 1e-6:
        found = _normalized(vector)
        return upward if found is None else found
    unit = chord / length
    away = _normalized(vector - (vector @ unit) * unit)
    # A chord that points straight at the centre leaves almost nothing to normalise.
    if away is not None and math.hypot(*vector) > 1e-3:
        return away
    axis = np.array([1.0, 0.0, 0.0] if abs(unit[0]) < 0.9 else [0.0, 1.0, 0.0])
    found = _normalized(axis - (axis @ unit) * unit)
    return upward if found is None else found


def _normalized(vector: Vector) -> Vector | None:
    length = math.hypot(*vector)
    return None if length < 1e-6 else vector / length
