"""Counts against the literal loops, and what must not change them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss

from protvis.analysis.counting.counters import MOMENTS, UNIT, Counters, unit_of
from protvis.analysis.counting.family_groups import FamilyGroups
from protvis.analysis.counting.features import ResidueLabels, columns_of, label_record
from protvis.analysis.counting.nulls import Moments, PairNulls, ResidueNulls
from protvis.analysis.counting.plan import BIN_EDGES, FORM_OF_COUNTS, Plan
from protvis.analysis.runs.chunks import count_chunk, cut_record
from protvis.analysis.runs.journal import Journal
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
        self.families = FamilyGroups(
            {"p0": "p0", "p1": "p0", **{f"p{i}": f"p{i}" for i in range(2, n_records)}}, 3
        )
        self.plan = Plan(columns, 2, 3, mode=mode, n_groups=3)

    def count(self, keys: list[str] | None = None) -> Counters:
        keys = list(self.data.keys) if keys is None else keys
        return count_chunk(self.model, self.data, keys, self.plan, self.families).counters


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


@pytest.mark.parametrize("mode", ["paper", "eligible", "separation-matched"])
def test_moments_of_nulls_add_up_over_proteins(mode: str) -> None:
    """Members of a family of m proteins count m times in variances, m² times in third moments."""
    world = World(mode)
    counters = world.count()
    copies = {"p0": 2, "p1": 2, "p2": 1, "p3": 1}
    for place, column in enumerate(world.plan.columns):
        sums: dict[str, np.ndarray] = {}
        for record, maps in zip(world.records, world.attention, strict=True):
            residues, pairs = label_record(
                record, (column,), cutoff=world.plan.cutoff, min_separation=6
            )
            m = copies[record.record_id]
            links = tuple(part.astype(np.int32) for part in np.nonzero(maps[1] >= 0.3))
            if pairs:
                hits = (maps[1] >= 0.3) & pairs[0].hits
                counted = pairs[0].eligible[links[1], links[2]]
                found = PairNulls(pairs[0], record.sequence).moments(
                    links, counted, hits.sum(axis=(1, 2))
                )
            else:
                by_key = (maps[1] >= 0.3).sum(axis=1).astype(float)
                found = {
                    null: Moments(*(getattr(one, moment)[:, 0] for moment in MOMENTS))
                    for null, one in ResidueNulls(residues[0], record.sequence)
                    .moments(by_key)
                    .items()
                }
            for null, one in found.items():
                for moment, weight in zip(MOMENTS, (1, m, m * m), strict=True):
                    name = f"{null}_{moment}"
                    sums[name] = sums.get(name, 0) + weight * getattr(one, moment)
        assert len(sums) == (12 if column.kind == "pair" else 9)
        for name, values in sums.items():
            measured = counters[name][1, :, place] * unit_of(name)
            np.testing.assert_allclose(measured, values, atol=4 * unit_of(name), err_msg=name)
        near = "separation" if column.kind == "pair" and mode != "eligible" else "protein"
        expected = counters["family_expected"].sum(axis=0)[1, :, place] * UNIT
        np.testing.assert_allclose(expected, sums[f"{near}_expected"], atol=1e-4)


def test_expected_hits_keep_protein_and_separation() -> None:
    world = World("separation-matched")
    counters, place = world.count(), world.plan.contact_column
    for layer, head in ((0, 1), (1, 0)):
        near = anywhere = 0.0
        for record, maps in zip(world.records, world.attention, strict=True):
            n = record.n_residues
            pairs = [(i, j) for i in range(n) for j in range(n) if literal.comparable(record, i, j)]
            rate = np.mean([literal.in_contact(record, *pair) for pair in pairs])
            for i, j in pairs:
                if maps[layer, head, i, j] >= 0.3:
                    same = [(a, b) for a, b in pairs if abs(a - b) == abs(i - j)]
                    near += np.mean([literal.in_contact(record, a, b) for a, b in same])
                    anywhere += rate
        for null, expected in (("separation", near), ("protein", anywhere)):
            found = counters[f"{null}_expected"][layer, head, place] * UNIT
            assert found == pytest.approx(expected, abs=1e-4)


def test_hits_where_no_link_counts_are_refused() -> None:
    world = World()
    counters = world.count()
    counters.check()
    for name in ("hits", "family_hits", "positives"):
        wrong = Counters({key: values.copy() for key, values in counters.arrays.items()})
        wrong[name][..., 3] = 10**6
        with pytest.raises(DatasetError, match=f"more {name} than"):
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


def test_families_are_counted_apart() -> None:
    world = World("separation-matched")
    counters = world.count()
    alone = {record.record_id: world.count([record.record_id]) for record in world.records}
    for name in ("links", "hits", "expected"):
        whole = counters[f"family_{name}"]
        assert len(whole) == 3
        by_hand = {
            record: one[f"family_{name}"][world.families.group(record)]
            for record, one in alone.items()
        }
        for group, members in enumerate((("p0", "p1"), ("p2",), ("p3",))):
            assert (whole[group] == sum(by_hand[record] for record in members)).all()
        if name == "hits":
            assert (whole.sum(axis=0) == counters["hits"]).all()


def test_more_families_than_groups_are_dealt_by_their_names() -> None:
    names = {f"r{i}": f"f{i // 2}" for i in range(400)}
    groups = FamilyGroups(names, 16)
    found = [groups.group(record) for record in names]
    assert found[::2] == found[1::2]
    assert np.bincount(found, minlength=16).min() > 5
    some = FamilyGroups({record: names[record] for record in list(names)[:100]}, 16)
    assert [some.group(record) for record in list(names)[:100]] == found[:100]
    with pytest.raises(DatasetError, match="no family is known of record stranger"):
        groups.group("stranger")


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
    half["shift_variance"][0, 1, 2] = other["shift_variance"][0, 1, 2] = 2**62
    half.add(Counters.zeros(world.plan))
    with pytest.raises(DatasetError, match=r"shift_variance .* 64 bits"):
        half.add(other)


def test_the_greatest_variance_fits_for_alphafold_db() -> None:
    n = 4000
    by_key = np.zeros((1, n))
    by_key[0, :3] = n  # every residue has three links, to the same three
    half = (np.arange(n) % 2)[None].astype(float)
    labels = ResidueLabels((0,), half.astype(bool), np.ones(n, dtype=bool))
    variance = ResidueNulls(labels, "A" * n).moments(by_key)["protein"].variance
    assert variance[0, 0] == pytest.approx(3 * n**2 / 4, rel=0.01)
    # 200 million proteins whose lengths have a mean square of 200,000.
    assert 3 / 4 * 200_000 * 200e6 / UNIT < 0.999 * 2**63


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
    with pytest.raises(ResumeError, match=rf"form_of_counts was .*, is {FORM_OF_COUNTS}"):
        Journal(tmp_path, {"plan": plan.to_dict()})
