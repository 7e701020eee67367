"""Results in files: one archive of JSON, Parquet and NumPy arrays, never pickle.

An archive holds ``counts.npz`` (`protvis.analysis.counting.counters.Counters`), ``plan.json``,
``provenance.json`` and ``ledger.parquet``, and for readers without protvis ``heads.parquet``.
"""

from __future__ import annotations

import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from protvis.analysis.counting.counters import Counters
from protvis.analysis.counting.plan import Plan
from protvis.analysis.counting.result import Result, Skipped
from protvis.analysis.statistics.result_tables import HeadTables
from protvis.errors import DatasetError
from protvis.output_file import write_whole

__all__ = ["load_tables", "save_tables"]

VERSION = 1


def save_tables(tables: HeadTables, path: str | os.PathLike[str]) -> Path:
    """Write a result to one file and return its path.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    result = tables.result
    counts = io.BytesIO()
    arrays: dict[str, Any] = result.counters.arrays
    np.savez_compressed(counts, **arrays)
    about = {
        "version": VERSION,
        "min_links": tables.min_links,
        "n_records": result.n_records,
        "complete": result.complete,
        **result.provenance,
    }
    members = {
        "provenance.json": _json(about),
        "plan.json": _json(result.plan.to_dict()),
        "counts.npz": counts.getvalue(),
        "ledger.parquet": _parquet(tables.ledger),
        "heads.parquet": _parquet(tables.heads()),
    }

    def write(stream: Any) -> None:
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
            for name, content in members.items():
                # Without a date of its own: equal reports are equal files.
                archive.writestr(zipfile.ZipInfo(name), content)

    return write_whole(path, write)


def load_tables(path: str | os.PathLike[str]) -> HeadTables:
    """Read a result that was saved.

    Parameters
    ----------
    path : path
        A file written by `save_tables` or `protvis.HeadReport.save`, or the folder of
        ``protvis analyze --out``.

    Raises
    ------
    DatasetError
        If there is no such file, or it is not a result of protvis, or damaged.
    """
    path = Path(path)
    if path.is_dir():
        path = path / "report.protvis"
    try:
        with zipfile.ZipFile(path) as archive:
            about = json.loads(archive.read("provenance.json"))
            if about.pop("version") != VERSION:
                raise DatasetError("it was written by another version of protvis")
            plan = Plan.from_dict(json.loads(archive.read("plan.json")))
            with np.load(io.BytesIO(archive.read("counts.npz")), allow_pickle=False) as file:
                counters = Counters({name: file[name] for name in file.files})
            skipped = _read_ledger(archive.read("ledger.parquet"))
    except FileNotFoundError:
        raise DatasetError(f"there is no report {path}") from None
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        if isinstance(error, DatasetError):
            raise DatasetError(f"{path} cannot be read: {error}") from None
        raise DatasetError(f"{path} is not a report of protvis, or is damaged ({error})") from error
    expected = Counters.zeros(plan)
    if {n: a.shape for n, a in counters.arrays.items()} != {
        n: a.shape for n, a in expected.arrays.items()
    }:
        raise DatasetError(f"{path} is damaged: its counts do not fit its plan")
    try:
        counters.check()
    except DatasetError as error:
        raise DatasetError(f"{path} is damaged: {error}") from None
    min_links = about.pop("min_links")
    result = Result(
        plan=plan,
        counters=counters,
        skipped=skipped,
        n_records=about.pop("n_records"),
        complete=about.pop("complete"),
        provenance=about,
    )
    return HeadTables(result, min_links=min_links)


def _json(values: Any) -> bytes:
    return json.dumps(values, indent=1, ensure_ascii=False).encode()


def _parquet(frame: pd.DataFrame) -> bytes:
    stream = io.BytesIO()
    frame.to_parquet(stream, index=False)
    return stream.getvalue()


def _read_ledger(content: bytes) -> tuple[Skipped, ...]:
    frame = pd.read_parquet(io.BytesIO(content))
    return tuple(Skipped(*row) for row in frame.itertuples(index=False))
