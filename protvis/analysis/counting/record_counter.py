"""Counting: one layer of one protein's attention becomes numbers to be added up."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from protvis.analysis.counting.counters import Counters, to_fixed
from protvis.analysis.counting.features import PairLabels, ResidueLabels, label_record
from protvis.analysis.counting.link_counts import (
    count_pair_links,
    count_residue_links,
    links_by_key,
    links_by_query,
    rates_by_separation,
)
from protvis.analysis.counting.permutations import (
    PairOverlaps,
    permute_keys,
    permute_rows,
    shuffle_rows,
    type_matrix,
)
from protvis.analysis.counting.plan import BIN_EDGES, Plan
from protvis.datasets import Record
from protvis.models.layer_scan import LayerScan

__all__ = ["RecordCounter", "bootstrap_weights", "count_floor", "poisson_weights"]


def count_floor(plan: Plan) -> float:
    """Return the weight from which on single weights are needed."""
    return min(plan.threshold, BIN_EDGES[1]) if plan.has_contacts else plan.threshold


def bootstrap_weights(record_id: str, plan: Plan) -> NDArray[np.int64]:
    """Return `poisson_weights` for a plan's bootstrap: int64 array (replicate,)."""
    return poisson_weights(record_id, plan.n_bootstrap, plan.seed)


def poisson_weights(record_id: str, n_bootstrap: int, seed: int) -> NDArray[np.int64]:
    """Return how often each bootstrap replicate takes a protein: Poisson(1), drawn by its id.

    The Poisson bootstrap draws each protein independently, so that replicates can be counted in
    one pass and in any order (Chamandy et al., "Estimating uncertainty for massive data streams",
    2012); with many proteins it is the usual one.

    Returns
    -------
    int64 array (replicate,)
    """
    digest = hashlib.sha256(f"{seed}\n{record_id}".encode("utf-8", "surrogatepass")).digest()
    rng = np.random.Generator(np.random.Philox(key=int.from_bytes(digest[:16], "little")))
    return rng.poisson(1.0, n_bootstrap).astype(np.int64)


@dataclass(frozen=True)
class _Groups:
    residues: list[ResidueLabels]
    pairs: list[PairLabels]


