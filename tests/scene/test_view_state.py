"""What may be looked at, where a scene opens, and that a view survives a link, a story, a page."""

from __future__ import annotations

import math
from dataclasses import fields, replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protvis.annotations import Track
from protvis.annotations.tracks import SiteTrack
from protvis.errors import LabelError, OptionError, ProtvisError
from protvis.export.story import STEP_KEYS, story_steps, view_fragment
from protvis.scene import Scene, ViewState
from protvis.scene.map_kind import RAW, MapKind
from protvis.scene.user_map import OwnMap
from protvis.scene.view_checks import COLOR_BY, MOST_LINKS
from protvis.scene.view_state import FIRST_TRACKS, best_head

SELECTED = ("A:HIS57", "A:ASP102", "A:SER195")


@pytest.fixture(scope="module")
def scene(demo_scene: Scene) -> Scene:
    """The bundled trypsin with a map and tracks whose names are hard to write into an address."""
    chain = demo_scene.chain
    tracks = demo_scene.tracks
    for name in ("one, two", "50%2C & =", "ümlaut/#"):
        tracks = tracks.with_track(Track(name, "number", np.arange(223.0), "test"))
    made = Scene(demo_scene.structure, chain, demo_scene.model, tracks)
    made._captured.append(demo_scene.attention)
    made.add_matrix("couplings, own", OwnMap(np.random.default_rng(0).normal(size=(223, 223))))
    return made


@pytest.fixture(scope="module")
def opened(scene: Scene) -> ViewState:
    return ViewState.open(scene)


