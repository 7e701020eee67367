"""A bar on the terminal that follows the model through its layers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tqdm import tqdm

from protvis.scene.capture_progress import following_capture

if TYPE_CHECKING:
    from protvis.scene.capture_progress import CaptureStep

__all__ = ["capture_bar"]


@contextmanager
def capture_bar() -> Iterator[None]:
    """Show how many layers are ready, on standard error, if that is a terminal."""
    bars: list[tqdm] = []

    def follow(step: CaptureStep) -> None:
        if step.n_done == 0:
            name = f"{step.model.name}, {step.chain.n_residues} residues"
            bars.append(
                tqdm(total=step.n_layers, desc=name, unit="layer", disable=None, leave=False)
            )
        else:
            bars[-1].update()

    try:
        with following_capture(follow):
            yield
    finally:
        for bar in bars:
            bar.close()
