"""The family of each record of a data set: from its sequences, or as the user says."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from protvis.analysis.splits.families import find_families
from protvis.datasets import Dataset, Reading
from protvis.errors import OptionError, unknown_name
from protvis.input_file import text_lines, user_path

__all__ = ["MOST_RECORDS", "HeldDataset", "name_families", "read_clusters"]

MOST_RECORDS = 20_000
"""Families of more records are not computed: it would take hours."""

HELD = 256
"""Of so many keys the readings are kept, as reading structures again takes as long as before."""

Clusters = Mapping[str, Any] | str | os.PathLike[str] | None


class HeldDataset(Dataset):
    """A data set that hands out each reading it was given, and then forgets it.

    Parameters
    ----------
    dataset : Dataset
    readings : mapping of str to Reading
    """

    def __init__(self, dataset: Dataset, readings: Mapping[str, Reading]) -> None:
        self._dataset, self._readings = dataset, dict(readings)
        self.name = dataset.name
        self.keys_are_records = dataset.keys_are_records

    @property
    def keys(self) -> Sequence[str]:
        """Those of the data set."""
        return self._dataset.keys

    def read(self, key: str) -> Reading:
        """Return what lies under a key."""
        return self._readings.pop(key, None) or self._dataset.read(key)

    def look(self, key: str) -> Reading:
        """Return what lies under a key, and remember what is remembered."""
        return self._readings.get(key) or self._dataset.read(key)

    def key_of(self, record_id: str) -> str | None:
        """Return the key under which a record would be, or None."""
        return self._dataset.key_of(record_id)

    def features(self) -> Mapping[str, tuple[str, ...]]:
        """Return what the data set can be asked for."""
        return self._dataset.features()

    def fingerprint(self) -> str:
        """Return the data set's own."""
        return self._dataset.fingerprint()


def name_families(
    dataset: Dataset, keys: Sequence[str], clusters: Clusters = None, *, hold: bool = False
) -> tuple[dict[str, str], Dataset]:
    """Return the family of each record, named after its first record, and the data set.

    Parameters
    ----------
    dataset : Dataset
    keys : sequence of str
    clusters : mapping, Series or path, optional
        See `protvis.analyze`; computed from the sequences by default.
    hold : bool, default False
        Whether the data set returned may hold what was read here.

    Raises
    ------
    OptionError
        If `clusters` cannot be read, or does not name every record.
    """
    if clusters is not None:
        return _named(dataset, keys, read_clusters(clusters)), dataset
    if len(keys) > MOST_RECORDS:
        raise OptionError(
            f"families of {len(keys):,} records are not computed, it would take hours: cluster "
            "their sequences with MMseqs2 and pass its table as clusters=, or pass a mapping that "
            "gives every record a family of its own"
        )
    sequences: dict[str, str] = {}
    readings: dict[str, Reading] = {}
    for key in keys:
        try:
            reading = dataset.read(key)
        except Exception:  # noqa: BLE001 - it goes to the ledger when it is counted
            continue
        if hold and len(readings) < HELD:
            readings[key] = reading
        sequences.update((record.record_id, record.sequence) for record in reading.records)
    names = list(sequences)
    families = find_families(list(sequences.values()))
    named = {name: names[place] for name, place in zip(names, families, strict=True)}
    return named, HeldDataset(dataset, readings) if readings else dataset


def read_clusters(clusters: Clusters) -> dict[str, str]:
    """Return the cluster of each record from a mapping, a Series or a table.

    Parameters
    ----------
    clusters : mapping, Series or path
        Record ids to clusters, or a file of two columns (representative and member, parted by a
        tab, as MMseqs2 writes them).

    Raises
    ------
    OptionError
        If it is none of these, or a record is in two clusters.
    """
    import pandas as pd

    if isinstance(clusters, Mapping | pd.Series):
        pairs = [(str(record), str(cluster)) for record, cluster in clusters.items()]
    elif isinstance(clusters, str | os.PathLike):
        pairs = _table(user_path(clusters))
    else:
        raise OptionError(
            "clusters must be a mapping, a Series or the path of a table of two columns, got "
            f"{type(clusters).__name__}"
        )
    found: dict[str, str] = {}
    for record, cluster in pairs:
        if found.setdefault(record, cluster) != cluster:
            raise OptionError(
                f"clusters: record {record} is in two clusters, {found[record]} and {cluster}"
            )
    return found


def _table(path: Path) -> list[tuple[str, str]]:
    pairs = []
    for number, line in enumerate(text_lines(path, OptionError), 1):
        if not line.strip():
            continue
        columns = line.split("\t")
        if len(columns) != 2:
            raise OptionError(
                f"clusters: line {number} of {path} has {len(columns)} columns, expected two "
                "(representative, member), parted by a tab"
            )
        representative, member = (column.strip() for column in columns)
        pairs.append((member, representative))
    return pairs


def _named(dataset: Dataset, keys: Sequence[str], clusters: Mapping[str, str]) -> dict[str, str]:
    if dataset.keys_are_records:
        missing = [key for key in keys if key not in clusters]
        if missing:
            raise OptionError(
                f"clusters: {len(missing)} of {len(keys)} records are in no cluster, such as "
                f"{unknown_name('record', missing[0], clusters)}"
            )
        return {key: clusters[key] for key in keys}
    asked = set(keys)
    found = {
        record: cluster for record, cluster in clusters.items() if dataset.key_of(record) in asked
    }
    if not found:
        example = next(iter(clusters), "nothing")
        raise OptionError(
            f"clusters: no record of {dataset.name} is among them; they name such as {example}"
        )
    return found
