"""Counting links and hits of all heads, beside the loop that defines them.

The definition (Vig et al., "BERTology meets biology", ICLR 2021): a head's share of links that have
a property f is Σ f(i, j)·1[α_ij ≥ θ] / Σ 1[α_ij ≥ θ], over all pairs of residues. The authors'
program takes all heads of a pair at once, pair by pair and property by property, and so does the
loop here. The attention is drawn: rows of 510 weights, of which four in ten have one above θ = 0.3.

CPU seconds of this process, one thread. The loop is run once, the rest in turns; of these, medians.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import torch
from proteins import LETTERS, draw_coordinates
from report import Report, duration

from protvis.analysis.counting.features import columns_of, label_record
from protvis.analysis.counting.link_counts import (
    count_pair_links,
    count_residue_links,
    links_by_key,
)
from protvis.analysis.counting.plan import Plan
from protvis.analysis.counting.record_counter import RecordCounter, count_floor
from protvis.datasets import Record
from protvis.models.layer_scan import find_large, masks_on, scan_layer

N_LAYERS, N_HEADS, N_RESIDUES = 12, 12, 510
THRESHOLD = 0.3
N_ROUNDS = 9
RATIO = 300


def draw_attention(rng: np.random.Generator) -> np.ndarray:
    """Return attention (layer, head, query, key)."""
    attention = np.empty((N_LAYERS, N_HEADS, N_RESIDUES, N_RESIDUES), dtype=np.float32)
    for layer in attention:
        weights = np.exp(rng.normal(scale=3.0, size=layer.shape))
        layer[:] = weights / weights.sum(-1, keepdims=True)
    return attention


def count_literally(
    attention: np.ndarray, sequence: str, contacts: np.ndarray
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return links and hits of each property, (layer, head) each, pair by pair."""
    properties = {"contact": lambda i, j: int(contacts[i, j])}
    for letter in LETTERS:
        properties[letter] = lambda i, j, letter=letter: int(sequence[j] == letter)
    links = np.zeros(attention.shape[:2], dtype=np.int64)
    hits = {name: np.zeros(attention.shape[:2], dtype=np.int64) for name in properties}
    for i in range(len(sequence)):
        for j in range(len(sequence)):
            mask = (attention[:, :, i, j] >= THRESHOLD).astype(np.int64)
            links += mask
            for name, has in properties.items():
                hits[name] += mask * has(i, j)
    return links, hits


class Counting:
    """The same, as protvis counts it."""

    def __init__(self, attention: np.ndarray, record: Record) -> None:
        self.record = record
        self.blocks = torch.from_numpy(attention)
        offered = {"contact": ("pair",), "amino_acid": tuple(LETTERS)}
        columns = columns_of(["contact", "amino_acid"], offered)
        self.plan = Plan(columns, N_LAYERS, N_HEADS, mode="paper", threshold=THRESHOLD)
        self.residues, self.pairs = label_record(record, columns, cutoff=8.0, min_separation=6)

    def links_and_hits(self) -> tuple[np.ndarray, np.ndarray]:
        """Return links and hits, (layer, head, column) each."""
        shape = (N_LAYERS, N_HEADS, len(self.plan.columns))
        links, hits = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
        for layer, block in enumerate(self.blocks):
            head, query, key, _ = find_large(block, THRESHOLD)
            # As the paper has it, all links count.
            links[layer] = np.bincount(head, minlength=N_HEADS)[:, None]
            by_key = links_by_key(head, key, N_HEADS, N_RESIDUES)
            for group in self.residues:
                hits[layer, :, list(group.columns)] = count_residue_links(by_key, group)[1].T
            for pair in self.pairs:
                found = count_pair_links((head, query, key), pair, N_HEADS)
                hits[layer, :, pair.column] = found[1]
        return links, hits

    def everything(self) -> Any:
        """Return all that one pass counts of a protein."""
        plan = Plan(self.plan.columns, N_LAYERS, N_HEADS, threshold=THRESHOLD)
        counter = RecordCounter(plan, [self.record])
        masks = masks_on(counter.masks(0), N_RESIDUES, self.blocks.device)
        for layer, block in enumerate(self.blocks):
            counter.receive(scan_layer(block, 0, layer + 1, count_floor(plan), masks))
        return counter.total()


def in_turns(jobs: dict[str, Callable[[], Any]]) -> dict[str, float]:
    """Return the median CPU seconds of each job, run in turns after once unmeasured."""
    times: dict[str, list[float]] = {name: [] for name in jobs}
    for number in range(N_ROUNDS + 1):
        for name, job in jobs.items():
            start = time.process_time()
            job()
            if number:
                times[name].append(time.process_time() - start)
    return {name: statistics.median(found) for name, found in times.items()}


def main() -> None:
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    attention = draw_attention(rng)
    record = Record(
        "drawn",
        "".join(rng.choice([*LETTERS], N_RESIDUES)),
        coordinates=draw_coordinates(rng, N_RESIDUES),
    )
    counting = Counting(attention, record)

    start = time.process_time()
    true_links, true_hits = count_literally(attention, record.sequence, counting.pairs[0].hits)
    literal = time.process_time() - start
    links, hits = counting.links_and_hits()
    same = [(links[..., place] == true_links).all() for place in range(links.shape[-1])]
    for place, column in enumerate(counting.plan.columns):
        same.append((hits[..., place] == true_hits[column.value or column.feature]).all())

    median = in_turns({"counting": counting.links_and_hits, "pass": counting.everything})
    faster = literal / median["counting"]
    report = Report("Counting contacts and 20 amino acids, 12 × 12 heads, 510 residues")
    report.note("links in the protein", f"{true_links.sum():,}")
    report.note("the loop over pairs and properties", f"{duration(literal)} of one thread")
    report.check(
        "links and hits, as protvis counts them",
        f"{duration(median['counting'])}, {faster:,.0f} × faster",
        f"≥ {RATIO} ×",
        faster >= RATIO,
    )
    report.check(
        "  the same counts",
        f"{sum(same)} of {len(same)} tables of 144 heads",
        "all",
        all(same),
    )
    report.note(
        "with all nulls, all thresholds, shares of attention, calibration",
        f"{duration(median['pass'])}, {literal / median['pass']:,.0f} × faster",
    )
    report.finish()


if __name__ == "__main__":
    main()
