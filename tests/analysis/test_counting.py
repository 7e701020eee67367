"""Counts against the literal loops, and what must not change them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss

from protvis.analysis.counting.counters import UNIT, Counters
from protvis.analysis.counting.features import columns_of
from protvis.analysis.counting.permutations import permute_keys
from protvis.analysis.counting.plan import BIN_EDGES, Plan
from protvis.analysis.counting.record_counter import bootstrap_weights
from protvis.analysis.counting.result import Result
from protvis.analysis.runs.chunks import count_chunk, cut_record
from protvis.analysis.runs.journal import Journal
from protvis.analysis.statistics.head_tables import significance_table
from protvis.annotations import PairTrack
from protvis.datasets import Record
from protvis.errors import DatasetError, OptionError, ResumeError
from tests.analysis import literal
from tests.analysis.planted import MemoryDataset, PlantedModel, draw_attention, draw_record

FEATURES = [
    "contact",
    "binding_site",
    "modification_shifted_by_one",
    "secondary_structure",
    "amino_acid",
    "plddt",
    "disulfide",
]


class World:
    """Some proteins, a model's attention over them, and the counts."""

    def __init__(self, mode: str = "eligible", seed: int = 0, n_records: int = 4) -> None:
        rng = np.random.default_rng(seed)
        self.records = [draw_record(rng, f"p{i}", 14 + 3 * i) for i in range(n_records)]
        self.attention = [draw_attention(rng, r.n_residues) for r in self.records]
        self.data = MemoryDataset(self.records)
        self.model = PlantedModel(
            {r.sequence: a for r, a in zip(self.records, self.attention, strict=True)}
        )
        columns = columns_of(FEATURES, self.data.features())
        self.plan = Plan(columns, 2, 3, mode=mode, n_bootstrap=20)

    def count(self, keys: list[str] | None = None) -> Counters:
        keys = list(self.data.keys) if keys is None else keys
        return count_chunk(self.model, self.data, keys, self.plan).counters


@pytest.mark.parametrize("mode", ["paper", "eligible"])
def test_every_count_is_that_of_the_literal_loop(mode: str) -> None:
    world = World(mode)
    counters = world.count()
    assert counters["links"].sum() > 1000
    for place, column in enumerate(world.plan.columns):
        for layer, head in ((0, 0), (1, 2)):
            slow = literal.count(
                world.records,
                world.attention,
                column.feature,
                column.value,
                layer,
                head,
                paper=mode == "paper",
            )
            where = f"{column} {layer} {head}"
            assert counters["links"][layer, head, place] == slow["links"], where
            assert counters["hits"][layer, head, place] == slow["hits"], where
            assert counters["eligible"][place] == slow["eligible"], where
            assert counters["positives"][place] == slow["positives"], where
            for name in ("weight", "weight_hits"):
                measured = counters[name][layer, head, place] * UNIT
                assert measured == pytest.approx(slow[name], abs=2e-5), where
    assert (counters["n_records"] == len(world.records)).all()


def test_expected_hits_keep_protein_and_separation() -> None:
    world = World("separation-matched")
    counters, place = world.count(), world.plan.contact_column
    for layer, head in ((0, 1), (1, 0)):
        expected = 0.0
        for record, maps in zip(world.records, world.attention, strict=True):
            n = record.n_residues
            pairs = [(i, j) for i in range(n) for j in range(n) if literal.comparable(record, i, j)]
            for i, j in pairs:
                if maps[layer, head, i, j] >= 0.3:
                    same = [(a, b) for a, b in pairs if abs(a - b) == abs(i - j)]
                    expected += np.mean([literal.in_contact(record, a, b) for a, b in same])
        assert counters["expected"][layer, head, place] * UNIT == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("stratified", [False, True])
def test_moments_of_the_key_permutation_are_those_of_drawn_permutations(stratified: bool) -> None:
    world = World(n_records=1, seed=3)
    counters = world.count()
    [record], [maps] = world.records, world.attention
    letters = np.array(list(record.sequence))
    place = [c.feature for c in world.plan.columns].index("binding_site")
    by_key = (maps[1, 2] >= 0.3).sum(axis=0).astype(float)
    hits = record.tracks["binding_site"].values.astype(float)
    rng = np.random.default_rng(0)

    def order() -> np.ndarray:
        if not stratified:
            return rng.permutation(len(hits))
        found = np.arange(len(hits))
        for letter in set(letters):
            same = np.flatnonzero(letters == letter)
            found[same] = rng.permutation(same)
        return found

    drawn = literal.permuted(by_key, hits, order, 20_000)
    name = "type" if stratified else "permutation"
    mean = counters[f"{name}_mean"][1, 2, place] * UNIT
    variance = counters[f"{name}_variance"][1, 2, place] * UNIT
    assert mean == pytest.approx(drawn.mean(), abs=5 * drawn.std() / np.sqrt(20_000))
    assert variance == pytest.approx(drawn.var(), rel=0.06, abs=1e-5)
    assert variance > 0
    assert counters["hits"][1, 2, place] == by_key @ hits


