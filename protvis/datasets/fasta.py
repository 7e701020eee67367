"""Sequences in FASTA files, with a table of what is known about their residues."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from protvis.datasets.fingerprints import hash_file, hash_parts
from protvis.datasets.identifiers import entry_of, unique_ids
from protvis.datasets.label_tables import LabelTable
from protvis.datasets.records import Dataset, Reading, Record
from protvis.errors import DatasetError, unknown_name
from protvis.input_file import is_packed, open_file, plain_text, user_path
from protvis.labels import AMINO_ACIDS

__all__ = ["FastaDataset", "is_fasta"]

_UNIPROT = re.compile(r"(?:sp|tr)\|([A-Z0-9]+)\|")
_NOT_A_LETTER = re.compile(r"[^A-Z]")
_NUCLEOTIDES = frozenset("ACGTUN")
_LONG = 30
"""Residues; a sequence so long with no letter but those of nucleotides is no protein's."""
_BETWEEN_CHAINS = re.compile("[/:]")
_SEVERAL_CHAINS = re.compile(rb"^(?![>;])[^\n]*[/:]", re.MULTILINE)
_CHAIN_IDS = re.compile(r"designed_chains=\[([^\]]*)\]")
_BOM = b"\xef\xbb\xbf"
_CR_AS_LF = bytes.maketrans(b"\r", b"\n")
_CHUNK = 2**20
_MAX_HEADER = 4096
_MAX_ID = 200
_MAX_RECORD = 2**22
"""Bytes; a hundred times those of the longest protein known."""
_MAX_RECORDS = 2_000_000


def is_fasta(start: bytes) -> bool:
    """Return whether a file that starts so is FASTA."""
    lines = (line.lstrip() for line in plain_text(start).split(b"\n"))
    return next((line for line in lines if line and line[:1] != b";"), b"")[:1] == b">"


