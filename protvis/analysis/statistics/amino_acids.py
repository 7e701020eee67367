"""Amino acids: which heads look at which, and whether attention groups them as evolution does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from protvis.analysis.statistics.head_tables import top_heads
from protvis.checks import check_whole_number
from protvis.errors import OptionError
from protvis.labels import AMINO_ACIDS, format_head

__all__ = [
    "SubstitutionComparison",
    "amino_acid_similarity",
    "amino_acid_vectors",
    "blosum62",
    "compare_substitution",
    "heads_by_amino_acid",
]

FEATURE = "amino_acid"


def amino_acid_vectors(heads: pd.DataFrame) -> pd.DataFrame:
    """Return each amino acid as a vector: the share of every scored head's links that go to it.

    Parameters
    ----------
    heads : DataFrame
        From `protvis.analysis.statistics.head_tables.head_table`, with the feature ``amino_acid``.

    Returns
    -------
    DataFrame
        (amino acid, head): 20 rows, a column for each head that is scored for all 20, named
        ``"12-4"``. All 20 use the same links, so a head is scored for all or for none.

    Raises
    ------
    OptionError
        If amino acids were not counted.
    """
    rows = heads[(heads["feature"] == FEATURE) & heads["scored"]]
    if not (heads["feature"] == FEATURE).any():
        raise OptionError("the table has no feature 'amino_acid'; count it first")
    vectors = rows.pivot(index="value", columns=["layer", "head"], values="proportion")
    vectors = vectors.reindex(list(AMINO_ACIDS)).dropna(axis="columns").sort_index(axis="columns")
    vectors.columns = pd.Index([format_head(layer, head) for layer, head in vectors.columns])
    return vectors.rename_axis(index="amino_acid", columns="head")


def amino_acid_similarity(vectors: pd.DataFrame) -> pd.DataFrame:
    """Return Pearson's r between amino acids, over heads (Vig et al., ICLR 2021).

    Parameters
    ----------
    vectors : DataFrame
        From `amino_acid_vectors`.

    Returns
    -------
    DataFrame
        (amino acid, amino acid). NaN where r is undefined: fewer than 3 heads, or an amino acid to
        which every head attends equally, such as one that no protein contains.
    """
    return vectors.T.corr(min_periods=3).rename_axis(index="amino_acid", columns="amino_acid")


def blosum62() -> pd.DataFrame:
    """Return BLOSUM62 of the 20 amino acids, in half-bits (Henikoff & Henikoff, PNAS, 1992)."""
    from Bio.Align import substitution_matrices

    letters = list(AMINO_ACIDS)
    matrix = substitution_matrices.load("BLOSUM62")
    values = [[float(matrix[row][column]) for column in letters] for row in letters]
    table = pd.DataFrame(values, index=letters, columns=letters)
    return table.rename_axis(index="amino_acid", columns="amino_acid")


@dataclass(frozen=True, eq=False)
class SubstitutionComparison:
    """How closely the similarity of amino acids in attention follows BLOSUM62.

    Attributes
    ----------
    r : float
        Pearson's r over pairs of different amino acids; NaN where it is undefined.
    p_value : float
        Share of permutations of the amino acids' names that give at least this r (Mantel's test,
        one-sided).
    n_pairs : int
        190 if all 20 amino acids have a similarity.
    null : float64 array (permutation,)
        r under the permutations.
    """

    r: float
    p_value: float
    n_pairs: int
    null: NDArray[np.float64]


def compare_substitution(
    similarity: pd.DataFrame, *, n_permutations: int = 10_000, seed: int = 0
) -> SubstitutionComparison:
    """Correlate the similarity of amino acids with BLOSUM62, with a null.

    The 190 pairs involve only 20 amino acids and are not independent, so the usual p-value of
    Pearson's r does not hold; permuting the names of the amino acids preserves that dependence
    (Mantel, Cancer Res. 27, 209, 1967). The paper gives only r.

    Parameters
    ----------
    similarity : DataFrame (amino acid, amino acid)
        From `amino_acid_similarity`. Amino acids without any similarity (NaN) are left out.
    n_permutations : int, default 10,000
    seed : int, default 0

    Returns
    -------
    SubstitutionComparison
        p is at least 1 / (n_permutations + 1).
    """
    check_whole_number("n_permutations", n_permutations)
    check_whole_number("seed", seed)
    matrix = similarity.to_numpy(dtype=np.float64)
    off_diagonal = np.where(np.eye(len(matrix), dtype=bool), np.nan, matrix)
    kept = np.flatnonzero(~np.isnan(off_diagonal).all(axis=1))
    letters = similarity.index[kept]
    attention = matrix[np.ix_(kept, kept)]
    reference = blosum62().loc[letters, letters].to_numpy()
    row, column = np.triu_indices(len(kept), k=1)
    if len(row) < 3:
        return SubstitutionComparison(np.nan, np.nan, len(row), np.empty(0))
    orders = np.random.default_rng(seed).permuted(
        np.tile(np.arange(len(kept)), (n_permutations, 1)), axis=1
    )
    orders = np.vstack([np.arange(len(kept)), orders])
    pairs = attention[orders[:, row], orders[:, column]]
    r, null = np.split(_correlation(pairs, reference[row, column]), [1])
    # A hair of rounding must not make a permutation that changes nothing look smaller.
    p = (1 + np.count_nonzero(null >= r[0] - 1e-12)) / (1 + n_permutations)
    return SubstitutionComparison(float(r[0]), float(p), len(row), null)


def heads_by_amino_acid(heads: pd.DataFrame, *, n: int = 3) -> pd.DataFrame:
    """Return, for each amino acid, the scored heads that send it the largest share of their links.

    Parameters
    ----------
    heads : DataFrame
        From `protvis.analysis.statistics.head_tables.head_table`, with the feature ``amino_acid``.
    n : int, default 3
        Heads for each.

    Returns
    -------
    DataFrame
        ``amino_acid, rank, head`` (a label such as ``"12-4"``)``, n_links, proportion, background,
        enrichment, q_value``.
    """
    frames = []
    for letter in AMINO_ACIDS:
        best = top_heads(heads, FEATURE, letter, n=n)
        labels = [format_head(*pair) for pair in zip(best["layer"], best["head"], strict=True)]
        best = best.assign(amino_acid=letter, rank=range(1, len(best) + 1), head=labels)
        frames.append(best)
    columns = ["amino_acid", "rank", "head", "n_links", "proportion", "background", "enrichment"]
    return pd.concat(frames, ignore_index=True)[[*columns, "q_value"]]


def _correlation(rows: NDArray[np.float64], reference: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return Pearson's r of each row with the reference."""
    rows = rows - rows.mean(axis=1, keepdims=True)
    reference = reference - reference.mean()
    return rows @ reference / np.sqrt(np.square(rows).sum(axis=1) * np.square(reference).sum())
