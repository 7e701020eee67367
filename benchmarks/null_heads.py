"""Heads that know nothing, on real chains: how each chooses the keys it attends to.

A habit takes a record, a generator and the head's number, and returns queries and keys (positions).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from protvis.datasets import Record
from protvis.models.layer_scan import LayerScan

Links = tuple[NDArray, NDArray]
Habit = Callable[[Record, np.random.Generator, int], Links]

WEIGHT = 0.6


def _letters(record: Record, wanted: str) -> NDArray[np.bool_]:
    return np.isin(list(record.sequence), list(wanted))


def _inside(record: Record, query: NDArray, key: NDArray) -> Links:
    inside = (key >= 0) & (key < record.n_residues)
    return query[inside], key[inside]


def anywhere(record: Record, rng: np.random.Generator, head: int) -> Links:
    n = record.n_residues
    return np.arange(n), rng.integers(0, n, n)


def sinks(record: Record, rng: np.random.Generator, head: int) -> Links:
    n = record.n_residues
    return np.arange(n), rng.choice(rng.choice(n, 3, replace=False), n)


def offset(record: Record, rng: np.random.Generator, head: int) -> Links:
    query = np.arange(record.n_residues)
    return _inside(record, query, query + 7 + head % 20)


def local(record: Record, rng: np.random.Generator, head: int) -> Links:
    query = np.arange(record.n_residues)
    key = query + rng.integers(6, 25, len(query)) * rng.choice([-1, 1], len(query))
    return _inside(record, query, key)


def runs(record: Record, rng: np.random.Generator, head: int) -> Links:
    n = record.n_residues
    return np.arange(n), np.repeat(rng.integers(0, n, n // 6 + 1), 6)[:n]


def key_block(record: Record, rng: np.random.Generator, head: int) -> Links:
    n = record.n_residues
    return np.arange(n), rng.integers(0, max(n - 12, 1)) + rng.integers(0, min(12, n), n)


def segments(record: Record, rng: np.random.Generator, head: int) -> Links:
    n = record.n_residues
    start = np.repeat(rng.integers(0, max(n - 8, 1), n // 8 + 1), 8)[:n]
    along = np.arange(n) % 8
    parallel = np.repeat(rng.random(n // 8 + 1) < 0.5, 8)[:n]
    return _inside(record, np.arange(n), start + np.where(parallel, along, 7 - along))


def curve(record: Record, rng: np.random.Generator, head: int) -> Links:
    n = record.n_residues
    key = rng.integers(0, n) + np.cumsum(rng.integers(-1, 2, n))
    return np.arange(n), np.clip(key, 0, n - 1)


def hydrophobic(record: Record, rng: np.random.Generator, head: int) -> Links:
    n, greasy = record.n_residues, _letters(record, "AVILMFWCY")
    odds = np.where(greasy, 4.0, 1.0)
    key = rng.choice(n, n, p=odds / odds.sum())
    heard = greasy | (rng.random(n) < 0.1)
    return np.flatnonzero(heard), key[heard]


def cysteine(record: Record, rng: np.random.Generator, head: int) -> Links:
    query = np.flatnonzero(_letters(record, "C"))
    if len(query) < 2:
        return query[:0], query[:0]
    return query, np.array([rng.choice(query[query != one]) for one in query])


# Of our own.


def chain_end(record: Record, rng: np.random.Generator, head: int) -> Links:
    """Keys towards one end of the chain, the N-terminal one for every other head."""
    n = record.n_residues
    key = (n * rng.beta(1, 3, n)).astype(int)
    return np.arange(n), key if head % 2 else n - 1 - key


def mirror(record: Record, rng: np.random.Generator, head: int) -> Links:
    """The first looks at the last, the second at the last but one, …, give or take three."""
    n = record.n_residues
    query = np.arange(n)
    return query, np.clip(n - 1 - query + rng.integers(-3, 4, n), 0, n - 1)


def helical(record: Record, rng: np.random.Generator, head: int) -> Links:
    """A multiple of a helix' turn further on, for every other head further back."""
    query = np.arange(record.n_residues)
    turns = np.round(3.6 * rng.integers(2, 8, len(query))).astype(int)
    return _inside(record, query, query + turns * (1 if head % 2 else -1))


def next_of_a_kind(record: Record, rng: np.random.Generator, head: int) -> Links:
    """The next residue of three kinds, other ones for each head, at least five further on."""
    kinds = np.random.default_rng(head).choice([*"ACDEFGHIKLMNPQRSTVWY"], 3, replace=False)
    query, found = np.arange(record.n_residues), np.flatnonzero(_letters(record, "".join(kinds)))
    if not len(found):
        return query[:0], query[:0]
    return query, found[np.searchsorted(found, query + 5) % len(found)]


