"""One pass of a chain through a model, reduced on the way to what an explorer shows.

The full (layer, head, query, key) tensor is kept only where it is small. Otherwise each layer is
reduced to links, scores and sums as it appears, and a dense map is computed again when looked at.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from protvis.attention import score_table
from protvis.attention.scores import ContactScore, MapSummer, MapSums
from protvis.attention.strong_pairs import PairSearch, StrongPairs
from protvis.labels import MEAN
from protvis.scene.link_table import LinkTable
from protvis.scene.link_table_builder import LinkTableBuilder, pairs_per_entry

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


class MapReducer:
    """Turns maps into what an explorer needs of them: links, scores and attention received.

    Parameters
    ----------
    chain : Chain
        Whose contacts the maps are scored against.
    n_maps : int
        How many maps will come; they share the room for links.
    signed : bool
        Whether values below zero mean something: then weights are no shares of attention.
    difference : bool
        Whether values are gains and losses.
    """

    def __init__(
        self, chain: Chain, n_maps: int, *, signed: bool = False, difference: bool = False
    ) -> None:
        n, chain_of = chain.n_residues, chain.chain_of if len(chain.segments) > 1 else None
        self._signed = signed
        self._kinds = ["signed"] * signed + ["difference"] * difference
        self._builder = LinkTableBuilder(
            n, pairs_per_entry(n_maps), chain_of, difference=difference
        )
        # Gains and losses are no guess at contacts.
        contacts = None if difference else chain.contact_map()
        self._contacts = ContactScore(n, contacts, chain.observed)
        needed = dict(self._builder.needed)
        for level, count in self._contacts.needed.items():
            needed[level] = max(needed.get(level, 0), count)
        self._search = PairSearch(n, needed, self._builder.needed, chain_of, signed=difference)
        self._summer = MapSummer(n, shares=not signed)
        self._scores: list[NDArray[np.float64]] = []
        self._received: list[NDArray[np.float32]] = []

    def add(
        self, maps: Sequence[NDArray[np.float32]], special: NDArray[np.float32] | None = None
    ) -> None:
        """Add maps, each float (query, key), and their `special` mass, (map, query).

        NaN is unknown: no link, and nothing in the scores.
        """
        n_before = len(self._received)
        precision = np.full(len(maps), np.nan)

        def take(pairs: StrongPairs) -> NDArray[np.bool_]:
            precision[pairs.maps], sure = self._contacts.precision(pairs)
            return sure & self._builder.take(pairs, n_before)

        self._search.settle(maps, take)
        found = self._contacts.scores(precision)
        sums = [self._sums(values) for values in maps]
        found["special_share"] = np.full(len(maps), np.nan) if special is None else special.mean(1)
        found["mean_separation"] = np.array([one.mean_separation for one in sums])
        found["entropy"] = np.array([one.entropy for one in sums])
        found["max_weight"] = np.array([one.largest for one in sums])
        found |= score_table.computed_scores(maps, self._kinds)
        names = [score.name for score in score_table.SCORES]
        self._scores.append(np.stack([found[name] for name in names], axis=-1))
        self._received += [one.received for one in sums]

    def _sums(self, values: NDArray[np.float32]) -> MapSums:
        """Return the sums over one map, with the mean received in place of the sum."""
        sums, known = self._summer.sums(values), len(values)
        if np.isnan(sums.largest):
            unknown = np.isnan(values)
            sums = self._summer.sums(np.where(unknown, np.float32(0), values))
            known = known - np.count_nonzero(unknown, axis=0)
        with np.errstate(invalid="ignore"):  # no query is known: 0 / 0
            received = (sums.received / known).astype(np.float32)
        return replace(
            sums, received=_without_rounding(received, values) if self._signed else received
        )

    def finish(
        self, rows: int, columns: int
    ) -> tuple[LinkTable, dict[str, NDArray[np.float32]], NDArray[np.float32]]:
        """Return links, scores (row, column) and attention received (row, column, residue)."""
        scores = np.concatenate(self._scores).astype(np.float32).reshape(rows, columns, -1)
        received = np.stack(self._received).astype(np.float32)
        return (
            self._builder.finish(),
            {score.name: scores[..., n] for n, score in enumerate(score_table.SCORES)},
            received.reshape(rows, columns, -1),
        )


def _without_rounding(
    mean: NDArray[np.float32], values: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return means over queries of signed values, (key,), with 0 where only rounding is left.

    The average product correction makes every residue's mean 0; what is found instead, some 1e-9,
    would look like a pattern where the largest of them fills the scale.
    """
    largest = np.fmax.reduce(np.abs(values), axis=0, initial=0)
    return np.where(np.abs(mean) <= np.finfo(np.float32).eps * largest, np.float32(0), mean)


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

    run_model(model, sequences, reduce, reuse=kept is None)
    links, scores, received = reducer.finish(n_layers, n_heads + 1)
    return ChainAttention(model, chain, sequences, links, scores, received, kept)
