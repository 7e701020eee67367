"""A record: one protein of a data set, and what is known about its residues.

A data set is a list of keys and a way to read what lies under one of them. It is small and can be
sent to another process, which then reads for itself.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from protvis.annotations import PairTrack, Track
from protvis.datasets.lazy_tracks import LazyTracks
from protvis.errors import DatasetError, unknown_name
from protvis.labels import AMINO_ACIDS

__all__ = [
    "AMINO_ACIDS",
    "DSSP_STATES",
    "MAX_COORDINATE",
    "SECONDARY_STRUCTURE",
    "Dataset",
    "Reading",
    "Record",
    "check_coordinates",
]

SECONDARY_STRUCTURE: Mapping[str, str] = MappingProxyType(
    {"H": "helix", "E": "strand", "T": "turn", "-": "other"}
)
"""Letters of the track ``secondary_structure``. ``T`` is DSSP's turn or bend (T, S); sources of
three states have none, and all that is neither helix nor strand is ``-`` there."""

DSSP_STATES: Mapping[str, str] = MappingProxyType(
    {**dict.fromkeys("HGI", "H"), **dict.fromkeys("EB", "E"), **dict.fromkeys("TS", "T"),
     **dict.fromkeys("CL- ", "-")}
)  # fmt: skip
"""DSSP's eight states in those of `SECONDARY_STRUCTURE`, as the paper joins them; the one without
a letter of its own is written C, L, - or blank."""


MAX_COORDINATE = 1e5
"""Å from the origin; further away float32 no longer tells an ångström's hundredth."""


def check_coordinates(coordinates: NDArray[Any], record_id: str) -> None:
    """Refuse impossible coordinates; NaN and infinity stand for missing ones.

    Raises
    ------
    DatasetError
    """
    far = np.abs(coordinates[np.isfinite(coordinates)]).max(initial=0)
    if far > MAX_COORDINATE:
        raise DatasetError(
            f"record {record_id}: a coordinate is {far:.3g} Å from the origin; expected at most "
            f"{MAX_COORDINATE:g} Å"
        )


@dataclass(frozen=True, eq=False)
class Record:
    """One protein.

    Attributes
    ----------
    record_id : str
        Unique within its data set, such as ``"1bvy.F"``.
    sequence : str
        One letter per residue.
    tracks : mapping of str to Track or PairTrack
        What is known about the residues, by feature name: ``binding_site`` and ``modification``
        (kind ``site``), ``secondary_structure`` (kind ``state``, letters of `SECONDARY_STRUCTURE`),
        ``plddt`` (kind ``number``), and any other. A property that is unknown for this protein is
        left out; a site track that is False everywhere means that the protein has none.
    coordinates : (n_residues, 3) float32 array, Å, or None
        One point per residue, NaN where missing; None without a structure.
    atom : str
        Which atom `coordinates` are: ``"CB"`` (Cα for Gly) or ``"CA"``.
    source : str
        What `protvis.load_structure` reads to show this record (a path or an id), empty for none.
    chain_id : str
        The chain in `source`.
    observed : (n_residues,) bool array, or None
        Residues that the structure shows, if the tracks come from one; all when None.
    from_coordinates : frozenset of str
        Names of tracks computed from the coordinates; their values mean nothing for residues that
        are not `observed`.

    Raises
    ------
    DatasetError
        If the sequence is empty, something differs from it in length, or a coordinate is too far
        from the origin.
    """

    record_id: str
    sequence: str
    tracks: Mapping[str, Track | PairTrack] = field(default_factory=dict)
    coordinates: NDArray[np.float32] | None = None
    atom: str = "CB"
    source: str = ""
    chain_id: str = ""
    observed: NDArray[np.bool_] | None = None
    from_coordinates: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        n = len(self.sequence)
        if n == 0:
            raise DatasetError(f"record {self.record_id}: the sequence is empty")
        given = {} if isinstance(self.tracks, LazyTracks) else self.tracks
        for name, track in given.items():
            if len(track) != n:
                raise DatasetError(
                    f"record {self.record_id}: {name} has {len(track)} values for {n} residues"
                )
        if not isinstance(self.tracks, LazyTracks):
            object.__setattr__(self, "tracks", MappingProxyType(dict(self.tracks)))
        if self.coordinates is not None:
            check_coordinates(self.coordinates, self.record_id)
            coordinates = np.array(self.coordinates, dtype=np.float32)
            if coordinates.shape != (n, 3):
                raise DatasetError(
                    f"record {self.record_id}: coordinates have shape {coordinates.shape}, "
                    f"expected ({n}, 3)"
                )
            coordinates.setflags(write=False)
            object.__setattr__(self, "coordinates", coordinates)
        if self.observed is not None:
            observed = np.array(self.observed, dtype=bool)
            if observed.shape != (n,):
                raise DatasetError(
                    f"record {self.record_id}: observed has shape {observed.shape}, expected ({n},)"
                )
            observed.setflags(write=False)
            object.__setattr__(self, "observed", observed)
        object.__setattr__(self, "from_coordinates", frozenset(self.from_coordinates))

    @property
    def n_residues(self) -> int:
        """Number of residues."""
        return len(self.sequence)

    def known(self, name: str) -> NDArray[np.bool_]:
        """Return the residues for which a track is known: bool array (n_residues,)."""
        if self.observed is None or name not in self.from_coordinates:
            return np.ones(self.n_residues, dtype=bool)
        return self.observed


