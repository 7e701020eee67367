"""Thresholds that every run counts besides its own, against runs at these thresholds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from protvis.analysis.counting.counters import FAMILY_COUNTS, LEVEL_GROUPS, UNIT
from protvis.analysis.counting.features import label_record
from protvis.analysis.counting.levels import links_of_levels
from protvis.analysis.counting.nulls import PairNulls
from protvis.analysis.counting.plan import LEVELS, MODES
from protvis.analysis.counting.result import Result
from protvis.analysis.runs.chunks import count_chunk
from protvis.analysis.statistics.head_tables import head_table
from protvis.analysis.statistics.threshold_table import TOP_L, threshold_table
from protvis.models.layer_scan import LayerScan
from tests.analysis import literal
from tests.analysis.test_counting import World

EXACT = ("links", "hits", "could", *(f"{null}_{moment}" for null in ("protein", "separation")
         for moment in ("expected", "variance", "third")))  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
def test_a_level_is_a_run_at_its_threshold(mode: str) -> None:
    world = World(mode)
    counters = world.count()
    columns = world.plan.level_columns
    names = {world.plan.columns[place].feature for place in columns}
    assert names == {column.feature for column in world.plan.columns} - {"amino_acid"}
    for place, level in enumerate(LEVELS):
        plan = replace(world.plan, threshold=level)
        at_level = count_chunk(world.model, world.data, world.data.keys, plan, world.families)
        run = at_level.counters
        for name in EXACT:
            np.testing.assert_array_equal(
                counters[f"level_{name}"][place], run[name][..., columns], err_msg=name
            )
        for name in FAMILY_COUNTS:
            found = counters[f"level_family_{name}"][place].sum(axis=0)
            np.testing.assert_array_equal(found, run[f"family_{name}"].sum(axis=0)[..., columns])


def test_the_shifts_of_levels_are_sampled() -> None:
    world = World()
    counters, place = world.count(), world.plan.contact_column
    column = world.plan.columns[place]
    sums = np.zeros(3)
    for record, maps, copies in zip(world.records, world.attention, (2, 2, 1, 1), strict=True):
        _, [pair] = label_record(record, (column,), cutoff=8.0, min_separation=6)
        over = maps[1] >= np.float32(0.1)
        links = tuple(part.astype(np.int32) for part in np.nonzero(over))
        found = PairNulls(pair, record.sequence).moments(
            links, pair.eligible[links[1], links[2]], (over & pair.hits).sum(axis=(1, 2)),
            sampled=True,
        )  # fmt: skip
        sums += copies * found["shift"].variance
    measured = counters["level_shift_variance"][LEVELS.index(0.1), 1]
    at = world.plan.level_columns.index(place)
    np.testing.assert_allclose(measured[:, at] * UNIT, sums, atol=4 * UNIT)
    assert sums.all()


def test_members_of_a_family_are_in_one_group() -> None:
    world = World()
    groups = [world.families.dealt(record.record_id, LEVEL_GROUPS) for record in world.records]
    assert groups[0] == groups[1]
    assert all(0 <= group < 32 for group in groups)
    links = world.count()["level_family_links"][0].sum(axis=(1, 2, 3))
    assert set(np.flatnonzero(links)) <= set(groups)
    assert len(set(groups)) > 1


def test_the_heaviest_links_are_as_many_as_residues_and_those_as_heavy() -> None:
    world = World()
    counters, place = world.count(), world.plan.contact_column
    top = world.plan.level_columns.index(place)
    for layer, head in np.ndindex(2, 3):
        could = hits = 0
        for record, maps in zip(world.records, world.attention, strict=True):
            n = record.n_residues
            pairs = [(maps[layer, head, i, j], i, j) for i in range(n) for j in range(n)]
            pairs = sorted((pair for pair in pairs if pair[0] >= np.float32(0.05)), reverse=True)
            least = pairs[min(n, len(pairs)) - 1][0] if pairs else 1
            for weight, i, j in pairs:
                if weight >= least and literal.comparable(record, i, j):
                    could += 1
                    hits += literal.in_contact(record, i, j)
        assert counters["level_could"][-1, layer, head, top] == could
        assert counters["level_hits"][-1, layer, head, top] == hits


def test_levels_with_the_same_links_share_them() -> None:
    def scan(*weights: float) -> LayerScan:
        n = 2
        place = np.arange(len(weights), dtype=np.int32)
        weight = np.array(weights, dtype=np.float32)
        none = np.zeros((1, 0))
        return LayerScan(0, 1, 0 * place, place // n, place % n, weight, 0.05,
                         np.zeros((1, n)), none, none)  # fmt: skip

    assert links_of_levels(scan(0.6, 0.6, 0.6)).set_of == (0,) * 7
    found = links_of_levels(scan(0.06, 0.35, 0.5, 0.2))
    assert found.set_of == (0, 1, 1, 2, 3, 3, 2)
    assert found.n_heads == 4
    assert [int((found.head == which).sum()) for which in range(4)] == [4, 3, 2, 1]


@pytest.mark.slow
def test_the_table_repeats_the_run_at_its_own_threshold() -> None:
    world = World("separation-matched", n_records=6)
    families = {record.record_id: record.record_id for record in world.records}
    groups = replace(world.families, family_of=families, n_groups=6)
    plan = replace(world.plan, n_groups=6)
    counters = count_chunk(world.model, world.data, world.data.keys, plan, groups).counters
    result = Result(plan, counters, families=families)
    table, heads = threshold_table(result, min_links=3), head_table(result, min_links=3)
    assert list(dict.fromkeys(table["cut"])) == ["0.05", "0.1", "0.2", "0.3", "0.4", "0.5", TOP_L]
    assert table["threshold"].isna().sum() == (table["cut"] == TOP_L).sum() > 0
    own = table[table["cut"] == "0.3"].reset_index(drop=True)
    heads = heads[heads["feature"] != "amino_acid"].reset_index(drop=True)
    same = ["feature", "value", "layer", "head", "n_links", "n_hits", "scored", "background"]
    assert own[same].equals(heads[same])
    np.testing.assert_allclose(own["enrichment"], heads["enrichment"])
    more = table.groupby("cut", sort=False)["n_links"].sum().iloc[:-1]
    assert more.is_monotonic_decreasing
