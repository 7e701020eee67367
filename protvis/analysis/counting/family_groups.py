"""Families as the unit of counting: which family a record is in, and where its counts go."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from protvis.analysis.counting.aligned_members import AlignedMembers
from protvis.analysis.counting.counters import FAMILY_COUNTS
from protvis.analysis.counting.plan import Plan
from protvis.errors import DatasetError

__all__ = ["FamilyGroups"]

GROUP_BYTES, LEAST_GROUPS = 2**25, 100
"""What the counts by group of families may take, and how many groups there may be in any case:
more would make every chunk's counters, and the journal, too large; fewer would leave too few
independent parts to say how families differ."""


@dataclass(frozen=True, eq=False)
class FamilyGroups:
    """The families of a data set, and the groups that their counts are kept in.

    A family has a group to itself as long as there are groups enough; else families are dealt to
    groups by their names (a random grouping, so that groups are as independent as families are).

    Attributes
    ----------
    family_of : mapping of str to str
        Each record's family.
    n_groups : int
    aligned : AlignedMembers, optional
        The members of large families side by side, each of them a family here.
    """

    family_of: Mapping[str, str]
    n_groups: int
    aligned: AlignedMembers | None = None

    @classmethod
    def of(
        cls, family_of: Mapping[str, str], plan: Plan, aligned: AlignedMembers | None = None
    ) -> FamilyGroups:
        """Return groups for so many families as there are, one each if there is room."""
        cells = plan.n_layers * plan.n_heads * len(plan.columns) * len(FAMILY_COUNTS)
        most = max(GROUP_BYTES // (8 * cells), LEAST_GROUPS)
        return cls(family_of, max(1, min(len(set(family_of.values())), most)), aligned)

    def moved(self, counts: NDArray[np.int64], groups: FamilyGroups) -> NDArray[np.int64]:
        """Return counts by these groups as counts by groups of more families."""
        found = np.zeros((groups.n_groups, *counts.shape[1:]), dtype=np.int64)
        if len(self._sizes) > self.n_groups:
            # Dealt by their names, as they are there.
            found[: self.n_groups] = counts
            return found
        for name, place in self._places.items():
            found[groups._places[name]] += counts[place]
        return found

    @cached_property
    def _sizes(self) -> Counter[str]:
        return Counter(self.family_of.values())

    @cached_property
    def _places(self) -> dict[str, int]:
        names = sorted(self._sizes)
        if len(names) <= self.n_groups:
            return {name: place for place, name in enumerate(names)}
        return {name: _number(name) % self.n_groups for name in names}

    def size(self, record_id: str) -> int:
        """Return how many records are in a record's family."""
        return self._sizes[self.family(record_id)]

    def group(self, record_id: str) -> int:
        """Return the group that a record counts in, from 0."""
        return self._places[self.family(record_id)]

    def dealt(self, record_id: str, n: int) -> int:
        """Return which of `n` groups a record's family is dealt to by its name, from 0.

        The same in every data set, whatever other families there are.
        """
        return _number(self.family(record_id)) % n

    def family(self, record_id: str) -> str:
        """Return the name of a record's family.

        Raises
        ------
        DatasetError
            If the record is in none.
        """
        try:
            return self.family_of[record_id]
        except KeyError:
            raise DatasetError(
                f"no family is known of record {record_id}: the clusters must name every record"
            ) from None


def _number(name: str) -> int:
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "little")
