"""A Jupyter server of its own, a notebook open in it, and a second client of its kernel."""

from __future__ import annotations

import ast
import asyncio
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.asynchronous.client import AsyncKernelClient
from nbformat import NotebookNode
from nbformat.v4 import new_notebook
from playwright.sync_api import BrowserContext, ConsoleMessage, Error, Page, Request

from tests.browser.explorer_page import ExplorerPage
from tests.browser.pages import PATIENCE_MS, frames, wait_until
from tests.conftest import ROOT

NOTEBOOK = "notebooks/01-explorer.ipynb"

SMALLER_MODEL = {
    'explore(TRYPSIN, model=\\"mini\\")': 'explore(TRYPSIN, model=\\"mini-positions\\")',
    'explorer.layer, explorer.head = 5, \\"mean\\"': (
        'explorer.layer, explorer.head = 1, \\"mean\\"'
    ),
}

NOTEBOOK_SETTINGS = "@jupyterlab/notebook-extension/tracker"

# Started with this, JupyterLab asks nothing and looks for news nowhere.
SETTINGS = {
    # Cells that scrolled away stay as they are, where the tests look for them; what Lab does with
    # them else is looked at in test_long_notebook.py.
    NOTEBOOK_SETTINGS: {"windowingMode": "none"},
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/docmanager-extension/plugin": {"autosave": False},
}


class HostError(Exception):
    """The host of the tests did not start."""


def _get(url: str, method: str = "GET") -> Any:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(urllib.request.Request(url, method=method), timeout=60) as answer:
        text = answer.read()
    return json.loads(text) if text else None