# -- what a field may be ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "canonical"),
    [
        ("layer", 1, 1),
        ("layer", np.int64(2), 2),
        ("head", 8, 8),
        ("head", "mean", "mean"),
        ("top_k", 1, 1),
        ("top_k", np.uint8(200), 200),
        ("top_k", MOST_LINKS, MOST_LINKS),
        ("min_separation", 0, 0),
        ("min_separation", 223, 223),
        ("threshold", 0, 0.0),
        ("threshold", 1, 1.0),
        ("threshold", np.float32(0.5), 0.5),
        ("combine", "directed", "directed"),
        ("color_by", "separation", "separation"),
        ("map", "apc", "apc"),
        ("selected_residues", ["195", "A:his57", "57"], ("A:HIS57", "A:SER195")),
        ("selected_residues", "HIS57", ("A:HIS57",)),
        ("selected_link", ["ser195", "57"], ("A:SER195", "A:HIS57")),
        ("selected_link", None, None),
        ("shown_tracks", ["one, two", "binding site", "one, two"], ("one, two", "binding site")),
        ("cartoon_by", "binding site", "binding site"),
        ("show_copies", np.True_, True),
        ("overlay_heads", [[1, 3], "2-mean", (1, 3)], ((1, 3), (2, "mean"))),
        ("overlay_heads", "2-8", ((2, 8),)),
        ("overlay_heads", [], ()),
        ("camera", np.eye(4).ravel(), tuple(np.eye(4).ravel().tolist())),
        ("camera", None, None),
    ],
)
def test_values_in_their_canonical_form(
    scene: Scene, opened: ViewState, name: str, value: Any, canonical: Any
) -> None:
    found = getattr(opened.changed(scene, **{name: value}), name)
    assert found == canonical
    assert type(found) is type(canonical)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("layer", 0, "layers 1 to 2"),
        ("layer", 3, "layers 1 to 2"),
        ("layer", True, "count from 1"),
        ("layer", "2", "whole number from 1 to 2"),
        ("layer", 2.0, "whole number from 1 to 2"),
        ("head", 9, "heads 1 to 8"),
        ("head", 0, "heads 1 to 8"),
        ("head", False, "count from 1"),
        ("head", "max", "from 1 to 8 or 'mean', got 'max'"),
        ("top_k", 0, "from 1 to 5000, got 0"),
        ("top_k", 100_000, "from 1 to 5000, got 100000"),
        ("top_k", True, "got True"),
        ("top_k", 2.5, "top_k must be a whole number from 1 to 5000, got 2.5"),
        ("top_k", "many", "top_k must be a whole number from 1 to 5000, got 'many'"),
        ("min_separation", -1, "from 0 to 223, got -1"),
        ("min_separation", 224, "from 0 to 223, got 224"),
        ("min_separation", False, "got False"),
        ("threshold", -0.01, "threshold must be a finite number of at least 0, got -0.01"),
        ("threshold", 2, "at most 1, the largest value of the map 'attention'; got 2"),
        ("threshold", math.inf, "threshold must be a finite number of at least 0, got inf"),
        ("threshold", 10**400, "threshold must be a finite number of at least 0, got 1000"),
        ("threshold", math.nan, "threshold must be a finite number of at least 0, got nan"),
        ("threshold", True, "got True"),
        ("threshold", "0.5", "got '0.5'"),
        ("combine", "maximum", "did you mean 'max'?"),
        ("combine", "sum of squares", "there are max, mean, directed"),
        ("combine", None, "unknown combine 'None'"),
        ("color_by", "contacts", "did you mean 'contact'?"),
        ("map", "acp", "did you mean 'apc'"),
        ("map", ["apc"], "the name of a kind of map, got ['apc']"),
        ("selected_residues", ["A:HIS9999"], "no residue 'A:HIS9999'"),
        ("selected_residues", [57], "a list of residue labels such as ['A:HIS57'], got [57]"),
        ("selected_residues", 57, "a list of residue labels such as ['A:HIS57'], got 57"),
        ("selected_link", ("A:HIS57",), "two residues, (query, key), or None, got ('A:HIS57',)"),
        ("selected_link", "A:HIS57", "two residues, (query, key), or None, got 'A:HIS57'"),
        ("shown_tracks", ["bindng site"], "did you mean 'binding site'"),
        ("shown_tracks", 5, "a list of names of tracks, got 5"),
        ("cartoon_by", None, "the name of a track, or '' for plain, got None"),
        ("cartoon_by", "disulfide bonds", "a property of pairs cannot colour residues"),
        ("show_copies", "yes", "must be True or False, got 'yes'"),
        ("overlay_heads", [(3, 1)], "layer 3 does not exist"),
        ("overlay_heads", [(1, 9)], "head 9 does not exist"),
        ("overlay_heads", [(1, 1), (1, 2), (1, 3)], "takes at most 2 heads, got 3"),
        ("overlay_heads", ["A:HIS57"], "a head label such as '12-4' or '12-mean', got 'A:HIS57'"),
        ("overlay_heads", (1, 2), "expected a head as (layer, head)"),
        ("overlay_heads", 5, "a list of heads such as [(12, 4)], got 5"),
        ("camera", [1.0], "16 finite numbers as nglview gives them; got [1.0]"),
        ("camera", [math.nan] * 16, "16 finite numbers"),
        ("camera", 5, "16 finite numbers"),
    ],
)
def test_what_is_refused_and_what_is_said(
    scene: Scene, opened: ViewState, name: str, value: Any, message: str
) -> None:
    with pytest.raises(ProtvisError) as raised:
        opened.changed(scene, **{name: value})
    assert isinstance(raised.value, ValueError)
    assert message in str(raised.value)
    if value is not None:
        with pytest.raises(ProtvisError, match=r"\S"):
            ViewState.open(scene, **{name: value})


def test_a_threshold_is_in_the_unit_of_its_map(scene: Scene, opened: ViewState) -> None:
    for name, most in (("symmetrized", 2), ("rollout", 1), ("shuffled", 1), ("best_heads", 1)):
        assert opened.changed(scene, map=name, threshold=most).threshold == most
        with pytest.raises(OptionError, match=f"at most {most}, the largest value of the map"):
            opened.changed(scene, map=name, threshold=most + 0.1)
    own = opened.changed(scene, map="couplings, own", threshold=350)
    assert own.threshold == 350
    # What no attention can reach would leave nothing to see.
    assert own.changed(scene, map="attention").threshold == 0
    assert own.changed(scene, threshold=0.5).changed(scene, map="attention").threshold == 0.5


