"""Counting: one layer of one protein's attention becomes numbers to be added up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain, compress

import numpy as np
from numpy.typing import NDArray

from protvis.analysis.counting.column_counts import (
    ColumnCounts,
    RecordLabels,
    RecordNulls,
    count_columns,
)
from protvis.analysis.counting.counters import (
    FAMILY_COUNTS,
    HABIT_COUNTS,
    LEVEL_GROUPS,
    MOMENTS,
    NULLS,
    Counters,
    to_fixed,
    unit_of,
)
from protvis.analysis.counting.family_groups import FamilyGroups
from protvis.analysis.counting.features import PairLabels, label_record
from protvis.analysis.counting.habits import HABIT_GROUPS, count_habits
from protvis.analysis.counting.levels import links_of_levels
from protvis.analysis.counting.link_counts import links_by_key
from protvis.analysis.counting.nulls import PairNulls, ResidueNulls
from protvis.analysis.counting.plan import BIN_EDGES, LEVELS, Plan
from protvis.datasets import Record
from protvis.models.layer_scan import LayerScan

__all__ = ["RecordCounter", "count_floor"]

Links = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]

_NAMES = ("links", "hits", "could", *(f"{null}_{moment}" for null in NULLS for moment in MOMENTS))


def count_floor(plan: Plan) -> float:
    """Return the weight from which on single weights are needed."""
    return min(plan.threshold, BIN_EDGES[1], LEVELS[0])


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
        self._level_place = {column: at for at, column in enumerate(plan.level_columns)}
        self._sums = Counters.zeros(plan)
        self._groups = [
            RecordLabels(
                *label_record(
                    record,
                    plan.columns,
                    cutoff=plan.cutoff,
                    min_separation=plan.min_separation,
                )
            )
            for record in records
        ]
        self._nulls: dict[int, RecordNulls] = {}
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
        n_heads = len(scan.received)
        over = scan.weight >= self._floor
        links = (scan.head[over], scan.query[over], scan.key[over])
        of_levels = links_of_levels(scan)
        at_levels = (of_levels.head, of_levels.query, of_levels.key)
        nulls = self._nulls_of(scan)
        for found in count_columns(links, n_heads, groups, nulls):
            self._add(scan, layer, found)
        counted = self._at_levels(groups, nulls)
        for found in count_columns(at_levels, of_levels.n_heads, *counted, sampled=True):
            self._add_levels(scan, layer, of_levels.set_of, found)
        for group in groups.residues:
            known = group.known.astype(np.float64)
            on_hits = scan.received @ (group.hits & group.known).astype(np.float64).T
            self._weigh(scan, layer, list(group.columns), scan.received @ known, on_hits)
        for place, pair in enumerate(groups.pairs):
            sums = scan.pair_sums[:, 2 * place : 2 * place + 2]
            self._weigh(scan, layer, [pair.column], sums[:, 0], sums[:, 1:])
            if self.plan.columns[pair.column].feature == "contact":
                self._calibrate(scan, layer, pair, sums, scan.pair_squares[:, 2 * place])
        self._count_aligned(scan, layer, links)
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

    def _add_base(self, index: int, groups: RecordLabels) -> None:
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

    def _nulls_of(self, scan: LayerScan) -> RecordNulls:
        """Return the nulls of a protein, kept from its first layer to its last."""
        if scan.index not in self._nulls:
            groups, sequence = self._groups[scan.index], self.records[scan.index].sequence
            self._nulls[scan.index] = RecordNulls(
                [ResidueNulls(group, sequence) for group in groups.residues],
                [PairNulls(pair, sequence) for pair in groups.pairs],
            )
        if scan.layer < self.plan.n_layers:
            return self._nulls[scan.index]
        return self._nulls.pop(scan.index)

    def _at_levels(
        self, groups: RecordLabels, nulls: RecordNulls
    ) -> tuple[RecordLabels, RecordNulls]:
        """Return the labels that are counted at every level, and their nulls."""
        kept = [group.columns[0] in self._level_place for group in groups.residues]
        return (
            RecordLabels(list(compress(groups.residues, kept)), groups.pairs),
            RecordNulls(list(compress(nulls.residues, kept)), nulls.pairs),
        )

    def _weigh(
        self,
        scan: LayerScan,
        layer: int,
        columns: list[int],
        weight: NDArray[np.float64],
        on_hits: NDArray[np.float64],
    ) -> None:
        """Add attention without a threshold: (head,) and (head, column)."""
        if self.plan.mode == "paper":
            weight = scan.received.sum(axis=1)
        self._sums["weight"][layer][:, columns] += to_fixed(weight)[:, None]
        self._sums["weight_hits"][layer][:, columns] += to_fixed(on_hits)

    def _add(self, scan: LayerScan, layer: int, found: ColumnCounts) -> None:
        """Add what one protein's heads have of some columns."""
        group = self._families.group(self.records[scan.index].record_id)
        sums = {name: self._sums[name][layer] for name in _NAMES}
        families = {name: self._sums[f"family_{name}"][group, layer] for name in FAMILY_COUNTS}
        self._add_to(sums, families, scan.index, found.columns, found)

    def _add_levels(
        self, scan: LayerScan, layer: int, set_of: Sequence[int], found: ColumnCounts
    ) -> None:
        """Add what one protein's heads have at every level; heads of `found` are those of sets."""
        columns = [self._level_place[column] for column in found.columns]
        group = self._families.dealt(self.records[scan.index].record_id, LEVEL_GROUPS)
        sums = {name: self._sums[f"level_{name}"][:, layer] for name in _NAMES}
        families = {
            name: self._sums[f"level_family_{name}"][:, group, layer] for name in FAMILY_COUNTS
        }
        self._add_to(sums, families, scan.index, columns, found, list(set_of))

    def _add_to(
        self,
        sums: Mapping[str, NDArray[np.int64]],
        families: Mapping[str, NDArray[np.int64]],
        index: int,
        columns: Sequence[int],
        found: ColumnCounts,
        set_of: list[int] | None = None,
    ) -> None:
        """Add to views of counters, (head, column) each; (level, head, column) with `set_of`."""
        first, n = columns[0], len(columns)
        # A slice is added in place, which a list of columns is not.
        among = slice(first, first + n) if columns[-1] - first == n - 1 else list(columns)

        def add(total: NDArray[np.int64], values: NDArray[np.int64]) -> None:
            if set_of is not None:
                values = values.reshape(-1, total.shape[-2], values.shape[-1])[set_of]
            total[..., among] += values

        could, hits = found.could.astype(np.int64)[:, None], found.hits.astype(np.int64)
        links = found.links.astype(np.int64)[:, None] if self.plan.mode == "paper" else could
        for total, values in (
            (sums["links"], links), (sums["could"], could), (sums["hits"], hits),
            (families["links"], could), (families["hits"], hits),
        ):  # fmt: skip
            add(total, values)
        # Members of a family are taken to be copies of each other.
        copies = self._families.size(self.records[index].record_id)
        for null, moments in found.nulls.items():
            for moment, weight in zip(MOMENTS, (1, copies, copies**2), strict=True):
                name = f"{null}_{moment}"
                add(sums[name], to_fixed(getattr(moments, moment) * weight, unit_of(name)))
        matched = found.nulls.get("separation", found.nulls["protein"])
        expected = found.nulls["protein"] if self.plan.mode == "eligible" else matched
        add(families["expected"], to_fixed(expected.expected))

    def _count_aligned(self, scan: LayerScan, layer: int, links: Links) -> None:
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
        by_key = links_by_key(links[0], links[2], *scan.received.shape)
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