def turn_formers(record: Record, rng: np.random.Generator, head: int) -> Links:
    """Keys drawn six times as often from Gly, Pro, Asn and Asp."""
    odds = np.where(_letters(record, "GPND"), 6.0, 1.0)
    n = record.n_residues
    return np.arange(n), rng.choice(n, n, p=odds / odds.sum())


def same_letter(record: Record, rng: np.random.Generator, head: int) -> Links:
    """Another residue of the same amino acid."""
    letters = np.array(list(record.sequence))
    key = np.full(record.n_residues, -1)
    for letter in set(record.sequence):
        own = np.flatnonzero(letters == letter)
        if len(own) > 1:
            key[own] = rng.choice(own, len(own))
    return _inside(record, np.arange(record.n_residues), key)


def stripes(record: Record, rng: np.random.Generator, head: int) -> Links:
    """Twenty residues in a row look at the same distance."""
    n = record.n_residues
    apart = np.repeat(rng.integers(-60, 61, n // 20 + 1), 20)[:n]
    return _inside(record, np.arange(n), np.arange(n) + apart)


HABITS: Mapping[str, Habit] = {
    habit.__name__.replace("_", " "): habit
    for habit in (
        anywhere, sinks, offset, local, runs, key_block, segments, curve, hydrophobic, cysteine,
        chain_end, mirror, helical, next_of_a_kind, turn_formers, same_letter, stripes,
    )
}  # fmt: skip
"""Ten of others', seven of our own."""


def aimed(habit: Habit, share: float, contacts: Mapping[str, NDArray[np.bool_]]) -> Habit:
    """Return a habit of which a share of the rows is aimed at contacts."""

    def links(record: Record, rng: np.random.Generator, head: int) -> Links:
        query, key = habit(record, rng, head)
        map_of, key = contacts[record.record_id], key.copy()
        able = np.flatnonzero(map_of[query].any(axis=1))
        n_aimed = min(rng.binomial(record.n_residues, share), len(able))
        for row in rng.choice(able, n_aimed, replace=False):
            key[row] = rng.choice(np.flatnonzero(map_of[query[row]]))
        return query, key

    return links


@dataclass
class HabitModel:
    """A model whose layers are habits: attention is made up, one link a row at most.

    Attributes
    ----------
    habits : sequence of (name, habit)
    records : mapping of str to Record
        By sequence.
    n_heads, seed : int
    """

    habits: Sequence[tuple[str, Habit]]
    records: Mapping[str, Record]
    n_heads: int = 144
    seed: int = 0
    name: str = "heads that know nothing"
    max_residues: int | None = None
    recipe: None = None

    @property
    def provenance(self) -> dict[str, Any]:
        return {"model": self.name, "weights_sha256": str(self.seed), "versions": {}}

    @property
    def n_layers(self) -> int:
        return len(self.habits)

    def check_sequence(self, sequence: str) -> str:
        return sequence

    def scan_attention(
        self,
        sequences: Sequence[str],
        receive: Callable[[LayerScan], None],
        *,
        floor: float,
        masks: Sequence[Sequence[NDArray[np.bool_]]],
    ) -> None:
        for index, sequence in enumerate(sequences):
            record = self.records[sequence]
            for layer, (name, habit) in enumerate(self.habits, 1):
                found = [
                    habit(record, self._rng(record.record_id, name, head), head)
                    for head in range(self.n_heads)
                ]
                receive(_scan(found, record.n_residues, index, layer, floor, masks[index]))

    def _rng(self, record_id: str, name: str, head: int) -> np.random.Generator:
        key = f"{self.seed} {name} {head} {record_id}".encode()
        return np.random.Generator(np.random.PCG64([*key]))


def _scan(
    found: Sequence[Links],
    n: int,
    index: int,
    layer: int,
    floor: float,
    masks: Sequence[NDArray[np.bool_]],
) -> LayerScan:
    head = np.repeat(np.arange(len(found)), [len(query) for query, _ in found])
    query = np.concatenate([query for query, _ in found])
    key = np.concatenate([key for _, key in found])
    order = np.lexsort((key, query, head))
    head, query, key = (part[order].astype(np.int32) for part in (head, query, key))
    received = np.bincount(head * n + key, minlength=len(found) * n).reshape(len(found), n) * WEIGHT
    inside = [np.bincount(head[mask[query, key]], minlength=len(found)) for mask in masks]
    sums = np.array(inside, dtype=float).reshape(len(masks), len(found)).T * WEIGHT
    weight = np.full(len(head), WEIGHT, dtype=np.float32)
    return LayerScan(index, layer, head, query, key, weight, floor, received, sums, sums * WEIGHT)
