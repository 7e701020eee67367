"""Counters made from small artificial data by loops, and from drawn links without any signal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
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
    """Count by loops over everything, each protein a family; moments of nulls stay 0."""
    plan = replace(plan, n_groups=len(proteins))
    counters = Counters.zeros(plan)
    sums: dict[str, Any] = counters.arrays
    for number, protein in enumerate(proteins):
        for place, column in enumerate(plan.columns):
            sums["n_records"][place] += 1
            sums["n_residues"][place] += len(protein.letters)
            _count_column(protein, plan, place, column, number, sums)
    families = {f"p{number}": f"p{number}" for number in range(len(proteins))}
    return Result(plan, counters, n_records=len(proteins), families=families)


def _count_column(
    protein: Protein, plan: Plan, place: int, column: Column, number: int, sums: Any
) -> None:
    n = len(protein.letters)
    pairs = [(i, j, *protein.label(column, i, j)) for i in range(n) for j in range(n)]
    for i, _, counts, hit in pairs:
        if column.kind == "pair" or i == 0:
            sums["eligible"][place] += counts
            sums["positives"][place] += hit
    for layer, head in np.ndindex(plan.n_layers, plan.n_heads):
        where = (layer, head, place)
        for i, j, counts, hit in pairs:
            weight = float(protein.attention[layer, head, i, j])
            link = protein.attention[layer, head, i, j] >= np.float32(plan.threshold)
            if counts or plan.mode == "paper":
                sums["links"][where] += link
                sums["weight"][where] += to_fixed(np.array(weight))
            if hit:
                sums["hits"][where] += link
                sums["family_hits"][(number, *where)] += link
                sums["weight_hits"][where] += to_fixed(np.array(weight))
            if counts and link:
                sums["could"][where] += 1
                sums["family_links"][(number, *where)] += 1
                near = column.kind == "pair" and plan.mode != "eligible"
                alike = [h for a, b, c, h in pairs if c and (not near or abs(a - b) == abs(i - j))]
                expected = to_fixed(np.array(sum(alike) / len(alike)))
                sums["family_expected"][(number, *where)] += expected
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


def draw_chance(chance: Chance, seed: int, n_layers: int = 10, n_heads: int = 20) -> Result:
    """Return the counts of such heads."""
    rng = np.random.default_rng(seed)
    n_proteins = chance.n_proteins
    plan = Plan((SITE,), n_layers, n_heads, n_groups=n_proteins)
    heads = (n_layers, n_heads)
    links, hits = np.zeros((2, n_proteins, *heads))
    lengths, positives = np.zeros((2, n_proteins))
    mean = np.zeros((n_proteins, *heads))
    variance = np.zeros(heads)
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
        mean[p] = links[p] * labels.mean()
        variance += by_key.var(axis=-1) * labels.var() * n * n / (n - 1)
    counters = Counters.zeros(plan)
    for name, values in (
        ("links", links.sum(axis=0)),
        ("could", links.sum(axis=0)),
        ("hits", hits.sum(axis=0)),
        ("family_links", links),
        ("family_hits", hits),
        ("family_expected", to_fixed(mean)),
        ("protein_expected", to_fixed(mean.sum(axis=0))),
        ("protein_variance", to_fixed(variance)),
    ):
        counters.arrays[name] = values.astype(np.int64)[..., None]
    counters.arrays["eligible"][:] = lengths.sum()
    counters.arrays["positives"][:] = positives.sum()
    counters.arrays["n_records"] += n_proteins
    return Result(plan, counters, n_records=n_proteins)
