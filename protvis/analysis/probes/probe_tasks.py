"""What a probe is asked: labels of residues or pairs, and how well a ranking or a guess does."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from protvis.analysis.counting.features import Column, label_record
from protvis.datasets import Record

__all__ = ["Labelled", "PairTask", "StateTask", "Task", "YesNoTask", "task_of"]


@dataclass(frozen=True, eq=False)
class Labelled:
    """The labels of one protein.

    Attributes
    ----------
    record_id, sequence : str
    first : int array (row,)
        Residues.
    second : int array (row,) or None
        The other residue of each pair, where pairs are asked for.
    labels : int64 array (row,)
        The class of each row: 0 and 1 for no and yes.
    """

    record_id: str
    sequence: str
    first: NDArray[np.intp]
    second: NDArray[np.intp] | None
    labels: NDArray[np.int64]

    def part(self, rows: NDArray[np.intp]) -> Labelled:
        """Return some of the rows."""
        second = None if self.second is None else self.second[rows]
        return Labelled(self.record_id, self.sequence, self.first[rows], second, self.labels[rows])


class Task(ABC):
    """What is asked, and how an answer is scored.

    Each protein gives a *statistic*, an array; statistics are added up over proteins, weighted in
    the bootstrap, and scores are made of the sum.

    Parameters
    ----------
    columns : tuple of Column
        Of one feature.
    doubled : bool
        Whether each pair counts twice in a ranking, as in a full symmetric matrix.

    Attributes
    ----------
    metrics : tuple of (str, str)
        Name and value (class) of each score; the first is the one that choices follow.
    n_classes : int
    """

    metrics: tuple[tuple[str, str], ...]
    n_classes: int = 2

    def __init__(self, columns: tuple[Column, ...], *, doubled: bool = False) -> None:
        self.columns, self.doubled = columns, doubled

    @abstractmethod
    def label(self, record: Record, cutoff: float, min_separation: int) -> Labelled | None:
        """Return a record's labels, None where it has none.

        Parameters
        ----------
        record : Record
        cutoff : float, Å
        min_separation : int
            The definition of a contact.
        """

    @abstractmethod
    def statistic(
        self, protein: Labelled, scores: NDArray[np.floating]
    ) -> NDArray[np.float64] | None:
        """Return a protein's statistic, None where it is undefined.

        Parameters
        ----------
        protein : Labelled
        scores : array (row, class)
            Higher where more likely.
        """

    @abstractmethod
    def score(self, total: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the scores (…, metric) of sums of statistics.

        Parameters
        ----------
        total : float64 array (…, *statistic)
            Sums over proteins; leading axes, such as replicates, are kept.
        """

    @abstractmethod
    def background(
        self, proteins: Sequence[Labelled], shares: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return what scores (metric,) are expected without knowing anything of the protein.

        Parameters
        ----------
        proteins : sequence of Labelled
            Those that are scored.
        shares : float64 array (class,)
            Shares of the classes in training.
        """


class StateTask(Task):
    """Which of several states a residue is in; the F1 of each state, and their mean.

    F1 = 2 TP / (2 TP + FP + FN) over the residues of all proteins, NaN for a state that neither is
    there nor was guessed; such states do not count in the mean.
    """

    def __init__(self, columns: tuple[Column, ...], *, doubled: bool = False) -> None:
        super().__init__(columns, doubled=doubled)
        self.n_classes = len(columns)
        self.metrics = (("macro F1", ""), *(("F1", column.value) for column in columns))

    def label(self, record: Record, cutoff: float, min_separation: int) -> Labelled | None:
        """Return the states of the residues that are in one, None where no state is known."""
        groups, _ = label_record(record, self.columns, cutoff=cutoff, min_separation=min_separation)
        if not groups:
            return None
        hits = groups[0].hits & groups[0].known
        places = np.flatnonzero(hits.any(axis=0))
        labels = hits[:, places].argmax(axis=0).astype(np.int64)
        return Labelled(record.record_id, record.sequence, places, None, labels)

    def statistic(self, protein: Labelled, scores: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the confusion matrix (truth, guess)."""
        counts = np.zeros((self.n_classes, self.n_classes))
        np.add.at(counts, (protein.labels, scores.argmax(axis=1)), 1)
        return counts

    def score(self, total: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the mean F1 and that of each state, (…, metric), of confusion matrices."""
        right = np.diagonal(total, axis1=-2, axis2=-1)
        either = total.sum(-1) + total.sum(-2)
        of_class = np.divide(2 * right, either, out=np.full(right.shape, np.nan), where=either > 0)
        there = either > 0
        n_there = there.sum(-1, keepdims=True)
        summed = np.where(there, of_class, 0.0).sum(-1, keepdims=True)
        macro = np.divide(summed, n_there, out=np.full(summed.shape, np.nan), where=n_there > 0)
        return np.concatenate([macro, of_class], axis=-1)

    def background(
        self, proteins: Sequence[Labelled], shares: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return the F1 of guessing at random with the shares of training."""
        labels = np.concatenate([protein.labels for protein in proteins])
        truth = np.bincount(labels, minlength=self.n_classes) / len(labels)
        either = truth + shares
        of_class = np.divide(
            2 * truth * shares, either, out=np.full(either.shape, np.nan), where=either > 0
        )
        return np.append(np.nanmean(of_class), of_class)


class _Ranked(Task):
    """The precision of the highest-ranked rows: the mean over proteins that have hits at all."""

    divisor: int

    def statistic(
        self, protein: Labelled, scores: NDArray[np.floating]
    ) -> NDArray[np.float64] | None:
        """Return the precision of the top rows and 1, to be averaged; None without any hit."""
        if not protein.labels.any():
            return None
        # Ties in the order of the rows.
        hits = protein.labels[np.argsort(-scores[:, 1], kind="stable")]
        if self.doubled:
            hits = np.repeat(hits, 2)
        return np.array([hits[: max(len(protein.sequence) // self.divisor, 1)].mean(), 1.0])

    def score(self, total: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the mean precision over the proteins that were added up."""
        part, n = total[..., :1], total[..., 1:]
        return np.divide(part, n, out=np.full(part.shape, np.nan), where=n > 0)

    def background(
        self, proteins: Sequence[Labelled], shares: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return the mean share of hits among the rows of proteins that have any."""
        found = [protein.labels.mean() for protein in proteins if protein.labels.any()]
        return np.array([np.mean(found) if found else np.nan])


class YesNoTask(_Ranked):
    """Whether a residue has a property; precision of the top L/20 residues."""

    divisor = 20
    metrics = (("precision at L/20", ""),)

    def label(self, record: Record, cutoff: float, min_separation: int) -> Labelled | None:
        """Return yes or no for each residue of which it is known, None where it is of none."""
        groups, _ = label_record(record, self.columns, cutoff=cutoff, min_separation=min_separation)
        if not groups or not groups[0].known.any():
            return None
        places = np.flatnonzero(groups[0].known)
        labels = groups[0].hits[0, places].astype(np.int64)
        return Labelled(record.record_id, record.sequence, places, None, labels)


class PairTask(_Ranked):
    """Whether a pair has a property; precision of the top L/5 pairs, each counted once."""

    divisor = 5
    metrics = (("precision at L/5", ""),)

    def label(self, record: Record, cutoff: float, min_separation: int) -> Labelled | None:
        """Return yes or no for each pair i < j that could have it, None where none could."""
        _, groups = label_record(record, self.columns, cutoff=cutoff, min_separation=min_separation)
        if not groups:
            return None
        eligible = np.triu(groups[0].eligible, k=1)
        first, second = np.nonzero(eligible)
        if not len(first):
            return None
        hits = groups[0].hits | groups[0].hits.T
        labels = hits[first, second].astype(np.int64)
        return Labelled(record.record_id, record.sequence, first, second, labels)


def task_of(columns: tuple[Column, ...], *, doubled: bool) -> Task:
    """Return the task that a feature's columns ask.

    Parameters
    ----------
    columns : tuple of Column
        Of one feature.
    doubled : bool
        Whether a ranking of pairs counts each twice; see `Task`.
    """
    if columns[0].kind == "pair":
        return PairTask(columns, doubled=doubled)
    kind = StateTask if len(columns) > 1 else YesNoTask
    return kind(columns)
