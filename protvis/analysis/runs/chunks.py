"""A chunk of records: read, run through the model and counted by one process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from protvis.analysis.counting.counters import Counters
from protvis.analysis.counting.family_groups import FamilyGroups
from protvis.analysis.counting.plan import Plan
from protvis.analysis.counting.record_counter import RecordCounter, count_floor
from protvis.analysis.counting.result import Skipped
from protvis.analysis.splits.near_copies import NearCopies
from protvis.analysis.splits.sampling import one_line, unreadable
from protvis.annotations import PairTrack
from protvis.datasets import Dataset, Record
from protvis.datasets.lazy_tracks import AnyTrack, LazyTracks
from protvis.errors import ProtvisError

if TYPE_CHECKING:
    from protvis.models import ProteinModel

__all__ = ["Chunk", "Part", "Summary", "count_chunk", "cut_record"]


@dataclass(frozen=True)
class Summary:
    """What the coordinator needs to know about a chunk besides its counters.

    Attributes
    ----------
    n_records, n_residues : int
        Counted.
    ledger : tuple of Skipped
    """

    n_records: int
    n_residues: int
    ledger: tuple[Skipped, ...]


@dataclass(frozen=True, eq=False)
class Chunk:
    """A counted chunk."""

    counters: Counters
    summary: Summary


@dataclass(frozen=True, eq=False)
class Part:
    """News about a run's chunks for the coordinator.

    Attributes
    ----------
    summaries : mapping of int to Summary
        Of chunks that were just counted, by number.
    counters : Counters or None
        Of whole chunks; None while they stay with the workers.
    numbers : tuple of int
        The chunks in `counters`. The summaries of some may have come before.
    """

    summaries: Mapping[int, Summary] = field(default_factory=dict)
    counters: Counters | None = None
    numbers: tuple[int, ...] = ()


def count_chunk(
    model: ProteinModel,
    dataset: Dataset,
    keys: Sequence[str],
    plan: Plan,
    families: FamilyGroups | None = None,
) -> Chunk:
    """Count the records under some keys of a data set.

    The chunk is always run in the same batches, so that its counts are the same wherever and
    whenever it is counted. A record that cannot be read, labelled or run, whatever the error, is
    skipped with the reason.

    Parameters
    ----------
    model : ProteinModel
    dataset : Dataset
    keys : sequence of str
    plan : Plan
    families : FamilyGroups, optional
        Every record is a family of its own by default.
    """
    records: list[Record] = []
    ledger: list[Skipped] = []
    for key in keys:
        try:
            reading = dataset.read(key)
        except Exception as error:  # noqa: BLE001 - one bad file must not end the run
            ledger.append(Skipped(key, one_line(error)))
            continue
        ledger += [Skipped(name, reason) for name, reason in reading.skipped]
        ledger += [Skipped(name, text, "warning") for name, text in reading.warnings]
        beside = NearCopies()
        for record in reading.records:
            copy = beside.find(record.sequence)
            if copy is not None:
                ledger.append(Skipped(record.record_id, f"nearly a copy of {copy}", "warning"))
            beside.add(record.record_id, record.sequence)
            cut = cut_record(record, plan.max_residues)
            reason = unreadable(model, cut)
            if reason is None:
                records.append(cut)
            else:
                ledger.append(Skipped(record.record_id, reason))
    counters, counted = _count(model, records, plan, families, ledger)
    return Chunk(counters, Summary(len(counted), sum(r.n_residues for r in counted), tuple(ledger)))


def _count(
    model: ProteinModel,
    records: list[Record],
    plan: Plan,
    families: FamilyGroups | None,
    ledger: list[Skipped],
) -> tuple[Counters, list[Record]]:
    """Return the counters of records, and which of them were counted."""
    n_lines = len(ledger)
    with suppress(Exception):
        return _count_together(model, records, plan, families, ledger)
    # Some may have been counted before it failed: start again, one protein at a time.
    del ledger[n_lines:]
    total, counted = Counters.zeros(plan), []
    errors: list[Exception] = []
    for record in records:
        try:
            part, done = _count_together(model, [record], plan, families, ledger)
        except Exception as error:  # noqa: BLE001 - one bad record must not end the run
            errors.append(error)
            ledger.append(Skipped(record.record_id, one_line(error)))
            continue
        total.add(part)
        counted += done
    if len(errors) == len(records) > 1 and not any(isinstance(e, ProtvisError) for e in errors):
        # Not one of many records, but the machine or the model is at fault.
        raise errors[-1]
    return total, counted


def _count_together(
    model: ProteinModel,
    records: list[Record],
    plan: Plan,
    families: FamilyGroups | None,
    ledger: list[Skipped],
) -> tuple[Counters, list[Record]]:
    counter = RecordCounter(plan, records, families)
    silent = [i for i in range(len(records)) if not counter.says_something(i)]
    if silent:
        reason = "has no labels for the requested features"
        ledger += [Skipped(records[index].record_id, reason) for index in silent]
        speaking = [record for i, record in enumerate(records) if i not in silent]
        return _count_together(model, speaking, plan, families, ledger)
    if records:
        model.scan_attention(
            [record.sequence for record in records],
            counter.receive,
            floor=count_floor(plan),
            masks=[counter.masks(index) for index in range(len(records))],
        )
    return counter.total(), records


def cut_record(record: Record, max_residues: int | None) -> Record:
    """Return a record cut to its first `max_residues` residues; None cuts nothing."""
    n = max_residues
    if n is None or record.n_residues <= n:
        return record
    tracks = LazyTracks.of(record.n_residues, record.tracks).changed(n, partial(_cut_track, n=n))
    return replace(
        record,
        sequence=record.sequence[:n],
        tracks=tracks,
        coordinates=None if record.coordinates is None else record.coordinates[:n],
        observed=None if record.observed is None else record.observed[:n],
    )


def _cut_track(track: AnyTrack, n: int) -> AnyTrack:
    if isinstance(track, PairTrack):
        return replace(track, values=track.values[:n, :n])
    notes = {place: note for place, note in track.notes.items() if place < n}
    return replace(track, values=track.values[:n], notes=notes)
