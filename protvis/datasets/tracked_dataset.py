"""The user's own tracks on the records of a data set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from protvis.annotations import NumberTrack, PairTrack, StateTrack, Track
from protvis.datasets.fingerprints import hash_parts
from protvis.datasets.joined_dataset import join_values
from protvis.datasets.lazy_tracks import AnyTrack, LazyTracks
from protvis.datasets.records import SECONDARY_STRUCTURE, Dataset, Reading, Record
from protvis.errors import DatasetError, unknown_name

__all__ = ["OwnTracks", "with_tracks"]


def with_tracks(dataset: Dataset, tracks: Mapping[str, AnyTrack | Sequence[AnyTrack]]) -> OwnTracks:
    """Return a data set whose records also have the user's own tracks.

    Parameters
    ----------
    dataset : Dataset
    tracks : mapping of str to Track or PairTrack, or to several
        By record id, such as ``"1gbt.A"``. The feature is named after the track, with _ for blanks;
        it replaces a track of the same name. Sites and pairs are counted as yes or no, states and
        ranges by their names. Numbers are counted only as ``plddt``: turn others into sites by
        comparing them with a threshold. Numbers of residues (``position=`` of `protvis.analyze`)
        stay numbers.

    Raises
    ------
    DatasetError
        If the data set cannot contain such a record, or a track cannot be counted.
    """
    return OwnTracks(dataset, tracks)


class OwnTracks(Dataset):
    """What `with_tracks` returns."""

    def __init__(
        self, dataset: Dataset, tracks: Mapping[str, AnyTrack | Sequence[AnyTrack]]
    ) -> None:
        self.dataset = dataset
        self.name = dataset.name
        self.keys_are_records = dataset.keys_are_records
        self._tracks: dict[str, dict[str, AnyTrack]] = {}
        self._ids: dict[str, list[str]] = {}
        self._offered: dict[str, tuple[str, ...]] = dict(dataset.features())
        for record_id, given in tracks.items():
            key = dataset.key_of(record_id)
            if key is None:
                raise DatasetError(
                    f"there is a track for an {unknown_name('record', record_id, dataset.keys)}"
                )
            self._ids.setdefault(key, []).append(record_id)
            own = self._tracks.setdefault(record_id, {})
            for track in [given] if isinstance(given, Track | PairTrack) else given:
                feature = track.name.strip().replace(" ", "_")
                if feature in own:
                    raise DatasetError(f"record {record_id} is given two tracks called {feature}")
                own[feature] = _renamed(track, feature)
                if not isinstance(track, NumberTrack) or feature == "plddt":
                    self._offered[feature] = join_values(
                        feature, self._offered.get(feature), own[feature].value_names
                    )
                elif feature in self._offered:
                    raise DatasetError(
                        f"a track of numbers cannot be called {feature!r}, which is counted: "
                        "rename it"
                    )

    @property
    def keys(self) -> Sequence[str]:
        """Keys of the data set."""
        return self.dataset.keys

    def own_tracks(self, record_id: str) -> list[AnyTrack]:
        """Return the tracks that were added to a record."""
        return [*self.dataset.own_tracks(record_id), *self._tracks.get(record_id, {}).values()]

    def key_of(self, record_id: str) -> str | None:
        """Return the key under which a record would be, or None."""
        return self.dataset.key_of(record_id)

    def read(self, key: str) -> Reading:
        """Return what the data set has, with these tracks."""
        reading = self.dataset.read(key)
        wanted = self._ids.get(key, ())
        if not wanted:
            return reading
        records, skipped = [], list(reading.skipped)
        for record in reading.records:
            try:
                records.append(self._joined(record))
            except DatasetError as error:
                skipped.append((record.record_id, str(error)))
        known = {record.record_id for record in reading.records} | {name for name, _ in skipped}
        listed = ", ".join(record.record_id for record in reading.records)
        skipped += [
            (name, f"there is a track for it, but {key} has no such record; it has {listed}")
            for name in wanted
            if name not in known
        ]
        return Reading(tuple(records), tuple(skipped), reading.warnings)

    def features(self) -> Mapping[str, tuple[str, ...]]:
        """Return what the data set has, and these tracks."""
        return dict(self._offered)

    def fingerprint(self) -> str:
        """Return a hash of the data set's own and of these tracks."""
        parts: list[bytes | str] = [self.dataset.fingerprint()]
        for record_id, own in sorted(self._tracks.items()):
            for feature, track in sorted(own.items()):
                parts += [record_id, feature, str(track.values.dtype), track.values.tobytes()]
                if isinstance(track, Track):
                    parts += [track.kind, *track.names, str(sorted(track.legend.items()))]
        return hash_parts(parts)

    def _joined(self, record: Record) -> Record:
        own = self._tracks.get(record.record_id)
        if not own:
            return record
        # Own tracks are known for every residue.
        seen = record.from_coordinates - own.keys()
        tracks = LazyTracks.of(record.n_residues, record.tracks).replaced(own)
        for feature in own:
            # Computed, so that a track of another length is refused here.
            tracks[feature]
        return replace(record, tracks=tracks, from_coordinates=seen)


def _renamed(track: AnyTrack, feature: str) -> AnyTrack:
    if not feature or feature in ("contact", "amino_acid"):
        raise DatasetError(
            f"a track of your own cannot be called {feature or 'nothing'!r}; rename it"
        )
    if feature == "secondary_structure":
        if not isinstance(track, StateTrack) or not (
            set(track.values.tolist()) <= set(SECONDARY_STRUCTURE)
        ):
            raise DatasetError(
                "a track called secondary_structure must be one of states, with the letters "
                f"{', '.join(SECONDARY_STRUCTURE)}; rename it, or write its states so"
            )
        return replace(track, name=feature, legend=SECONDARY_STRUCTURE)
    if feature == "plddt" and not isinstance(track, NumberTrack):
        raise DatasetError("a track called plddt must be one of numbers, from 0 to 100; rename it")
    return replace(track, name=feature)
