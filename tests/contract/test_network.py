"""The network is off in tests, and what is on this machine can still be reached."""

from __future__ import annotations

import socket
import urllib.request

import pytest


@pytest.mark.parametrize(
    "address",
    [
        "http://192.0.2.1/",
        "http://[2001:db8::1]/",
        "http://example.org/",
        "https://huggingface.co/",
    ],
)
def test_nothing_outside_is_reached(address: str) -> None:
    with pytest.raises(OSError, match="network is off in tests"):
        urllib.request.urlopen(address, timeout=5)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_this_machine_is_reached(host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection((host, port), timeout=5):
            pass
