"""What all tests share: the network is off, time limits are not asserted, data has one address."""

from __future__ import annotations

import errno
import gc
import ipaddress
import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

pytest_plugins = ["tests.real_site", "tests.schedule"]

# The workers of pytest-xdist share the cores. More threads in each would mostly wait for one
# another: on a busy machine this alone makes the models' tests eight times as fast. OpenMP reads it
# when NumPy and PyTorch are imported, which is later; kernels and other children inherit it.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Hugging Face's libraries read these once, when they are imported.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["PROTVIS_OFFLINE"] = "1"

settings.register_profile("protvis", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("protvis")

# What reading the tests makes stays to the end: looked through each time that garbage is collected,
# it would cost a third of a second.
gc.disable()

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"


def _is_local(host: object) -> bool:
    if host in (None, "", b"", "localhost", b"localhost"):
        return True
    text = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def pytest_collection_finish() -> None:
    """Collect the garbage of the tests alone from now on."""
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def warm_kernels() -> Iterator[None]:
    """Have all kernels forked from one process, which saves most of their start."""
    if not sys.platform.startswith("linux"):
        yield
        return
    script = str(ROOT / "tests" / "warm_kernels.py")
    with tempfile.TemporaryDirectory(prefix="kernels-") as folder:
        path = f"{folder}/socket"
        start = [sys.executable, "-I", "-S", script, "start", path, "-f", "{connection_file}"]
        spec = {"argv": start, "display_name": "Python 3", "language": "python"}
        place = Path(folder, "kernels", "python3")
        place.mkdir(parents=True)
        (place / "kernel.json").write_text(json.dumps(spec), "utf-8")
        # Bound here, so that who asks before all is imported waits; the server alone has it then.
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listening:
            listening.bind(path)
            listening.listen()
            number = listening.fileno()
            server = subprocess.Popen(
                [sys.executable, "-P", script, "serve", str(number)],
                pass_fds=[number],
                stdin=subprocess.PIPE,
            )
        os.environ["JUPYTER_PATH"] = folder
        yield
        server.communicate()


@pytest.fixture(scope="session", autouse=True)
def network_off() -> Any:
    """Make this process as good as unplugged: only loopback and Unix sockets can be reached.

    The errors are those of a machine without a network, so that what protvis says then is tested
    by the same means. Browsers and kernels are other processes, cut off by their own tests.
    """
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex
    getaddrinfo = socket.getaddrinfo

    def allowed(sock: socket.socket, address: Any) -> bool:
        return sock.family not in (socket.AF_INET, socket.AF_INET6) or _is_local(address[0])

    def guarded_connect(sock: socket.socket, address: Any) -> None:
        if not allowed(sock, address):
            raise OSError(errno.ENETUNREACH, f"the network is off in tests: {address!r}")
        connect(sock, address)

    def guarded_connect_ex(sock: socket.socket, address: Any) -> int:
        return connect_ex(sock, address) if allowed(sock, address) else errno.ENETUNREACH

    def guarded_getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        if not _is_local(host):
            raise socket.gaierror(socket.EAI_NONAME, f"the network is off in tests: {host!r}")
        return getaddrinfo(host, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded_connect)
        patch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
        patch.setattr(socket, "getaddrinfo", guarded_getaddrinfo)
        yield


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real structures and reference numbers that lies beside some checkouts."""
    folder = SHARED / "data"
    if not folder.is_dir():
        pytest.skip("needs the data folder ../shared/data beside the checkout, and it is not there")
    return folder


@pytest.fixture(scope="session")
def demo_structure() -> Path:
    """The bundled trypsin, 1GBT."""
    return ROOT / "protvis" / "data" / "1gbt.cif.gz"


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium; without one a test is skipped, except where all tests must run."""
    from tests.chromium import find_chromium

    found = find_chromium()
    if found is None:
        message = "needs Chromium; `make test` installs it, or name one in PROTVIS_CHROMIUM"
        if os.environ.get("CI") or SHARED.is_dir():
            pytest.fail(message)
        pytest.skip(message)
    return found


@pytest.fixture(scope="session")
def bundle() -> Path:
    """The folder with the built browser code."""
    folder = ROOT / "protvis" / "static"
    missing = [name for name in ("widget.js", "page.js", "ngl.js") if not (folder / name).is_file()]
    if missing:
        pytest.fail(f"{' and '.join(missing)} not built; run: npm --prefix js run build")
    return folder
