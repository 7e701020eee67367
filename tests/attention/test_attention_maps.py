"""Named attention: labels, means, links with distances, refusals, and the bundled model's card."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from protvis import memory
from protvis.attention import AttentionMaps
from protvis.data import TRYPSIN
from protvis.errors import AttentionMemoryError, LabelError, SequenceError
from protvis.inference import compute_attention
from protvis.models import load_model
from protvis.structure import load_structure

SEQUENCE = "IVGGYTCGANTVPYQVSLNSGYHF"


class FakeChain:
    """What attention needs of a chain: a sequence, labels, distances, contacts."""

    def __init__(self, sequence: str) -> None:
        self.sequence = sequence
        self.residue_labels = [f"A:ALA{16 + i}" for i in range(len(sequence))]
        rng = np.random.default_rng(4)
        points = rng.normal(size=(len(sequence), 3)) * 8
        self._distances = np.linalg.norm(points[:, None] - points[None], axis=-1)

    def distance_map(self, atom: str = "CB") -> np.ndarray:
        return self._distances

    def contact_map(self, cutoff: float = 8.0, min_separation: int = 6) -> np.ndarray:
        i = np.arange(len(self.sequence))
        return (self._distances < cutoff) & (abs(i[:, None] - i) >= min_separation)


@pytest.fixture(scope="module")
def model() -> object:
    return load_model("mini-positions")


def test_shapes_labels_and_sums(model: object) -> None:
    maps = compute_attention(model, SEQUENCE)
    n = len(SEQUENCE)
    assert maps.values.shape == (2, 8, n, n)
    assert maps.special_mass.shape == (2, 8, n)
    assert maps.values.dtype == maps.special_mass.dtype == np.float32
    assert maps.layers == (1, 2)
    assert maps.heads == tuple(range(1, 9))
    assert maps.residue_labels[:3] == ("I1", "V2", "G3")
    np.testing.assert_allclose(maps.values.sum(-1) + maps.special_mass, 1, atol=1e-5)
    np.testing.assert_array_equal(maps.head(2, 3), maps.values[1, 2])
    np.testing.assert_allclose(maps.head(1, "mean"), maps.values[0].mean(0), atol=1e-7)
    assert maps.notice == model.notice
    assert maps.provenance["model"] == "mini-positions"
    assert "date" in maps.provenance


def test_some_layers_and_heads(model: object) -> None:
    everything = compute_attention(model, SEQUENCE)
    maps = compute_attention("mini-positions", SEQUENCE, layers=[2], heads=[5, 1])
    assert (maps.layers, maps.heads) == ((2,), (5, 1))
    np.testing.assert_array_equal(maps.head(2, 1), everything.head(2, 1))
    np.testing.assert_array_equal(maps.head(2, 5), everything.head(2, 5))
    with pytest.raises(LabelError, match="needs all 8"):
        maps.head(2, "mean")
    with pytest.raises(LabelError, match="layer 1 does not exist"):
        maps.head(1, 5)
    with pytest.raises(LabelError, match="layer 3 does not exist"):
        compute_attention(model, SEQUENCE, layers=[3])


@pytest.mark.parametrize("place", [(0, 1), (3, 1), (1, 0), (1, 9), (1, "max"), (True, 1), (1.0, 1)])
def test_labels_that_do_not_exist(place: tuple, model: object) -> None:
    with pytest.raises(LabelError, match="labels count from 1"):
        compute_attention(model, SEQUENCE).head(*place)


def test_links_of_a_plain_sequence(model: object) -> None:
    links = compute_attention(model, SEQUENCE).links(1, "mean", top_k=9)
    assert list(links.columns) == ["query", "key", "query_label", "key_label", "weight"]
    assert len(links) == 9
    assert links.weight.is_monotonic_decreasing
    assert ((links["query"] - links["key"]).abs() >= 6).all()


def test_links_of_a_chain_carry_distances(model: object) -> None:
    chain = FakeChain(SEQUENCE)
    maps = compute_attention(model, chain)
    links = maps.links(2, 4, threshold=0.02, combine="directed", min_separation=0)
    assert isinstance(links, pd.DataFrame)
    assert len(links) > 10
    for row in links.itertuples():
        assert row.query_label == chain.residue_labels[row.query]
        assert row.key_label == chain.residue_labels[row.key]
        assert row.weight == maps.head(2, 4)[row.query, row.key] >= np.float32(0.02)
        assert row.distance == chain.distance_map()[row.query, row.key]
        assert row.contact == chain.contact_map()[row.query, row.key]


def test_contacts_of_residues_without_coordinates_are_unknown(model: object) -> None:
    chain = FakeChain(SEQUENCE)
    chain._distances[7] = chain._distances[:, 7] = np.nan
    links = compute_attention(model, chain).links(2, 4, top_k=len(SEQUENCE) ** 2)
    assert links["contact"].dtype == "boolean"
    unseen = (links["query"] == 7) | (links["key"] == 7)
    assert 0 < unseen.sum() < len(links)
    assert (links["contact"].isna() == unseen).all()
    assert links["distance"].isna().equals(links["contact"].isna())


def test_a_chain_whose_letters_are_not_its_residues(model: object) -> None:
    chain = FakeChain(SEQUENCE)
    chain.sequence = SEQUENCE[:5] + " " + SEQUENCE[6:]
    with pytest.raises(SequenceError, match="24 residues and the model reads 23"):
        compute_attention(model, chain)
    with pytest.raises(SequenceError, match="sequence as text or a chain"):
        compute_attention(model, 5)
    with pytest.raises(SequenceError, match=r"got Structure: take a chain .*chains\['A'\]"):
        compute_attention(model, load_structure(TRYPSIN))


def test_what_would_not_fit_is_refused_with_numbers(
    model: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    n = len(SEQUENCE)
    needed = 4 * 2 * 8 * n * n + 4 * 2 * 8 * n
    assert memory.attention_bytes(2, 8, n) == needed
    monkeypatch.setattr(memory, "available_bytes", lambda: needed)
    monkeypatch.setattr(
        type(model), "capture", lambda *_, **__: pytest.fail("computed before refusing")
    )
    with pytest.raises(AttentionMemoryError, match=r"2 layers × 8 heads over 24 residues"):
        compute_attention(model, SEQUENCE)
    monkeypatch.setattr(memory, "available_bytes", lambda: None)
    memory.check_fits(1000, 1000, 100_000)


def test_free_memory_is_a_plausible_number() -> None:
    free = memory.available_bytes()
    assert free is None or 2**20 < free < 2**50


def test_shapes_must_fit_the_labels() -> None:
    values = np.zeros((1, 2, 3, 3), dtype=np.float32)
    AttentionMaps(values, values[..., 0], layers=[1], heads=[1, 2], sequence="MKT")
    with pytest.raises(LabelError, match="must be"):
        AttentionMaps(values, values[..., 0], layers=[1, 2], heads=[1, 2], sequence="MKT")
    with pytest.raises(LabelError, match="need 3 labels"):
        AttentionMaps(
            values,
            values[..., 0],
            layers=[1],
            heads=[1, 2],
            sequence="MKT",
            residue_labels=["a"],
        )
