"""Tracks from a person's own values: a dict, a Series, a CSV file, an array, a matrix of pairs."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Mapping
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

_MISSING = {"", "nan", "NaN", "NA", "None", "null"}


def track(
    chain: Chain,
    values: Mapping[Any, Any] | ArrayLike | str | os.PathLike[str],
    *,
    name: str = "own values",
    kind: str | None = None,
    source: str = "",
    legend: Mapping[str, str] | None = None,
    index: bool = False,
) -> Track:
    """Return a track of your own values on a chain.

    Parameters
    ----------
    chain : Chain
    values : mapping, pandas Series, array, or path of a CSV file
        A mapping or Series has residues as keys: labels (``"A:HIS57"``, or shorter as in
        `Chain.find`) or author numbers (57). Residues left out have no value. An array has one
        value per residue. A CSV file has two columns, residue and value; a first row whose value
        differs in kind from the rest is taken as a header.
    name : str
    kind : str, optional
        ``"site"``, ``"number"`` or ``"state"``; inferred from the values by default.
    source : str
        Where the values come from.
    legend : mapping of str to str, optional
        For states: what each letter means.
    index : bool
        Whether the keys are indices from 0 rather than author numbers.

    Raises
    ------
    LabelError
        If residues are not in the chain, or a number matches several; the message lists them.
    AnnotationError
        If the values are of no known kind or of the wrong length, a residue is given twice, or the
        numbers 0, 1, 2, … of a Series could be indices or author numbers.
    """
    pairs: list[tuple[Any, Any]] | None
    if isinstance(values, str | os.PathLike):
        path = Path(values)
        source = source or str(path)
        pairs = _read_csv(path)
    elif isinstance(values, Mapping):
        pairs = list(values.items())
    elif hasattr(values, "index") and hasattr(values, "items"):
        pairs = list(values.items())
        if not index:
            _check_plain_index(chain, name, [key for key, _ in pairs])
    else:
        pairs = None
    if pairs is not None:
        given = _by_index(chain, pairs, index=index)
    else:
        # Of a masked array `tolist` has None where NumPy has what is behind the mask.
        array = values if isinstance(values, np.ndarray) else np.asarray(values)
        if array.ndim == 0:
            raise AnnotationError(
                f"track {name!r} needs a mapping, a Series, a CSV file or one value per residue, "
                f"got {values!r:.60}"
            )
        listed = array.tolist()
        if len(listed) != chain.n_residues:
            raise AnnotationError(
                f"track {name!r} has {len(listed)} values, but chain {chain.chain_id} has "
                f"{chain.n_residues} residues (unobserved ones count)"
            )
        given = dict(enumerate(listed))
    kind = kind or _kind_of(name, list(given.values()))
    empty: Any = {"site": False, "number": np.nan, "state": "-"}.get(kind)
    full: list[Any] = [empty] * chain.n_residues
    for place, value in given.items():
        full[place] = empty if _is_missing(value) else value
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


def _by_index(chain: Chain, pairs: Iterable[tuple[Any, Any]], *, index: bool) -> dict[int, Any]:
    find = _find_index if index else _find_residue
    found: dict[int, Any] = {}
    unknown: list[Any] = []
    reason = ""
    for key, value in pairs:
        try:
            place = find(chain, key)
        except LabelError as error:
            unknown.append(key)
            reason = reason or str(error)
            continue
        if place in found:
            raise AnnotationError(f"residue {chain.residue_labels[place]} is given twice ({key!r})")
        found[place] = value
    if unknown:
        more = f" and {len(unknown) - 8} more" if len(unknown) > 8 else ""
        numbers = [_whole(key) for key in unknown]
        named = [key if number is None else number
                 for key, number in zip(unknown, numbers, strict=True)]  # fmt: skip
        listed = ", ".join(map(str, named[:8])) + more
        last = chain.n_residues - 1
        if index:
            raise LabelError(f"chain {chain.chain_id} has indices 0 to {last}, not {listed}")
        plain = all(number is not None and 0 <= number <= last for number in numbers)
        hint = f"; for indices (0 to {last}) pass index=True" if plain else ""
        raise LabelError(f"chain {chain.chain_id} has no single residue {listed} ({reason}){hint}")
    return found


def _find_residue(chain: Chain, key: Any) -> int:
    number = _whole(key)
    # Files read elsewhere may have left a byte-order mark on the first label.
    label = str(key).strip("\ufeff \t\r\n") if number is None else str(number)
    return int(chain.find(label))


def _find_index(chain: Chain, key: Any) -> int:
    place = _whole(key)
    if place is None or not 0 <= place < chain.n_residues:
        raise LabelError(f"there is no index {key!r}")
    return place


def _whole(key: Any) -> int | None:
    """Return a key that is a whole number, as a float (pandas) or as text (CSV) too."""
    if isinstance(key, str):
        return whole_number(key.strip("\ufeff \t\r\n"))
    if isinstance(key, bool | np.bool_) or not isinstance(key, int | float | np.number):
        return None
    return int(key) if float(key).is_integer() else None


def _check_plain_index(chain: Chain, name: str, keys: list[Any]) -> None:
    """Refuse a Series numbered 0, 1, 2, … by pandas where these are not the author numbers."""
    numbers = [_whole(key) for key in keys]
    if numbers != list(range(chain.n_residues)):
        return
    if numbers != chain.residue_numbers.tolist():
        raise AnnotationError(
            f"the Series of track {name!r} is numbered from 0 to {len(keys) - 1}, but chain "
            f"{chain.chain_id} runs from {chain.residue_labels[0]} to {chain.residue_labels[-1]}; "
            "pass index=True for one value per residue, or label its index with residues"
        )


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and np.isnan(value))


def _kind_of(name: str, values: list[Any]) -> str:
    there = [value for value in values if not _is_missing(value)]
    if not there and any(isinstance(value, float) for value in values):
        return "number"
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


def _read_csv(path: Path) -> list[tuple[Any, Any]]:
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
    return [(key, value) for (key, _), value in zip(cells, converted, strict=True)]


def _converted(value: str) -> bool | float | str | None:
    if value in _MISSING:
        return None
    if value.lower() in ("true", "false"):
        return value.lower() == "true"
    try:
        return float(value)
    except ValueError:
        return value
