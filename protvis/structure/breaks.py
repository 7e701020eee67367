"""Where a chain is broken although nothing says which residues are missing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["PEPTIDE_BOND", "chain_breaks"]

PEPTIDE_BOND = 2.5
"""Å between C and N; the bond is 1.33 long, and no model distorts it to this."""
_CALPHA_STEP = 5.0
"""Å; neighbours are 3.8 apart, 2.9 across a cis bond."""


def chain_breaks(
    n: NDArray[np.floating] | None,
    ca: NDArray[np.floating],
    c: NDArray[np.floating] | None,
    numbers: NDArray[np.integer],
) -> list[int]:
    """Return the indices after which a chain of observed residues is broken.

    Neighbours are apart when C of the first and N of the second are further than 2.5 Å from each
    other; without these atoms, when their Cα are further apart than 5 Å; without those too, when
    their numbers jump. A jump in the numbers alone is no break, as numberings that follow a related
    protein's skip.

    Parameters
    ----------
    n, ca, c : (n_residues, 3) arrays, Å
        Backbone atoms, NaN where missing; `n` and `c` are None where no residue has them.
    numbers : (n_residues,) int array
        Author numbers.
    """
    step = _lengths(ca[1:] - ca[:-1])
    broken = step > _CALPHA_STEP
    unknown = np.isnan(step)
    if unknown.any():
        rise = np.diff(numbers)
        broken[unknown] = ((rise < 0) | (rise > 1))[unknown]
    if n is not None and c is not None:
        bond = _lengths(n[1:] - c[:-1])
        broken = np.where(np.isnan(bond), broken, bond > PEPTIDE_BOND)
    return broken.nonzero()[0].tolist()


def _lengths(vectors: NDArray[np.floating]) -> NDArray[np.floating]:
    return np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
