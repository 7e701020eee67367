"""ProteinNet's text files (AlQuraishi, BMC Bioinformatics 2019).

A record has an id, the sequence, a profile that is not read here, in some editions DSSP's states
(LHBEGITS), the coordinates of N, Cα and C' in picometres (Å × 100, zeros where missing), and a mask
of the residues that have them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from protvis.annotations import Track
from protvis.datasets.fingerprints import hash_file, hash_parts
from protvis.datasets.identifiers import entry_of, is_id, unique_ids
from protvis.datasets.records import (
    DSSP_STATES,
    SECONDARY_STRUCTURE,
    Dataset,
    Reading,
    Record,
    check_coordinates,
)
from protvis.errors import DatasetError, OptionError, unknown_name
from protvis.input_file import open_file, user_path
from protvis.labels import AMINO_ACIDS
from protvis.structure.contacts import virtual_cbeta

__all__ = ["ProteinNetDataset", "is_proteinnet"]

_PICOMETRES = 100.0
_LINE_BYTES = 2**16
_RECORD_BYTES = 64 * 2**20
"""Six times the longest protein there is."""
_NUMBERS = re.compile(r"[-+.0-9eEnaN \t]*")
_START = b"[ID]"
_LINES = {"PRIMARY": 1, "SECONDARY": 1, "TERTIARY": 3, "MASK": 1}
_ATOMS = ("CA", "CB")


def is_proteinnet(start: bytes) -> bool:
    """Return whether a file that starts so is ProteinNet's text."""
    return start.lstrip().startswith(_START)


class ProteinNetDataset(Dataset):
    """Proteins in a ProteinNet text file.

    The file is scanned once to find where records begin. A record's key is its id; repeated ids get
    a number (``"1A8O_1_A (2)"``).

    Parameters
    ----------
    path : path
        Must not be compressed, since records are read from the middle of the file.
    atom : {"CA", "CB"}
        The atom between which contacts are measured: Cα, as in the paper's own data (default), or
        the idealised Cβ computed from the backbone, with Cα for Gly.

    Raises
    ------
    DatasetError
        If it cannot be read, or contains no record.
    OptionError
        If `atom` is neither.
    """

    def __init__(self, path: str | os.PathLike[str], *, atom: str = "CA") -> None:
        if atom not in _ATOMS:
            raise OptionError(unknown_name("atom", atom, _ATOMS))
        self.path = user_path(path).absolute()
        self.name = self.path.name
        self.atom = atom
        try:
            ids, self._offsets, self._has_states = self._index()
        except OSError as error:
            raise DatasetError(f"cannot read {self.path}: {error.strerror or error}") from error
        if not ids:
            raise DatasetError(
                f"{self.path} holds no record of ProteinNet: expected text with [ID], [PRIMARY], "
                "[TERTIARY] and [MASK] (TFRecords are not read; take the text edition)"
            )
        self._keys = unique_ids(ids)

    @property
    def keys(self) -> Sequence[str]:
        """Ids of the records."""
        return self._keys

    def read(self, key: str) -> Reading:
        """Return the record of an id."""
        place = self._place(key)
        start, stop = (int(offset) for offset in self._offsets[place : place + 2])
        if stop - start > _RECORD_BYTES:
            raise DatasetError(
                f"record {key}: it takes {(stop - start) / 2**20:.0f} MiB, more than any protein"
            )
        try:
            with open_file(self.path, DatasetError) as file:
                file.seek(start)
                text = file.read(stop - start)
        except OSError as error:
            raise DatasetError(f"cannot read {self.path}: {error.strerror or error}") from error
        if len(text) != stop - start or not text.startswith(_START):
            raise DatasetError(f"record {key}: {self.path} has changed since it was opened")
        sections = _sections(text, key)
        if "MASK" not in sections and not text.endswith(b"\n"):
            raise DatasetError(f"record {key}: the file was cut off in the middle of it")
        return Reading((_record(sections, key, self.atom, self.name),))

    def features(self) -> Mapping[str, tuple[str, ...]]:
        """Return contacts and amino acids, and secondary structure where the file has it."""
        offered = {"contact": ("pair",), "amino_acid": tuple(AMINO_ACIDS)}
        if self._has_states:
            offered["secondary_structure"] = tuple(SECONDARY_STRUCTURE.values())
        return offered

    def fingerprint(self) -> str:
        """Return a hash of the file and of the choice of atom."""
        return hash_parts([hash_file(self.path), self.atom])

    def _index(self) -> tuple[list[str], NDArray[np.int64], bool]:
        ids: list[str] = []
        offsets: list[int] = []
        has_states, offset, is_next_id = False, 0, False
        begins_line = True
        with open_file(self.path, DatasetError) as file:
            # Lines have no end that can be counted on.
            while line := file.readline(_LINE_BYTES):
                if begins_line:
                    if is_next_id:
                        ids.append(line.strip().decode("utf-8", "replace"))
                    is_next_id = line.startswith(_START)
                    if is_next_id:
                        offsets.append(offset)
                    has_states = has_states or line.startswith(b"[SECONDARY]")
                begins_line = line.endswith(b"\n")
                offset += len(line)
        if is_next_id:
            ids.append("")
        ids = [name if is_id(name) else f"record {number}" for number, name in enumerate(ids, 1)]
        return ids, np.array([*offsets, offset], dtype=np.int64), has_states


