"""One scene of trypsin, and an explorer of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import protvis as pv
from protvis.scene import Scene, ViewState, build_scene
from protvis.widgets import AttentionExplorer


@pytest.fixture(scope="module")
def scene(demo_structure: Path) -> Scene:
    structure = pv.load_structure(demo_structure)
    return build_scene(structure, structure.chains["A"], pv.load_model("mini-positions"))


@pytest.fixture
def explorer(scene: Scene) -> Iterator[AttentionExplorer]:
    made = AttentionExplorer(scene, ViewState.open(scene))
    yield made
    made.close()
