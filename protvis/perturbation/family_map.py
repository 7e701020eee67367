"""How much of a head's map is the family's: the mean map of relatives, laid on a protein."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from protvis.errors import OptionError
from protvis.inference.residue_attention import compute_attention
from protvis.keywords import check_keywords
from protvis.structure.sequence_alignment import align_sequences

if TYPE_CHECKING:
    from protvis.models import ProteinModel

__all__ = ["FamilyMap", "family_map"]


@dataclass(frozen=True, eq=False)
class FamilyMap:
    """The mean attention map of relatives, on the residues of a protein.

    Attributes
    ----------
    mean : float32 array (layer, head, query, key)
        Mean over the relatives that have both residues; NaN if none has.
    explained : float64 array (layer, head)
        The share of the variance of the protein's own map that `mean` explains: Pearson's r squared
        over all pairs of residues that any relative has.
    n_relatives : int
    """

    mean: NDArray[np.float32]
    explained: NDArray[np.float64]
    n_relatives: int


@check_keywords
def family_map(
    model: str | PathLike[str] | ProteinModel,
    protein: Any,
    relatives: Sequence[Any],
    *,
    numbers: Sequence[ArrayLike] | None = None,
) -> FamilyMap:
    """Map the attention of relatives onto a protein, and tell how much of its own it explains.

    Parameters
    ----------
    model : str, path or ProteinModel
    protein : str or Chain
    relatives : sequence of str or Chain
        Without the protein itself.
    numbers : sequence of array, optional
        One array for the protein and one for each relative: a number for each residue, equal where
        residues correspond (such as those of `imgt_numbers`), NaN for none. By default each
        relative is aligned with the protein.

    Returns
    -------
    FamilyMap

    Raises
    ------
    OptionError
        If there are no relatives, or the numbers do not fit.

    Examples
    --------
    >>> from protvis.perturbation import family_map
    >>> found = family_map("mini", "MKTAYIAKQR", ["MKSAYIAKQR", "MKTAYVAQR"])
    >>> found.explained.shape
    (5, 8)
    """
    if isinstance(relatives, str) or not len(relatives):
        raise OptionError("expected a list of one relative or more")
    if numbers is not None and len(numbers) != len(relatives) + 1:
        raise OptionError(
            f"expected numbers of the protein and of {len(relatives)} relatives, got {len(numbers)}"
        )
    own = compute_attention(model, protein)
    total = np.zeros(own.values.shape, dtype=np.float32)
    seen = np.zeros(own.values.shape[2:], dtype=np.int32)
    for place, relative in enumerate(relatives, 1):
        theirs = compute_attention(model, relative)
        if numbers is None:
            here, there = align_sequences(own.sequence, theirs.sequence).T
        else:
            here, there = _matched(numbers[0], numbers[place])
        at, of = np.ix_(here, here), np.ix_(there, there)
        total[:, :, at[0], at[1]] += theirs.values[:, :, of[0], of[1]]
        seen[at] += 1
    mean = np.where(seen > 0, total / np.maximum(seen, 1), np.nan).astype(np.float32)
    pairs = (seen > 0) & ~np.eye(len(seen), dtype=bool)
    first, second = own.values[:, :, pairs], mean[:, :, pairs]
    first = first - first.mean(axis=-1, keepdims=True)
    second = second - second.mean(axis=-1, keepdims=True)
    scale = np.square(first).sum(axis=-1) * np.square(second).sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        explained = np.square((first * second).sum(axis=-1, dtype=np.float64)) / scale
    return FamilyMap(mean, explained, len(relatives))


def _matched(own: ArrayLike, theirs: ArrayLike) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    first, second = np.asarray(own, dtype=np.float64), np.asarray(theirs, dtype=np.float64)
    _, here, there = np.intersect1d(first, second, return_indices=True)
    known = ~np.isnan(first[here])
    return here[known], there[known]
