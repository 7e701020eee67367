"""Kinds of map beside raw attention, against the definitions they name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from protvis.attention import apc, rollout, score_table
from protvis.attention.score_table import Score, menu
from protvis.errors import LabelError, OptionError
from protvis.inference import compute_attention
from protvis.plot.view_figures import draw_view
from protvis.scene import Scene, open_scene
from protvis.scene.frames import head_scores
from protvis.scene.map_kind import ATTENTION, N_BEST
from protvis.scene.map_sets import shuffled
from protvis.scene.user_map import OwnMap
from protvis.scene.wire import decode_array, encode_map


@pytest.fixture(scope="module")
def scene(demo_structure: Any) -> Scene:
    rng = np.random.default_rng(0)
    return open_scene(demo_structure, "mini-positions", maps={"mine": rng.normal(size=(223, 223))})[
        0
    ]


def precision(values: np.ndarray, scene: Scene) -> float:
    """Share of contacts among the L strongest pairs, |i - j| >= 6, pair by pair."""
    n, contacts = scene.n_residues, scene.chain.contact_map()
    pairs = [(-max(values[i, j], values[j, i]), i, j) for i in range(n) for j in range(i + 6, n)]
    return float(np.mean([contacts[i, j] for _, i, j in sorted(pairs)[:n]]))


def test_raw_attention_comes_first_and_a_users_matrix_last(scene: Scene) -> None:
    names = list(scene.map_kinds)
    assert names[0] == ATTENTION
    assert names[-1] == "mine"
    assert {"symmetrized", "apc", "shuffled", "best_heads", "rollout"} <= set(names)


def test_apc_is_that_of_each_head_and_of_the_mean(scene: Scene) -> None:
    maps = scene.map_set("apc")
    raw = compute_attention(scene.model, scene.chain)
    assert maps.shape == (2, 9)
    np.testing.assert_allclose(maps.dense(1, 3), apc(raw.head(2, 4)), atol=1e-6)
    np.testing.assert_allclose(maps.dense(0, 8), apc(raw.head(1, "mean")), atol=1e-6)
    for row, column in ((0, 8), (1, 3)):
        expected = precision(maps.dense(row, column), scene)
        assert maps.scores["contact_precision"][row, column] == pytest.approx(expected, abs=0.005)


def test_signed_maps_have_no_score_that_needs_shares(scene: Scene) -> None:
    scores = scene.map_set("apc").scores
    for name in ("special_share", "entropy", "mean_separation"):
        assert np.isnan(scores[name]).all()
    assert np.isfinite(scores["contact_precision"]).all()


def test_what_residues_receive_keeps_its_sign(scene: Scene) -> None:
    received = scene.map_set("mine").received[0, 0]
    exact = scene.matrices["mine"].mean(0)
    assert exact.min() < 0 < exact.max()
    # Gains and losses cancel: what is left carries the rounding of single precision.
    np.testing.assert_allclose(received, exact, rtol=1e-5, atol=1e-7)
    wired = scene.wire_maps("mine")
    steps = decode_array(wired["arrays"]["received"])[0].astype(float)
    root = np.sqrt(wired["meta"]["received_scale"]) * (steps - 128) / 127
    off = np.abs(root - np.sign(exact) * np.sqrt(np.abs(exact)))
    assert off.max() <= 0.51 * np.sqrt(np.abs(exact).max()) / 127


def test_apc_leaves_no_residue_a_mean_not_even_rounding(scene: Scene) -> None:
    maps = scene.map_set("apc")
    assert np.abs(maps.dense(0, 0).mean(0)).max() > 0
    assert not maps.received.any()
    assert scene.wire_maps("apc")["meta"]["received_scale"] == 0


def test_rollout_is_one_map_per_layer(scene: Scene) -> None:
    maps = scene.map_set("rollout")
    expected = rollout(compute_attention(scene.model, scene.chain))
    assert maps.shape == (2, 1)
    np.testing.assert_allclose(maps.dense(1, 0), expected[1], atol=1e-6)
    assert maps.entry(1, 5) == maps.entry(1, "mean") == 1


def test_the_best_heads_are_those_with_the_highest_precision(scene: Scene) -> None:
    raw = compute_attention(scene.model, scene.chain)
    ranked = sorted(
        (-scene.scores["contact_precision"][i, j], i, j) for i in range(2) for j in range(8)
    )
    expected = np.mean([raw.values[i, j] for _, i, j in ranked[:N_BEST]], axis=0)
    np.testing.assert_allclose(scene.map_set("best_heads").dense(0, 0), expected, atol=1e-6)


def test_the_shuffled_control_reads_the_same_residues_in_another_order(scene: Scene) -> None:
    (sequence,) = shuffled(scene.chain)
    assert sorted(sequence) == sorted(scene.chain.sequence)
    assert sequence != scene.chain.sequence
    assert shuffled(scene.chain) == (sequence,)
    expected = compute_attention(scene.model, sequence)
    maps = scene.map_set("shuffled")
    np.testing.assert_allclose(maps.dense(0, 2), expected.head(1, 3), atol=1e-6)
    # Judged on the contacts of the structure that is shown.
    assert maps.scores["contact_precision"][0, 2] == pytest.approx(
        precision(expected.head(1, 3), scene), abs=0.005
    )


def test_a_users_matrix_is_shown_as_it_is(scene: Scene) -> None:
    maps = scene.map_set("mine")
    np.testing.assert_array_equal(maps.dense(0, 0), scene.matrices["mine"])
    assert maps.kind.signed
    found = maps.links.select(0, top_k=50)
    values = np.maximum(scene.matrices["mine"], scene.matrices["mine"].T)
    upper = np.sort(values[np.triu_indices(223, 6)])[::-1][:50]
    np.testing.assert_allclose(found.weight, upper, atol=upper[0] / 65535)


def test_a_difference_speaks_of_change_and_not_of_contacts(demo_structure: Any) -> None:
    values = np.random.default_rng(1).normal(size=(223, 223)).astype(np.float32)
    values[50], values[:, 50] = np.nan, np.nan
    change = OwnMap(values, difference=True, noise=2, formula="b − a")
    made, view = open_scene(demo_structure, "mini-positions", maps={"change": change})
    assert view.color_by == "sign"
    maps = made.map_set("change")
    kind = maps.kind
    assert (kind.unit, kind.noise, kind.formula, kind.layout) == ("|Δ|", 2.0, "b − a", "one")
    assert set(maps.scores) == set(made.map_set("apc").scores)
    assert all(np.isnan(maps.scores[score.name]).all() for score in menu())
    found = maps.links.select(0, top_k=60, combine="directed")
    upper = np.abs(np.subtract.outer(np.arange(223), np.arange(223))) >= 6
    sizes = np.sort(np.nan_to_num(np.abs(values[upper])))[::-1][:60]
    np.testing.assert_allclose(found.weight, sizes, atol=sizes[0] / 65535)
    np.testing.assert_array_equal(found.sign, np.sign(values[found.query, found.key]))
    known = np.delete(np.arange(223), 50)
    expected = np.nanmean(values[:, known], axis=0)
    np.testing.assert_allclose(maps.received[0, 0, known], expected, atol=1e-6)
    assert np.isnan(maps.received[0, 0, 50])


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (OwnMap(np.zeros((223, 223)), noise=0.1), "only a difference has noise"),
        (OwnMap(np.zeros((223, 223)), difference=True, noise=-1), "got -1"),
        (OwnMap(np.zeros((3, 3)), difference=True), "one row and column per residue"),
        (np.zeros((3, 3)), "one row and column per residue"),
        ([["a"]], "matrix of numbers"),
        (np.full((223, 223), 1j), "matrix of numbers"),
        (np.full((223, 223), np.inf), "infinite"),
    ],
)
def test_matrices_that_do_not_fit(scene: Scene, matrix: Any, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        scene.add_matrix("other", matrix)


def test_names_are_not_taken_twice_and_unknown_ones_are_answered(scene: Scene) -> None:
    with pytest.raises(LabelError, match="already"):
        scene.add_matrix("apc", np.zeros((223, 223)))
    with pytest.raises(LabelError, match="did you mean 'apc'"):
        scene.map_set("apcc")


def test_a_jacobian_that_takes_long_says_so_instead(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("protvis.scene.map_sets.PATIENCE", 0.0)
    with pytest.raises(
        OptionError, match=r"4,238 passes .* pv\.categorical_jacobian\(model, chain\)"
    ):
        scene.map_set("categorical_jacobian")


@pytest.mark.parametrize("symmetric", [False, True])
@pytest.mark.parametrize("signed", [False, True])
def test_dense_maps_cross_to_within_half_a_step(signed: bool, symmetric: bool) -> None:
    values = np.random.default_rng(1).normal(size=(20, 20)).astype(np.float32)
    values = values if signed else np.abs(values)
    if symmetric:
        values = values + values.T
    wired = encode_map(values, signed=signed, symmetric=symmetric)
    steps = decode_array(wired).astype(float)
    if symmetric:
        assert not np.tril(steps, -1).any()
        steps = np.triu(steps) + np.triu(steps, 1).T
    share = (steps - 128) / 127 if signed else steps / 255
    half = 0.5 / (127 if signed else 255)
    expected = np.sign(values) * np.sqrt(np.abs(values) / np.abs(values).max())
    assert np.abs(share - expected).max() <= half + 1e-6
    assert wired["scale"] == pytest.approx(np.abs(values).max())


def reach(values: np.ndarray) -> float:
    """A score nobody has thought of: |i − j| of the largest weight."""
    i, j = np.unravel_index(np.argmax(values), values.shape)
    return abs(int(i) - int(j))


def test_a_new_score_is_one_entry_and_one_function(
    demo_structure: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = Score("reach", "reach", "of the largest", undefined_for=("signed",), compute=reach)
    monkeypatch.setattr(score_table, "SCORES", (*score_table.SCORES, new))
    made, view = open_scene(demo_structure, "mini-positions")
    expected = [reach(made.attention.head_map(*place)) for place in made.heads()]
    table = head_scores(made, view)
    assert table["reach"].tolist() == expected
    assert len(set(expected)) > 3
    wire = made.wire()
    assert wire["meta"]["scores"][-1]["title"] == "reach"
    values = decode_array(wire["attention"]["arrays"]["scores"])
    assert values[-1].ravel().tolist() == expected
    assert wire["attention"]["meta"]["chances"][-1] is None
    texts = [text.get_text() for text in draw_view(made, view, "heads", score="reach").texts]
    assert any("of the largest" in text for text in texts)
    assert made.map_set("rollout").scores["reach"].shape == (2, 1)
    assert np.isnan(made.map_set("apc").scores["reach"]).all()


def test_chance_stands_beside_the_scores_that_have_one(scene: Scene) -> None:
    names = [score.name for score in menu()]
    for kind in ("attention", "apc", "shuffled"):
        chances = dict(zip(names, scene.wire_maps(kind)["meta"]["chances"], strict=True))
        share = scene.chain.contact_map()[np.triu_indices(223, 6)].mean()
        assert chances.pop("contact_precision") == pytest.approx(share, rel=1e-6)
        assert chances.pop("enrichment") == 1
        assert set(chances.values()) == {None}
