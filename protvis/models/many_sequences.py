"""The attention of many sequences: streamed, reduced or scanned, layer by layer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from protvis.errors import ModelError, SequenceError
from protvis.models.layer_scan import LayerScan, masks_on, scan_layer
from protvis.models.reducers import Reducer
from protvis.models.streaming import AttentionBlock, run_in_batches, stream_blocks
from protvis.models.tokens import Tokens

if TYPE_CHECKING:
    from protvis.models.model import ProteinModel

__all__ = ["ManySequences"]


class ManySequences:
    """What a `ProteinModel` does with more than one sequence.

    Only ever part of that class, which mypy cannot know.
    """

    def stream_attention(  # type: ignore[misc]
        self: ProteinModel,
        sequences: Iterable[str],
        *,
        layers: Sequence[int] | None = None,
        heads: Sequence[int] | None = None,
        batch_size: int | str = "auto",
    ) -> Iterator[AttentionBlock]:
        """Yield the attention of many sequences, one batch and layer at a time.

        Parameters
        ----------
        sequences : iterable of str
            Read and checked at once; a single string is one sequence.
        layers, heads : sequence of int, optional
            Labels, counting from 1; all when None.
        batch_size : int or "auto"
            The most sequences in one forward pass. Sequences of like length run together, longest
            first; `AttentionBlock.indices` says which they are. The values do not depend on it.

        Yields
        ------
        AttentionBlock
            Layers ascending within a batch; every sequence and layer comes once. A batch that does
            not fit into memory is halved, and the log says so.

        Raises
        ------
        SequenceError
            Before anything is computed, if a sequence cannot be read; the message says which.
        AttentionMemoryError
            If one sequence alone does not fit.
        """
        tokens = self._tokenize_all(sequences)
        layer_positions, head_positions = self.positions(layers, heads)
        return stream_blocks(self, tokens, layer_positions, head_positions, batch_size)

    def reduce_attention(  # type: ignore[misc]
        self: ProteinModel,
        sequences: Iterable[str],
        reducers: Mapping[str, Reducer],
        *,
        layers: Sequence[int] | None = None,
        heads: Sequence[int] | None = None,
        batch_size: int | str = "auto",
    ) -> list[dict[str, np.ndarray]]:
        """Reduce the attention of many sequences where the model runs, layer by layer.

        Parameters
        ----------
        sequences : iterable of str
        reducers : mapping of str to callable
            See `protvis.models.reducers`: each takes one sequence's (head, query, key) and
            (head, query) tensors and returns something with the head axis first.
        layers, heads, batch_size
            As for `stream_attention`.

        Returns
        -------
        list of dict of str to array (layer, head, …)
            One for each sequence, in the order given.
        """
        tokens = self._tokenize_all(sequences)
        layer_positions, head_positions = self.positions(layers, heads)
        found: list[dict[str, list[np.ndarray]]] = [{name: [] for name in reducers} for _ in tokens]

        def sink(
            batch: list[int], layer: int, blocks: list[torch.Tensor], masses: list[torch.Tensor]
        ) -> None:
            results = [
                {name: _to_numpy(reducer(block, mass)) for name, reducer in reducers.items()}
                for block, mass in zip(blocks, masses, strict=True)
            ]
            # All are there, so a batch that ran out of memory above has left nothing behind.
            for index, result in zip(batch, results, strict=True):
                for name, value in result.items():
                    found[index][name].append(value)

        run_in_batches(self, tokens, layer_positions, head_positions, batch_size, sink)
        return [{name: np.stack(parts) for name, parts in one.items()} for one in found]

    def _tokenize_all(  # type: ignore[misc]
        self: ProteinModel,
        sequences: Iterable[str],
    ) -> list[Tokens]:
        listed = [sequences] if isinstance(sequences, str) else list(sequences)
        tokens = []
        for number, sequence in enumerate(listed, 1):
            try:
                tokens.append(self.tokenize(sequence))
            except SequenceError as error:
                raise SequenceError(f"sequence {number} of {len(listed)}: {error}") from error
        return tokens

    def scan_attention(  # type: ignore[misc]
        self: ProteinModel,
        sequences: Iterable[str],
        receive: Callable[[LayerScan], None],
        *,
        floor: float,
        masks: Sequence[Sequence[np.ndarray]] | None = None,
        batch_size: int | str = "auto",
    ) -> None:
        """Hand on the large weights and some sums of every layer, for counting.

        Parameters
        ----------
        sequences : iterable of str
        receive : callable
            Called once for each sequence and layer.
        floor : float
            Weights of at least this are handed on one by one.
        masks : sequence of sequences of bool array (query, key), optional
            For each sequence, the sets of ordered pairs to sum attention over.
        batch_size
            As for `stream_attention`.

        Raises
        ------
        SequenceError
            Before anything is computed, if a sequence cannot be read; the message says which.
        ModelError
            If masks are not of their sequence's length.
        AttentionMemoryError
            If one sequence alone does not fit.
        """
        tokens = self._tokenize_all(sequences)
        lengths = [len(one.residues) for one in tokens]
        of_sequence = [()] * len(tokens) if masks is None else list(masks)
        if len(of_sequence) != len(tokens):
            raise ModelError(f"{len(of_sequence)} sets of masks for {len(tokens)} sequences")
        for index, (n, some) in enumerate(zip(lengths, of_sequence, strict=True)):
            for mask in some:
                if mask.shape != (n, n):
                    raise ModelError(
                        f"sequence {index + 1} has {n} residues, a mask of it shape {mask.shape}"
                    )
        layers, heads = self.positions(None, None)
        on_device: dict[int, torch.Tensor] = {}

        def sink(
            batch: list[int], layer: int, blocks: list[torch.Tensor], masses: list[torch.Tensor]
        ) -> None:
            for gone in set(on_device) - set(batch):
                del on_device[gone]
            scans = []
            for index, block in zip(batch, blocks, strict=True):
                if index not in on_device:
                    on_device[index] = masks_on(of_sequence[index], lengths[index], block.device)
                scans.append(scan_layer(block, index, layer + 1, floor, on_device[index]))
            # All are there, so a batch that ran out of memory above has left nothing behind.
            for scan in scans:
                receive(scan)

        run_in_batches(self, tokens, layers, heads, batch_size, sink)


def _to_numpy(result: Any) -> np.ndarray:
    return result.cpu().numpy() if isinstance(result, torch.Tensor) else np.asarray(result)
