"""A comparison in the explorer: signed maps, their arcs, and the residues that differ."""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import protvis as pv
from protvis.errors import LabelError, OptionError
from protvis.perturbation import Comparison
from protvis.plot.overview import describe_view, plot_view
from protvis.scene.colors import CONTACT, GAIN, LOSS, NEAR, NO_CONTACT
from protvis.scene.drawn_arcs import drawn_arcs
from protvis.scene.user_map import OwnMap
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
    assert names[-2:] == ["Δ 2-3 · S195A", "Δ 1-mean · S195A"]
    map_set = explorer.scene.map_set("Δ 2-3 · S195A")
    assert map_set.kind.signed
    assert map_set.kind.difference
    assert map_set.kind.noise is None
    assert map_set.kind.formula.endswith("no noise level: none was asked for")
    np.testing.assert_allclose(map_set.dense(0, 0), comparison.map(2, 3))
    # Of a difference "contact precision" would mean nothing.
    assert np.isnan(map_set.scores["contact_precision"]).all()
    wire = map_set.wire_map(0)
    assert wire["signed"]
    steps = np.frombuffer(wire["data"], np.uint8)
    # Zero is the middle: both signs are there, and drawn to either side of white.
    assert steps.min() < 128 < steps.max()


def test_one_map_has_arcs_of_gains_and_of_losses(
    explorer: AttentionExplorer, comparison: Comparison
) -> None:
    assert explorer.color_by == "sign"
    explorer.set_trait("combine", "directed")
    links = explorer.links()
    delta = comparison.map(2, 3)
    np.testing.assert_allclose(links["weight"], delta[links["query"], links["key"]], atol=1e-6)
    assert (links["weight"] > 0).any()
    assert (links["weight"] < 0).any()
    expected = comparison.links(2, 3, top_k=len(links))
    assert np.abs(links["weight"]).is_monotonic_decreasing
    assert set(zip(links["query"], links["key"], strict=True)) == set(
        zip(expected["query"], expected["key"], strict=True)
    )
    arcs = drawn_arcs(explorer.scene, explorer.view_state)
    assert len(arcs) == len(links)
    assert [arc.color for arc in arcs] == [LOSS if arc.weight < 0 else GAIN for arc in arcs]
    # Attention itself has no sign: there colour says contact or not.
    explorer.map = "attention"
    colors = {arc.color for arc in drawn_arcs(explorer.scene, explorer.view_state)}
    assert colors <= {CONTACT, NO_CONTACT, NEAR}


def test_what_is_no_more_than_noise_is_grey(structure: Any) -> None:
    compared = pv.compare(structure.chain("A"), "W141A", model="mini-positions", n_random=5)
    best = compared.heads().iloc[0]
    made = pv.explore_comparison(structure, compared, n_heads=1, top_k=200, combine="directed")
    kind = made.scene.map_set(made.map).kind
    assert kind.noise == pytest.approx(best["threshold"])
    assert "noise is the largest of 5 that matched random mutants make" in kind.formula
    links = made.links()
    expected = compared.links(int(best["layer"]), int(best["head"]), top_k=200)
    assert links["above_noise"].sum() == expected["above_noise"].sum()
    # So that both are there.
    noise = float(links["weight"].abs().median())
    made.scene.add_matrix("other", OwnMap(compared.map(1, 1), difference=True, noise=noise))
    made.map = "other"
    for arc in drawn_arcs(made.scene, made.view_state):
        assert arc.color == (NEAR if abs(arc.weight) <= noise else LOSS if arc.weight < 0 else GAIN)
    text = describe_view(made.scene, made.view_state)
    beyond = int((made.links()["weight"].abs() > noise).sum())
    assert f"{beyond} above noise" in text
    made.close()


def test_residues_without_a_partner_are_marked_and_unknown(structure: Any) -> None:
    chain = structure.chain("A")
    shorter = f"{chain.sequence[:100]}{chain.sequence[103:]}"
    compared = pv.compare(chain, shorter, model="mini-positions", n_random=0)
    gone = compared.residues().query("state == 'only in a'")["a_index"].to_list()
    assert len(gone) == 3
    made = pv.explore_comparison(structure, compared, n_heads=1)
    assert np.flatnonzero(made.tracks["not aligned"].values > 0).tolist() == gone
    assert "exchanged residues" not in made.tracks
    map_set = made.scene.map_set(made.map)
    steps = np.frombuffer(map_set.wire_map(0)["data"], np.uint8).reshape(223, 223)
    unknown = np.zeros((223, 223), bool)
    unknown[gone], unknown[:, gone] = True, True
    # Step 0 says so; no change is step 128.
    np.testing.assert_array_equal(steps == 0, unknown)
    assert np.isnan(map_set.received[0, 0, gone]).all()
    assert np.isfinite(np.delete(map_set.received[0, 0], gone)).all()
    made.close()


def test_a_page_and_pictures_of_a_comparison(explorer: AttentionExplorer, tmp_path: Path) -> None:
    page = explorer.to_html(tmp_path / "s195a.html").read_text("utf-8")
    packed = re.search(r'data-protvis="content">([^<]+)<', page)
    assert packed is not None
    content = json.loads(gzip.decompress(base64.b64decode(packed[1])))
    names = [kind["name"] for kind in content["scene"]["meta"]["map_kinds"]]
    assert {"Δ 2-3 · S195A", "Δ 1-mean · S195A"} <= set(names)
    assert content["view"]["color_by"] == "sign"
    for name in ("Δ 2-3 · S195A", "Δ 1-mean · S195A"):
        placed = content["map_sets"][name]
        assert placed["maps"][0] is not None
        assert placed["arrays"]["links_signs"]["length"] > 0
    figure = explorer.figure("arcs")
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels[0].startswith("gain (")
    assert labels[1].startswith("loss (")
    words = [text.get_text() for text in plot_view(explorer.scene, explorer.view_state).texts]
    assert any("of them losses" in word for word in words)


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
    with pytest.raises(OptionError, match="n_heads must be a whole number from 1"):
        pv.explore_comparison(structure, comparison, n_heads=0)
    with pytest.raises(LabelError, match="head 9"):
        pv.explore_comparison(structure, comparison, heads=["1-9"])