def test_a_link_selects_its_residues_and_others_unselect_it(
    scene: Scene, opened: ViewState
) -> None:
    linked = opened.changed(scene, selected_link=("SER195", "HIS57"))
    assert linked.selected_residues == ("A:HIS57", "A:SER195")
    assert linked.selection(scene) == [scene.chain.find("57"), scene.chain.find("195")]
    assert linked.link(scene) == (scene.chain.find("195"), scene.chain.find("57"))
    assert linked.changed(scene, selected_residues=["195", "57"]) == linked
    assert linked.changed(scene, selected_residues=[]).selected_link is None
    freed = linked.changed(scene, selected_link=None)
    assert freed.selected_residues == linked.selected_residues
    both = opened.changed(scene, selected_link=("195", "57"), selected_residues=["102"])
    assert both == linked


def test_a_block_selects_its_residues_and_others_unselect_it(
    scene: Scene, opened: ViewState
) -> None:
    labels, find = scene.chain.residue_labels, scene.chain.find
    view = opened.changed(scene, selected_block=("60", "57", "100", "102"))
    assert view.selected_block == ("A:HIS57", "A:LYS60", "A:ASN100", "A:ASP102")
    first, last, key, last_key = (int(find(one)) for one in ("57", "60", "100", "102"))
    assert view.block(scene) == (first, last, key, last_key)
    assert view.selected_residues == (*labels[first : last + 1], *labels[key : last_key + 1])
    assert view.changed(scene, selected_residues=["57"]).selected_block is None
    assert view.changed(scene, layer=1).selected_block == view.selected_block
    linked = view.changed(scene, selected_link=("HIS57", "ASP102"))
    assert (linked.selected_block, linked.selected_link) == (
        view.selected_block,
        ("A:HIS57", "A:ASP102"),
    )
    elsewhere = view.changed(scene, selected_link=("SER195", "GLY193"))
    assert (elsewhere.selected_block, elsewhere.selected_residues) == (
        None,
        ("A:GLY193", "A:SER195"),
    )
    assert elsewhere.changed(scene, selected_block=view.selected_block).selected_link is None
    with pytest.raises(OptionError, match="four residues"):
        opened.changed(scene, selected_block=("57", "60"))


# -- where a scene opens ---------------------------------------------------------------------------

NAN = math.nan
PRECISION = [[0.1, 0.2, 0.3], [0.4, NAN, 0.1], [0.4, 0.3, 0.2]]


def scored(precision: list[list[float]], n_residues: int = 100) -> Any:
    """Return what opening asks of a scene, with these contact precisions."""
    values = np.array(precision, np.float32)
    return SimpleNamespace(
        n_layers=values.shape[0],
        n_heads=values.shape[1] - 1,
        n_residues=n_residues,
        has_structure=True,
        scores={"contact_precision": values},
        own_kinds={},
        copies=[],
        tracks={},
        map_kind=lambda name: {RAW.name: RAW}[name],
    )


def test_opens_on_the_best_head_and_on_half_as_many_links_as_residues() -> None:
    assert ViewState.open(scored(PRECISION)) == ViewState(layer=2, head=1, top_k=50)
    assert ViewState.open(scored(PRECISION, n_residues=10)).top_k == 20
    # More would hide a large protein.
    assert ViewState.open(scored(PRECISION, n_residues=900)).top_k == 150


def test_a_layer_mean_may_be_best() -> None:
    assert best_head(scored([[0.1, 0.2, 0.9]])) == (1, "mean")


def test_without_contacts_it_is_the_mean_of_the_last_layer() -> None:
    assert best_head(scored([[NAN] * 3] * 4)) == (4, "mean")
    view = ViewState.open(scored([[NAN] * 3] * 4), head=2)
    assert (view.layer, view.head) == (4, 2)


