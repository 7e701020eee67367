"""What a probe looks at: one layer's hidden states or attention, taken from a frozen model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from protvis.analysis.probes.probe_tasks import Labelled

if TYPE_CHECKING:
    from protvis.models import ProteinModel

__all__ = ["PRODUCTS", "SOURCES", "inputs_of_layers", "rows_of"]

SOURCES = ("embeddings", "attention")

PRODUCTS = "products"
"""Embeddings, too, but of a pair only the product: see `rows_of`."""

MEMORY_BYTES = 2**30
"""What is kept of the model at once. Where all layers take more, the model runs again for the next
few."""


def inputs_of_layers(
    model: ProteinModel, proteins: Sequence[Labelled], layers: Sequence[int], source: str
) -> Iterator[tuple[int, list[NDArray[np.float32]]]]:
    """Yield each layer's label and what is needed of it, one array for each protein.

    Parameters
    ----------
    model : ProteinModel
    proteins : sequence of Labelled
    layers : sequence of int
        Labels, counting from 1.
    source : {"embeddings", "attention"}
        Hidden states (residue, width), or attention (row, head) between the residues of each row,
        both directions added (A + Aᵀ).
    """
    at_once = _layers_at_once(model, proteins, source)
    for start in range(0, len(layers), at_once):
        part = list(layers[start : start + at_once])
        taken = [_take(model, protein, part, source) for protein in proteins]
        for place, layer in enumerate(part):
            yield layer, [arrays[place] for arrays in taken]


def rows_of(
    protein: Labelled, inputs: NDArray[np.float32], source: str, rows: slice = slice(None)
) -> NDArray[np.float32]:
    """Return the features (row, feature) of some rows of a protein.

    For residues their hidden states; for pairs the absolute difference and the product of both
    states, element by element, or their attention.

    With the source `PRODUCTS` the product alone, which is what a probe on the signed difference and
    the product comes to when its answer is the mean of those for (i, j) and (j, i), as in the
    paper: w·(x_i - x_j) and w·(x_j - x_i) cancel, in the answer and in the gradient of w.
    """
    if source == "attention":
        return inputs[rows]
    first = inputs[protein.first[rows]]
    if protein.second is None:
        return first
    second = inputs[protein.second[rows]]
    if source == PRODUCTS:
        return first * second
    return np.concatenate([np.abs(first - second), first * second], axis=1)


def _take(
    model: ProteinModel, protein: Labelled, layers: list[int], source: str
) -> list[NDArray[np.float32]]:
    if source == "embeddings":
        states = model.embed(protein.sequence)
        return [states[layer - 1].copy() for layer in layers]
    found: list[NDArray[np.float32]] = []

    def keep(_: int, block: NDArray[np.float32], __: NDArray[np.float32]) -> None:
        there = block[:, protein.first, protein.second]
        found.append(np.ascontiguousarray((there + block[:, protein.second, protein.first]).T))

    model.capture(protein.sequence, keep, layers=layers)
    return found


def _layers_at_once(model: ProteinModel, proteins: Sequence[Labelled], source: str) -> int:
    if source == "attention":
        n_values = model.n_heads * sum(len(protein.labels) for protein in proteins)
    else:
        width = model.embed(proteins[0].sequence).shape[-1]
        n_values = width * sum(len(protein.sequence) for protein in proteins)
    return max(1, MEMORY_BYTES // (4 * n_values))
