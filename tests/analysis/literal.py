"""The definitions, written as the loops they are: slow, and meant to be read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from protvis.datasets import Record

AMINO_ACIDS = "ACDEFGHIKLMNPQRSTVWY"


def in_contact(record: Record, i: int, j: int) -> bool:
    gap = record.coordinates[i].astype(np.float64) - record.coordinates[j].astype(np.float64)
    return abs(i - j) >= 6 and bool(np.sqrt((gap**2).sum()) < 8.0)


def comparable(record: Record, i: int, j: int) -> bool:
    seen = ~np.isnan(record.coordinates).any(axis=1)
    return abs(i - j) >= 6 and bool(seen[i] and seen[j])


def has(record: Record, feature: str, value: str, j: int) -> bool:
    if feature == "amino_acid":
        return record.sequence[j] == value
    track = record.tracks[feature.removesuffix("_shifted_by_one")]
    if feature.endswith("_shifted_by_one"):
        return j > 0 and bool(track.values[j - 1])
    if feature == "secondary_structure":
        return track.values[j] == {"helix": "H", "strand": "E", "turn": "T", "other": "-"}[value]
    if feature == "plddt":
        band = {"very high": (90, 101), "confident": (70, 90), "low": (50, 70), "very low": (0, 50)}
        return band[value][0] <= track.values[j] < band[value][1]
    return bool(track.values[j])


def known(record: Record, feature: str, j: int) -> bool:
    if feature == "amino_acid":
        return record.sequence[j] in AMINO_ACIDS
    base = feature.removesuffix("_shifted_by_one")
    if base != feature and j == 0:
        return True
    if base in record.from_coordinates and not record.observed[j - (base != feature)]:
        return False
    if feature == "plddt":
        return not np.isnan(record.tracks["plddt"].values[j])
    return True


def judge(record: Record, feature: str, value: str, i: int, j: int) -> tuple[bool, bool]:
    """Return whether a pair of query and key could have the property, and whether it has."""
    if feature == "contact":
        return comparable(record, i, j), in_contact(record, i, j)
    if feature == "disulfide":
        counts = i != j and known(record, feature, i) and known(record, feature, j)
        return counts, counts and bool(record.tracks["disulfide"].values[i, j])
    counts = known(record, feature, j)
    return counts, counts and has(record, feature, value, j)


def count(
    records: Sequence[Record],
    attention: Sequence[np.ndarray],
    feature: str,
    value: str,
    layer: int,
    head: int,
    *,
    threshold: float = 0.3,
    paper: bool = False,
) -> dict[str, float]:
    """Return links, hits, eligible, positives, weight, weight_hits of one head (0-based)."""
    found = dict.fromkeys(("links", "hits", "eligible", "positives", "weight", "weight_hits"), 0)
    for record, maps in zip(records, attention, strict=True):
        n = record.n_residues
        for i in range(n):
            for j in range(n):
                counts, hit = judge(record, feature, value, i, j)
                # A property of a residue is the same for every query: it counts once.
                if i == 0 or feature in ("contact", "disulfide"):
                    found["eligible"] += counts
                    found["positives"] += hit
                weight = maps[layer, head, i, j]
                if counts or paper:
                    found["weight"] += float(weight)
                    found["links"] += bool(weight >= threshold)
                if hit:
                    found["weight_hits"] += float(weight)
                    found["hits"] += bool(weight >= threshold)
    return found
