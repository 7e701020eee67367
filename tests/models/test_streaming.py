"""Streams of batches against one sequence at a time."""

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

from protvis.errors import (
    AttentionMemoryError,
    LabelError,
    OptionError,
    SequenceError,
)
from protvis.inference import compute_attention
from protvis.models import load_model
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


@pytest.mark.slow
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


@pytest.mark.slow
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
    with pytest.raises(OptionError, match="batch_size"):
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

    def stingy(
        batch: list, layers: list, heads: list, sink: Callable[..., None], **options: bool
    ) -> None:
        sizes.append((len(batch), list(layers)))

        def failing(layer: int, *rest: object) -> None:
            # Too many for the second layer: the first has been handed on already.
            if len(batch) > 2 and layer == 1:
                raise torch.OutOfMemoryError("no room")
            sink(layer, *rest)

        run(batch, layers, heads, failing, **options)

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

    def hopeless(*_: object, **__: object) -> None:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried …")

    monkeypatch.setattr(model, "run", hopeless)
    with pytest.raises(AttentionMemoryError, match="one sequence of 21 residues"):
        list(model.stream_attention(SEQUENCES))

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("size mismatch")

    monkeypatch.setattr(model, "run", broken)
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
