"""The journal of a run: what has been counted so far, in one file that is replaced as a whole.

After every chunk the counters so far, which chunks they hold and what was skipped are written to a
new file that then takes the old one's name. Whatever kills the process, the file is that of the
last chunk counted or of the one before it. Both files of a journal carry a digest of their content,
so that a run never goes on from numbers that changed on the disk.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from protvis.analysis.counting.counters import Counters
from protvis.analysis.counting.plan import Plan
from protvis.analysis.counting.result import Skipped
from protvis.analysis.counting.stored_counters import array_bytes, array_from_bytes
from protvis.analysis.runs.chunks import Summary
from protvis.dates import date_now
from protvis.errors import OutputError, ResumeError
from protvis.input_file import read_file
from protvis.json_text import parse_json
from protvis.output_file import sweep_drafts, write_whole
from protvis.sealed_archive import read_archive, write_archive

__all__ = ["Journal"]

STATE = "progress.npz"
IDENTITY = "run.json"
DONE = "done.npy"
ABOUT = "about.json"

_BEGUN = "begun"
_DIGEST = "sha256"


class Journal:
    """The progress of a run in a directory.

    Parameters
    ----------
    directory : path
        Made if it is not there.
    identity : mapping of str to Any
        What decides the numbers, as plain values: arguments, plan, model, data, chunks. A run goes
        on only from a journal of the same identity.

    Attributes
    ----------
    begun : str
        When the run was begun, see `date_now`; however often it was killed since.

    Raises
    ------
    ResumeError
        If the directory holds the journal of another run; the message says what differs.
    """

    def __init__(self, directory: str | os.PathLike[str], identity: Mapping[str, Any]) -> None:
        self.directory = Path(directory)
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            sweep_drafts(self.directory, STATE, IDENTITY)
        except OSError as error:
            raise OutputError(
                f"cannot make the folder {directory} for the journal: {error.strerror or error}"
            ) from error
        self._identity = json.loads(json.dumps(identity))
        path = self.directory / IDENTITY
        if path.exists():
            self.begun = self._compare(path)
        elif (self.directory / STATE).exists():
            raise ResumeError(
                f"{self.directory} holds the progress of a run, but not which run it was "
                f"({IDENTITY} is missing); begin in another folder"
            )
        else:
            self.begun = date_now()
            written = {_BEGUN: self.begun, **self._identity}
            text = json.dumps({**written, _DIGEST: _digest(written)}, indent=1, sort_keys=True)
            write_whole(path, text)

    def _compare(self, path: Path) -> str:
        """Return when the run was begun that wrote a file, if it is this one."""
        try:
            written = parse_json(read_file(path, ResumeError))
            if not isinstance(written, dict) or written.pop(_DIGEST, None) != _digest(written):
                raise ValueError("its content does not fit its digest")
            begun = str(written.pop(_BEGUN))
        except ResumeError:
            raise
        except (ValueError, KeyError) as error:
            raise ResumeError(
                f"{path} is damaged ({error}), or of another version of protvis; name another "
                "folder"
            ) from error
        changed = list(_changes(written, self._identity))
        if changed:
            raise ResumeError(
                f"the journal in {self.directory} belongs to another run: {'; '.join(changed[:4])}"
                f"{f' and {len(changed) - 4} more' if len(changed) > 4 else ''}. Run with what it "
                "was begun with, or name another folder"
            )
        return begun

    @property
    def _run(self) -> str:
        """The identity in short, for the file of the progress to say whose it is."""
        return _digest(self._identity)

    def load(
        self, plan: Plan, n_chunks: int
    ) -> tuple[Counters, NDArray[np.bool_], dict[int, list[Skipped]], list[int]]:
        """Return counters, which chunks they hold, the ledger, and numbers of records and residues.

        Raises
        ------
        ResumeError
            If the file is damaged.
        """
        path = self.directory / STATE
        done: NDArray[np.bool_] = np.zeros(n_chunks, dtype=bool)
        if not path.exists():
            return Counters.zeros(plan), done, {}, [0, 0]
        members = read_archive(path, "journal", ResumeError)
        try:
            about = parse_json(bytes(members[ABOUT]))
            if about["run"] != self._run:
                raise ValueError("it belongs to another run")
            counters = Counters(
                {
                    name: array_from_bytes(members[f"{name}.npy"], shape, "<i8")
                    for name, shape in Counters.shapes(plan).items()
                }
            )
            counters.check()
            done = array_from_bytes(members[DONE], (n_chunks,), "|b1")
            ledger = {
                int(number): [Skipped(*map(str, line)) for line in lines]
                for number, lines in about["ledger"].items()
            }
            counted = [about["n_records"], about["n_residues"]]
            if not all(type(number) is int and number >= 0 for number in counted):
                raise ValueError(f"records and residues are {counted}, not counts")
        except (ValueError, OverflowError, KeyError, TypeError, AttributeError) as error:
            raise ResumeError(f"{path} is damaged ({error}); begin in another folder") from error
        return counters, done, ledger, counted

    def save(
        self,
        counters: Counters,
        done: NDArray[np.bool_],
        ledger: Mapping[int, Sequence[Skipped]],
        counted: Summary,
    ) -> None:
        """Write the progress, in place of what was there."""
        about = {
            # Only chunks with lines in it: there may be millions of others.
            "ledger": {
                number: [[line.record, line.reason, line.kind] for line in ledger[number]]
                for number in sorted(ledger)
            },
            "n_records": counted.n_records,
            "n_residues": counted.n_residues,
            "run": self._run,
        }
        members = {f"{name}.npy": array_bytes(array) for name, array in counters.arrays.items()}
        members |= {DONE: array_bytes(done), ABOUT: json.dumps(about).encode()}
        write_archive(self.directory / STATE, members)


def _digest(identity: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()


def _changes(was: dict[str, Any], now: dict[str, Any]) -> Iterator[str]:
    """Yield what differs between two identities: arguments by their names, the rest by its place.

    What follows from an argument that changed is not said again.
    """
    changed: dict[str, str] = {}
    for part in (
        lambda side: side.get("arguments") or {},
        lambda side: _with_features(side.get("plan") or {}),
        lambda side: {k: v for k, v in side.items() if k not in ("arguments", "plan")},
    ):
        for name, text in _differences(part(was), part(now)):
            changed.setdefault(name, text)
    if "features" in changed:
        changed.pop("columns", None)
    yield from (f"{name} {text}" for name, text in changed.items())


def _with_features(plan: dict[str, Any]) -> dict[str, Any]:
    """Return a plan with the names of its features, and its columns by name."""
    columns = plan.get("columns", ())
    names = [" ".join(filter(None, (c["feature"], c["value"], c["kind"]))) for c in columns]
    features = list(dict.fromkeys(column["feature"] for column in columns))
    return {**plan, "features": features, "columns": names}


def _differences(was: Any, now: Any, where: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(was, dict) and isinstance(now, dict):
        for name in sorted(was.keys() | now.keys()):
            inner = f"{where}.{name}" if where else name
            yield from _differences(was.get(name), now.get(name), inner)
    elif was != now:
        several = isinstance(was, list) or isinstance(now, list)
        verb, then = ("were", "now") if several else ("was", "is")
        yield where, f"{verb} {_short(was)}{';' if several else ','} {then} {_short(now)}"


def _short(value: Any) -> str:
    if value is None:
        return "not given"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}…"
