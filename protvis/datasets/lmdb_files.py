"""Data sets in LMDB files, as ProVis and TAPE publish them.

A file maps numbers (as text, from 0) to pickled dictionaries, and ``num_examples`` to how many
there are; what the fields mean is told in `protvis.datasets.lmdb_records`. The order is that of the
numbers, not the file's own, which has 10 before 2.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from protvis.datasets.fingerprints import hash_file
from protvis.datasets.identifiers import unique_ids
from protvis.datasets.lmdb_pages import is_lmdb, value_places
from protvis.datasets.lmdb_records import features_of, id_of, record_of
from protvis.datasets.records import Dataset, Reading
from protvis.datasets.safe_pickle import MAX_BYTES, load_plain
from protvis.errors import DatasetError
from protvis.input_file import user_path

__all__ = ["LmdbDataset", "is_lmdb"]

_COUNT = b"num_examples"
_MAX_DIGITS = 18


class LmdbDataset(Dataset):
    """Proteins in an LMDB file in the format of ProVis or TAPE.

    On opening, every value is read once for its id. A record's key is its id; repeated ids get a
    number (``"1bvy.F (2)"``), and values without an id are named by their number in the file.
    Values are unpickled by a reader that refuses every class (`protvis.datasets.safe_pickle`).

    Parameters
    ----------
    path : path
        A folder with ``data.mdb`` in it, or the file itself, under any name.

    Raises
    ------
    DatasetError
        If it cannot be read as LMDB, is truncated, or contains no protein.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        given = user_path(path).absolute()
        self.path = given / "data.mdb" if given.is_dir() else given
        self.name = given.parent.name if given.name == "data.mdb" else given.name
        with _opened(self.path) as file:
            self._stamp = _stamp(file)
            self._where, ids, self._features = self._index(file)
        self._keys = unique_ids(ids)

    @property
    def keys(self) -> Sequence[str]:
        """Ids of the records."""
        return self._keys

    def read(self, key: str) -> Reading:
        """Return the record of an id."""
        offset, length = self._where[self._place(key)]
        with _opened(self.path, self._stamp) as file:
            try:
                fields = _value(file, offset, length)
            except DatasetError as error:
                raise DatasetError(f"record {key}: {error}") from error
        return Reading((record_of(fields, key, self.name),))

    def features(self) -> Mapping[str, tuple[str, ...]]:
        """Return what the fields of the first record give."""
        return dict(self._features)

    def fingerprint(self) -> str:
        """Return the SHA-256 of the file."""
        return hash_file(self.path)

    def _index(
        self, file: BinaryIO
    ) -> tuple[NDArray[np.int64], list[str], dict[str, tuple[str, ...]]]:
        ids: list[str] = []
        features: dict[str, tuple[str, ...]] = {}
        problem = ""
        places = value_places(file)
        numbers = sorted(
            (key for key in places if key.isdigit() and len(key) <= _MAX_DIGITS),
            key=lambda key: (int(key), key),
        )
        if _COUNT in places:
            self._check_count(_value(file, *places[_COUNT]), len(numbers))
        for number in numbers:
            try:
                fields = _value(file, *places[number])
                if not features and isinstance(fields, dict) and "primary" in fields:
                    features = features_of(fields)
                elif not features:
                    listed = ", ".join(map(str, fields)) if isinstance(fields, dict) else "none"
                    problem = problem or f"value {number.decode()} has the fields {listed:.200}"
            except DatasetError as error:
                fields, problem = None, problem or str(error)
            # A value that cannot be read has its number for a key; reading it says why.
            ids.append(id_of(fields) or number.decode())
        if not features:
            raise DatasetError(
                f"it has no protein in it: expected values 0, 1, … with a 'primary' field as in "
                f"the data sets of TAPE and ProVis; {problem or 'there are no such values'}"
            )
        at = np.array([places[number] for number in numbers], dtype=np.int64).reshape(-1, 2)
        return at, ids, features

    def _check_count(self, n_stated: Any, n_found: int) -> None:
        if type(n_stated) is not int or n_stated != n_found:
            stated = n_stated if type(n_stated) is int else type(n_stated).__name__
            raise DatasetError(
                f"it says that it has {stated} records, but holds {n_found}; copy it again"
            )


@contextmanager
def _opened(path: Path, stamp: tuple[int, int] | None = None) -> Iterator[BinaryIO]:
    """Open a file for reading, an LMDB or that of a stamp; errors say which file it is."""
    if not path.is_file():
        raise DatasetError(f"there is no file {path}; name an LMDB file, or the folder of data.mdb")
    try:
        with path.open("rb") as file:
            if stamp is None:
                _check_start(file.read(32), path.name)
            elif _stamp(file) != stamp:
                raise DatasetError("it has changed since it was opened; open it again")
            yield file
    except OSError as error:
        raise DatasetError(f"cannot read {path}: {error.strerror or error}") from error
    except DatasetError as error:
        raise DatasetError(f"{path}: {error}") from error


def _check_start(start: bytes, name: str) -> None:
    if start.startswith(b"\x1f\x8b"):
        raise DatasetError(f"it is gzipped: unpack it first (gunzip -k {name})")
    if not is_lmdb(start):
        raise DatasetError("it cannot be read as LMDB: its content is something else")


def _stamp(file: BinaryIO) -> tuple[int, int]:
    """Return what changes when a file is written to."""
    about = os.fstat(file.fileno())
    return about.st_size, about.st_mtime_ns


def _value(file: BinaryIO, offset: int, length: int) -> Any:
    if length > MAX_BYTES:
        raise DatasetError(
            f"a pickled value of {length / 2**20:.0f} MiB is larger than any protein's record"
        )
    file.seek(offset)
    return load_plain(file.read(length))