def judged(world: World, feature: str) -> tuple[np.ndarray, np.ndarray]:
    """Return which pairs of the first protein count in the world's mode, and which hit."""
    record = world.records[0]
    n = record.n_residues
    judged = [[literal.judge(record, feature, "", i, j) for j in range(n)] for i in range(n)]
    counts, hits = np.moveaxis(np.array(judged), 2, 0)
    return counts | (world.plan.mode == "paper"), hits


@pytest.mark.parametrize("feature", ["contact", "disulfide"])
@pytest.mark.parametrize("mode", ["paper", "eligible", "separation-matched"])
def test_moments_of_the_row_permutation_are_those_of_drawn_permutations(
    mode: str, feature: str
) -> None:
    world = World(mode, n_records=1, seed=5)
    counters = world.count()
    place = [column.feature for column in world.plan.columns].index(feature)
    counts, hits = judged(world, feature)
    links = world.attention[0][0, 1] >= 0.3
    drawn = literal.exchanged(links, hits, counts, np.random.default_rng(0), 20_000)
    misses = drawn[:, 1] - drawn[:, 0]
    for name, sample in (("mean", drawn[:, 0]), ("links", drawn[:, 1])):
        found = counters[f"permutation_{name}"][0, 1, place] * UNIT
        assert found == pytest.approx(sample.mean(), abs=5 * sample.std() / np.sqrt(20_000))
    for name, sample in (
        ("variance", drawn[:, 0]),
        ("links_variance", drawn[:, 1]),
        ("misses_variance", misses),
    ):
        found = counters[f"permutation_{name}"][0, 1, place] * UNIT
        assert found == pytest.approx(sample.var(), rel=0.06, abs=1e-5), name
    assert hits.any()
    assert (drawn[:, 1].var() > 0) == (mode != "paper")
    # What is tested: hits over what the links that count would hit by their usual share.
    share = drawn[:, 0].mean() / drawn[:, 1].mean()
    left = (drawn[:, 0] - share * drawn[:, 1]).std()
    n_links, n_hits = (int((links & pairs).sum()) for pairs in (counts, hits))
    z = (n_hits - share * n_links) / (left * np.sqrt(n_links / drawn[:, 1].mean()))
    tests = significance_table(Result(world.plan, counters), min_links=1)
    [row] = tests.query("feature == @feature and layer == 1 and head == 2").itertuples()
    assert row.permutation_expected == pytest.approx(share * n_links, rel=0.02)
    assert row.z_permutation == pytest.approx(z, abs=0.06)


def test_links_that_can_hit_nothing_at_home_are_permuted_too() -> None:
    """As many links fall on pairs that count as there are on average, not only those at home."""
    world = World("eligible", n_records=1, seed=5)
    counters, place = world.count(), world.plan.contact_column
    counts, hits = judged(world, "contact")
    links = world.attention[0] >= 0.3
    n = len(counts)
    # Any row anywhere: a key's links times the queries that count with it.
    share = np.array([[counts[:, j].sum() / n for j in range(n)], hits.sum(axis=0) / n])
    for layer, head in np.ndindex(2, 3):
        by_key = links[layer, head].sum(axis=0)
        for name, expected in zip(("links", "mean"), share @ by_key, strict=True):
            found = counters[f"permutation_{name}"][layer, head, place] * UNIT
            assert found == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("feature", ["contact", "disulfide", "binding_site", "modification"])
@pytest.mark.parametrize("mode", ["paper", "eligible"])
def test_moments_of_shuffled_rows_are_those_of_drawn_ones(mode: str, feature: str) -> None:
    world = World(mode, n_records=1, seed=7)
    world.plan = replace(world.plan, columns=columns_of([feature], world.data.features()))
    counters = world.count()
    counts, hits = judged(world, feature)
    links = world.attention[0][1, 0] >= 0.3
    drawn = literal.shuffled(links, hits, counts, np.random.default_rng(0), 3_000)
    mean = counters["shuffle_mean"][1, 0, 0] * UNIT
    variance = counters["shuffle_variance"][1, 0, 0] * UNIT
    assert mean == pytest.approx(drawn.mean(), abs=5 * drawn.std() / np.sqrt(3_000))
    assert variance == pytest.approx(drawn.var(), rel=0.15)
    assert variance > 0


