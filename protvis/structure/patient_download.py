"""Downloads that end: a server that answers too slowly is given up, whatever it drips."""

from __future__ import annotations

import http.client
import io
import time
import urllib.request
from typing import Any

__all__ = ["open_url"]

_LEAST_RATE = 1024
"""Bytes per second, on average, that an answer must have once the timeout has passed."""


class _TimedStream(io.RawIOBase):
    """A socket's stream that keeps an eye on the whole answer, not on each piece of it."""

    def __init__(self, stream: Any, timeout: float | None) -> None:
        self._stream, self._timeout = stream, timeout
        self._start, self._n_bytes = time.monotonic(), 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what is there; raise `TimeoutError` when it comes too slowly."""
        n_bytes = self._stream.readinto(buffer) or 0
        self._n_bytes += n_bytes
        elapsed = time.monotonic() - self._start
        is_late = self._timeout is not None and elapsed > self._timeout
        if n_bytes and is_late and self._n_bytes < _LEAST_RATE * elapsed:
            raise TimeoutError(f"{self._n_bytes} bytes came in {elapsed:.0f} s")
        return n_bytes

    def close(self) -> None:
        """Close the socket's stream too."""
        self._stream.close()
        super().close()


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: Any, *args: Any, **keywords: Any) -> None:
        super().__init__(sock, *args, **keywords)
        self.fp = io.BufferedReader(_TimedStream(self.fp.detach(), sock.gettimeout()))


class _Http(http.client.HTTPConnection):
    response_class = _Response


class _Https(http.client.HTTPSConnection):
    response_class = _Response


class _HttpHandler(urllib.request.HTTPHandler):
    def http_open(self, request: urllib.request.Request) -> Any:
        """Open by a connection that is timed as a whole."""
        return self.do_open(_Http, request)


class _HttpsHandler(urllib.request.HTTPSHandler):
    def https_open(self, request: urllib.request.Request) -> Any:
        """Open by a connection that is timed as a whole."""
        return self.do_open(_Https, request)


def open_url(url: str, timeout: float) -> Any:
    """Open an address, as `urllib.request.urlopen` does.

    Parameters
    ----------
    url : str
    timeout : float, seconds
        Longest wait for a piece of the answer, and for all of it unless 1 KiB comes every second.
    """
    opener = urllib.request.build_opener(_HttpHandler, _HttpsHandler)
    return opener.open(
        urllib.request.Request(url, headers={"User-Agent": "protvis"}), None, timeout
    )
