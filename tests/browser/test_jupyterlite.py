"""JupyterLite, a Lab without a server: what was exported and saved elsewhere is read in it.

No kernel runs here: JupyterLite's comes from a CDN, and PyTorch does not run in it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from playwright.sync_api import Browser, expect

from protvis.widgets import AttentionExplorer
from tests.browser.app_host import served
from tests.browser.conftest import new_context
from tests.browser.explorer_page import ExplorerPage
from tests.browser.jupyter_host import Problems
from tests.browser.pages import PATIENCE_MS


@pytest.fixture(scope="module")
def lite(twin: AttentionExplorer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A JupyterLite with an exported page and a saved notebook."""
    folder = tmp_path_factory.mktemp("lite")
    (folder / "files").mkdir()
    twin.to_html(folder / "files" / "page.html")
    data, metadata = twin._repr_mimebundle_()
    shown = nbformat.v4.new_output("display_data", data, metadata=metadata)
    cell = nbformat.v4.new_code_cell("explorer", outputs=[shown], execution_count=1)
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), folder / "files" / "saved.ipynb")
    build = [
        *(sys.executable, "-m", "jupyterlite_core", "build"),
        *("--contents", "files", "--output-dir", "site", "--no-sourcemaps"),
    ]
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    made = subprocess.run(build, cwd=folder, env=environment, capture_output=True, text=True)
    assert made.returncode == 0, made.stdout + made.stderr
    return folder / "site"


def test_an_exported_page_opens_in_jupyterlite(lite: Path, browser: Browser) -> None:
    context = new_context(browser)
    with served(lite) as address:
        try:
            page = context.new_page()
            # Lab shows pages of strangers without their code, and the browser says so.
            problems = Problems(page, ("Blocked script execution", "/favicon.ico"))
            page.goto(f"{address}/lab/index.html?path=page.html")
            page.get_by_role("button", name="Trust HTML").click(timeout=3 * PATIENCE_MS)
            frame = page.frame_locator("iframe.jp-HTMLViewer-frame, .jp-HTMLViewer iframe")
            explorer = ExplorerPage(page, frame.locator(".protvis")).wait_ready()
            explorer.open_panel("controls")
            explorer.set("top_k", 10)
            explorer.expect_arcs(10)
            assert problems.take() == []
        finally:
            context.close()


def test_a_saved_notebook_shows_its_picture_in_jupyterlite(lite: Path, browser: Browser) -> None:
    context = new_context(browser)
    with served(lite) as address:
        try:
            page: Any = context.new_page()
            problems = Problems(page, ("/favicon.ico",))
            page.goto(f"{address}/lab/index.html?path=saved.ipynb")
            picture = page.locator('.jp-OutputArea-output img[src^="data:image/png"]')
            expect(picture).to_be_visible(timeout=3 * PATIENCE_MS)
            assert problems.take() == []
        finally:
            context.close()
