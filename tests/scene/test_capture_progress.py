"""What is told of a capture while it runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import protvis as pv
from protvis.scene import capture_chain
from protvis.scene.capture_progress import CaptureStep, following_capture


def test_every_layer_is_told_with_its_scores(demo_structure: Path) -> None:
    model = pv.load_model("mini")
    chain = pv.load_structure(demo_structure).chain("A")
    steps: list[CaptureStep] = []
    with following_capture(steps.append):
        found = capture_chain(model, chain)
    assert [step.n_done for step in steps] == list(range(model.n_layers + 1))
    assert {step.n_layers for step in steps} == {model.n_layers}
    assert steps[0].scores == {}
    for layer, step in enumerate(steps[1:]):
        assert set(step.scores) == set(found.scores)
        for name, values in step.scores.items():
            np.testing.assert_array_equal(values.astype(np.float32), found.scores[name][layer])
    # Nobody follows any more.
    capture_chain(model, chain)
    assert len(steps) == model.n_layers + 1


def test_who_follows_can_stop_the_run(demo_structure: Path) -> None:
    model = pv.load_model("mini")
    chain = pv.load_structure(demo_structure).chain("A")

    def stop(step: CaptureStep) -> None:
        if step.n_done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), following_capture(stop):
        capture_chain(model, chain)
    assert capture_chain(model, chain).links.n_entries == model.n_layers * (model.n_heads + 1)
