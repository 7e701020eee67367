"""The journal of a run: what has been counted so far, in one file that is replaced as a whole.

After every chunk the counters so far, which chunks they hold and what was skipped are written to a
new file that then takes the old one's name. Whatever kills the process, the file is that of the
last chunk counted or of the one before it.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from protvis.analysis.chunks import Summary
from protvis.analysis.counters import Counters
from protvis.analysis.plan import Plan
from protvis.analysis.result import Skipped
from protvis.errors import OutputError, ResumeError

__all__ = ["Journal", "replace_file"]

STATE = "progress.npz"
IDENTITY = "run.json"


def replace_file(path: Path, write: Any) -> None:
    """Write a file that appears whole or not at all.

    Parameters
    ----------
    path : Path
    write : callable
        Called with a binary stream.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        try:
            with partial.open("wb") as stream:
                write(stream)
                stream.flush()
                os.fsync(stream.fileno())
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from error


class Journal:
    """The progress of a run in a directory.

    Parameters
    ----------
    directory : path
        Made if it is not there.
    identity : mapping of str to Any
        What decides the numbers, as plain values: plan, model, data, chunks. A run goes on only
        from a journal of the same identity.

    Raises
    ------
    ResumeError
        If the directory holds the journal of another run; the message says what differs.
    """

    def __init__(self, directory: str | os.PathLike[str], identity: Mapping[str, Any]) -> None:
        self.directory = Path(directory)
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(
                f"cannot make the folder {directory} for the journal: {error.strerror or error}"
            ) from error
        self._identity = json.loads(json.dumps(identity))
        path = self.directory / IDENTITY
        if path.exists():
            self._compare(path)
        else:
            text = json.dumps(self._identity, indent=1, sort_keys=True)
            replace_file(path, lambda stream: stream.write(text.encode()))

    def _compare(self, path: Path) -> None:
        try:
            written = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ResumeError(f"{path} cannot be read ({error}); name another folder") from error
        changed = list(_differences(written, self._identity))
        if changed:
            raise ResumeError(
                f"the journal in {self.directory} belongs to another run: {'; '.join(changed[:4])}"
                f"{f' and {len(changed) - 4} more' if len(changed) > 4 else ''}. Run with what it "
                "was begun with, or name another folder"
            )

    def load(
        self, plan: Plan, n_chunks: int
    ) -> tuple[Counters, np.ndarray, dict[int, list[Skipped]], list[int]]:
        """Return counters, which chunks they hold, what some skipped, and records and residues.

        Raises
        ------
        ResumeError
            If the file is damaged.
        """
        path = self.directory / STATE
        done = np.zeros(n_chunks, dtype=bool)
        if not path.exists():
            return Counters.zeros(plan), done, {}, [0, 0]
        try:
            with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            about = json.loads(arrays.pop("about").tobytes())
            done = arrays.pop("done")
            skipped = {
                int(number): [Skipped(*pair) for pair in pairs]
                for number, pairs in about["skipped"].items()
            }
            expected = Counters.zeros(plan)
            if {n: a.shape for n, a in arrays.items()} != {
                n: a.shape for n, a in expected.arrays.items()
            } or len(done) != n_chunks:
                raise ValueError("it holds other counters")
        except (
            OSError,
            EOFError,
            ValueError,
            KeyError,
            TypeError,
            AttributeError,
            zipfile.BadZipFile,
        ) as error:
            raise ResumeError(f"{path} is damaged ({error}); begin in another folder") from error
        return Counters(arrays), done, skipped, [about["n_records"], about["n_residues"]]

    def save(
        self,
        counters: Counters,
        done: np.ndarray,
        skipped: Mapping[int, Sequence[Skipped]],
        counted: Summary,
    ) -> None:
        """Write the progress, in place of what was there."""
        about = json.dumps(
            {
                # Only chunks that skipped anything: there may be millions of others.
                "skipped": {
                    number: [[skip.record, skip.reason] for skip in skipped[number]]
                    for number in sorted(skipped)
                },
                "n_records": counted.n_records,
                "n_residues": counted.n_residues,
            },
            ensure_ascii=False,
        )
        arrays = {
            **counters.arrays,
            "done": done,
            "about": np.frombuffer(about.encode(), dtype=np.uint8),
        }
        replace_file(self.directory / STATE, lambda stream: np.savez(stream, **arrays))


def _differences(was: Any, now: Any, where: str = "") -> Any:
    if isinstance(was, dict) and isinstance(now, dict):
        for name in sorted(was.keys() | now.keys()):
            inner = f"{where}.{name}" if where else name
            yield from _differences(was.get(name), now.get(name), inner)
    elif was != now:
        yield f"{where} was {_short(was)}, is {_short(now)}"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}…"