def test_hits_where_no_link_counts_are_refused() -> None:
    world = World()
    counters = world.count()
    counters.check()
    for name in ("hits", "boot_hits", "positives"):
        wrong = Counters({key: values.copy() for key, values in counters.arrays.items()})
        wrong[name][..., 3] = 10**6
        with pytest.raises(DatasetError, match=rf"more {name.removeprefix('boot_')} than"):
            wrong.check()


def test_a_track_of_pairs_says_nothing_of_a_residue_with_itself() -> None:
    """Heads that look at themselves and at neighbours, a track of both: only neighbours count."""
    n = 30
    near = np.eye(n, dtype=bool) | np.eye(n, k=1, dtype=bool) | np.eye(n, k=-1, dtype=bool)
    record = Record("p", "ACDEFGHIKL" * 3, {"disulfide": PairTrack("near", near, "drawn")})
    maps = np.full((1, 1, n, n), 0.001, dtype=np.float32)
    maps[0, 0, range(n), range(n)] = 0.6
    maps[0, 0, range(n - 1), range(1, n)] = 0.35
    data = MemoryDataset([record])
    plan = Plan(columns_of(["disulfide"], data.features()), 1, 1)
    counters = count_chunk(PlantedModel({record.sequence: maps}), data, ["p"], plan).counters
    assert counters["links"].item() == counters["hits"].item() == n - 1
    assert counters["positives"].item() == 2 * (n - 1)
    assert counters["eligible"].item() == n * (n - 1)
    assert counters["weight_hits"].item() <= counters["weight"].item()


def test_replicates_take_each_protein_as_often_as_its_id_says() -> None:
    world = World("separation-matched")
    counters = world.count()
    alone = [world.count([record.record_id]) for record in world.records]
    times = [bootstrap_weights(record.record_id, world.plan) for record in world.records]
    for name in ("links", "hits", "expected", "eligible", "positives"):
        for replicate in range(world.plan.n_bootstrap):
            by_hand = sum(
                int(t[replicate]) * one[name] for t, one in zip(times, alone, strict=True)
            )
            assert (counters[f"boot_{name}"][replicate] == by_hand).all()
    assert {int(t) for one in times for t in one} >= {0, 1, 2}


def test_bootstrap_weights_are_poisson_of_mean_one_and_follow_the_seed() -> None:
    plan = replace(World().plan, n_bootstrap=500)
    drawn = np.stack([bootstrap_weights(f"r{i}", plan) for i in range(400)])
    assert drawn.mean() == pytest.approx(1, abs=0.01)
    assert drawn.var() == pytest.approx(1, abs=0.02)
    assert np.array_equal(drawn[3], bootstrap_weights("r3", plan))
    assert not np.array_equal(drawn[3], bootstrap_weights("r3", replace(plan, seed=1)))


def test_merging_in_any_order_and_split_is_exact() -> None:
    world = World("separation-matched")
    whole = world.count()
    keys = list(world.data.keys)
    for parts in ([keys[:1], keys[1:]], [keys[2:], keys[:2]], [[key] for key in reversed(keys)]):
        total = Counters.zeros(world.plan)
        for part in parts:
            total.add(world.count(part))
        assert total == whole


def test_a_sum_beyond_64_bits_is_refused() -> None:
    world = World()
    half, other = Counters.zeros(world.plan), Counters.zeros(world.plan)
    half["permutation_variance"][0, 1, 2] = other["permutation_variance"][0, 1, 2] = 2**62
    half.add(Counters.zeros(world.plan))
    with pytest.raises(DatasetError, match=r"permutation_variance .* 64 bits"):
        half.add(other)


def test_the_greatest_variance_fits_for_alphafold_db() -> None:
    n = 4000
    by_key = np.zeros((1, n))
    by_key[0, :3] = n  # every residue has three links, to the same three
    half = (np.arange(n) % 2)[None].astype(float)
    _, variance = permute_keys(by_key, half, np.ones((n, 1)))
    assert variance[0, 0] == pytest.approx(3 * n**2 / 4, rel=0.01)
    # 200 million proteins whose lengths have a mean square of 200,000.
    assert 3 / 4 * 200_000 * 200e6 / UNIT < 2**63


