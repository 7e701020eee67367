"""The combination of heads against scikit-learn on whole tensors, and who may be tested on."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

import protvis as pv
from protvis.analysis.contacts.combination import HeadCombination, load_combination
from protvis.analysis.contacts.combination_fit import fit_combination
from protvis.analysis.contacts.precision import contact_precision
from protvis.attention import AttentionMaps, apc
from protvis.datasets import Record
from protvis.errors import (
    AttentionMemoryError,
    DatasetError,
    ModelError,
    OptionError,
    OutputError,
)
from protvis.inference import compute_attention
from protvis.models import load_model
from protvis.structure import load_structure
from protvis.structure.contacts import contact_map
from tests.analysis.frozen import FrozenModel, folded, random_model
from tests.analysis.planted import MemoryDataset, draw_attention


def proteins(n_proteins: int = 6, seed: int = 0) -> list[Record]:
    rng = np.random.default_rng(seed)
    return [folded(rng, f"p{number}", int(rng.integers(40, 60))) for number in range(n_proteins)]


def planted(records: list[Record], seed: int = 1) -> FrozenModel:
    """Return a model whose head 2-3 attends to contacts, and to nothing else."""
    rng = np.random.default_rng(seed)
    attention = {}
    for record in records:
        attention[record.sequence] = draw_attention(rng, record.n_residues)
        touching = contact_map(record.coordinates, 8.0, 0).astype(np.float32)
        attention[record.sequence][1, 2] = touching / touching.sum(1, keepdims=True)
    return FrozenModel(attention)


def l1(**options: Any) -> LogisticRegression:
    # The published spelling, and the one scikit-learn has had since 1.8.
    new = inspect.signature(LogisticRegression).parameters["penalty"].default == "deprecated"
    named = {"l1_ratio": 1.0} if new else {"penalty": "l1"}
    return LogisticRegression(solver="liblinear", **named, **options)


@pytest.fixture(scope="module")
def records() -> list[Record]:
    return proteins()


@pytest.fixture(scope="module")
def model(records: list[Record]) -> FrozenModel:
    return random_model(np.random.default_rng(1), records)


@pytest.fixture(scope="module")
def combination(records: list[Record], model: FrozenModel) -> HeadCombination:
    return fit_combination(MemoryDataset(records), model, n_fit=4, penalty=0.01, progress=False)


def test_the_fit_is_that_of_whole_tensors(
    records: list[Record], model: FrozenModel, combination: HeadCombination
) -> None:
    x, y = [], []
    by_id = {record.record_id: record for record in records}
    for name, sequence in combination.fitted_on:
        corrected = apc(model.attention[sequence]).astype(np.float64)
        contacts = contact_map(by_id[name].coordinates, 8.0, 6)
        for i in range(len(sequence)):
            for j in range(i + 6, len(sequence)):
                x.append(corrected[:, :, i, j].ravel())
                y.append(contacts[i, j])
    fitted = l1(C=1 / 0.01, random_state=0).fit(np.array(x), np.array(y))
    np.testing.assert_allclose(combination.weights.ravel(), fitted.coef_[0], atol=1e-6)
    assert combination.intercept == pytest.approx(fitted.intercept_[0], abs=1e-6)
    assert np.count_nonzero(combination.weights) > 0
    assert combination.provenance["arguments"]["n_pairs"] == len(y)


def test_unobserved_residues_are_not_fitted_on(records: list[Record], model: FrozenModel) -> None:
    holes = []
    for record in records:
        coordinates = record.coordinates.copy()
        coordinates[::7] = np.nan
        holes.append(replace(record, coordinates=coordinates))
    found = fit_combination(MemoryDataset(holes), model, n_fit=2, progress=False)
    sizes = [
        sum(j % 7 != 0 and i % 7 != 0 for i in range(len(s)) for j in range(i + 6, len(s)))
        for _, s in found.fitted_on
    ]
    assert found.provenance["arguments"]["n_pairs"] == sum(sizes)


def test_a_planted_head_is_found_and_predicts_others(records: list[Record]) -> None:
    model = planted(records)
    found = fit_combination(MemoryDataset(records), model, n_fit=3, progress=False)
    assert np.unravel_index(found.weights.argmax(), found.weights.shape) == (1, 2)
    others = np.delete(found.weights.ravel(), 5)
    assert np.abs(others).max() < 0.05 * found.weights[1, 2]
    table = found.evaluate(MemoryDataset(records), model, progress=False)
    row = table.set_index(["range", "top"]).loc[("all", "L/5")]
    assert row["precision"] == 1.0
    assert row["n_proteins"] == 3


def test_no_protein_is_fitted_on_and_tested_on(records: list[Record], model: FrozenModel) -> None:
    one = fit_combination(MemoryDataset(records[:2]), model, n_fit=1, progress=False)
    name, sequence = one.fitted_on[0]
    fitted = next(record for record in records if record.record_id == name)
    cut = replace(
        fitted, record_id="cut", sequence=sequence[:-4], coordinates=fitted.coordinates[:-4]
    )
    again = replace(fitted, record_id="again")
    renamed = replace(records[3], record_id=name)
    model.attention[cut.sequence] = model.attention[sequence][..., :-4, :-4]
    data = MemoryDataset([fitted, again, cut, records[4]])
    table = one.evaluate(data, model, progress=False)
    assert table.attrs["skipped"] == [
        [name, "it was fitted on"],
        ["again", f"it is related to {name}, which was fitted on"],
        ["cut", f"it is related to {name}, which was fitted on"],
    ]
    alone = contact_precision(
        one.predict(model, records[4].sequence), contact_map(records[4].coordinates, 8.0, 0)
    )
    np.testing.assert_allclose(table["precision"], alone["precision"])
    for seen in ([fitted, again], [renamed]):
        with pytest.raises(DatasetError, match="0 proteins to score contacts on"):
            one.evaluate(MemoryDataset(seen), model, progress=False)
    assert one.copy_of(sequence) == one.copy_of(cut.sequence) == name
    assert one.copy_of(records[4].sequence) is None


def test_near_copies_and_what_is_held_out_are_not_fitted_on(
    records: list[Record], model: FrozenModel
) -> None:
    copies = [replace(record, record_id=f"{record.record_id} again") for record in records]
    data = MemoryDataset([*records, *copies])
    held_out = [records[0].sequence, records[1]]
    for seed in range(3):
        found = fit_combination(
            data, model, n_fit=4, seed=seed, held_out=held_out, max_pairs=500, progress=False
        )
        sequences = {sequence for _, sequence in found.fitted_on}
        assert len(sequences) == 4
        assert sequences.isdisjoint({records[0].sequence, records[1].sequence})
    with pytest.raises(
        DatasetError, match=r"4 proteins .* to fit on, but at least 5 .*it is related to"
    ):
        fit_combination(data, model, n_fit=5, held_out=held_out, progress=False)


def test_pairs_can_be_drawn(records: list[Record], model: FrozenModel) -> None:
    data = MemoryDataset(records)
    whole = fit_combination(data, model, n_fit=5, progress=False).provenance["arguments"]
    part = fit_combination(data, model, n_fit=5, max_pairs=1500, progress=False)
    drawn = part.provenance["arguments"]
    assert drawn["n_pairs"] == 1500
    share = whole["n_contacts"] / whole["n_pairs"]
    assert drawn["n_contacts"] / 1500 == pytest.approx(share, abs=4 * (share / 1500) ** 0.5)
    more = fit_combination(data, model, n_fit=5, max_pairs=10**6, progress=False)
    assert more.provenance["arguments"]["n_pairs"] == whole["n_pairs"]


def maps_of(model: FrozenModel, sequence: str, **options: Any) -> AttentionMaps:
    values = model.attention[sequence]
    labels = {"layers": (1, 2), "heads": (1, 2, 3), "provenance": model.provenance}
    return AttentionMaps(values, 1 - values.sum(-1), sequence=sequence, **{**labels, **options})


def test_predictions_are_those_of_the_formula(
    records: list[Record], model: FrozenModel, combination: HeadCombination
) -> None:
    for record in records[:3]:
        found = combination.predict(model, record.sequence)
        corrected = apc(model.attention[record.sequence]).astype(np.float64)
        logits = combination.intercept + np.einsum("lh,lhij", combination.weights, corrected)
        np.testing.assert_allclose(found, 1 / (1 + np.exp(-logits)), atol=1e-6)
        assert found.dtype == np.float32
        assert np.array_equal(found, found.T)
        of_maps = combination.predict(maps_of(model, record.sequence))
        assert np.array_equal(of_maps, found)


def test_layers_without_weight_are_not_run(records: list[Record], model: FrozenModel) -> None:
    weights = np.zeros((2, 3))
    flat = HeadCombination(weights, -1.0, ()).predict(model, records[0].sequence)
    np.testing.assert_allclose(flat, 1 / (1 + np.e))
    weights[1, 0] = 2.0
    model.handed_on.clear()
    HeadCombination(weights, -1.0, ()).predict(model, records[0].sequence)
    assert model.handed_on == [(records[0].sequence, 2)]


def test_saved_and_read_again(
    tmp_path: Path, records: list[Record], model: FrozenModel, combination: HeadCombination
) -> None:
    path = tmp_path / "heads.json"
    combination.save(path)
    again = load_combination(path)
    assert np.array_equal(again.weights, combination.weights)
    for name in ("intercept", "fitted_on", "cutoff", "min_separation", "provenance"):
        assert getattr(again, name) == getattr(combination, name)
    sequence = records[0].sequence
    assert np.array_equal(again.predict(model, sequence), combination.predict(model, sequence))
    assert [child.name for child in tmp_path.iterdir()] == ["heads.json"]
    with pytest.raises(OutputError, match="cannot write"):
        combination.save(tmp_path / "nowhere" / "heads.json")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda content: "{", "cannot be read"),
        (lambda content: [], "not a head combination"),
        (lambda content: {**content, "format": "other"}, "not a head combination"),
        (lambda content: {**content, "version": 2}, "update protvis"),
        (lambda content: {**content, "weights": [1, 2]}, "damaged"),
        (lambda content: {**content, "weights": [[1, float("nan")]]}, "NaN is not a number"),
        (lambda content: {k: v for k, v in content.items() if k != "intercept"}, "damaged"),
        (lambda content: {**content, "fitted_on": [{"id": "a"}]}, "damaged"),
    ],
)
def test_other_files_are_refused(
    change: Callable[[dict], Any], says: str, tmp_path: Path, combination: HeadCombination
) -> None:
    path = tmp_path / "heads.json"
    combination.save(path)
    changed = change(json.loads(path.read_text()))
    path.write_text(changed if isinstance(changed, str) else json.dumps(changed))
    with pytest.raises(ModelError, match=says):
        load_combination(path)


def test_another_model_is_refused(
    records: list[Record], model: FrozenModel, combination: HeadCombination
) -> None:
    sequence = records[0].sequence
    other = FrozenModel(model.attention, name="other")
    smaller = FrozenModel({text: values[:1] for text, values in model.attention.items()})
    for wrong, says in (
        (other, "was fitted on 'planted'"),
        (smaller, "is for 2 × 3 heads, planted has 1 × 3"),
    ):
        with pytest.raises(ModelError, match=says):
            combination.predict(wrong, sequence)
        with pytest.raises(ModelError, match=says):
            combination.evaluate(MemoryDataset(records), wrong, progress=False)
    with pytest.raises(ModelError, match="was fitted on 'planted'"):
        combination.predict(maps_of(other, sequence))


def test_maps_that_do_not_do(
    records: list[Record], model: FrozenModel, combination: HeadCombination
) -> None:
    sequence = records[0].sequence
    maps = maps_of(model, sequence)
    holes = maps_of(model, sequence)
    holes.values = holes.values.copy()
    holes.values[:, :, 0, -1] = np.nan
    part = AttentionMaps(
        maps.values[:1], maps.special_mass[:1], layers=(2,), heads=(1, 2, 3), sequence=sequence
    )
    for wrong, says in (
        (maps.transformed("apc"), "corrects raw attention itself"),
        (part, "needs maps of all of them"),
        (holes, "hold NaN"),
    ):
        with pytest.raises(OptionError, match=says):
            combination.predict(wrong)
    with pytest.raises(OptionError, match="leave the sequence out"):
        combination.predict(maps, sequence)
    with pytest.raises(OptionError, match="pass the sequence or chain"):
        combination.predict(model)


@pytest.mark.parametrize("options", [{"n_fit": 0}, {"penalty": 0.0}, {"max_pairs": 1}])
def test_numbers_that_are_none(options: dict, records: list[Record], model: FrozenModel) -> None:
    with pytest.raises(OptionError, match=r"(n_fit|penalty|max_pairs) must be"):
        fit_combination(MemoryDataset(records), model, progress=False, **options)


def test_what_does_not_fit_into_memory_says_how_much_would(
    records: list[Record], model: FrozenModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("protvis.memory.available_bytes", lambda: 100_000)
    data = MemoryDataset(records)
    with pytest.raises(AttentionMemoryError, match="max_pairs=") as caught:
        fit_combination(data, model, n_fit=4, progress=False)
    n = int(str(caught.value).partition("max_pairs=")[2].replace(",", ""))
    assert len(fit_combination(data, model, n_fit=4, max_pairs=n, progress=False).fitted_on) == 4


def test_proteins_without_contacts_are_no_ground_for_a_fit(model: FrozenModel) -> None:
    far = [
        replace(record, coordinates=np.arange(3 * record.n_residues).reshape(-1, 3) * 10.0)
        for record in proteins()
    ]
    with pytest.raises(DatasetError, match="have no contacts"):
        fit_combination(MemoryDataset(far), model, n_fit=2, progress=False)


def test_a_checkpoints_contact_head_is_such_a_combination(demo_structure: Path) -> None:
    model = load_model("mini")
    sequence = next(iter(load_structure(demo_structure).chains.values())).sequence
    regression = model.contact_head
    same = HeadCombination(regression._weights.numpy(), float(regression._bias), ())
    np.testing.assert_allclose(
        same.predict(model, sequence), model.predict_contacts(sequence), atol=2e-5
    )
    whole = compute_attention(model, sequence)
    np.testing.assert_allclose(same.predict(whole), same.predict(model, sequence), atol=1e-6)


def test_the_explorer_shows_it(demo_structure: Path, combination: HeadCombination) -> None:
    model = load_model("mini")
    structure = load_structure(demo_structure)
    chain = next(iter(structure.chains.values()))
    weights = np.zeros((5, 8))
    weights[4] = 10.0
    predicted = HeadCombination(weights, -3.0, ()).predict(model, chain)
    assert predicted.shape == (223, 223)
    explorer = pv.explore(
        structure, model, maps={"combination": predicted}, map="combination", top_k=40
    )
    try:
        assert explorer.map == "combination"
        shown = explorer.scene.map_set("combination")
        np.testing.assert_array_equal(shown.dense(0, 0), predicted)
        table = contact_precision(predicted, contact_map(chain.coordinates(), 8.0, 0))
        expected = table.set_index(["range", "top"]).loc[("all", "L"), "precision"]
        assert shown.scores["contact_precision"][0, 0] == pytest.approx(expected)
        assert expected > 0.4
    finally:
        explorer.close()
