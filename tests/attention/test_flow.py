"""Flow and paths against networkx, against all paths of small networks, and in closed cases."""

from __future__ import annotations

import itertools

import networkx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import protvis
from protvis.attention import AttentionMaps, attention_flow, rollout
from protvis.errors import AttentionMemoryError, LabelError
from protvis.inference import compute_attention


def random_maps(seed: int, n: int = 4, layers: int = 3, heads: int = 2) -> AttentionMaps:
    rng = np.random.default_rng(seed)
    values = rng.dirichlet(np.full(n + 1, 0.3), (layers, heads, n)).astype(np.float32)
    return AttentionMaps(
        values[..., :n],
        values[..., n],
        layers=range(1, layers + 1),
        heads=range(1, heads + 1),
        sequence="ACDEFGHIKL"[:n],
    )


def steps_of(maps: AttentionMaps) -> list[np.ndarray]:
    found = []
    for layer in range(len(maps.layers)):
        step = maps.values[layer].astype(float).mean(0) + np.eye(maps.n_residues)
        found.append(step / step.sum(1, keepdims=True))
    return found


def by_networkx(maps: AttentionMaps, i: int, j: int) -> float:
    graph = networkx.DiGraph()
    steps = steps_of(maps)
    for level, step in enumerate(steps, 1):
        for a, b in np.ndindex(step.shape):
            graph.add_edge((level, a), (level - 1, b), capacity=step[a, b])
    return networkx.maximum_flow_value(graph, (len(steps), i), (0, j))


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000), n=st.integers(2, 5), layers=st.integers(1, 4))
def test_flow_is_that_of_networkx(seed: int, n: int, layers: int) -> None:
    maps = random_maps(seed, n, layers)
    i, j = np.random.default_rng(seed).integers(0, n, 2)
    found = attention_flow(maps, maps.residue_labels[i], maps.residue_labels[j])
    assert found.value == pytest.approx(by_networkx(maps, int(i), int(j)), abs=1e-7)
    assert found.rollout == pytest.approx(rollout(maps)[-1, i, j], abs=1e-6)
    # The product of a path is at most its narrowest step, so neither share exceeds the flow.
    assert found.path_share <= found.value + 1e-7
    assert found.path_share <= found.rollout + 1e-9


@given(seed=st.integers(0, 10_000))
def test_flow_is_the_narrowest_cut(seed: int) -> None:
    # With two layers the cut is chosen in between: each residue there lets the narrower side pass.
    maps = random_maps(seed, 4, 2)
    first, second = steps_of(maps)
    found = attention_flow(maps, "A1", "D3")
    assert found.value == pytest.approx(np.minimum(second[0], first[:, 2]).sum(), abs=1e-7)


@given(seed=st.integers(0, 10_000))
def test_the_strongest_path_is_the_best_of_all(seed: int) -> None:
    maps = random_maps(seed)
    steps = steps_of(maps)
    found = attention_flow(maps, "C2", "E4")
    products = {
        (1, a, b, 3): steps[2][1, a] * steps[1][a, b] * steps[0][b, 3]
        for a, b in itertools.product(range(4), repeat=2)
    }
    assert found.rollout == pytest.approx(sum(products.values()))
    best = max(products, key=lambda path: products[path])
    path = found.path()
    assert (*path["query"], path["key"].iloc[-1]) == best
    assert found.path_share == pytest.approx(products[best])
    assert path["weight"].prod() == pytest.approx(products[best])
    assert list(path["layer"]) == [3, 2, 1]
    for row in path.itertuples():
        attention = maps.values[row.layer - 1, :, row.query, row.key]
        assert row.head == np.argmax(attention) + 1
        assert row.attention == attention.max()


def test_what_flows_is_kept_at_every_residue() -> None:
    maps = random_maps(3, 6, 3)
    found = attention_flow(maps, "A1", "G6")
    links = found.links()
    steps = steps_of(maps)
    for row in links.itertuples():
        assert 0 < row.flow <= steps[row.layer - 1][row.query, row.key] + 2e-9
    assert links[links["layer"] == 3]["query_label"].unique() == ["A1"]
    assert links[links["layer"] == 1]["key_label"].unique() == ["G6"]
    for layer in (3, 2):
        into = links[links["layer"] == layer].groupby("key")["flow"].sum()
        out = links[links["layer"] == layer - 1].groupby("query")["flow"].sum()
        assert into.to_dict() == pytest.approx(out.to_dict())
        assert into.sum() == pytest.approx(found.value)
    assert repr(found) == f"<AttentionFlow A1 → G6: {found.value:.3g}>"


@pytest.mark.slow
@given(seed=st.integers(0, 1000))
def test_flow_and_path_as_maps(seed: int) -> None:
    maps = random_maps(seed, 6, 4)
    found = attention_flow(maps, "A1", "G6")
    expected = np.zeros((6, 6))
    for row in found.links().itertuples():
        if row.query != row.key:
            expected[row.query, row.key] += row.flow
    np.testing.assert_allclose(found.matrix(), expected, atol=1e-7)
    # All that reaches the input residue comes from somewhere else.
    assert found.matrix()[:, 5].sum() - found.matrix()[5].sum() == pytest.approx(found.value)
    steps = {(row.query, row.key): row.weight for row in found.path().itertuples()}
    path = found.path_matrix()
    assert set(zip(*np.nonzero(path), strict=True)) == {(a, b) for a, b in steps if a != b}
    for a, b in zip(*np.nonzero(path), strict=True):
        weights = [
            row.weight for row in found.path().itertuples() if (row.query, row.key) == (a, b)
        ]
        assert path[a, b] == pytest.approx(max(weights))


def test_a_network_that_does_not_fit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    maps = random_maps(0)
    monkeypatch.setattr("protvis.memory.available_bytes", lambda: 3000)
    with pytest.raises(AttentionMemoryError, match="3 layers and 4 residues would take"):
        attention_flow(maps, "A1", "C2")


def test_a_chain_and_what_is_missing() -> None:
    maps = compute_attention("mini-positions", "IVGGYTCGANTVPYQ")
    assert protvis.attention_flow(maps, "I1", "I1").value > 0.4
    with pytest.raises(LabelError, match="unknown residue"):
        attention_flow(maps, "I1", "K3")
    some = compute_attention("mini-positions", "IVGGYTCGANTVPYQ", layers=[2])
    with pytest.raises(LabelError, match="every layer from the first"):
        attention_flow(some, "I1", "V2")