def test_calibration_counts_every_eligible_pair_once() -> None:
    world = World()
    counters, place = world.count(), world.plan.contact_column
    weights, truth = [], []
    for record, maps in zip(world.records, world.attention, strict=True):
        n = record.n_residues
        for i in range(n):
            for j in range(n):
                if literal.comparable(record, i, j):
                    weights.append(maps[1, 1, i, j])
                    truth.append(literal.in_contact(record, i, j))
    weights, truth = np.array(weights, dtype=np.float64), np.array(truth)
    bins = np.minimum(np.digitize(weights, np.float32(BIN_EDGES).astype(np.float64)) - 1, 10)
    assert counters["bin_pairs"][1, 1].tolist() == np.bincount(bins, minlength=11).tolist()
    hits = np.bincount(bins, weights=truth, minlength=11)
    assert counters["bin_contacts"][1, 1].tolist() == hits.tolist()
    mass = np.bincount(bins, weights=weights, minlength=11)
    assert counters["bin_weight"][1, 1] * UNIT == pytest.approx(mass, abs=1e-4)
    square = counters["square"][1, 1] * UNIT
    both = counters["weight_hits"][1, 1, place] * UNIT
    brier = (square - 2 * both + counters["positives"][place]) / counters["eligible"][place]
    assert brier == pytest.approx(brier_score_loss(truth, weights), abs=1e-6)


def test_a_planted_head_hits_all_and_others_do_not() -> None:
    rng = np.random.default_rng(1)
    records, attention = [], {}
    for number in range(6):
        record = draw_record(rng, f"p{number}", 30)
        n = record.n_residues
        maps = np.full((2, 3, n, n), 0.4 / n, dtype=np.float32)
        sites = np.flatnonzero(record.tracks["binding_site"].values)
        for i in range(n):
            partners = [j for j in range(n) if literal.in_contact(record, i, j)]
            if partners:
                maps[1, 2, i, rng.choice(partners)] = 0.5
            if len(sites):
                maps[0, 1, i, rng.choice(sites)] = 0.5
        records.append(record)
        attention[record.sequence] = maps
    data = MemoryDataset(records)
    columns = columns_of(["contact", "binding_site"], data.features())
    plan = Plan(columns, 2, 3)
    counters = count_chunk(PlantedModel(attention), data, data.keys, plan).counters
    links, hits = counters["links"], counters["hits"]
    assert links[1, 2, 0] == hits[1, 2, 0] > 30
    assert links[0, 1, 1] == hits[0, 1, 1] == 180
    quiet = np.ones((2, 3, 2), dtype=bool)
    quiet[1, 2] = quiet[0, 1] = False
    assert not links[quiet].any()


def test_cutting_a_record_cuts_all_of_it() -> None:
    rng = np.random.default_rng(0)
    record = draw_record(rng, "p", 20)
    cut = cut_record(record, 12)
    assert cut.n_residues == 12
    assert cut.sequence == record.sequence[:12]
    assert cut.coordinates.shape == (12, 3)
    assert {len(track) for track in cut.tracks.values()} == {12}
    assert cut.observed.tolist() == record.observed[:12].tolist()
    assert cut.from_coordinates == record.from_coordinates
    assert cut.tracks["disulfide"].values.shape == (12, 12)
    assert cut_record(record, 20) is record
    assert cut_record(record, None) is record


def test_what_cannot_be_counted_is_said_by_record() -> None:
    world = World()
    stranger = Record("stranger", "ACDEFGHIKL")
    mute_attention = draw_attention(np.random.default_rng(0), 8)
    mute = Record("mute", "ACDEFGHI")
    world.model = PlantedModel({**world.model.attention, mute.sequence: mute_attention})
    world.data = MemoryDataset([*world.records, stranger, mute], {"bad": "no such thing"})
    world.plan = Plan(columns_of(["contact"], world.data.features()), 2, 3)
    chunk = count_chunk(world.model, world.data, world.data.keys, world.plan)
    assert chunk.summary.n_records == len(world.records)
    assert {skip.record: skip.reason for skip in chunk.summary.ledger} == {
        "stranger": "never heard of it",
        "bad": "no such thing",
        "mute": "has no labels for the requested features",
    }


def test_columns_are_refused_by_name() -> None:
    offered = World().data.features()
    with pytest.raises(OptionError, match="did you mean 'contact'"):
        columns_of(["contakt"], offered)
    with pytest.raises(OptionError, match="twice"):
        columns_of(["contact", "contact"], offered)
    with pytest.raises(OptionError, match="at least one"):
        columns_of([], offered)
    with pytest.raises(OptionError, match="unknown feature"):
        columns_of(["plddt_shifted_by_one"], offered)
    assert len(columns_of(["amino_acid"], offered)) == 20


def test_a_journal_of_other_counts_is_another_run(tmp_path: Path) -> None:
    plan = World().plan
    assert Plan.from_dict(plan.to_dict()) == plan
    before = {name: value for name, value in plan.to_dict().items() if name != "form_of_counts"}
    Journal(tmp_path, {"plan": before})
    with pytest.raises(ResumeError, match=r"form_of_counts was .*, is 2"):
        Journal(tmp_path, {"plan": plan.to_dict()})
