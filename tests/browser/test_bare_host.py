"""A bare host: ipywidgets' HTML manager and a live kernel, as Colab and VS Code are built.

Like these it has the code of ipywidgets and of anywidget; NGLview's browser part it has not, so
the explorer draws 3D on its own stage.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import anywidget
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.conftest import cannot, new_context
from tests.browser.explorer_page import ExplorerPage
from tests.browser.jupyter_host import JupyterServer, Kernel, Problems
from tests.browser.pages import PATIENCE_MS, live_webgl, wait_until
from tests.browser.pictures import changed, drawn, moved
from tests.conftest import ROOT

HOST = Path(__file__).parent / "bare_host"

ANYWIDGET = Path(anywidget.__file__).parent / "nbextension" / "index.js"

PAGE = """<!doctype html><meta charset="utf-8"><title>bare host</title>
<style>.cell { margin: 12px; }</style><body><script type="module" src="host.js"></script>"""

# The host says so of every widget that NGLview makes beside its view.
MISSING = ("no module nglview-js-widgets", "nglview-js-widgets")


@pytest.fixture(scope="module")
def host_code(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The host's code in one file."""
    esbuild = ROOT / "js" / "node_modules" / ".bin" / "esbuild"
    if not (HOST / "node_modules").is_dir() or not esbuild.exists() or not shutil.which("node"):
        cannot("needs Node.js and npm packages; run: npm ci --prefix tests/browser/bare_host")
    out = tmp_path_factory.mktemp("bare") / "host.js"
    resources = ("svg", "css", "woff", "woff2", "ttf", "eot")
    command = [
        *(esbuild, HOST / "host.js", "--bundle", "--format=esm", f"--outfile={out}"),
        *(f"--loader:.{name}=empty" for name in resources),
        "--banner:js=var __webpack_public_path__;",
        "--log-level=warning",
    ]
    subprocess.run(command, check=True, env={**os.environ})
    return out.read_bytes()


@pytest.fixture(scope="module")
def page(server: JupyterServer, browser: Browser, host_code: bytes) -> Iterator[Page]:
    """The page, with a kernel of its own."""
    # Served by no one, the page may ask this machine only if it is allowed to.
    context = new_context(browser, permissions=["local-network-access"])
    files = {
        "": (PAGE.encode(), "text/html"),
        "host.js": (host_code, "text/javascript"),
        "anywidget.js": (ANYWIDGET.read_bytes(), "text/javascript"),
    }

    def answer(route: Route) -> None:
        body, kind = files[route.request.url.rpartition("/")[2]]
        route.fulfill(body=body, content_type=kind)

    context.route(f"{server.url}/bare-host/*", answer)
    opened = context.new_page()
    opened.goto(f"{server.url}/bare-host/")
    opened.wait_for_function("window.bareHost", timeout=3 * PATIENCE_MS)
    yield opened
    opened.evaluate("window.bareHost.end()")
    opened.close()
    context.close()


@pytest.fixture(scope="module")
def kernel(server: JupyterServer, page: Page) -> Iterator[Kernel]:
    """A second client of its kernel."""
    identity = page.evaluate("window.bareHost.kernel")
    client = Kernel(server.runtime / f"kernel-{identity}.json")
    yield client
    client.close()


def run(page: Page, code: str) -> ExplorerPage:
    """Run a cell and return the explorer it shows."""
    page.evaluate("code => window.bareHost.run(code)", code)
    return ExplorerPage(page, page.locator(".cell").last.locator(".protvis")).wait_ready()


def test_all_of_it_without_nglview(page: Page, kernel: Kernel) -> None:
    problems = Problems(page, MISSING)
    explorer = run(
        page,
        "import protvis as pv\n"
        "from protvis.data import TRYPSIN\n"
        'explorer = pv.explore(TRYPSIN, model="mini-positions", layer=1, head=3, top_k=40)\n'
        "explorer",
    )
    # 3D: drawn, with its arcs, which are Python's links.
    explorer.expect_arcs(kernel.value("len(explorer.links())"))
    full, bare = explorer.picture(), explorer.picture_without_arcs()
    assert drawn(bare).mean() > 0.05
    assert changed(bare, full).mean() > 0.003
    # The map is the kernel's.
    expect(explorer.heatmap).to_have_attribute("data-map", "ready")

    # Picking: a residue of the cartoon, and an arc.
    for place in explorer.protein_places():
        label = explorer.point_at(place).split(" · ")[0]
        if label in explorer.labels():
            break
    explorer.click_stage(place)
    explorer.expect_selected([label])
    wait_until(page, lambda: kernel.value("explorer.selected_residues") == [label], "it arrived")
    explorer.slider("layer").press("Escape")
    explorer.expect_selected([])
    for place in explorer.arc_places():
        if "→" in explorer.point_at(place):
            break
    explorer.click_stage(place)
    wait_until(page, lambda: kernel.value("explorer.selected_link"), "Python has the link")
    explorer.slider("layer").press("Escape")
    explorer.expect_selected([])

    # The camera: turned here, Python knows; turned by Python, it is seen.
    assert kernel.value("explorer.view_state.camera") is None
    before = explorer.picture()
    explorer.stage.press("ArrowRight")
    wait_until(page, lambda: kernel.value("explorer.view_state.camera"), "Python knows the camera")
    assert moved(before, explorer.picture()) > 0.02
    kernel.run("turned = explorer.view_state")
    explorer.stage.press("ArrowUp")
    explorer.stage.press("ArrowUp")
    wait_until(
        page, lambda: kernel.value("explorer.view_state != turned"), "Python knows the camera"
    )
    other = explorer.picture()
    kernel.run("explorer.view_state = turned")
    wait_until(page, lambda: moved(other, explorer.picture()) > 0.02, "the camera is back")

    # A track colours the cartoon, and Python moves the rest.
    plain = explorer.picture()
    explorer.choose("cartoon_by", "secondary structure")
    wait_until(page, lambda: changed(plain, explorer.picture()).mean() > 0.01, "it is coloured")
    kernel.run("explorer.layer, explorer.head = 2, 5")
    expect(explorer.where).to_contain_text("2-5")

    # What is missing is said.
    said = kernel.run(
        "try: explorer.view\nexcept pv.errors.StageError as error: said = str(error)", "said"
    )
    assert "NGLview's browser part is missing here" in said
    assert "did not load nglview-js-widgets" in said
    assert problems.take() == []


def test_one_copy_of_ngl_for_the_page(page: Page, kernel: Kernel) -> None:
    problems = Problems(page, MISSING)
    kernel.run("import protvis as pv\nfrom protvis.data import TRYPSIN")
    for n in range(2):
        run(page, f'e{n} = pv.explore(TRYPSIN, model="mini-positions", stage="own")\ne{n}')
    assert page.evaluate("window.bareHost.answers.ngl") == 1
    assert kernel.value("e0._view is None")
    contexts = live_webgl(page)
    kernel.run("e0.close(); e1.close()")
    wait_until(page, lambda: live_webgl(page) == contexts - 2, "the stages are gone")
    assert problems.take() == []
