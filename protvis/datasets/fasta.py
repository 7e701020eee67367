"""Sequences in FASTA files, with a table of what is known about their residues."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from protvis.datasets.fingerprints import hash_file, hash_parts
from protvis.datasets.identifiers import entry_of, unique_ids
from protvis.datasets.label_tables import LabelTable
from protvis.datasets.records import AMINO_ACIDS, Dataset, Reading, Record
from protvis.errors import DatasetError, unknown_name

__all__ = ["FastaDataset", "is_fasta"]

_UNIPROT = re.compile(r"(?:sp|tr)\|([A-Z0-9]+)\|")
_NOT_A_LETTER = re.compile(r"[^A-Z]")
_NUCLEOTIDES = frozenset("ACGTUN")
_LONG = 30
"""Residues; a sequence so long with no letter but those of nucleotides is no protein's."""


def is_fasta(start: bytes) -> bool:
    """Return whether a file that starts so is FASTA."""
    lines = (line.lstrip() for line in start.splitlines())
    return next((line for line in lines if line and line[:1] != b";"), b"")[:1] == b">"


class FastaDataset(Dataset):
    """Proteins in a FASTA file, by the first word of their headers.

    Of UniProt's headers (``>sp|P00760|TRY1_BOVIN``) the id is the accession. Lines that start with
    ``;`` are comments, and a ``*`` at the end of a sequence is left out. A sequence is refused,
    with its reason, when its id was there before, or when it is empty, aligned (``-`` or ``.``), of
    nucleotides, or has anything but letters in it.

    Parameters
    ----------
    path : path
        Not compressed, as sequences are read from the middle of the file.
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
        self.path = Path(path).expanduser().absolute()
        self.name = self.path.name
        self.labels = LabelTable(labels) if isinstance(labels, str | os.PathLike) else labels
        try:
            ids, self._offsets = self._index()
        except OSError as error:
            raise DatasetError(f"cannot read {self.path}: {error.strerror or error}") from error
        if not ids:
            raise DatasetError(f"{self.path} holds no sequence: expected FASTA, with '>' headers")
        self._keys = unique_ids(ids)
        self._repeats = {
            key: name for key, name in zip(self._keys, ids, strict=True) if key != name
        }
        if self.labels is not None:
            for record_id in self.labels.records:
                if record_id not in self._places:
                    message = unknown_name("record", record_id, self._keys)
                    raise DatasetError(f"{self.labels.path} has labels of an {message}")

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
        try:
            with self.path.open("rb") as file:
                file.seek(start)
                text = file.read(stop - start)
        except OSError as error:
            raise DatasetError(f"cannot read {self.path}: {error.strerror or error}") from error
        if len(text) != stop - start or not text.startswith(b">"):
            raise DatasetError(f"record {key}: {self.path} has changed since it was opened")
        sequence = _sequence(text, key)
        tracks = {} if self.labels is None else self.labels.tracks(key, len(sequence))
        source, chain_id = entry_of(key)
        return Reading((Record(key, sequence, tracks, source=source, chain_id=chain_id),))

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

    def _index(self) -> tuple[list[str], NDArray[np.int64]]:
        ids: list[str] = []
        offsets: list[int] = []
        offset = 0
        with self.path.open("rb") as file:
            for line in file:
                if line.startswith(b">"):
                    offsets.append(offset)
                    ids.append(_id(line[1:].decode("utf-8", "replace"), len(offsets)))
                offset += len(line)
        return ids, np.array([*offsets, offset], dtype=np.int64)


def _id(header: str, number: int) -> str:
    words = header.split()
    if not words:
        return f"sequence {number}"
    uniprot = _UNIPROT.match(words[0])
    return uniprot[1] if uniprot else words[0]


def _sequence(text: bytes, key: str) -> str:
    from Bio.SeqIO.FastaIO import SimpleFastaParser

    lines = text.decode("utf-8", "replace").splitlines()
    plain = "\n".join(line for line in lines if not line.lstrip().startswith(";"))
    _, sequence = next(SimpleFastaParser(StringIO(plain)))
    sequence = sequence.upper().removesuffix("*")
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
            f"record {key}: {odd[0]!r} at position {odd.start() + 1} is no amino acid"
        )
    if len(sequence) >= _LONG and _NUCLEOTIDES.issuperset(sequence):
        common = "".join(letter for letter, _ in Counter(sequence).most_common())
        raise DatasetError(f"record {key}: a sequence of {common} is of nucleotides, not a protein")
    return sequence
