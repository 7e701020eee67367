"""The scene of the bundled trypsin, made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from protvis.scene import Scene, build_scene


@pytest.fixture(scope="session")
def demo_scene(demo_structure: Path) -> Scene:
    from protvis.models import load_model
    from protvis.structure import load_structure

    structure = load_structure(demo_structure)
    return build_scene(
        structure, next(iter(structure.chains.values())), load_model("mini-positions")
    )
