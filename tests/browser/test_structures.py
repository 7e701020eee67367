"""Real structures: every residue under its label in the sequence, in 3D and in Python alike."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

from tests.browser.explorer_page import ExplorerPage
from tests.browser.page_host import PageHost, explored
from tests.browser.pictures import changed, colourful, drawn, places
from tests.models.checkpoints import esm2


@pytest.fixture(scope="module")
def structures(shared_data: Path) -> Path:
    """The folder of real structures."""
    return shared_data / "structures"


def check_labels(host: PageHost) -> None:
    """The sequence names what Python names, residues without coordinates struck through."""
    assert host.twin is not None
    chain, explorer = host.twin.chain, host.explorer
    assert explorer.labels() == list(chain.residue_labels)
    assert "".join(explorer.residues.all_text_contents()) == chain.sequence
    missing = explorer.root.locator(".pv-res.pv-unobserved")
    places = missing.evaluate_all("all => all.map((e) => Number(e.dataset.residue))")
    assert places == list(np.flatnonzero(~chain.has_contact_atom))


def hide_arcs(explorer: ExplorerPage) -> None:
    """Put the threshold so high that no arc is left."""
    explorer.set("threshold", explorer.last("threshold"))
    explorer.expect_arcs(0)


def check_selection(host: PageHost, index: int) -> None:
    """Select a residue in the sequence, look at it, and find it there by NGL's own name for it."""
    explorer = host.explorer
    label = explorer.labels()[index]
    explorer.residue(index).click()
    explorer.expect_selected([label])
    explorer.fold_partners()
    close = explorer.look(explorer.picture())
    explorer.slider("layer").press("Escape")
    explorer.expect_selected([])
    sticks = places(changed(explorer.picture(), close))
    explorer.residue(index).click()
    explorer.expect_selected([label])
    for place in sticks:
        if explorer.point_at(place).split(" · ")[0] == label:
            break
    else:
        pytest.fail(f"{label} is selected, and {len(sticks)} places that changed are not it")
    assert explorer.picked() == label
    expect(explorer.root.locator(".pv-res.pv-hovered")).to_have_attribute("aria-label", label)
    explorer.slider("layer").press("Escape")
    explorer.expect_selected([])
    explorer.look(close)


def check_clicks(host: PageHost, most: int = 3) -> None:
    """Click on what is drawn: NGL's own name of it is the label that gets selected.

    On another copy of the chain, the residue of the same number is.
    """
    explorer = host.explorer
    labels, met = explorer.labels(), set()
    for place in places(drawn(explorer.picture())):
        own, _, same = explorer.point_at(place).split(" · ")[0].partition(" = ")
        label = same or own
        if label not in labels or label in met:
            continue
        assert explorer.picked() == own
        assert own.split(":")[1] == label.split(":")[1]
        explorer.click_stage(place)
        explorer.expect_selected([label])
        explorer.slider("layer").press("Escape")
        explorer.expect_selected([])
        met.add(label)
        if len(met) == most:
            break
    assert len(met) == most
    explorer.leave()


def check_undrawn(host: PageHost) -> int:
    """The status counts the links that Python leaves out for want of coordinates."""
    assert host.twin is not None
    twin, explorer = host.twin, host.explorer
    head = "mean" if twin.head == "mean" else twin.head - 1
    attention = twin.scene.attention
    found = attention.links.select(
        attention.entry(twin.layer - 1, head),
        top_k=twin.top_k,
        threshold=twin.threshold,
        min_separation=twin.min_separation,
        combine=twin.combine,
    )
    missing = len(found.query) - len(twin.links())
    explorer.expect_arcs(len(twin.links()))
    expect(explorer.status).to_contain_text(f"{len(found.query)} links")
    if missing:
        expect(explorer.status).to_contain_text(f"{missing} not drawn")
    else:
        expect(explorer.status).not_to_contain_text("not drawn")
    return missing


def test_dimer_with_modified_residues(browser: Browser, structures: Path, tmp_path: Path) -> None:
    source = structures / "paper" / "7hvp.pdb"
    with explored(browser, tmp_path, source, chain="A", top_k=60) as host:
        explorer = host.explorer
        assert host.twin is not None
        check_labels(host)
        labels = explorer.labels()
        assert labels[66] == "A:ABA67"
        assert labels[94] == "A:ABA95"
        explorer.shot(tmp_path / "7hvp.png")

        # The arcs are on both copies, and on one when asked.
        count = host.links()
        explorer.expect_arcs(count)
        expect(explorer.scene).to_have_attribute("data-copies", str(count))
        switch = explorer.root.locator('input[name="show_copies"]')
        expect(switch).to_be_checked()
        both = explorer.picture()
        switch.uncheck()
        expect(explorer.scene).to_have_attribute("data-copies", "0")
        explorer.expect_arcs(count)
        explorer.leave()
        assert changed(both, explorer.picture()).mean() > 0.005
        explorer.shot(tmp_path / "7hvp-one.png")

        hide_arcs(explorer)
        check_selection(host, labels.index("A:ABA67"))
        check_clicks(host)
        for place in explorer.protein_places():
            own, _, same = explorer.point_at(place).split(" · ")[0].partition(" = ")
            if own.startswith("B:"):
                break
        else:
            pytest.fail("nothing of chain B under the pointer")
        assert own == explorer.picked()
        assert same == f"A:{own[2:]}"


