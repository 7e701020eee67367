"""Amino acids against SciPy, the loops, and the published correlations."""

from __future__ import annotations

import json
from itertools import combinations, permutations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from protvis.analysis.statistics.amino_acids import (
    amino_acid_similarity,
    amino_acid_vectors,
    blosum62,
    compare_substitution,
    heads_by_amino_acid,
)
from protvis.errors import OptionError
from tests.analysis.published import grid_table

LETTERS = "ACDEFGHIKLMNPQRSTVWY"


def drawn_heads(seed: int, n_layers: int = 3, n_heads: int = 4) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rows = []
    for letter in LETTERS:
        for layer in range(1, n_layers + 1):
            for head in range(1, n_heads + 1):
                rows.append(("amino_acid", letter, layer, head, rng.random() ** 2))
    table = pd.DataFrame(rows, columns=["feature", "value", "layer", "head", "proportion"])
    unscored = (table["layer"] == 2) & (table["head"] == 3)
    return table.assign(
        scored=~unscored, n_links=500, background=0.05, enrichment=0.0, q_value=0.01
    )


def test_vectors_are_over_scored_heads() -> None:
    heads = drawn_heads(0)
    vectors = amino_acid_vectors(heads)
    assert vectors.index.tolist() == list(LETTERS)
    assert vectors.columns.tolist() == [
        f"{layer}-{head}" for layer in (1, 2, 3) for head in (1, 2, 3, 4) if (layer, head) != (2, 3)
    ]
    chosen = heads.query("value == 'K' and layer == 3 and head == 2")["proportion"].item()
    assert vectors.loc["K", "3-2"] == chosen
    # Heads are ordered as numbers: head 10 comes after head 2.
    many = amino_acid_vectors(drawn_heads(0, 1, 11))
    assert many.columns.tolist() == [f"1-{head}" for head in range(1, 12)]
    with pytest.raises(OptionError, match="no feature 'amino_acid'"):
        amino_acid_vectors(heads.assign(feature="contact"))


def test_similarity_is_pearsons() -> None:
    vectors = amino_acid_vectors(drawn_heads(1))
    found = amino_acid_similarity(vectors)
    for a, b in combinations(LETTERS, 2):
        expected = stats.pearsonr(vectors.loc[a], vectors.loc[b]).statistic
        assert found.loc[a, b] == found.loc[b, a] == pytest.approx(expected)
    np.testing.assert_allclose(np.diag(found), 1)


def test_an_amino_acid_that_is_never_attended_to_has_no_similarity() -> None:
    heads = drawn_heads(2)
    heads.loc[heads["value"] == "W", "proportion"] = 0.0
    similarity = amino_acid_similarity(amino_acid_vectors(heads))
    assert similarity["W"].drop("W").isna().all()
    comparison = compare_substitution(similarity, n_permutations=99)
    assert comparison.n_pairs == 19 * 18 // 2
    others = similarity.drop("W").drop(columns="W")
    assert comparison.r == compare_substitution(others, n_permutations=9).r
    alone = compare_substitution(amino_acid_similarity(amino_acid_vectors(heads).iloc[:, :2]))
    assert np.isnan([alone.r, alone.p_value]).all()
    assert alone.n_pairs == 0


def test_blosum62() -> None:
    matrix = blosum62()
    assert matrix.equals(matrix.T)
    known = {("W", "W"): 11, ("I", "V"): 3, ("D", "E"): 2, ("C", "E"): -4, ("K", "R"): 2}
    assert {pair: matrix.loc[pair] for pair in known} == known


def test_r_is_that_of_the_pairs_and_the_null_that_of_permutations() -> None:
    similarity = amino_acid_similarity(amino_acid_vectors(drawn_heads(3)))
    found = compare_substitution(similarity, n_permutations=300, seed=5)
    reference = blosum62()
    pairs = list(combinations(LETTERS, 2))
    expected = stats.pearsonr(
        [similarity.loc[pair] for pair in pairs], [reference.loc[pair] for pair in pairs]
    )
    assert found.r == pytest.approx(expected.statistic)
    assert found.n_pairs == 190
    assert found.p_value == (1 + (found.null >= found.r).sum()) / 301
    again = compare_substitution(similarity, n_permutations=300, seed=5)
    np.testing.assert_array_equal(found.null, again.null)
    # Renaming the amino acids by one drawn permutation gives one value of the null.
    assert abs(found.null.mean()) < 0.03
    assert not np.array_equal(
        found.null, compare_substitution(similarity, n_permutations=300, seed=6).null
    )


def test_the_null_is_that_of_all_permutations_where_they_can_be_counted() -> None:
    letters = list("ACDE")
    full = amino_acid_similarity(amino_acid_vectors(drawn_heads(4)))
    similarity = full.loc[letters, letters]
    reference = blosum62()
    pairs = list(combinations(range(4), 2))
    every = [
        np.corrcoef(
            [similarity.iloc[order[i], order[j]] for i, j in pairs],
            [reference.loc[letters[i], letters[j]] for i, j in pairs],
        )[0, 1]
        for order in permutations(range(4))
    ]
    found = compare_substitution(similarity, n_permutations=5000)
    exact = np.mean(np.array(every) >= found.r - 1e-12)
    assert found.p_value == pytest.approx(exact, abs=0.02)
    assert set(np.round(found.null, 9)) == set(np.round(every, 9))


@pytest.mark.slow
def test_vectors_without_meaning_are_called_so_and_blosums_own_are_not() -> None:
    p_values = [
        compare_substitution(
            amino_acid_similarity(amino_acid_vectors(drawn_heads(seed, 3, 5))), n_permutations=400
        ).p_value
        for seed in range(60)
    ]
    assert np.mean(np.array(p_values) < 0.05) <= 0.13
    assert np.mean(np.array(p_values) < 0.5) == pytest.approx(0.5, abs=0.2)
    perfect = compare_substitution(blosum62(), n_permutations=999)
    assert perfect.r == pytest.approx(1)
    assert perfect.p_value == 1 / 1000


def test_heads_by_amino_acid() -> None:
    heads = drawn_heads(5)
    table = heads_by_amino_acid(heads, n=2)
    assert table["amino_acid"].tolist() == [letter for letter in LETTERS for _ in range(2)]
    assert table["rank"].tolist() == [1, 2] * 20
    for letter in LETTERS:
        own = heads[(heads["value"] == letter) & heads["scored"]]
        best = own.loc[own["proportion"].idxmax()]
        first = table[table["amino_acid"] == letter].iloc[0]
        assert first["head"] == f"{best['layer']}-{best['head']}"
        assert first["proportion"] == best["proportion"]


@pytest.mark.parametrize(
    ("model", "published"),
    [
        ("tape_bert", 0.73),
        ("prot_albert", 0.60),
        ("prot_bert", 0.68),
        ("prot_bert_bfd", 0.75),
        ("prot_xlnet", 0.71),
    ],
)
def test_published_correlations(shared_data: Path, model: str, published: float) -> None:
    """From grids read off the figures, to 0.4 % of their maximum."""
    path = shared_data / "reference" / "published_attention_values.json"
    vectors = amino_acid_vectors(grid_table(json.loads(path.read_text())["heatmaps"][model]))
    found = compare_substitution(amino_acid_similarity(vectors))
    assert found.r == pytest.approx(published, abs=0.01)
    assert found.p_value == 1 / 10_001
    assert found.null.max() < found.r
