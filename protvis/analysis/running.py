"""A run over a data set: chunk by chunk, with a journal, in this process or on a cluster."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from tqdm.auto import tqdm

from protvis.analysis.chunks import Chunk, Summary, count_chunk
from protvis.analysis.counters import Counters
from protvis.analysis.journal import Journal
from protvis.analysis.plan import Plan
from protvis.analysis.result import Result, Skipped
from protvis.analysis.skips import group_skips
from protvis.datasets import Dataset
from protvis.errors import DatasetError

if TYPE_CHECKING:
    from protvis.models import ProteinModel

__all__ = ["CHUNK_RECORDS", "chunk_size", "count_dataset"]

CHUNK_RECORDS = 16
"""Records in a chunk: enough that sequences of like length run together, few enough to lose."""

MANY_CHUNKS, MANY_RECORDS = 4096, 256
"""From so many chunks on chunks grow, up to so many records: each comes home and into the journal
with all counters, some ten megabytes, which hundreds a second would not."""


def count_dataset(
    dataset: Dataset,
    keys: Sequence[str],
    model: ProteinModel,
    plan: Plan,
    *,
    client: Any = None,
    resume: str | os.PathLike[str] | None = None,
    max_skipped: float = 0.1,
    progress: bool = True,
    arguments: Mapping[str, Any] | None = None,
) -> Result:
    """Count a model's attention over records of a data set.

    Parameters
    ----------
    dataset : Dataset
    keys : sequence of str
        Which records, in which order.
    model : ProteinModel
    plan : Plan
    client : dask.distributed.Client or str, optional
        A cluster, or its scheduler's address.
    resume : path, optional
        A folder for the journal; a run that finds its own journal there goes on from it.
    max_skipped : float, default 0.1
        The share of records (of all asked for) that may be skipped.
    progress : bool, default True
        Whether to show proteins, residues a second and the time left.
    arguments : mapping of str to Any, optional
        What the caller was asked for, for the provenance.

    Returns
    -------
    Result
        Not `complete` if the run was interrupted from the keyboard.

    Raises
    ------
    DatasetError
        If more records than allowed had to be skipped; the message says the commonest reasons.
    ResumeError
        If the journal is another run's.
    """
    size = chunk_size(len(keys))
    chunks = [tuple(keys[start : start + size]) for start in range(0, len(keys), size)]
    if not chunks:
        raise DatasetError(f"{dataset.name} has no records")
    about = _describe(dataset, keys, model)
    journal = None
    if resume is not None:
        journal = Journal(resume, {"plan": plan.to_dict(), "chunk_records": size, **about})
    tally = _Tally(plan, chunks, journal, max_skipped)
    complete = True
    with _progress(len(keys), tally, shown=progress) as bar:
        try:
            for number, part, summary in _run(dataset, chunks, model, plan, client, tally):
                tally.take(number, part, summary)
                bar.update(len(chunks[number]))
                bar.set_postfix_str(tally.speed(), refresh=False)
        except KeyboardInterrupt:
            complete = False
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return Result(
        plan=plan,
        counters=tally.counters,
        skipped=tuple(tally.skipped_in_order()),
        n_records=tally.n_records,
        complete=complete,
        provenance={**about, "arguments": dict(arguments or {}), "date": now},
    )


def chunk_size(n_keys: int) -> int:
    """Return the number of records in a chunk of a run over so many keys."""
    return max(CHUNK_RECORDS, min(n_keys // MANY_CHUNKS, MANY_RECORDS))


def _run(
    dataset: Dataset,
    chunks: Sequence[Sequence[str]],
    model: ProteinModel,
    plan: Plan,
    client: Any,
    tally: _Tally,
) -> Iterator[tuple[int, Counters | None, Summary]]:
    """Yield (chunk number, counters, summary) of what is not done yet, in any order.

    Counters may come later than the summary they belong to, merged with others': None until then.
    """
    todo = [number for number in range(len(chunks)) if not tally.done[number]]
    if client is not None:
        from protvis.analysis.cluster import count_on_cluster

        yield from count_on_cluster(
            client, dataset, {n: chunks[n] for n in todo}, model, plan, each=tally.journaled
        )
        return
    for number in todo:
        chunk: Chunk = count_chunk(model, dataset, chunks[number], plan)
        yield number, chunk.counters, chunk.summary


class _Tally:
    """What has been counted so far."""

    def __init__(
        self,
        plan: Plan,
        chunks: Sequence[Sequence[str]],
        journal: Journal | None,
        max_skipped: float,
    ) -> None:
        self._journal = journal
        self._allowed = max_skipped * sum(len(chunk) for chunk in chunks)
        self._n_keys = sum(len(chunk) for chunk in chunks)
        self._start, self._counted_before = time.monotonic(), 0
        self.n_records = self.n_residues = 0
        self.counters = Counters.zeros(plan)
        self.done = np.zeros(len(chunks), dtype=bool)
        # By chunk, and only of those that skipped anything: there may be millions.
        self.skipped: dict[int, list[Skipped]] = {}
        if journal is not None:
            self.counters, self.done, self.skipped, counted = journal.load(plan, len(chunks))
            self.n_records, self.n_residues = counted
            self._counted_before = self.n_residues
        self._n_skipped = sum(map(len, self.skipped.values()))
        self.n_done_before = sum(
            len(chunk) for chunk, done in zip(chunks, self.done, strict=True) if done
        )

    @property
    def journaled(self) -> bool:
        return self._journal is not None

    def take(self, number: int, part: Counters | None, summary: Summary) -> None:
        if part is not None:
            self.counters.add(part)
        if number >= 0:
            self.done[number] = True
            self.n_records += summary.n_records
            self.n_residues += summary.n_residues
            if summary.skipped:
                self.skipped[number] = list(summary.skipped)
                self._n_skipped += len(summary.skipped)
            self._check_skipped()
        if self._journal is not None:
            counted = Summary(self.n_records, self.n_residues, ())
            self._journal.save(self.counters, self.done, self.skipped, counted)

    def speed(self) -> str:
        seconds = max(time.monotonic() - self._start, 1e-9)
        return f"{(self.n_residues - self._counted_before) / seconds:,.0f} residues/s"

    def skipped_in_order(self) -> Iterator[Skipped]:
        for number in sorted(self.skipped):
            yield from self.skipped[number]

    def _check_skipped(self) -> None:
        if self._n_skipped > self._allowed:
            skipped = tuple(self.skipped_in_order())
            common = "; ".join(
                f"{len(group.records)} × {group.reason}" for group in group_skips(skipped)[:3]
            )
            raise DatasetError(
                f"{self._n_skipped} records of {self._n_keys} cannot be counted, more than "
                f"max_skipped allows: {common}. Mend the data, or raise max_skipped"
            )


def _progress(n_keys: int, tally: _Tally, *, shown: bool) -> tqdm:
    return tqdm(total=n_keys, initial=tally.n_done_before, unit="protein", disable=not shown)


def _describe(dataset: Dataset, keys: Sequence[str], model: ProteinModel) -> dict[str, Any]:
    import hashlib

    about = model.provenance
    versions = about.pop("versions")
    digest = hashlib.sha256("\n".join(keys).encode()).hexdigest()
    return {
        "model": {**about, "n_layers": model.n_layers, "n_heads": model.n_heads},
        "data": {
            "name": dataset.name,
            "fingerprint": dataset.fingerprint(),
            "n_records": len(keys),
            "records_sha256": digest,
        },
        "versions": {**versions, "numpy": np.__version__},
    }
