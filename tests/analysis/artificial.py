"""Counters made from small artificial data by loops, and from drawn links without any signal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from protvis.analysis.counting.counters import Counters, to_fixed
from protvis.analysis.counting.features import Column
from protvis.analysis.counting.plan import BIN_EDGES, Plan
from protvis.analysis.counting.result import Result
from protvis.labels import AMINO_ACIDS

SITE = Column("binding_site", "", "residue")
CONTACT = Column("contact", "", "pair")


@dataclass(frozen=True)
class Protein:
    """Attention (layer, head, query, key), and what is true of residues and pairs."""

    attention: np.ndarray
    letters: str
    sites: np.ndarray
    contacts: np.ndarray
    eligible: np.ndarray

    def label(self, column: Column, i: int, j: int) -> tuple[bool, bool]:
        """Return whether a pair counts for a column, and whether it hits."""
        if column.kind == "pair":
            return bool(self.eligible[i, j]), bool(self.contacts[i, j])
        if column.feature == "amino_acid":
            return self.letters[j] in AMINO_ACIDS, self.letters[j] == column.value
        return True, bool(self.sites[j])


def draw_protein(
    rng: np.random.Generator, n: int, n_layers: int = 2, n_heads: int = 3, letters: str = "ACDX"
) -> Protein:
    scores = rng.normal(scale=3.0, size=(n_layers, n_heads, n, n))
    scores[0, 0] /= 3.5  # A head with few links.
    weights = np.exp(scores)
    attention = (weights / weights.sum(-1, keepdims=True)).astype(np.float32)
    separation = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    apart = separation >= 3
    upper = np.triu(rng.random((n, n)) < np.where(separation % 4 == 0, 0.6, 0.1), 1)
    contacts = (upper | upper.T) & apart
    return Protein(
        attention,
        "".join(rng.choice(list(letters), n)),
        rng.random(n) < 0.3,
        contacts,
        apart,
    )


def count(proteins: Sequence[Protein], plan: Plan) -> Result:
    """Count by loops over everything; the moments of permutations stay 0."""
    counters = Counters.zeros(plan)
    sums: dict[str, Any] = counters.arrays
    draws = np.random.default_rng(plan.seed).poisson(1.0, (len(proteins), plan.n_bootstrap))
    names = ("links", "hits", "expected", "eligible", "positives")
    for protein, weights in zip(proteins, draws, strict=True):
        own = {name: np.zeros_like(sums[name]) for name in names}
        for place, column in enumerate(plan.columns):
            sums["n_records"][place] += 1
            sums["n_residues"][place] += len(protein.letters)
            _count_column(protein, plan, place, column, own, sums)
        for name in names:
            sums[name] += own[name]
            replicates = sums[f"boot_{name}"]
            for b in range(len(replicates)):
                replicates[b] += weights[b] * own[name]
    return Result(plan, counters, n_records=len(proteins))


def _count_column(
    protein: Protein, plan: Plan, place: int, column: Column, own: Any, sums: Any
) -> None:
    n = len(protein.letters)
    pairs = [(i, j, *protein.label(column, i, j)) for i in range(n) for j in range(n)]
    for i, _, counts, hit in pairs:
        if column.kind == "pair" or i == 0:
            own["eligible"][place] += counts
            own["positives"][place] += hit
    for layer, head in np.ndindex(plan.n_layers, plan.n_heads):
        where = (layer, head, place)
        for i, j, counts, hit in pairs:
            weight = float(protein.attention[layer, head, i, j])
            link = protein.attention[layer, head, i, j] >= np.float32(plan.threshold)
            if counts or plan.mode == "paper":
                own["links"][where] += link
                sums["weight"][where] += to_fixed(np.array(weight))
            if hit:
                own["hits"][where] += link
                sums["weight_hits"][where] += to_fixed(np.array(weight))
            if plan.mode == "separation-matched" and column.kind == "pair" and counts and link:
                alike = [h for a, b, c, h in pairs if c and abs(a - b) == abs(i - j)]
                own["expected"][where] += to_fixed(np.array(sum(alike) / len(alike)))
            if column == CONTACT and counts:
                k = max(k for k in range(len(BIN_EDGES) - 1) if weight >= BIN_EDGES[k])
                sums["bin_pairs"][layer, head, k] += 1
                sums["bin_contacts"][layer, head, k] += hit
                sums["bin_weight"][layer, head, k] += to_fixed(np.array(weight))
                sums["square"][layer, head] += to_fixed(np.array(weight**2))


@dataclass(frozen=True)
class Chance:
    """Heads that look at a few keys of each protein, with many links to each.

    Attributes
    ----------
    rate : float
        Mean share of residues with the property.
    spread : float
        How much proteins differ in it: their shares have the variance rate (1 - rate) spread /
        (1 + spread), about.
    keys : float
        How many keys a head looks at in a protein, on average.
    links : float
        How many links each of them gets, on average.
    active : float
        In which share of the proteins a head looks at anything.
    preference : float
        How much likelier a key with the property is looked at; 1 is chance.
    """

    n_proteins: int = 40
    rate: float = 0.05
    spread: float = 0.02
    keys: float = 3.0
    links: float = 4.0
    active: float = 1.0
    preference: float = 1.0
    n_bootstrap: int = 200


def draw_chance(chance: Chance, seed: int, n_layers: int = 10, n_heads: int = 20) -> Result:
    """Return the counts of such heads."""
    rng = np.random.default_rng(seed)
    plan = Plan((SITE,), n_layers, n_heads, n_bootstrap=chance.n_bootstrap)
    heads = (n_layers, n_heads)
    n_proteins = chance.n_proteins
    links, hits = np.zeros((2, n_proteins, *heads))
    lengths, positives = np.zeros((2, n_proteins))
    mean, variance = np.zeros((2, *heads))
    for p in range(n_proteins):
        n = int(rng.integers(60, 300))
        share = rng.beta(chance.rate / chance.spread, (1 - chance.rate) / chance.spread)
        labels = (rng.random(n) < share).astype(float)
        lengths[p], positives[p] = n, labels.sum()
        n_keys = rng.poisson(chance.keys, heads) * (rng.random(heads) < chance.active)
        owner = np.repeat(np.arange(n_keys.size), n_keys.ravel())
        odds = 1 + (chance.preference - 1) * labels
        keys = rng.choice(n, len(owner), p=odds / odds.sum())
        weight = 1 + rng.poisson(chance.links - 1, len(owner))
        by_key = np.bincount(owner * n + keys, weight, minlength=n_keys.size * n).reshape(*heads, n)
        links[p], hits[p] = by_key.sum(-1), by_key @ labels
        mean += links[p] * labels.mean()
        variance += by_key.var(axis=-1) * labels.var() * n * n / (n - 1)
    draws = rng.poisson(1.0, (plan.n_bootstrap, n_proteins))
    counters = Counters.zeros(plan)
    for name, values in (
        ("links", links),
        ("hits", hits),
        ("eligible", lengths),
        ("positives", positives),
    ):
        counters.arrays[name] = values.sum(axis=0).astype(np.int64)[..., None]
        replicates = np.tensordot(draws, values, axes=1)
        counters.arrays[f"boot_{name}"] = np.rint(replicates).astype(np.int64)[..., None]
    counters.arrays["n_records"] += n_proteins
    counters.arrays["permutation_mean"] = to_fixed(mean)[..., None]
    counters.arrays["permutation_variance"] = to_fixed(variance)[..., None]
    return Result(plan, counters, n_records=n_proteins)
