"""How far the capture of a chain has come, told to whoever follows it, layer by layer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from protvis.models import ProteinModel
    from protvis.structure import Chain

__all__ = ["CaptureStep", "following_capture", "report_step"]


@dataclass(frozen=True)
class CaptureStep:
    """One more layer of a chain, ready.

    Attributes
    ----------
    model, chain
        What runs, and over what.
    n_done : int
        How many layers are ready; 0 before the model runs.
    scores : mapping of str to float64 (n_heads + 1,)
        Scores of the heads of the last of them, the layer's mean last; empty before the first.
    """

    model: ProteinModel
    chain: Chain
    n_done: int
    scores: Mapping[str, NDArray[np.float64]]

    @property
    def n_layers(self) -> int:
        """How many layers there will be."""
        return self.model.n_layers


Follower = Callable[[CaptureStep], None]

_FOLLOWER: ContextVar[Follower | None] = ContextVar("protvis_capture_follower", default=None)


@contextmanager
def following_capture(follower: Follower) -> Iterator[None]:
    """Tell `follower` of every layer that is captured for a scene inside the block.

    It is called in the thread that runs the model, between two layers; what it raises ends the run.
    """
    token = _FOLLOWER.set(follower)
    try:
        yield
    finally:
        _FOLLOWER.reset(token)


def report_step(step: CaptureStep) -> None:
    """Tell whoever follows the capture of this context."""
    follower = _FOLLOWER.get()
    if follower is not None:
        follower(step)
