"""One pass of a chain through a model, reduced on the way to what an explorer shows.

The full (layer, head, query, key) tensor is kept only where it is small. Otherwise each layer is
reduced to links, scores and sums as it appears, and a dense map is computed again when looked at.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from protvis.attention.scores import score_head_block
from protvis.labels import MEAN
from protvis.scene.link_table import LinkTable, LinkTableBuilder, pairs_per_entry

if TYPE_CHECKING:
    from protvis.models import ProteinModel
    from protvis.structure import Chain

__all__ = ["ChainAttention", "MapReducer", "capture_chain", "chain_sequences", "run_model"]

KEEP_BYTES = 256 * 2**20
"""Full tensors up to this size stay in memory."""

_REMEMBERED_MAPS = 24


@dataclass
class ChainAttention:
    """What an explorer knows of a model's attention within one chain.

    Attributes
    ----------
    model, chain
        What was looked at, and with what.
    sequences : tuple of str
        What the model read, one for each chain.
    links : LinkTable
        The strongest links of every head and layer mean.
    scores : dict of str to float32 (n_layers, n_heads + 1)
        Scores of every head; the last column holds the layer's mean over heads.
    received : float32 (n_layers, n_heads + 1, n_residues)
        Mean attention each residue receives from all residues.
    """

    model: ProteinModel
    chain: Chain
    sequences: tuple[str, ...]
    links: LinkTable
    scores: dict[str, NDArray[np.float32]]
    received: NDArray[np.float32]
    _kept: NDArray[np.float32] | None = None
    _recent: OrderedDict[tuple[int, int | str], NDArray[np.float32]] = field(
        default_factory=OrderedDict
    )

    def entry(self, layer: int, head: int | str) -> int:
        """Return the entry of `links` for the positions of a layer and a head (or ``"mean"``)."""
        n_heads = self.model.n_heads
        return layer * (n_heads + 1) + (n_heads if head == MEAN else int(head))

    def head_map(self, layer: int, head: int | str) -> NDArray[np.float32]:
        """Return one dense map, float32 (query, key), by positions; computed again if not kept."""
        if self._kept is not None:
            block = self._kept[layer]
            return block.mean(0) if head == MEAN else block[int(head)]
        key = (layer, head)
        if key not in self._recent:
            heads = None if head == MEAN else [int(head) + 1]
            maps: list[NDArray[np.float32]] = []

            def keep(_: int, block: NDArray[np.float32], __: NDArray[np.float32]) -> None:
                maps.append(block.mean(0))

            run_model(self.model, self.sequences, keep, layers=[layer + 1], heads=heads)
            self._recent[key] = maps[0]
            while len(self._recent) > _REMEMBERED_MAPS:
                self._recent.popitem(last=False)
        self._recent.move_to_end(key)
        return self._recent[key]

    def each_map(
        self,
        wanted: Collection[tuple[int, int | str]],
        receive: Callable[[int, int | str, NDArray[np.float32]], None],
    ) -> None:
        """Hand on the dense maps of many heads, by positions, in one pass, layer by layer."""
        by_layer: dict[int, list[int | str]] = {}
        for layer, head in wanted:
            by_layer.setdefault(layer, []).append(head)

        def hand_on(layer: int, block: NDArray[np.float32], _: object = None) -> None:
            for head in by_layer.get(layer, ()):
                receive(layer, head, block.mean(0) if head == MEAN else block[int(head)])

        if self._kept is not None:
            for layer in sorted(by_layer):
                hand_on(layer, self._kept[layer])
        elif by_layer:
            labels = [layer + 1 for layer in sorted(by_layer)]
            run_model(self.model, self.sequences, hand_on, layers=labels)


def _mean_received(block: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean over known queries, (map, key); 0 where only rounding is left of it.

    NaN where no query is known.

    The average product correction makes every residue's mean 0; what is found instead, some 1e-9,
    would look like a pattern where the largest of them fills the scale.
    """
    known = ~np.isnan(block)
    if known.all():
        received = block.mean(1)
        largest = np.maximum(block.max(1), -block.min(1))
    else:
        values, counts = np.where(known, block, 0), known.sum(1)
        received = np.where(counts, values.sum(1) / np.maximum(counts, 1), np.nan)
        largest = np.abs(values).max(1)
    kept = ~(np.abs(received) <= np.finfo(np.float32).eps * largest)
    return np.where(kept, received, 0.0).astype(block.dtype)


