"""What Dask sets for its workers' memory is undone: freed blocks are used again."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

from protvis.analysis.runs import worker_memory
from protvis.analysis.runs.worker_memory import keep_freed_memory

PROGRAM = """
import resource, sys
import numpy as np
from protvis.analysis.runs.worker_memory import keep_freed_memory
done = keep_freed_memory() if sys.argv[1] == "undo" else None
np.ones(2**20)  # 8 MiB, freed at once
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    np.ones(2**20)
print(done, resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def run(value: str | None, how: str) -> tuple[str, int]:
    """Return what undoing said, and how many pages twenty blocks of 8 MiB had to be given."""
    environment = {name: set_to for name, set_to in os.environ.items() if "MALLOC" not in name}
    if value is not None:
        environment["MALLOC_TRIM_THRESHOLD_"] = value
    command = [sys.executable, "-c", PROGRAM, how]
    found = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    said, faults = found.stdout.split()
    return said, int(faults)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc reads the variable")
def test_blocks_are_used_again_under_the_variable_that_dask_sets() -> None:
    said, faults = run("65536", "undo")
    assert said == "True"
    assert faults < 1000
    # Without it every page of every block is a fault: 2,048 pages, twenty times, or huge pages.
    assert run("65536", "leave")[1] > 10 * faults


def test_another_value_is_left_alone() -> None:
    assert run("131072", "undo")[0] == "False"
    assert run(None, "undo")[0] == "False"


def test_without_glibc_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MALLOC_TRIM_THRESHOLD_", "65536")
    monkeypatch.setattr(worker_memory.ctypes, "CDLL", lambda name: object())
    assert keep_freed_memory() is False


def test_dask_still_sets_what_is_undone() -> None:
    import dask
    import distributed  # noqa: F401 - brings its defaults

    set_by_dask = dask.config.get("distributed.nanny.pre-spawn-environ")
    assert str(set_by_dask["MALLOC_TRIM_THRESHOLD_"]) == "65536"
