"""How the 3D scene is turned: NGL's orientation, as nglview hands it over."""

from __future__ import annotations

import math
from collections.abc import Sequence

from protvis.errors import OptionError

__all__ = ["check_camera"]


def check_camera(camera: Sequence[float]) -> list[float]:
    """Return a camera as a list of numbers.

    Parameters
    ----------
    camera : sequence of 16 float
        NGL's orientation, a 4 × 4 matrix, as ``explorer.view._camera_orientation``.

    Raises
    ------
    OptionError
        If it is none.
    """
    try:
        numbers = [float(value) for value in camera]
    except (TypeError, ValueError):
        numbers = []
    if len(numbers) != 16 or not all(map(math.isfinite, numbers)):
        raise OptionError(
            "a camera is NGL's orientation, 16 finite numbers as nglview gives them; "
            f"got {camera!r:.80}"
        )
    return numbers
