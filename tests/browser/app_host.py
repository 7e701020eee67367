"""Servers of one notebook or folder: processes and threads of their own on loopback."""

from __future__ import annotations

import functools
import os
import random
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from tests.browser.jupyter_host import HostError


@contextmanager
def voila(notebook: Path) -> Iterator[str]:
    """Serve a notebook by Voila and give its address."""
    folder = notebook.parent
    environment = {
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "IPYTHONDIR": str(folder / "ipython"),
        "JUPYTER_PREFER_ENV_PATH": "1",
        # The kernel that everybody has: the tests' others are forked from a warm one.
        "JUPYTER_PATH": "",
    }
    port = _free_port()
    command = [
        *("voila", notebook.name, "--no-browser"),
        *("--Voila.ip=127.0.0.1", f"--port={port}", "--Voila.port_retries=0"),
    ]
    with _running(command, environment, folder, port, "voila/static/") as address:
        yield address


@contextmanager
def marimo(program: Path, **environment: str) -> Iterator[str]:
    """Serve a marimo notebook as an app and give its address."""
    folder = program.parent
    settings = {
        "HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "XDG_CACHE_HOME": str(folder / "cache"),
        "XDG_STATE_HOME": str(folder / "state"),
        "MARIMO_SKIP_UPDATE_CHECK": "1",
        **environment,
    }
    port = _free_port()
    command = [
        *("marimo", "run", program.name, "--headless", "--no-token"),
        *("--host", "127.0.0.1", "--port", str(port)),
    ]
    with _running(command, settings, folder, port, "health") as address:
        yield address


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve the files of a folder, and give the address without a slash at its end."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder))
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def _running(
    command: list[str],
    environment: Mapping[str, str],
    folder: Path,
    port: int,
    sign_of_life: str,
    patience: float = 180,
) -> Iterator[str]:
    log = folder / f"{command[0]}.log"
    with log.open("w") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            env={**os.environ, **environment},
            cwd=folder,
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
    address = f"http://127.0.0.1:{port}/"
    try:
        deadline = time.monotonic() + patience
        while not _listens(address + sign_of_life):
            if process.poll() is not None or time.monotonic() > deadline:
                said = log.read_text("utf-8")[-2000:]
                raise HostError(f"{command[0]} did not start:\n{said}")
            time.sleep(0.1)
        yield address
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _free_port() -> int:
    # Below those that systems give out by themselves: to a kernel, say, before the server is up.
    while True:
        try:
            with socket.create_server(("127.0.0.1", random.randrange(20_000, 32_000))) as free:
                return int(free.getsockname()[1])
        except OSError:
            continue


def _listens(address: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(address, timeout=60):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
