"""Maps that can stand in for raw attention: the same views, another matrix.

A *map set* is one kind of map, for every head, for every layer, or a single one. Raw attention is
the set every scene has; the others are made when asked for, from the same forward pass where they
can be.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from protvis.attention.layer_mixing import rollout
from protvis.attention.score_table import Score, chance_of
from protvis.attention.transforms import TRANSFORMS
from protvis.errors import LabelError, OptionError
from protvis.labels import MEAN
from protvis.perturbation import categorical_jacobian, estimate_categorical_jacobian
from protvis.scene.chain_attention import (
    ChainAttention,
    capture_chain,
    chain_sequences,
)
from protvis.scene.link_table import LinkTable
from protvis.scene.map_kind import (
    ATTENTION,
    BEST,
    CONTACT_HEAD,
    JACOBIAN,
    N_BEST,
    ROLLOUT,
    SHUFFLED,
    MapKind,
)
from protvis.scene.map_reducer import MapReducer
from protvis.scene.selection_table import selection_table
from protvis.scene.small_maps import SmallMaps
from protvis.scene.wire import encode_array, encode_map, encode_root, encode_signed_root

if TYPE_CHECKING:
    from protvis.models import ProteinModel
    from protvis.structure import Chain

__all__ = ["MapSet", "build_map_set", "matrix_set"]

Receive = Callable[[int, NDArray[np.float32]], None]

SHUFFLE_SEED = 0

_AT_ONCE = 8
"""How many maps are reduced together: more take more memory, fewer more time."""

PATIENCE = 60.0
"""Seconds that a map may take when it is asked for by a click."""


@dataclass(frozen=True)
class MapSet:
    """One kind of map, reduced for the views.

    Attributes
    ----------
    kind : MapKind
    links : LinkTable
        One entry per map, row by row.
    scores : dict of str to float32 (row, column)
    received : float32 (row, column, residue)
    dense : callable
        Returns one map, float32 (query, key), by row and column.
    many : callable, optional
        Hands on the maps of many entries in one pass, where that is quicker than one by one.
    """

    kind: MapKind
    links: LinkTable
    scores: dict[str, NDArray[np.float32]]
    received: NDArray[np.float32]
    dense: Callable[[int, int], NDArray[np.float32]]
    many: Callable[[Collection[int], Receive], None] | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of maps."""
        return self.received.shape[0], self.received.shape[1]

    def entry(self, layer: int, head: int | str) -> int:
        """Return the entry for the positions of a layer and a head (or ``"mean"``).

        Where there is one map per layer the head does not matter, where there is one in all
        neither does the layer.
        """
        rows, columns = self.shape
        row = layer if rows > 1 else 0
        column = 0 if columns == 1 else columns - 1 if head == MEAN else int(head)
        return row * columns + column

    def wire(self, scores: Sequence[Score]) -> dict[str, Any]:
        """Return the set as plain data: ``meta`` and ``arrays``, with these scores."""
        encode = encode_signed_root if self.kind.signed else encode_root
        received, scale = encode(self.received.reshape(-1, self.received.shape[-1]))
        arrays: dict[str, NDArray[Any]] = {
            **self.links.arrays(),
            "scores": np.stack([self.scores[score.name] for score in scores]).astype(np.float32),
            "received": received,
        }
        return {
            "meta": {
                **vars(self.kind),
                "shape": list(self.shape),
                "received_scale": scale,
                "chances": [
                    chance if np.isfinite(chance := chance_of(score, self.scores)) else None
                    for score in scores
                ],
            },
            "arrays": {name: encode_array(array) for name, array in arrays.items()},
        }

    def each(self, entries: Collection[int], receive: Receive) -> None:
        """Hand on the dense maps of many entries, each with its entry."""
        if self.many is not None:
            self.many(entries, receive)
            return
        for entry in entries:
            receive(entry, self.dense(*divmod(entry, self.shape[1])))

    @cached_property
    def small_maps(self) -> SmallMaps:
        """Small pictures of all maps; made when first asked for, in one pass."""
        small = self.new_small_maps()
        self.each(range(self.links.n_entries), small.add)
        return small

    def new_small_maps(self) -> SmallMaps:
        """Return what collects them, for who has all maps in hand."""
        return SmallMaps(self.links.n_entries, self.received.shape[-1], signed=self.kind.signed)

    def encode(self, values: NDArray[np.float32]) -> dict[str, Any]:
        """Return one dense map as plain data (`protvis.scene.wire.encode_map`)."""
        return encode_map(values, signed=self.kind.signed, symmetric=self.kind.symmetric)

    def wire_map(self, entry: int) -> dict[str, Any]:
        """Return one dense map as plain data (`protvis.scene.wire.encode_map`)."""
        return self.encode(self._map_of(entry))

    def selection_table(self, entry: int, residues: Collection[int]) -> LinkTable:
        """Return the links of an entry that touch any of some residues, by their indices."""
        values = self._map_of(entry)
        if not all(0 <= residue < len(values) for residue in residues):
            raise LabelError(f"residue indices must be from 0 to {len(values) - 1}")
        return selection_table(
            values,
            residues,
            float(self.links.scale[entry]),
            self.links.chain_of,
            difference=self.kind.difference,
        )

    def _map_of(self, entry: int) -> NDArray[np.float32]:
        if not 0 <= entry < self.links.n_entries:
            raise LabelError(f"there is no map {entry!r} of {self.links.n_entries}")
        return self.dense(*divmod(entry, self.shape[1]))


