"""Probes on planted layers, against scikit-learn, and with splits that share no protein."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from protvis.analysis.counting.features import Column
from protvis.analysis.probes import probe_fit, probe_inputs
from protvis.analysis.probes.probe_fit import NEGATIVES, STRENGTHS, Layer, Probe, fit_probe, thin
from protvis.analysis.probes.probe_inputs import PRODUCTS, rows_of
from protvis.analysis.probes.probe_layers import poisson_weights, probe
from protvis.analysis.probes.probe_tasks import Labelled, PairTask, StateTask, YesNoTask
from protvis.annotations import PairTrack, Track
from protvis.datasets import Record
from protvis.datasets.lazy_tracks import LazyTracks
from protvis.errors import DatasetError, LabelError, OptionError
from protvis.models import load_model
from tests.analysis.frozen import FrozenModel, folded
from tests.analysis.planted import MemoryDataset, draw_attention

STATES = ("helix", "strand", "turn", "other")
SIZES = {"n_train": 12, "n_valid": 6, "n_test": 8, "progress": False}
N_CLUSTERS = 4


def draw_protein(rng: np.random.Generator, name: str) -> Record:
    n = int(rng.integers(40, 60))
    clusters = rng.integers(0, N_CLUSTERS, n)
    same = clusters[:, None] == clusters
    np.fill_diagonal(same, False)
    return folded(
        rng,
        name,
        n,
        secondary_structure=Track("ss", "state", rng.choice(list("HET-"), n), "drawn"),
        binding_site=Track("site", "site", rng.random(n) < 0.2, "drawn"),
        disulfide=PairTrack("same cluster", same, "drawn"),
    )


def knowing_model(records: list[Record], seed: int = 3) -> FrozenModel:
    """Return a model of noise whose layer 2 holds all labels, and whose head 2-1 contacts."""
    rng = np.random.default_rng(seed)
    attention, states = {}, {}
    for record in records:
        n = record.n_residues
        text = record.sequence
        attention[text] = draw_attention(rng, n)
        distances = np.linalg.norm(record.coordinates[:, None] - record.coordinates, axis=-1)
        # One direction only: a probe that looked at one would see half of it.
        attention[text][1, 0] = np.triu(distances < 8.0)
        states[text] = rng.normal(size=(2, n, 12)).astype(np.float32)
        letters = record.tracks["secondary_structure"].values
        states[text][1, :, :4] = letters[:, None] == np.array(list("HET-"))
        states[text][1, :, 4] = record.tracks["binding_site"].values
        same = record.tracks["disulfide"].values | np.eye(n, dtype=bool)
        cluster = np.unique(same, axis=0, return_inverse=True)[1].ravel()
        states[text][1, :, 5 : 5 + N_CLUSTERS] = cluster[:, None] == np.arange(N_CLUSTERS)
    return FrozenModel(attention, states=states)


@pytest.fixture(scope="module")
def records() -> list[Record]:
    rng = np.random.default_rng(0)
    return [draw_protein(rng, f"p{number}") for number in range(30)]


@pytest.fixture(scope="module")
def model(records: list[Record]) -> FrozenModel:
    return knowing_model(records)


@pytest.mark.parametrize(
    ("feature", "source"),
    [
        ("secondary_structure", "embeddings"),
        ("binding_site", "embeddings"),
        ("disulfide", "embeddings"),
        ("contact", "attention"),
    ],
)
@pytest.mark.parametrize("form", ["corrected", "paper"])
def test_a_layer_that_holds_the_labels_is_found_and_noise_scores_the_base_rate(
    feature: str, source: str, form: str, records: list[Record], model: FrozenModel
) -> None:
    found = probe(MemoryDataset(records), model, feature, source=source, form=form, **SIZES)
    assert list(found["layer"].unique()) == [1, 2]
    knowing, blind = found[found["layer"] == 2], found[found["layer"] == 1]
    assert (knowing["score"] == 1.0).all()
    assert (knowing[["ci_low", "ci_high"]] == 1.0).all(axis=None)
    assert (found["n_scored"] == (6 if form == "paper" else 8)).all()
    assert found["converged"].all()
    # Of the mean over states: a probe without a clue may prefer one state over another.
    first = blind.iloc[0]
    assert first["score"] == pytest.approx(first["background"], abs=0.12)
    assert first["ci_low"] < first["background"] + 0.03 < first["ci_high"] + 0.06


@pytest.mark.slow
def test_shuffled_labels_score_the_base_rate(records: list[Record], model: FrozenModel) -> None:
    rng = np.random.default_rng(8)
    shuffled = []
    for record in records:
        tracks = {
            name: replace(record.tracks[name], values=rng.permutation(record.tracks[name].values))
            for name in ("secondary_structure", "binding_site")
        }
        shuffled.append(replace(record, tracks=tracks))
    for feature in ("secondary_structure", "binding_site"):
        tables = [
            probe(MemoryDataset(shuffled), model, feature, **{**SIZES, "seed": seed})
            for seed in range(12)
        ]
        found = pd.concat(tables)
        overall = found[found["value"] == ""]
        # Two residues of each of eight proteins are ranked: one split alone says little.
        assert overall["score"].mean() == pytest.approx(overall["background"].mean(), abs=0.06)


def drawn_task(seed: int, absent: bool) -> tuple[StateTask, list[Labelled], list[np.ndarray]]:
    rng = np.random.default_rng(seed)
    task = StateTask(tuple(Column("secondary_structure", state, "residue") for state in STATES))
    proteins, scores = [], []
    for number in range(3):
        n = int(rng.integers(2, 30))
        labels = rng.integers(0, 2 if absent else 4, n)
        proteins.append(Labelled(f"p{number}", "A" * n, np.arange(n), None, labels))
        scores.append(rng.normal(size=(n, 4)))
        if absent:
            scores[-1][:, 3] = -np.inf
    return task, proteins, scores


@given(seed=st.integers(0, 1000), absent=st.booleans())
def test_f1_is_that_of_scikit_learn(seed: int, absent: bool) -> None:
    task, proteins, scores = drawn_task(seed, absent)
    total = sum(task.statistic(p, s) for p, s in zip(proteins, scores, strict=True))
    found = task.score(total)
    truth = np.concatenate([protein.labels for protein in proteins])
    guess = np.concatenate([one.argmax(1) for one in scores])
    options = {"labels": range(4), "zero_division": np.nan}
    np.testing.assert_allclose(found[1:], f1_score(truth, guess, average=None, **options))
    np.testing.assert_allclose(found[0], f1_score(truth, guess, average="macro", **options))


def test_the_background_of_f1_is_what_guessing_reaches() -> None:
    rng = np.random.default_rng(0)
    task = StateTask(tuple(Column("secondary_structure", state, "residue") for state in STATES))
    n = 200_000
    truth = rng.choice(4, n, p=[0.5, 0.3, 0.15, 0.05])
    shares = np.array([0.2, 0.3, 0.4, 0.1])
    guess = rng.choice(4, n, p=shares)
    protein = Labelled("p", "A" * n, np.arange(n), None, truth)
    expected = f1_score(truth, guess, average=None)
    found = task.background([protein], shares)
    np.testing.assert_allclose(found[1:], expected, atol=0.005)
    assert found[0] == pytest.approx(expected.mean(), abs=0.005)


@given(seed=st.integers(0, 1000), n=st.integers(8, 40))
def test_precision_ranks_pairs_once_and_in_the_papers_form_twice(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    first, second = np.triu_indices(n, 6)
    labels = (rng.random(len(first)) < 0.2).astype(np.int64)
    protein = Labelled("p", "A" * n, first, second, labels)
    values = rng.normal(size=len(first))
    scores = np.stack([-values, values], axis=1)
    columns = (Column("contact", "", "pair"),)
    once = PairTask(columns).statistic(protein, scores)
    twice = PairTask(columns, doubled=True).statistic(protein, scores)
    if not labels.any():
        assert once is None
        assert twice is None
        return
    k = max(n // 5, 1)
    order = np.argsort(-values)
    assert once[0] == pytest.approx(labels[order][:k].mean())
    # The literal ranking of the full symmetric matrix.
    full = np.full((n, n), -np.inf)
    hits = np.zeros((n, n))
    full[first, second] = full[second, first] = values
    hits[first, second] = hits[second, first] = labels
    ranked = np.argsort(-full.ravel(), kind="stable")[:k]
    assert twice[0] == pytest.approx(hits.ravel()[ranked].mean())


def test_precision_of_residues_is_over_a_twentieth_of_the_sequence() -> None:
    rng = np.random.default_rng(0)
    places = np.flatnonzero(rng.random(100) < 0.7)
    labels = (rng.random(len(places)) < 0.3).astype(np.int64)
    values = rng.normal(size=len(places))
    task = YesNoTask((Column("binding_site", "", "residue"),))
    protein = Labelled("p", "A" * 100, places, None, labels)
    found = task.statistic(protein, np.stack([-values, values], axis=1))
    assert found[0] == labels[np.argsort(-values)[:5]].mean()
    assert task.statistic(replace(protein, labels=0 * labels), np.stack([values] * 2, 1)) is None
    assert task.background([protein, replace(protein, labels=0 * labels)], np.ones(2))[
        0
    ] == pytest.approx(labels.mean())


def test_the_papers_form_scores_the_proteins_it_was_tuned_on(
    records: list[Record], model: FrozenModel
) -> None:
    """Where the test proteins hold nothing, only the corrected form sees it."""
    data = MemoryDataset(records)
    order = np.random.default_rng(0).permutation(len(records))
    states = dict(model.states)
    for place in order[18:26]:
        text = records[place].sequence
        states[text] = np.random.default_rng(place).normal(size=states[text].shape)
    broken = FrozenModel(model.attention, states=states)
    scores = {
        form: probe(data, broken, "binding_site", form=form, layers=[2], seed=0, **SIZES)
        for form in ("corrected", "paper")
    }
    assert scores["paper"]["score"].item() == 1.0
    assert scores["corrected"]["score"].item() < 0.6
    assert scores["paper"]["strength"].item() == scores["corrected"]["strength"].item()


def test_the_papers_pair_features_come_to_the_product(
    records: list[Record], model: FrozenModel
) -> None:
    """A fit on signed differences and products of both orders, their answers averaged."""
    rng = np.random.default_rng(6)
    states = {
        text: (one + rng.normal(scale=0.7, size=one.shape)).astype(np.float32)
        for text, one in model.states.items()
    }
    drawn = [records[place] for place in np.random.default_rng(0).permutation(30)[:18]]
    task = PairTask((Column("disulfide", "", "pair"),), doubled=True)
    labelled = [task.label(record, 8.0, 6) for record in drawn]

    def both_orders(protein: Labelled) -> list[np.ndarray]:
        x = states[protein.sequence][1]
        first, second = x[protein.first], x[protein.second]
        return [np.hstack([a - b, a * b]) for a, b in ((first, second), (second, first))]

    pairs = [both_orders(protein) for protein in labelled]
    x = np.concatenate([one for pair in pairs[:12] for one in pair])
    y = np.concatenate([protein.labels for protein in labelled[:12] for _ in range(2)])
    # Each pair counts twice against the penalty here.
    literal = make_pipeline(StandardScaler(), LogisticRegression(C=0.05, tol=1e-8, max_iter=9999))
    literal.fit(x, y)
    inputs = [states[record.sequence][1] for record in drawn]
    rows = [rows_of(*one, PRODUCTS) for one in zip(labelled, inputs, strict=True)]
    labels = np.concatenate([protein.labels for protein in labelled[:12]])
    fitted = Probe(np.concatenate(rows[:12]), labels, 0.1)
    for place in range(12, 18):
        mean = np.mean([literal.decision_function(one) for one in pairs[place]], axis=0)
        scores = fitted.scores(labelled[place], inputs[place], task, PRODUCTS)
        np.testing.assert_allclose(scores[:, 1], mean, atol=0.02)
    # And that is what the form fits and scores.
    train = thin(labelled[:12], 50_000, np.random.default_rng(0))
    layer = Layer(PRODUCTS, [*train, *labelled[12:]], inputs)
    valid = layer.part(slice(12, 18))
    _, statistics = fit_probe(layer.part(slice(12)), valid, task).statistics(valid, task)
    noisy = FrozenModel(model.attention, states=states)
    found = {
        form: probe(MemoryDataset(records), noisy, "disulfide", form=form, layers=[2], **SIZES)
        for form in ("corrected", "paper")
    }
    expected = task.score(statistics.sum(axis=0))[0]
    assert found["paper"]["score"].item() == pytest.approx(expected)
    assert found["corrected"]["score"].item() != pytest.approx(expected)


def test_no_two_proteins_are_nearly_the_same(records: list[Record], model: FrozenModel) -> None:
    copies = [replace(record, record_id=f"{record.record_id} again") for record in records]
    both = [record for pair in zip(records, copies, strict=True) for record in pair]
    seen: list[str] = []

    class Watched(FrozenModel):
        def embed(self, sequence: str) -> np.ndarray:
            seen.append(sequence)
            return super().embed(sequence)

    watched = Watched(model.attention, states=model.states)
    sizes = {"n_train": 10, "n_valid": 10, "n_test": 10, "progress": False}
    found = probe(MemoryDataset(both), watched, "binding_site", layers=[1], **sizes)
    # The first is asked once more, to know how wide the states are.
    assert len(set(seen)) == 30
    assert len(seen) == 31
    reasons = {reason for _, reason in found.attrs["skipped"]}
    assert all(reason.startswith("it is related to p") for reason in reasons)
    with pytest.raises(DatasetError, match=r"30 proteins with binding_site, .* but at least 31"):
        probe(MemoryDataset(both), watched, "binding_site", **{**sizes, "n_train": 11})


def test_a_track_that_fails_leaves_its_protein_out(
    records: list[Record], model: FrozenModel
) -> None:
    def fail() -> Track:
        raise ZeroDivisionError("no such geometry")

    broken = replace(records[3], tracks=LazyTracks(records[3].n_residues, {"binding_site": fail}))
    data = MemoryDataset([*records[:3], broken, *records[4:29]])
    found = probe(data, model, "binding_site", layers=[1], **{**SIZES, "n_train": 14})
    assert ["p3", "ZeroDivisionError: no such geometry"] in found.attrs["skipped"]


def test_the_fit_is_scikit_learns_and_the_strength_that_does_best_on_validation(
    records: list[Record], model: FrozenModel
) -> None:
    rng = np.random.default_rng(5)
    states = {
        text: (one + rng.normal(scale=1.5, size=one.shape)).astype(np.float32)
        for text, one in model.states.items()
    }
    noisy = FrozenModel(model.attention, states=states)
    found = probe(MemoryDataset(records), noisy, "secondary_structure", layers=[2], seed=4, **SIZES)
    drawn = [records[place] for place in np.random.default_rng(4).permutation(30)]

    def rows(part: list[Record]) -> tuple[np.ndarray, np.ndarray]:
        letters = np.concatenate([r.tracks["secondary_structure"].values for r in part])
        x = np.concatenate([states[record.sequence][1] for record in part])
        return x, np.array(["HET-".index(letter) for letter in letters])

    train, valid, test = rows(drawn[:12]), rows(drawn[12:18]), rows(drawn[18:26])
    best = (-1.0, 0.0, 0.0)
    for strength in STRENGTHS:
        fitted = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=1000)).fit(
            *train
        )
        scores = [f1_score(y, fitted.predict(x), average="macro") for x, y in (valid, test)]
        best = max(best, (scores[0], -strength, scores[1]))
    assert found["strength"].iloc[0] == -best[1]
    assert found["score"].iloc[0] == pytest.approx(best[2], abs=0.005)
    names = [record.record_id for record in drawn[18:26]]
    assert found["n_scored"].iloc[0] == len(names)


def test_intervals_are_quantiles_over_proteins(records: list[Record], model: FrozenModel) -> None:
    found = probe(
        MemoryDataset(records), model, "binding_site", layers=[1], n_bootstrap=50, **SIZES
    )
    drawn = [records[place] for place in np.random.default_rng(0).permutation(30)]
    tested = drawn[18:26]
    task = YesNoTask((Column("binding_site", "", "residue"),))
    layer = Layer(
        "embeddings",
        [task.label(record, 8.0, 6) for record in drawn],
        [model.states[record.sequence][0] for record in drawn],
    )
    fitted = fit_probe(layer.part(slice(12)), layer.part(slice(12, 18)), task)
    names, statistics = fitted.statistics(layer.part(slice(18, 26)), task)
    assert names == [record.record_id for record in tested]
    single = statistics[:, 0]
    assert single.mean() == pytest.approx(found["score"].item())
    weights = np.stack([poisson_weights(record.record_id, 50, 0) for record in tested], axis=1)
    replicates = weights @ single / weights.sum(axis=1)
    low, high = np.quantile(replicates, [0.025, 0.975])
    assert found["ci_low"].item() == pytest.approx(low)
    assert found["ci_high"].item() == pytest.approx(high)


def test_many_layers_are_read_in_parts(
    records: list[Record], model: FrozenModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = MemoryDataset(records)
    options: list[dict[str, Any]] = [
        {"feature": "secondary_structure"},
        {"feature": "contact", "source": "attention"},
    ]
    whole = [probe(data, model, **one, **SIZES) for one in options]
    model.handed_on.clear()
    monkeypatch.setattr(probe_inputs, "MEMORY_BYTES", 1)
    for one, expected in zip(options, whole, strict=True):
        pd.testing.assert_frame_equal(probe(data, model, **one, **SIZES), expected)
    # All proteins at layer 1 before any at layer 2.
    assert [layer for _, layer in model.handed_on] == [1] * 26 + [2] * 26


def test_rows_to_fit_on_are_thinned() -> None:
    rng = np.random.default_rng(0)
    proteins = []
    for number in range(4):
        first, second = np.triu_indices(60, 6)
        labels = (rng.random(len(first)) < 0.02).astype(np.int64)
        proteins.append(Labelled(f"p{number}", "A" * 60, first, second, labels))
    thinned = thin(proteins, 10**6, rng)
    for before, after in zip(proteins, thinned, strict=True):
        hits = int(before.labels.sum())
        assert after.labels.sum() == hits
        assert len(after.labels) == (1 + NEGATIVES) * hits
        pairs = set(zip(after.first.tolist(), after.second.tolist(), strict=True))
        assert len(pairs) == len(after.labels)
        known = dict(
            zip(
                zip(before.first.tolist(), before.second.tolist(), strict=True),
                before.labels.tolist(),
                strict=True,
            )
        )
        for i, j, label in zip(after.first, after.second, after.labels, strict=True):
            assert known[int(i), int(j)] == label
    assert sum(len(protein.labels) for protein in thin(proteins, 100, rng)) == 100
    residues = [replace(protein, second=None) for protein in proteins]
    assert [len(p.labels) for p in thin(residues, 10**6, rng)] == [len(p.labels) for p in residues]


def test_large_proteins_are_scored_in_parts(
    records: list[Record], model: FrozenModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = MemoryDataset(records)
    whole = probe(data, model, "disulfide", **SIZES)
    monkeypatch.setattr(probe_fit, "_ROWS_AT_ONCE", 70)
    pd.testing.assert_frame_equal(probe(data, model, "disulfide", **SIZES), whole)


def test_pairs_of_unobserved_residues_are_left_out(
    records: list[Record], model: FrozenModel
) -> None:
    task = PairTask((Column("contact", "", "pair"),))
    coordinates = records[0].coordinates.copy()
    coordinates[3] = np.nan
    labels = task.label(replace(records[0], coordinates=coordinates), 8.0, 6)
    assert 3 not in {*labels.first.tolist(), *labels.second.tolist()}
    assert (labels.second - labels.first).min() == 6
    assert task.label(replace(records[0], coordinates=None), 8.0, 6) is None


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"feature": "binding_sites"}, OptionError, "did you mean 'binding_site'"),
        ({"source": "weights"}, OptionError, "source must be one of"),
        ({"form": "published"}, OptionError, "form must be one of"),
        ({"source": "attention"}, OptionError, "attention is between two residues"),
        ({"n_test": 0}, OptionError, "n_test must be a whole number from 1"),
        ({"layers": [3]}, LabelError, "layer 3 does not exist"),
        ({"feature": "plddt"}, DatasetError, "says nothing about plddt"),
    ],
)
def test_what_cannot_be_probed_is_refused(
    options: dict[str, Any],
    error: type[Exception],
    says: str,
    records: list[Record],
    model: FrozenModel,
) -> None:
    with pytest.raises(error, match=says):
        probe(MemoryDataset(records), model, **{"feature": "binding_site", **SIZES, **options})


def test_one_class_or_no_hit_is_an_error(records: list[Record], model: FrozenModel) -> None:
    order = np.random.default_rng(0).permutation(len(records))
    none = [
        replace(r, tracks={"binding_site": Track("s", "site", [False] * r.n_residues, "")})
        for r in records
    ]
    with pytest.raises(DatasetError, match="all of one class"):
        probe(MemoryDataset(none), model, "binding_site", **SIZES)
    mixed = list(none)
    for place in order[:12]:
        mixed[place] = records[place]
    with pytest.raises(DatasetError, match="none of the proteins to score on has the property"):
        probe(MemoryDataset(mixed), model, "binding_site", **SIZES)


def test_real_models_are_read_as_they_are() -> None:
    rng = np.random.default_rng(2)
    records = [draw_protein(rng, f"p{number}") for number in range(9)]
    model = load_model("mini")
    attention: dict[str, np.ndarray] = {}
    for record in records:
        blocks: list[np.ndarray] = []
        model.capture(record.sequence, lambda _, block, __, blocks=blocks: blocks.append(block))
        attention[record.sequence] = np.stack(blocks)
    states = {record.sequence: model.embed(record.sequence) for record in records}
    frozen = FrozenModel(attention, states=states)
    sizes = {"n_train": 4, "n_valid": 2, "n_test": 3, "layers": [1, 5], "progress": False}
    data = MemoryDataset(records)
    for feature, source in (("secondary_structure", "embeddings"), ("contact", "attention")):
        found = probe(data, model, feature, source=source, **sizes)
        expected = probe(data, frozen, feature, source=source, **sizes)
        assert found.attrs["provenance"]["model"]["model"] == "mini"
        pd.testing.assert_frame_equal(found, expected)
