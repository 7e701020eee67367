"""Signals that end a run: SIGTERM and SIGHUP stop it as Ctrl-C does, and it says how to go on."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["Stopped", "stop_signals"]

_NAMES = ("SIGTERM", "SIGHUP")


class Stopped(KeyboardInterrupt):
    """A run that was stopped.

    Attributes
    ----------
    status : int
        The exit status by which a shell knows the signal.
    """

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


@contextmanager
def stop_signals(hint: str) -> Iterator[None]:
    """Let a run that a batch system or a closed terminal ends keep what it has counted.

    Parameters
    ----------
    hint : str
        How to go on, for an interrupt that does not say it itself; empty if there is no way.

    Raises
    ------
    Stopped
        For an interrupt or one of these signals.
    """
    received: list[int] = []
    before: dict[int, Any] = {}

    def stop(number: int, frame: Any) -> None:
        received.append(number)
        # As an interrupt: it waits where interrupts wait.
        interrupt = signal.getsignal(signal.SIGINT)
        if callable(interrupt):
            interrupt(signal.SIGINT, frame)
        else:
            raise KeyboardInterrupt

    if threading.current_thread() is threading.main_thread():
        for number in (getattr(signal, name) for name in _NAMES if hasattr(signal, name)):
            # One that is ignored, as under nohup, stays so.
            if signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, stop)
    try:
        yield
    except KeyboardInterrupt as interruption:
        status = 128 + (received[-1] if received else signal.SIGINT)
        raise Stopped(
            str(interruption) or "; ".join(filter(None, ["stopped", hint])), status
        ) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
