"""What draws the 3D panel, as Python knows it; the browser is played by setting what it would."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ipywidgets.widgets.widget import _instances

import protvis as pv
from protvis.data import TRYPSIN
from protvis.errors import OptionError, StageError
from protvis.scene.bundle import bundle_file
from protvis.widgets import AttentionExplorer, StructureView
from protvis.widgets.messages import answer_question
from protvis.widgets.stage_host import FORCED

pytestmark = pytest.mark.usefixtures("bundle")

TURNED = tuple(float(value) for value in range(16))


@pytest.fixture
def own() -> Iterator[AttentionExplorer]:
    made = pv.explore(TRYPSIN, model="mini-positions", stage="own")
    yield made
    made.close()


@pytest.fixture
def auto() -> Iterator[AttentionExplorer]:
    made = pv.explore(TRYPSIN, model="mini-positions")
    yield made
    made.close()


def test_its_own_stage_needs_no_nglview(own: AttentionExplorer) -> None:
    assert own._view is None
    with pytest.raises(StageError, match=r"because it was opened with stage='own'\. .*JupyterLab"):
        _ = own.view
    assert own.view_state.camera is None
    own._own_camera = list(TURNED)
    assert own.view_state.camera == TURNED


def test_the_camera_reaches_both_stages(auto: AttentionExplorer) -> None:
    auto.view_state = auto.view_state.changed(auto.scene, camera=TURNED)
    assert auto._own_camera == list(TURNED)
    assert auto.view._camera_orientation == list(TURNED)


def test_nglview_draws_until_the_browser_says_otherwise(auto: AttentionExplorer) -> None:
    assert isinstance(auto.view, StructureView)
    auto._own_stage = "NGLview's browser part is missing here (no manager)"
    auto._own_camera = list(TURNED)
    with pytest.raises(StageError, match=r"browser part is missing here \(no manager\)"):
        _ = auto.view
    assert auto.view_state.camera == TURNED
    auto._own_stage = ""
    assert isinstance(auto.view, StructureView)
    assert auto.view_state.camera is None


def test_a_structure_added_to_an_own_stage_stays_there() -> None:
    sequence = pv.load_structure(TRYPSIN).chains["A"].sequence
    explorer = pv.explore(sequence, model="mini-positions", stage="own")
    try:
        explorer.add_structure(TRYPSIN)
        assert explorer.scene.has_structure
        assert explorer._view is None
    finally:
        explorer.close()


def _explore(stage: str) -> AttentionExplorer:
    return pv.explore(TRYPSIN, model="mini-positions", stage=stage)


def _explore_flow(stage: str) -> AttentionExplorer:
    model = pv.load_model("mini-positions")
    maps = pv.compute_attention(model, pv.load_structure(TRYPSIN).chain("A"))
    flow = pv.attention_flow(maps, "A:HIS57", "A:SER195")
    return pv.explore_flow(TRYPSIN, flow, model, stage=stage)


def _explore_comparison(stage: str) -> AttentionExplorer:
    chain = pv.load_structure(TRYPSIN).chain("A")
    comparison = pv.compare(chain, "S195A", model="mini-positions", n_random=0)
    return pv.explore_comparison(TRYPSIN, comparison, heads=["2-3"], stage=stage)


@pytest.mark.slow
@pytest.mark.parametrize("opener", [_explore, _explore_flow, _explore_comparison])
def test_every_opener_takes_a_stage(opener: Callable[[str], AttentionExplorer]) -> None:
    made = opener("own")
    assert made._view is None
    assert made._own_stage == FORCED
    made.close()
    made = opener("auto")
    assert isinstance(made.view, StructureView)
    made.close()
    n_open = len(_instances)
    with pytest.raises(OptionError, match="unknown stage 'owm'; did you mean 'own'"):
        opener("owm")
    assert len(_instances) == n_open


def test_an_unknown_stage_is_refused_before_the_model_runs(monkeypatch: Any) -> None:
    monkeypatch.setattr("protvis.widgets.open_explorer.open_scene", pytest.fail)
    with pytest.raises(OptionError, match="unknown stage"):
        _explore("nglview")


def test_the_code_of_ngl_is_an_answer_and_no_state(own: AttentionExplorer) -> None:
    answer: Any = answer_question(own.scene, {"kind": "ngl", "id": 7})
    content, (packed,) = answer
    assert content == {"kind": "ngl", "id": 7}
    code = bundle_file("ngl.js").read_bytes()
    assert gzip.decompress(packed) == code
    assert len(packed) < 450_000
    state = own.get_state()
    assert sum(len(value) for value in state.values() if isinstance(value, str)) < 300_000
