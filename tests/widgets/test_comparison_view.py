"""A comparison in the explorer: signed maps, their arcs, and the residues that differ."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import protvis as pv
from protvis.attention import Comparison
from protvis.errors import LabelError, OptionError
from protvis.widgets import AttentionExplorer
from tests.conftest import ROOT

pytestmark = pytest.mark.usefixtures("bundle")


@pytest.fixture(scope="module")
def structure(demo_structure: Path) -> Any:
    return pv.load_structure(demo_structure)


@pytest.fixture(scope="module")
def comparison(structure: Any) -> Comparison:
    return pv.compare(structure.chain("A"), "S195A", model="mini-positions", n_random=0)


@pytest.fixture
def explorer(structure: Any, comparison: Comparison) -> Iterator[AttentionExplorer]:
    made = pv.explore_comparison(
        structure, comparison, heads=["2-3", "1-mean"], tracks={"mine": np.arange(223.0)}
    )
    yield made
    made.close()


def test_the_maps_are_signed_and_open_first(
    explorer: AttentionExplorer, comparison: Comparison
) -> None:
    assert explorer.map == "Δ 2-3 · S195A"
    assert (explorer.layer, explorer.head) == (2, 3)
    names = list(explorer.maps()["name"])
    assert names[-4:] == [
        "Δ 2-3 · S195A",
        "−Δ 2-3 · S195A",
        "Δ 1-mean · S195A",
        "−Δ 1-mean · S195A",
    ]
    map_set = explorer.scene.map_set("Δ 2-3 · S195A")
    assert map_set.kind.signed
    np.testing.assert_allclose(map_set.dense(0, 0), comparison.map(2, 3))
    wire = map_set.wire_map(0)
    assert wire["signed"]
    steps = np.frombuffer(wire["data"], np.uint8)
    # Zero is the middle: both signs are there, and drawn to either side of white.
    assert steps.min() < 128 < steps.max()


def test_arcs_of_gains_and_of_losses(explorer: AttentionExplorer, comparison: Comparison) -> None:
    delta = comparison.map(2, 3)
    explorer.set_trait("combine", "directed")
    gains = explorer.links()
    assert (delta[gains["query"], gains["key"]] > 0).all()
    explorer.map = "−Δ 2-3 · S195A"
    losses = explorer.links()
    assert (delta[losses["query"], losses["key"]] < 0).all()
    expected = comparison.links(2, 3, top_k=None)
    strongest = expected[expected["delta"] < 0].iloc[0]
    assert (losses.iloc[0]["query"], losses.iloc[0]["key"]) == (
        strongest["query"],
        strongest["key"],
    )


def test_what_differs_is_a_track(explorer: AttentionExplorer) -> None:
    marked = explorer.tracks["exchanged residues"].values
    assert np.flatnonzero(marked == marked.max()).tolist() == [explorer.chain.find("195")]
    assert "mine" in explorer.tracks


def test_the_heads_that_changed_most(structure: Any, comparison: Comparison) -> None:
    made = pv.explore_comparison(structure, comparison, n_heads=1, top_k=7)
    best = comparison.heads().iloc[0]
    assert made.map == f"Δ {best['layer']}-{best['head']} · S195A"
    assert made.top_k == 7
    made.close()


def test_what_cannot_be_shown(structure: Any, comparison: Comparison) -> None:
    with pytest.raises(OptionError, match="compare a chain"):
        pv.explore_comparison(
            structure, pv.compare("MKTAYIAK", "K2A", model="mini-positions", n_random=0)
        )
    with pytest.raises(OptionError, match="say which model"):
        pv.explore_comparison(structure, pv.compare(comparison.a, comparison.b))
    other = pv.load_structure(ROOT / "tests" / "data" / "structures" / "1a8o.cif.gz")
    with pytest.raises(OptionError, match="sequence is another"):
        pv.explore_comparison(other, comparison)
    with pytest.raises(OptionError, match="at least one head"):
        pv.explore_comparison(structure, comparison, n_heads=0)
    with pytest.raises(LabelError, match="head 9"):
        pv.explore_comparison(structure, comparison, heads=["1-9"])
