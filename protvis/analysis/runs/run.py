"""A run over a data set: chunk by chunk, with a journal, in this process or on a cluster."""

from __future__ import annotations

import os
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from tqdm.auto import tqdm

from protvis.analysis.counting.aligned_members import AlignedMembers
from protvis.analysis.counting.family_groups import FamilyGroups
from protvis.analysis.counting.plan import Plan
from protvis.analysis.counting.result import Result
from protvis.analysis.runs.chunks import Chunk, Part, count_chunk
from protvis.analysis.runs.journal import Journal
from protvis.analysis.runs.progress import Tally
from protvis.analysis.splits.record_families import name_families
from protvis.checks import check_share
from protvis.datasets import Dataset
from protvis.dates import date_now
from protvis.errors import DatasetError

if TYPE_CHECKING:
    from protvis.models import ProteinModel

__all__ = ["CHUNK_RECORDS", "chunk_size", "count_dataset"]

CHUNK_RECORDS = 16
"""Records in a chunk: enough that sequences of like length run together, few enough to lose."""

MANY_CHUNKS, MANY_RECORDS = 4096, 256
"""Beyond this many chunks, chunks grow to at most this many records: each is written to the journal
with all counters, some ten megabytes, which hundreds a second would not."""


def count_dataset(
    dataset: Dataset,
    keys: Sequence[str],
    model: ProteinModel,
    plan: Plan,
    *,
    families: Mapping[str, str] | None = None,
    aligned: AlignedMembers | None = None,
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
        The records to count, in this order.
    model : ProteinModel
    plan : Plan
        Its number of groups is set here to fit the families.
    families : mapping of str to str, optional
        The family of each record; computed from their sequences by default.
    aligned : AlignedMembers, optional
        Aligned members of large families, for the null ``aligned``.
    client : dask.distributed.Client or str, optional
        A cluster, or its scheduler's address.
    resume : path, optional
        A folder for the journal; a run that finds its own journal there continues from it.
    max_skipped : float, default 0.1
        The share of all requested records that may be skipped, from 0 to 1.
    progress : bool, default True
        Whether to show proteins, residues per second and the time left.
    arguments : mapping of str to Any, optional
        The arguments of the caller, for the provenance; a journal with other arguments belongs to
        another run.

    Returns
    -------
    Result
        Not `complete` if the run was interrupted from the keyboard; it then covers the chunks whose
        counters had arrived or could still be fetched from the workers.

    Raises
    ------
    DatasetError
        If more records than allowed, or all of them, had to be skipped; the message gives the most
        common reasons.
    OptionError
        If `max_skipped` is not between 0 and 1.
    ResumeError
        If the journal belongs to another run.
    """
    max_skipped = check_share("max_skipped", max_skipped)
    size = chunk_size(len(keys))
    chunks = [tuple(keys[start : start + size]) for start in range(0, len(keys), size)]
    if not chunks:
        raise DatasetError(f"{dataset.name} has no records")
    about = _describe(dataset, keys, model)
    if families is None:
        families, dataset = name_families(dataset, keys, hold=client is None)
    groups = FamilyGroups.of(families, plan, aligned)
    plan = replace(plan, n_groups=groups.n_groups, aligned=aligned.sizes if aligned else ())
    about["families"] = _digest(families)
    if aligned is not None:
        about["aligned"] = aligned.digest()
    asked = dict(arguments or {})
    journal = None
    if resume is not None:
        identity = {"arguments": asked, "plan": plan.to_dict(), "chunk_records": size, **about}
        journal = Journal(resume, identity)
    begun = date_now() if journal is None else journal.begun
    tally = Tally(plan, chunks, journal, max_skipped)
    with (
        _progress(len(keys), tally, shown=progress) as bar,
        closing(_run(dataset, chunks, model, plan, groups, client, tally)) as parts,
    ):
        try:
            for part in parts:
                bar.update(sum(len(chunks[number]) for number in tally.take(part)))
                bar.set_postfix_str(tally.speed(), refresh=False)
        except KeyboardInterrupt:
            _take_what_is_left(parts, tally)
    complete = bool(tally.done.all())
    if complete and not tally.n_records:
        raise DatasetError(
            f"none of the {len(keys)} records of {dataset.name} could be counted: "
            f"{tally.reasons() or 'they hold no proteins'}"
        )
    return Result(
        plan=plan,
        counters=tally.counters,
        skipped=tally.ledger("skipped"),
        warnings=tally.ledger("warning"),
        n_records=tally.n_records,
        complete=complete,
        provenance={**about, "arguments": asked, "date": begun},
        families=families,
    )


def chunk_size(n_keys: int) -> int:
    """Return the number of records in a chunk, for a run over `n_keys` keys."""
    return max(CHUNK_RECORDS, min(n_keys // MANY_CHUNKS, MANY_RECORDS))


def _run(
    dataset: Dataset,
    chunks: Sequence[Sequence[str]],
    model: ProteinModel,
    plan: Plan,
    families: FamilyGroups,
    client: Any,
    tally: Tally,
) -> Generator[Part, None, None]:
    """Yield what becomes known of chunks that are not done yet, in any order."""
    todo = [number for number in range(len(chunks)) if not tally.done[number]]
    if client is not None:
        from protvis.analysis.runs.cluster import count_on_cluster

        yield from count_on_cluster(
            client,
            dataset,
            {n: chunks[n] for n in todo},
            model,
            plan,
            families,
            each=tally.journaled,
        )
        return
    for number in todo:
        chunk: Chunk = count_chunk(model, dataset, chunks[number], plan, families)
        yield Part({number: chunk.summary}, chunk.counters, (number,))


def _take_what_is_left(parts: Generator[Part, None, None], tally: Tally) -> None:
    """Take what a run that was interrupted still gives back; interrupted again, leave it."""
    # Interrupted itself, it has given back all it had, and raises what is thrown into it.
    with suppress(KeyboardInterrupt):
        tally.take(parts.throw(KeyboardInterrupt()))


def _progress(n_keys: int, tally: Tally, *, shown: bool) -> tqdm:
    return tqdm(total=n_keys, initial=tally.n_keys_done_before, unit="protein", disable=not shown)


def _describe(dataset: Dataset, keys: Sequence[str], model: ProteinModel) -> dict[str, Any]:
    import hashlib

    about = model.provenance
    versions = about.pop("versions")
    digest = hashlib.sha256("\n".join(keys).encode("utf-8", "surrogatepass")).hexdigest()
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


def _digest(families: Mapping[str, str]) -> str:
    import hashlib

    lines = sorted(f"{record}\t{family}\n" for record, family in families.items())
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogatepass")).hexdigest()
