"""What a kind of map is, and how to speak of it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["MapKind"]


@dataclass(frozen=True)
class MapKind:
    """What a map set is, and how to speak of it.

    Attributes
    ----------
    name, title : str
    unit : str
        What one of its values is called.
    formula : str
        How it is computed, in a line.
    source : str
        Where it comes from; empty for our own.
    layout : {"heads", "layers", "one"}
        One map per head and layer mean, per layer, or one in all.
    signed : bool
        Whether negative values mean something.
    symmetric : bool
        Whether both directions of a pair are equal.
    difference : bool
        Whether values are gains and losses, each as much of a link as the other.
    noise : float or None
        Of differences: sizes up to this are noise.
    """

    name: str
    title: str
    unit: str
    formula: str
    source: str = ""
    layout: str = "heads"
    signed: bool = False
    symmetric: bool = False
    difference: bool = False
    noise: float | None = None
