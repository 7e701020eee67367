"""What an explorer opens on, and that it leaves nothing behind."""

from __future__ import annotations

import gc
import re
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from ipywidgets.widgets.widget import _instances

import protvis as pv
from protvis.errors import LabelError, OptionError, ProtvisError, SequenceError
from protvis.models.network import Network
from protvis.scene import Scene, ViewState
from protvis.widgets import AttentionExplorer, StructureView

pytestmark = pytest.mark.usefixtures("bundle")


_others: set[threading.Thread] = set()


@pytest.fixture(autouse=True)
def _threads_of_others() -> None:
    """Explorers that other tests keep open for the whole session are not ours to count."""
    _others.clear()
    _others.update(threading.enumerate())


def view_threads() -> list[threading.Thread]:
    """Return the threads of 3D panels that began in this test."""
    now = [t for t in threading.enumerate() if t.name == "protvis-structure-view"]
    return [thread for thread in now if thread not in _others]


def open_widgets() -> set[str]:
    return set(_instances)


def test_close_frees_all_that_was_opened(scene: Scene) -> None:
    AttentionExplorer(scene, ViewState.open(scene)).close()
    before, threads = open_widgets(), set(threading.enumerate())
    for _ in range(3):
        made = AttentionExplorer(scene, ViewState.open(scene))
        assert len(view_threads()) == 1
        assert len(set(threading.enumerate()) - threads) == 1
        comms = [widget.comm for widget in (made, made.view)]
        made.close()
        assert view_threads() == []
        assert set(threading.enumerate()) == threads
        assert {_instances[identity] for identity in open_widgets() - before} == set()
        assert made.comm is None
        assert all(comm._closed for comm in comms)
        made.close()


def test_a_closed_explorer_still_answers_in_python(scene: Scene) -> None:
    made = AttentionExplorer(scene, ViewState.open(scene))
    expected = made.links()
    made.close()
    pd.testing.assert_frame_equal(made.links(), expected)
    assert len(made.head_scores()) == 18


def test_views_of_nglview_share_nothing_that_close_takes_away(scene: Scene) -> None:
    first, second = StructureView(), StructureView()
    first.close()
    assert len(view_threads()) == 1
    assert {id(part) for part in second._parts} <= {id(widget) for widget in _instances.values()}
    second.close()
    assert view_threads() == []


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"layer": 13}, LabelError),
        ({"head": 99}, LabelError),
        ({"chain": "Q"}, LabelError),
        ({"chain": 5}, OptionError),
        ({"combine": "sum"}, LabelError),
        ({"color_by": "wight"}, LabelError),
        ({"threshold": -1}, ValueError),
        ({"map": "no such map"}, LabelError),
        ({"map": ["apc"]}, OptionError),
        ({"maps": {"mine": [[1.0]]}}, ValueError),
        ({"maps": {"apc": np.eye(223)}}, LabelError),
        ({"model": "no-such-model-anywhere"}, ProtvisError),
        ({"colour_by": "weight"}, TypeError),
    ],
)
def test_a_failed_explore_leaves_nothing_behind_and_runs_no_model(
    demo_structure: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: dict[str, Any],
    error: type[Exception],
) -> None:
    monkeypatch.setattr(Network, "run", lambda *_, **__: pytest.fail("the model ran"))
    before = open_widgets()
    with pytest.raises(error):
        pv.explore(demo_structure, **{"model": "mini-positions", **arguments})
    assert open_widgets() == before
    assert view_threads() == []


def test_a_chain_alone_is_not_enough(scene: Scene) -> None:
    with pytest.raises(OptionError, match=r"Hand in the structure, and chain='A' beside it"):
        pv.explore(scene.chain, scene.model)


def test_a_sequence_too_long_is_told_what_helps_here(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = pv.load_model("mini-positions")
    monkeypatch.setattr(model, "max_residues", 100)
    monkeypatch.setattr(Network, "run", lambda *_, **__: pytest.fail("the model ran"))
    with pytest.raises(SequenceError) as raised:
        pv.explore(scene.structure, model)
    said = str(raised.value)
    assert "the sequence has 223 residues and mini-positions reads at most 100" in said
    assert re.search(
        r"a model without a fixed length \(.*ESM-2.*\), a shorter chain, or a file cut", said
    )


def test_a_view_that_does_not_fit_leaves_nothing_behind(scene: Scene) -> None:
    before = open_widgets()
    with pytest.raises(LabelError):
        AttentionExplorer(scene, ViewState(layer=99, head=1, top_k=5))
    gc.collect()
    assert open_widgets() == before
    assert view_threads() == []


@pytest.mark.parametrize(
    ("name", "suggestion"), [("colour_by", "color_by"), ("topk", "top_k"), ("heads", "head")]
)
def test_unknown_keywords_come_with_a_suggestion(
    demo_structure: Path, name: str, suggestion: str
) -> None:
    with pytest.raises(TypeError, match=f"unknown keyword argument '{name}'.*'{suggestion}'"):
        pv.explore(demo_structure, "mini-positions", **{name: 1})


def test_explore_opens_on_what_was_asked(demo_structure: Path) -> None:
    made = pv.explore(
        demo_structure,
        "mini-positions",
        chain="A",
        layer=2,
        head="mean",
        top_k=11,
        color_by="weight",
    )
    try:
        assert (made.layer, made.head, made.top_k, made.color_by) == (2, "mean", 11, "weight")
        assert made.structure.name == "1GBT"
        assert len(made.links()) == 11
        state = made.get_state()
        assert state["_view"] == f"IPY_MODEL_{made.view.model_id}"
        assert state["_scene"]["meta"]["notice"]
    finally:
        made.close()
