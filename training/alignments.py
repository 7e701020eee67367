"""Alignments: reading them, keeping the queries' near relatives out, weighing rows."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from Bio.Align import PairwiseAligner, substitution_matrices

__all__ = [
    "GAP",
    "LETTERS",
    "Alignment",
    "column_letters",
    "identity_to",
    "read_alignment",
    "row_weights",
    "training_rows",
]

LETTERS = "LAGVSERTIDPKQNFYMHWC"
"""The 20 amino acids in the order of ESM's vocabulary."""

GAP = 20
"""What stands for a gap in arrays of rows; the residues are places in `LETTERS`."""

_CODES = np.full(256, GAP, dtype=np.int8)
for _place, _letter in enumerate(LETTERS):
    _CODES[ord(_letter)] = _place


def encode(sequence: str) -> np.ndarray:
    """Return int8 places in `LETTERS`; every other character is a gap."""
    return _CODES[np.frombuffer(sequence.encode("ascii"), dtype=np.uint8)]


@dataclass(frozen=True)
class Alignment:
    """One family's alignment.

    Attributes
    ----------
    name : str
    query : (n_columns,) int8 array
        The sequence whose residues are the columns.
    rows : (n_rows, n_columns) int8 array
        Without the query.
    """

    name: str
    query: np.ndarray
    rows: np.ndarray


def read_alignment(path: Path) -> Alignment:
    """Read a gzipped FASTA alignment whose first record is ``QUERY``.

    Raises
    ------
    ValueError
        If the first record is another, or rows differ in length.
    """
    sequences: list[str] = []
    with gzip.open(path, "rt", encoding="ascii", errors="replace") as lines:
        first = next(lines)
        if not first.startswith(">QUERY"):
            raise ValueError(f"expected the record QUERY first in {path}, got {first.strip()!r}")
        parts: list[str] = []
        for line in lines:
            if line.startswith(">"):
                sequences.append("".join(parts))
                parts = []
            else:
                parts.append(line.strip())
        sequences.append("".join(parts))
    lengths = {len(sequence) for sequence in sequences}
    if len(lengths) != 1:
        raise ValueError(f"expected rows of one length in {path}, got lengths {sorted(lengths)}")
    name = path.name.removesuffix(".fasta.gz")
    return Alignment(
        name=name,
        query=encode(sequences[0]),
        rows=np.stack([encode(sequence) for sequence in sequences[1:]]),
    )


def column_letters(query: np.ndarray, sequence: str) -> tuple[np.ndarray, np.ndarray]:
    """Lay a chain over an alignment's columns, by aligning it to the query globally.

    Parameters
    ----------
    query : (n_columns,) int8 array
        Gaps in it (columns that no row of the source covers) match anything.
    sequence : str
        The chain, which may reach over both ends of the query.

    Returns
    -------
    letters : (n_columns,) int8 array
        The chain's residue at each column, `GAP` where it has none.
    residues : (n_columns,) int array
        Index of that residue in the chain, -1 where there is none.
    """
    aligner = PairwiseAligner(mode="global", open_gap_score=-11, extend_gap_score=-1)
    aligner.end_gap_score = 0
    aligner.substitution_matrix = substitution_matrices.load("BLOSUM62")
    template = "".join("X" if code == GAP else LETTERS[code] for code in query)
    found = aligner.align(template, sequence.replace("U", "C").replace("O", "K"))[0]
    letters = np.full(len(query), GAP, dtype=np.int8)
    residues = np.full(len(query), -1)
    codes = encode(sequence)
    for (start, stop), (other, _) in zip(*found.aligned, strict=True):
        letters[start:stop] = codes[other : other + stop - start]
        residues[start:stop] = np.arange(other, other + stop - start)
    return letters, residues


def identity_to(rows: np.ndarray, letters: np.ndarray) -> np.ndarray:
    """Return each row's share of residues (gaps not counted) that equal `letters` there."""
    present = rows != GAP
    same = (rows == letters) & present
    return same.sum(1) / np.maximum(present.sum(1), 1)


def training_rows(
    alignment: Alignment, chains: list[str], limit: float = 0.6
) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows that may be trained on, and each kept row's largest identity to a chain.

    Parameters
    ----------
    alignment : Alignment
    chains : list of str
        Sequences that maps are measured on; the alignment's own query is always one of them.
    limit : float
        Rows more identical than this to any chain go.

    Returns
    -------
    rows : (n_kept, n_columns) int8 array
    identity : (n_kept,) array
    """
    closest = identity_to(alignment.rows, alignment.query)
    for chain in chains:
        letters, _ = column_letters(alignment.query, chain)
        closest = np.maximum(closest, identity_to(alignment.rows, letters))
    kept = closest <= limit
    return alignment.rows[kept], closest[kept]


def row_weights(rows: np.ndarray, identity: float = 0.8, block: int = 1024) -> np.ndarray:
    """Return 1 / (number of rows at least `identity` alike, itself included) for each row.

    Alike counts equal residues over the length of the shorter of the two.
    """
    n_rows, n_columns = rows.shape
    lengths = (rows != GAP).sum(1).astype(np.float32)
    one_hot = (rows[:, :, None] == np.arange(GAP, dtype=np.int8)).astype(np.float32)
    one_hot = one_hot.reshape(n_rows, n_columns * GAP)
    neighbours = np.empty(n_rows)
    for start in range(0, n_rows, block):
        part = slice(start, start + block)
        same = one_hot[part] @ one_hot.T
        shorter = np.minimum(lengths[part, None], lengths[None, :])
        neighbours[part] = (same >= identity * shorter - 1e-3).sum(1)
    return 1.0 / neighbours
