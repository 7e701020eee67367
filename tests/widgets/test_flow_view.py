"""Flow between two residues in the explorer: its arcs, the strongest path, and what is marked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import protvis as pv
from protvis.errors import OptionError
from tests.conftest import ROOT

pytestmark = pytest.mark.usefixtures("bundle")


@pytest.fixture(scope="module")
def structure(demo_structure: Path) -> Any:
    return pv.load_structure(demo_structure)


def test_flow_and_path_are_arcs(structure: Any) -> None:
    model = pv.load_model("mini")
    maps = pv.compute_attention(model, structure.chain("A"))
    flow = pv.attention_flow(maps, "A:SER195", "A:ASP102")
    made = pv.explore_flow(structure, flow, model, tracks={"mine": np.arange(223.0)}, top_k=500)
    try:
        assert made.map == "flow A:SER195 → A:ASP102"
        assert made.color_by == "contact"
        steps = flow.path()
        along = sorted({*steps["query"], *steps["key"]})
        assert made.selected_residues == [structure.chain("A").residue_labels[i] for i in along]
        assert np.flatnonzero(made.tracks["strongest path"].values > 0).tolist() == along
        assert "mine" in made.tracks
        expected = flow.matrix()
        links = made.links()
        assert (links["query"].isin(along) | links["key"].isin(along)).all()
        values = expected[links["query"], links["key"]]
        np.testing.assert_allclose(links["weight"], values, atol=expected.max() / 65535)
        made.selected_residues = []
        assert len(made.links()) > len(links)
        made.map = "path A:SER195 → A:ASP102"
        moving = steps[steps["query"] != steps["key"]]
        found = made.links()
        assert set(zip(found["query"], found["key"], strict=True)) == set(
            zip(moving["query"], moving["key"], strict=True)
        )
        assert made.scene.map_set(made.map).kind.unit == "weight"
    finally:
        made.close()


def test_flows_that_cannot_be_shown(structure: Any) -> None:
    plain = pv.compute_attention("mini-positions", "IVGGYTCGANTVPYQ")
    with pytest.raises(OptionError, match="from the attention of a chain"):
        pv.explore_flow(structure, pv.attention_flow(plain, "I1", "G3"), "mini-positions")
    maps = pv.compute_attention("mini-positions", structure.chain("A"))
    other = pv.load_structure(ROOT / "tests" / "data" / "structures" / "1a8o.cif.gz")
    with pytest.raises(OptionError, match="sequence is another"):
        pv.explore_flow(other, pv.attention_flow(maps, "195", "102"), "mini-positions")