def build_map_set(kind: MapKind, attention: ChainAttention) -> MapSet:
    """Make one kind of map of a model and a chain.

    Parameters
    ----------
    kind : MapKind
        Of `protvis.scene.map_kind.kinds_of`, but none of the user's own (`matrix_set`).
    attention : ChainAttention
        Raw attention, from which the others are made where they can be.

    Raises
    ------
    OptionError
        If computing the map would take longer than `PATIENCE`.
    """
    model, chain = attention.model, attention.chain
    if kind.name == ATTENTION:
        return _of_heads(kind, attention)
    if kind.name == SHUFFLED.name:
        return _of_heads(kind, capture_chain(model, chain, sequences=shuffled(chain)))
    if kind.name in TRANSFORMS:
        return _of_heads(kind, attention, TRANSFORMS[kind.name].compute)
    makers: dict[str, Callable[[], NDArray[np.float32]]] = {
        ROLLOUT.name: lambda: rollout(_layer_means(attention)),
        BEST.name: lambda: _mean_of_best(attention)[None],
        CONTACT_HEAD.name: lambda: model.predict_contacts(chain.sequence)[None],
        JACOBIAN.name: lambda: _jacobian(model, chain)[None],
    }
    return _reduced(kind, chain, makers[kind.name]())


def matrix_set(kind: MapKind, chain: Chain, matrix: NDArray[np.float32]) -> MapSet:
    """Return a map set of one map that the user brought, float32 (query, key)."""
    return _reduced(kind, chain, matrix[None])


def _jacobian(model: ProteinModel, chain: Chain) -> NDArray[np.float32]:
    """Compute the categorical Jacobian if that takes moments, else say what it would take."""
    estimate = estimate_categorical_jacobian(model, chain)
    if estimate.seconds > PATIENCE:
        raise OptionError(
            f"{estimate}: too long to wait for here. Compute it with "
            "pv.categorical_jacobian(model, chain) and pass it to pv.explore(…, maps=…)"
        )
    return categorical_jacobian(model, chain)


def shuffled(chain: Chain) -> tuple[str, ...]:
    """Return each chain's residues in a random order, always the same one."""
    rng = np.random.default_rng(SHUFFLE_SEED)
    return tuple(
        "".join(rng.permutation(np.array(list(sequence)))) for sequence in chain_sequences(chain)
    )


def _same(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return values


def _of_heads(
    kind: MapKind,
    attention: ChainAttention,
    compute: Callable[[NDArray[np.float32]], NDArray[np.float32]] = _same,
) -> MapSet:
    """Return a set with a map per head and layer mean, each computed from raw attention."""
    n_heads = attention.model.n_heads

    def head_of(column: int) -> int | str:
        return MEAN if column == n_heads else column

    def dense(layer: int, column: int) -> NDArray[np.float32]:
        return compute(attention.head_map(layer, head_of(column)))

    def many(entries: Collection[int], receive: Receive) -> None:
        places = [divmod(entry, n_heads + 1) for entry in entries]
        attention.each_map(
            [(layer, head_of(column)) for layer, column in places],
            lambda layer, head, values: receive(attention.entry(layer, head), compute(values)),
        )

    if compute is _same:
        links, scores, received = attention.links, attention.scores, attention.received
    else:
        n_layers = attention.model.n_layers
        reducer = MapReducer(attention.chain, n_layers * (n_heads + 1), signed=kind.signed)
        some: list[NDArray[np.float32]] = []

        def reduce(entry: int, values: NDArray[np.float32]) -> None:
            some.append(values)
            if len(some) == _AT_ONCE or entry == n_layers * (n_heads + 1) - 1:
                reducer.add(some)
                some.clear()

        many(range(n_layers * (n_heads + 1)), reduce)
        links, scores, received = reducer.finish(n_layers, n_heads + 1)
    return MapSet(kind, links, scores, received, dense, many)


def _reduced(kind: MapKind, chain: Chain, maps: NDArray[np.float32]) -> MapSet:
    """Return a set of maps (row, query, key) that are all at hand."""
    reducer = MapReducer(chain, len(maps), signed=kind.signed, difference=kind.difference)
    reducer.add(list(maps))
    links, scores, received = reducer.finish(len(maps), 1)
    return MapSet(kind, links, scores, received, lambda row, column: maps[row])


def _mean_of_best(attention: ChainAttention) -> NDArray[np.float32]:
    precision = attention.scores["contact_precision"][:, :-1]
    order = np.argsort(-np.nan_to_num(precision, nan=-1.0), axis=None, kind="stable")[:N_BEST]
    wanted = [divmod(int(place), precision.shape[1]) for place in order]
    total = np.zeros((attention.chain.n_residues, attention.chain.n_residues), np.float32)

    def add(layer: int, head: int | str, values: NDArray[np.float32]) -> None:
        np.add(total, values, out=total)

    attention.each_map(wanted, add)
    return total / np.float32(len(wanted))


def _layer_means(attention: ChainAttention) -> NDArray[np.float32]:
    """Return the mean map of every layer: (layer, query, key)."""
    n_layers, n = attention.model.n_layers, attention.chain.n_residues
    means = np.empty((n_layers, n, n), np.float32)

    def keep(layer: int, _: int | str, values: NDArray[np.float32]) -> None:
        means[layer] = values

    attention.each_map([(layer, MEAN) for layer in range(n_layers)], keep)
    return means
