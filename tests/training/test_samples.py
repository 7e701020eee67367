"""What the sampler draws: labels follow residues through gaps, flanks and crops."""

from __future__ import annotations

import numpy as np
import pytest

from training.alignments import GAP
from training.samples import CLS, EOS, IGNORED, MASK, PAD, Family, Sampler, encode_chain


@pytest.fixture
def families():
    rng = np.random.default_rng(0)
    first = np.tile(np.arange(20, dtype=np.int8), (50, 2))
    first[rng.random(first.shape) < 0.2] = GAP
    second = np.tile(np.arange(19, -1, -1, dtype=np.int8), (30, 1))
    return [Family("up", first, np.ones(50), 1), Family("down", second, np.ones(30), 41)]


def test_same_seed_and_step_same_batch(families):
    one = Sampler(families, seed=3).batch(7, 500, 0.5)
    two = Sampler(families, seed=3).batch(7, 500, 0.5)
    other = Sampler(families, seed=3).batch(8, 500, 0.5)
    np.testing.assert_array_equal(one.tokens, two.tokens)
    np.testing.assert_array_equal(one.wanted, two.wanted)
    assert one.tokens.shape != other.tokens.shape or (one.tokens != other.tokens).any()


@pytest.mark.parametrize("step", range(20))
def test_columns_name_the_residues(families, step):
    batch = Sampler(families, seed=0, mask_rates=(0.0, 0.0)).batch(step, 1000, step / 20)
    residues = np.arange(61)
    residues[1:41] = (np.arange(40) % 20) + 4
    residues[41:61] = np.arange(19, -1, -1) + 4
    named = batch.columns > 0
    shown = np.where(batch.wanted == IGNORED, batch.tokens, batch.wanted)
    at_gap = shown == 30
    np.testing.assert_array_equal(shown[named & ~at_gap], residues[batch.columns[named & ~at_gap]])
    specials = np.isin(batch.tokens, (CLS, EOS, PAD))
    np.testing.assert_array_equal(specials, batch.columns == IGNORED)
    assert (batch.tokens[:, 0] == CLS).all()
    assert ((batch.tokens == EOS).sum(1) == 1).all()


def test_only_residues_of_the_family_are_asked_for(families):
    asked = 0
    for step in range(10):
        batch = Sampler(families, seed=1, mask_rates=(0.3, 0.3)).batch(step, 1000, 0.5)
        wanted = batch.wanted != IGNORED
        assert (batch.columns[wanted] > 0).all()
        assert ((batch.wanted[wanted] >= 4) & (batch.wanted[wanted] < 24)).all()
        assert (batch.tokens == MASK).sum() <= wanted.sum()
        asked += wanted.sum() / (batch.columns > 0).sum()
    assert 0.2 < asked / 10 < 0.35


def test_a_chain_has_specials_around_it():
    assert encode_chain("LAJ").tolist() == [CLS, 4, 5, 24, EOS]
