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
    """What a readout would cost, from one batch that was timed; printed, it is a sentence.

    Attributes
    ----------
    n_passes : int
        Sequences the model has to read.
    batch_size : int
        Of which so many run at once.
    seconds : float
        How long all of it would take at the pace of the batch timed.
    n_bytes : int
        Memory that the readout takes beside the model; 0 if negligible.
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
        if self.seconds < 60:
            duration = f"{self.seconds:.2g} seconds"
        else:
            duration = f"{self.seconds / 60:.2g} minutes"
            if self.seconds >= 6000:
                duration = f"{self.seconds / 3600:.2g} hours"
        memory = f", {self.n_bytes / 1e6:,.0f} MB" if self.n_bytes else ""
        return (
            f"{self.what}: {self.n_passes:,} passes in {n_batches:,} batches of "
            f"{self.batch_size}, about {duration} on {self.device}{memory}"
        )


def time_variants(
    protein: Protein, variants: Sequence[Any], batch_size: int | str
) -> tuple[int, float]:
    """Return how many variants run at once, and the seconds each takes then."""
    # What happens only once (loading the head, first buffers) is not part of the pace.
    next(protein.model.predict_residues(protein.text, batch_size=1))
    start = time.perf_counter()
    first = next(protein.model.predict_residues(protein.text, variants, batch_size=batch_size))
    return len(first), (time.perf_counter() - start) / len(first)
