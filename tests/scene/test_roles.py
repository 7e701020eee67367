"""What an atlas says of heads crosses with the scene."""

from __future__ import annotations

from pathlib import Path

import pytest

import protvis as pv
from protvis.errors import LabelError, OptionError
from protvis.scene import open_scene


class Report:
    def __init__(self) -> None:
        self.provenance: dict[str, dict[str, str]] = {"model": {}}

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


def test_an_atlas_of_other_weights_is_refused(demo_structure: Path) -> None:
    """As those of Sapiens VH and VL, which have layers and heads alike."""
    ours, report = pv.load_model("mini"), Report()
    report.provenance = {"model": {**ours.provenance, "model": "other"}}
    scene, _ = open_scene(demo_structure, ours, atlas=report)
    assert len(scene.roles) == 2
    report.provenance["model"]["weights_sha256"] = "0" * 64
    with pytest.raises(OptionError, match="is of 'other', whose weights are not those of 'mini'"):
        open_scene(demo_structure, ours, atlas=report)
    # Files and parameters in memory have other hashes of the same numbers.
    report.provenance["model"]["weights_hashed"] = "parameters"
    open_scene(demo_structure, ours, atlas=report)
