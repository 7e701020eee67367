"""Streams of batches against one sequence at a time; reducers against NumPy on the whole."""

from __future__ import annotations

import gc
import logging
import threading
import weakref
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from protvis.attention import select_links
from protvis.errors import (
    AttentionMemoryError,
    LabelError,
    ModelError,
    OptionError,
    SequenceError,
)
from protvis.inference import compute_attention
from protvis.models import load_model, reducers
from protvis.models.batching import batches_by_length
from tests.models.checkpoints import BUILDERS, N_HEADS, N_LAYERS

SEQUENCES = [
    "MKTAYIAKQRQISFVKSHF",
    "GS",
    "MKTAYIAKQRQISFVK",
    "W",
    "ACDEFGHIKLMNPQRSTVWYX",
    "MKTAYX",
]


@pytest.mark.parametrize("family", BUILDERS)
@pytest.mark.parametrize("batch_size", [1, 2, 4, 6, "auto"])
def test_batches_change_nothing(
    family: str, batch_size: int | str, checkpoint: Callable[[str], Path]
) -> None:
    model = load_model(checkpoint(family))
    alone = [compute_attention(model, sequence) for sequence in SEQUENCES]
    seen = []
    for block in model.stream_attention(SEQUENCES, batch_size=batch_size):
        assert block.heads == tuple(range(1, N_HEADS + 1))
        assert block.values.dtype == np.float32
        for row, (index, values, special) in enumerate(block.each()):
            seen.append((index, block.layer))
            n = len(SEQUENCES[index])
            assert block.lengths[row] == n
            np.testing.assert_allclose(values, alone[index].values[block.layer - 1], atol=1e-6)
            np.testing.assert_allclose(
                special, alone[index].special_mass[block.layer - 1], atol=1e-6
            )
            assert not block.values[row, :, n:].any()
            assert not block.values[row, :, :, n:].any()
            assert not block.special_mass[row, :, n:].any()
    assert sorted(seen) == [(i, layer) for i in range(6) for layer in range(1, N_LAYERS + 1)]
    for index in range(6):
        assert [layer for i, layer in seen if i == index] == list(range(1, N_LAYERS + 1))


def test_blocks_are_freed_before_the_next_is_computed(checkpoint: Callable[[str], Path]) -> None:
    model = load_model(checkpoint("ESM-2"))
    last: weakref.ref | None = None
    for block in model.stream_attention(SEQUENCES[:1]):
        gc.collect()
        assert last is None or last() is None
        last = weakref.ref(block)
        del block


def test_a_stream_left_early_ends_its_thread(checkpoint: Callable[[str], Path]) -> None:
    model = load_model(checkpoint("ESM-2"))
    stream = model.stream_attention(SEQUENCES)
    next(stream)
    assert any(thread.name == "protvis-attention" for thread in threading.enumerate())
    stream.close()
    assert not any(thread.name == "protvis-attention" for thread in threading.enumerate())
    assert len(list(model.stream_attention(SEQUENCES, batch_size=6))) == N_LAYERS


def test_two_streams_interleave(checkpoint: Callable[[str], Path]) -> None:
    model, other = load_model(checkpoint("ESM-2")), load_model(checkpoint("ProtBert"))
    pairs = zip(
        model.stream_attention(SEQUENCES, batch_size=1),
        other.stream_attention(SEQUENCES, batch_size=1),
        model.stream_attention(SEQUENCES[::-1], batch_size=1),
        strict=True,
    )
    expected = [compute_attention(one, SEQUENCES[4]) for one in (model, other)]
    for first, second, third in pairs:
        for found, maps in ((first, expected[0]), (second, expected[1])):
            if found.indices == (4,):
                np.testing.assert_allclose(found.values[0], maps.values[found.layer - 1], atol=1e-6)
        if third.indices == (1,):
            np.testing.assert_allclose(
                third.values[0], expected[0].values[third.layer - 1], atol=1e-6
            )


