"""Scores of maps, and the network's start, on small cases."""

from __future__ import annotations

import numpy as np
import pytest

from training.scoring import Pairs, corrected_maps, precision, shuffled


@pytest.fixture
def pairs():
    rng = np.random.default_rng(0)
    coordinates = rng.normal(scale=8, size=(40, 3))
    coordinates[[3, 17]] = np.nan
    return Pairs.of(coordinates)


def test_pairs_are_observed_and_apart(pairs):
    assert pairs.n_residues == 38
    assert (pairs.second - pairs.first).min() == 6
    assert not {3, 17} & {*pairs.first.tolist(), *pairs.second.tolist()}
    assert 0 < pairs.background < 0.5


def test_precision_from_best_to_worst(pairs):
    assert pairs.touching.sum() >= 38
    perfect = pairs.touching.astype(float)
    assert precision(perfect, pairs) == 1.0
    assert precision(-perfect, pairs) == 0.0
    assert precision(perfect, pairs, 5) == 1.0


def test_a_flat_map_scores_the_background(pairs):
    assert precision(np.zeros(len(pairs.touching)), pairs) == pytest.approx(pairs.background)


def test_ties_do_not_depend_on_order(pairs):
    rng = np.random.default_rng(1)
    values = rng.integers(0, 4, len(pairs.touching)).astype(float)
    order = rng.permutation(len(values))
    moved = Pairs(pairs.first[order], pairs.second[order], pairs.touching[order], pairs.n_residues)
    assert precision(values, pairs) == pytest.approx(precision(values[order], moved))


def test_shuffled_keeps_the_composition():
    sequence = "MKVLAWDEYTFGHRNC"
    mixed = shuffled(sequence, np.random.default_rng(0))
    assert mixed != sequence
    assert sorted(mixed) == sorted(sequence)


def test_first_layers_look_at_fixed_offsets_wherever_they_stand():
    from training.train_mini import OFFSETS, build_network, parse

    options = parse(["--out", "unused", "--layers", "2"])
    network = build_network(options).eval()
    network.set_attn_implementation("eager")
    sequence = "MKVLAWDEYTFGHRNCIPQS" * 2
    import torch

    from training.samples import encode_chain

    with torch.no_grad():
        tokens = torch.from_numpy(encode_chain(sequence))[None]
        attention = network(tokens, output_attentions=True).attentions[0][0].numpy()
    for head, offset in enumerate(OFFSETS[0]):
        inner = np.arange(8, 32)
        assert (attention[head, inner].argmax(-1) == inner + offset).all()
    plain, _ = corrected_maps(network, sequence)
    assert plain.shape == (2, 40, 40)
    assert np.abs(plain[0].sum()) < 1e-3
