"""Two sequences laid side by side: which residue of one is which of the other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["align_sequences"]


def align_sequences(first: str, second: str) -> NDArray[np.int64]:
    """Align two sequences over their whole length.

    The alignment is global with free ends (BLOSUM62, gap 11 + 1 per residue, by Biopython), so that
    fragments and tags cost nothing. Letters the matrix does not know count as X.

    Parameters
    ----------
    first, second : str
        One letter per residue.

    Returns
    -------
    (n_aligned, 2) int64 array
        Residue indices of the aligned pairs, ascending in both; of equally good alignments the
        first that Biopython gives.
    """
    from Bio.Align import PairwiseAligner, substitution_matrices

    aligner = PairwiseAligner(mode="global")
    matrix = substitution_matrices.load("BLOSUM62")
    known = set(str(matrix.alphabet))
    aligner.substitution_matrix = matrix
    # A gap of length n costs 11 + n; Biopython's first residue carries the opening.
    aligner.open_gap_score, aligner.extend_gap_score = -12, -1
    aligner.end_gap_score = 0.0
    one, other = (
        "".join(letter if letter in known else "X" for letter in text) for text in (first, second)
    )
    blocks = zip(*aligner.align(one, other)[0].aligned, strict=True)
    pairs = [
        np.stack([np.arange(start, stop), np.arange(begin, begin + stop - start)], axis=1)
        for (start, stop), (begin, _) in blocks
    ]
    return np.concatenate([np.empty((0, 2), dtype=np.int64), *pairs])
