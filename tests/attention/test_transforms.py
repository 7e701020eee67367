"""Transforms against loops, against what the bundled model's card says, and against themselves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protvis.attention import (
    AttentionMaps,
    apc,
    best_heads,
    mean_of_heads,
    rollout,
    select_links,
    symmetrize,
)
from protvis.errors import LabelError
from protvis.inference import compute_attention
from protvis.models import load_model

SEQUENCE = "IVGGYTCGANTVPYQVSLNSGYHF"


@pytest.fixture(scope="module")
def maps() -> AttentionMaps:
    return compute_attention("mini-positions", SEQUENCE)


@given(seed=st.integers(0, 1000), n=st.integers(1, 12))
def test_apc_is_that_of_the_formula(seed: int, n: int) -> None:
    attention = np.random.default_rng(seed).random((n, n)).astype(np.float32)
    found = apc(attention)
    for i in range(n):
        for j in range(n):
            row = sum(float(attention[i, k]) + float(attention[k, i]) for k in range(n))
            column = sum(float(attention[k, j]) + float(attention[j, k]) for k in range(n))
            total = 2 * float(attention.sum(dtype=float))
            expected = float(attention[i, j]) + float(attention[j, i]) - row * column / total
            assert found[i, j] == pytest.approx(expected, abs=1e-5)


def test_what_apc_leaves() -> None:
    rng = np.random.default_rng(0)
    attention = rng.random((2, 3, 9, 9))
    found = apc(attention)
    np.testing.assert_allclose(found, np.swapaxes(found, -1, -2), atol=1e-6)
    np.testing.assert_allclose(found.sum(-1), 0, atol=1e-5)
    np.testing.assert_allclose(found[1, 2], apc(attention[1, 2]), atol=1e-6)
    # A map that is a product of what each residue attracts has nothing left.
    strength = rng.random(9)
    np.testing.assert_allclose(apc(np.outer(strength, strength)), 0, atol=1e-6)
    assert not apc(np.zeros((4, 4))).any()


def test_transformed_maps_keep_their_names(maps: AttentionMaps) -> None:
    corrected = maps.transformed("apc")
    np.testing.assert_array_equal(corrected.head(2, 3), apc(maps.head(2, 3)))
    np.testing.assert_array_equal(
        maps.transformed("symmetrized").head(1, 1), symmetrize(maps.head(1, 1))
    )
    assert corrected.notice == maps.notice
    assert corrected.provenance["transform"] == "apc"
    assert "transform" not in maps.provenance
    with pytest.raises(LabelError, match="did you mean 'apc'"):
        maps.transformed("APC ")


def test_the_mean_of_chosen_heads(maps: AttentionMaps) -> None:
    found = mean_of_heads(maps, [(1, 2), (2, 8), (2, "mean")])
    expected = (maps.values[0, 1] + maps.values[1, 7] + maps.values[1].mean(0)) / 3
    np.testing.assert_allclose(found, expected, atol=1e-7)
    with pytest.raises(LabelError, match="at least one"):
        mean_of_heads(maps, [])


def test_the_best_heads() -> None:
    scores = np.array([[0.1, np.nan, 0.5], [0.5, 0.9, 0.0]])
    assert best_heads(scores, [3, 4], [1, 2, 3], 3) == [(4, 2), (3, 3), (4, 1)]
    assert len(best_heads(scores, [3, 4], [1, 2, 3], 99)) == 5


def test_rollout_is_that_of_the_formula(maps: AttentionMaps) -> None:
    found = rollout(maps)
    n = len(SEQUENCE)
    assert found.shape == (2, n, n)
    np.testing.assert_allclose(found.sum(-1), 1, atol=1e-6)
    steps = []
    for layer in range(2):
        step = np.array(
            [
                [
                    sum(maps.values[layer, h, i, j] for h in range(8)) / 8 + (i == j)
                    for j in range(n)
                ]
                for i in range(n)
            ]
        )
        steps.append(step / step.sum(1, keepdims=True))
    np.testing.assert_allclose(found[0], steps[0], atol=1e-6)
    np.testing.assert_allclose(found[1], steps[1] @ steps[0], atol=1e-6)
    with pytest.raises(LabelError, match="every layer from the first"):
        rollout(compute_attention("mini-positions", SEQUENCE, layers=[2]))


def test_the_bundled_model_keeps_what_its_card_says() -> None:
    from protvis import load_structure
    from tests.conftest import ROOT

    chain = load_structure(ROOT / "protvis" / "data" / "1gbt.cif.gz").chains["A"]
    maps = compute_attention(load_model("mini-positions"), chain)
    contacts = chain.contact_map()
    n = chain.n_residues
    assert n == 223

    def precision(layer: int, top_k: int) -> float:
        links = select_links(apc(maps.head(layer, "mean")), top_k=top_k, combine="mean")
        return contacts[links.query, links.key].mean()

    assert round(precision(1, n), 2) == 0.13
    assert precision(1, n // 5) == pytest.approx(0.33, abs=0.02)
    assert round(precision(2, n), 2) == 0.05
    assert np.triu(contacts, 6).sum() / (n - 6) / (n - 5) * 2 == pytest.approx(0.027, abs=5e-4)
