"""Scores of maps, and the network's start, on small cases."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest

from training.scoring import Pairs, corrected_maps, precision, shuffled, strong_weights


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


def test_strong_weights_are_counted_both_ways(pairs):
    raw = np.zeros((1, 2, 40, 40))
    contact = pairs.touching.argmax()
    other = pairs.touching.argmin()
    raw[0, 0, pairs.first[contact], pairs.second[contact]] = 0.3
    raw[0, 1, pairs.second[contact], pairs.first[contact]] = 0.9
    raw[0, 1, pairs.first[other], pairs.second[other]] = 0.5
    raw[0, 1, 0, 1] = 0.5
    (found,) = strong_weights(raw, pairs)
    assert (found["n"], found["on_contacts"]) == (3, pytest.approx(2 / 3))
    assert found["to_residues"] == pytest.approx((0.3 + 0.9 + 0.5 + 0.5) / 80)
    (none,) = strong_weights(raw, pairs, threshold=1.0)
    assert (none["n"], none["on_contacts"]) == (0, None)


needs_sklearn = pytest.mark.skipif(
    find_spec("sklearn") is None, reason="scikit-learn, which fits the combinations, is not here"
)


@needs_sklearn
def test_a_combination_becomes_the_networks_own_contact_head():
    import torch

    from training.evaluate_mini import Combination
    from training.pack_mini import set_contact_head
    from training.samples import encode_chain
    from training.train_mini import build_network, parse

    options = parse(["--out", "unused", "--layers", "2", "--hidden", "32", "--heads", "4"])
    network = build_network(options).eval()
    rng = np.random.default_rng(0)
    fitted = Combination(rng.normal(size=8) * 30, -1.5)
    set_contact_head(network, fitted)
    sequence = "MKVLAWDEYTFGHRNCIPQS"
    tokens = torch.from_numpy(encode_chain(sequence))[None]
    found = network.predict_contacts(tokens, torch.ones_like(tokens))[0].detach().numpy()
    _, heads = corrected_maps(network, sequence)
    expected = 1 / (1 + np.exp(-fitted.values(heads.reshape(2, 4, -1))))
    np.testing.assert_allclose(found.ravel(), expected, atol=1e-5)


@needs_sklearn
def test_a_combination_finds_the_head_that_knows(pairs):
    from training.evaluate_mini import Target, fit_combination

    rng = np.random.default_rng(0)
    target = Target(None, "", pairs)
    target.heads = rng.normal(size=(1, 3, len(pairs.touching)))
    target.heads[0, 1] += 5 * pairs.touching
    fitted = fit_combination([target])
    assert fitted.weights.argmax() == 1
    assert precision(fitted.values(target.heads), pairs) > 0.9
