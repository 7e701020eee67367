"""Kinds of map beside raw attention: chosen on the page, by Python, and refused with a reason."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, expect

import protvis
from tests.browser.explorer_page import START, ExplorerPage
from tests.browser.helices import HOSTILE, helix_with_gap
from tests.browser.jupyter_host import Kernel, NotebookHost
from tests.browser.page_host import PageHost, explored
from tests.browser.pages import wait_until
from tests.browser.pictures import moved
from tests.models.checkpoints import N_HEADS, N_LAYERS, esm2

OWN = f"own map {HOSTILE}"
SCALE = re.compile(r"−?\d[\d.]*(?:e-\d+)?")
ON_PAGE = ("apc", "rollout", "shuffled", OWN)


@pytest.fixture(scope="module")
def page(
    browser: Browser, demo_structure: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PageHost]:
    """An offline page with four kinds of map beside attention, one of them the user's."""
    own = np.random.default_rng(0).normal(size=(223, 223)).astype(np.float32)
    with explored(
        browser,
        tmp_path_factory.mktemp("maps"),
        demo_structure,
        maps={OWN: own},
        page_maps=ON_PAGE,
        layer=1,
        head="mean",
        top_k=100,
    ) as host:
        yield host


@pytest.fixture
def host(page: PageHost) -> PageHost:
    """That page in its first state."""
    page.explorer.reset()
    page.expect_traits(**START, map="attention", selected_residues=[])
    return page


def note_of(explorer: ExplorerPage) -> Locator:
    """Return the line that says why a kind of map is not there, or not yet."""
    return explorer.root.locator(".pv-heatmap .pv-note[role=status]")


@pytest.mark.parametrize("name", ["attention", *ON_PAGE], ids=lambda name: name.split()[0])
def test_choose_a_map(host: PageHost, explorer: ExplorerPage, name: str) -> None:
    assert host.twin is not None
    map_set = host.twin.scene.map_set(name)
    explorer.choose("map", name)
    explorer.expect_arcs(host.links(map=name))
    explorer.expect_scores(map_set.scores["contact_precision"])
    assert explorer.grid_shape() == map_set.shape
    expect(note_of(explorer)).to_be_hidden()
    formula = explorer.root.locator('select[name="map"]').get_attribute("title") or ""
    assert formula.startswith(map_set.kind.formula)

    # Signed maps have a colour for nothing in the middle, others at the dark end.
    expect(explorer.heatmap).to_have_attribute("data-map", "ready")
    scale = explorer.root.locator(".pv-heatmap .pv-note[data-signed]")
    expect(scale).to_have_attribute("data-signed", str(map_set.kind.signed).lower())
    lowest, top = SCALE.findall(scale.inner_text())
    assert lowest == (f"−{top}" if map_set.kind.signed else "0")
    dense = map_set.dense(0, map_set.shape[1] - 1)
    highest = float(np.abs(dense).max())
    # The colours reach as far as pairs six or more apart do, a quarter of L cells aside.
    n = len(dense)
    far = np.abs(dense)[np.abs(np.subtract.outer(np.arange(n), np.arange(n))) >= 6]
    assert (far > 1.1 * float(top)).sum() <= n / 4 < (far >= 0.9 * float(top)).sum()
    assert ("≥" in scale.inner_text()) == (highest > 1.1 * float(top))
    query, key = np.unravel_index(int(np.argmax(dense)), dense.shape)
    explorer.leave()
    x, y = explorer.map_point(int(query), int(key))
    box = explorer.heatmap.bounding_box()
    assert box is not None

    def diverging() -> bool:
        """Whether the highest value is at the red end, and there are negative ones."""
        picture = explorer.map_picture().astype(int)
        red, _, blue = picture[int(y - box["y"]), int(x - box["x"])]
        middle = picture[20:260, 70:300]
        return bool(red > blue and (middle[..., 2] > middle[..., 0] + 8).any())

    if map_set.kind.signed:
        wait_until(host.page, diverging, "the map is drawn in its own colours")
    assert host.page.evaluate("window.owned") is None

    # What the pointer says is the map's own number, to the step of a byte.
    query, key = 30, 33
    explorer.hover_map(query, key)
    pair = f"{explorer.labels()[query]} → {explorer.labels()[key]} · "
    expect(explorer.readout).to_contain_text(pair)
    said = float(explorer.readout.inner_text().split(" · ")[1].replace("−", "-"))
    value = float(dense[query, key])
    rounded = 0.005 if abs(value) >= 0.1 else 0.0005
    assert said == pytest.approx(value, abs=1.1 * np.sqrt(abs(value) * highest) / 127 + rounded)


