"""Tracks: rows under the sequence, the cartoon's colours, and the heads that point at them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.browser.explorer_page import START, ExplorerPage
from tests.browser.helices import HOSTILE, helix_with_gap
from tests.browser.jupyter_host import Kernel, NotebookHost
from tests.browser.page_host import PageHost, explored
from tests.browser.pages import wait_until
from tests.browser.pictures import changed, colourful, drawn, moved, near

RIBBON = "secondary structure"
"""The track that is drawn above the letters, and takes no row."""


@pytest.fixture(scope="module")
def page(
    browser: Browser, demo_structure: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PageHost]:
    """The demonstration as an offline page."""
    folder = tmp_path_factory.mktemp("tracks")
    with explored(browser, folder, demo_structure, layer=1, head="mean", top_k=100) as host:
        yield host


@pytest.fixture
def host(page: PageHost) -> Iterator[PageHost]:
    """That page in its first state."""
    page.explorer.reset()
    page.expect_traits(**START)
    yield page
    ask(page.explorer, "contact precision")


def chip_of(explorer: ExplorerPage, name: str) -> Locator:
    """Return the switch of a track."""
    return explorer.root.get_by_role("group", name="tracks").get_by_role(
        "button", name=name, exact=True
    )


def shown(explorer: ExplorerPage) -> list[str]:
    """Return the names of the tracks that are on."""
    return explorer.root.locator('.pv-chip[aria-pressed="true"]').all_text_contents()


def rows(explorer: ExplorerPage) -> int:
    """Return how many rows of tracks the first line of the sequence has."""
    canvas = explorer.root.locator(".pv-line").first.locator("canvas").last
    return int(canvas.get_attribute("data-rows") or 0) if canvas.is_visible() else 0


def ribbon(explorer: ExplorerPage) -> bool:
    """Return whether secondary structure is drawn above the letters."""
    return explorer.root.locator(".pv-line").first.locator("canvas").nth(2).is_visible()


def ask(explorer: ExplorerPage, title: str) -> None:
    """Colour the grid by a score."""
    explorer.root.get_by_label("score that colours the head grid").select_option(label=title)


def test_chips_switch_rows(host: PageHost, explorer: ExplorerPage) -> None:
    assert host.twin is not None
    names = [name for name in host.twin.tracks if name != "disulfide bonds"]
    assert explorer.root.locator(".pv-chip").all_text_contents() == names
    first = shown(explorer)
    assert first == host.twin.shown_tracks
    of_rows = [name for name in first if name != RIBBON]
    wait_until(host.page, lambda: rows(explorer) == len(of_rows), "a row per track")
    assert RIBBON in first
    assert ribbon(explorer)
    for name in names:
        on = name in first
        chip_of(explorer, name).click()
        expect(chip_of(explorer, name)).to_have_attribute("aria-pressed", str(not on).lower())
        if name == RIBBON:
            wait_until(host.page, lambda: not ribbon(explorer), "the ribbon goes")
            assert rows(explorer) == len(of_rows)
        else:
            count = len(of_rows) + (-1 if on else 1)
            wait_until(host.page, lambda count=count: rows(explorer) == count, "the row changes")
        chip_of(explorer, name).press("Enter")
        expect(chip_of(explorer, name)).to_have_attribute("aria-pressed", str(on).lower())
    wait_until(host.page, lambda: ribbon(explorer), "the ribbon is back")
    for name in first:
        chip_of(explorer, name).click()
    wait_until(host.page, lambda: rows(explorer) == 0, "no row")
    for name in first:
        chip_of(explorer, name).click()
    assert shown(explorer) == first


def test_cartoon_by_track(host: PageHost, explorer: ExplorerPage) -> None:
    assert host.twin is not None
    explorer.set("threshold", explorer.last("threshold"))
    explorer.expect_arcs(0)
    plain = explorer.picture()
    cartoon = drawn(plain) & ~colourful(plain)
    seen = [plain]
    offered = explorer.root.locator('select[name="cartoon_by"] option').all_text_contents()
    assert offered == ["plain", *(name for name in host.twin.tracks if name != "disulfide bonds")]
    for name in ("binding site", "secondary structure", "relative accessibility"):
        explorer.choose("cartoon_by", name)
        expect(explorer.scene).to_have_attribute("data-cartoon", name)
        painted = explorer.picture()
        for other in seen:
            assert (changed(other, painted) & cartoon).sum() > 200
        # Highlights on the plain cartoon are as white as the background, and ten pixels wide.
        elsewhere = ~near(drawn(plain), pixels=6)
        assert not (changed(plain, painted) & elsewhere).any(), "nothing else changes"
        assert elsewhere.mean() > 0.5
        seen.append(painted)
    explorer.choose("cartoon_by", "")
    expect(explorer.scene).to_have_attribute("data-cartoon", "")
    assert moved(explorer.picture(), plain) < 0.002


@pytest.mark.parametrize(
    ("title", "track", "state"),
    [
        ("→ binding site", "binding site", None),
        ("→ disulfide bonds", "disulfide bonds", None),
        ("→ relative accessibility", "relative accessibility", None),
        ("→ secondary structure: strand", "secondary structure", "E"),
    ],
)
def test_find_heads(
    host: PageHost, explorer: ExplorerPage, title: str, track: str, state: str | None
) -> None:
    assert host.twin is not None
    found = host.twin.find_heads(track, state)
    ask(explorer, title)
    expect(explorer.where).to_contain_text(title)
    wanted = {f"{row.layer}-{row.head}": row.proportion for row in found.itertuples()}
    cells = explorer.root.locator(".pv-cell").evaluate_all("all => all.map((e) => e.dataset.head)")
    expected = [wanted[name] for name in cells]
    explorer.expect_scores(np.array(expected))
    background = found["background"].iloc[0]
    meaning = explorer.root.locator(".pv-meaning")
    expect(meaning).to_contain_text(f"by chance {background:.2f}")

    best = found.iloc[0]
    cell = f"{best['layer']}-{best['head']}"
    explorer.root.get_by_role("button", name="best").click()
    assert wanted[explorer.chosen_head()] == wanted[cell]
    explorer.head_cell(2, 1).click()
    explorer.page.keyboard.press("b")
    assert wanted[explorer.chosen_head()] == wanted[cell]
    layer, head = explorer.chosen_head().split("-")
    chosen = {"layer": int(layer), "head": head if head == "mean" else int(head)}
    explorer.expect_arcs(host.links(**chosen))


def test_residues_say_their_tracks(host: PageHost, explorer: ExplorerPage) -> None:
    assert host.twin is not None
    site = host.twin.tracks["binding site"]
    index = int(np.flatnonzero(site.values)[0])
    note = site.notes[index]
    explorer.residue(index).hover()
    expect(explorer.readout).to_contain_text(f"{explorer.labels()[index]} · binding site ({note})")
    chip_of(explorer, "binding site").click()
    explorer.residue(index).hover()
    expect(explorer.readout).to_contain_text(explorer.labels()[index])
    expect(explorer.readout).not_to_contain_text("binding site (")
    chip_of(explorer, "binding site").click()

    chip_of(explorer, "relative accessibility").click()
    value = float(host.twin.tracks["relative accessibility"].values[index])
    explorer.residue(index).hover()
    expect(explorer.readout).to_contain_text(f"relative accessibility {float(f'{value:.3g}'):g}")
    chip_of(explorer, "relative accessibility").click()
    # In 3D, too.
    marked = [explorer.labels()[n] for n in np.flatnonzero(site.values)]
    for place in explorer.protein_places()[:8]:
        text = explorer.point_at(place)
        label = text.split(" · ")[0]
        assert ("binding site" in text) == (label in marked), text
    explorer.leave()


def test_names_stay_text(browser: Browser, tmp_path: Path) -> None:
    structure = helix_with_gap(tmp_path / "helix.pdb")
    states = [*("H" * 20), *("-" * 40)]
    tracks = {HOSTILE: {4: True, 8: True}, f"{HOSTILE} states": states}
    with explored(browser, tmp_path, structure, tracks=tracks) as host:
        explorer = host.explorer
        for name in tracks:
            chip = explorer.root.locator(".pv-chip").filter(has_text=name).first
            if chip.get_attribute("aria-pressed") == "false":
                chip.click()
        explorer.choose("cartoon_by", HOSTILE)
        expect(explorer.scene).to_have_attribute("data-cartoon", HOSTILE)
        ask(explorer, f"→ {HOSTILE}")
        explorer.residue(3).hover()
        expect(explorer.readout).to_contain_text(HOSTILE)
        expect(explorer.where).to_contain_text(HOSTILE)
        assert host.page.evaluate("window.owned") is None
        assert host.page.locator("main img, main script").count() == 0


# -- in JupyterLab ---------------------------------------------------------------------------------


@pytest.fixture
def kernel(lab: NotebookHost) -> Iterator[Kernel]:
    """The kernel of the notebook, whose explorer has its own tracks again afterwards."""
    assert lab.kernel is not None
    lab.explorer.reset()
    lab.expect_traits(**START)
    before = lab.trait("shown_tracks")
    yield lab.kernel
    lab.kernel.run(f"explorer.shown_tracks, explorer.cartoon_by = {before!r}, ''")
    lab.explorer.reset()
    assert lab.problems.take() == []


def test_tracks_from_python(lab: NotebookHost, kernel: Kernel) -> None:
    explorer = lab.explorer
    before = lab.trait("shown_tracks")
    wait_until(lab.page, lambda: shown(explorer) == before, "the page shows Python's tracks")

    kernel.run("explorer.add_track({'A:HIS57': 1.5, 'A:SER195': 2.5}, 'mutations')")
    expect(chip_of(explorer, "mutations")).to_have_attribute("aria-pressed", "true")
    wait_until(lab.page, lambda: rows(explorer) == len(set(before) - {RIBBON}) + 1, "a row for it")
    index = explorer.labels().index("A:SER195")
    explorer.residue(index).hover()
    expect(explorer.readout).to_contain_text("mutations 2.5")
    explorer.leave()
    # Again under the same name: replaced.
    kernel.run("explorer.add_track({'A:SER195': 4.25}, 'mutations')")
    expect(chip_of(explorer, "mutations")).to_have_count(1)
    explorer.residue(index).hover()
    expect(explorer.readout).to_contain_text("mutations 4.25")
    explorer.leave()

    chip_of(explorer, "mutations").click()
    lab.expect_traits(shown_tracks=before)
    kernel.run("explorer.shown_tracks = ['relative accessibility']")
    expect(chip_of(explorer, "relative accessibility")).to_have_attribute("aria-pressed", "true")
    assert shown(explorer) == ["relative accessibility"]
    wait_until(lab.page, lambda: rows(explorer) == 1, "one row")
    with pytest.raises(AssertionError, match="did you mean"):
        kernel.run("explorer.shown_tracks = ['relative accesibility']")
    assert shown(explorer) == ["relative accessibility"]


def test_cartoon_and_heads_from_python(lab: NotebookHost, kernel: Kernel) -> None:
    explorer = lab.explorer
    plain = explorer.picture_without_arcs()
    kernel.run("explorer.cartoon_by = 'binding site'")
    expect(explorer.scene).to_have_attribute("data-cartoon", "binding site")
    expect(explorer.root.locator('select[name="cartoon_by"]')).to_have_value("binding site")
    assert changed(plain, explorer.picture_without_arcs()).sum() > 200
    explorer.choose("cartoon_by", "")
    lab.expect_traits(cartoon_by="")

    ask(explorer, "→ binding site")
    scores = kernel.value("explorer.find_heads('binding site').to_dict('list')")
    wanted = {
        f"{layer}-{head}": share
        for layer, head, share in zip(
            scores["layer"], scores["head"], scores["proportion"], strict=True
        )
    }
    explorer.head_cell(1, 1).click()
    explorer.page.keyboard.press("b")
    best = explorer.chosen_head()
    assert wanted[best] == max(wanted.values())
    layer, head = best.split("-")
    lab.expect_traits(layer=int(layer), head=head if head == "mean" else int(head))
    ask(explorer, "contact precision")
