"""Models whose attention and hidden states are given, as far as one protein at a time goes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from protvis.datasets import Record
from protvis.labels import head_position, layer_position
from protvis.models.limits import positions_of
from tests.analysis.planted import LETTERS, PlantedModel, draw_attention


@dataclass
class FrozenModel(PlantedModel):
    """Hands on given attention layer by layer, and given hidden states (layer, residue, width)."""

    states: Mapping[str, np.ndarray] = field(default_factory=dict)
    handed_on: list[tuple[str, int]] = field(default_factory=list)
    notice: None = None

    def positions(
        self, layers: Sequence[int] | None, heads: Sequence[int] | None
    ) -> tuple[list[int], list[int]]:
        return (
            sorted(positions_of(layers, self.n_layers, "layer", layer_position)),
            positions_of(heads, self.n_heads, "head", head_position),
        )

    def check_sequence(self, sequence: str, *, any_length: bool = False) -> str:
        return super().check_sequence(sequence)

    def capture(
        self,
        sequence: str,
        sink: Callable[[int, np.ndarray, np.ndarray], None],
        *,
        layers: Sequence[int] | None = None,
        heads: Sequence[int] | None = None,
    ) -> None:
        layer_places, head_places = self.positions(layers, heads)
        for layer in layer_places:
            self.handed_on.append((sequence, layer + 1))
            block = self.attention[sequence][layer, head_places]
            sink(layer, block.copy(), 1 - block.sum(-1))

    def embed(self, sequence: str) -> np.ndarray:
        return self.states[sequence]


def folded(rng: np.random.Generator, name: str, n: int, **tracks: Any) -> Record:
    """Return a protein in a compact random walk, so that it has contacts of all ranges."""
    steps = rng.normal(size=(n, 3))
    steps *= 3.8 / np.linalg.norm(steps, axis=1, keepdims=True)
    walk = np.zeros((n, 3))
    for place in range(1, n):
        # Drawn back to the middle: a free walk has few contacts far along the chain.
        walk[place] = 0.93 * walk[place - 1] + steps[place]
    return Record(name, "".join(rng.choice(list(LETTERS), n)), tracks, coordinates=walk)


def random_model(
    rng: np.random.Generator, records: Sequence[Record], n_layers: int = 2, n_heads: int = 3
) -> FrozenModel:
    """Return a model with random attention for some proteins."""
    return FrozenModel(
        {r.sequence: draw_attention(rng, r.n_residues, n_layers, n_heads) for r in records}
    )
