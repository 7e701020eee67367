"""What a run has counted so far, in memory and in the journal, if it has one."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from protvis.analysis.counting.counters import Counters
from protvis.analysis.counting.plan import Plan
from protvis.analysis.counting.result import Skipped
from protvis.analysis.runs.chunks import Part, Summary
from protvis.analysis.runs.interrupts import interrupts_deferred
from protvis.analysis.runs.journal import Journal
from protvis.analysis.runs.skips import group_skips
from protvis.errors import DatasetError

__all__ = ["Tally"]


class Tally:
    """The sum over a run's chunks.

    Parameters
    ----------
    plan : Plan
    chunks : sequence of sequence of str
        The keys of each.
    journal : Journal or None
        Where to go on from, and where to write after each chunk.
    max_skipped : float
        The share of all keys that may be skipped.

    Attributes
    ----------
    counters : Counters
    done : bool array (chunk,)
        The chunks that `counters` hold.
    n_records, n_residues : int
        Of these chunks.

    Raises
    ------
    DatasetError
        If the journal holds more skipped records than allowed.
    ResumeError
        If the journal is damaged.
    """

    def __init__(
        self,
        plan: Plan,
        chunks: Sequence[Sequence[str]],
        journal: Journal | None,
        max_skipped: float,
    ) -> None:
        self._journal = journal
        self._n_keys = sum(len(chunk) for chunk in chunks)
        self._allowed = max_skipped * self._n_keys
        self.n_records = self.n_residues = 0
        self.counters = Counters.zeros(plan)
        self.done: NDArray[np.bool_] = np.zeros(len(chunks), dtype=bool)
        # By chunk, and only of those that have lines in it: there may be millions of chunks.
        self._ledger: dict[int, list[Skipped]] = {}
        # Of chunks whose counters are still with the workers.
        self._away: dict[int, Summary] = {}
        if journal is not None:
            self.counters, self.done, self._ledger, counted = journal.load(plan, len(chunks))
            self.n_records, self.n_residues = counted
        self._n_skipped = sum(map(_count_skipped, self._ledger.values()))
        self._start, self._new_residues = time.monotonic(), 0
        self.n_keys_done_before = sum(
            len(chunk) for chunk, done in zip(chunks, self.done, strict=True) if done
        )
        self._check_skipped()

    @property
    def journaled(self) -> bool:
        """Whether each chunk is wanted as soon as it has been counted."""
        return self._journal is not None

    def take(self, part: Part) -> list[int]:
        """Add a part, all of it or nothing, and return the chunks that are new.

        A chunk that comes twice counts once.

        Raises
        ------
        DatasetError
            If more records were skipped than allowed.
        OutputError
            If the journal cannot be written.
        """
        with interrupts_deferred():
            new = [n for n in part.summaries if n not in self._away and not self.done[n]]
            for number in new:
                summary = self._away[number] = part.summaries[number]
                self._new_residues += summary.n_residues
                self._n_skipped += _count_skipped(summary.ledger)
            numbers = list(part.numbers)
            if part.counters is not None and not self.done[numbers].all():
                self.counters.add(part.counters)
                self.done[numbers] = True
                for number in numbers:
                    self._enter(number, self._away.pop(number))
            self._check_skipped()
            if self._journal is not None:
                counted = Summary(self.n_records, self.n_residues, ())
                self._journal.save(self.counters, self.done, self._ledger, counted)
        return new

    def _enter(self, number: int, summary: Summary) -> None:
        self.n_records += summary.n_records
        self.n_residues += summary.n_residues
        if summary.ledger:
            self._ledger[number] = list(summary.ledger)

    def speed(self) -> str:
        """Return residues a second, as text."""
        seconds = max(time.monotonic() - self._start, 1e-9)
        return f"{self._new_residues / seconds:,.0f} residues/s"

    def ledger(self, kind: str) -> tuple[Skipped, ...]:
        """Return the lines of one kind, of the chunks that are done, in their order."""
        lines = (line for number in sorted(self._ledger) for line in self._ledger[number])
        return tuple(line for line in lines if line.kind == kind)

    def _check_skipped(self) -> None:
        if self._n_skipped > self._allowed:
            raise DatasetError(
                f"{self._n_skipped} records of {self._n_keys} cannot be counted, more than "
                f"max_skipped allows: {self.reasons()}. Fix the data or raise max_skipped"
            )

    def reasons(self) -> str:
        """Return the commonest reasons for skipping records, as text."""
        away = [line for number in sorted(self._away) for line in self._away[number].ledger]
        skipped = [line for line in away if line.kind == "skipped"]
        groups = group_skips([*self.ledger("skipped"), *skipped])
        return "; ".join(f"{len(group.records)} × {group.reason}" for group in groups[:3])


def _count_skipped(lines: Iterable[Skipped]) -> int:
    return sum(line.kind == "skipped" for line in lines)
