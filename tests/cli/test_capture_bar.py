"""The bar that follows the model through its layers."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

import protvis as pv
from protvis.cli.capture_bar import capture_bar
from protvis.scene import capture_chain


class Screen(io.StringIO):
    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


@pytest.mark.parametrize("terminal", [True, False])
def test_a_terminal_shows_how_many_layers_are_ready(
    terminal: bool, demo_structure: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = pv.load_model("mini")
    chain = pv.load_structure(demo_structure).chain("A")
    screen = Screen(terminal=terminal)
    monkeypatch.setattr("sys.stderr", screen)
    with capture_bar():
        capture_chain(model, chain)
    shown = screen.getvalue()
    if not terminal:
        assert shown == ""
        return
    assert f"mini, {chain.n_residues} residues" in shown
    assert f"0/{model.n_layers}" in shown
    # It leaves nothing behind.
    assert shown.rstrip(" ").endswith("\r")
