"""A model's bounds: its layers and heads by label, and how long a sequence it reads and knows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from protvis.errors import LabelError
from protvis.labels import MEAN
from protvis.models.family_table import Family

__all__ = ["first_position", "max_residues", "positions_of", "trained_positions"]

# How many rows at their initial size tell something.
_FEWEST_ROWS = 16


def positions_of(
    labels: Sequence[int] | None, n: int, what: str, position: Callable[[Any, int], Any]
) -> list[int]:
    """Return the 0-based positions of labels, in their order; None means all.

    Raises
    ------
    LabelError
        If one does not exist or comes twice, or there are none.
    """
    if labels is None:
        return list(range(n))
    if isinstance(labels, str) or not isinstance(labels, Iterable):
        several = f"a list of {what}s such as [1, {n}], or None for all of them"
        raise LabelError(f"expected {several}, got {labels!r}{_of_mean(labels)}")
    named: list[object] = list(labels)
    if any(isinstance(label, str) and label == MEAN for label in named):
        raise LabelError(f"expected {what}s from 1 to {n}, got {named!r}{_of_mean(MEAN)}")
    found = [position(label, n) for label in named]
    if not all(isinstance(place, int) for place in found):
        raise LabelError(f"{what}s must be whole numbers from 1 to {n}, got {named}")
    if not found or len(set(found)) != len(found):
        raise LabelError(f"{what}s must name each {what} once, at least one, got {named}")
    return found


def _of_mean(label: object) -> str:
    """Return where the mean over heads is to be had, if that is what was asked for."""
    if label != MEAN:
        return ""
    return ": the mean over a layer's heads comes from all of them, as maps.head(layer, 'mean')"


def max_residues(family: Family, config: Any) -> int | None:
    """Return how many residues the learned positions leave room for; None without any."""
    if family.limit == "none" or getattr(config, "position_embedding_type", None) == "rotary":
        return None
    specials = len(family.leading) + len(family.trailing)
    n = int(config.max_position_embeddings) - specials
    # ESM numbers positions from the padding index on, so the first ones are never used.
    return n - int(config.pad_token_id) - 1 if family.limit == "after_padding" else n


def first_position(family: Family, config: Any) -> int:
    """Return the position of the first token: ESM's learned positions start after the padding's."""
    learned = getattr(config, "position_embedding_type", "absolute") == "absolute"
    if family.limit == "after_padding" and learned:
        return int(config.pad_token_id) + 1
    return 0


def trained_positions(table: NDArray[Any], initializer_range: float) -> int | None:
    """Return how many positions a network has seen, judged by its table of learned positions.

    Rows of positions that never occurred in training keep the size they were given at the start:
    the length of a row of normal numbers with standard deviation `initializer_range`.

    Parameters
    ----------
    table : float array (position, channel)
    initializer_range : float

    Returns
    -------
    int or None
        None if the last rows are not at their initial size, or too many others are as well, so
        that nothing can be told.
    """
    n, width = table.shape
    sizes = np.linalg.norm(np.asarray(table, dtype=np.float64), axis=1)
    initial = initializer_range * np.sqrt(width)
    # The length of a row of normal numbers varies by 1 / sqrt(2 * width) of itself.
    tolerance = max(0.15, 5 / np.sqrt(2 * width))
    differs = np.flatnonzero(np.abs(sizes - initial) > tolerance * initial)
    seen = int(differs[-1]) + 1 if len(differs) else 0
    if n - seen < _FEWEST_ROWS or 2 * len(differs) <= seen:
        return None
    return seen
