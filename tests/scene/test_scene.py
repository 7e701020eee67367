"""Scenes of the bundled trypsin: opened, captured, reduced, and refused before the model runs."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from protvis.attention.score_table import menu
from protvis.errors import LabelError, OptionError, ProtvisError, StructureError, StructureWarning
from protvis.inference import compute_attention
from protvis.models import ProteinModel
from protvis.scene import DEFAULT_MODEL, Scene, capture_chain, open_scene
from protvis.scene.link_table_builder import pairs_per_entry
from protvis.scene.scene import SCENE_VERSION
from protvis.scene.wire import decode_array, decode_root
from protvis.structure import load_structure
from tests.structure.peptides import pdb, peptide


class Untouched:
    """A model of the right size that must not be run."""

    name, notice = "untouched", None
    n_layers, n_heads, max_residues = 2, 8, None

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"the model was asked for {name}")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"layer": 3}, "layer 3 does not exist: this model has layers 1 to 2"),
        ({"head": 9}, "heads 1 to 8"),
        ({"head": "best"}, "or 'mean', got 'best'"),
        ({"chain": "Z"}, "chain 'Z'; there are A"),
        ({"top_k": 0}, "top_k must be a whole number from 1 to 5000"),
        ({"threshold": -7}, "threshold must be a finite number of at least 0"),
        ({"min_separation": -2}, "from 0 to 223"),
        ({"combine": "average"}, "unknown combine"),
        ({"color_by": "charge"}, "unknown color_by"),
        ({"maps": {"mine": np.zeros((3, 3))}}, "one row and column per residue"),
    ],
)
def test_bad_arguments_are_found_before_the_model_runs(
    demo_structure: Path, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(ProtvisError) as raised:
        open_scene(demo_structure, Untouched(), **arguments)
    assert isinstance(raised.value, ValueError)
    assert message in str(raised.value)


def test_something_else_than_a_model_is_refused(demo_structure: Path) -> None:
    with pytest.raises(OptionError, match=r"expected a model: .* got int"):
        open_scene(demo_structure, 3)


def test_an_unknown_chain_is_answered_with_those_there_are(demo_structure: Path) -> None:
    with pytest.raises(LabelError, match=r"1GBT: unknown .*chain 'Z'; there are A"):
        open_scene(demo_structure, Untouched(), chain="Z")


def test_an_unknown_keyword_is_found_before_anything_is_read() -> None:
    with pytest.raises(TypeError, match="did you mean 'min_separation'"):
        open_scene("there-is-no-such-file.pdb", Untouched(), min_seperation=3)


def test_a_missing_file_is_found_before_the_model_is_loaded(tmp_path: Path) -> None:
    with pytest.raises(StructureError):
        open_scene(tmp_path / "missing.pdb", DEFAULT_MODEL)


def test_the_longest_chain_is_opened(shared_data: Path) -> None:
    from protvis.structure import load_structure

    structure = load_structure(shared_data / "structures" / "multichain/1a0q.pdb")
    lengths = {name: chain.n_residues for name, chain in structure.chains.items()}
    assert len(lengths) > 1
    scene, _ = open_scene(structure, "mini-positions")
    assert scene.n_residues == max(lengths.values())


def brute(model: ProteinModel, scene: Scene) -> np.ndarray:
    """All maps, (layer, head, query, key), the mean over heads last."""
    values = compute_attention(model, scene.chain).values
    return np.concatenate([values, values.mean(1, keepdims=True)], axis=1)


def test_a_scene_holds_the_models_attention(demo_scene: Scene) -> None:
    values = brute(demo_scene.model, demo_scene)
    attention = demo_scene.attention
    n_entries = values.shape[0] * values.shape[1]
    assert demo_scene.n_residues == values.shape[-1] == 223
    assert attention.links.n_entries == n_entries
    np.testing.assert_allclose(attention.received, values.mean(axis=2), rtol=1e-5, atol=1e-8)
    for layer, head in demo_scene.heads():
        column = -1 if head == "mean" else int(head)
        exact = values[layer, column]
        np.testing.assert_allclose(attention.head_map(layer, head), exact, rtol=1e-5, atol=1e-8)
        links = attention.links
        entry = attention.entry(layer, head)
        pairs = slice(links.offsets[entry], links.offsets[entry + 1])
        first, second = links.first[pairs], links.second[pairs]
        scale = links.scale[entry]
        np.testing.assert_allclose(links.forward[pairs] * scale, exact[first, second], atol=scale)
        np.testing.assert_allclose(links.backward[pairs] * scale, exact[second, first], atol=scale)
        assert len(first) <= pairs_per_entry(n_entries)


def test_maps_computed_again_are_those_kept(
    demo_scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = demo_scene.attention
    assert kept._kept is not None
    monkeypatch.setattr("protvis.scene.chain_attention.KEEP_BYTES", 0)
    again = capture_chain(demo_scene.model, demo_scene.chain)
    assert again._kept is None
    for layer, head in [(0, 0), (1, 7), (0, "mean"), (1, "mean")]:
        expected = kept.head_map(layer, head)
        for _ in range(2):
            np.testing.assert_allclose(again.head_map(layer, head), expected, rtol=1e-5, atol=1e-8)
    for name, values in kept.scores.items():
        np.testing.assert_allclose(again.scores[name], values, rtol=1e-5, equal_nan=True)


def test_maps_computed_again_are_remembered_but_not_forever(
    demo_scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("protvis.scene.chain_attention.KEEP_BYTES", 0)
    monkeypatch.setattr("protvis.scene.chain_attention._REMEMBERED_MAPS", 2)
    again = capture_chain(demo_scene.model, demo_scene.chain)
    runs: list[Any] = []
    capture = type(again.model).capture

    def counted(self: ProteinModel, *arguments: Any, **options: Any) -> None:
        runs.append(options)
        capture(self, *arguments, **options)

    monkeypatch.setattr(type(again.model), "capture", counted)
    for head in (0, 1, 0, 1, 2, 1, 0):
        again.head_map(0, head)
    assert [options["heads"] for options in runs] == [[1], [2], [3], [1]]


@pytest.mark.parametrize("keep_bytes", [0, 2**40])
def test_many_maps_in_one_pass(
    demo_scene: Scene, monkeypatch: pytest.MonkeyPatch, keep_bytes: int
) -> None:
    monkeypatch.setattr("protvis.scene.chain_attention.KEEP_BYTES", keep_bytes)
    attention = capture_chain(demo_scene.model, demo_scene.chain)
    wanted: list[tuple[int, int | str]] = [(1, "mean"), (1, 3), (0, 5)]
    found: dict[tuple[int, int | str], np.ndarray] = {}
    attention.each_map(wanted, lambda *place: found.update({place[:2]: place[2].copy()}))
    assert set(found) == set(wanted)
    for place, values in found.items():
        expected = demo_scene.attention.head_map(*place)
        np.testing.assert_allclose(values, expected, rtol=1e-5, atol=1e-8)
    attention.each_map([], lambda *_: pytest.fail("nothing was asked for"))


def test_the_wire_says_what_the_scene_holds(demo_scene: Scene) -> None:
    wire = demo_scene.wire()
    meta, arrays = wire["meta"], wire["arrays"] | wire["attention"]["arrays"]
    chain = demo_scene.chain
    n, n_entries = chain.n_residues, demo_scene.attention.links.n_entries
    assert meta["version"] == SCENE_VERSION
    assert meta["sequence"] == chain.sequence
    assert meta["residue_labels"][0] == "A:ILE16"
    assert meta["notice"]
    assert wire["structure"].startswith("data_")
    decoded = {name: decode_array(array) for name, array in arrays.items()}
    np.testing.assert_array_equal(decoded["coordinates"], chain.coordinates())
    np.testing.assert_array_equal(decoded["observed"], chain.observed)
    contacts = np.unpackbits(decoded["contacts"], axis=1)[:, :n].astype(bool)
    np.testing.assert_array_equal(contacts, chain.contact_map())
    assert decoded["scores"].shape == (len(menu()), 2, 9)
    scale = wire["attention"]["meta"]["received_scale"]
    received = decode_root(decoded["received"], scale)
    exact = demo_scene.attention.received.reshape(n_entries, n)
    np.testing.assert_allclose(np.sqrt(received), np.sqrt(exact), atol=0.51 * np.sqrt(scale) / 255)


def test_warnings_are_of_the_chain_asked_for_and_point_at_the_caller(tmp_path: Path) -> None:
    """Chains A and B lack a residue in their middle, H is whole; the file has no SEQRES."""
    path = tmp_path / "broken.pdb"
    whole, other, third = (
        peptide(chain=chain, shift=shift) for chain, shift in (("H", 0), ("A", 40), ("B", 80))
    )
    path.write_bytes(
        pdb(*([atom for atom in part if atom.number != 6] for part in (other, third)), whole)
    )

    def said(chain: str | None) -> list[str]:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            open_scene(path, "mini-positions", chain=chain)
        assert {Path(one.filename).name for one in caught} <= {Path(__file__).name}
        return [str(one.message).removeprefix(f"{path}: chain ")[0] for one in caught]

    assert said("H") == []
    assert said("A") == ["A"]
    assert said("A+B") == ["A", "B"]
    with pytest.warns(StructureWarning) as caught:
        load_structure(path)
    assert [Path(one.filename).name for one in caught] == [Path(__file__).name] * 2