class FastaDataset(Dataset):
    """Proteins in a FASTA file, identified by the first word of their headers.

    In UniProt headers (``>sp|P00760|TRY1_BOVIN``) the id is the accession. ProteinMPNN and
    LigandMPNN write designs below their native sequence, with only the settings in the header
    (``>T=0.1, sample=1, …``); a design's id is that of the native plus these,
    ``4YOW_T0.1_sample1``. Lines that start with ``;`` are comments; a final ``*`` is dropped.

    Chains written as one sequence, separated by ``/`` (ProteinMPNN) or ``:`` (ColabFold), become
    separate records under one key: ``4YOW.A`` if the header names the chains, else ``4YOW.1``. Of
    chains with the same sequence only the first counts. To have a model read them together, use
    `protvis.compute_complex_attention`.

    A sequence is refused, with a reason, if its id occurred before, or if it is empty, aligned
    (``-`` or ``.``), made of nucleotides, or contains anything but letters.

    Parameters
    ----------
    path : path
        Must not be compressed, since sequences are read from the middle of the file.
    labels : path or LabelTable, optional
        A table of what is known about residues; see `LabelTable`.

    Raises
    ------
    DatasetError
        If the file cannot be read or holds no sequence, or the table names a record that it does
        not have.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        labels: str | os.PathLike[str] | LabelTable | None = None,
    ) -> None:
        self.path = user_path(path).absolute()
        self.name = self.path.name
        self.labels = LabelTable(labels) if isinstance(labels, str | os.PathLike) else labels
        names, self._offsets = self._index()
        if not names:
            raise DatasetError(f"{self.path} holds no sequence: expected FASTA, with '>' headers")
        ids = [name for name, _ in names]
        self._keys = unique_ids(ids)
        self._chain_ids = {
            key: chain_ids
            for key, (_, chain_ids) in zip(self._keys, names, strict=True)
            if chain_ids
        }
        self._repeats = {
            key: name for key, name in zip(self._keys, ids, strict=True) if key != name
        }
        if self.labels is not None:
            for record_id in self.labels.records:
                if self.key_of(record_id) is None:
                    message = unknown_name("record", record_id, self._keys)
                    raise DatasetError(f"{self.labels.path} has labels of an {message}")

    # A class attribute of the base, and here a fact about the file.
    @property
    def keys_are_records(self) -> bool:  # type: ignore[override]
        """Whether no sequence consists of several chains."""
        return not self._has_several_chains

    @cached_property
    def _has_several_chains(self) -> bool:
        with open_file(self.path, DatasetError) as file:
            line_start = b""
            while piece := file.read(_CHUNK):
                text = line_start + piece.translate(_CR_AS_LF)
                if _SEVERAL_CHAINS.search(text):
                    return True
                # What kind of line goes on in the next piece shows its first letter.
                last = text.rfind(b"\n") + 1
                line_start = text[last : last + 1]
        return False

    def key_of(self, record_id: str) -> str | None:
        """Return the key that a record with this id would have, or None if there is none."""
        if record_id in self._places:
            return record_id
        key, dot, _ = record_id.rpartition(".")
        return key if dot and key in self._places else None

    @property
    def keys(self) -> Sequence[str]:
        """Ids of the sequences."""
        return self._keys

    def read(self, key: str) -> Reading:
        """Return the record of an id."""
        place = self._place(key)
        if key in self._repeats:
            raise DatasetError(
                f"record {key}: there is a sequence called {self._repeats[key]!r} before it; "
                "rename one"
            )
        start, stop = (int(offset) for offset in self._offsets[place : place + 2])
        if stop - start > _MAX_RECORD:
            raise DatasetError(
                f"record {key}: {stop - start:,} bytes are more than any protein has; the file may "
                "be damaged"
            )
        with open_file(self.path, DatasetError) as file:
            file.seek(start)
            data = file.read(stop - start)
        if len(data) != stop - start or not data.startswith(b">"):
            raise DatasetError(f"record {key}: {self.path} has changed since it was opened")
        _, *lines = plain_text(data).decode("utf-8", "replace").split("\n")
        residues = "".join(
            "".join(line.split()) for line in lines if not line.lstrip().startswith(";")
        )
        parts = _BETWEEN_CHAINS.split(residues)
        if len(parts) == 1:
            return Reading((self._record(key, residues, *entry_of(key)),))
        ids = self._chain_ids.get(key, ())
        names = ids if len(ids) == len(parts) else [str(at + 1) for at in range(len(parts))]
        distinct = dict(zip(reversed(parts), reversed(names), strict=True))
        return Reading(
            tuple(self._record(f"{key}.{name}", part) for part, name in reversed(distinct.items()))
        )

    def _record(self, record_id: str, residues: str, source: str = "", chain: str = "") -> Record:
        sequence = _sequence(residues, record_id)
        tracks = {} if self.labels is None else self.labels.tracks(record_id, len(sequence))
        return Record(record_id, sequence, tracks, source=source, chain_id=chain)

    def features(self) -> Mapping[str, tuple[str, ...]]:
        """Return amino acids, and what the table has."""
        labelled = {} if self.labels is None else self.labels.features
        return {"amino_acid": tuple(AMINO_ACIDS), **labelled}

    def fingerprint(self) -> str:
        """Return a hash of the file and of the table."""
        parts = [hash_file(self.path)]
        if self.labels is not None:
            parts.append(self.labels.fingerprint)
        return hash_parts(parts)

    def _index(self) -> tuple[list[tuple[str, tuple[str, ...]]], NDArray[np.int64]]:
        """Return id and chain ids of each record, and where records begin, with the file's end."""
        names: list[tuple[str, tuple[str, ...]]] = []
        offsets: list[int] = []
        native: tuple[str, tuple[str, ...]] = ("", ())
        offset = 0
        with open_file(self.path, DatasetError) as file:
            while True:
                # With the byte before, for the end of a line, and with room for a whole header.
                file.seek(max(0, offset - 1))
                piece = file.read(_CHUNK + 1 + _MAX_HEADER)
                if offset == 0:
                    if is_packed(piece) or piece.startswith((b"\xff\xfe", b"\xfe\xff")):
                        raise DatasetError(
                            f"{self.path} is compressed or in UTF-16; give it as plain text"
                        )
                    piece = b"\n" + piece
                    if piece[1:4] == _BOM:
                        piece = b"\n\n\n" + piece[3:].replace(b"\xbf", b"\n", 1)
                text = piece.translate(_CR_AS_LF)
                at = text.find(b"\n>", 0, _CHUNK + 1)
                while at >= 0:
                    stop = text.find(b"\n", at + 2, at + 2 + _MAX_HEADER)
                    header = text[at + 2 : stop if stop >= 0 else at + 2 + _MAX_HEADER]
                    name, native = _named(header.decode("utf-8", "replace"), native, len(names) + 1)
                    names.append(name)
                    offsets.append(offset + at)
                    if len(offsets) > _MAX_RECORDS:
                        raise DatasetError(
                            f"{self.path} holds more than {_MAX_RECORDS:,} sequences; split it"
                        )
                    at = text.find(b"\n>", at + 1, _CHUNK + 1)
                if len(piece) <= _CHUNK + 1:
                    break
                offset += _CHUNK
            end = file.seek(0, os.SEEK_END)
        return names, np.array([*offsets, end], dtype=np.int64)


