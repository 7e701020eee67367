"""The explorer's Python half, with the browser played by setting what it would set."""

from __future__ import annotations

import base64
import gzip
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import traitlets
from ipywidgets import IntSlider

from protvis.errors import LabelError, ProtvisError
from protvis.inference import compute_attention
from protvis.scene import Scene, ViewState
from protvis.widgets import AttentionExplorer

pytestmark = pytest.mark.usefixtures("bundle")


def changes(explorer: AttentionExplorer, *names: str) -> list[tuple[str, Any]]:
    """Return a list that fills with the changes of traits, in their order."""
    seen: list[tuple[str, Any]] = []
    explorer.observe(lambda change: seen.append((change["name"], change["new"])), list(names))
    return seen


# -- what the browser does reaches the public traits -----------------------


def test_a_selection_in_the_browser(explorer: AttentionExplorer) -> None:
    seen = changes(explorer, "selected_residues")
    explorer._selection = {"chain": "A", "residues": [40, 85]}
    labels = explorer.chain.residue_labels
    assert explorer.selected_residues == [labels[40], labels[85]]
    assert seen == [("selected_residues", [labels[40], labels[85]])]
    explorer._selection = {"chain": "A", "residues": []}
    assert explorer.selected_residues == []


def test_a_link_and_a_hover_in_the_browser(explorer: AttentionExplorer) -> None:
    labels = explorer.chain.residue_labels
    explorer._selected_link = [85, 40]
    assert explorer.selected_link == (labels[85], labels[40])
    assert explorer.selected_residues == [labels[40], labels[85]]
    explorer._hovered = 7
    assert explorer.hovered_residue == labels[7]
    explorer._selected_link = None
    explorer._hovered = None
    assert explorer.selected_link is None
    assert explorer.hovered_residue is None


def test_the_browsers_state_is_set_as_a_message_sets_it(explorer: AttentionExplorer) -> None:
    seen = changes(explorer, "layer", "head", "partners", "selected_residues")
    explorer.set_state(
        {"layer": 2, "head": 3, "partners": 7, "_selection": {"chain": "A", "residues": [3]}}
    )
    assert (explorer.layer, explorer.head, explorer.partners) == (2, 3, 7)
    assert explorer.selected_residues == [explorer.chain.residue_labels[3]]
    assert {name for name, _ in seen} >= {"head", "partners", "selected_residues"}
    assert len(explorer.links()) == 7


# -- what Python sets reaches the browser's traits -------------------------


def test_a_selection_in_python(explorer: AttentionExplorer) -> None:
    seen = changes(explorer, "_selection")
    explorer.selected_residues = ["A:ASP102", "his57", "57"]
    catalytic = [explorer.chain.find("HIS57"), explorer.chain.find("ASP102")]
    assert explorer._selection == {"chain": "A", "residues": catalytic}
    assert explorer.selected_residues == ["A:HIS57", "A:ASP102"]
    assert len(seen) == 1
    explorer.selected_residues = ["A:HIS57", "A:ASP102"]
    assert len(seen) == 1


def test_a_link_and_a_hover_in_python(explorer: AttentionExplorer) -> None:
    explorer.selected_link = ("ser195", "A:HIS57")
    assert explorer.selected_link == ("A:SER195", "A:HIS57")
    assert explorer._selected_link == [explorer.chain.find("195"), explorer.chain.find("57")]
    explorer.hovered_residue = "57"
    assert explorer.hovered_residue == "A:HIS57"
    assert explorer._hovered == explorer.chain.find("57")


# -- one rule for what is selected, whoever sets it (also in js/src/model/state.test.ts) --


