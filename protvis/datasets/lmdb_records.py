"""Records of ProVis' and TAPE's LMDB files: from the fields of one value to a `Record`.

=====================  ===================================================================
fields                 what they give
=====================  ===================================================================
positions, sites       ``binding_site`` (ProVis): residues whose author number is among the
                       sites. Numbers can repeat, so that one labels several residues.
positions,             ``modification`` (ProVis), likewise.
modifications
tertiary, valid_mask   Cα coordinates in Å (TAPE's ProteinNet), missing where not valid; of
                       residues that are not, ``secondary_structure`` says nothing either.
ss8, ss3               ``secondary_structure`` (TAPE, NetSurfP-2). ss8 counts through
                       GHIBESTC, ss3 through helix, strand, coil.
=====================  ===================================================================

A value has the sequence in ``primary``, and any of these. As in the paper's own code, a residue of
coil in ss3 is turn or bend unless ss8 has it unassigned (C), which is a class of its own; without
ss8, all coil is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from protvis.annotations import Track
from protvis.datasets.identifiers import entry_of, is_id
from protvis.datasets.records import DSSP_STATES, SECONDARY_STRUCTURE, Record, check_coordinates
from protvis.errors import DatasetError
from protvis.labels import AMINO_ACIDS

__all__ = ["features_of", "id_of", "record_of"]

_SITES = {"sites": "binding_site", "modifications": "modification"}
_SS8 = "GHIBESTC"
_SS3 = "HET"


def id_of(fields: Any) -> str | None:
    """Return the id in a value's fields, None if it has none that can be shown in one line."""
    given = fields.get("id") if isinstance(fields, dict) else None
    if isinstance(given, bytes):
        given = given.decode("utf-8", "replace")
    return given if isinstance(given, str) and is_id(given) else None