def _named(
    header: str, native: tuple[str, tuple[str, ...]], number: int
) -> tuple[tuple[str, tuple[str, ...]], tuple[str, tuple[str, ...]]]:
    """Return id and chain ids of a record, and those of the native sequence that designs follow."""
    if "=" not in header:
        words = header.split(maxsplit=1)
        if not words:
            return (f"sequence {number}", ()), native
        uniprot = _UNIPROT.match(words[0])
        name = uniprot[1] if uniprot else words[0][:_MAX_ID]
        return (name, ()), (name, ())
    parts = (part.partition("=") for part in header.split(",") if "=" in part)
    fields = {key.strip(): value.strip() for key, _, value in parts}
    first = header.split(",")[0].strip()
    is_design = {"sample", "id"} & fields.keys() and "T" in fields
    if is_design:
        base = native[0] if "=" in first or not first else first
        settings = "_".join(f"{key}{fields[key]}" for key in ("T", "sample", "id") if key in fields)
        return (f"{base or 'design'}_{settings}", native[1]), native
    words = header.split(maxsplit=1) or [f"sequence {number}"]
    uniprot = _UNIPROT.match(words[0])
    listed = _CHAIN_IDS.search(header)
    chain_ids = tuple(re.findall(r"'([^']+)'", listed[1])) if listed else ()
    name = uniprot[1] if uniprot else words[0].rstrip(",")[:_MAX_ID]
    return (name, chain_ids), (name, chain_ids)


def _sequence(residues: str, key: str) -> str:
    sequence = residues.upper().removesuffix("*")
    if not sequence:
        raise DatasetError(f"record {key}: there is no sequence under its header")
    odd = _NOT_A_LETTER.search(sequence)
    if odd is not None and odd[0] in "-.":
        raise DatasetError(
            f"record {key}: there is a gap ({odd[0]}) at position {odd.start() + 1}; give "
            "sequences, not an alignment"
        )
    if odd is not None:
        raise DatasetError(
            f"record {key}: {odd[0]!r} at position {odd.start() + 1} is not an amino acid"
        )
    if len(sequence) >= _LONG and _NUCLEOTIDES.issuperset(sequence):
        common = "".join(letter for letter, _ in Counter(sequence).most_common())
        raise DatasetError(f"record {key}: a sequence of {common} is of nucleotides, not a protein")
    return sequence
