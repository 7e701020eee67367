"""A chunk of records: read, run through the model, counted; what one process does at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from protvis.analysis.counting.counters import Counters
from protvis.analysis.counting.plan import Plan
from protvis.analysis.counting.record_counter import RecordCounter, count_floor
from protvis.analysis.counting.result import Skipped
from protvis.annotations import PairTrack, Track
from protvis.datasets import Dataset, Record
from protvis.errors import AttentionMemoryError, DatasetError, SequenceError

if TYPE_CHECKING:
    from protvis.models import ProteinModel

__all__ = ["Chunk", "Part", "Summary", "count_chunk", "cut_record"]


@dataclass(frozen=True)
class Summary:
    """What the coordinator must know of a chunk besides its counters.

    Attributes
    ----------
    n_records, n_residues : int
        Counted.
    skipped : tuple of Skipped
    """

    n_records: int
    n_residues: int
    skipped: tuple[Skipped, ...]


@dataclass(frozen=True, eq=False)
class Chunk:
    """A counted chunk."""

    counters: Counters
    summary: Summary


@dataclass(frozen=True, eq=False)
class Part:
    """What the coordinator learns of a run's chunks at a time.

    Attributes
    ----------
    summaries : mapping of int to Summary
        Of chunks that have just been counted, by their numbers.
    counters : Counters or None
        Of whole chunks; None while they stay with the workers.
    numbers : tuple of int
        The chunks in `counters`. The summaries of some may have come before.
    """

    summaries: Mapping[int, Summary] = field(default_factory=dict)
    counters: Counters | None = None
    numbers: tuple[int, ...] = ()


def count_chunk(model: ProteinModel, dataset: Dataset, keys: Sequence[str], plan: Plan) -> Chunk:
    """Count the records under some keys of a data set.

    The chunk is always run in the same batches, so that its counts are the same wherever and
    whenever it is counted.

    Parameters
    ----------
    model : ProteinModel
    dataset : Dataset
    keys : sequence of str
    plan : Plan
    """
    records: list[Record] = []
    skipped: list[Skipped] = []
    for key in keys:
        try:
            reading = dataset.read(key)
        except DatasetError as error:
            skipped.append(Skipped(key, _line(error)))
            continue
        skipped += [Skipped(name, reason) for name, reason in reading.skipped]
        for record in reading.records:
            cut = cut_record(record, plan.max_residues)
            reason = _unreadable(model, cut)
            if reason is None:
                records.append(cut)
            else:
                skipped.append(Skipped(record.record_id, reason))
    counters, counted = _count(model, records, plan, skipped)
    order = tuple(skipped)
    return Chunk(counters, Summary(len(counted), sum(r.n_residues for r in counted), order))


def _count(
    model: ProteinModel, records: list[Record], plan: Plan, skipped: list[Skipped]
) -> tuple[Counters, list[Record]]:
    counter = RecordCounter(plan, records)
    silent = {i for i in range(len(records)) if not counter.says_something(i)}
    if silent:
        for index in sorted(silent):
            name = records[index].record_id
            skipped.append(Skipped(name, "says nothing about any of the features"))
        return _count(model, [r for i, r in enumerate(records) if i not in silent], plan, skipped)
    if not records:
        return counter.total(), []
    try:
        model.scan_attention(
            [record.sequence for record in records],
            counter.receive,
            floor=count_floor(plan),
            masks=[counter.masks(index) for index in range(len(records))],
        )
    except AttentionMemoryError as error:
        if len(records) == 1:
            skipped.append(Skipped(records[0].record_id, _line(error)))
            return Counters.zeros(plan), []
        # Some of it was counted before memory ran out: start again, one protein at a time.
        total, counted = Counters.zeros(plan), []
        for record in records:
            part, done = _count(model, [record], plan, skipped)
            total.add(part)
            counted += done
        return total, counted
    return counter.total(), records


def _unreadable(model: ProteinModel, record: Record) -> str | None:
    """Return why a model cannot read a record, or None."""
    try:
        read = model.check_sequence(record.sequence)
    except SequenceError as error:
        return _line(error)
    if len(read) != record.n_residues:
        return f"the model reads {len(read)} of its {record.n_residues} letters as residues"
    return None


def cut_record(record: Record, max_residues: int | None) -> Record:
    """Return a record cut to its first `max_residues` residues; None cuts nothing."""
    n = max_residues
    if n is None or record.n_residues <= n:
        return record
    tracks = {
        name: replace(track, values=track.values[:n, :n])
        if isinstance(track, PairTrack)
        else _cut_track(track, n)
        for name, track in record.tracks.items()
    }
    return replace(
        record,
        sequence=record.sequence[:n],
        tracks=tracks,
        coordinates=None if record.coordinates is None else record.coordinates[:n],
        observed=None if record.observed is None else record.observed[:n],
    )


def _cut_track(track: Track, n: int) -> Track:
    notes = {place: note for place, note in track.notes.items() if place < n}
    return replace(track, values=track.values[:n], notes=notes)


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
