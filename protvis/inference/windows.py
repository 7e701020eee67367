"""Maps of sequences longer than a model reads, put together from overlapping windows.

Each window is read on its own, so a residue's attention is spread over its window and not over the
whole sequence: a substitute for the map the model cannot make, not that map.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from protvis.errors import SequenceError

if TYPE_CHECKING:
    from protvis.models import ProteinModel

__all__ = ["LONG", "fill_from_windows", "window_starts"]

LONG = ("error", "window")
"""What can be done with a sequence that is longer than the model reads."""


def window_starts(n_residues: int, size: int) -> list[int]:
    """Return where windows of `size` residues start: half a window apart, the last at the end.

    Raises
    ------
    SequenceError
        If windows would be too small to overlap.
    """
    if size < 2:
        raise SequenceError(f"windows must hold at least 2 residues, got {size}")
    if n_residues <= size:
        return [0]
    starts = list(range(0, n_residues - size, size // 2))
    return [*starts, n_residues - size]


def fill_from_windows(
    model: ProteinModel,
    sequence: str,
    n_residues: int,
    size: int,
    layers: list[int],
    heads: list[int],
    values: NDArray[Any],
    special_mass: NDArray[Any],
    report: Callable[[int, int], None] | None = None,
) -> None:
    """Fill maps with the weighted mean of the windows that hold a pair.

    A window counts for a pair by how far the nearer of the two residues is from the window's ends
    (1 at an end), since a model knows least there. Pairs that no window holds stay NaN.

    Parameters
    ----------
    model : ProteinModel
    sequence : str
    n_residues, size : int
        Of the whole sequence, and of a window.
    layers, heads : list of int
        Labels, layers ascending.
    values : float32 array (layer, head, query, key)
    special_mass : float32 array (layer, head, query)
        Both are overwritten.
    report : callable, optional
        Told (windows done, windows in all).
    """
    starts = window_starts(n_residues, size)
    values[:] = 0
    special_mass[:] = 0
    pair_weights = np.zeros((n_residues, n_residues), dtype=np.float32)
    weights = np.zeros(n_residues, dtype=np.float32)
    places = {layer - 1: place for place, layer in enumerate(layers)}
    for done, start in enumerate(starts, 1):
        inside = slice(start, min(start + size, n_residues))
        n = inside.stop - inside.start
        depth = np.minimum(np.arange(1, n + 1), np.arange(n, 0, -1)).astype(np.float32)
        pair_depth = np.minimum(depth[:, None], depth)

        def add(
            layer: int,
            block: NDArray[Any],
            special: NDArray[Any],
            inside: slice = inside,
            depth: NDArray[Any] = depth,
            pair_depth: NDArray[Any] = pair_depth,
        ) -> None:
            values[places[layer], :, inside, inside] += block * pair_depth
            special_mass[places[layer], :, inside] += special * depth

        part = model.cut_sequence(sequence, inside.start, inside.stop)
        model.capture(part, add, layers=layers, heads=heads)
        pair_weights[inside, inside] += pair_depth
        weights[inside] += depth
        if report is not None:
            report(done, len(starts))
    pair_weights[pair_weights == 0] = np.nan
    values /= pair_weights
    special_mass /= weights