@pytest.mark.parametrize(
    ("chosen", "layer", "head"),
    [
        ({"layer": 1}, 1, "mean"),
        ({"head": 2}, 3, 2),
        ({"head": "mean"}, 1, "mean"),
        ({"layer": 3, "head": 2}, 3, 2),
        ({"layer": None, "head": None}, 2, 1),
    ],
)
def test_what_is_chosen_is_kept(chosen: dict[str, Any], layer: int, head: int | str) -> None:
    view = ViewState.open(scored(PRECISION), **chosen)
    assert (view.layer, view.head) == (layer, head)


def test_where_there_are_differences_colour_is_gain_or_loss() -> None:
    one = scored(PRECISION)
    one.own_kinds["change"] = MapKind("change", "change", "|Δ|", "", difference=True)
    assert ViewState.open(one).color_by == "sign"
    assert ViewState.open(one, color_by="weight").color_by == "weight"
    one.own_kinds["change"] = MapKind("change", "change", "change", "")
    assert ViewState.open(one).color_by == "contact"


@pytest.mark.parametrize(("n_copies", "shown"), [(0, False), (1, True), (3, True), (4, False)])
def test_a_few_copies_carry_the_arcs_from_the_start(n_copies: int, shown: bool) -> None:
    one = scored(PRECISION)
    one.copies = [None] * n_copies
    assert ViewState.open(one).show_copies is shown
    assert ViewState.open(one, show_copies=not shown).show_copies is not shown


def test_a_threshold_alone_means_the_links_that_reach_it() -> None:
    assert ViewState.open(scored(PRECISION), threshold=0.2).top_k == 500
    assert ViewState.open(scored(PRECISION), threshold=0.2, top_k=7).top_k == 7


def test_unknown_names_are_type_errors_with_a_suggestion() -> None:
    with pytest.raises(TypeError, match="unknown keyword argument 'topk'; did you mean 'top_k'"):
        ViewState.open(scored(PRECISION), topk=3)
    with pytest.raises(TypeError, match="did you mean 'cartoon_by'"):
        ViewState.open(scored(PRECISION)).changed(scored(PRECISION), cartoonby="x")


def test_the_tracks_of_sites_are_shown_first(demo_scene: Scene) -> None:
    view = ViewState.open(demo_scene)
    ribbon, *shown = view.shown_tracks
    assert ribbon == "secondary structure"
    assert {"binding site", "SITE records", "disulfide"} <= set(shown)
    assert len(shown) <= FIRST_TRACKS
    assert shown == [name for name in demo_scene.tracks if name in shown], "in their order"
    assert all(isinstance(demo_scene.tracks[name], SiteTrack) for name in shown)
    assert ViewState.open(demo_scene, shown_tracks=[]).shown_tracks == ()


def test_a_view_written_by_hand_is_checked_when_used(scene: Scene) -> None:
    with pytest.raises(LabelError, match="layers 1 to 2"):
        ViewState(layer=99, head=1, top_k=5).checked(scene)
    listed = ViewState(layer=1, head=1, top_k=5, selected_residues=["57"])  # type: ignore[arg-type]
    assert listed.checked(scene).selected_residues == ("A:HIS57",)
    assert hash(listed)


# -- round trips -----------------------------------------------------------------------------------


