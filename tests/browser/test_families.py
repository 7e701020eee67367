"""The explorer's page for tiny random checkpoints of many families, in their form on disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

from protvis.models import load_model
from tests.browser.helices import GAP, N_RESIDUES, helix_with_gap
from tests.browser.page_host import explored
from tests.browser.pictures import changed, colourful, drawn
from tests.models.checkpoints import BUILDERS, N_HEADS, N_LAYERS

FAMILIES = ("ESM-2", "ESM C", "ProtBert", "ProtT5", "ProtXLNet", "GPT-2 form")


@pytest.mark.parametrize("family", FAMILIES)
def test_family(browser: Browser, tmp_path: Path, family: str) -> None:
    model = load_model(BUILDERS[family](tmp_path / "checkpoint"))
    structure = helix_with_gap(tmp_path / "helix.pdb")
    with explored(browser, tmp_path, structure, model, layer=2, head=3, top_k=80) as host:
        explorer = host.explorer
        assert host.twin is not None
        assert explorer.grid_shape() == (N_LAYERS, N_HEADS + 1)
        assert explorer.chosen_head() == "2-3"
        expect(explorer.root.locator(".pv-model")).to_have_text("checkpoint")
        count = len(host.twin.links())
        assert 0 < count < 80
        explorer.expect_arcs(count)
        expect(explorer.status).to_contain_text(f"{80 - count} not drawn")
        scores = host.twin.scene.scores["contact_precision"]
        explorer.expect_scores(scores)

        # The page's map is the model's own attention of that head.
        expect(explorer.heatmap).to_have_attribute("data-map", "ready")
        weights = host.twin.scene.attention.head_map(1, 2)
        query, key = GAP[-1] + 4, 2
        explorer.hover_map(query, key)
        expect(explorer.readout).to_contain_text(explorer.labels()[key])
        said = float(explorer.readout.inner_text().split(" · ")[1])
        value, highest = float(weights[query, key]), float(weights.max())
        rounded = 0.005 if value >= 0.1 else 0.0005
        assert said == pytest.approx(value, abs=1.1 * np.sqrt(value * highest) / 255 + rounded)
        explorer.leave()

        explorer.set("layer", 3)
        explorer.expect_arcs(host.links(layer=3))
        bare = explorer.picture_without_arcs()
        full = explorer.picture()
        assert drawn(bare).mean() > 0.004
        assert (changed(bare, full) & colourful(full)).sum() > 200


@pytest.mark.parametrize("family", ["ESM-2", "ESM C"])
def test_two_chains(browser: Browser, tmp_path: Path, family: str) -> None:
    checkpoint = BUILDERS[family](tmp_path / "checkpoint")
    structure = helix_with_gap(tmp_path / "helices.pdb", chains="AB")
    with explored(
        browser, tmp_path, structure, checkpoint, chain="A+B", layer=1, head=2, top_k=200
    ) as host:
        explorer = host.explorer
        assert host.twin is not None
        labels = explorer.labels()
        assert labels == list(host.twin.chain.residue_labels)
        assert labels[N_RESIDUES].startswith("B:")
        links = host.twin.links()
        explorer.expect_arcs(len(links))
        assert (links["query_label"].str[0] != links["key_label"].str[0]).any()
        expect(explorer.status).to_contain_text("between chains")
        assert explorer.grid_shape() == (N_LAYERS, N_HEADS + 1)
        expect(explorer.heatmap).to_have_attribute("data-map", "ready")
        # Links within 6 residues of each other are left out, but never those between chains.
        explorer.set("min_separation", explorer.last("min_separation"))
        explorer.expect_arcs(host.links(min_separation=explorer.last("min_separation")))
        assert explorer.arcs() > 0
        explorer.residue(N_RESIDUES + 3).click()
        explorer.expect_selected([labels[N_RESIDUES + 3]])
        explorer.expect_arcs(host.links(selected_residues=[labels[N_RESIDUES + 3]]))
