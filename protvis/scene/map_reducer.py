"""Turns dense maps into what an explorer needs of them: links, scores and attention received."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from protvis.attention import score_table
from protvis.attention.scores import ContactScore, MapSummer
from protvis.attention.strong_pairs import PairSearch, StrongPairs
from protvis.scene.link_table import LinkTable
from protvis.scene.link_table_builder import LinkTableBuilder, pairs_per_entry

if TYPE_CHECKING:
    from protvis.structure import Chain

__all__ = ["MapReducer"]


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
        self._contacts = ContactScore(n, contacts, chain.has_contact_atom)
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
        sums = self._summer.sums(maps)
        found = self._contacts.scores(precision) | sums.scores()
        found["special_share"] = np.full(len(maps), np.nan) if special is None else special.mean(1)
        found |= score_table.computed_scores(maps, self._kinds)
        names = [score.name for score in score_table.SCORES]
        self._scores.append(np.stack([found[name] for name in names], axis=-1))
        received = zip(sums.received, maps, strict=True)
        self._received += [
            _without_rounding(mean, values) if self._signed else mean for mean, values in received
        ]

    def scores_of_last(self) -> dict[str, NDArray[np.float64]]:
        """Return the scores of the maps added last, each (map,)."""
        last = self._scores[-1]
        return {score.name: last[:, n] for n, score in enumerate(score_table.SCORES)}

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