@dataclass(frozen=True, eq=False)
class Reading:
    """What one key of a data set holds: one record, or the chains of a structure file.

    Attributes
    ----------
    records : tuple of Record
    skipped : tuple of (str, str)
        Record ids of what could not be read, and the reasons, each in one line.
    warnings : tuple of (str, str)
        What to know about what was read, such as a break in a chain: names of records or files,
        with one line each.
    """

    records: tuple[Record, ...]
    skipped: tuple[tuple[str, str], ...] = ()
    warnings: tuple[tuple[str, str], ...] = ()


class Dataset(ABC):
    """Proteins that can be read by key, in any order and by any process.

    Subclasses hold absolute paths and an index, no open files and no records, so that they can be
    pickled.
    Record ids are unique within a data set, and the same whenever a key is read.

    Attributes
    ----------
    name : str
        What to call it: the name of a file or folder.
    keys_are_records : bool
        Whether each key is the id of the one record under it.
    """

    name: str
    keys_are_records = True

    @property
    @abstractmethod
    def keys(self) -> Sequence[str]:
        """The keys, unique, in the order of the source: ids of records or names of files."""

    @abstractmethod
    def read(self, key: str) -> Reading:
        """Return what a key holds.

        Raises
        ------
        DatasetError
            If it cannot be read; the message says why, in one line.
        """

    @abstractmethod
    def features(self) -> Mapping[str, tuple[str, ...]]:
        """Return the features of its records and the values of each.

        The values of a state (names, as in `SECONDARY_STRUCTURE`), ``("",)`` for yes-or-no
        properties and for numbers, ``("pair",)`` for properties of pairs. ``contact`` (of pairs)
        is among them where there are coordinates, ``amino_acid`` (the 20 letters) always.
        """

    @abstractmethod
    def fingerprint(self) -> str:
        """Return a hash (hex) of the content; a different file has a different fingerprint."""

    def own_tracks(self, record_id: str) -> list[Track | PairTrack]:
        """Return the tracks that a user added to a record; see `with_tracks`."""
        return []

    def key_of(self, record_id: str) -> str | None:
        """Return the key that a record with this id would have, or None."""
        return record_id if record_id in self._places else None

    @cached_property
    def _places(self) -> Mapping[str, int]:
        return {key: place for place, key in enumerate(self.keys)}

    def _place(self, key: str) -> int:
        """Return the place of a key among the keys.

        Raises
        ------
        DatasetError
            If there is no such key.
        """
        try:
            return self._places[key]
        except KeyError:
            message = unknown_name("record", key, self.keys)
            raise DatasetError(f"{self.name}: {message}") from None

    def __getstate__(self) -> dict[str, Any]:
        # What follows from the rest is made again where it is needed.
        made = {name for one in type(self).__mro__ for name, value in vars(one).items()
                if isinstance(value, cached_property)}  # fmt: skip
        return {name: value for name, value in vars(self).items() if name not in made}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}: {len(self):,} keys>"

    def __len__(self) -> int:
        return len(self.keys)
