"""The nulls of a protein against their slow definitions."""

from __future__ import annotations

import numpy as np
import pytest

from protvis.analysis.counting.features import PairLabels, ResidueLabels
from protvis.analysis.counting.nulls import Moments, PairNulls, ResidueNulls
from protvis.attention.chain_zones import chain_zones
from tests.analysis import slow_nulls


def near(found: Moments, place: tuple[int, ...], slow: tuple[float, float, float]) -> None:
    assert found.expected[place] == pytest.approx(slow[0], abs=2e-5)
    assert found.variance[place] == pytest.approx(slow[1], rel=1e-4, abs=1e-6)
    assert found.third[place] == pytest.approx(slow[2], rel=1e-3, abs=1e-5)


@pytest.fixture(params=[7, 31, 60])
def n(request: pytest.FixtureRequest) -> int:
    return request.param


@pytest.mark.slow
@pytest.mark.parametrize("sampled", [False, True])
@pytest.mark.parametrize("nearest", [1, 6])
def test_pairs(n: int, nearest: int, sampled: bool) -> None:
    rng = np.random.default_rng(n)
    sequence = "".join(rng.choice(list("ACCDX"), n))
    apart = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    known = rng.random(n) > 0.15
    eligible = known[:, None] & known & (apart >= nearest)
    upper = np.triu(rng.random((n, n)) < 0.1 + 0.3 * (apart % 4 == 0))
    hits = (upper | upper.T) & eligible
    attention = rng.random((4, n, n)) < np.array([0.05, 0.3, 0.0, 0.02])[:, None, None]
    links = tuple(part.astype(np.int32) for part in np.nonzero(attention))
    counted = eligible[links[1], links[2]]
    n_hits = (attention & hits).sum(axis=(1, 2))
    found = PairNulls(PairLabels(0, hits, eligible), sequence).moments(
        links, counted, n_hits, sampled=sampled
    )
    assert list(found) == ["protein", "separation", "shift", "amino_acid"]
    by_separation = np.zeros((n, n))
    for i, j in zip(*np.nonzero(eligible), strict=True):
        by_separation[i, j] = slow_nulls.rate_by_separation(hits, eligible, i, j)
    by_letters = slow_nulls.chances_by_amino_acid(hits, eligible, sequence)
    for head in range(4):
        own = list(zip(*np.nonzero(attention[head]), strict=True))
        could = [pair for pair in own if eligible[pair]]
        rate = hits.sum() / max(eligible.sum(), 1)
        near(found["protein"], (head,), slow_nulls.of_single_links([rate] * len(could)))
        chances = [by_separation[pair] for pair in could]
        near(found["separation"], (head,), slow_nulls.of_single_links(chances))
        for name, table in (("shift", by_separation), ("amino_acid", by_letters)):
            slow = slow_nulls.shifted_pairs(own, hits, eligible, table, sampled)
            near(found[name], (head,), slow)


@pytest.mark.parametrize("sampled", [False, True])
def test_a_protein_without_pairs_expects_nothing(n: int, sampled: bool) -> None:
    """Such as one without coordinates: links it has, none of which could be a contact."""
    none = np.zeros((n, n), dtype=bool)
    links = tuple(np.array(part, dtype=np.int32) for part in ([0, 0, 1], [0, 5, 1], [6, 0, 2]))
    found = PairNulls(PairLabels(0, none, none), "A" * n).moments(
        links, np.zeros(3, dtype=bool), np.zeros(2, dtype=np.int64), sampled=sampled
    )
    for moments in found.values():
        assert not np.any([moments.expected, moments.variance, moments.third])


@pytest.mark.parametrize("sampled", [False, True])
@pytest.mark.parametrize("n", [1, 2, 3, 40, 75])
def test_residues(n: int, sampled: bool) -> None:
    rng = np.random.default_rng(n)
    sequence = "".join(rng.choice(list("ACCDX"), n))
    known = rng.random(n) > 0.15
    hits = (rng.random((3, n)) < np.array([0.05, 0.4, 1.0])[:, None]) & known
    by_key = rng.poisson(rng.gamma(0.3, 3, (4, n))).astype(float)
    by_key[3] = 2.0
    found = ResidueNulls(ResidueLabels((0, 1, 2), hits, known), sequence).moments(
        by_key, sampled=sampled
    )
    assert list(found) == ["protein", "shift", "amino_acid"]
    places = np.flatnonzero(known)
    zones = [slow_nulls.zone(place, len(places)) for place in range(len(places))]
    letters = [sequence[place] for place in places]
    for head, column in np.ndindex(4, 3):
        profile, labels = by_key[head, places], hits[column, places].astype(float)
        if len(places) < 3:
            for name in found:
                near(found[name], (head, column), (float(profile @ labels), 0.0, 0.0))
            continue
        for name, groups in (("shift", [zones]), ("amino_acid", [zones, letters])):
            left = slow_nulls.what_groups_leave(labels, *groups)
            slow = slow_nulls.turned_profile(profile, labels, left, sampled)
            near(found[name], (head, column), slow)


def test_keys_that_exchange_places() -> None:
    rng = np.random.default_rng(1)
    labels = np.array([[1, 0, 0, 1, 0, 0, 1], [1, 0, 0, 0, 0, 0, 0]], dtype=bool)
    known = np.ones(7, dtype=bool)
    by_key = rng.integers(0, 9, (3, 7)).astype(float)
    found = ResidueNulls(ResidueLabels((0, 1), labels, known), "ACDEFGH").moments(by_key)
    for head, column in np.ndindex(3, 2):
        slow = slow_nulls.by_exchange(by_key[head], labels[column].astype(int))
        near(found["protein"], (head, column), slow)
        assert slow[2] != 0


def test_zones_of_short_and_long_chains() -> None:
    for n in (1, 2, 5, 47, 48, 49, 80):
        slow = [slow_nulls.zone(place, n) for place in range(n)]
        found = chain_zones(n)
        assert len(set(zip(found.tolist(), slow, strict=True))) == len(set(slow))
        assert len(set(found.tolist())) == len(set(slow))


def test_a_fixed_separation_has_no_freedom_to_miss_its_rate() -> None:
    """All pairs of one separation are looked at: there are exactly as many hits as expected."""
    rng = np.random.default_rng(2)
    n = 50
    apart = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    upper = np.triu(rng.random((n, n)) < 0.2)
    eligible = apart >= 6
    hits = (upper | upper.T) & eligible
    query = np.arange(n - 9, dtype=np.int32)
    links = (np.zeros_like(query), query, query + 9)
    labels = PairLabels(0, hits, eligible)
    n_hits = hits[query, query + 9].sum(keepdims=True)
    found = PairNulls(labels, "A" * n).moments(links, np.ones(n - 9, dtype=bool), n_hits)
    for name in ("separation", "shift"):
        assert found[name].expected[0] == pytest.approx(n_hits[0], abs=1e-4)
    assert found["separation"].variance[0] > 1
