"""Counters: what remains of the attention once it has been counted.

Everything is a 64-bit whole number, so that adding is exact: the order of proteins, and how they
were spread over processes, cannot change a single bit. Quantities that are not whole numbers are
kept in fixed point, as multiples of 2⁻¹⁸ (`UNIT`): a sum over a protein is rounded once. That
leaves room for sums of 3.5·10¹³. The greatest there are, variances of hits, are at most a quarter
of the squared length for each link of a residue: AlphaFold DB's 200 million proteins fit even if
every residue had three links, all to the same three residues.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from protvis.analysis.counting.plan import BIN_EDGES, Plan
from protvis.errors import DatasetError

__all__ = ["UNIT", "Counters", "to_fixed"]

UNIT = 2.0**-18

# Nothing counted is negative, rounding of differences apart: what wrapped around is.
_WRAPPED = -(2**32)


def to_fixed(values: ArrayLike) -> NDArray[np.int64]:
    """Return values as multiples of `UNIT`, rounded."""
    return np.rint(np.asarray(values, dtype=np.float64) / UNIT).astype(np.int64)


class Counters:
    """Sums over proteins, mergeable in any order.

    L layers, H heads, C columns of the plan, B bootstrap replicates, K calibration bins.

    Attributes
    ----------
    arrays : dict of str to int64 array

        ``n_records`` (C,), ``n_residues`` (C,): proteins that say something about a column, and
        their residues.
        ``links``, ``hits`` (L, H, C): links of at least the threshold that count in the plan's
        mode, and those that have the property.
        ``eligible``, ``positives`` (C,): residues or ordered pairs that could have the property,
        and those that have it.
        ``expected`` (L, H, C), fixed: what would be hit if each link kept its ``|i - j|`` and
        protein and nothing else; only in the mode ``separation-matched``, for pairs (else 0).
        ``weight``, ``weight_hits`` (L, H, C), fixed: attention on what counts in the plan's mode,
        and on what has the property, without a threshold.
        ``permutation_mean``, ``permutation_variance`` (L, H, C), fixed: moments of ``hits`` when
        attention is permuted within each protein: for residues, the columns of the map (keys
        exchange places, those that count in the plan's mode among each other); for pairs, its
        rows (queries exchange places), with all links of the head.
        ``permutation_links``, ``permutation_links_variance``, ``permutation_misses_variance``
        (L, H, C), fixed: for pairs, how many links then fall on pairs that count, the variance of
        this number, and that of those among them that are no hits; 0 for residues, where the
        number does not change.
        ``type_mean``, ``type_variance`` (L, H, C), fixed: as ``permutation_mean`` with keys that
        exchange places only with keys of the same amino acid; 0 for pairs.
        ``shuffle_mean``, ``shuffle_variance`` (L, H, C), fixed: moments of ``hits`` when the
        weights of each row are shuffled by themselves, over the places that count.
        ``boot_links``, ``boot_hits`` (B, L, H, C), ``boot_expected`` (B, L, H, C), fixed (B is 0
        outside ``separation-matched``), ``boot_eligible``, ``boot_positives`` (B, C): the same
        sums with each protein taken Poisson(1) times.
        ``bin_pairs``, ``bin_contacts`` (L, H, K): eligible pairs by attention weight, and contacts
        among them. ``bin_weight`` (L, H, K), fixed: their attention. ``square`` (L, H), fixed: sum
        of squared attention over eligible pairs. Zero without the feature ``contact``.
    """

    def __init__(self, arrays: Mapping[str, NDArray[np.int64]]) -> None:
        self.arrays = dict(arrays)

    @classmethod
    def zeros(cls, plan: Plan) -> Counters:
        """Return counters of nothing yet."""
        return cls({name: np.zeros(shape, np.int64) for name, shape in cls.shapes(plan).items()})

    @staticmethod
    def shapes(plan: Plan) -> dict[str, tuple[int, ...]]:
        """Return the shape of each array of a plan's counters."""
        heads = (plan.n_layers, plan.n_heads)
        n_columns, n_boot, n_bins = len(plan.columns), plan.n_bootstrap, len(BIN_EDGES) - 1
        per_head = (*heads, n_columns)
        matched = n_boot if plan.mode == "separation-matched" else 0
        return {
            **dict.fromkeys(("n_records", "n_residues", "eligible", "positives"), (n_columns,)),
            **dict.fromkeys(
                (
                    "links", "hits", "expected", "weight", "weight_hits", "permutation_mean",
                    "permutation_variance", "permutation_links", "permutation_links_variance",
                    "permutation_misses_variance", "type_mean", "type_variance", "shuffle_mean",
                    "shuffle_variance",
                ),
                per_head,
            ),
            "boot_links": (n_boot, *per_head),
            "boot_hits": (n_boot, *per_head),
            "boot_expected": (matched, *per_head),
            "boot_eligible": (n_boot, n_columns),
            "boot_positives": (n_boot, n_columns),
            **dict.fromkeys(("bin_pairs", "bin_contacts", "bin_weight"), (*heads, n_bins)),
            "square": heads,
        }  # fmt: skip

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
            total += values
            if total.min(initial=0) < _WRAPPED:
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
        for part, whole in (("hits", "links"), ("positives", "eligible")):
            for name in ("", "boot_"):
                if (self.arrays[f"{name}{part}"] > self.arrays[f"{name}{whole}"]).any():
                    raise DatasetError(
                        f"there are more {part} than {whole}: something has the property that is "
                        "said not to be able to have it"
                    )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Counters):
            return NotImplemented
        return self.arrays.keys() == other.arrays.keys() and all(
            np.array_equal(values, other.arrays[name]) for name, values in self.arrays.items()
        )

    __hash__ = None  # type: ignore[assignment]
