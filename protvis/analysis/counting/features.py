"""Features: what a head's links are asked to hit, and what a record says about each.

A feature is one or more *columns*, one for each of its values: a state, an amino acid, or a plain
yes. A column of residues looks at the residue attended to (the key); a column of pairs looks at the
pair.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from protvis.annotations import PairTrack, Track
from protvis.datasets import SECONDARY_STRUCTURE, Record
from protvis.errors import OptionError, unknown_name
from protvis.labels import AMINO_ACIDS
from protvis.structure.contacts import contact_map

__all__ = [
    "AMINO_ACIDS",
    "CONTACT_RANGES",
    "PLDDT_BANDS",
    "SHIFTED",
    "Column",
    "PairLabels",
    "ResidueLabels",
    "columns_of",
    "label_record",
]

PLDDT_BANDS: Mapping[str, tuple[float, float]] = {
    "very high": (90.0, np.inf),
    "confident": (70.0, 90.0),
    "low": (50.0, 70.0),
    "very low": (-np.inf, 50.0),
}
"""The values of the feature ``plddt``: bands [low, high) of AlphaFold DB."""

SHIFTED = "_shifted_by_one"
"""Ending of a feature's name that moves its labels one residue towards the C-terminus, the slip
behind the published ProtXLNet figures of binding sites and modifications."""

CONTACT_RANGES: Mapping[str, tuple[int, int]] = {
    "contact_short": (6, 11),
    "contact_medium": (12, 23),
    "contact_long": (24, np.iinfo(np.int32).max),
}
"""Features that are contacts at some distances in sequence, |i - j| from least to most."""

_LETTERS = {name: letter for letter, name in SECONDARY_STRUCTURE.items()}


@dataclass(frozen=True)
class Column:
    """One thing that links are counted for.

    Attributes
    ----------
    feature : str
        Such as ``"secondary_structure"``.
    value : str
        Such as ``"helix"``; empty for yes or no.
    kind : {"residue", "pair"}
    """

    feature: str
    value: str
    kind: str


@dataclass(frozen=True)
class ResidueLabels:
    """What a record says about residues, for some columns.

    Attributes
    ----------
    columns : tuple of int
        Places in the plan's columns.
    hits : bool array (column, residue)
        Residues with the property.
    known : bool array (residue,)
        Residues of which it is known whether they have it; no other is a hit.
    """

    columns: tuple[int, ...]
    hits: NDArray[np.bool_]
    known: NDArray[np.bool_]


@dataclass(frozen=True)
class PairLabels:
    """What a record says about pairs, for one column.

    Attributes
    ----------
    column : int
        Place in the plan's columns.
    hits : bool array (query, key)
        Pairs with the property; only eligible ones have it.
    eligible : bool array (query, key)
        Pairs that could have it: for contacts, both residues observed and far enough apart; for
        others, of two different residues, observed where coordinates decide.
    """

    column: int
    hits: NDArray[np.bool_]
    eligible: NDArray[np.bool_]


def columns_of(
    features: Iterable[str], offered: Mapping[str, tuple[str, ...]]
) -> tuple[Column, ...]:
    """Return the columns of features, in the order given.

    Parameters
    ----------
    features : iterable of str
    offered : mapping of str to tuple of str
        What the data set can say; see `protvis.datasets.Dataset.features`.

    Raises
    ------
    OptionError
        If there are none, one is named twice, or the data set does not have it.
    """
    columns: list[Column] = []
    seen: set[str] = set()
    for feature in [features] if isinstance(features, str) else features:
        if feature in seen:
            raise OptionError(f"feature {feature!r} is requested twice")
        seen.add(feature)
        base = "contact" if feature in CONTACT_RANGES else feature.removesuffix(SHIFTED)
        shifted = feature.endswith(SHIFTED)
        if base not in offered or (shifted and (offered[base] != ("",) or base == "plddt")):
            raise OptionError(
                f"{unknown_name('feature', feature, offered)} (this is what the data set brings)"
            )
        if base == "amino_acid":
            columns += [Column(feature, letter, "residue") for letter in AMINO_ACIDS]
        elif base == "plddt":
            columns += [Column(feature, band, "residue") for band in PLDDT_BANDS]
        elif base == "contact" or offered[base] == ("pair",):
            columns.append(Column(feature, "", "pair"))
        else:
            columns += [Column(feature, value, "residue") for value in offered[base]]
    if not columns:
        raise OptionError("name at least one feature to count, such as 'contact' or 'amino_acid'")
    return tuple(columns)


def label_record(
    record: Record, columns: tuple[Column, ...], *, cutoff: float, min_separation: int
) -> tuple[list[ResidueLabels], list[PairLabels]]:
    """Return what a record says about each column; columns it says nothing about are left out.

    Parameters
    ----------
    record : Record
    columns : tuple of Column
    cutoff : float, Å
    min_separation : int
        The definition of a contact.
    """
    residues: dict[str, list[tuple[int, NDArray[np.bool_], NDArray[np.bool_]]]] = {}
    pairs: list[PairLabels] = []
    for place, column in enumerate(columns):
        if column.kind == "pair":
            found = _pairs(record, column.feature, cutoff, min_separation)
            if found is not None:
                pairs.append(PairLabels(place, *found))
            continue
        labels = _residues(record, column)
        if labels is not None:
            residues.setdefault(column.feature, []).append((place, *labels))
    groups = [
        ResidueLabels(
            tuple(place for place, _, _ in group),
            np.stack([hits for _, hits, _ in group]),
            group[0][2],
        )
        for group in residues.values()
    ]
    return groups, pairs


def _pairs(
    record: Record, feature: str, cutoff: float, min_separation: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]] | None:
    n = record.n_residues
    if feature == "contact" or feature in CONTACT_RANGES:
        if record.coordinates is None:
            return None
        observed = np.all(np.isfinite(record.coordinates), axis=1)
        separation = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
        least, most = CONTACT_RANGES.get(feature, (0, n))
        apart = (separation >= max(least, min_separation)) & (separation <= most)
        eligible = observed[:, None] & observed & apart
        return contact_map(record.coordinates, cutoff, min_separation) & eligible, eligible
    track = record.tracks.get(feature)
    if not isinstance(track, PairTrack):
        return None
    known = record.known(feature)
    # The diagonal is ignored.
    least = min_separation if feature == "contact_assembly" else 1
    apart = np.abs(np.subtract.outer(np.arange(n), np.arange(n))) >= least
    eligible = known[:, None] & known & apart
    return track.values & eligible, eligible


def _residues(record: Record, column: Column) -> tuple[NDArray[np.bool_], NDArray[np.bool_]] | None:
    if column.feature == "amino_acid":
        letters = np.array(list(record.sequence))
        return letters == column.value, np.isin(letters, list(AMINO_ACIDS))
    base = column.feature.removesuffix(SHIFTED)
    track = record.tracks.get(base)
    if not isinstance(track, Track):
        return None
    known = record.known(base)
    if base == "plddt":
        low, high = PLDDT_BANDS[column.value]
        values = track.values.astype(np.float64)
        return (values >= low) & (values < high) & known, ~np.isnan(values) & known
    if base == "secondary_structure":
        hits = track.values == _LETTERS[column.value]
    else:
        hits = track.named(column.value)
    if base != column.feature:
        hits, known = np.append(False, hits[:-1]), np.append(True, known[:-1])
    return hits & known, known
