"""The panel of a notebook while a model runs."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ipywidgets.widgets import widget as registry

import protvis as pv
from protvis.widgets import opening_panel as panels

pytestmark = pytest.mark.usefixtures("bundle")


class Handle:
    """What `display` returns, and what was asked of it."""

    def __init__(self) -> None:
        self.updates: list[Any] = []

    def update(self, data: Any, *, raw: bool) -> None:
        self.updates.append((data, raw))


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, Handle]]:
    """Be a notebook, and remember what it was told to display."""
    found: list[tuple[Any, Handle]] = []

    def display(panel: Any, *, display_id: bool) -> Handle:
        assert display_id
        assert panel._n_done == 0, "shown before the model runs"
        found.append((panel, Handle()))
        return found[-1][1]

    monkeypatch.setattr(panels, "_in_notebook", lambda: True)
    monkeypatch.setattr(panels, "_AT_ONCE", 0)
    monkeypatch.setattr("IPython.display.display", display)
    return found


def test_the_head_grid_fills_layer_by_layer(
    shown: list[tuple[Any, Handle]], demo_structure: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[int, np.ndarray]] = []
    follow = panels.OpeningPanel.follow

    def watched(panel: Any, step: Any) -> None:
        follow(panel, step)
        seen.append((panel._n_done, np.frombuffer(panel._scores, "<f4").reshape(panel._shape)))

    monkeypatch.setattr(panels.OpeningPanel, "follow", watched)
    made = pv.explore(demo_structure, model="mini")
    try:
        scores = made.scene.scores["contact_precision"]
        assert [n for n, _ in seen] == list(range(1, made.model.n_layers + 1))
        for n_done, values in seen:
            np.testing.assert_array_equal(values[:n_done], scores[:n_done])
            assert np.isnan(values[n_done:]).all()
        ((panel, handle),) = shown
        assert panel.comm is None
        assert handle.updates == [({"text/plain": ""}, True)]
    finally:
        made.close()


def test_an_interrupt_leaves_no_widget_and_no_thread(
    shown: list[tuple[Any, Handle]], demo_structure: Path
) -> None:
    model = pv.load_model("mini")
    widgets, threads = set(registry._instances), set(threading.enumerate())

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    hook = model.module.encoder.layer[2].register_forward_pre_hook(interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            pv.explore(demo_structure, model=model)
    finally:
        hook.remove()
    ((panel, handle),) = shown
    assert panel._n_done == 2
    assert panel.comm is None
    assert len(handle.updates) == 1
    assert set(registry._instances) == widgets
    assert set(threading.enumerate()) <= threads
    # And all is as before.
    pv.explore(demo_structure, model=model).close()


def test_no_panel_outside_notebooks_nor_for_a_moment(
    shown: list[tuple[Any, Handle]], demo_structure: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(panels, "_in_notebook", lambda: False)
    pv.explore(demo_structure, model="mini").close()
    monkeypatch.setattr(panels, "_in_notebook", lambda: True)
    monkeypatch.setattr(panels, "_AT_ONCE", 2e9)
    pv.explore(demo_structure, model="mini").close()
    assert shown == []


def test_a_sequence_fills_the_grid_with_a_score_that_needs_no_contacts(
    shown: list[tuple[Any, Handle]], demo_structure: Path
) -> None:
    sequence = pv.load_structure(demo_structure).chains["A"].sequence
    made = pv.explore(sequence, model="mini-positions")
    try:
        ((panel, _),) = shown
        first = made.scene.menu[0]
        assert panel._score_title == first.title
        scores = np.frombuffer(panel._scores, "<f4").reshape(panel._shape)
        np.testing.assert_allclose(scores, made.scene.scores[first.name], rtol=1e-6)
    finally:
        made.close()