def test_layers_only(host: PageHost, explorer: ExplorerPage) -> None:
    assert host.twin is not None
    explorer.choose("map", "rollout")
    explorer.root.locator('.pv-cell[data-head="2"]').click()
    assert explorer.value("layer") == 2
    assert explorer.value("head") == explorer.last("head")
    explorer.expect_arcs(host.links(map="rollout", layer=2))
    expect(explorer.where).to_contain_text("layer 2")
    explorer.page.keyboard.press("ArrowUp")
    assert explorer.value("layer") == 1
    explorer.page.keyboard.press("ArrowRight")
    assert explorer.value("head") == explorer.last("head")
    # The head counts again where there are heads.
    expect(explorer.slider("head")).to_be_disabled()
    explorer.choose("map", "apc")
    explorer.set("head", 3)
    expect(explorer.head_cell(1, 3)).to_have_attribute("aria-selected", "true")
    explorer.expect_arcs(host.links(map="apc", layer=1, head=3))


def test_single_map(host: PageHost, explorer: ExplorerPage) -> None:
    explorer.choose("map", OWN)
    explorer.expect_arcs(host.links(map=OWN))
    expect(explorer.where).to_contain_text(OWN)
    # There is one map: sliders that change nothing cannot be moved.
    for name in ("layer", "head"):
        expect(explorer.slider(name)).to_be_disabled()
    assert host.page.evaluate("window.owned") is None


def test_shuffle_button(host: PageHost, explorer: ExplorerPage) -> None:
    choice = explorer.root.locator('select[name="map"]')
    shuffle = explorer.root.get_by_role("button", name="shuffle")
    explorer.choose("map", "apc")
    apc = explorer.picture()
    shuffle.click()
    expect(choice).to_have_value("shuffled")
    expect(shuffle).to_have_attribute("aria-pressed", "true")
    explorer.expect_arcs(host.links(map="shuffled"))
    assert moved(apc, explorer.picture()) > 0.01
    expect(explorer.root.locator(".pv-meaning")).to_contain_text("raw attention of this head")
    shuffle.click()
    expect(choice).to_have_value("apc")
    expect(shuffle).to_have_attribute("aria-pressed", "false")
    explorer.expect_arcs(host.links(map="apc"))


def test_sinks_have_a_badge(browser: Browser, tmp_path: Path) -> None:
    structure = helix_with_gap(tmp_path / "helix.pdb")
    twin = protvis.explore(structure, model=esm2(tmp_path / "esm2"))
    try:
        shares = twin.scene.scores["special_share"]
        shares[:] = 0.2
        shares[1, 2] = 0.834
        path = twin.to_html(tmp_path / "sinks.html")
    finally:
        twin.close()
    host = PageHost(browser, path)
    try:
        cells = host.explorer.root.locator(".pv-cell")
        expect(cells).to_have_count(N_LAYERS * (N_HEADS + 1))
        sink = host.explorer.root.locator(".pv-cell.pv-sink")
        expect(sink).to_have_count(1)
        expect(sink).to_have_attribute("data-head", "2-3")
        name = sink.get_attribute("aria-label") or ""
        assert name.endswith("sink: 83 % of its attention goes to special tokens")
        assert host.problems.take() == []
    finally:
        host.close()


