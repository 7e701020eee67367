"""A comparison as an offline page: gains and losses in one picture, in words, and all kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.colors import to_rgb
from playwright.sync_api import Browser, expect

import protvis as pv
from protvis.scene.colors import GAIN, LOSS
from tests.browser.page_host import opened
from tests.browser.pictures import Mask, Picture, changed


def of_hue(picture: Picture, color: str) -> Mask:
    """Return where a picture has the hue of a colour, however shaded."""
    red, _, blue = to_rgb(color)
    difference = picture[..., 0].astype(int) - picture[..., 2]
    return difference > 60 if red > blue else difference < -60


def test_a_page_shows_gains_and_losses(
    browser: Browser, demo_structure: Path, tmp_path: Path
) -> None:
    structure = pv.load_structure(demo_structure)
    compared = pv.compare(structure.chain("A"), "W141A", model="mini-positions", n_random=0)
    delta = compared.map(2, 3)
    apart = np.abs(np.subtract.outer(np.arange(223), np.arange(223))) >= 6
    noise = float(np.sort(np.abs(delta[apart]))[-30])
    own = {"beside noise": pv.OwnMap(delta, difference=True, noise=noise)}
    twin = pv.explore_comparison(
        structure, compared, heads=["2-3", "1-mean"], maps=own, top_k=60, combine="directed"
    )
    try:
        page = twin.to_html(tmp_path / "comparison.html")
        links = twin.links()
        twin.map = "beside noise"
        graded = twin.links()
    finally:
        twin.close()
    gains, losses = int((links["weight"] > 0).sum()), int((links["weight"] < 0).sum())
    assert min(gains, losses) > 3
    with opened(browser, page) as host:
        explorer = host.explorer
        explorer.expect_arcs(60)
        expect(explorer.legend).to_contain_text(f"{gains} gains")
        expect(explorer.legend).to_contain_text(f"{losses} losses")
        expect(explorer.legend).not_to_contain_text("within noise")
        expect(explorer.status).to_contain_text("no noise level")
        expect(explorer.where).to_contain_text("Δ 2-3 · W141A: largest |Δ|")
        expect(explorer.where).not_to_contain_text("contact precision")
        # What is red or blue beyond the protein's own atoms are arcs.
        bare, full = explorer.picture_without_arcs(), explorer.picture()
        arcs = changed(bare, full)
        both = [int((arcs & of_hue(full, color)).sum()) for color in (GAIN, LOSS)]
        assert min(both) > 200, both
        # Every map that Python had is in the page, whole.
        menu = explorer.root.locator('select[name="map"] option').evaluate_all(
            "all => all.map((e) => e.value)"
        )
        assert menu[-3:] == ["Δ 2-3 · W141A", "Δ 1-mean · W141A", "beside noise"]
        for name in menu[-3:]:
            explorer.choose("map", name)
            expect(explorer.heatmap).to_have_attribute("data-map", "ready")
            expect(explorer.where).to_contain_text(name)
        beyond = graded[graded["above_noise"]]["weight"]
        counted = f"{int((beyond > 0).sum())} gain"
        expect(explorer.legend).to_contain_text(counted)
        within = int((~graded["above_noise"]).sum())
        assert 0 < within < 60
        expect(explorer.legend).to_contain_text(f"{within} within noise")
        expect(explorer.status).to_contain_text("noise reaches")
        query, key = (int(links.iloc[0][name]) for name in ("query", "key"))
        explorer.hover_map(query, key)
        word = "gain" if links.iloc[0]["weight"] > 0 else "loss"
        expect(explorer.readout).to_contain_text(f" · {word} of ")
        # Attention itself is coloured as ever.
        explorer.choose("map", "attention")
        expect(explorer.legend).to_contain_text("no contact")
