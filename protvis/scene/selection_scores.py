"""Where every head looks from chosen residues, and how it links two of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from protvis.errors import OptionError
from protvis.structure.contacts import MIN_SEPARATION

if TYPE_CHECKING:
    from protvis.scene.map_sets import MapSet

__all__ = ["selection_scores"]


def selection_scores(
    map_set: MapSet, residues: Sequence[int], pair: Sequence[int] | None = None
) -> NDArray[np.float32]:
    """Return how strongly every map of a set links chosen residues.

    How much attention a residue receives is known without this (`MapSet.received`).

    Parameters
    ----------
    map_set : MapSet
    residues : sequence of int
        Positions of the chosen residues.
    pair : (int, int), optional
        Positions of the query and the key of a link. If not given and there are two residues, the
        stronger direction between them counts.

    Returns
    -------
    float32 (2, entry)
        The strongest value from one of the residues to any other that is at least
        `MIN_SEPARATION` away in the sequence, and the value of the pair. NaN where there is none.

    Raises
    ------
    OptionError
        If a residue is not in the map.
    """
    n = map_set.received.shape[-1]
    chosen = np.unique(np.asarray(residues, dtype=np.int64))
    named = [*chosen.tolist(), *(pair or ())]
    if not named or min(named) < 0 or max(named) >= n:
        raise OptionError(f"expected residue indices from 0 to {n - 1}, got {named!r:.80}")
    # Several chains are far from each other however their residues are counted.
    chain_of = map_set.links.chain_of
    apart = np.abs(chosen[:, None] - np.arange(n)) >= MIN_SEPARATION
    if chain_of is not None:
        apart |= chain_of[chosen][:, None] != chain_of
    apart[:, chosen] = False
    cells = [tuple(pair)] if pair is not None else []
    if pair is None and len(chosen) == 2:
        cells = [(chosen[0], chosen[1]), (chosen[1], chosen[0])]
    found = np.full((2, map_set.links.n_entries), np.nan, np.float32)

    def read(entry: int, values: NDArray[np.float32]) -> None:
        found[0, entry] = np.fmax.reduce(values[chosen][apart], initial=np.nan)
        if cells:
            found[1, entry] = np.fmax.reduce([values[query, key] for query, key in cells])

    map_set.each(range(map_set.links.n_entries), read)
    return found
