"""The attention of many sequences as a stream of blocks, each freed before the next comes.

Sequences of like length share a forward pass. A forward pass pushes, a generator is pulled: the
pass runs in a thread of its own that stands still until the next block is asked for.
"""

from __future__ import annotations

import contextvars
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from protvis.models.batching import run_in_batches
from protvis.models.network import Network
from protvis.models.tokens import Tokens

__all__ = ["AttentionBlock", "stream_blocks"]


@dataclass(frozen=True)
class AttentionBlock:
    """The attention of one layer over one batch of sequences, residues only.

    Attributes
    ----------
    indices : tuple of int
        Which of the sequences given these are (0-based).
    layer : int
        Label, counting from 1.
    heads : tuple of int
        Labels, counting from 1, along the head axis.
    lengths : tuple of int
        Residues of each sequence; beyond them `values` and `special_mass` are 0.
    values : float32 array (sequence, head, query, key)
    special_mass : float32 array (sequence, head, query)
        Attention each residue spends on special tokens.
    """

    indices: tuple[int, ...]
    layer: int
    heads: tuple[int, ...]
    lengths: tuple[int, ...]
    values: NDArray[Any]
    special_mass: NDArray[Any]

    def each(self) -> Iterator[tuple[int, NDArray[Any], NDArray[Any]]]:
        """Yield (index, values (head, query, key), special mass (head, query)), cropped."""
        for row, (index, n) in enumerate(zip(self.indices, self.lengths, strict=True)):
            yield index, self.values[row, :, :n, :n], self.special_mass[row, :, :n]


def stream_blocks(
    network: Network,
    tokens: Sequence[Tokens],
    layers: list[int],
    heads: list[int],
    batch_size: int | str,
) -> Iterator[AttentionBlock]:
    """Yield the attention of each batch and layer; see `ProteinModel.stream_attention`."""

    def run(push: Callable[[AttentionBlock], None]) -> None:
        def sink(
            batch: list[int], layer: int, blocks: list[torch.Tensor], masses: list[torch.Tensor]
        ) -> None:
            lengths = tuple(len(tokens[index].residues) for index in batch)
            push(
                AttentionBlock(
                    indices=tuple(batch),
                    layer=layer + 1,
                    heads=tuple(head + 1 for head in heads),
                    lengths=lengths,
                    values=_padded(blocks, max(lengths)),
                    special_mass=_padded(masses, max(lengths)),
                )
            )

        run_in_batches(network, tokens, layers, heads, batch_size, sink)

    return _pulled(run)


def _padded(parts: list[torch.Tensor], n: int) -> NDArray[Any]:
    """Return the parts of a batch in one array, zero where a sequence is shorter."""
    if len(parts) == 1:
        return parts[0][None].cpu().numpy()
    shape = [len(parts), parts[0].shape[0], *([n] * (parts[0].ndim - 1))]
    whole = np.zeros(shape, dtype=np.float32)
    for row, part in enumerate(parts):
        inside = tuple(slice(size) for size in part.shape[1:])
        whole[row][(slice(None), *inside)] = part.cpu().numpy()
    return whole


class _NobodyWaits(BaseException):
    """Raised in the running thread when the generator was closed: unwinds the forward pass."""


def _pulled(run: Callable[[Callable[[Any], None]], None]) -> Iterator[Any]:
    """Turn a function that pushes items into a generator that is pulled, one item at a time."""
    items: queue.Queue[tuple[str, Any]] = queue.Queue(1)
    wishes: queue.Queue[bool] = queue.Queue(1)

    def push(item: Any) -> None:
        items.put(("item", item))
        del item
        if not wishes.get():
            raise _NobodyWaits

    def work() -> None:
        try:
            run(push)
        except _NobodyWaits:
            return
        except BaseException as error:  # noqa: BLE001 - raised again where the items are pulled
            items.put(("error", error))
        else:
            items.put(("end", None))

    # A daemon, so that a stream nobody finished does not keep the interpreter from leaving.
    # What holds where the stream was asked for (heads taken out) holds in its thread.
    context = contextvars.copy_context()
    thread = threading.Thread(
        target=context.run, args=(work,), name="protvis-attention", daemon=True
    )
    thread.start()
    waiting = False
    try:
        while True:
            kind, item = items.get()
            if kind == "end":
                return
            if kind == "error":
                raise item
            waiting = True
            yield item
            # The consumer has had it: nothing here may keep it while the next one is computed.
            item = None
            waiting = False
            wishes.put(True)
    finally:
        if waiting:
            wishes.put(False)
        thread.join()
