"""What an explorer may look at, and where it opens."""

from __future__ import annotations

import math
from dataclasses import asdict
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from protvis.errors import LabelError, ProtvisError
from protvis.scene import ViewState, default_view
from protvis.scene.map_kind import MapKind
from protvis.scene.view_state import best_head, check_view


def check(name: str, value: Any) -> Any:
    return check_view(name, value, n_layers=6, n_heads=8)


@pytest.mark.parametrize(
    ("name", "value", "canonical"),
    [
        ("layer", 1, 1),
        ("layer", np.int64(6), 6),
        ("head", 8, 8),
        ("head", "mean", "mean"),
        ("top_k", 1, 1),
        ("top_k", np.uint8(200), 200),
        ("min_separation", 0, 0),
        ("threshold", 0, 0.0),
        ("threshold", 1, 1.0),
        ("threshold", np.float32(0.5), 0.5),
        # Weights of other kinds of map are no shares.
        ("threshold", 1.8, 1.8),
        ("threshold", 350, 350.0),
        ("combine", "directed", "directed"),
        ("color_by", "separation", "separation"),
    ],
)
def test_values_in_their_canonical_form(name: str, value: Any, canonical: Any) -> None:
    found = check(name, value)
    assert found == canonical
    assert type(found) is type(canonical)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("layer", 0, "layers 1 to 6"),
        ("layer", 7, "layers 1 to 6"),
        ("layer", -1, "layers 1 to 6"),
        ("layer", True, "count from 1"),
        ("layer", "2", "whole number from 1 to 6"),
        ("layer", 2.0, "whole number from 1 to 6"),
        ("head", 9, "heads 1 to 8"),
        ("head", 0, "heads 1 to 8"),
        ("head", False, "count from 1"),
        ("head", "max", "from 1 to 8 or 'mean', got 'max'"),
        ("top_k", 0, "at least 1, got 0"),
        ("top_k", True, "got True"),
        ("top_k", 2.5, "whole number, got 2.5"),
        ("top_k", "many", "whole number, got 'many'"),
        ("min_separation", -1, "at least 0, got -1"),
        ("min_separation", False, "got False"),
        ("threshold", -0.01, "finite and at least 0, got -0.01"),
        ("threshold", math.inf, "finite and at least 0, got inf"),
        ("threshold", 10**400, "finite and at least 0, got 1000"),
        ("threshold", math.nan, "finite and at least 0, got nan"),
        ("threshold", True, "got True"),
        ("threshold", "0.5", "got '0.5'"),
        ("combine", "maximum", "did you mean 'max'?"),
        ("combine", "sum of squares", "there are max, mean, directed"),
        ("combine", None, "unknown combine 'None'"),
        ("color_by", "contacts", "did you mean 'contact'?"),
        ("colour", "x", "unknown control 'colour'; did you mean"),
    ],
)
def test_what_is_refused_and_what_is_said(name: str, value: Any, message: str) -> None:
    with pytest.raises(ProtvisError) as raised:
        check(name, value)
    assert isinstance(raised.value, ValueError)
    assert message in str(raised.value)


def scene(precision: list[list[float]], n_residues: int = 100) -> Any:
    values = np.array(precision, np.float32)
    return SimpleNamespace(
        n_layers=values.shape[0],
        n_heads=values.shape[1] - 1,
        n_residues=n_residues,
        scores={"contact_precision": values},
        own_kinds={},
    )


NAN = math.nan
PRECISION = [[0.1, 0.2, 0.3], [0.4, NAN, 0.1], [0.4, 0.3, 0.2]]


def test_opens_on_the_best_head_and_on_half_as_many_links_as_residues() -> None:
    view = default_view(scene(PRECISION))
    assert asdict(view) == {
        **asdict(ViewState(layer=2, head=1, top_k=50)),
        "threshold": 0.0,
        "min_separation": 6,
        "combine": "max",
        "color_by": "contact",
    }
    assert default_view(scene(PRECISION, n_residues=10)).top_k == 20


def test_a_layer_mean_may_be_best() -> None:
    assert best_head(scene([[0.1, 0.2, 0.9]])) == (1, "mean")


def test_without_contacts_it_is_the_mean_of_the_last_layer() -> None:
    assert best_head(scene([[NAN] * 3] * 4)) == (4, "mean")
    view = default_view(scene([[NAN] * 3] * 4), head=2)
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
    view = default_view(scene(PRECISION), **chosen)
    assert (view.layer, view.head) == (layer, head)


def test_where_there_are_differences_colour_is_gain_or_loss() -> None:
    one = scene(PRECISION)
    one.own_kinds["change"] = MapKind("change", "change", "|Δ|", "", difference=True)
    assert default_view(one).color_by == "sign"
    assert default_view(one, color_by="weight").color_by == "weight"
    one.own_kinds["change"] = MapKind("change", "change", "change", "")
    assert default_view(one).color_by == "contact"


def test_a_threshold_alone_means_the_links_that_reach_it() -> None:
    assert default_view(scene(PRECISION), threshold=0.2).top_k == 500
    assert default_view(scene(PRECISION), threshold=0.2, top_k=7).top_k == 7


def test_unknown_names_are_type_errors_with_a_suggestion() -> None:
    with pytest.raises(TypeError, match="unknown keyword argument 'topk'; did you mean 'top_k'"):
        default_view(scene(PRECISION), topk=3)


def test_values_are_checked() -> None:
    with pytest.raises(LabelError, match="layers 1 to 3"):
        default_view(scene(PRECISION), layer=4)
