"""The attention of many sequences as a stream of blocks, each freed before the next comes.

Sequences of like length share a forward pass. A forward pass pushes, a generator is pulled: the
pass runs in a thread of its own that stands still until the next block is asked for.
"""

from __future__ import annotations

import contextvars
import logging
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from protvis.errors import AttentionMemoryError, ModelError
from protvis.models.tokens import Tokens

if TYPE_CHECKING:
    from protvis.models.model import ProteinModel

__all__ = [
    "AttentionBlock",
    "batches_by_length",
    "is_out_of_memory",
    "run_in_batches",
    "stream_blocks",
]

logger = logging.getLogger(__name__)

# What one forward pass may hold: beyond these, more sequences at once gain nothing.
_TOKENS = {"cpu": 512, "cuda": 16384}
_BLOCK_BYTES = {"cpu": 64 * 2**20, "cuda": 512 * 2**20}
# Padding costs up to the square of this ratio, so short sequences do not join long ones.
_SHORTEST_SHARE = 0.8


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
    values: np.ndarray
    special_mass: np.ndarray

    def each(self) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
        """Yield (index, values (head, query, key), special mass (head, query)), cropped."""
        for row, (index, n) in enumerate(zip(self.indices, self.lengths, strict=True)):
            yield index, self.values[row, :, :n, :n], self.special_mass[row, :, :n]


def batches_by_length(
    lengths: Sequence[int], n_heads: int, batch_size: int | str, device_type: str
) -> list[list[int]]:
    """Return batches of sequence indices, sequences of like length together, longest first.

    Parameters
    ----------
    lengths : sequence of int
        Tokens of each sequence.
    n_heads : int
        Heads wanted.
    batch_size : int or "auto"
        The most sequences in a batch; ``"auto"`` lets tokens and memory decide.
    device_type : str
        ``"cpu"``, ``"cuda"``, …

    Raises
    ------
    ModelError
        If `batch_size` is neither a positive whole number nor ``"auto"``.
    """
    most = batch_size if isinstance(batch_size, int) and not isinstance(batch_size, bool) else 0
    if batch_size != "auto" and most < 1:
        raise ModelError(
            f"batch_size must be 'auto' or a positive whole number, got {batch_size!r}"
        )
    tokens = _TOKENS.get(device_type, _TOKENS["cpu"])
    block_bytes = _BLOCK_BYTES.get(device_type, _BLOCK_BYTES["cpu"])
    batches: list[list[int]] = []
    for index in sorted(range(len(lengths)), key=lambda place: -lengths[place]):
        longest = lengths[batches[-1][0]] if batches else 0
        n = len(batches[-1]) + 1 if batches else 0
        if batch_size == "auto":
            fits = n * longest <= tokens and 4 * n * n_heads * longest**2 <= block_bytes
            joins = fits and lengths[index] >= _SHORTEST_SHARE * longest
        else:
            joins = n <= most
        if batches and joins:
            batches[-1].append(index)
        else:
            batches.append([index])
    return batches


def run_in_batches(
    model: ProteinModel,
    tokens: Sequence[Tokens],
    layers: list[int],
    heads: list[int],
    batch_size: int | str,
    sink: Callable[[list[int], int, list[torch.Tensor], list[torch.Tensor]], None],
) -> None:
    """Run the model over all sequences, batch by batch, halving a batch that does not fit.

    `sink` receives (indices of the sequences, layer position, blocks, special masses) once for each
    sequence and layer; where it runs out of memory itself it must have kept nothing of that call.

    Raises
    ------
    AttentionMemoryError
        If a single sequence does not fit.
    """
    lengths = [len(one.ids) for one in tokens]
    todo = [
        (batch, layers)
        for batch in batches_by_length(lengths, len(heads), batch_size, model.device.type)
    ]
    todo.reverse()
    while todo:
        batch, wanted = todo.pop()
        done: list[int] = []

        def hand_on(
            layer: int,
            blocks: list[torch.Tensor],
            masses: list[torch.Tensor],
            batch: list[int] = batch,
            done: list[int] = done,
        ) -> None:
            sink(batch, layer, blocks, masses)
            done.append(layer)

        try:
            model._run([tokens[index] for index in batch], wanted, heads, hand_on)
            continue
        except (MemoryError, RuntimeError) as error:
            if isinstance(error, AttentionMemoryError) or not is_out_of_memory(error):
                raise
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        # Outside the handler, so that the traceback no longer holds the tensors it failed on.
        if model.device.type == "cuda":
            torch.cuda.empty_cache()
        longest = max(len(tokens[index].residues) for index in batch)
        if len(batch) == 1:
            raise AttentionMemoryError(
                f"the model does not fit into memory with one sequence of {longest} residues "
                f"({reason}): ask for fewer heads, use half precision or a shorter sequence"
            )
        middle = len(batch) // 2
        logger.warning(
            "%d sequences of up to %d residues did not fit into memory at once (%s); "
            "going on with %d",
            len(batch),
            longest,
            reason,
            middle,
        )
        left = [layer for layer in wanted if layer not in done]
        todo += [(batch[middle:], left), (batch[:middle], left)]


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error says that memory ran out."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    message = str(error).lower()
    return "can't allocate memory" in message or "not enough memory" in message


def stream_blocks(
    model: ProteinModel,
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

        run_in_batches(model, tokens, layers, heads, batch_size, sink)

    return _pulled(run)


def _padded(parts: list[torch.Tensor], n: int) -> np.ndarray:
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