def features_of(fields: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Return the features that fields give, with their values."""
    offered: dict[str, tuple[str, ...]] = {}
    if "tertiary" in fields:
        offered["contact"] = ("pair",)
    for name, feature in _SITES.items():
        if name in fields:
            offered[feature] = ("",)
    if "ss8" in fields:
        offered["secondary_structure"] = tuple(SECONDARY_STRUCTURE.values())
    elif "ss3" in fields:
        offered["secondary_structure"] = ("helix", "strand", "other")
    return {**offered, "amino_acid": tuple(AMINO_ACIDS)}


def record_of(fields: Any, record_id: str, origin: str) -> Record:
    """Return the record of a value's fields.

    Parameters
    ----------
    fields : dict of str
        As unpickled.
    record_id : str
    origin : str
        The file, for what the tracks say of their source.

    Raises
    ------
    DatasetError
        If the sequence is missing, or a field is not of the kind and length it should be.
    """
    sequence = _sequence(fields, record_id)
    n = len(sequence)
    tracks = {}
    for name, feature in _SITES.items():
        if name in fields:
            values = _labels(fields, name, n, record_id)
            tracks[feature] = Track(feature, "site", values, origin)
    states = _states(fields, n, record_id)
    if states is not None:
        tracks["secondary_structure"] = Track(
            "secondary_structure", "state", states, origin, SECONDARY_STRUCTURE
        )
    source, chain_id = entry_of(id_of(fields) or "")
    coordinates = _coordinates(fields, n, record_id)
    return Record(
        record_id,
        sequence,
        tracks,
        coordinates,
        "CB" if coordinates is None else "CA",
        source,
        chain_id,
        _valid(fields, n, record_id),
        frozenset({"secondary_structure"} & tracks.keys()),
    )


def _sequence(fields: Any, record_id: str) -> str:
    if not isinstance(fields, dict):
        raise DatasetError(f"record {record_id}: expected fields by name, got {_kind(fields)}")
    sequence = fields.get("primary")
    if isinstance(sequence, bytes):
        sequence = sequence.decode("ascii", "replace")
    if not isinstance(sequence, str):
        raise DatasetError(
            f"record {record_id}: expected the sequence as text in 'primary', got "
            f"{_kind(sequence)}; the fields are {', '.join(map(str, fields)):.200}"
        )
    length = fields.get("protein_length", len(sequence))
    if type(length) not in (int, float) or length != len(sequence):
        stated = f"{length!r:.20}" if type(length) in (int, float) else f"a {_kind(length)}"
        raise DatasetError(
            f"record {record_id}: protein_length is {stated}, but the sequence has "
            f"{len(sequence)} residues"
        )
    return sequence


def _labels(fields: Mapping[str, Any], name: str, n: int, record_id: str) -> NDArray[np.bool_]:
    positions = _array(fields, "positions", record_id, "iu", (n,))
    labelled = _array(fields, name, record_id, "iu", None)
    return np.isin(positions, labelled)


def _states(fields: Mapping[str, Any], n: int, record_id: str) -> NDArray[np.str_] | None:
    ss8 = ss3 = None
    if "ss8" in fields:
        ss8 = _letters(fields, "ss8", _SS8, n, record_id)
    if "ss3" in fields:
        ss3 = _letters(fields, "ss3", _SS3, n, record_id)
    if ss3 is None:
        return None if ss8 is None else np.array([DSSP_STATES[letter] for letter in ss8])
    return np.where((ss8 == "C") if ss8 is not None else (ss3 == "T"), "-", ss3)


def _letters(
    fields: Mapping[str, Any], name: str, letters: str, n: int, record_id: str
) -> NDArray[np.str_]:
    numbers = _array(fields, name, record_id, "iu", (n,))
    if n and not (numbers.min() >= 0 and numbers.max() < len(letters)):
        raise DatasetError(
            f"record {record_id}: {name} should be from 0 to {len(letters) - 1}, and is from "
            f"{numbers.min()} to {numbers.max()}"
        )
    return np.array(list(letters))[numbers.astype(np.intp)]


def _coordinates(fields: Mapping[str, Any], n: int, record_id: str) -> NDArray[np.float32] | None:
    if "tertiary" not in fields:
        return None
    # Casting a signalling NaN raises a warning; it is a missing coordinate as any NaN.
    with np.errstate(invalid="ignore"):
        coordinates = _array(fields, "tertiary", record_id, "fiu", (n, 3)).astype(np.float64)
    check_coordinates(coordinates, record_id)
    valid = _valid(fields, n, record_id)
    if valid is not None:
        coordinates[~valid] = np.nan
    coordinates[~np.isfinite(coordinates).all(axis=1)] = np.nan
    return coordinates.astype(np.float32)


def _valid(fields: Mapping[str, Any], n: int, record_id: str) -> NDArray[np.bool_] | None:
    if "valid_mask" not in fields:
        return None
    valid = _array(fields, "valid_mask", record_id, "biuf", (n,))
    # NaN is no yes.
    return (valid != 0) & (valid == valid)


def _array(
    fields: Mapping[str, Any], name: str, record_id: str, kinds: str, shape: tuple[int, ...] | None
) -> NDArray[Any]:
    """Return a field as an array, of one of the kinds of numbers and (None: flat) of a shape."""
    if name not in fields:
        raise DatasetError(f"record {record_id}: there is no {name!r}")
    if not _is_table(fields[name]):
        raise DatasetError(
            f"record {record_id}: expected numbers in {name!r}, or lists of as many numbers each, "
            f"got {_kind(fields[name])}"
        )
    try:
        array = np.asarray(fields[name])
    except (ValueError, TypeError, OverflowError) as error:
        raise DatasetError(f"record {record_id}: {name!r} is not a table of numbers") from error
    if not array.size and shape in (None, (0,)):
        return np.zeros(0, dtype=np.int64)
    if array.dtype.kind not in kinds or (
        array.ndim != 1 if shape is None else array.shape != shape
    ):
        expected = "a list" if shape is None else f"shape {shape}"
        raise DatasetError(
            f"record {record_id}: expected numbers in {expected} in {name!r}, got "
            f"{_kind(fields[name])} of {array.dtype} with shape {array.shape}"
        )
    return array


def _is_table(value: Any) -> bool:
    """Return whether a value is an array, a list of numbers, or a list of either.

    NumPy would make an array of any list: of texts one that is as wide as the longest for each.
    """
    return _is_row(value) or (isinstance(value, list | tuple) and all(map(_is_row, value)))


def _is_row(value: Any) -> bool:
    if isinstance(value, np.ndarray):
        return True
    return isinstance(value, list | tuple) and set(map(type, value)) <= {int, float, bool}


def _kind(value: Any) -> str:
    return "nothing" if value is None else type(value).__name__
