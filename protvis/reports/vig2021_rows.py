"""A row of the comparison with Vig et al. (ICLR 2021)."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["NOT_AT_HAND", "Row"]

NOT_AT_HAND = "published: not at hand"
"""Note on numbers that the paper shows only in a figure."""


@dataclass(frozen=True)
class Row:
    """One quantity; see `protvis.reports.vig2021_comparison.compare_published` for the columns."""

    feature: str
    value: str
    quantity: str
    unit: str
    published: float
    ours: float
    note: str = ""
    main: bool = False