def choices_for(scene: Scene) -> st.SearchStrategy[dict[str, Any]]:
    """Return any values of all fields that fit the scene."""
    labels = list(scene.chain.residue_labels)
    plain = [name for name, one in scene.tracks.items() if isinstance(one, Track)]
    number = st.floats(-1e4, 1e4, allow_nan=False)
    chosen = {
        "layer": st.integers(1, scene.n_layers),
        "head": st.integers(1, scene.n_heads) | st.just("mean"),
        "top_k": st.integers(1, MOST_LINKS),
        "threshold": st.floats(0, 1),
        "min_separation": st.integers(0, scene.n_residues),
        "combine": st.sampled_from(["max", "mean", "directed"]),
        "color_by": st.sampled_from(COLOR_BY),
        "map": st.sampled_from(list(scene.map_kinds)),
        "selected_residues": st.lists(st.sampled_from(labels), max_size=4),
        "selected_link": st.none() | st.tuples(st.sampled_from(labels), st.sampled_from(labels)),
        "selected_block": st.none() | st.tuples(*[st.sampled_from(labels)] * 4),
        "partners": st.integers(1, MOST_LINKS),
        "overlay_heads": st.lists(
            st.tuples(
                st.integers(1, scene.n_layers), st.integers(1, scene.n_heads) | st.just("mean")
            ),
            max_size=2,
        ),
        "shown_tracks": st.lists(st.sampled_from(list(scene.tracks)), unique=True),
        "cartoon_by": st.sampled_from(["", *plain]),
        "show_copies": st.booleans(),
        "camera": st.none() | st.lists(number, min_size=16, max_size=16),
    }
    assert set(chosen) == {field.name for field in fields(ViewState)}
    return st.fixed_dictionaries(chosen)


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_a_view_comes_back_from_a_link(scene: Scene, opened: ViewState, data: Any) -> None:
    view = opened.changed(scene, **data.draw(choices_for(scene)))
    fragment = view.fragment()
    assert ViewState.from_fragment(scene, fragment) == view
    assert ViewState.from_fragment(scene, f"#{fragment}") == view
    assert view.checked(scene) == view
    assert fragment.isascii()
    assert not set(fragment) & set(" #'\"<>")


@pytest.mark.slow
@given(st.data())
@settings(max_examples=100, deadline=None)
def test_a_view_comes_back_from_a_story(scene: Scene, opened: ViewState, data: Any) -> None:
    view = opened.changed(scene, **data.draw(choices_for(scene)))
    other = opened.changed(scene, **data.draw(choices_for(scene)))
    assert set(STEP_KEYS) == {"caption", *vars(view)}
    # A step says all that differs: here, everything.
    (step,) = story_steps(scene, other, [{"caption": "x", **vars(view)}])
    assert ViewState.from_fragment(scene, step["view"]) == view
    (same,) = story_steps(scene, view, [{"caption": "x"}])
    assert ViewState.from_fragment(scene, same["view"]) == view


def test_what_a_link_leaves_out_stays(scene: Scene, opened: ViewState) -> None:
    view = opened.changed(scene, selected_residues=SELECTED, cartoon_by="binding site", top_k=9)
    after = view.followed(scene, "head=mean")
    assert after == replace(view, head="mean")
    assert view.followed(scene, "residues=").selected_residues == ()
    assert view.followed(scene, "utm_source=mail") == view
    said = view_fragment(view, residues=["A:HIS57"])
    assert "shown_tracks" not in said
    assert "show_copies" not in said
    assert view.followed(scene, said).shown_tracks == view.shown_tracks


@pytest.mark.parametrize(
    ("fragment", "message"),
    [
        ("layer=99", "layers 1 to 2"),
        ("layer=x", "got 'x'"),
        ("top_k=-3", "got -3"),
        ("threshold=", "got ''"),
        ("show_copies=maybe", "got 'maybe'"),
        ("camera=1,2,x", "16 finite numbers"),
        ("residues=A:XXX1", "no residue"),
        ("link=A:HIS57", "two residues"),
        ("shown_tracks=one", "'one'"),
    ],
)
def test_what_a_link_may_not_say(
    scene: Scene, opened: ViewState, fragment: str, message: str
) -> None:
    with pytest.raises(ProtvisError) as raised:
        opened.followed(scene, fragment)
    assert message in str(raised.value)


def test_residues_cross_by_their_index(scene: Scene, opened: ViewState) -> None:
    wire = opened.changed(scene, selected_link=("195", "57")).wire(scene)
    his, ser = (int(scene.chain.find(label)) for label in ("57", "195"))
    assert (wire["selected_residues"], wire["selected_link"]) == ([his, ser], (ser, his))
    assert set(wire) == {field.name for field in fields(ViewState)}