def test_links_between_chains(browser: Browser, structures: Path, tmp_path: Path) -> None:
    source = structures / "paper" / "7hvp.pdb"
    with explored(browser, tmp_path, source, chain="A+B", top_k=150) as host:
        explorer = host.explorer
        assert host.twin is not None
        check_labels(host)
        check_undrawn(host)
        links = host.twin.links()
        between = int((links["query_label"].str[0] != links["key_label"].str[0]).sum())
        assert between > 0
        expect(explorer.status).to_contain_text(f"{between} between chains")
        expect(explorer.root.locator(".pv-res.pv-chainstart")).to_have_count(1)
        explorer.shot(tmp_path / "7hvp-complex.png")

        # A residue of each chain and a link between the two.
        labels = explorer.labels()
        row = links[links["query_label"].str[0] != links["key_label"].str[0]].iloc[0]
        pair = [row["query_label"], row["key_label"]]
        explorer.page.mouse.click(*explorer.map_point(*map(labels.index, pair)))
        explorer.expect_selected(sorted(pair, key=labels.index))
        expect(explorer.readout).to_contain_text(f"{row['distance']:.1f} Å")
        explorer.expect_arcs(host.links(selected_residues=pair))
        explorer.shot(tmp_path / "7hvp-link.png")
        explorer.slider("layer").press("Escape")
        hide_arcs(explorer)
        check_selection(host, 99 + 20)


def test_insertion_codes(browser: Browser, structures: Path, tmp_path: Path) -> None:
    source = structures / "multichain" / "1a0q.pdb"
    with explored(browser, tmp_path, source, chain="H") as host:
        explorer = host.explorer
        assert host.twin is not None
        check_labels(host)
        check_undrawn(host)
        explorer.shot(tmp_path / "1a0q.png")
        hide_arcs(explorer)
        coded = [label for label in explorer.labels() if label[-1].isalpha()]
        assert len(coded) >= 6
        observed = [
            label for label in coded if host.twin.chain.observed[host.twin.chain.find(label)]
        ]
        for label in observed[-1:]:
            check_selection(host, explorer.labels().index(label))
        check_clicks(host)


def test_predicted_model(browser: Browser, structures: Path, tmp_path: Path) -> None:
    source = structures / "predicted" / "AF-V9WDR2-F1-model_v4.cif"
    with explored(browser, tmp_path, source) as host:
        explorer = host.explorer
        assert host.twin is not None
        check_labels(host)
        assert check_undrawn(host) == 0
        explorer.shot(tmp_path / "alphafold.png")
        hide_arcs(explorer)
        plain = explorer.picture()
        assert not (colourful(plain) & drawn(plain)).any()
        explorer.choose("cartoon_by", "pLDDT")
        expect(explorer.scene).to_have_attribute("data-cartoon", "pLDDT")
        painted = explorer.picture()
        assert (colourful(painted) & drawn(plain)).sum() > 0.3 * drawn(plain).sum()
        explorer.shot(tmp_path / "alphafold-plddt.png")
        # What the pointer says is the file's own number.
        chip = explorer.root.locator('.pv-chip[data-track="pLDDT"]')
        chip.click()
        expect(chip).to_have_attribute("aria-pressed", "true")
        explorer.residue(30).hover()
        value = float(host.twin.tracks["pLDDT"].values[30])
        expect(explorer.readout).to_contain_text(f"pLDDT {value:.3g}")
        check_clicks(host)


@pytest.mark.parametrize(("name", "chain"), [("1a4w.cif", "H"), ("3gnn.pdb", "A")])
def test_gaps(browser: Browser, structures: Path, tmp_path: Path, name: str, chain: str) -> None:
    source = structures / "numbering" / name
    # Longer than the bundled model reads.
    model = "mini-positions" if name == "1a4w.cif" else esm2(tmp_path / "esm2")
    with explored(browser, tmp_path, source, model, chain=chain, top_k=400) as host:
        explorer = host.explorer
        assert host.twin is not None
        check_labels(host)
        assert check_undrawn(host) > 0
        missing = int((~host.twin.chain.observed).sum())
        expect(explorer.root.locator(".pv-sequence")).to_contain_text(
            f"{missing} struck-through residues have no coordinates"
        )
        explorer.shot(tmp_path / f"{name}.png")
        gap = int(np.flatnonzero(~host.twin.chain.observed)[0])
        expect(explorer.residue(gap)).to_have_css("text-decoration-line", "line-through")
        explorer.residue(gap).click()
        explorer.expect_selected([explorer.labels()[gap]])
        explorer.expect_arcs(0)
        explorer.slider("layer").press("Escape")
        hide_arcs(explorer)
        check_clicks(host)
        coded = [
            index
            for index, code in enumerate(host.twin.chain.insertion_codes)
            if code and host.twin.chain.observed[index]
        ]
        for index in coded[-1:]:
            check_selection(host, index)
