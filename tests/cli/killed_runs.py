"""A program that runs ``protvis analyze`` again and again, and kills it: see test_killed.py.

It loads what takes seconds to load, once; each run is a child of its own, which is what is killed.
Its last line says how each child ended, as JSON.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

# Before torch: a process with threads is not to be forked.
os.environ["OMP_NUM_THREADS"] = "1"

import biotite.sequence.align  # noqa: F401
import pandas  # noqa: F401
import pyarrow.parquet  # noqa: F401
import torch

import protvis.analysis.runs.result_file
import protvis.cli.head_summary  # noqa: F401
from protvis.analysis.runs import run as running
from protvis.analysis.runs.journal import STATE
from protvis.cli import main
from protvis.cli.results import HEADS, LEDGER, REPORT
from protvis.models import load_model

CHUNK_SECONDS = 0.03
"""At least so long takes a chunk, so that runs are killed within one."""

MOST_CHUNKS = 3
"""A run that is killed some time after its start counts no more, however late that is."""


def start(command: list[str], prepare: Callable[[], None]) -> int:
    """Start a run in a child process and return the child's id."""
    child = os.fork()
    if child:
        return child
    status = 99
    try:
        torch.set_num_threads(1)
        # Many chunks of few records each.
        running.CHUNK_RECORDS = 1
        prepare()
        status = main(command)
    finally:
        sys.stdout.flush()
        os._exit(status)


def ended(child: int) -> int:
    """Wait for a child; return its exit status, or less than 0 if a signal ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def slowly(begun: int) -> None:
    """Let chunks take their time, say when the first begins, and wait to be killed after a few."""
    count, left = running.count_chunk, [MOST_CHUNKS]

    def count_chunk(*arguments: Any) -> Any:
        os.write(begun, b".")
        time.sleep(CHUNK_SECONDS)
        left[0] -= 1
        if left[0] < 0:
            signal.pause()
        return count(*arguments)

    running.count_chunk = count_chunk


def at_replacement(name: str, number: int, *, before: bool) -> Callable[[], None]:
    """Die when a file is replaced for the n-th time, before or after the new one has its name."""

    def prepare() -> None:
        replace, left = Path.replace, [number]

        def patched(partial: Path, target: Path) -> Path:
            left[0] -= target.name == name
            aimed = target.name == name and not left[0]
            if aimed and before:
                die()
            done = replace(partial, target)
            if aimed:
                die()
            return done

        Path.replace = patched  # type: ignore[method-assign]

    return prepare


def kill_after(command: list[str], seconds: float, *, counting: bool) -> int:
    """Kill a run some time after it was started, or after it began to count."""
    ready, begun = os.pipe()
    child = start(command, lambda: slowly(begun))
    os.close(begun)
    if counting:
        os.read(ready, 1)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    os.close(ready)
    return ended(child)


def kill_at(command: list[str], name: str, number: int = 1, *, before: bool = True) -> int:
    return ended(start(command, at_replacement(name, number, before=before)))


def run() -> None:
    command, straight, killed = json.loads(sys.argv[1]), sys.argv[2], sys.argv[3]
    drawn = random.Random(int(sys.argv[4]))
    # What loading a model imports is then there; each child still loads its own.
    torch.set_num_threads(1)
    load_model("mini")
    statuses = [ended(start([*command, "--out", straight], lambda: None))]
    command = [*command, "--out", killed, "--resume"]
    timed = [False] * 4 + [True] * 7
    aimed = [True] * 4 + [False] * 2
    ways: list[Callable[[], int]] = [
        *(
            lambda counting=counting: kill_after(
                command, drawn.uniform(0, 0.12 if counting else 0.3), counting=counting
            )
            for counting in timed
        ),
        *(
            lambda before=before: kill_at(command, STATE, drawn.randint(1, 3), before=before)
            for before in aimed
        ),
    ]
    drawn.shuffle(ways)
    statuses += [way() for way in ways]
    # All is counted now: what is left to kill is the writing of results.
    statuses += [kill_at(command, name) for name in (REPORT, HEADS, LEDGER)]
    statuses.append(ended(start(command, lambda: None)))
    sys.stdout.write(f"{json.dumps(statuses)}\n")


if __name__ == "__main__":
    run()
