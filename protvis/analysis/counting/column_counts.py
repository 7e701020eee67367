"""Links, hits and what nulls say of them: one protein's heads against its labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from protvis.analysis.counting.features import PairLabels, ResidueLabels
from protvis.analysis.counting.link_counts import (
    count_pair_links,
    count_residue_links,
    links_by_key,
)
from protvis.analysis.counting.nulls import Moments, PairNulls, ResidueNulls

__all__ = ["ColumnCounts", "RecordLabels", "RecordNulls", "count_columns"]

Links = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]


@dataclass(frozen=True)
class RecordLabels:
    """What a record says about residues and pairs."""

    residues: Sequence[ResidueLabels]
    pairs: Sequence[PairLabels]


@dataclass(frozen=True)
class RecordNulls:
    """The nulls of a record's labels, in their order."""

    residues: Sequence[ResidueNulls]
    pairs: Sequence[PairNulls]


@dataclass(frozen=True)
class ColumnCounts:
    """What heads have of some columns in one protein.

    Attributes
    ----------
    columns : sequence of int
    links, could : array (head,)
        All links, and those that could have the property.
    hits : array (head, column)
    nulls : mapping of str to Moments
        (head, column) each.
    """

    columns: Sequence[int]
    links: NDArray[np.integer]
    could: NDArray[np.number]
    hits: NDArray[np.number]
    nulls: Mapping[str, Moments]


def count_columns(
    links: Links,
    n_heads: int,
    labels: RecordLabels,
    nulls: RecordNulls,
    *,
    sampled: bool = False,
) -> Iterator[ColumnCounts]:
    """Yield what heads have of each group of columns.

    Parameters
    ----------
    links : head, query, key : int32 arrays (link,)
        Sorted by head.
    n_heads : int
    labels : RecordLabels
    nulls : RecordNulls
    sampled : bool, default False
        As for `PairNulls.moments`.
    """
    head, query, key = links
    n_links = np.bincount(head, minlength=n_heads)
    if labels.residues:
        by_key = links_by_key(head, key, n_heads, len(labels.residues[0].known))
    for group, of_residues in zip(labels.residues, nulls.residues, strict=True):
        could, hits = count_residue_links(by_key, group)
        found = of_residues.moments(by_key, sampled=sampled)
        yield ColumnCounts(group.columns, n_links, could, hits, found)
    for pair, of_pairs in zip(labels.pairs, nulls.pairs, strict=True):
        could_pairs, hit_pairs = count_pair_links(links, pair, n_heads)
        counted = pair.eligible[query, key]
        moments = of_pairs.moments(links, counted, hit_pairs, sampled=sampled)
        columns = {
            name: Moments(one.expected[:, None], one.variance[:, None], one.third[:, None])
            for name, one in moments.items()
        }
        yield ColumnCounts((pair.column,), n_links, could_pairs, hit_pairs[:, None], columns)
