"""Tracks from a person's own values: a dict, a Series, a CSV file, an array, a matrix of pairs."""

from __future__ import annotations

import csv
import io
import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from protvis.annotations.annotation_file import read_annotation
from protvis.annotations.tracks import PairTrack, Track
from protvis.errors import AnnotationError, LabelError
from protvis.input_file import whole_number
from protvis.structure import Chain

__all__ = ["pair_track", "track"]

_LARGEST = float(np.finfo(np.float32).max)
_MISSING = {"", "nan", "NaN", "NA", "None", "null"}


def track(
    chain: Chain,
    values: Mapping[Any, Any] | ArrayLike | str | os.PathLike[str],
    *,
    name: str = "own values",
    kind: str | None = None,
    source: str = "",
    legend: Mapping[str, str] | None = None,
) -> Track:
    """Return a track of one's own values on a chain.

    Parameters
    ----------
    chain : Chain
    values : mapping, pandas Series, array, or path of a CSV file
        A mapping or Series has residue labels (``"A:HIS57"``, or shorter as in `Chain.find`) or
        indices (int, from 0) as keys; residues that it leaves out have no value. An array has one
        value per residue. A CSV file has two columns, residue and value; a first row whose second
        cell is no value of the others' kind is taken for a heading.
    name : str
    kind : str, optional
        ``"site"``, ``"number"`` or ``"state"``; by default what the values are.
    source : str
        Where the values come from.
    legend : mapping of str to str, optional
        For states: what a letter means.

    Raises
    ------
    LabelError
        If residues are not in the chain; they are listed.
    AnnotationError
        If the values are of no kind, or of different length than the chain.
    """
    if isinstance(values, str | os.PathLike):
        path = Path(values)
        source = source or str(path)
        values = _read_csv(path)
    elif not isinstance(values, Mapping) and hasattr(values, "index") and hasattr(values, "items"):
        # A pandas Series of one value per residue, without labels, has a plain index.
        values = dict(values.items())
    if isinstance(values, Mapping):
        given = _by_index(chain, values)
    else:
        listed = list(np.asarray(values).tolist() if not isinstance(values, str) else values)
        if len(listed) != chain.n_residues:
            raise AnnotationError(
                f"track {name!r} has {len(listed)} values, but chain {chain.chain_id} has "
                f"{chain.n_residues} residues (unobserved ones count)"
            )
        given = dict(enumerate(listed))
    kind = kind or _kind_of(name, list(given.values()))
    empty: Any = {"site": False, "number": np.nan, "state": "-"}.get(kind)
    full: list[Any] = [empty] * chain.n_residues
    for index, value in given.items():
        full[index] = empty if _is_missing(value) else value
    return Track(
        name, kind, np.array(full, dtype=object), source or "given by hand", legend=legend or {}
    )


def pair_track(
    chain: Chain, values: ArrayLike, *, name: str = "own pairs", source: str = ""
) -> PairTrack:
    """Return a property of pairs from a symmetric boolean (n_residues, n_residues) matrix.

    Raises
    ------
    AnnotationError
        If the matrix is not boolean, not symmetric, or not of the chain's length.
    """
    made = PairTrack(name, np.asarray(values), source or "given by hand")
    if len(made) != chain.n_residues:
        raise AnnotationError(
            f"pair track {name!r} is {len(made)} × {len(made)}, but chain {chain.chain_id} has "
            f"{chain.n_residues} residues"
        )
    return made


def _by_index(chain: Chain, values: Mapping[Any, Any]) -> dict[int, Any]:
    found: dict[int, Any] = {}
    unknown: list[str] = []
    for key, value in values.items():
        if isinstance(key, int | np.integer) and not isinstance(key, bool):
            index = int(key)
            if not 0 <= index < chain.n_residues:
                unknown.append(str(key))
                continue
        else:
            try:
                # Files read elsewhere may have left a byte-order mark on the first label.
                index = chain.find(str(key).strip("\ufeff \t\r\n"))
            except LabelError:
                unknown.append(str(key))
                continue
        if index in found:
            raise AnnotationError(f"residue {chain.residue_labels[index]} is given twice ({key!r})")
        found[index] = value
    if unknown:
        shown = ", ".join(unknown[:8]) + (
            f" and {len(unknown) - 8} more" if len(unknown) > 8 else ""
        )
        raise LabelError(
            f"chain {chain.chain_id} has no {shown}; labels look like "
            f"{chain.residue_labels[0]!r}, indices run from 0 to {chain.n_residues - 1}"
        )
    return found


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and np.isnan(value))


def _kind_of(name: str, values: list[Any]) -> str:
    there = [value for value in values if not _is_missing(value)]
    if all(isinstance(value, bool | np.bool_) for value in there):
        return "site"
    if all(isinstance(value, int | float | np.number) for value in there):
        return "number"
    if all(isinstance(value, str) and len(value) == 1 for value in there):
        return "state"
    raise AnnotationError(
        f"the values of track {name!r} are neither all true or false, nor all numbers, nor all "
        "single letters; make them one of these, or name the `kind`"
    )


def _read_csv(path: Path) -> dict[Any, Any]:
    text, _, _ = read_annotation(path)
    try:
        reader = csv.reader(io.StringIO(text, newline=""))
        rows = [row for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise AnnotationError(f"cannot read {path} as CSV ({error})") from error
    if not rows or any(len(row) < 2 for row in rows):
        raise AnnotationError(f"{path} needs two columns in each row: residue, value")
    cells = [(row[0].strip(), row[1].strip()) for row in rows]
    converted = [_converted(value) for _, value in cells]
    kinds = {type(value) for value in converted[1:] if value is not None}
    if len(converted) > 1 and kinds and type(converted[0]) not in kinds:
        cells, converted = cells[1:], converted[1:]
    numbers = [whole_number(key) for key, _ in cells]
    keys = [number if str(number) == key else key
            for number, (key, _) in zip(numbers, cells, strict=True)]  # fmt: skip
    if len(set(keys)) != len(keys):
        twice = next(key for key, n in Counter(keys).items() if n > 1)
        raise AnnotationError(f"{path} gives residue {twice!r} twice")
    return dict(zip(keys, converted, strict=True))


def _converted(value: str) -> bool | float | str | None:
    if value in _MISSING:
        return None
    if value.lower() in ("true", "false"):
        return value.lower() == "true"
    try:
        number = float(value)
    except ValueError:
        return value
    if abs(number) > _LARGEST:
        raise AnnotationError(f"the value {value!r:.40} is too large to be kept as a number")
    return number
