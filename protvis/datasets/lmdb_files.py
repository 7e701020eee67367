"""Data sets in LMDB files, as ProVis and TAPE publish them.

A file maps numbers (as text, from 0) to pickled dictionaries, and ``num_examples`` to how many
there are; what the fields mean is told in `protvis.datasets.lmdb_records`. The order is that of the
numbers, not the file's own, which has 10 before 2.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from protvis.datasets.fingerprints import hash_file
from protvis.datasets.identifiers import unique_ids
from protvis.datasets.lmdb_records import features_of, id_of, record_of
from protvis.datasets.records import Dataset, Reading
from protvis.datasets.safe_pickle import load_plain
from protvis.errors import DatasetError

if TYPE_CHECKING:
    import lmdb

__all__ = ["LmdbDataset", "is_lmdb"]

_MAGIC = b"\xde\xc0\xef\xbe"
_MAGIC_AT = 16
_COUNT = b"num_examples"
# A process must not open a file twice at a time. Opening costs a tenth of a millisecond.
_ONE_AT_A_TIME = threading.Lock()


def is_lmdb(start: bytes) -> bool:
    """Return whether a file that starts so is LMDB's."""
    return start[_MAGIC_AT : _MAGIC_AT + 4] in (_MAGIC, _MAGIC[::-1])


class LmdbDataset(Dataset):
    """Proteins in an LMDB file of ProVis' or TAPE's form.

    When it is opened every value is read once for its id. A record's key is its id; ids that come
    again get a number (``"1bvy.F (2)"``), values without one are called by their number in the
    file. Values are read with an unpickler that refuses every class
    (`protvis.datasets.safe_pickle`).

    Parameters
    ----------
    path : path
        A folder with ``data.mdb`` in it, or the file itself, under any name.

    Raises
    ------
    DatasetError
        If it cannot be read as LMDB, is cut off, or has no value that is a protein.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        given = Path(path).expanduser().absolute()
        self.path = given / "data.mdb" if given.is_dir() else given
        self.name = given.parent.name if given.name == "data.mdb" else given.name
        self._numbers, ids, self._features = self._index()
        self._keys = unique_ids(ids)

    @property
    def keys(self) -> Sequence[str]:
        """Ids of the records."""
        return self._keys

    def read(self, key: str) -> Reading:
        """Return the record of an id."""
        number = self._numbers[self._place(key)]
        with _opened(self.path) as transaction:
            value = transaction.get(number)
        if value is None:
            raise DatasetError(f"record {key}: {self.path} has no value {number.decode()} any more")
        try:
            fields = load_plain(value)
        except DatasetError as error:
            raise DatasetError(f"record {key}: {error}") from error
        return Reading((record_of(fields, key, self.name),))

    def features(self) -> Mapping[str, tuple[str, ...]]:
        """Return what the fields of the first record give."""
        return dict(self._features)

    def fingerprint(self) -> str:
        """Return the SHA-256 of the file."""
        return hash_file(self.path)

    def _index(self) -> tuple[tuple[bytes, ...], list[str], dict[str, tuple[str, ...]]]:
        ids: list[str] = []
        features: dict[str, tuple[str, ...]] = {}
        problem = ""
        with _opened(self.path) as transaction:
            found = (bytes(key) for key in transaction.cursor().iternext(values=False))
            numbers = sorted(
                (key for key in found if key.isdigit()), key=lambda key: (int(key), key)
            )
            self._check_count(transaction, len(numbers))
            for number in numbers:
                try:
                    fields = load_plain(transaction.get(number))
                    if not features and isinstance(fields, dict) and "primary" in fields:
                        features = features_of(fields)
                    elif not features:
                        listed = ", ".join(map(str, fields)) if isinstance(fields, dict) else "none"
                        problem = problem or f"value {number.decode()} has the fields {listed:.200}"
                except DatasetError as error:
                    fields, problem = None, problem or str(error)
                # What cannot be read has its number for a key, and its reason when it is read.
                ids.append(id_of(fields) or number.decode())
        if not features:
            raise DatasetError(
                f"{self.path} has no protein in it: expected values 0, 1, … with a 'primary' field "
                f"as in the data sets of TAPE and ProVis; {problem or 'there are no such values'}"
            )
        return tuple(numbers), ids, features

    def _check_count(self, transaction: lmdb.Transaction, n_found: int) -> None:
        stated = transaction.get(_COUNT)
        if stated is None:
            return
        n_stated = load_plain(stated)
        if n_stated != n_found:
            raise DatasetError(
                f"{self.path} says that it has {n_stated!r:.20} records, but holds {n_found}; copy "
                "it again"
            )


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Open a file for reading, and close it again."""
    import lmdb

    if not path.is_file():
        raise DatasetError(f"there is no file {path}; name an LMDB file, or the folder of data.mdb")
    with _ONE_AT_A_TIME:
        try:
            with lmdb.open(
                str(path),
                subdir=False,
                readonly=True,
                lock=False,
                readahead=False,
                max_spare_txns=0,
            ) as environment:
                _check_length(environment, path)
                with environment.begin() as transaction:
                    yield transaction
        except lmdb.Error as error:
            raise DatasetError(
                f"{path} cannot be read as LMDB: {error}; {_advice(path)}"
            ) from error


def _check_length(environment: lmdb.Environment, path: Path) -> None:
    """Refuse a file that was cut off: reading past its end would end the process."""
    n_bytes = (environment.info()["last_pgno"] + 1) * environment.stat()["psize"]
    size = path.stat().st_size
    if size < n_bytes:
        raise DatasetError(
            f"{path} was cut off: it has {size:,} of {n_bytes:,} bytes; copy or fetch it again"
        )


def _advice(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(_MAGIC_AT + 4)
    if start.startswith(b"\x1f\x8b"):
        return f"it is gzipped, and LMDB cannot be read so: gunzip -k {path.name}"
    if not is_lmdb(start):
        return "its content is something else"
    return "copy it again, or close it where this process has it open"
