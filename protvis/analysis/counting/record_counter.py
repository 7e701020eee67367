"""Counting: one layer of one protein's attention becomes numbers to be added up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from protvis.analysis.counting.counters import (
    HABIT_COUNTS,
    MOMENTS,
    Counters,
    to_fixed,
    unit_of,
)
from protvis.analysis.counting.family_groups import FamilyGroups
from protvis.analysis.counting.features import PairLabels, ResidueLabels, label_record
from protvis.analysis.counting.habits import HABIT_GROUPS, count_habits
from protvis.analysis.counting.link_counts import (
    count_pair_links,
    count_residue_links,
    links_by_key,
)
from protvis.analysis.counting.nulls import Moments, PairNulls, ResidueNulls
from protvis.analysis.counting.plan import BIN_EDGES, Plan
from protvis.datasets import Record
from protvis.models.layer_scan import LayerScan

__all__ = ["RecordCounter", "count_floor"]

Links = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]


def count_floor(plan: Plan) -> float:
    """Return the weight from which on single weights are needed."""
    return min(plan.threshold, BIN_EDGES[1]) if plan.has_contacts else plan.threshold


@dataclass(frozen=True)
class _Groups:
    residues: list[ResidueLabels]
    pairs: list[PairLabels]


@dataclass(frozen=True)
class _Nulls:
    residues: list[ResidueNulls]
    pairs: list[PairNulls]


class RecordCounter:
    """Counts the attention of some proteins, layer by layer.

    Parameters
    ----------
    plan : Plan
    records : sequence of Record
        As they are read by the model: cut to `plan.max_residues`.
    families : FamilyGroups, optional
        Every record is a family of its own by default.
    """

    def __init__(
        self, plan: Plan, records: Sequence[Record], families: FamilyGroups | None = None
    ) -> None:
        self.plan = plan
        self.records = records
        self._families = families or FamilyGroups(
            {record.record_id: record.record_id for record in records}, plan.n_groups
        )
        self._floor = np.float32(plan.threshold)
        self._sums = Counters.zeros(plan)
        self._groups = [
            _Groups(
                *label_record(
                    record,
                    plan.columns,
                    cutoff=plan.cutoff,
                    min_separation=plan.min_separation,
                )
            )
            for record in records
        ]
        self._nulls: dict[int, _Nulls] = {}
        for index, groups in enumerate(self._groups):
            self._add_base(index, groups)

    def masks(self, index: int) -> list[NDArray[np.bool_]]:
        """Return the sets of pairs that attention is to be summed over, eligible before hits."""
        found = []
        for pair in self._groups[index].pairs:
            found += [pair.eligible, pair.hits]
        return found

    def says_something(self, index: int) -> bool:
        """Return whether a record has labels for any column."""
        groups = self._groups[index]
        return bool(groups.residues or groups.pairs)

    def receive(self, scan: LayerScan) -> None:
        """Count one layer of one protein."""
        groups, layer = self._groups[scan.index], scan.layer - 1
        n_heads, n = scan.received.shape
        over = scan.weight >= self._floor
        head, query, key = scan.head[over], scan.query[over], scan.key[over]
        links, by_key = (head, query, key), links_by_key(head, key, n_heads, n)
        nulls = self._nulls_of(scan)
        for group, of_residues in zip(groups.residues, nulls.residues, strict=True):
            self._count_residues(scan, layer, group, of_residues, by_key)
        for place, (pair, of_pairs) in enumerate(zip(groups.pairs, nulls.pairs, strict=True)):
            sums = scan.pair_sums[:, 2 * place : 2 * place + 2]
            self._count_pairs(scan, layer, pair, of_pairs, links, sums)
            if self.plan.columns[pair.column].feature == "contact":
                self._calibrate(scan, layer, pair, sums, scan.pair_squares[:, 2 * place])
        self._count_aligned(scan, layer, links, by_key)
        record = self.records[scan.index]
        number = self._families.dealt(record.record_id, HABIT_GROUPS)
        habits = count_habits(record.sequence, links, scan.received)
        for name, values in zip(HABIT_COUNTS, habits, strict=True):
            self._sums[f"habit_{name}"][number, layer] += to_fixed(values)

    def total(self) -> Counters:
        """Return the sums over these proteins.

        Raises
        ------
        DatasetError
            If there are more hits than links: labels that hit where no link counts.
        """
        self._sums.check()
        return self._sums

    def _add_base(self, index: int, groups: _Groups) -> None:
        sums, n = self._sums, self.records[index].n_residues
        for group in groups.residues:
            columns = list(group.columns)
            sums["eligible"][columns] += group.known.sum()
            sums["positives"][columns] += (group.hits & group.known).sum(axis=1)
            sums["n_records"][columns] += 1
            sums["n_residues"][columns] += n
        for pair in groups.pairs:
            sums["eligible"][pair.column] += pair.eligible.sum()
            sums["positives"][pair.column] += pair.hits.sum()
            sums["n_records"][pair.column] += 1
            sums["n_residues"][pair.column] += n

    def _nulls_of(self, scan: LayerScan) -> _Nulls:
        """Return the nulls of a protein, kept from its first layer to its last."""
        if scan.index not in self._nulls:
            groups, sequence = self._groups[scan.index], self.records[scan.index].sequence
            self._nulls[scan.index] = _Nulls(
                [ResidueNulls(group, sequence) for group in groups.residues],
                [PairNulls(pair, sequence) for pair in groups.pairs],
            )
        if scan.layer < self.plan.n_layers:
            return self._nulls[scan.index]
        return self._nulls.pop(scan.index)

    def _count_residues(
        self,
        scan: LayerScan,
        layer: int,
        group: ResidueLabels,
        nulls: ResidueNulls,
        by_key: NDArray[np.float64],
    ) -> None:
        columns = list(group.columns)
        known = group.known.astype(np.float64)
        labels = (group.hits & group.known).astype(np.float64)
        could, hits = count_residue_links(by_key, group)
        if self.plan.mode == "paper":
            links, weight = by_key.sum(axis=1), scan.received.sum(axis=1)
        else:
            links, weight = could, scan.received @ known
        sums = self._sums
        sums["weight"][layer, :, columns] += to_fixed(weight)
        sums["weight_hits"][layer, :, columns] += to_fixed(scan.received @ labels.T).T
        for place, column in enumerate(columns):
            self._add(scan.index, layer, column, links, could, hits[:, place])
        self._add_nulls(scan.index, layer, columns, nulls.moments(by_key))

    def _count_pairs(
        self,
        scan: LayerScan,
        layer: int,
        pair: PairLabels,
        nulls: PairNulls,
        links: Links,
        weights: NDArray[np.float64],
    ) -> None:
        head, query, key = links
        column, n_heads = pair.column, len(weights)
        counted = pair.eligible[query, key]
        could, hits = count_pair_links(links, pair, n_heads)
        if self.plan.mode == "paper":
            all_links, weight = np.bincount(head, minlength=n_heads), scan.received.sum(axis=1)
        else:
            all_links, weight = could, weights[:, 0]
        sums = self._sums
        sums["weight"][layer, :, column] += to_fixed(weight)
        sums["weight_hits"][layer, :, column] += to_fixed(weights[:, 1])
        self._add(scan.index, layer, column, all_links, could, hits)
        self._add_nulls(scan.index, layer, column, nulls.moments(links, counted, hits))

    def _add(
        self,
        index: int,
        layer: int,
        column: int,
        links: NDArray[Any],
        could: NDArray[Any],
        hits: NDArray[Any],
    ) -> None:
        """Add what one protein's heads have of one column, (head,) each."""
        sums, group = self._sums, self._families.group(self.records[index].record_id)
        for name, values in (("links", links), ("could", could), ("hits", hits)):
            sums[name][layer, :, column] += values.astype(np.int64)
        for name, values in (("links", could), ("hits", hits)):
            sums[f"family_{name}"][group, layer, :, column] += values.astype(np.int64)

    def _add_nulls(
        self,
        index: int,
        layer: int,
        columns: int | list[int],
        nulls: Mapping[str, Moments],
    ) -> None:
        """Add one protein's moments: (head, column), or (head,) of one column."""
        record_id = self.records[index].record_id
        # Members of a family are taken to be copies of each other.
        copies = self._families.size(record_id)
        for null, moments in nulls.items():
            for moment, weight in zip(MOMENTS, (1, copies, copies**2), strict=True):
                name = f"{null}_{moment}"
                values = getattr(moments, moment) * weight
                self._sums[name][layer, :, columns] += to_fixed(values, unit_of(name)).T
        matched = nulls.get("separation", nulls["protein"])
        expected = nulls["protein"] if self.plan.mode == "eligible" else matched
        group = self._families.group(record_id)
        self._sums["family_expected"][group, layer, :, columns] += to_fixed(expected.expected).T

    def _count_aligned(
        self, scan: LayerScan, layer: int, links: Links, by_key: NDArray[np.float64]
    ) -> None:
        """Add what the links score on the relatives of a protein, if there are any."""
        aligned = self._families.aligned
        found = aligned and aligned.find(self.records[scan.index].record_id)
        if not aligned or not found:
            return
        number, member = found
        group, columns, sums = aligned.groups[number], self.plan.columns, self._sums
        first = sum(aligned.sizes[:number])
        members = slice(first, first + len(group.members))
        own = first + member
        if scan.layer == self.plan.n_layers:
            sums["aligned_rows"][own] += 1
        for excess in chain(
            group.of_residues(member, by_key, columns),
            group.of_pairs(member, links, len(by_key), columns),
        ):
            column, scores = excess.column, excess.scores
            sums["aligned_links"][own, layer, :, column] += excess.links.astype(np.int64)
            sums["aligned_hits"][own, layer, :, column] += excess.hits.astype(np.int64)
            sums["aligned_own"][own, layer, :, column] += to_fixed(scores[:, member])
            sums["aligned_scores"][members, layer, :, column] += to_fixed(scores).T
            sums["aligned_squares"][members, layer, :, column] += to_fixed(scores**2).T
            cubes = to_fixed((scores**3).sum(axis=1), unit_of("aligned_cubes"))
            sums["aligned_cubes"][number, layer, :, column] += cubes

    def _calibrate(
        self,
        scan: LayerScan,
        layer: int,
        pair: PairLabels,
        sums: NDArray[np.float64],
        squares: NDArray[np.float64],
    ) -> None:
        n_heads, n_bins = len(sums), len(BIN_EDGES) - 1
        chosen = (scan.weight >= np.float32(BIN_EDGES[1])) & pair.eligible[scan.query, scan.key]
        head, weight = scan.head[chosen], scan.weight[chosen]
        hit = pair.hits[scan.query[chosen], scan.key[chosen]]
        edges = np.asarray(BIN_EDGES, dtype=np.float32)
        bins = np.minimum(np.searchsorted(edges, weight, side="right") - 1, n_bins - 1)
        place, shape = head.astype(np.int64) * n_bins + bins, (n_heads, n_bins)
        pairs = np.bincount(place, minlength=n_heads * n_bins).reshape(shape)
        contacts = np.bincount(place[hit], minlength=n_heads * n_bins).reshape(shape)
        mass = np.bincount(place, weights=weight, minlength=n_heads * n_bins).reshape(shape)
        # What is below the first edge is never looked at one by one.
        pairs[:, 0] = pair.eligible.sum() - pairs.sum(axis=1)
        contacts[:, 0] = pair.hits.sum() - contacts.sum(axis=1)
        mass[:, 0] = sums[:, 0] - mass.sum(axis=1)
        self._sums["bin_pairs"][layer] += pairs
        self._sums["bin_contacts"][layer] += contacts
        self._sums["bin_weight"][layer] += to_fixed(mass)
        self._sums["square"][layer] += to_fixed(squares)
