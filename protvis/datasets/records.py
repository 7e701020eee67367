"""A record: one protein of a data set, and what is known about its residues.

A data set is a list of keys and a way to read what lies under one of them. It is small and can be
sent to another process, which then reads for itself.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from protvis.annotations import PairTrack, Track
from protvis.errors import DatasetError

__all__ = ["SECONDARY_STRUCTURE", "Dataset", "Reading", "Record"]

SECONDARY_STRUCTURE: Mapping[str, str] = MappingProxyType(
    {"H": "helix", "E": "strand", "T": "turn", "-": "other"}
)
"""Letters of the track ``secondary_structure``. ``T`` is DSSP's turn or bend (T, S); sources of
three states have none, and all that is neither helix nor strand is ``-`` there."""


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
        What is known, by feature name: ``binding_site`` and ``modification`` (kind ``site``),
        ``secondary_structure`` (kind ``state``, letters of `SECONDARY_STRUCTURE`), ``plddt`` (kind
        ``number``), and any other. A property that is not known of this protein is left out; a site
        track that is false everywhere says that the protein has none.
    coordinates : (n_residues, 3) float32 array, Å, or None
        One point per residue, NaN where missing; None where there is no structure.
    atom : str
        Which atom `coordinates` are: ``"CB"`` (Cα for Gly) or ``"CA"``.
    source : str
        What `protvis.load_structure` reads to show this record (a path or an id), empty for none.
    chain_id : str
        The chain in `source`.

    Raises
    ------
    DatasetError
        If the sequence is empty, or something has another length than it.
    """

    record_id: str
    sequence: str
    tracks: Mapping[str, Track | PairTrack] = field(default_factory=dict)
    coordinates: NDArray[np.float32] | None = None
    atom: str = "CB"
    source: str = ""
    chain_id: str = ""

    def __post_init__(self) -> None:
        n = len(self.sequence)
        if n == 0:
            raise DatasetError(f"record {self.record_id}: the sequence is empty")
        for name, track in self.tracks.items():
            if len(track) != n:
                raise DatasetError(
                    f"record {self.record_id}: {name} has {len(track)} values for {n} residues"
                )
        object.__setattr__(self, "tracks", MappingProxyType(dict(self.tracks)))
        if self.coordinates is not None:
            coordinates = np.array(self.coordinates, dtype=np.float32)
            if coordinates.shape != (n, 3):
                raise DatasetError(
                    f"record {self.record_id}: coordinates have shape {coordinates.shape}, "
                    f"expected ({n}, 3)"
                )
            coordinates.setflags(write=False)
            object.__setattr__(self, "coordinates", coordinates)

    @property
    def n_residues(self) -> int:
        """Number of residues."""
        return len(self.sequence)


@dataclass(frozen=True, eq=False)
class Reading:
    """What lies under one key of a data set: often one record, of a structure file its chains.

    Attributes
    ----------
    records : tuple of Record
    skipped : tuple of (str, str)
        What could not be read beside them: record ids and reasons, each in one line.
    """

    records: tuple[Record, ...]
    skipped: tuple[tuple[str, str], ...] = ()


class Dataset(ABC):
    """Proteins that can be read key by key, in any order, by any process.

    Subclasses hold paths and an index, no open files and no records, so that they can be pickled.
    Record ids are unique within a data set, and the same whenever a key is read.

    Attributes
    ----------
    name : str
        How to speak of it: a file's or folder's name.
    """

    name: str

    @property
    @abstractmethod
    def keys(self) -> Sequence[str]:
        """The keys, unique, in the order of the source: ids of records or names of files."""

    @abstractmethod
    def read(self, key: str) -> Reading:
        """Return what lies under a key.

        Raises
        ------
        DatasetError
            If nothing under this key can be read; the message says why, in one line.
        """

    @abstractmethod
    def features(self) -> Mapping[str, tuple[str, ...]]:
        """Return what its records can be asked for: feature names and the values of each.

        The values of a state (names, as in `SECONDARY_STRUCTURE`), or ``("",)`` for what is yes or
        no, and for numbers. ``contact`` is among them where there are coordinates,
        ``amino_acid`` always.
        """

    @abstractmethod
    def fingerprint(self) -> str:
        """Return a hash (hex) of the content: another file, another fingerprint."""

    def __len__(self) -> int:
        return len(self.keys)
