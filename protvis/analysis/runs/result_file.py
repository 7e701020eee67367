"""Results in files: one archive of JSON, Parquet and NumPy arrays, never pickle.

An archive (`protvis.sealed_archive`) holds ``counts.npz``
(`protvis.analysis.counting.counters.Counters`), ``plan.json``, ``provenance.json`` and
``ledger.json``, ``clusters.json``, ``controls.json``, and for readers without protvis
``heads.parquet``.
"""

from __future__ import annotations

import io
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from protvis.analysis.counting.plan import Plan
from protvis.analysis.counting.result import Control, Result, Skipped
from protvis.analysis.counting.stored_counters import counters_from_npz, counters_to_npz
from protvis.analysis.statistics.result_tables import HeadTables
from protvis.errors import DatasetError
from protvis.input_file import user_path
from protvis.json_text import parse_json
from protvis.sealed_archive import read_archive, write_archive

__all__ = ["load_tables", "save_tables"]

VERSION = 3
REPORT = "report.protvis"


def save_tables(tables: HeadTables, path: str | os.PathLike[str]) -> Path:
    """Write a result to one file and return its path.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    result = tables.result
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
        "counts.npz": counters_to_npz(result.counters),
        "ledger.json": _json(
            [[line.record, line.reason, line.kind] for line in (*result.skipped, *result.warnings)]
        ),
        "clusters.json": _json(dict(result.families)),
        "controls.json": _json([_row(control) for control in result.controls]),
        "heads.parquet": _parquet(tables.heads()),
    }
    return write_archive(path, members)


def load_tables(path: str | os.PathLike[str]) -> HeadTables:
    """Read a result that was saved.

    The file is read whole and compared with its digest, and what it says of itself is checked
    before the arrays are made.

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
    path = user_path(path)
    if os.path.isdir(path):  # noqa: PTH112 - Path.is_dir fails on names that are too long
        path = path / REPORT
    members = read_archive(path, "report", DatasetError)
    try:
        about = _checked(parse_json(bytes(members["provenance.json"])))
        plan = Plan.from_dict(parse_json(bytes(members["plan.json"])))
        counters = counters_from_npz(members["counts.npz"], plan)
        counters.check()
        ledger = _ledger(parse_json(bytes(members["ledger.json"])))
        families = _clusters(parse_json(bytes(members["clusters.json"])))
        controls = _controls(parse_json(bytes(members["controls.json"])))
    except KeyError as error:
        raise DatasetError(f"{path} is not a protvis report: it lacks {error}") from None
    except ValueError as error:
        raise DatasetError(f"{path} cannot be read: {error}") from error
    del about["version"]
    min_links = about.pop("min_links")
    result = Result(
        plan=plan,
        counters=counters,
        skipped=tuple(line for line in ledger if line.kind == "skipped"),
        warnings=tuple(line for line in ledger if line.kind == "warning"),
        n_records=about.pop("n_records"),
        complete=about.pop("complete"),
        provenance=about,
        families=families,
        controls=controls,
    )
    return HeadTables(result, min_links=min_links)


_FIELDS = {
    "min_links": int,
    "n_records": int,
    "complete": bool,
    "model": dict,
    "data": dict,
}
_MORE_FIELDS = {"versions": dict, "arguments": dict, "date": str, "parts": list}


def _checked(about: Any) -> dict[str, Any]:
    """Return what a file says of its result, if it says all that is read of it."""
    if not isinstance(about, dict) or about.get("version") != VERSION:
        raise DatasetError("it was written by another version of protvis; analyze the data again")
    _check_fields(about, _FIELDS)
    _check_fields(about["model"], {"model": str})
    _check_fields(about["data"], {"name": str, "n_records": int})
    _check_fields(about, {name: kind for name, kind in _MORE_FIELDS.items() if name in about})
    return about


def _check_fields(values: dict[str, Any], fields: dict[str, type]) -> None:
    for name, kind in fields.items():
        value = values[name]
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is int):
            raise DatasetError(f"its {name} is a {type(value).__name__}")
        if isinstance(value, int) and not 0 <= value < 2**63:
            raise DatasetError(f"its {name} is out of range")


def _ledger(ledger: Any) -> tuple[Skipped, ...]:
    if not isinstance(ledger, list) or not all(
        isinstance(row, list) and len(row) == 3 and all(isinstance(text, str) for text in row)
        for row in ledger
    ):
        raise DatasetError("its ledger is not a list of records, reasons and kinds")
    return tuple(Skipped(*row) for row in ledger)


def _clusters(clusters: Any) -> dict[str, str]:
    if not isinstance(clusters, dict) or not all(isinstance(c, str) for c in clusters.values()):
        raise DatasetError("its clusters are not a mapping of records to names")
    return clusters


def _controls(rows: Any) -> tuple[Control, ...]:
    kinds = (str, str, str, int, int, float | None)
    if not isinstance(rows, list) or not all(
        isinstance(row, list)
        and len(row) == len(kinds)
        and all(isinstance(value, kind) for value, kind in zip(row, kinds, strict=True))
        for row in rows
    ):
        raise DatasetError("its controls are not a list of features and counts")
    return tuple(
        Control(feature, value, control, n_heads, n_called, np.nan if best is None else best)
        for feature, value, control, n_heads, n_called, best in rows
    )


def _row(control: Control) -> list[Any]:
    *values, best = asdict(control).values()
    return [*values, None if np.isnan(best) else best]


def _json(values: Any) -> bytes:
    return json.dumps(values, indent=1).encode()


def _parquet(frame: pd.DataFrame) -> bytes:
    stream = io.BytesIO()
    frame.to_parquet(stream, index=False)
    return stream.getvalue()
