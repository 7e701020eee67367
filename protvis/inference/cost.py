"""The cost of a readout that takes many forward passes, estimated before it is computed."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from protvis.inference.protein import Protein

__all__ = ["PassEstimate", "time_variants"]


@dataclass(frozen=True)
class PassEstimate:
    """What a readout would cost, estimated from one timed batch; it prints as a sentence.

    Attributes
    ----------
    n_passes : int
        Number of sequences the model has to read.
    batch_size : int
        How many of them run at once.
    seconds : float
        How long the whole would take at the pace of the timed batch.
    n_bytes : int
        Memory that the readout needs in addition to the model; 0 if negligible.
    device : str
    what : str
        The readout.
    """

    n_passes: int
    batch_size: int
    seconds: float
    n_bytes: int
    device: str
    what: str = "readout"

    def __str__(self) -> str:
        n_batches = math.ceil(self.n_passes / self.batch_size)
        memory = f", {self.n_bytes / 1e6:,.0f} MB" if self.n_bytes else ""
        return (
            f"{self.what}: {_counted(self.n_passes, 'pass', 'passes')} in "
            f"{_counted(n_batches, 'batch', 'batches')} of {self.batch_size}, about "
            f"{_duration(self.seconds)} on {self.device}{memory}"
        )


def _counted(count: int, one: str, several: str) -> str:
    return f"{count:,} {one if count == 1 else several}"


def _duration(seconds: float) -> str:
    """Return seconds to two digits, in the unit that fits."""
    number, unit = seconds, "second"
    if seconds >= 6000:
        number, unit = seconds / 3600, "hour"
    elif seconds >= 60:
        number, unit = seconds / 60, "minute"
    text = f"{float(f'{number:.2g}'):g}"
    return f"{text} {unit}" if text == "1" else f"{text} {unit}s"


def time_variants(
    protein: Protein, variants: Sequence[Any], batch_size: int | str
) -> tuple[int, float]:
    """Return how many variants run at once, and the seconds each takes then."""
    # What happens only once (loading the head, first buffers) is not part of the pace.
    next(protein.model.predict_residues(protein.text, batch_size=1))
    start = time.perf_counter()
    first = next(protein.model.predict_residues(protein.text, variants, batch_size=batch_size))
    return len(first), (time.perf_counter() - start) / len(first)
