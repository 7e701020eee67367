"""A linear probe: a logistic regression whose regularisation is chosen on proteins of its own."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from protvis.analysis.probes.probe_inputs import rows_of
from protvis.analysis.probes.probe_tasks import Labelled, Task
from protvis.errors import DatasetError

__all__ = ["STRENGTHS", "Layer", "Probe", "fit_probe", "thin"]

STRENGTHS = (0.001, 0.01, 0.1, 1.0)
"""Values of scikit-learn's ``C`` (inverse strength of the L2 penalty) that are tried."""

NEGATIVES = 10
"""Pairs without the property that are fitted on for each with it."""

MAX_ITERATIONS = 1000

_ROWS_AT_ONCE = 20_000


@dataclass(frozen=True, eq=False)
class Layer:
    """One layer's inputs.

    Attributes
    ----------
    source : str
    proteins : sequence of Labelled
    inputs : sequence of array
        One for each protein; see `protvis.analysis.probes.probe_inputs`.
    """

    source: str
    proteins: Sequence[Labelled]
    inputs: Sequence[NDArray[np.float32]]

    def part(self, places: slice) -> Layer:
        """Return some of the proteins."""
        return Layer(self.source, self.proteins[places], self.inputs[places])


class Probe:
    """A fitted regression, together with the scale of its features.

    Attributes
    ----------
    strength : float
        ``C``.
    converged : bool
        Whether the fit ended before its iterations did.
    """

    def __init__(self, x: NDArray[np.float32], y: NDArray[np.int64], strength: float) -> None:
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import LogisticRegression

        self.strength = strength
        self._mean, spread = x.mean(axis=0), x.std(axis=0)
        # A constant feature carries no information: any divisor will do.
        self._spread = np.where(spread > 0, spread, 1.0)
        self._regression = LogisticRegression(C=strength, max_iter=MAX_ITERATIONS)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            self._regression.fit((x - self._mean) / self._spread, y)
        self.converged = bool(self._regression.n_iter_.max() < MAX_ITERATIONS)

    def scores(
        self, protein: Labelled, inputs: NDArray[np.float32], task: Task, source: str
    ) -> NDArray[np.float64]:
        """Return a score (row, class) for each row of a protein, higher where more likely."""
        found = np.full((len(protein.labels), task.n_classes), -np.inf)
        for start in range(0, len(found), _ROWS_AT_ONCE):
            rows = slice(start, start + _ROWS_AT_ONCE)
            x = (rows_of(protein, inputs, source, rows) - self._mean) / self._spread
            # Not probabilities: those of clear cases are all 1 in floating point, and tie.
            decided = self._regression.decision_function(x)
            if decided.ndim == 1:
                decided = np.stack([-decided, decided], axis=1)
            found[rows, self._regression.classes_] = decided
        return found

    def statistics(self, layer: Layer, task: Task) -> tuple[list[str], NDArray[np.float64]]:
        """Return the ids of proteins that can be scored and their statistics (protein, …)."""
        names, found = [], []
        for protein, inputs in zip(layer.proteins, layer.inputs, strict=True):
            statistic = task.statistic(protein, self.scores(protein, inputs, task, layer.source))
            if statistic is not None:
                names.append(protein.record_id)
                found.append(statistic)
        if not found:
            raise DatasetError(
                "none of the proteins to score on has the property: take more (n_valid, n_test) or "
                "draw others (seed)"
            )
        return names, np.stack(found)


def fit_probe(train: Layer, valid: Layer, task: Task) -> Probe:
    """Return the probe fitted on `train` whose strength does best on `valid`.

    Equally good strengths: the strongest penalty.

    Raises
    ------
    DatasetError
        If training knows one class only, or no protein of `valid` can be scored.
    """
    y = np.concatenate([protein.labels for protein in train.proteins])
    if len(np.unique(y)) < 2:
        raise DatasetError(
            "the proteins to fit on are all of one class: take more (n_train) or draw others (seed)"
        )
    x = np.concatenate(
        [
            rows_of(protein, inputs, train.source)
            for protein, inputs in zip(train.proteins, train.inputs, strict=True)
        ]
    )
    probes = [Probe(x, y, strength) for strength in STRENGTHS]

    def on_valid(probe: Probe) -> float:
        _, statistics = probe.statistics(valid, task)
        return float(task.score(statistics.sum(axis=0))[0])

    # The first of equals: the one with the strongest penalty.
    return max(probes, key=on_valid)


def thin(proteins: Sequence[Labelled], max_rows: int, rng: np.random.Generator) -> list[Labelled]:
    """Return proteins with the rows to fit on.

    For pairs: every pair with the property, and `NEGATIVES` random others for each. For residues:
    all. If that exceeds `max_rows`, a random draw of that many.
    """
    chosen = []
    for protein in proteins:
        rows = np.arange(len(protein.labels))
        if protein.second is not None:
            hits, others = np.flatnonzero(protein.labels), np.flatnonzero(protein.labels == 0)
            n = min(NEGATIVES * max(len(hits), 1), len(others))
            rows = np.sort(np.concatenate([hits, rng.choice(others, n, replace=False)]))
        chosen.append(rows)
    n_rows = sum(map(len, chosen))
    if n_rows > max_rows:
        kept = np.zeros(n_rows, dtype=bool)
        kept[rng.choice(n_rows, max_rows, replace=False)] = True
        ends = np.cumsum([len(rows) for rows in chosen])
        chosen = [rows[part] for rows, part in zip(chosen, np.split(kept, ends[:-1]), strict=True)]
    return [protein.part(rows) for protein, rows in zip(proteins, chosen, strict=True)]