class MapReducer:
    """Turns maps into what an explorer needs of them: links, scores and attention received.

    Parameters
    ----------
    chain : Chain
        Whose contacts the maps are scored against.
    n_maps : int
        How many maps will come; they share the room for links.
    difference : bool
        Whether values are gains and losses.
    """

    def __init__(self, chain: Chain, n_maps: int, *, difference: bool = False) -> None:
        self._builder = LinkTableBuilder(
            chain.n_residues,
            pairs_per_entry(n_maps),
            chain.chain_of if len(chain.segments) > 1 else None,
            difference=difference,
        )
        self._contacts, self._observed = chain.contact_map(), chain.observed
        self._scores: list[dict[str, NDArray]] = []
        self._received: list[NDArray] = []

    def add(self, block: NDArray[np.float32], special: NDArray[np.float32]) -> None:
        """Add maps, float (map, query, key), and their `special` mass, (map, query).

        NaN is unknown: no link, and nothing in the scores.
        """
        for values in block:
            self._builder.add(values)
        known = np.nan_to_num(block, nan=0.0) if np.isnan(block).any() else block
        self._scores.append(score_head_block(known, special, self._contacts, self._observed))
        self._received.append(_mean_received(block))

    def finish(
        self, rows: int, columns: int
    ) -> tuple[LinkTable, dict[str, NDArray[np.float32]], NDArray[np.float32]]:
        """Return links, scores (row, column) and attention received (row, column, residue)."""
        scores = {
            name: np.concatenate([part[name] for part in self._scores])
            .reshape(rows, columns)
            .astype(np.float32)
            for name in self._scores[0]
        }
        received = np.concatenate(self._received).astype(np.float32)
        return self._builder.finish(), scores, received.reshape(rows, columns, -1)


def chain_sequences(chain: Chain) -> tuple[str, ...]:
    """Return the sequences of a chain, or of the chains joined in one."""
    return tuple(chain.sequence[start:stop] for _, start, stop in chain.segments)


def run_model(
    model: ProteinModel,
    sequences: Sequence[str],
    sink: Callable[..., None],
    *,
    layers: list[int] | None = None,
    heads: list[int] | None = None,
) -> None:
    """Run a model over one chain, or over several joined by its linker."""
    if len(sequences) == 1:
        model.capture(sequences[0], sink, layers=layers, heads=heads)
    else:
        model.capture_complex(sequences, sink, layers=layers, heads=heads)


def capture_chain(
    model: ProteinModel, chain: Chain, *, sequences: Sequence[str] | None = None
) -> ChainAttention:
    """Run a chain through a model once and reduce its attention to links, scores and sums.

    Parameters
    ----------
    model : ProteinModel
    chain : Chain
        One, or several joined.
    sequences : sequence of str, optional
        What the model reads, one for each chain; their own sequences if not given.

    Returns
    -------
    ChainAttention

    Raises
    ------
    SequenceError
        If the model cannot read a sequence.
    """
    sequences = chain_sequences(chain) if sequences is None else tuple(sequences)
    n_layers, n_heads, n_residues = model.n_layers, model.n_heads, chain.n_residues
    reducer = MapReducer(chain, n_layers * (n_heads + 1))
    keep = n_layers * n_heads * n_residues**2 * 4 <= KEEP_BYTES
    kept = np.empty((n_layers, n_heads, n_residues, n_residues), np.float32) if keep else None

    def reduce(layer: int, block: NDArray[np.float32], special: NDArray[np.float32]) -> None:
        reducer.add(
            np.concatenate([block, block.mean(0, keepdims=True)]),
            np.concatenate([special, special.mean(0, keepdims=True)]),
        )
        if kept is not None:
            kept[layer] = block

    run_model(model, sequences, reduce)
    links, scores, received = reducer.finish(n_layers, n_heads + 1)
    return ChainAttention(model, chain, sequences, links, scores, received, kept)
