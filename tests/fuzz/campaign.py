"""Many changed files, each read under a limit of time and memory; what is wrong is kept.

Every input is made of a seed and its number alone, so that each can be made again. Inputs are read
by child processes: one that dies takes no other with it, and a limit that Python cannot enforce in
the middle of a C function, its parent does.
"""

from __future__ import annotations

import json
import os
import resource
import select
import shutil
import signal
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from protvis.errors import ProtvisError
from tests.fuzz.entrances import Entrance, entrances
from tests.fuzz.mutations import mutate

__all__ = ["Findings", "campaign", "make_input"]

SECONDS = 5.0
"""Of processor time, that an input may take."""

MEMORY = 10**9
"""Bytes beyond those of the process before it."""

LETTERS = 2000
"""That an error may have."""

_PATIENCE = 120.0
_BATCH = 200


class TooSlow(BaseException):
    """No `Exception`: what reads must not turn it into an error of its own."""


@dataclass
class Findings:
    """What came of a campaign.

    Attributes
    ----------
    counts : counter of (str, str)
        Inputs by entrance and outcome: ``refused``, ``read``, or a finding.
    wrong : list of dict
        Each input that was neither refused by name nor read: entrance, number, what happened.
    """

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    wrong: list[dict[str, Any]] = field(default_factory=list)


def make_input(
    everything: Sequence[Entrance], seed: int, number: int
) -> tuple[Entrance, str, bytes]:
    """Return the input of a number: where it comes in, its name and its bytes."""
    rng = np.random.default_rng([seed, number])
    weights = np.array([entrance.weight for entrance in everything], dtype=float)
    entrance = everything[rng.choice(len(everything), p=weights / weights.sum())]
    name, data = entrance.seeds[rng.integers(len(entrance.seeds))]
    return entrance, name, mutate(data, rng, [other for _, other in entrance.seeds])


def campaign(
    numbers: Sequence[int], *, seed: int = 0, only: str | None = None, keep: Path | None = None
) -> Findings:
    """Read the inputs of some numbers, and return what came of them.

    Parameters
    ----------
    numbers : sequence of int
    seed : int
    only : str, optional
        The one entrance that is tried.
    keep : path, optional
        A folder for the inputs that were neither refused nor read.
    """
    everything = [one for one in entrances() if only in (None, one.name)]
    findings = Findings()
    waiting = list(numbers)
    while waiting:
        batch, waiting = waiting[:_BATCH], waiting[_BATCH:]
        while batch:
            outcomes, death = _read_in_child(everything, seed, batch)
            for number, outcome in outcomes:
                _note(findings, everything, seed, number, outcome, keep)
            batch = batch[len(outcomes) :]
            if death and batch:
                _note(findings, everything, seed, batch[0], death, keep)
                batch = batch[1:]
    return findings


def _note(
    findings: Findings,
    everything: Sequence[Entrance],
    seed: int,
    number: int,
    outcome: str,
    keep: Path | None,
) -> None:
    entrance, name, data = make_input(everything, seed, number)
    findings.counts[entrance.name, outcome.partition("\n")[0]] += 1
    if outcome in ("refused", "read"):
        return
    findings.wrong.append(
        {"entrance": entrance.name, "number": number, "file": name, "what": outcome}
    )
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        (keep / f"{entrance.name.replace(' ', '_')}-{number}-{name}").write_bytes(data)


def _read_in_child(
    everything: Sequence[Entrance], seed: int, batch: Sequence[int]
) -> tuple[list[tuple[int, str]], str]:
    """Return what came of inputs, as far as a child came, and what ended it before the last."""
    receive, send = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(receive)
            with os.fdopen(send, "w") as stream:
                for number, outcome in _outcomes(everything, seed, batch):
                    stream.write(json.dumps([number, outcome]) + "\n")
                    stream.flush()
            status = 0
        finally:
            os._exit(status)
    os.close(send)
    lines, death = _lines(receive, child)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    outcomes = [(int(number), str(outcome)) for number, outcome in map(json.loads, lines)]
    if len(outcomes) < len(batch) and not death:
        death = f"the process ended with {signal.Signals(-status).name if status < 0 else status}"
    return outcomes, death


def _lines(receive: int, child: int) -> tuple[list[str], str]:
    """Return the lines that a child writes, and why it was killed, if it was."""
    data = bytearray()
    with os.fdopen(receive, "rb", buffering=0) as stream:
        while True:
            ready, _, _ = select.select([stream], [], [], _PATIENCE)
            if not ready:
                os.kill(child, signal.SIGKILL)
                return data.decode().splitlines(), f"nothing for {_PATIENCE:.0f} s, within C"
            piece = stream.read(2**16)
            if not piece:
                return [line for line in data.decode().split("\n") if line], ""
            data += piece


def _outcomes(
    everything: Sequence[Entrance], seed: int, batch: Sequence[int]
) -> Iterator[tuple[int, str]]:
    warnings.simplefilter("error")
    # Libraries of ours that say what they will change one day are not what is tested.
    warnings.simplefilter("ignore", DeprecationWarning)
    warnings.simplefilter("ignore", FutureWarning)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, resource.RLIM_INFINITY))

    def late(*_: Any) -> None:
        raise TooSlow

    signal.signal(signal.SIGPROF, late)
    for number in batch:
        entrance, name, data = make_input(everything, seed, number)
        folder = Path(tempfile.mkdtemp())
        try:
            (folder / name).write_bytes(data)
            yield number, _outcome(entrance, folder / name)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _outcome(entrance: Entrance, path: Path) -> str:
    from protvis.errors import StructureWarning

    begun = time.process_time()
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", StructureWarning)
            entrance.read(path)
        outcome = "read"
    except ProtvisError as error:
        n_letters = len(str(error))
        outcome = "refused" if 0 < n_letters <= LETTERS else f"an error of {n_letters} letters"
    except TooSlow:
        outcome = f"more than {SECONDS:.0f} s"
    except MemoryError:
        outcome = "more than 1 GB\n" + _where()
    except Exception as error:  # noqa: BLE001 - any is a finding
        outcome = f"{type(error).__name__}: {error!s:.100}\n" + _where()
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    if time.process_time() - begun > SECONDS and outcome in ("read", "refused"):
        outcome = f"more than {SECONDS:.0f} s"
    return outcome


def _where() -> str:
    lines = traceback.format_exc(limit=-6).splitlines()
    return "\n".join(line.strip() for line in lines if line.strip().startswith("File"))
