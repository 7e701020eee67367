"""Members of a family side by side: by alignment, or by a numbering that the data bring."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from protvis.analysis.counting.aligned_members import AlignedGroup, AlignedMembers
from protvis.analysis.counting.features import Column, label_record
from protvis.analysis.counting.plan import Plan
from protvis.analysis.splits.record_families import HeldDataset
from protvis.annotations import NumberTrack, RangeTrack, StateTrack, Track
from protvis.datasets import Dataset, Record
from protvis.errors import OptionError, unknown_name
from protvis.structure.sequence_alignment import align_sequences

__all__ = ["COPY", "MIN_MEMBERS", "RELATED", "Alignment", "align_records"]

RELATED, COPY, COVERED = 0.40, 0.90, 0.80
"""Least identity with the first of a group, over at least this share of the shorter chain; from
`COPY` on two members are near copies, of which the first counts."""

MIN_MEMBERS, MOST_MEMBERS = 8, 100
"""Members without near copies that a group needs, and those it has at most."""

MOST_READ, MOST_GROUPS = 400, 12
"""Records of a family that are read, and groups looked for in it."""

_MOST_LABELS = 2**27
"""Labels of pairs that a group may hold for each column."""

Placed = NDArray[np.int32]


class Alignment(NamedTuple):
    """Members of families side by side, and what is independent in them.

    Attributes
    ----------
    members : AlignedMembers
    units : dict of str to str
        The family of each record; of the members of a group a family each, near copies together.
    """

    members: AlignedMembers
    units: dict[str, str]


@dataclass
class _Group:
    """Records laid on the first of them, or on the labels of a numbering."""

    first: Record
    labels: dict[str, int] = field(default_factory=dict)
    records: list[Record] = field(default_factory=list)
    places: list[Placed] = field(default_factory=list)

    @property
    def n_places(self) -> int:
        return len(self.labels) or self.first.n_residues


def align_records(
    dataset: Dataset,
    families: Mapping[str, str],
    plan: Plan,
    position: str | None = None,
) -> Alignment | None:
    """Lay the members of large families side by side, if most records are in such families.

    Within a family, records of at least 40 % identity with the first of them make a group (the
    heavy and the light chains of antibodies are two groups of one family), and all are aligned with
    it, or matched by a numbering. Groups of at least 8 members, near copies (90 % identity) not
    counted, are kept, if they have more than half of the records.

    Parameters
    ----------
    dataset : Dataset
    families : mapping of str to str
        The family of each record.
    plan : Plan
    position : str, optional
        The name of a track that numbers the residues alike in all members; an alignment by default.

    Returns
    -------
    Alignment or None
        None if there are too few in such groups.

    Raises
    ------
    OptionError
        If `position` is given and no family is large enough, or no record has such a track.
    """
    sizes = Counter(families.values())
    large = [family for family, n in sizes.items() if n >= MIN_MEMBERS]
    groups: list[AlignedGroup] = []
    units = dict(families)
    n_aligned = 0.0
    records: list[Record] = []
    if 2 * sum(sizes[family] for family in large) > len(families):
        for family in large:
            names = [name for name, of in families.items() if of == family]
            records = list(_records(dataset, _drawn(names, MOST_READ)))
            found = 0
            for group in _groups(records, position, plan.max_residues):
                kept, copies = _distinct(group)
                members = _labelled(group, kept, plan)
                if len(members.members) < MIN_MEMBERS:
                    continue
                groups.append(members)
                units.update(copies)
                found += len(group.records)
            n_aligned += found / max(len(records), 1) * len(names)
            if found and len(names) > MOST_READ:
                read_names = {record.record_id for record in records}
                units.update((name, name) for name in names if name not in read_names)
    if 2 * n_aligned > len(families):
        return Alignment(AlignedMembers(tuple(groups)), units)
    if position is not None:
        if records and not any(_is_numbered(record, position) for record in records):
            tracks = unknown_name("track", position, records[0].tracks)
            raise OptionError(f"position names a track that numbers residues: {tracks}")
        raise OptionError(
            f"position={position!r} needs a family of at least {MIN_MEMBERS} members numbered by "
            f"it, near copies not counted, with most of the {len(families)} records"
        )
    return None


def _drawn(names: Sequence[str], n: int) -> list[str]:
    """Return at most `n` names, the same whatever their order, in the order given."""
    if len(names) <= n:
        return list(names)
    chosen = set(sorted(names, key=lambda name: hashlib.sha256(name.encode()).digest())[:n])
    return [name for name in names if name in chosen]


def _records(dataset: Dataset, names: Sequence[str]) -> Iterator[Record]:
    wanted = set(names)
    read = dataset.look if isinstance(dataset, HeldDataset) else dataset.read
    for key in dict.fromkeys(dataset.key_of(name) for name in names):
        try:
            records = read(key).records if key is not None else ()
        except Exception:  # noqa: BLE001 - it goes to the ledger when it is counted
            continue
        yield from (record for record in records if record.record_id in wanted)


def _groups(records: Sequence[Record], position: str | None, most: int | None) -> list[_Group]:
    groups: list[_Group] = []
    for record in records:
        if position is None:
            match: Callable[[_Group, Record, str], Placed | None] = _match_by_alignment
        elif _is_numbered(record, position):
            match = _match_by_numbers
        else:
            continue
        for group in groups:
            place = match(group, record, position or "")
            if place is not None:
                break
        else:
            if len(groups) == MOST_GROUPS:
                continue
            group = _Group(record)
            groups.append(group)
            place = match(group, record, position or "")
        if place is not None:
            if most is not None:
                place[most:] = -1
            group.records.append(record)
            group.places.append(place)
    return groups


def _is_numbered(record: Record, position: str) -> bool:
    with suppress(Exception):  # it goes to the ledger when it is counted
        return isinstance(record.tracks.get(position), Track)
    return False


def _match_by_alignment(group: _Group, record: Record, _: str) -> Placed | None:
    place = np.full(record.n_residues, -1, dtype=np.int32)
    there, own = align_sequences(group.first.sequence, record.sequence).T
    place[own] = there
    return place if _is_related(group.first.sequence, record.sequence, there, own) else None


def _match_by_numbers(group: _Group, record: Record, position: str) -> Placed | None:
    known = dict(_numbers(group.first, position))
    own = _numbers(record, position)
    shared = [(known[label], index) for label, index in own if label in known]
    there, here = np.array(shared, dtype=np.intp).reshape(-1, 2).T
    if not _is_related(group.first.sequence, record.sequence, there, here):
        return None
    place = np.full(record.n_residues, -1, dtype=np.int32)
    for label, index in own:
        place[index] = group.labels.setdefault(label, len(group.labels))
    return place


def _numbers(record: Record, position: str) -> list[tuple[str, int]]:
    """Return the label of each residue that has one; of residues with the same label the first."""
    track = record.tracks[position]
    if isinstance(track, NumberTrack):
        texts = ["" if np.isnan(value) else repr(float(value)) for value in track.values]
    elif isinstance(track, RangeTrack):
        texts = track.texts()
    elif isinstance(track, StateTrack):
        texts = track.values.tolist()
    else:
        raise OptionError(
            f"position={position!r} must number residues, got a track of kind {track.kind!r}"
        )
    first = {text: index for index, text in reversed(list(enumerate(texts))) if text}
    return sorted(first.items(), key=lambda item: item[1])


def _is_related(first: str, second: str, there: NDArray[np.intp], own: NDArray[np.intp]) -> bool:
    if len(own) < COVERED * min(len(first), len(second)):
        return False
    same = sum(first[i] == second[j] for i, j in zip(there, own, strict=True))
    return same >= RELATED * len(own)


def _distinct(group: _Group) -> tuple[list[int], dict[str, str]]:
    """Return which records are no near copies of earlier ones, and whose copy each record is."""
    letters = np.zeros((len(group.records), group.n_places), dtype="U1")
    kept: list[int] = []
    copies: dict[str, str] = {}
    for number, (record, place) in enumerate(zip(group.records, group.places, strict=True)):
        letters[number, place[place >= 0]] = np.array(list(record.sequence))[place >= 0]
        others = letters[kept]
        shared = (others != "") & (letters[number] != "")
        same = (shared & (others == letters[number])).sum(axis=1)
        copy = np.flatnonzero(
            (same >= COPY * shared.sum(axis=1)) & (2 * same > (letters[number] != "").sum())
        )
        if len(copy):
            copies[record.record_id] = group.records[kept[copy[0]]].record_id
        else:
            copies[record.record_id] = record.record_id
            kept.append(number)
    return kept, copies


def _labelled(group: _Group, kept: Sequence[int], plan: Plan) -> AlignedGroup:
    """Return the members kept with their labels, without those whose tracks cannot be made."""
    n_places = group.n_places
    most = max(MIN_MEMBERS, min(MOST_MEMBERS, _MOST_LABELS // n_places**2))
    chosen = set(_drawn([group.records[number].record_id for number in kept], most))
    kept = [number for number in kept if group.records[number].record_id in chosen]
    residues: dict[Column, NDArray[np.bool_]] = {}
    pairs: dict[Column, NDArray[np.bool_]] = {}
    members: list[int] = []
    for number in kept:
        place = group.places[number]
        own = np.flatnonzero(place >= 0)
        at = place[own]
        try:
            of_residues, of_pairs = label_record(
                group.records[number],
                plan.columns,
                cutoff=plan.cutoff,
                min_separation=plan.min_separation,
            )
        except Exception:  # noqa: BLE001 - it goes to the ledger when it is counted
            continue
        member = len(members)
        members.append(number)
        for labels in of_residues:
            for row, column in enumerate(labels.columns):
                found = residues.setdefault(
                    plan.columns[column], np.zeros((2, n_places, len(kept)), dtype=bool)
                )
                known = labels.known[own]
                found[:, at, member] = labels.hits[row, own] & known, known
        for pair in of_pairs:
            found = pairs.setdefault(
                plan.columns[pair.column],
                np.zeros((2, n_places, n_places, len(kept)), dtype=bool),
            )
            grid, of_own = np.ix_(at, at), np.ix_(own, own)
            found[0][(*grid, member)] = pair.hits[of_own]
            found[1][(*grid, member)] = pair.eligible[of_own]
    n = len(members)
    return AlignedGroup(
        tuple(group.records[number].record_id for number in members),
        tuple(group.places[number] for number in members),
        {column: (found[0, ..., :n], found[1, ..., :n]) for column, found in residues.items()},
        {column: (found[0, ..., :n], found[1, ..., :n]) for column, found in pairs.items()},
    )
