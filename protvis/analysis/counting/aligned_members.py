"""The null for one fold: each protein's links on the labels of its relatives.

A head that has learned where a family has its contacts, sites or strands hits them in every member
without knowing anything about the protein it reads. So the members of a family are laid side by
side, and the links of each are put on the labels of every member. What counts is how much more
often they hit in their own protein than in the others (own minus others).

Of the k members that have a place (two places for pairs), let y be the labels there and ȳ their
mean. A link of member p scores (y_q - ȳ) k / (k - 1) on member q; on p itself that is y_p minus the
mean of the others. R_pq sums this over the links of p. If links know nothing about their own
protein, all ways of dealing the members' links to the members are equally likely. The mean of
Σ R_pπ(p) over all permutations π is 0; its variance and third moment follow from R after its column
means are taken off (Hoeffding, Ann. Math. Statist. 22, 558, 1951).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from protvis.analysis.counting.features import Column

__all__ = ["AlignedGroup", "AlignedMembers", "Excess"]

Floats = NDArray[np.float64]
Links = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]


class Excess(NamedTuple):
    """What one member's links score on every member, for one column.

    Attributes
    ----------
    column : int
        Place in the plan's columns.
    links, hits : float64 array (head,)
        Links that have a counterpart in another member, and those that hit in the own protein.
    scores : float64 array (head, member)
        The sums R.
    """

    column: int
    links: Floats
    hits: Floats
    scores: Floats


@dataclass(frozen=True, eq=False)
class AlignedGroup:
    """Members of a family, laid side by side.

    Attributes
    ----------
    members : tuple of str
        Ids of their records.
    places : tuple of int32 array (residue,)
        The place of each residue of each member; -1 where it has none. No two residues of a member
        are at one place.
    residues : mapping of Column to (hits, known)
        Labels of residues: bool arrays (place, member).
    pairs : mapping of Column to (hits, eligible)
        Labels of pairs: bool arrays (place, place, member), symmetric.
    """

    members: tuple[str, ...]
    places: tuple[NDArray[np.int32], ...]
    residues: Mapping[Column, tuple[NDArray[np.bool_], NDArray[np.bool_]]]
    pairs: Mapping[Column, tuple[NDArray[np.bool_], NDArray[np.bool_]]]

    @cached_property
    def _scores(self) -> Mapping[Column, Floats]:
        return {column: _centred(*labels) for column, labels in self.residues.items()}

    def of_residues(
        self, member: int, by_key: Floats, columns: Sequence[Column]
    ) -> Iterator[Excess]:
        """Yield the excess of a member's links for each column of residues.

        Parameters
        ----------
        member : int
        by_key : (head, key)
            Links to each residue.
        columns : sequence of Column
            Of the plan.
        """
        place = self.places[member][: by_key.shape[1]]
        placed = place >= 0
        for at, column in enumerate(columns):
            if column not in self.residues:
                continue
            hits, known = self.residues[column]
            profile = np.zeros((len(by_key), len(known)))
            profile[:, place[placed]] = by_key[:, placed]
            profile *= known[:, member] & (known.sum(axis=1) > 1)
            yield Excess(
                at, profile.sum(axis=1), profile @ hits[:, member], profile @ self._scores[column]
            )

    def of_pairs(
        self, member: int, links: Links, n_heads: int, columns: Sequence[Column]
    ) -> Iterator[Excess]:
        """Yield the excess of a member's links for each column of pairs.

        Parameters
        ----------
        member : int
        links : head, query, key : int32 arrays (link,)
        n_heads : int
        columns : sequence of Column
            Of the plan.
        """
        head, first, second = links[0], self.places[member][links[1]], self.places[member][links[2]]
        placed = (first >= 0) & (second >= 0)
        head, first, second = head[placed], first[placed], second[placed]
        for at, column in enumerate(columns):
            if column not in self.pairs:
                continue
            hits, eligible = self.pairs[column]
            could = eligible[first, second]
            kept = could[:, member] & (could.sum(axis=1) > 1)
            hit, could = hits[first[kept], second[kept]], could[kept]
            of_head = sparse.csr_array(
                (np.ones(len(hit)), (head[kept], np.arange(len(hit)))), shape=(n_heads, len(hit))
            )
            n_links, scores = of_head.sum(axis=1), of_head @ _centred(hit, could)
            yield Excess(at, n_links, of_head @ hit[:, member], scores)


def _centred(hits: NDArray[np.bool_], known: NDArray[np.bool_]) -> Floats:
    """Return (y - ȳ) k / (k - 1) for each place (row) and member, 0 where nothing is known."""
    n = known.sum(axis=1, keepdims=True)
    mean = (hits & known).sum(axis=1, keepdims=True) / np.maximum(n, 1)
    return np.where(known, (hits - mean) * (n / np.maximum(n - 1, 1)), 0.0)


@dataclass(frozen=True, eq=False)
class AlignedMembers:
    """The groups of a data set, and where each member is.

    Attributes
    ----------
    groups : tuple of AlignedGroup
    """

    groups: tuple[AlignedGroup, ...]

    @property
    def sizes(self) -> tuple[int, ...]:
        """Members of each group."""
        return tuple(len(group.members) for group in self.groups)

    @cached_property
    def _places(self) -> Mapping[str, tuple[int, int]]:
        return {
            name: (number, member)
            for number, group in enumerate(self.groups)
            for member, name in enumerate(group.members)
        }

    def digest(self) -> str:
        """Return a hash of who is in which group, at which places."""
        found = hashlib.sha256()
        for group in self.groups:
            for name, place in zip(group.members, group.places, strict=True):
                found.update(f"{name}\n".encode("utf-8", "surrogatepass"))
                found.update(place.astype("<i4").tobytes())
        return found.hexdigest()

    def find(self, record_id: str) -> tuple[int, int] | None:
        """Return the group of a record and its place among the members, None outside."""
        return self._places.get(record_id)