def test_errors_come_before_anything_runs(checkpoint: Callable[[str], Path]) -> None:
    model = load_model(checkpoint("ESM-2"))
    with pytest.raises(SequenceError, match=r"sequence 2 of 2: .*'7' at position 3"):
        model.stream_attention(["MKT", "MK7"])
    with pytest.raises(LabelError):
        model.stream_attention(["MKT"], layers=[9])
    with pytest.raises(ModelError, match="batch_size"):
        list(model.stream_attention(["MKT"], batch_size=0))
    assert list(model.stream_attention([])) == []


def test_a_batch_that_does_not_fit_is_halved(
    checkpoint: Callable[[str], Path],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    model = load_model(checkpoint("ESM-2"))
    expected = [compute_attention(model, sequence) for sequence in SEQUENCES]
    run, sizes = model.run, []

    def stingy(batch: list, layers: list, heads: list, sink: Callable[..., None]) -> None:
        sizes.append((len(batch), list(layers)))

        def failing(layer: int, *rest: object) -> None:
            # Too many for the second layer: the first has been handed on already.
            if len(batch) > 2 and layer == 1:
                raise torch.OutOfMemoryError("no room")
            sink(layer, *rest)

        run(batch, layers, heads, failing)

    monkeypatch.setattr(model, "run", stingy)
    seen = []
    with caplog.at_level(logging.WARNING, logger="protvis"):
        for block in model.stream_attention(SEQUENCES, batch_size=6):
            for index, values, _ in block.each():
                seen.append((index, block.layer))
                np.testing.assert_allclose(
                    values, expected[index].values[block.layer - 1], atol=1e-6
                )
    assert sorted(seen) == [(i, layer) for i in range(6) for layer in range(1, N_LAYERS + 1)]
    assert sizes[0] == (6, [0, 1, 2])
    assert sizes[1] == (3, [1, 2])
    assert "did not fit into memory" in caplog.text

    def hopeless(*_: object) -> None:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried …")

    monkeypatch.setattr(model, "_run", hopeless)
    with pytest.raises(AttentionMemoryError, match="one sequence of 21 residues"):
        list(model.stream_attention(SEQUENCES))

    def broken(*_: object) -> None:
        raise RuntimeError("size mismatch")

    monkeypatch.setattr(model, "_run", broken)
    with pytest.raises(RuntimeError, match="size mismatch"):
        list(model.stream_attention(SEQUENCES))


@given(
    lengths=st.lists(st.integers(3, 3000), max_size=40),
    batch_size=st.just("auto") | st.integers(1, 9),
)
def test_every_sequence_is_in_one_batch(lengths: list[int], batch_size: int | str) -> None:
    batches = batches_by_length(lengths, 20, batch_size, "cpu")
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    for batch in batches:
        longest = max(lengths[index] for index in batch)
        if batch_size == "auto":
            # Padding at most doubles the work, and memory stays within its bound.
            assert min(lengths[index] for index in batch) >= 0.8 * longest
            assert len(batch) == 1 or 4 * 20 * len(batch) * longest**2 <= 64 * 2**20
        else:
            assert len(batch) <= batch_size


@pytest.mark.parametrize("combine", ["max", "mean", "directed"])
def test_reducers_say_what_the_whole_says(combine: str, checkpoint: Callable[[str], Path]) -> None:
    model = load_model(checkpoint("ProtBert"))
    n = len(SEQUENCES[0])
    mask = np.random.default_rng(0).random((n, n)) < 0.3
    found = model.reduce_attention(
        [SEQUENCES[0]],
        {
            "rows": reducers.row_sums,
            "columns": reducers.column_sums,
            "maximum": reducers.maximum,
            "special": reducers.special_share,
            "separation": reducers.mean_separation,
            "entropy": reducers.entropy,
            "masks": reducers.mask_sums({"some": mask, "all": np.ones_like(mask)}),
            "links": reducers.top_links(9, combine=combine),
        },
    )[0]
    maps = compute_attention(model, SEQUENCES[0])
    values = maps.values.astype(float)
    gap = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    shares = values / values.sum(-1, keepdims=True)
    expected = {
        "rows": values.sum(-1),
        "columns": values.sum(-2),
        "maximum": values.max((-2, -1)),
        "special": maps.special_mass.mean(-1),
        "separation": (values * gap).sum((-2, -1)) / values.sum((-2, -1)),
        "entropy": -(shares * np.log2(shares)).sum(-1).mean(-1),
        "masks": np.stack([values[..., mask].sum(-1), values.sum((-2, -1))], -1),
    }
    for name, value in expected.items():
        assert found[name].shape == value.shape
        np.testing.assert_allclose(found[name], value, rtol=2e-5, atol=1e-6)
    assert found["links"].shape == (N_LAYERS, N_HEADS, 9, 3)
    for layer in range(N_LAYERS):
        for head in range(N_HEADS):
            links = select_links(maps.values[layer, head], top_k=9, combine=combine)
            np.testing.assert_array_equal(found["links"][layer, head].T, np.stack(links))


WEIGHTS = st.sampled_from([0.0, 0.1, 0.25, 0.3, 0.5, 1.0])


@given(
    attention=st.integers(1, 12).flatmap(
        lambda n: hnp.arrays(np.float32, (2, n, n), elements=WEIGHTS.map(np.float32))
    ),
    top_k=st.integers(0, 60),
    separation=st.integers(0, 7),
    combine=st.sampled_from(["max", "mean", "directed"]),
)
def test_top_links_of_small_maps_and_ties(
    attention: np.ndarray, top_k: int, separation: int, combine: str
) -> None:
    reduce = reducers.top_links(top_k, min_separation=separation, combine=combine)
    found = reduce(torch.from_numpy(attention), torch.zeros(attention.shape[:2]))
    for head, rows in zip(attention, found, strict=True):
        links = select_links(head, top_k=top_k, min_separation=separation, combine=combine)
        np.testing.assert_array_equal(rows.T, np.stack(links))


@pytest.mark.parametrize("combine", ["max", "mean", "directed"])
@pytest.mark.parametrize("kind", ["random", "near", "flat", "symmetric", "few"])
def test_top_links_of_large_maps_leave_nothing_to_chance(combine: str, kind: str) -> None:
    # The cut is guessed from a sample; maps on which the guess is far off must come out the same.
    rng = np.random.default_rng(0)
    n = 300
    attention = rng.gamma(0.1, size=(1, n, n)).astype(np.float32)
    if kind == "near":
        gap = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
        attention[0][gap < 9] += 100
    elif kind == "flat":
        attention[:] = np.float32(1 / n)
    elif kind == "symmetric":
        attention = attention + attention.transpose(0, 2, 1)
    elif kind == "few":
        attention[:] = 0
        attention[0, 3, 200] = attention[0, 250, 4] = 0.5
    for top_k in (1, 300, 3000, 10**6):
        found = reducers.top_links(top_k, combine=combine)(torch.from_numpy(attention), None)
        links = select_links(attention[0], top_k=top_k, combine=combine)
        np.testing.assert_array_equal(found[0].T, np.stack(links))


@pytest.mark.parametrize(
    ("top_k", "options"), [(-1, {}), (2.5, {}), (True, {}), (5, {"combine": "sum"})]
)
def test_links_that_cannot_be_asked_for(top_k: object, options: dict) -> None:
    with pytest.raises(OptionError, match="must be"):
        reducers.top_links(top_k, **options)


def test_reduced_results_come_in_the_order_given(checkpoint: Callable[[str], Path]) -> None:
    model = load_model(checkpoint("ESM-2"))
    found = model.reduce_attention(SEQUENCES, {"rows": reducers.row_sums}, layers=[2], heads=[3])
    for sequence, one in zip(SEQUENCES, found, strict=True):
        assert one["rows"].shape == (1, 1, len(sequence))
        maps = compute_attention(model, sequence, layers=[2], heads=[3])
        np.testing.assert_allclose(one["rows"], maps.values.sum(-1), atol=1e-6)
    with pytest.raises(ModelError, match="mask 'x' has shape"):
        model.reduce_attention("MKT", {"m": reducers.mask_sums({"x": np.ones((2, 2))})})
