"""What stands in a notebook while a model runs: layers that are ready, and their heads' scores."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import anywidget
import numpy as np
import traitlets
from ipywidgets import Widget

from protvis.attention.score_table import menu
from protvis.scene.bundle import bundle_file
from protvis.scene.capture_progress import following_capture
from protvis.scene.colors import colormap

if TYPE_CHECKING:
    from protvis.scene.capture_progress import CaptureStep

__all__ = ["OpeningPanel", "opening_panel"]

_AT_ONCE = 2e9
"""A run of fewer operations is over before anyone could look."""


class OpeningPanel(anywidget.AnyWidget):
    """The head grid as it fills, with a bar.

    Parameters
    ----------
    step : CaptureStep
        The first, before the model runs.
    """

    _esm = traitlets.Unicode().tag(sync=True)
    _css = traitlets.Unicode().tag(sync=True)
    _title = traitlets.Unicode().tag(sync=True)
    _shape = traitlets.List(traitlets.Int()).tag(sync=True)
    _n_done = traitlets.Int().tag(sync=True)
    _scores = traitlets.Bytes().tag(sync=True)
    _score_title = traitlets.Unicode().tag(sync=True)
    _colors = traitlets.Bytes().tag(sync=True)

    def __init__(self, step: CaptureStep) -> None:
        # The score that the explorer's head grid opens on.
        self._score = menu(contacts=bool(step.chain.observed.any()))[0]
        self._values = np.full((step.n_layers, step.model.n_heads + 1), np.nan, "<f4")
        super().__init__(
            _esm=bundle_file("opening.js").read_text("utf-8"),
            _css=bundle_file("explorer.css").read_text("utf-8"),
            _title=f"Chain {step.chain.chain_id} · {step.model.name}",
            _shape=list(self._values.shape),
            _scores=self._values.tobytes(),
            _score_title=self._score.title,
            _colors=colormap("score").tobytes(),
        )

    def follow(self, step: CaptureStep) -> None:
        """Show one more layer."""
        self._values[step.n_done - 1] = step.scores[self._score.name]
        with self.hold_sync():
            self._scores = self._values.tobytes()
            self._n_done = step.n_done

    def close(self) -> None:
        """Close the panel wherever it is shown."""
        if isinstance(self.layout, Widget):
            self.layout.close()
        super().close()


@contextmanager
def opening_panel() -> Iterator[None]:
    """Show a panel while a model runs for a scene inside the block, if this is a notebook.

    It is shown before the model runs and gone at the end of the block, however that ends.
    """
    panels: list[tuple[OpeningPanel, Any]] = []

    def follow(step: CaptureStep) -> None:
        if step.n_done > 0:
            for panel, _ in panels[-1:]:
                panel.follow(step)
        elif _operations(step) > _AT_ONCE:
            from IPython.display import display

            panel = OpeningPanel(step)
            handle: Any = display(panel, display_id=True)  # type: ignore[no-untyped-call]
            panels.append((panel, handle))

    try:
        with following_capture(follow) if _in_notebook() else _nothing():
            yield
    finally:
        for panel, handle in panels:
            panel.close()
            # Or a saved notebook would look for the panel.
            handle.update({"text/plain": ""}, raw=True)


@contextmanager
def _nothing() -> Iterator[None]:
    yield


def _in_notebook() -> bool:
    from IPython import get_ipython

    return hasattr(get_ipython(), "kernel")


def _operations(step: CaptureStep) -> float:
    """Return about how many operations the run will take."""
    n_weights = sum(weights.numel() for weights in step.model.module.parameters())
    return 2.0 * n_weights * step.chain.n_residues
