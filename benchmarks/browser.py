"""A headless Chromium with software GL, offline, and JupyterLab inside it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
STRUCTURE = ROOT / "protvis" / "data" / "1gbt.cif.gz"

_ARGUMENTS = [
    "--no-sandbox",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_CONNECTED = (
    "window.jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel?.connectionStatus"
    " === 'connected'"
)
_EXECUTE = """async (code) => {
  const { kernel } = window.jupyterapp.shell.currentWidget.sessionContext.session;
  const future = kernel.requestExecute({ code });
  let printed = '';
  future.onIOPub = ({ header, content }) => {
    if (header.msg_type === 'stream') printed += content.text;
    if (header.msg_type === 'error') throw new Error(content.traceback.join('\\n'));
  };
  const reply = await future.done;
  const { status, ename, evalue } = reply.content;
  if (status !== 'ok') throw new Error(`${ename}: ${evalue}`);
  return printed;
}"""


def _executable() -> str:
    found = subprocess.run(
        [sys.executable, ROOT / "tests" / "chromium.py"],
        capture_output=True,
        text=True,
        check=False,
    )
    if found.returncode:
        sys.exit("no Chromium found; `make test` installs one")
    return found.stdout.strip()


@contextmanager
def chromium_page(width: int = 1500, height: int = 1100, script: str = "") -> Iterator[Page]:
    """Open an empty page; `script` runs before those of every page it shows."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_executable(), args=_ARGUMENTS)
        page = browser.new_page(viewport={"width": width, "height": height})
        if script:
            page.add_init_script(script)
        page.on("pageerror", lambda error: print(f"page error: {error}", file=sys.stderr))
        yield page
        browser.close()


class Lab:
    """One open notebook in JupyterLab, and what crosses between it and its kernel."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.n_bytes = 0
        self.n_frames = 0
        page.on("websocket", self._watch)

    def _watch(self, connection: Any) -> None:
        connection.on("framesent", self._count)
        connection.on("framereceived", self._count)

    def _count(self, payload: bytes | str) -> None:
        self.n_frames += 1
        self.n_bytes += len(payload.encode() if isinstance(payload, str) else payload)

    def run_cells(self) -> None:
        """Run all cells of the notebook."""
        self.page.evaluate("window.jupyterapp.commands.execute('notebook:run-all-cells')")

    def execute(self, code: str) -> str:
        """Run code in the notebook's kernel and return what it printed."""
        return self.page.evaluate(_EXECUTE, code)

    def settle(self, seconds: float = 1.0) -> None:
        """Wait until nothing has crossed for a while."""
        seen = -1
        while seen != self.n_frames:
            seen = self.n_frames
            self.page.wait_for_timeout(1000 * seconds)


def _notebook(cells: list[str]) -> dict[str, Any]:
    return {
        "cells": [
            {
                "cell_type": "code",
                "id": f"cell-{place}",
                "metadata": {},
                "execution_count": None,
                "outputs": [],
                "source": source,
            }
            for place, source in enumerate(cells)
        ],
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def jupyterlab(cells: list[str], script: str = "") -> Iterator[Lab]:
    """Open a notebook of these cells, none run yet, in a JupyterLab of its own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "work").mkdir()
        (folder / "work" / "bench.ipynb").write_text(json.dumps(_notebook(cells)))
        places = {"CONFIG": "config", "DATA": "data", "RUNTIME": "runtime"}
        environment = {
            **os.environ,
            **{f"JUPYTER_{what}_DIR": str(folder / place) for what, place in places.items()},
            "IPYTHONDIR": str(folder / "ipython"),
            "HF_HUB_OFFLINE": "1",
        }
        port = _free_port()
        address = f"http://127.0.0.1:{port}"
        command = [
            *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
            *(f"--port={port}", f"--ServerApp.root_dir={folder / 'work'}"),
            *("--ServerApp.token=", "--ServerApp.password=", "--expose-app-in-browser"),
            "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        ]
        with (folder / "log").open("w") as log:
            server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
            try:
                _wait_for(address, folder / "log")
                with chromium_page(1500, 1300, script) as page:
                    lab = Lab(page)
                    page.goto(f"{address}/lab/tree/bench.ipynb?reset")
                    page.wait_for_selector(".jp-NotebookPanel", timeout=120_000)
                    page.wait_for_function(_CONNECTED, timeout=120_000)
                    lab.settle()
                    yield lab
            finally:
                server.terminate()
                server.wait(timeout=20)


def _wait_for(address: str, log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"{address}/api", timeout=5).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
        else:
            return
    sys.exit(f"JupyterLab did not start:\n{log.read_text()}")
