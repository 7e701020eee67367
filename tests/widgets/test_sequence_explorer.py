"""An explorer of a sequence, and of the same with a structure."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import pytest

import protvis as pv
from protvis.data import ADENYLATE_KINASE, TRYPSIN
from protvis.errors import OptionError, StageError
from protvis.widgets import AttentionExplorer, StructureView

pytestmark = pytest.mark.usefixtures("bundle")


@pytest.fixture(scope="module")
def sequence() -> str:
    return pv.load_structure(TRYPSIN).chains["A"].sequence


@pytest.fixture
def explorer(sequence: str) -> Iterator[AttentionExplorer]:
    made = pv.explore(sequence, model="mini-positions", tracks={"own": range(len(sequence))})
    yield made
    made.close()


def test_a_sequence_has_no_nglview(explorer: AttentionExplorer) -> None:
    assert explorer._view is None
    with pytest.raises(StageError, match=r"shows a sequence.*add_structure"):
        _ = explorer.view
    assert explorer.view_state.camera is None
    assert explorer._repr_mimebundle_()[0]["image/png"]


@pytest.mark.parametrize("method", ["to_pymol", "to_chimerax", "snapshot"])
def test_what_takes_a_structure_says_so(
    explorer: AttentionExplorer, method: str, tmp_path: Any
) -> None:
    with pytest.raises(OptionError, match="takes a structure, and sequence is a sequence"):
        getattr(explorer, method)(tmp_path / "file.png")
    assert not list(tmp_path.iterdir())


def test_a_structure_is_added_in_one_message(
    explorer: AttentionExplorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    explorer.shown_tracks = ["own"]
    chain = pv.load_structure(TRYPSIN).chains["A"]
    query, key = (chain.find(label) for label in ("A:HIS57", "A:SER195"))
    explorer.selected_link = (f"A:{query + 1}", f"A:{key + 1}")
    explorer.layer, explorer.head = 2, 3
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(explorer, "_send", lambda message, buffers=None: sent.append(message))
    explorer.add_structure(TRYPSIN)
    updates = [message["state"] for message in sent if message["method"] == "update"]
    assert len(updates) == 1
    assert {"_scene", "_tracks", "_view", "color_by", "shown_tracks"} <= set(updates[0])
    assert explorer.scene.has_structure
    assert explorer.selected_link == ("A:HIS57", "A:SER195")
    assert explorer.selected_residues == ["A:HIS57", "A:SER195"]
    assert (explorer.layer, explorer.head, explorer.color_by) == (2, 3, "contact")
    assert {"own", "secondary structure", "binding site"} <= set(explorer.shown_tracks)
    assert isinstance(explorer.view, StructureView)
    assert explorer.head_scores()["contact_precision"].notna().all()
    assert explorer.links()["distance"].notna().all()


def test_a_structure_that_does_not_fit_changes_nothing(explorer: AttentionExplorer) -> None:
    before = explorer.scene
    with pytest.raises(OptionError, match="does not fit"), warnings.catch_warnings():
        explorer.add_structure(ADENYLATE_KINASE)
    assert explorer.scene is before
    assert explorer._view is None
