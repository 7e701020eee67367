"""Counters: what remains of the attention once it has been counted.

Everything is a 64-bit whole number, so that adding is exact: the order of proteins, and how they
were spread over processes, cannot change a single bit. Quantities that are not whole numbers are
kept in fixed point, rounded once a protein: as multiples of 2⁻¹⁸ (`UNIT`), which leaves room for
sums of 3.5·10¹³, and third moments, which grow faster, as multiples of 2⁻¹². The greatest variances
of hits are a quarter of the squared length for each link of a residue: AlphaFold DB's 200 million
proteins fit even if every residue had three links, all to the same three residues.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from protvis.analysis.counting.habits import HABIT_GROUPS, HABITS
from protvis.analysis.counting.plan import BIN_EDGES, LEVELS, Plan
from protvis.errors import DatasetError

__all__ = [
    "ALIGNED_COUNTS",
    "FAMILY_COUNTS",
    "HABIT_COUNTS",
    "LEVEL_GROUPS",
    "MOMENTS",
    "NULLS",
    "UNIT",
    "Counters",
    "to_fixed",
    "unit_of",
]

UNIT = 2.0**-18

_THIRD_UNIT = 2.0**-12

NULLS = ("protein", "separation", "shift", "amino_acid")
"""The nulls that are counted; see `protvis.analysis.counting.nulls`."""

MOMENTS = ("expected", "variance", "third")

FAMILY_COUNTS = ("links", "hits", "expected")

ALIGNED_COUNTS = ("links", "hits", "own", "scores", "squares")

HABIT_COUNTS = ("links", "hits", "expected")

LEVEL_GROUPS = 32
"""Into so many groups families are dealt where every level is counted."""

_MOST = 0.999 * 2.0**63


def to_fixed(values: ArrayLike, unit: float = UNIT) -> NDArray[np.int64]:
    """Return values as multiples of a unit, rounded; what would not fit is the most that does."""
    multiples = np.rint(np.asarray(values, dtype=np.float64) / unit)
    return np.clip(multiples, -_MOST, _MOST).astype(np.int64)


def unit_of(name: str) -> float:
    """Return the unit that a counter in fixed point is kept in."""
    return _THIRD_UNIT if name.endswith(("_third", "_cubes")) else UNIT


class Counters:
    """Sums over proteins that can be merged in any order.

    L layers, H heads, C columns of the plan, G groups of families, K calibration bins, S levels
    (`protvis.analysis.counting.levels`).

    Attributes
    ----------
    arrays : dict of str to int64 array

        ``n_records`` (C,), ``n_residues`` (C,): proteins that say something about a column, and
        their residues.
        ``links``, ``hits`` (L, H, C): links of at least the threshold that count in the plan's
        mode, and those that have the property.
        ``could`` (L, H, C): links that could have the property, which are `links` in every mode
        but ``paper``.
        ``eligible``, ``positives`` (C,): residues or ordered pairs that could have the property,
        and those that have it.
        ``weight``, ``weight_hits`` (L, H, C), fixed: attention on what counts in the plan's mode,
        and on what has the property, without a threshold.
        ``…_expected``, ``…_variance``, ``…_third`` (L, H, C), fixed, for each of `NULLS`: mean,
        variance and third central moment of the hits (`protvis.analysis.counting.nulls`). Members
        of a family of m proteins are taken to be copies: their variances count m times, their
        third moments m² times, the most that dependence can make of them.
        ``family_links``, ``family_hits`` (G, L, H, C), ``family_expected`` (G, L, H, C), fixed:
        links that could have the property, hits, and hits expected, by group of families. Expected
        are those of the null ``separation`` for pairs (in the mode ``eligible`` ``protein``), of
        ``protein`` for residues.
        ``aligned_links``, ``aligned_hits``, and in fixed point ``aligned_own``, ``aligned_scores``,
        ``aligned_squares`` (S, L, H, C), ``aligned_cubes`` (A, L, H, C): of the S members of A
        aligned families (`protvis.analysis.counting.aligned_members`), links with a counterpart,
        those of them that hit, and R on the own protein, by the member whose links they are; sums
        of R and R² by the member whose labels they fall on; sums of R³ by family. ``aligned_rows``
        (S,): whether a member's links were counted.
        ``habit_links``, ``habit_hits``, ``habit_expected`` (16, L, H, B), fixed: what
        `protvis.analysis.counting.habits` counts, by group of families.
        ``bin_pairs``, ``bin_contacts`` (L, H, K): eligible pairs by attention weight, and contacts
        among them. ``bin_weight`` (L, H, K), fixed: their attention. ``square`` (L, H), fixed: sum
        of squared attention over eligible pairs. Zero without the feature ``contact``.
        ``level_…`` (S, …): ``links``, ``hits``, ``could``, the nulls' moments and, by
        `LEVEL_GROUPS` groups of families, the counts by family, of each level, for the columns that
        are no amino acids.
    """

    def __init__(self, arrays: Mapping[str, NDArray[np.int64]]) -> None:
        self.arrays = dict(arrays)

    @classmethod
    def zeros(cls, plan: Plan) -> Counters:
        """Return counters set to zero."""
        return cls({name: np.zeros(shape, np.int64) for name, shape in cls.shapes(plan).items()})

    @staticmethod
    def shapes(plan: Plan) -> dict[str, tuple[int, ...]]:
        """Return the shape of each array of a plan's counters."""
        heads = (plan.n_layers, plan.n_heads)
        per_head = (*heads, len(plan.columns))
        n_levels, at_level = len(LEVELS) + 1, (*heads, len(plan.level_columns))
        of_head = ("links", "hits", "could", *(f"{n}_{m}" for n in NULLS for m in MOMENTS))
        return {
            **dict.fromkeys(("n_records", "n_residues", "eligible", "positives"), per_head[2:]),
            **dict.fromkeys((*of_head, "weight", "weight_hits"), per_head),
            **{f"family_{name}": (plan.n_groups, *per_head) for name in FAMILY_COUNTS},
            **{f"aligned_{name}": (sum(plan.aligned), *per_head) for name in ALIGNED_COUNTS},
            "aligned_cubes": (len(plan.aligned), *per_head),
            "aligned_rows": (sum(plan.aligned),),
            **{f"habit_{name}": (HABIT_GROUPS, *heads, len(HABITS)) for name in HABIT_COUNTS},
            **{f"level_{name}": (n_levels, *at_level) for name in of_head},
            **{
                f"level_family_{name}": (n_levels, LEVEL_GROUPS, *at_level)
                for name in FAMILY_COUNTS
            },
            **dict.fromkeys(
                ("bin_pairs", "bin_contacts", "bin_weight"), (*heads, len(BIN_EDGES) - 1)
            ),
            "square": heads,
        }

    def __getitem__(self, name: str) -> NDArray[np.int64]:
        return self.arrays[name]

    def add(self, other: Counters) -> None:
        """Add other counters of the same plan to these.

        Raises
        ------
        DatasetError
            If a sum no longer fits 64 bits.
        """
        for name, values in other.arrays.items():
            total = self.arrays[name]
            about = total.astype(np.float64) + values
            total += values
            if np.abs(about).max(initial=0) > _MOST:
                raise DatasetError(
                    f"the sums of {name} over so many proteins no longer fit 64 bits: raise the "
                    "threshold, or analyze the data in parts"
                )

    def check(self) -> None:
        """Refuse counts that cannot be.

        Raises
        ------
        DatasetError
            If a head has more hits than links, or a property more positives than places for it.
        """
        for part, whole in (
            ("hits", "links"), ("could", "links"), ("positives", "eligible"),
            ("family_hits", "family_links"), ("aligned_hits", "aligned_links"),
            ("level_hits", "level_links"), ("level_family_hits", "level_family_links"),
        ):  # fmt: skip
            if (self.arrays[part] > self.arrays[whole]).any():
                raise DatasetError(
                    f"there are more {part} than {whole}: something has the property that is "
                    "marked as unable to have it"
                )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Counters):
            return NotImplemented
        return self.arrays.keys() == other.arrays.keys() and all(
            np.array_equal(values, other.arrays[name]) for name, values in self.arrays.items()
        )

    __hash__ = None  # type: ignore[assignment]
