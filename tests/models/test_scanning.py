"""Scans of attention against their definition, as the CPU takes them and as a GPU would."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from protvis.models import layer_scan as scanning
from protvis.models.layer_scan import LayerScan, masks_on, scan_layer

CPU = torch.device("cpu")
N_HEADS, N = 3, 17


@pytest.fixture(params=["cpu", "gpu"])
def where(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Take the way of a GPU on this machine too, which may have none."""
    if request.param == "gpu":
        monkeypatch.setattr(scanning, "_on_cpu", lambda block: False)
    return request.param


def draw_block(seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    weights = np.exp(rng.normal(scale=2.0, size=(N_HEADS, N, N)))
    return (weights / weights.sum(-1, keepdims=True)).astype(np.float32)


def draw_masks() -> list[np.ndarray]:
    rng = np.random.default_rng(1)
    lopsided = np.triu(np.ones((N, N), dtype=bool), 3)
    return [np.zeros((N, N), bool), np.ones((N, N), bool), rng.random((N, N)) < 0.1, lopsided]


def scan(block: np.ndarray, floor: float, masks: list[np.ndarray]) -> LayerScan:
    return scan_layer(torch.from_numpy(block), 5, 2, floor, masks_on(masks, N, CPU))


@pytest.mark.parametrize("floor", [0.05, 0.3])
def test_a_scan_holds_every_large_weight_in_order(where: str, floor: float) -> None:
    block = draw_block()
    found = scan(block, floor, [])
    places = [
        (head, i, j)
        for head in range(N_HEADS)
        for i in range(N)
        for j in range(N)
        if block[head, i, j] >= np.float32(floor)
    ]
    assert len(places) > 10
    assert list(zip(found.head, found.query, found.key, strict=True)) == places
    assert found.weight.tolist() == [block[place] for place in places]
    assert (found.index, found.layer, found.floor) == (5, 2, floor)
    assert {found.head.dtype, found.query.dtype, found.key.dtype} == {np.dtype(np.int32)}
    assert found.weight.dtype == np.float32


@pytest.mark.parametrize("threshold", [0.1, 0.3, 0.7])
def test_a_weight_that_is_the_threshold_in_single_precision_counts(
    where: str, threshold: float
) -> None:
    single = np.float32(threshold)
    block = np.zeros((N_HEADS, N, N), dtype=np.float32)
    block[1, 2, 3] = single
    block[1, 2, 4] = np.nextafter(single, np.float32(0))
    block[2, 0, 0] = np.nextafter(single, np.float32(1))
    found = scan(block, threshold, [])
    assert list(zip(found.head, found.query, found.key, strict=True)) == [(1, 2, 3), (2, 0, 0)]


def test_sums_are_those_of_the_literal_loop(where: str) -> None:
    block, masks = draw_block(), draw_masks()
    found = scan(block, 0.3, masks)
    assert found.received.dtype == found.pair_sums.dtype == found.pair_squares.dtype == np.float64
    for head in range(N_HEADS):
        for j in range(N):
            received = sum(float(block[head, i, j]) for i in range(N))
            assert found.received[head, j] == pytest.approx(received, rel=1e-6)
        for column, mask in enumerate(masks):
            inside = [float(block[head, i, j]) for i in range(N) for j in range(N) if mask[i, j]]
            assert found.pair_sums[head, column] == pytest.approx(sum(inside), rel=1e-6)
            squares = sum(weight * weight for weight in inside)
            assert found.pair_squares[head, column] == pytest.approx(squares, rel=1e-6)
    assert not found.pair_sums[:, 0].any()


def test_without_masks_there_are_no_sums(where: str) -> None:
    found = scan(draw_block(), 0.3, [])
    assert found.pair_sums.shape == found.pair_squares.shape == (N_HEADS, 0)


def test_without_links_there_are_sums_all_the_same(where: str) -> None:
    flat = np.full((N_HEADS, N, N), 1 / N, dtype=np.float32)
    found = scan(flat, 0.3, draw_masks())
    assert len(found.head) == len(found.query) == len(found.key) == len(found.weight) == 0
    assert found.received == pytest.approx(np.ones((N_HEADS, N)), rel=1e-6)
    assert found.pair_sums[:, 1] == pytest.approx([N] * N_HEADS, rel=1e-6)


def test_the_scan_leaves_the_block_as_it_was(where: str) -> None:
    block = torch.from_numpy(draw_block())
    before = block.clone()
    scan_layer(block, 0, 1, 0.05, masks_on(draw_masks(), N, CPU))
    assert torch.equal(block, before)


def test_both_ways_find_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    block, masks = draw_block(3), draw_masks()
    first = scan(block, 0.05, masks)
    monkeypatch.setattr(scanning, "_on_cpu", lambda block: False)
    second = scan(block, 0.05, masks)
    for name in ("head", "query", "key", "weight", "received", "pair_sums", "pair_squares"):
        assert np.array_equal(getattr(first, name), getattr(second, name)), name


def test_masks_are_ones_and_zeros_on_the_device() -> None:
    masks = draw_masks()
    found = masks_on(masks, N, CPU)
    assert found.dtype == torch.float32
    assert np.array_equal(found.numpy(), np.stack(masks).astype(np.float32))
    assert masks_on([], N, CPU).shape == (0, N, N)