class RecordCounter:
    """Counts the attention of some proteins, layer by layer.

    Parameters
    ----------
    plan : Plan
    records : sequence of Record
        As they are read by the model: cut to `plan.max_residues`.
    """

    def __init__(self, plan: Plan, records: Sequence[Record]) -> None:
        self.plan = plan
        self.records = records
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
        self._types = [type_matrix(record.sequence) for record in records]
        shape = (len(records), plan.n_layers, plan.n_heads, len(plan.columns))
        # The bootstrap takes whole proteins, so their counts stay apart until the end.
        self._links, self._hits, self._expected = (np.zeros(shape, np.int64) for _ in range(3))
        base = (len(records), len(plan.columns))
        self._eligible, self._positives = (np.zeros(base, np.int64) for _ in range(2))
        for index, groups in enumerate(self._groups):
            self._add_base(index, groups)
        self._overlaps: dict[tuple[int, int], PairOverlaps] = {}

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
        by_key = links_by_key(head, key, n_heads, n)
        for group in groups.residues:
            self._count_residues(scan, layer, group, (head, query, key), by_key)
        for place, pair in enumerate(groups.pairs):
            sums = scan.pair_sums[:, 2 * place : 2 * place + 2]
            self._count_pairs(scan, layer, pair, (head, query, key), by_key, sums)
            if self.plan.columns[pair.column].feature == "contact":
                self._calibrate(scan, layer, pair, sums, scan.pair_squares[:, 2 * place])

    def total(self) -> Counters:
        """Return the sums over these proteins, bootstrap replicates included.

        Raises
        ------
        DatasetError
            If there are more hits than links: labels that hit where no link counts.
        """
        plan, sums = self.plan, self._sums
        weights = np.stack(
            [bootstrap_weights(record.record_id, plan) for record in self.records]
            or [np.zeros(plan.n_bootstrap, dtype=np.int64)]
        ).T
        for name, counts in (
            ("links", self._links),
            ("hits", self._hits),
            ("expected", self._expected),
            ("eligible", self._eligible),
            ("positives", self._positives),
        ):
            sums.arrays[name] = counts.sum(axis=0)
            replicates = sums.arrays[f"boot_{name}"]
            if len(counts) and len(replicates):
                # Products of whole numbers below 2**53: exact in double precision, and quick.
                flat = weights.astype(np.float64) @ counts.reshape(len(counts), -1)
                sums.arrays[f"boot_{name}"] = flat.astype(np.int64).reshape(replicates.shape)
        sums.check()
        return sums

    def _add_base(self, index: int, groups: _Groups) -> None:
        n = self.records[index].n_residues
        for group in groups.residues:
            columns = list(group.columns)
            self._eligible[index, columns] = group.known.sum()
            self._positives[index, columns] = (group.hits & group.known).sum(axis=1)
            self._sums["n_records"][columns] += 1
            self._sums["n_residues"][columns] += n
        for pair in groups.pairs:
            self._eligible[index, pair.column] = pair.eligible.sum()
            self._positives[index, pair.column] = pair.hits.sum()
            self._sums["n_records"][pair.column] += 1
            self._sums["n_residues"][pair.column] += n

    def _overlaps_of(self, scan: LayerScan, pair: PairLabels) -> PairOverlaps:
        """Return the overlaps of a pair's labels, kept from a protein's first layer to its last."""
        place = (scan.index, pair.column)
        if place not in self._overlaps:
            # In the mode of the paper every link counts, wherever it falls.
            paper = self.plan.mode == "paper"
            outside = np.zeros_like(pair.eligible) if paper else ~pair.eligible
            self._overlaps[place] = PairOverlaps.of(pair.hits, outside)
        if scan.layer < self.plan.n_layers:
            return self._overlaps[place]
        return self._overlaps.pop(place)

    def _count_residues(
        self,
        scan: LayerScan,
        layer: int,
        group: ResidueLabels,
        links: tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]],
        by_key: NDArray[np.float64],
    ) -> None:
        columns = list(group.columns)
        known = group.known.astype(np.float64)
        hits = (group.hits & group.known).astype(np.float64)
        paper = self.plan.mode == "paper"
        n_links, n_hits = count_residue_links(by_key, group, paper=paper)
        weight = scan.received.sum(axis=1) if paper else scan.received @ known
        self._links[scan.index, layer, :, columns] = n_links
        self._hits[scan.index, layer, :, columns] = n_hits.T
        sums = self._sums
        sums["weight"][layer, :, columns] += to_fixed(weight)
        sums["weight_hits"][layer, :, columns] += to_fixed(scan.received @ hits.T).T
        moments = permute_keys(by_key, hits, known[:, None])
        matched = permute_keys(by_key, hits, self._types[scan.index] * known[:, None])
        counted = np.ones_like(group.known) if paper else group.known
        by_query = links_by_query(links, counted[links[2]], *by_key.shape)
        # Every row has the same places.
        places = np.full(len(counted), counted.sum(), dtype=np.float64)
        wanted = np.repeat(hits.sum(axis=1)[:, None], len(counted), axis=1)
        for name, values in zip(
            (
                "permutation_mean", "permutation_variance", "type_mean", "type_variance",
                "shuffle_mean", "shuffle_variance",
            ),
            (*moments, *matched, *shuffle_rows(by_query, wanted, places)),
            strict=True,
        ):  # fmt: skip
            sums[name][layer, :, columns] += to_fixed(values).T

    def _count_pairs(
        self,
        scan: LayerScan,
        layer: int,
        pair: PairLabels,
        links: tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]],
        by_key: NDArray[np.float64],
        weights: NDArray[np.float64],
    ) -> None:
        head, query, key = links
        column, n_heads = pair.column, len(by_key)
        paper = self.plan.mode == "paper"
        n_links, n_hits = count_pair_links(links, pair, n_heads, paper=paper)
        self._links[scan.index, layer, :, column] = n_links
        self._hits[scan.index, layer, :, column] = n_hits
        sums = self._sums
        all_weight = scan.received.sum(axis=1) if paper else weights[:, 0]
        sums["weight"][layer, :, column] += to_fixed(all_weight)
        sums["weight_hits"][layer, :, column] += to_fixed(weights[:, 1])
        moments = permute_rows(links, by_key, self._overlaps_of(scan, pair))
        counted = np.ones_like(pair.eligible) if paper else pair.eligible
        by_query = links_by_query(links, counted[query, key], *by_key.shape)
        mean, variance = shuffle_rows(by_query, pair.hits.sum(axis=1)[None], counted.sum(axis=1))
        for name, values in (
            ("permutation_mean", moments.hits),
            ("permutation_variance", moments.hits_variance),
            ("permutation_links", moments.links),
            ("permutation_links_variance", moments.links_variance),
            ("permutation_misses_variance", moments.misses_variance),
            ("shuffle_mean", mean[:, 0]),
            ("shuffle_variance", variance[:, 0]),
        ):
            sums[name][layer, :, column] += to_fixed(values)
        if self.plan.mode == "separation-matched":
            rates = rates_by_separation(pair)
            eligible = pair.eligible[query, key]
            apart = np.abs(query - key)[eligible]
            expected = np.bincount(head[eligible], weights=rates[apart], minlength=n_heads)
            self._expected[scan.index, layer, :, column] = to_fixed(expected)

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
