"""Many sequences, run in batches: sequences of similar length share a forward pass."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence

import torch

from protvis.checks import check_batch_size
from protvis.errors import AttentionMemoryError, SequenceError
from protvis.models.network import Network
from protvis.models.tokens import Tokens

__all__ = [
    "BatchSink",
    "batches_by_length",
    "is_out_of_memory",
    "run_in_batches",
    "tokenize_all",
]

logger = logging.getLogger(__name__)

BatchSink = Callable[[list[int], int, list[torch.Tensor], list[torch.Tensor]], None]
"""Receives the indices of the sequences, the layer position, blocks and special masses."""

# What one forward pass may hold: beyond these, more sequences at once gain nothing.
_TOKENS = {"cpu": 512, "cuda": 16384}
_BLOCK_BYTES = {"cpu": 64 * 2**20, "cuda": 512 * 2**20}
# Padding costs up to the square of this ratio, so short sequences do not join long ones.
_SHORTEST_SHARE = 0.8


def tokenize_all(network: Network, sequences: Iterable[str]) -> list[Tokens]:
    """Return the tokens of sequences; a single string is one sequence.

    Raises
    ------
    SequenceError
        If a sequence cannot be read; the message says which.
    """
    listed = [sequences] if isinstance(sequences, str) else list(sequences)
    tokens = []
    for number, sequence in enumerate(listed, 1):
        try:
            tokens.append(network.tokenize(sequence))
        except SequenceError as error:
            raise SequenceError(f"sequence {number} of {len(listed)}: {error}") from error
    return tokens


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
    OptionError
        If `batch_size` is neither a positive whole number nor ``"auto"``.
    """
    most = check_batch_size(batch_size)
    tokens = _TOKENS.get(device_type, _TOKENS["cpu"])
    block_bytes = _BLOCK_BYTES.get(device_type, _BLOCK_BYTES["cpu"])
    batches: list[list[int]] = []
    for index in sorted(range(len(lengths)), key=lambda place: -lengths[place]):
        longest = lengths[batches[-1][0]] if batches else 0
        n = len(batches[-1]) + 1 if batches else 0
        if most is None:
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
    network: Network,
    tokens: Sequence[Tokens],
    layers: list[int],
    heads: list[int],
    batch_size: int | str,
    sink: BatchSink,
    *,
    reuse: bool = False,
) -> None:
    """Run the model over all sequences, batch by batch, halving a batch that does not fit.

    `sink` receives (indices of the sequences, layer position, blocks, special masses) once for each
    sequence and layer; where it runs out of memory itself it must have kept nothing of that call.
    With `reuse` it must keep no block at all (`Network.run`).

    Raises
    ------
    AttentionMemoryError
        If a single sequence does not fit.
    """
    lengths = [len(one.ids) for one in tokens]
    todo = [
        (batch, layers)
        for batch in batches_by_length(lengths, len(heads), batch_size, network.device.type)
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
            network.run([tokens[index] for index in batch], wanted, heads, hand_on, reuse=reuse)
            continue
        except (MemoryError, RuntimeError) as error:
            if isinstance(error, AttentionMemoryError) or not is_out_of_memory(error):
                raise
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        # Outside the handler, so that the traceback no longer holds the tensors it failed on.
        if network.device.type == "cuda":
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