# -- in JupyterLab ---------------------------------------------------------------------------------


@pytest.fixture
def notebook(lab: NotebookHost) -> Iterator[NotebookHost]:
    """The notebook with its explorer in its first state."""
    lab.explorer.reset()
    lab.expect_traits(**START, map="attention")
    yield lab
    lab.explorer.reset()
    assert lab.problems.take() == []


@pytest.fixture
def kernel(notebook: NotebookHost) -> Kernel:
    """The notebook's kernel."""
    assert notebook.kernel is not None
    return notebook.kernel


def test_maps_by_the_kernel(notebook: NotebookHost, kernel: Kernel) -> None:
    explorer = notebook.explorer
    explorer.choose("map", "apc")
    explorer.expect_arcs(notebook.links(map="apc"))
    scores = kernel.value("explorer.scene.map_set('apc').scores['contact_precision'].tolist()")
    explorer.expect_scores(np.array(scores))
    scale = explorer.root.locator(".pv-heatmap .pv-note[data-signed]")
    expect(scale).to_have_attribute("data-signed", "true")

    kernel.run("explorer.map = 'best_heads'")
    expect(explorer.root.locator('select[name="map"]')).to_have_value("best_heads")
    expect(explorer.root.locator(".pv-cell")).to_have_count(1)
    explorer.expect_arcs(notebook.links())
    with pytest.raises(AssertionError, match="did you mean"):
        kernel.run("explorer.map = 'best_head'")
    expect(explorer.root.locator(".pv-cell")).to_have_count(1)


def test_note_while_computing(notebook: NotebookHost, kernel: Kernel, tmp_path: Path) -> None:
    explorer = notebook.explorer
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    kernel.run(
        "import protvis.scene.map_sets as _maps\n"
        "_rollout = _maps.rollout\n"
        "def _slow(attention):\n"
        f"    open({str(gate)!r}).close()\n"
        "    return _rollout(attention)\n"
        "_maps.rollout = _slow"
    )
    handle = None
    try:
        before = explorer.arcs()
        explorer.choose("map", "rollout")
        expect(note_of(explorer)).to_contain_text("computing: rollout")
        # It waits for the gate; what is seen meanwhile is said.
        expect(note_of(explorer)).to_contain_text("still shown: attention")
        assert explorer.grid_shape() == (explorer.last("layer"), explorer.last("head"))
        explorer.set("top_k", 50)
        explorer.expect_arcs(min(before, 50))
    finally:
        # Opened by both ends, the gate lets the kernel go on.
        handle = os.open(gate, os.O_RDWR | os.O_NONBLOCK)
    expect(note_of(explorer)).to_be_hidden()
    os.close(handle)
    kernel.run("_maps.rollout = _rollout")
    expect(explorer.root.locator(".pv-cell")).to_have_count(explorer.last("layer"))
    explorer.expect_arcs(notebook.links(map="rollout", top_k=50))


def test_reason_when_refused(notebook: NotebookHost, kernel: Kernel) -> None:
    explorer = notebook.explorer
    patience = kernel.run(
        "import protvis.scene.map_sets as _maps\n_was, _maps.PATIENCE = _maps.PATIENCE, -1.0",
        "_was",
    )
    try:
        explorer.choose("map", "categorical_jacobian")
        expect(note_of(explorer)).to_contain_text("too long to wait for here")
        # What was shown stays, the choice says so again, and so does Python.
        expect(explorer.root.locator('select[name="map"]')).to_have_value("attention")
        explorer.expect_arcs(notebook.links(map="attention"))
        assert explorer.grid_shape() == (explorer.last("layer"), explorer.last("head"))
    finally:
        kernel.run(f"_maps.PATIENCE = {patience}")
    explorer.choose("map", "symmetrized")
    expect(note_of(explorer)).to_be_hidden()
    explorer.expect_arcs(notebook.links(map="symmetrized"))
