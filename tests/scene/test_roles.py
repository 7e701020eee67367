"""What an atlas says of heads crosses with the scene."""

from __future__ import annotations

from pathlib import Path

import pytest

from protvis.errors import LabelError, OptionError
from protvis.scene import open_scene


class Report:
    def roles(self) -> dict[tuple[int, int], list[str]]:
        return {(1, 2): ["next"], (5, 5): ["contact", "long"]}


@pytest.mark.parametrize("atlas", [Report(), Report().roles()], ids=["report", "mapping"])
def test_roles_cross_by_their_labels(demo_structure: Path, atlas: object) -> None:
    scene, _ = open_scene(demo_structure, "mini", atlas=atlas)
    assert scene.wire()["meta"]["roles"] == [
        {"layer": 1, "head": 2, "labels": ["next"]},
        {"layer": 5, "head": 5, "labels": ["contact", "long"]},
    ]


def test_an_atlas_of_another_model_is_refused(demo_structure: Path) -> None:
    with pytest.raises(LabelError, match="layer"):
        open_scene(demo_structure, "mini", atlas={(9, 1): ["next"]})
    with pytest.raises(OptionError, match="expected atlas to be a report"):
        open_scene(demo_structure, "mini", atlas=["next"])
    scene, _ = open_scene(demo_structure, "mini")
    assert scene.wire()["meta"]["roles"] == []
