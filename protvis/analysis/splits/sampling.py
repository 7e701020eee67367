"""Proteins drawn from a data set one at a time, with a ledger of those left out."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from protvis.analysis.counting.result import Skipped
from protvis.analysis.splits.families import Relatives
from protvis.checks import check_whole_number
from protvis.datasets import Dataset, Record
from protvis.errors import DatasetError, ProtvisError

if TYPE_CHECKING:
    from protvis.models import ProteinModel

__all__ = ["draw_distinct", "draw_records", "one_line", "shuffled_keys", "too_few", "unreadable"]

_LOG = logging.getLogger(__name__)


def shuffled_keys(dataset: Dataset, seed: int) -> list[str]:
    """Return all keys of a data set in a random order."""
    check_whole_number("seed", seed)
    keys = dataset.keys
    return [keys[place] for place in np.random.default_rng(seed).permutation(len(keys))]


def draw_records(
    dataset: Dataset,
    keys: Iterable[str],
    model: ProteinModel,
    skipped: list[Skipped],
    *,
    max_residues: int | None = None,
) -> Iterator[Record]:
    """Yield the records under keys that a model can read.

    Parameters
    ----------
    dataset : Dataset
    keys : iterable of str
    model : ProteinModel
    skipped : list of Skipped
        What is left out is added to it, with the reason.
    max_residues : int, optional
        Longer proteins are left out.
    """
    if max_residues is not None:
        check_whole_number("max_residues", max_residues, 1)
    for key in keys:
        try:
            reading = dataset.read(key)
        except Exception as error:  # noqa: BLE001 - one bad file must not end it all
            skipped.append(Skipped(key, one_line(error)))
            continue
        skipped += [Skipped(name, reason) for name, reason in reading.skipped]
        for record in reading.records:
            reason = unreadable(model, record)
            if max_residues is not None and record.n_residues > max_residues:
                reason = f"{record.n_residues} residues are more than {max_residues}"
            if reason is None:
                yield record
            else:
                skipped.append(Skipped(record.record_id, reason))


def draw_distinct(
    records: Iterable[Record],
    n: int,
    skipped: list[Skipped],
    unfit: Callable[[Record], str | None],
    held_out: Relatives,
) -> Iterator[Record]:
    """Yield the first `n` records that are fit, no two of one family.

    Parameters
    ----------
    records : iterable of Record
    n : int
    skipped : list of Skipped
        What is left out is added to it, with the reason.
    unfit : callable
        Returns why a record is of no use, or None.
    held_out : Relatives
        Relatives of these are not yielded.
    """
    known = Relatives()
    n_found = 0
    for record in records:
        copy = held_out.find(record.sequence) or known.find(record.sequence)
        try:
            reason = unfit(record) if copy is None else f"it is related to {copy}"
        except Exception as error:  # noqa: BLE001 - one bad record must not end it all
            reason = one_line(error)
        if reason is not None:
            skipped.append(Skipped(record.record_id, reason))
            continue
        known.add(record.record_id, record.sequence)
        n_found += 1
        yield record
        if n_found == n:
            return


def too_few(
    dataset: Dataset, what: str, skipped: Sequence[Skipped], *, found: int = 0, wanted: int = 1
) -> DatasetError:
    """Return the error for a data set that brings fewer proteins than are needed.

    Parameters
    ----------
    dataset : Dataset
    what : str
        Such as ``"with coordinates"``.
    skipped : sequence of Skipped
    found, wanted : int
    """
    reasons = "; ".join(f"{skip.record}: {skip.reason}" for skip in skipped[:3])
    why = f" Left out, among others: {reasons}." if reasons else ""
    return DatasetError(
        f"{dataset.name}: {found} proteins {what}, but at least {wanted} are needed.{why} Ask for "
        "fewer, or add data"
    )


def unreadable(model: ProteinModel, record: Record) -> str | None:
    """Return why a model cannot read a record, or None."""
    try:
        read = model.check_sequence(record.sequence)
    except Exception as error:  # noqa: BLE001 - any error is this record's
        return one_line(error)
    if len(read) != record.n_residues:
        return f"the model reads {len(read)} of its {record.n_residues} letters as residues"
    return None


def one_line(error: Exception) -> str:
    """Return an error in one line; an unexpected one with its type."""
    said = " ".join(str(error).split())
    if isinstance(error, ProtvisError):
        return said
    _LOG.warning("unexpected error", exc_info=error)
    return f"{type(error).__name__}: {said}"