class JupyterServer:
    """JupyterLab and Notebook 7 on loopback, with all their files below one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.runtime = folder / "runtime"
        shutil.copytree(ROOT / "notebooks", folder / "notebooks", ignore=_no_checkpoints)
        shutil.copytree(ROOT / "protvis" / "data", folder / "protvis" / "data")
        self.write_example(NOTEBOOK)
        for name, settings in SETTINGS.items():
            self._settle(name, settings)
        environment = {
            **os.environ,
            "JUPYTER_CONFIG_DIR": str(folder / "config"),
            "JUPYTER_DATA_DIR": str(folder / "data"),
            "JUPYTER_RUNTIME_DIR": str(self.runtime),
            "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
            "IPYTHONDIR": str(folder / "ipython"),
            "JUPYTER_PREFER_ENV_PATH": "1",
        }
        self.log = folder / "server.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
                    *("--ip=127.0.0.1", "--port=0", "--expose-app-in-browser"),
                    *("--IdentityProvider.token=", "--ServerApp.password="),
                    "--ServerApp.disable_check_xsrf=True",
                    f"--ServerApp.root_dir={folder}",
                    "--JupyterNotebookApp.expose_app_in_browser=True",
                    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
                ],
                env=environment,
                cwd=folder,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.url = self._wait()

    def _wait(self) -> str:
        deadline = time.monotonic() + 180
        while time.monotonic() < deadline and self.process.poll() is None:
            for file in self.runtime.glob("jpserver-*.json"):
                try:
                    url = f"http://127.0.0.1:{json.loads(file.read_text('utf-8'))['port']}"
                    _get(f"{url}/api/status")
                except (OSError, ValueError, KeyError):
                    continue
                return url
            time.sleep(0.1)
        self.stop()
        raise HostError(f"JupyterLab did not start:\n{self.log.read_text('utf-8')[-2000:]}")

    def connection_file(self, path: str) -> Path:
        """Return the connection file of the kernel of an open notebook."""
        session = next(s for s in _get(f"{self.url}/api/sessions") if s["path"] == path)
        return self.runtime / f"kernel-{session['kernel']['id']}.json"

    def write_example(self, path: str) -> None:
        """Write the example notebook, with a smaller model."""
        # The flows want many weak links all over the protein, which the smaller bundled model has;
        # tests/test_notebooks.py runs the notebook as it is.
        text = (ROOT / NOTEBOOK).read_text("utf-8")
        for shipped, smaller in SMALLER_MODEL.items():
            assert shipped in text, shipped
            text = text.replace(shipped, smaller)
        (self.folder / path).write_text(text, "utf-8")

    def write_notebook(self, path: str, *cells: NotebookNode) -> None:
        """Write a notebook of these cells."""
        # Without the name of a kernel Lab would ask for one.
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        notebook = new_notebook(cells=list(cells), metadata={"kernelspec": kernel})
        nbformat.write(notebook, self.folder / path)

    def shut_kernel(self, path: str) -> None:
        """End a notebook's session, so that what is opened again starts afresh."""
        for session in _get(f"{self.url}/api/sessions"):
            if path == session["path"]:
                _get(f"{self.url}/api/sessions/{session['id']}", "DELETE")

    def _settle(self, name: str, settings: dict[str, Any]) -> None:
        file = self.folder / "settings" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(settings), "utf-8")

    @contextmanager
    def windowing(self, mode: str | None) -> Iterator[None]:
        """How pages opened meanwhile treat cells out of sight; None is Lab's own default."""
        self._settle(NOTEBOOK_SETTINGS, {} if mode is None else {"windowingMode": mode})
        yield
        self._settle(NOTEBOOK_SETTINGS, SETTINGS[NOTEBOOK_SETTINGS])

    def stop(self) -> None:
        """End the server and its kernels."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def _no_checkpoints(_: str, names: list[str]) -> list[str]:
    return [name for name in names if name.startswith(".")]


class Kernel:
    """A second client of a notebook's kernel.

    In a thread of its own, since Playwright's synchronous interface keeps an event loop in ours.
    """

    def __init__(self, connection_file: Path) -> None:
        self._thread = ThreadPoolExecutor(1, "kernel-client")
        self._runner = asyncio.Runner()
        self._client = AsyncKernelClient(connection_file=str(connection_file))
        self._do(self._open())

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self._thread.submit(self._runner.run, work).result()

    async def _open(self) -> None:
        self._client.load_connection_file()
        self._client.start_channels(shell=True, iopub=False, stdin=False, hb=False, control=False)

    async def _close(self) -> None:
        self._client.stop_channels()
        self._client.context.term()

    def close(self) -> None:
        """Let go of the kernel."""
        self._do(self._close())
        self._thread.submit(self._runner.close).result()
        self._thread.shutdown()

    def start(self, code: str) -> None:
        """Run code without waiting for it."""

        async def send() -> None:
            self._client.execute(code, store_history=False)

        self._do(send())

    def run(self, code: str, expression: str = "None", timeout: float = 120) -> Any:
        """Run code in the kernel and return the value of an expression, by way of JSON."""
        return self._do(self._run(code, expression, timeout))

    def value(self, expression: str) -> Any:
        """Return the value of an expression in the kernel."""
        return self.run("", expression)

    async def _run(self, code: str, expression: str, timeout: float) -> Any:
        content = await self._ask(code, expression, timeout)
        while content["status"] == "aborted":  # Dropped, since something before it was interrupted.
            content = await self._ask(code, expression, timeout)
        if content["status"] != "ok":
            raise AssertionError("\n".join(content["traceback"]))
        value = content["user_expressions"]["value"]
        if value["status"] != "ok":
            raise AssertionError("\n".join(value["traceback"]))
        return json.loads(ast.literal_eval(value["data"]["text/plain"]))

    async def _ask(self, code: str, expression: str, timeout: float) -> dict[str, Any]:
        asked = self._client.execute(
            code,
            store_history=False,
            user_expressions={"value": f"__import__('json').dumps({expression})"},
        )
        while True:
            reply = await self._client.get_shell_msg(timeout=timeout)
            if reply["parent_header"].get("msg_id") == asked:
                return reply["content"]


# Problems that were traced to the host and not to the explorer; each must name its host's own code.
NOTEBOOK_PROBLEMS = (
    # Notebook 7.6 without any widget: it asks a settings plugin that it does not load.
    "Cannot read properties of undefined (reading 'schema')",
    "filebrowser:open-path",
)


class Problems:
    """What went wrong on a page: errors in the console, exceptions, requests to elsewhere."""

    def __init__(self, page: Page, allowed: tuple[str, ...] = ()) -> None:
        self.found: list[str] = []
        self.allowed = allowed
        self._page = page
        page.on("console", self._console)
        page.on("pageerror", self._exception)
        page.on("request", self._request)

    def stop(self) -> None:
        """Look no longer: the tab is for another page."""
        self._page.remove_listener("console", self._console)
        self._page.remove_listener("pageerror", self._exception)
        self._page.remove_listener("request", self._request)

    def _exception(self, error: Error) -> None:
        self._add(f"exception: {error.stack or error}")

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._add(f"console: {message.text} ({message.location.get('url', '')})")

    def _request(self, request: Request) -> None:
        if not request.url.startswith(("http://127.0.0.1:", "data:", "blob:", "file:")):
            self._add(f"request: {request.url}")

    def _add(self, problem: str) -> None:
        if not any(text in problem for text in self.allowed):
            self.found.append(problem)

    def take(self) -> list[str]:
        """Return what was found since the last call."""
        found, self.found = self.found, []
        return found


class NotebookHost:
    """A notebook with an explorer, open and run in JupyterLab or in Notebook 7."""

    def __init__(
        self,
        server: JupyterServer,
        context: BrowserContext,
        app: str = "lab",
        notebook: str = NOTEBOOK,
    ) -> None:
        self.server = server
        self.app = app
        self.notebook = notebook
        self.page = context.new_page()
        self.problems = Problems(self.page, NOTEBOOK_PROBLEMS if app == "notebook" else ())
        self.kernel: Kernel | None = None
        self.explorer = ExplorerPage(self.page, self.page.locator(".protvis").first)
        try:
            self.open()
            self.run_all()
            self.kernel = Kernel(server.connection_file(notebook))
            self.show_cell(self.explorer_cell())
            self.explorer.wait_ready()
        except BaseException:
            self.close()
            raise

    def open(self) -> None:
        """Open the notebook and wait for its kernel."""
        path = self.notebook
        place = f"lab/tree/{path}?reset" if self.app == "lab" else f"notebooks/{path}"
        self.page.goto(f"{self.server.url}/{place}")
        self.wait_connected()

    def wait_connected(self) -> None:
        """Wait for the notebook's cells and kernel."""
        self.page.wait_for_function(
            "window.jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel"
            "?.connectionStatus === 'connected'",
            timeout=3 * PATIENCE_MS,
        )
        self.page.wait_for_function(
            "window.jupyterapp.shell.currentWidget.content.model?.cells.length > 0"
        )

    def run_all(self) -> None:
        """Run all cells and wait for the last; none may fail."""
        self.page.evaluate("window.jupyterapp.commands.execute('notebook:run-all-cells')")
        errors = [output for output in self.outputs() if output["output_type"] == "error"]
        assert errors == [], "\n".join(errors[0]["traceback"])

    def outputs(self) -> list[dict[str, Any]]:
        """Return all outputs of the notebook, as nbformat has them."""
        return self.page.evaluate(
            """() => [...window.jupyterapp.shell.currentWidget.content.model.cells]
                 .flatMap((cell) => cell.toJSON().outputs ?? [])"""
        )

    def cell_count(self) -> int:
        """Return the number of cells."""
        return self.page.evaluate(
            "window.jupyterapp.shell.currentWidget.content.model.cells.length"
        )

    def explorer_cell(self) -> int:
        """Return the position of the first cell that shows a widget."""
        return self.page.evaluate(
            """() => [...window.jupyterapp.shell.currentWidget.content.model.cells].findIndex(
                 (cell) => cell.toJSON().outputs?.some(
                   ({ data }) => data?.['application/vnd.jupyter.widget-view+json']))"""
        )

    def show_cell(self, position: int) -> None:
        """Go to a cell, which scrolls there."""
        self.page.evaluate(
            """async (position) => {
                 const { content } = window.jupyterapp.shell.currentWidget;
                 content.activeCellIndex = position;
                 await content.scrollToItem(position, 'start');
               }""",
            position,
        )

    def run_cell(self, code: str, *, wait: bool = True) -> None:
        """Add a cell at the end, run it and, unless told otherwise, wait for it."""
        self.page.evaluate(
            """async ([code, wait]) => {
                 const { commands, shell } = window.jupyterapp;
                 const { content } = shell.currentWidget;
                 content.activeCellIndex = content.model.cells.length - 1;
                 await commands.execute('notebook:insert-cell-below');
                 content.activeCell.model.sharedModel.setSource(code);
                 const done = commands.execute('notebook:run-cell');
                 if (wait) await done;
               }""",
            [code, wait],
        )

    def delete_last_cell(self) -> None:
        """Delete the last cell with what it shows."""
        self.page.evaluate(
            """async () => {
                 const { commands, shell } = window.jupyterapp;
                 const { content } = shell.currentWidget;
                 content.deselectAll();
                 content.activeCellIndex = content.model.cells.length - 1;
                 await commands.execute('notebook:delete-cell');
               }"""
        )

    # -- the explorer's traits in Python -----------------------------------------------------------

    def trait(self, name: str) -> Any:
        """Return a trait of the explorer."""
        assert self.kernel is not None
        return self.kernel.value(f"explorer.{name}")

    def expect_traits(self, **wanted: Any) -> None:
        """Wait until the explorer's traits have these values in Python."""
        assert self.kernel is not None
        names = ", ".join(f"{name!r}: explorer.{name}" for name in wanted)
        values: dict[str, Any] = {}

        def arrived() -> bool:
            values.update(self.kernel.value(f"{{{names}}}"))
            return values == wanted

        try:
            wait_until(self.page, arrived, "the traits arrive in Python")
        except AssertionError as error:
            raise AssertionError(f"wanted {wanted}, Python has {values}") from error

    def links(self, **wanted: Any) -> int:
        """Return how many links Python draws, once the explorer's traits are these."""
        self.expect_traits(**wanted)
        return int(self.trait("links().shape[0]"))

    def rest(self) -> None:
        """Wait until Python and the page have told each other everything."""
        # NGLview tells where its camera is 100 ms after it moved, by timers that end in order. Then
        # over the page's own connection, in whose order the answer comes last.
        self.page.evaluate(
            """async () => {
                 await new Promise((done) => setTimeout(done, 100));
                 const { kernel } = window.jupyterapp.shell.currentWidget.sessionContext.session;
                 await kernel.requestExecute({ code: "", store_history: false }).done;
               }"""
        )
        frames(self.page)

    def close(self) -> None:
        """Leave the notebook; its kernel is the server's."""
        if self.kernel is not None:
            self.kernel.close()
        self.page.close()
