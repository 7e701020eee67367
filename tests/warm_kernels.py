"""Kernels forked from a process that has imported PyTorch and Transformers.

A kernel imports them for four seconds of CPU, and the tests start twenty. What is imported besides,
and all that depends on the environment or on the notebook, is each kernel's own.

As a script: ``serve FD`` is that process, ``start PATH ARGUMENTS`` stands for one kernel of it.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import sys
from pathlib import Path


def serve(listening: socket.socket) -> None:
    """Fork a kernel for each who asks, until standard input ends."""
    import transformers.models.bert.modeling_bert  # noqa: F401

    import protvis.models.model  # noqa: F401

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while listening in select.select([listening, sys.stdin], [], [])[0]:
        asked, _ = listening.accept()
        message, streams, _, _ = socket.recv_fds(asked, 1 << 20, 3)
        if os.fork() == 0:
            listening.close()
            _be_kernel(asked, streams, **json.loads(message))
        asked.close()
        for stream in streams:
            os.close(stream)


def _be_kernel(
    asked: socket.socket, streams: list[int], arguments: list[str], folder: str, env: dict[str, str]
) -> None:
    import logging
    import threading

    def follow() -> None:
        asked.recv(1)  # Nothing comes: it ends with the process that stands for this one.
        os.kill(os.getpid(), signal.SIGKILL)

    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(env, JPY_PARENT_PID=str(os.getppid()))
        asked.send(str(os.getpid()).encode())
        threading.Thread(target=follow, daemon=True).start()
        from ipykernel.kernelapp import launch_new_instance

        launch_new_instance(argv=arguments)
    except Exception:
        logging.exception("the kernel has failed")
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


def start(path: str, arguments: list[str]) -> None:
    """Ask for a kernel, hand on what it is told, and end with it."""
    message = {"arguments": arguments, "folder": str(Path.cwd()), "env": dict(os.environ)}
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as kernel:
        kernel.connect(path)
        socket.send_fds(kernel, [json.dumps(message).encode()], [0, 1, 2])
        pid = int(kernel.recv(32))
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda number, _: os.kill(pid, number))
        kernel.recv(1)


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(socket.socket(fileno=int(sys.argv[2])))
    else:
        start(sys.argv[2], sys.argv[3:])