def _sections(text: bytes, key: str) -> dict[str, list[str]]:
    """Return the lines of the sections that are read, by name."""
    # Not splitlines(), which also parts lines at form feeds and the like.
    lines = text.decode("ascii", "replace").split("\n")
    found: dict[str, list[str]] = {}
    for number, line in enumerate(lines):
        name = line.strip().strip("[]")
        if line.startswith("[") and name in _LINES:
            if name in found:
                raise DatasetError(f"record {key}: [{name}] comes twice")
            found[name] = lines[number + 1 : number + 1 + _LINES[name]]
    return found


def _record(sections: Mapping[str, list[str]], key: str, atom: str, origin: str) -> Record:
    sequence = _line(sections, "PRIMARY", key)
    if sequence is None:
        raise DatasetError(f"record {key}: there is no [PRIMARY], which has the sequence")
    n = len(sequence)
    if "TERTIARY" not in sections:
        raise DatasetError(f"record {key}: there is no [TERTIARY], which has the coordinates")
    backbone = _backbone(sections["TERTIARY"], n, key)
    mask = _line(sections, "MASK", key)
    if mask is not None:
        _check(mask, n, "+-", "MASK", key)
        backbone[np.array(list(mask)) == "-"] = np.nan
    tracks = {}
    states = _line(sections, "SECONDARY", key)
    if states is not None:
        _check(states, n, "LHBEGITS", "SECONDARY", key)
        tracks["secondary_structure"] = Track(
            "secondary_structure",
            "state",
            np.array([DSSP_STATES[letter] for letter in states]),
            origin,
            SECONDARY_STRUCTURE,
        )
    return Record(
        key,
        sequence,
        tracks,
        _points(backbone, sequence, atom),
        atom,
        *entry_of(key),
        observed=np.all(np.isfinite(backbone[:, 1]), axis=1),
        from_coordinates=frozenset(tracks),
    )


def _line(sections: Mapping[str, list[str]], name: str, key: str) -> str | None:
    if name not in sections:
        return None
    line = "".join(sections[name]).strip()
    if line.startswith("["):
        raise DatasetError(f"record {key}: there is nothing under [{name}]")
    return line


def _check(line: str, n: int, letters: str, name: str, key: str) -> None:
    if len(line) != n:
        raise DatasetError(f"record {key}: [{name}] has {len(line)} letters for {n} residues")
    other = set(line) - set(letters)
    if other:
        raise DatasetError(
            f"record {key}: [{name}] has {', '.join(sorted(other))}; expected one of {letters}"
        )


def _backbone(lines: Sequence[str], n: int, key: str) -> NDArray[np.float64]:
    """Return N, Cα and C': (residue, atom, axis), Å, NaN where missing."""
    try:
        if not all(_NUMBERS.fullmatch(line.strip()) for line in lines):
            raise ValueError
        axes = [np.array(line.split(), dtype=np.float64) for line in lines]
    except ValueError as error:
        raise DatasetError(f"record {key}: [TERTIARY] has a value that is not a number") from error
    if len(axes) != 3 or any(len(axis) != 3 * n for axis in axes):
        counts = ", ".join(str(len(axis)) for axis in axes)
        raise DatasetError(
            f"record {key}: [TERTIARY] should have three lines of {3 * n} numbers (N, Cα, C' of "
            f"{n} residues), and has {counts or 'none'}; the file may be cut off"
        )
    backbone = np.stack(axes, axis=1).reshape(n, 3, 3) / _PICOMETRES
    if np.isinf(backbone).any():
        raise DatasetError(f"record {key}: [TERTIARY] has a number that is too large")
    check_coordinates(backbone, key)
    backbone[(backbone == 0).all(axis=2) | np.isnan(backbone).any(axis=2)] = np.nan
    return backbone


def _points(backbone: NDArray[np.float64], sequence: str, atom: str) -> NDArray[np.float32]:
    calphas = backbone[:, 1]
    if atom == "CA":
        return calphas.astype(np.float32)
    is_glycine = np.array(list(sequence)) == "G"
    cbetas = virtual_cbeta(backbone[:, 0], calphas, backbone[:, 2])
    return np.where(is_glycine[:, None], calphas, cbetas).astype(np.float32)