@pytest.fixture
def sent(explorer: AttentionExplorer, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Return a list that fills with what crosses to the browser, one dict for each message."""
    messages: list[dict[str, Any]] = []

    def send(message: dict[str, Any], buffers: Any = None) -> None:
        # ipywidgets also repeats what a browser said, for the other views of a notebook.
        if message["method"] == "update":
            messages.append(message["state"])

    monkeypatch.setattr(explorer, "_send", send)
    return messages


def selected(explorer: AttentionExplorer) -> tuple[list[str], Any, list[int], Any]:
    """Return the residues and the link, as Python has them and as they cross."""
    residues = explorer._selection["residues"]
    return explorer.selected_residues, explorer.selected_link, residues, explorer._selected_link


def test_a_link_set_in_python_selects_its_residues_in_one_message(
    explorer: AttentionExplorer, sent: list[dict[str, Any]]
) -> None:
    his, ser = (int(explorer.chain.find(label)) for label in ("HIS57", "SER195"))
    explorer.selected_link = ("SER195", "HIS57")
    link = ("A:SER195", "A:HIS57")
    assert selected(explorer) == (["A:HIS57", "A:SER195"], link, [his, ser], [ser, his])
    both = {"_selection": {"chain": "A", "residues": [his, ser]}, "_selected_link": [ser, his]}
    assert sent == [both]
    explorer.selected_link = link
    explorer.selected_residues = ["A:SER195", "A:HIS57"]
    assert selected(explorer) == (["A:HIS57", "A:SER195"], link, [his, ser], [ser, his])
    assert sent == [both]


@pytest.mark.parametrize("residues", [["A:SER195"], [], ["A:HIS57", "A:ASP102", "A:SER195"]])
def test_other_residues_set_in_python_unselect_the_link_in_one_message(
    explorer: AttentionExplorer, sent: list[dict[str, Any]], residues: list[str]
) -> None:
    explorer.selected_link = ("A:SER195", "A:HIS57")
    sent.clear()
    explorer.selected_residues = residues
    indices = [int(explorer.chain.find(label)) for label in residues]
    assert selected(explorer) == (residues, None, indices, None)
    assert sent == [
        {"_selection": {"chain": "A", "residues": indices}, "_selected_link": None},
    ]


def test_no_link_leaves_the_residues(
    explorer: AttentionExplorer, sent: list[dict[str, Any]]
) -> None:
    explorer.selected_link = ("A:SER195", "A:HIS57")
    sent.clear()
    explorer.selected_link = None
    assert explorer.selected_residues == ["A:HIS57", "A:SER195"]
    assert sent == [{"_selected_link": None}]


@pytest.mark.parametrize(
    "state",
    [
        {"head": "x"},
        {"layer": 10**400},
        {"min_separation": -1},
        {"map": "</script>"},
        {"color_by": "x", "layer": 2},
        {"_selection": {"chain": "A", "residues": [10**9]}},
        {"_selection": {"chain": "A"}, "head": 3},
        {"_selected_link": [1, 2, 3]},
        {"_selected_link": [[1], [2]]},
        {"_selected_block": [1]},
        {"_hovered": -1},
    ],
)
def test_what_a_page_cannot_mean_changes_nothing(
    explorer: AttentionExplorer, sent: list[dict[str, Any]], state: dict[str, Any]
) -> None:
    """It stayed, and ended `links()`."""
    before, links = explorer.view_state, explorer.links()
    held = explorer.get_state(list(state))
    with pytest.raises(ProtvisError, match=r"."):
        explorer.set_state(state)
    assert explorer.view_state == before
    pd.testing.assert_frame_equal(explorer.links(), links)
    # The page is told what holds.
    assert sent == [held]


def test_clicks_in_the_browser_reach_both_and_send_nothing_back(
    explorer: AttentionExplorer, sent: list[dict[str, Any]]
) -> None:
    explorer.selected_link = ("A:SER195", "A:HIS57")
    labels = explorer.chain.residue_labels
    seen: list[Any] = []
    explorer.observe(
        lambda _: seen.append((explorer.selected_residues, explorer.selected_link)),
        ["selected_residues", "selected_link"],
    )
    sent.clear()
    another = {"_selection": {"chain": "A", "residues": [40, 85]}, "_selected_link": [85, 40]}
    explorer.set_state(another)
    expected = [labels[40], labels[85]], (labels[85], labels[40])
    assert selected(explorer) == (*expected, [40, 85], [85, 40])
    residue = {"_selection": {"chain": "A", "residues": [3]}, "_selected_link": None}
    explorer.set_state(residue)
    assert selected(explorer) == ([labels[3]], None, [3], None)
    # Whoever listens to one finds the other changed, too.
    assert seen == [expected, expected, ([labels[3]], None), ([labels[3]], None)]
    assert sent == []


@pytest.mark.parametrize(
    ("trait", "value", "message"),
    [
        ("layer", 3, "layers 1 to 2"),
        ("layer", 0, "labels count from 1"),
        ("head", 9, "heads 1 to 8"),
        ("head", "best", "'mean', got 'best'"),
        ("top_k", 0, "from 1 to 5000"),
        ("threshold", -0.5, "at least 0"),
        ("threshold", 2, "at most 1"),
        ("min_separation", -1, "from 0 to 223"),
        ("combine", "maxi", "did you mean 'max'"),
        ("color_by", "wight", "did you mean 'weight'"),
        ("map", "attentoin", "did you mean 'attention'"),
        ("selected_residues", ["A:HIS57", "A:HIS9999"], "no residue 'A:HIS9999'"),
        ("selected_residues", ["B:HIS57"], "names chain 'B'"),
        ("selected_link", ("A:HIS57", "A:XXX1"), "no residue"),
        ("hovered_residue", "nothing", "expected a residue label"),
        ("_selection", {"chain": "B", "residues": []}, "chain 'B'"),
        ("_selection", {"chain": "A", "residues": [223]}, "not in 0 to 222"),
        ("_selected_link", [0, -1], "not in 0 to 222"),
    ],
)
def test_what_is_refused_changes_nothing(
    explorer: AttentionExplorer, trait: str, value: Any, message: str
) -> None:
    explorer.selected_residues = ["A:SER195"]
    before = {name: getattr(explorer, name) for name in explorer.trait_names() if name != "comm"}
    with pytest.raises(ProtvisError) as raised:
        setattr(explorer, trait, value)
    assert message in str(raised.value)
    after = {name: getattr(explorer, name) for name in before}
    assert after == before


@pytest.mark.parametrize(
    ("trait", "value", "message"),
    [
        ("layer", "x", "layer must be a whole number from 1 to 2, got 'x'"),
        ("layer", 1.0, "layer must be a whole number from 1 to 2, got 1.0"),
        ("head", None, "head must be a whole number from 1 to 8 or 'mean', got None"),
        ("top_k", 2.5, "top_k must be a whole number from 1 to 5000, got 2.5"),
        ("threshold", "x", "got 'x'"),
        ("combine", 3, "unknown combine '3'; there are max, mean, directed"),
        ("map", 3, "map must be the name of a kind of map, got 3"),
        ("selected_residues", [57], "a list of residue labels such as ['A:HIS57'], got [57]"),
        ("selected_residues", 57, "a list of residue labels such as ['A:HIS57'], got 57"),
        ("selected_link", ("A:HIS57",), "two residues, (query, key), or None, got ('A:HIS57',)"),
        ("hovered_residue", 57, "a residue label such as 'A:HIS57', or None, got 57"),
        ("shown_tracks", 5, "a list of names of tracks, got 5"),
        ("cartoon_by", None, "the name of a track, or '' for plain, got None"),
        ("show_copies", "yes", "show_copies must be True or False, got 'yes'"),
    ],
)
def test_values_of_another_type(
    explorer: AttentionExplorer, trait: str, value: Any, message: str
) -> None:
    before = getattr(explorer, trait)
    with pytest.raises(ProtvisError) as raised:
        setattr(explorer, trait, value)
    assert message in str(raised.value)
    assert "trait" not in str(raised.value)
    assert getattr(explorer, trait) == before


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("treshold", "threshold"),
        ("topk", "top_k"),
        ("colour_by", "color_by"),
        ("selected", "selected_link"),
        ("tracks_shown", "shown_tracks"),
    ],
)
def test_an_attribute_that_is_none_is_not_swallowed(
    explorer: AttentionExplorer, name: str, meant: str
) -> None:
    with pytest.raises(AttributeError, match=f"attribute of an explorer '{name}'.*'{meant}'"):
        setattr(explorer, name, 1)
    assert not hasattr(explorer, name)


def test_what_ipywidgets_sets_can_be_set(explorer: AttentionExplorer) -> None:
    explorer.layout.width = "50%"
    explorer.add_class("wide")
    explorer.tooltip = "attention"
    explorer.tabbable = False
    explorer._own = 3
    explorer.set_trait("top_k", 9)
    slider = IntSlider(value=11, min=1, max=50)
    linked = traitlets.link((slider, "value"), (explorer, "top_k"))
    slider.value = 12
    assert explorer.top_k == 12
    linked.unlink()
    slider.close()


# -- what is drawn ---------------------------------------------------------


def expected_links(explorer: AttentionExplorer) -> pd.DataFrame:
    maps = compute_attention(explorer.model, explorer.chain)
    found = maps.links(
        explorer.layer,
        explorer.head,
        top_k=None if explorer.selected_residues else explorer.top_k,
        threshold=explorer.threshold or None,
        min_separation=explorer.min_separation,
        combine=explorer.combine,
    )
    selected = {explorer.chain.find(label) for label in explorer.selected_residues}
    if selected:
        found = found[found["query"].isin(selected) | found["key"].isin(selected)]
        found = found[: explorer.partners]
    return found[np.isfinite(found["distance"])].reset_index(drop=True)


@pytest.mark.parametrize(
    "view",
    [
        {},
        {"layer": 1, "head": 3, "top_k": 40},
        {"head": "mean", "combine": "mean", "top_k": 60},
        {"combine": "directed", "min_separation": 24, "top_k": 50},
        {"threshold": 0.02, "top_k": 500},
        {"min_separation": 0, "top_k": 30, "partners": 40},
    ],
)
@pytest.mark.parametrize("selected", [[], ["A:HIS57"], ["A:HIS57", "A:ASP102", "A:SER195"]])
def test_links_are_those_of_the_whole_tensor(
    explorer: AttentionExplorer, view: dict[str, Any], selected: list[str]
) -> None:
    for name, value in view.items():
        setattr(explorer, name, value)
    explorer.selected_residues = selected
    found, expected = explorer.links(), expected_links(explorer)
    if selected:
        goes, comes = (found[end].isin(selected) for end in ("query_label", "key_label"))
        told = found.pop("direction")
        assert (told == "within").equals(goes & comes)
        if explorer.combine == "mean":
            assert set(told) <= {"both", "within"}
        else:
            assert (told == "out").equals(goes & ~comes)
            assert (told == "in").equals(comes & ~goes)
    assert list(found.columns) == list(expected.columns)
    step = float(explorer.scene.attention.links.scale.max())
    assert abs(len(found) - len(expected)) <= 1
    n = min(len(found), len(expected))
    np.testing.assert_allclose(found["weight"][:n], expected["weight"][:n], atol=step)
    key = ["query", "key"]
    both = found.merge(expected, on=key, suffixes=("", "_exact"))
    # Only links closer to each other than a step can change places at the cut.
    assert len(both) >= n - 2
    np.testing.assert_allclose(both["weight"], both["weight_exact"], atol=step)
    np.testing.assert_allclose(both["distance"], both["distance_exact"], rtol=1e-5)
    assert (both["contact"] == both["contact_exact"]).all()
    assert (both["query_label"] == both["query_label_exact"]).all()


def test_links_on_residues_without_coordinates_are_not_drawn(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = AttentionExplorer(scene, ViewState.open(scene, top_k=100))
    try:
        whole = made.links()
        hidden = int(whole["query"][0])
        coordinates = scene.chain.coordinates().copy()
        coordinates[hidden] = np.nan
        monkeypatch.setattr(type(scene.chain), "coordinates", lambda self, atom="CB": coordinates)
        found = made.links()
    finally:
        made.close()
    touching = (whole["query"] == hidden) | (whole["key"] == hidden)
    assert touching.any()
    pd.testing.assert_frame_equal(found, whole[~touching].reset_index(drop=True))


def test_head_scores(explorer: AttentionExplorer, scene: Scene) -> None:
    table = explorer.head_scores()
    assert len(table) == 2 * 9
    assert table["layer"].tolist() == [1] * 9 + [2] * 9
    assert table["head"].tolist() == [*range(1, 9), "mean"] * 2
    precision = scene.scores["contact_precision"]
    assert table["contact_precision"].tolist() == precision.ravel().tolist()
    best = table.loc[table["contact_precision"].idxmax()]
    assert (best["layer"], best["head"]) == (explorer.layer, explorer.head)
    table["contact_precision"] = 0.0
    assert scene.scores["contact_precision"].max() > 0


def test_to_html_writes_the_present_view(explorer: AttentionExplorer, tmp_path: Path) -> None:
    explorer.layer, explorer.head, explorer.top_k = 2, 3, 17
    explorer.color_by, explorer.map = "weight", "symmetrized"
    explorer.selected_link = ("A:SER195", "A:HIS57")
    explorer.shown_tracks, explorer.cartoon_by = ["disulfide"], "relative accessibility"
    page = tmp_path / "page.html"
    assert explorer.to_html(page) == page
    content = page_content(page)
    view = content["view"]
    assert view == json.loads(json.dumps(explorer.view_state.wire(explorer.scene)))
    his, ser = (int(explorer.chain.find(label)) for label in ("HIS57", "SER195"))
    assert view["selected_residues"] == [his, ser]
    assert view["selected_link"] == [ser, his]
    assert view["shown_tracks"] == ["disulfide"]
    assert view["cartoon_by"] == "relative accessibility"
    assert "symmetrized" in content["map_sets"]
    explorer.selected_residues = []
    explorer.to_html(page)
    view = page_content(page)["view"]
    assert (view["selected_residues"], view["selected_link"]) == ([], None)


def page_content(page: Path) -> dict[str, Any]:
    """Return what a page says it shows."""
    packed = re.search(r'data-protvis="content">([^<]+)<', page.read_text("utf-8"))
    assert packed is not None
    return json.loads(gzip.decompress(base64.b64decode(packed[1])))


def test_repr_says_what_is_shown(explorer: AttentionExplorer) -> None:
    text = repr(explorer)
    assert "1GBT chain A" in text
    assert f"layer={explorer.layer}" in text


# -- the whole view as one value ---------------------------------------------


def test_a_view_is_kept_and_set_again(
    explorer: AttentionExplorer, sent: list[dict[str, Any]]
) -> None:
    first = explorer.view_state
    assert first == ViewState.open(explorer.scene)
    turned = tuple(float(value) for value in range(16))
    other = first.changed(
        explorer.scene,
        layer=3 - first.layer,
        head=3,
        map="apc",
        threshold=7,
        selected_link=("195", "57"),
        shown_tracks=["disulfide"],
        cartoon_by="binding site",
        camera=turned,
    )
    explorer.view_state = other
    assert explorer.view_state == other
    assert explorer.selected_residues == ["A:HIS57", "A:SER195"]
    # What changes together is sent together.
    assert len(sent) == 1
    assert {"layer", "head", "map", "_selection", "_selected_link"} <= set(sent[0])
    # A view without a camera leaves the structure as it is turned.
    explorer.view_state = first
    assert explorer.view_state == replace(first, camera=turned)
    with pytest.raises(LabelError, match="layers 1 to 2"):
        explorer.view_state = replace(first, layer=3)
    assert explorer.view_state == replace(first, camera=turned)


def test_a_map_that_cannot_reach_the_threshold_drops_it(explorer: AttentionExplorer) -> None:
    explorer.map = "apc"
    explorer.threshold = 3.5
    explorer.map = "attention"
    assert explorer.threshold == 0
    explorer.threshold = 0.5
    explorer.map = "apc"
    assert explorer.threshold == 0.5
