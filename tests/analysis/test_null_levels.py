"""Heads that know nothing, through all of `analyze`: what a null calls a discovery is a false one.

Four habits, none of which knows the protein: keys drawn anywhere; a few sinks; an offset, the same
in all proteins; runs of neighbours that look at the same residue. The proteins have residues that
are not observed, and labels that are known of the others only.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import protvis as pv
from protvis.analysis.counting.plan import MODES
from protvis.annotations import PairTrack, Track
from protvis.datasets import Record
from tests.analysis.planted import LETTERS, MemoryDataset, PlantedModel

HABITS = ("anywhere", "sinks", "offset", "runs")
"""One for each layer."""

N_HEADS, N_PROTEINS = 32, 40
FEATURES = ("contact", "disulfide", "binding_site")


def draw_protein(rng: np.random.Generator, number: int) -> Record:
    n = int(rng.integers(50, 70))
    observed = rng.random(n) >= 0.15
    letters = rng.choice(list(LETTERS), n)
    letters[rng.choice(n, 6, replace=False)] = "C"
    walk = np.cumsum(rng.normal(scale=3.0, size=(n, 3)), axis=0)
    walk *= 16.0 / np.sqrt((walk**2).sum(axis=1).mean())
    walk[~observed] = np.nan
    pairs = np.triu(rng.random((n, n)) < 0.08)
    binds = np.where(letters == "C", rng.random(n) < 0.5, rng.random(n) < 0.1)
    return Record(
        f"p{number}",
        "".join(letters),
        {
            "disulfide": PairTrack("disulfide", pairs | pairs.T, "drawn"),
            # Nothing binds where nothing is seen.
            "binding_site": Track("binding site", "site", binds & observed, "drawn"),
        },
        coordinates=walk.astype(np.float32),
        observed=observed,
        from_coordinates=frozenset({"disulfide", "binding_site"}),
    )


def draw_keys(rng: np.random.Generator, habit: str, head: int, n: int) -> np.ndarray:
    if habit == "anywhere":
        return rng.integers(0, n, n)
    if habit == "sinks":
        return rng.choice(rng.choice(n, 3, replace=False), n)
    if habit == "offset":
        return (np.arange(n) + 7 + head % 16) % n
    return np.repeat(rng.integers(0, n, n // 6 + 1), 6)[:n]


@pytest.fixture(scope="module")
def world() -> tuple[MemoryDataset, PlantedModel]:
    rng = np.random.default_rng(11)
    records = [draw_protein(rng, number) for number in range(N_PROTEINS)]
    attention = {}
    for record in records:
        n = record.n_residues
        maps = np.full((len(HABITS), N_HEADS, n, n), 0.2 / n, dtype=np.float32)
        for layer, habit in enumerate(HABITS):
            for head in range(N_HEADS):
                maps[layer, head, np.arange(n), draw_keys(rng, habit, head, n)] = 0.6
        attention[record.sequence] = maps
    return MemoryDataset(records), PlantedModel(attention)


@pytest.fixture(scope="module")
def tables(world: tuple[MemoryDataset, PlantedModel]) -> dict[str, pd.DataFrame]:
    data, model = world
    return {
        mode: pv.analyze(data, model, features=FEATURES, mode=mode, progress=False).tests()
        for mode in MODES
    }


def heads_of(table: pd.DataFrame, feature: str, *habits: str) -> pd.DataFrame:
    layers = [HABITS.index(habit) + 1 for habit in habits]
    found = table[(table["feature"] == feature) & table["layer"].isin(layers)]
    assert found["scored"].all()
    assert len(found) == N_HEADS * len(habits)
    return found


QUIET = {
    ("permutation", "contact"): ("anywhere", "sinks"),
    ("permutation", "disulfide"): HABITS,
    ("permutation", "binding_site"): ("anywhere", "sinks", "runs"),
    ("type", "binding_site"): ("anywhere", "sinks", "runs"),
    ("shuffle", "contact"): ("anywhere",),
    ("shuffle", "disulfide"): ("anywhere",),
    ("shuffle", "binding_site"): ("anywhere",),
}
"""Which habits a null has to leave alone. To a permutation all rows are as good as each other: of
contacts, which run on along neighbours, it is no null for runs nor for an offset. An offset looks
at every residue once, which leaves a permutation of keys no freedom."""


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("null", "feature"), QUIET)
def test_a_null_keeps_its_level(
    tables: dict[str, pd.DataFrame], mode: str, null: str, feature: str
) -> None:
    heads = heads_of(tables[mode], feature, *QUIET[null, feature])
    z, p = heads[f"z_{null}"], heads[f"p_{null}"]
    assert p.notna().all()
    # 5 % of 32 heads are 1.6 ± 1.2, of 128 6.4 ± 2.5; heads share proteins and scatter more.
    assert (p < 0.05).sum() <= 2 + 0.07 * len(p)
    assert (p > 0.5).mean() > 0.35
    assert abs(z.mean()) < 0.35
    assert 0.6 < z.std() < 1.3
    assert (heads[f"bh_{null}"] < 0.05).sum() <= 1


@pytest.mark.parametrize("mode", ["eligible", "separation-matched"])
@pytest.mark.parametrize("feature", FEATURES)
def test_the_bootstrap_keeps_its_level(
    tables: dict[str, pd.DataFrame], mode: str, feature: str
) -> None:
    # What is close in sequence is in contact more often, which an offset makes use of.
    near = feature == "contact" and mode == "eligible"
    heads = heads_of(tables[mode], feature, *(HABITS[:2] + HABITS[3:] if near else HABITS))
    assert (heads["p_bootstrap"] < 0.05).mean() <= 0.08
    assert (heads["bh_bootstrap"] < 0.05).sum() <= 2
    assert abs(heads["t_bootstrap"].mean()) < 0.35
    if near:
        offset = heads_of(tables[mode], feature, "offset")
        assert (offset["bh_bootstrap"] < 0.05).sum() >= 5


def test_what_the_published_test_calls_a_discovery(tables: dict[str, pd.DataFrame]) -> None:
    """Its denominators differ: a head that looks anywhere has too few contacts, for certain."""
    heads = heads_of(tables["paper"], "contact", "anywhere")
    assert (heads["enrichment"] < 0.75).all()
    assert (heads["bh_two_proportion"] < 0.05).all()


def test_a_shuffle_takes_sinks_for_knowledge(tables: dict[str, pd.DataFrame]) -> None:
    heads = heads_of(tables["eligible"], "binding_site", "sinks")
    assert (heads["p_shuffle"] < 0.05).mean() > 0.4
