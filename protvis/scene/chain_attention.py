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

from protvis.labels import MEAN
from protvis.scene.capture_progress import CaptureStep, report_step
from protvis.scene.link_table import LinkTable
from protvis.scene.map_reducer import MapReducer

if TYPE_CHECKING:
    from protvis.models import ProteinModel
    from protvis.structure import Chain

__all__ = ["ChainAttention", "capture_chain", "chain_sequences", "run_model"]

KEEP_BYTES = 256 * 2**20
"""Full tensors up to this size stay in memory."""

_REMEMBERED_MAPS = 24


@dataclass
class ChainAttention:
    """What an explorer knows about a model's attention within one chain.

    Attributes
    ----------
    model, chain
        The chain, and the model that read it.
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
    _kept: list[NDArray[np.float32]] | None = None
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

            run_model(self.model, self.sequences, keep, layers=[layer + 1], heads=heads, reuse=True)
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
        """Hand on the dense maps of many heads, by positions, in one pass, layer by layer.

        A map is the receiver's until it returns; then the next may overwrite it.
        """
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
            run_model(self.model, self.sequences, hand_on, layers=labels, reuse=True)


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
    reuse: bool = False,
) -> None:
    """Run a model over one chain, or over several joined by its linker."""
    if len(sequences) == 1:
        model.capture(sequences[0], sink, layers=layers, heads=heads, reuse=reuse)
    else:
        model.capture_complex(sequences, sink, layers=layers, heads=heads, reuse=reuse)


def capture_chain(
    model: ProteinModel, chain: Chain, *, sequences: Sequence[str] | None = None
) -> ChainAttention:
    """Run a chain through a model once and reduce its attention to links, scores and sums.

    Who asked for it (`protvis.scene.capture_progress.following_capture`) is told of every layer.

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
    kept: list[NDArray[np.float32]] | None = [] if keep else None
    mean = np.empty((n_residues, n_residues), np.float32)

    def reduce(layer: int, block: NDArray[np.float32], special: NDArray[np.float32]) -> None:
        np.mean(block, axis=0, out=mean)
        reducer.add([*block, mean], np.concatenate([special, special.mean(0, keepdims=True)]))
        if kept is not None:
            kept.append(block)
        report_step(CaptureStep(model, chain, layer + 1, reducer.scores_of_last()))

    report_step(CaptureStep(model, chain, 0, {}))
    run_model(model, sequences, reduce, reuse=kept is None)
    links, scores, received = reducer.finish(n_layers, n_heads + 1)
    return ChainAttention(model, chain, sequences, links, scores, received, kept)
