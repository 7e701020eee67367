"""Tables of labels: what is known about residues of sequences, one row each."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from protvis.annotations import Track
from protvis.datasets.fingerprints import hash_file
from protvis.datasets.records import DSSP_STATES, SECONDARY_STRUCTURE
from protvis.errors import DatasetError
from protvis.input_file import plain_text, read_file, user_path

__all__ = ["LabelTable"]

_COLUMNS = ("record", "position", "feature")
_YES = frozenset({"", "1", "true", "yes"})
_NO = frozenset({"0", "false", "no"})
_POSITION = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9}))?")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_MAX_HEADING = 2**16
_STATES = {**DSSP_STATES, **{name: letter for letter, name in SECONDARY_STRUCTURE.items()}}
_MEANT_OTHERWISE = {
    "amino_acid": "is read from the sequence",
    "contact": "needs coordinates, which structures, ProteinNet and TAPE's LMDB have",
}


class LabelTable:
    """A table with the columns ``record, position, feature`` and, if needed, ``value``.

    ::

        record,position,feature,value
        P00760,63,active_site,
        P00760,107,active_site,
        P00760,12-20,secondary_structure,E
        P12345,,active_site,

    Columns are separated by commas or tabs; the first row has their names. ``position`` counts
    residues of the sequence from 1; ``12-20`` means all from 12 to 20. The kind of value is
    inferred from all rows of a feature: nothing (or 1, true, yes; 0, false, no) says which residues
    have it; words are states, each counted separately; ``secondary_structure`` takes helix, strand,
    turn, other or DSSP's letters, and residues without a row are other; only ``plddt`` has numbers.

    A feature is known only for records that have a row for it: the other residues of such a record
    do not have the property. A row without a position says that no residue has it.

    Parameters
    ----------
    path : path

    Attributes
    ----------
    path : Path
    features : mapping of str to tuple of str
        Features and their values, as `protvis.datasets.Dataset.features` gives them.
    records : collection of str
        Ids that have a row.
    fingerprint : str

    Raises
    ------
    DatasetError
        If the file cannot be read, or a row does not fit.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = user_path(path).absolute()
        self._rows: dict[str, dict[str, list[tuple[int, int, str]]]] = {}
        seen: dict[str, set[str]] = {}
        for record, feature, first, last, value in self._read():
            rows = self._rows.setdefault(record, {}).setdefault(feature, [])
            values = seen.setdefault(feature, set())
            if first:
                rows.append((first, last, value))
                values.add(value)
        if not seen:
            raise DatasetError(f"{self.path} has no rows under its heading")
        self._kinds = {name: _kind(name, values, self.path) for name, values in seen.items()}
        self.features: Mapping[str, tuple[str, ...]] = MappingProxyType(
            {name: self._values(name, values) for name, values in seen.items()}
        )
        self.fingerprint = hash_file(self.path)

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, ({**vars(self), "features": dict(self.features)},)

    @property
    def records(self) -> Iterable[str]:
        """Ids that have a row."""
        return self._rows.keys()

    def tracks(self, record_id: str, n_residues: int) -> dict[str, Track]:
        """Return what the table says about a record, by feature.

        Raises
        ------
        DatasetError
            If a position is outside the sequence, or two rows contradict each other.
        """
        return {
            feature: self._track(record_id, feature, rows, n_residues)
            for feature, rows in self._rows.get(record_id, {}).items()
        }

    def _read(self) -> Iterable[tuple[str, str, int, int, str]]:
        text = plain_text(read_file(self.path, DatasetError))
        try:
            file = io.StringIO(text.decode("utf-8"), newline="")
            heading = file.readline()
            delimiter = "\t" if "\t" in heading else ","
            names = [
                name.strip().lower()
                for name in next(csv.reader([heading], delimiter=delimiter), [])
            ]
            missing = [name for name in _COLUMNS if name not in names]
            if missing:
                raise DatasetError(
                    f"{self.path} has no column {', '.join(missing)}: expected a first row "
                    f"'record,position,feature,value', got {heading.strip()[:80]!r}"
                )
            rows = csv.DictReader(file, names, delimiter=delimiter, restkey="more", restval="")
            for line, row in enumerate(rows, 2):
                if any(row.values()):
                    yield self._row(row, line)
        except (UnicodeDecodeError, csv.Error) as error:
            raise DatasetError(f"cannot read {self.path} as a table ({error})") from error

    def _row(self, row: Mapping[str, str], line: int) -> tuple[str, str, int, int, str]:
        where = f"{self.path}, row {line}"
        if "more" in row:
            raise DatasetError(f"{where} has more cells than the first row has names")
        record, position, feature, value = (
            row.get(name, "").strip() for name in (*_COLUMNS, "value")
        )
        feature = feature.replace(" ", "_")
        if not record or not feature:
            raise DatasetError(f"{where} names no {'feature' if record else 'record'}")
        if feature in _MEANT_OTHERWISE:
            raise DatasetError(f"{where}: {feature} {_MEANT_OTHERWISE[feature]}; leave it out")
        if not position:
            return record, feature, 0, 0, ""
        match = _POSITION.fullmatch(position)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
        if not 1 <= first <= last:
            raise DatasetError(
                f"{where}: expected a position from 1, such as 63 or 12-20, got {position!r:.40}"
            )
        return record, feature, first, last, value

    def _values(self, feature: str, values: Iterable[str]) -> tuple[str, ...]:
        kind = self._kinds[feature]
        if kind == "state":
            there = {_STATES[value] for value in values} | {"-"}
            return tuple(name for letter, name in SECONDARY_STRUCTURE.items() if letter in there)
        return tuple(sorted(values)) if kind == "range" else ("",)

    def _track(
        self, record_id: str, feature: str, rows: list[tuple[int, int, str]], n: int
    ) -> Track:
        kind, names = self._kinds[feature], self.features[feature]
        values: NDArray[Any] = np.full(
            n, {"site": False, "state": "-", "number": np.nan, "range": -1}[kind]
        )
        given: NDArray[Any] = np.full(n, "", dtype=object)
        is_given = np.zeros(n, dtype=bool)
        for first, last, value in rows:
            if last > n:
                raise DatasetError(
                    f"record {record_id}: {feature} at position {last} is outside the sequence of "
                    f"{n} residues ({self.path})"
                )
            here = slice(first - 1, last)
            if (is_given[here] & (given[here] != value)).any():
                raise DatasetError(
                    f"record {record_id}: {feature} is said twice, and differently, of position "
                    f"{first} ({self.path})"
                )
            given[here], is_given[here] = value, True
            if kind == "site":
                values[here] = value.lower() in _YES
            elif kind == "state":
                values[here] = _STATES[value]
            elif kind == "number":
                values[here] = float(value)
            else:
                values[here] = names.index(value)
        return Track(
            feature,
            kind,
            values,
            self.path.name,
            SECONDARY_STRUCTURE if kind == "state" else {},
            names if kind == "range" else (),
        )


def _kind(feature: str, values: Iterable[str], path: Path) -> str:
    values = set(values)
    if feature == "secondary_structure":
        unknown = sorted(values - set(_STATES))
        if unknown:
            raise DatasetError(
                f"{path}: secondary_structure takes helix, strand, turn, other or DSSP's letters, "
                f"and not {unknown[0]!r:.40}"
            )
        return "state"
    numbers = {value for value in values if _NUMBER.fullmatch(value)}
    if feature == "plddt":
        if values != numbers or not all(0 <= float(number) <= 100 for number in numbers):
            raise DatasetError(f"{path}: plddt takes numbers from 0 to 100")
        return "number"
    if {value.lower() for value in values} <= _YES | _NO:
        return "site"
    if values == numbers:
        raise DatasetError(
            f"{path}: {feature} has numbers, of which it is not said which to count; give classes "
            "by name, or yes and no"
        )
    if "" in values:
        raise DatasetError(
            f"{path}: {feature} has a value in some rows and none in others; give all or none"
        )
    return "range"


def _restored(state: Mapping[str, object]) -> LabelTable:
    table = LabelTable.__new__(LabelTable)
    vars(table).update(state)
    table.features = MappingProxyType(dict(state["features"]))  # type: ignore[call-overload]
    return table
