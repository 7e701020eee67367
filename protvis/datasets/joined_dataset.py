"""Several data sets of the same proteins as one: what each says of a record, together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from protvis.annotations import PairTrack, Track
from protvis.datasets.fingerprints import hash_parts
from protvis.datasets.records import Dataset, Reading, Record
from protvis.errors import DatasetError

__all__ = ["JoinedDataset", "join_values"]


class JoinedDataset(Dataset):
    """Records of several data sets, joined by their ids.

    A record found in several data sets has the tracks of all of them, and the coordinates of the
    first that has any. It is refused, with a reason, if one of them cannot read it, if their
    sequences differ, or if they contradict each other under the same name. Data sets that lack a
    record add nothing to it.

    Parameters
    ----------
    datasets : iterable of Dataset
        Data sets whose keys are record ids; not structures, whose files may hold several records.

    Raises
    ------
    DatasetError
        If there is none, or one holds structures.
    """

    def __init__(self, datasets: Iterable[Dataset]) -> None:
        self.datasets = tuple(datasets)
        if not self.datasets:
            raise DatasetError("there is no data set to join; give at least one")
        for dataset in self.datasets:
            if not dataset.keys_are_records:
                raise DatasetError(
                    f"{dataset.name} holds structures, which cannot be joined with others by the "
                    "ids of their records; analyze them on their own"
                )
        self.name = " + ".join(dataset.name for dataset in self.datasets)
        self._keys = tuple(dict.fromkeys(key for dataset in self.datasets for key in dataset.keys))

    @property
    def keys(self) -> Sequence[str]:
        """Ids of all records, those of the first data set before those that others add."""
        return self._keys

    def read(self, key: str) -> Reading:
        """Return a record with what all data sets that contain it say."""
        self._place(key)
        holders = [dataset for dataset in self.datasets if dataset.key_of(key) is not None]
        records: list[Record] = []
        for dataset in holders:
            reading = dataset.read(key)
            if reading.skipped:
                return Reading((), reading.skipped)
            records += reading.records
        return Reading((_united(records, [dataset.name for dataset in holders]),))

    def features(self) -> Mapping[str, tuple[str, ...]]:
        """Return what any of the data sets has."""
        offered: dict[str, tuple[str, ...]] = {}
        for dataset in self.datasets:
            for feature, values in dataset.features().items():
                offered[feature] = join_values(feature, offered.get(feature), values)
        return offered

    def fingerprint(self) -> str:
        """Return a hash of the data sets' own, in their order."""
        return hash_parts(dataset.fingerprint() for dataset in self.datasets)


def join_values(
    feature: str, values: tuple[str, ...] | None, more: tuple[str, ...]
) -> tuple[str, ...]:
    """Return the values that a feature has in either of two places.

    Raises
    ------
    DatasetError
        If it is of another kind in one than in the other.
    """
    if values is None or values == more:
        return more
    for kind in (("",), ("pair",)):
        if kind in (values, more):
            raise DatasetError(
                f"{feature} is of one kind in some of the data and of another in the rest (states, "
                "yes or no, pairs); rename it in one"
            )
    return tuple(dict.fromkeys((*values, *more)))


def _united(records: Sequence[Record], names: Sequence[str]) -> Record:
    first = records[0]
    tracks: dict[str, Track | PairTrack] = {}
    said_by: dict[str, str] = {}
    seen: set[str] = set()
    for record, name in zip(records, names, strict=True):
        if record.sequence != first.sequence:
            raise DatasetError(
                f"record {first.record_id}: its sequence in {name} ({record.n_residues} residues) "
                f"is not that in {names[0]} ({first.n_residues})"
            )
        for feature, track in record.tracks.items():
            if feature in tracks and not tracks[feature].is_same(track):
                raise DatasetError(
                    f"record {first.record_id}: {feature} in {name} is not that in "
                    f"{said_by[feature]}"
                )
            if feature not in tracks:
                tracks[feature], said_by[feature] = track, name
                if feature in record.from_coordinates:
                    seen.add(feature)
    placed = next((one for one in records if one.coordinates is not None), first)
    masks = [record.observed for record in records if record.observed is not None]
    shown = next((one for one in records if one.source), first)
    return Record(
        first.record_id,
        first.sequence,
        tracks,
        placed.coordinates,
        placed.atom,
        shown.source,
        shown.chain_id,
        # Where two structures do not show the same residues, those that both do.
        np.logical_and.reduce(masks) if masks else None,
        frozenset(seen),
    )
