"""The null for one fold: links on the labels of relatives."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import protvis as pv
from protvis.analysis.counting.aligned_members import AlignedMembers
from protvis.analysis.counting.family_groups import FamilyGroups
from protvis.analysis.counting.features import columns_of, label_record
from protvis.analysis.counting.plan import Plan
from protvis.analysis.counting.record_counter import RecordCounter
from protvis.analysis.counting.result import Result
from protvis.analysis.splits.aligned_records import align_records
from protvis.analysis.statistics.own_minus_others import own_minus_others
from protvis.annotations import Track
from protvis.datasets import Record
from protvis.datasets.lazy_tracks import LazyTracks
from protvis.errors import OptionError
from protvis.reports import HeadReport
from tests.analysis.planted import LETTERS, MemoryDataset, PlantedModel, draw_attention, draw_record
from tests.analysis.slow_aligned import permuted, score

FEATURES = ["contact", "disulfide", "binding_site", "secondary_structure"]


def relatives(rng: np.random.Generator, n: int, *, length: int = 40, kept: float = 0.8) -> list:
    """Return records whose sequences are changed copies of one, with a residue left out here and
    there and labels of their own."""
    parent = rng.choice(list(LETTERS), length)
    found = []
    for number in range(n):
        letters = np.where(rng.random(length) < kept, parent, rng.choice(list(LETTERS), length))
        there = rng.random(length) > (0.05 if number else 0.0)
        record = draw_record(rng, f"r{number}", int(there.sum()))
        found.append(
            Record(
                record.record_id,
                "".join(letters[there]),
                record.tracks,
                coordinates=record.coordinates,
                observed=record.observed,
                from_coordinates=record.from_coordinates,
            )
        )
    return found


def counted(records: list[Record], plan: Plan, aligned: AlignedMembers, model: PlantedModel):
    families = FamilyGroups({r.record_id: r.record_id for r in records}, plan.n_groups, aligned)
    counter = RecordCounter(plan, records, families)
    model.scan_attention(
        [record.sequence for record in records],
        counter.receive,
        floor=0.05,
        masks=[counter.masks(index) for index in range(len(records))],
    )
    return counter.total()


@pytest.mark.slow
def test_counts_and_moments_are_those_of_loops_over_all_permutations(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("protvis.analysis.splits.aligned_records.MIN_MEMBERS", 5)
    rng = np.random.default_rng(3)
    records = relatives(rng, 6)
    data = MemoryDataset(records)
    plan = Plan(columns_of(FEATURES, data.features()), n_layers=2, n_heads=3, threshold=0.1)
    alignment = align_records(data, {r.record_id: "r0" for r in records}, plan)
    assert alignment is not None
    assert alignment.units == {r.record_id: r.record_id for r in records}
    [group] = alignment.members.groups
    assert all((place >= 0).mean() > 0.5 for place in group.places)
    plan = Plan(plan.columns, 2, 3, threshold=0.1, aligned=alignment.members.sizes)
    model = PlantedModel({r.sequence: draw_attention(rng, r.n_residues) for r in records})
    counters = counted(records, plan, alignment.members, model)
    result = Result(plan, counters, n_records=6)
    for place, column in enumerate(plan.columns):
        labels, known = [], []
        for record in records:
            residues, pairs = label_record(
                record, (column,), cutoff=plan.cutoff, min_separation=plan.min_separation
            )
            if column.kind == "pair":
                labels.append(pairs[0].hits)
                known.append(pairs[0].eligible)
            else:
                labels.append(residues[0].hits[0])
                known.append(residues[0].known)
        found = own_minus_others(result, place)
        for layer, head in np.ndindex(2, 3):
            scores, n_links = np.zeros((6, 6)), 0
            for p, record in enumerate(records):
                strong = np.argwhere(model.attention[record.sequence][layer, head] >= 0.1)
                links = [(i, j) if column.kind == "pair" else (j,) for i, j in strong.tolist()]
                for q in range(6):
                    n, scores[p, q] = score(group.places, labels, known, links, p, q)
                n_links += n
            assert found.links[layer, head] == n_links
            own = np.trace(scores)
            assert found.hits[layer, head] - found.expected[layer, head] == pytest.approx(
                own, abs=1e-4
            )
            mean, variance, third = permuted(scores)
            assert mean == pytest.approx(0, abs=1e-9)
            if variance > 1e-6:
                assert found.z[layer, head] == pytest.approx(
                    own / variance**0.5, rel=1e-3, abs=1e-3
                )
                assert skewness(result, place, layer, head) == pytest.approx(
                    third / variance**1.5, rel=1e-2, abs=1e-2
                )


def skewness(result: Result, column: int, layer: int, head: int) -> float:
    seen: list[np.ndarray] = []
    from protvis.analysis.statistics import own_minus_others as module

    original = module.null_test

    def spy(hits, mean, variance, third):
        seen.append(third[layer, head] / variance[layer, head] ** 1.5)
        return original(hits, mean, variance, third)

    module.null_test = spy
    try:
        own_minus_others(result, column)
    finally:
        module.null_test = original
    return float(seen[0])


def fold(
    rng: np.random.Generator, n: int = 24, length: int = 60, n_heads: int = 3
) -> tuple[list, dict]:
    """Return members of a family and attention: of three heads one looks at places where the family
    binds, one where this member binds, one anywhere."""
    parent = rng.choice(list(LETTERS), length)
    often = rng.random(length) < 0.2
    records, attention = [], {}
    for number in range(n):
        letters = np.where(rng.random(length) < 0.8, parent, rng.choice(list(LETTERS), length))
        binds = rng.random(length) < np.where(often, 0.6, 0.05)
        track = Track("binding site", "site", binds, "drawn")
        record = Record(f"f{number}", "".join(letters), {"binding_site": track})
        maps = np.full((1, n_heads, length, length), 0.2 / length, dtype=np.float32)
        rows = np.arange(length)
        kinds = (np.flatnonzero(often), np.flatnonzero(binds), rows)
        for head in range(n_heads):
            maps[0, head, rows, rng.choice(kinds[head % 3], length)] = 0.6
        records.append(record)
        attention[record.sequence] = maps
    return records, attention


@pytest.fixture(scope="module")
def report() -> HeadReport:
    records, attention = fold(np.random.default_rng(12))
    return pv.analyze(
        MemoryDataset(records), PlantedModel(attention), features="binding_site", controls=(),
        progress=False,
    )  # fmt: skip


def test_a_head_of_the_family_is_told_from_one_that_knows_its_protein(report: HeadReport) -> None:
    heads = report.heads().set_index("head")
    assert report.result.plan.aligned == (24,)
    assert heads.loc[1, "enrichment"] > 2
    assert heads.loc[1, "fails"] == "aligned"
    assert heads.loc[2, "called"]
    assert heads.loc[3, "fails"] != "aligned"
    nulls = report.nulls().set_index(["head", "null"])
    assert nulls.loc[(1, "shift"), "q_value"] < 1e-6
    assert nulls.loc[(1, "aligned"), "enrichment"] == pytest.approx(1, abs=0.05)
    assert nulls.loc[(2, "aligned"), "enrichment"] > 2


@pytest.mark.slow
def test_the_page_says_what_the_family_explains(report: HeadReport, tmp_path: Path) -> None:
    page = report.to_html(tmp_path / "page.html").read_text()
    assert "Links to binding sites survive <code>aligned</code>" in page or (
        "Links to binding sites survive `aligned`" in page
    )
    assert "1 of the 2 heads that are above all other nulls fail" in page
    assert "family position (binding sites)" in page
    assert "Aligned: the members of a family (here 24, below 90 % identity" in page


def test_the_difference_has_an_interval_over_members(report: HeadReport) -> None:
    table = report.aligned().set_index("head")
    assert table.loc[1, "difference_low"] < 0 < table.loc[1, "difference_high"]
    assert table.loc[2, "own"] == 1.0
    assert table.loc[2, "difference_low"] > 0.4
    assert np.allclose(table["difference"], table["own"] - table["others"])


@pytest.mark.slow
def test_heads_that_know_the_family_alone_keep_the_level() -> None:
    records, attention = fold(np.random.default_rng(20), 12, n_heads=360)
    found = pv.analyze(
        MemoryDataset(records), PlantedModel(attention), features="binding_site", controls=(),
        progress=False,
    )  # fmt: skip
    p = found.aligned()["p_value"].to_numpy()
    # Of 120 at 5 %, more than 13 or none come in 1 run of 200.
    for kind in (0, 2):
        assert 1 <= (p[kind::3] < 0.05).sum() <= 13
    assert (p[1::3] < 1e-3).mean() > 0.95
    roles = [found.roles().get((1, head), []) for head in range(1, 361)]
    for kind, label in enumerate(("fold", "site")):
        assert np.mean([one == [label] for one in roles[kind::3]]) >= 0.95
    assert np.mean([one != [] for one in roles[2::3]]) <= 0.02


def test_members_count_one_by_one_and_near_copies_together() -> None:
    rng = np.random.default_rng(4)
    records, attention = fold(rng, 12)
    copy = Record("copy", records[3].sequence[:-1] + "A", {**records[3].tracks})
    attention[copy.sequence] = attention[records[3].sequence]
    data = MemoryDataset([*records, copy])
    found = pv.analyze(
        data, PlantedModel(attention), features="binding_site", controls=(), progress=False
    )
    units = dict(found.result.families)
    assert units["copy"] == "f3"
    assert len(set(units.values())) == 12
    assert found.result.plan.aligned == (12,)
    assert found.result.counters["aligned_rows"].tolist() == [1] * 12


def test_the_counts_are_the_same_in_any_chunks_and_after_resuming(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    records, attention = fold(np.random.default_rng(5), 16)

    def analyze(**options: object) -> HeadReport:
        return pv.analyze(
            MemoryDataset(records), PlantedModel(attention), features=["binding_site"],
            controls=(), progress=False, **options,
        )  # fmt: skip

    whole = analyze()
    monkeypatch.setattr("protvis.analysis.runs.run.CHUNK_RECORDS", 3)
    assert analyze().result.counters == whole.result.counters
    journaled = analyze(resume=tmp_path)
    assert journaled.result.counters == whole.result.counters
    assert analyze(resume=tmp_path).result.counters == whole.result.counters
    saved = pv.load_report(journaled.save(tmp_path / "report"))
    assert saved.result.counters == whole.result.counters
    assert saved.aligned().equals(whole.aligned())


KINDS = {
    "range": lambda places: Track("place", "range", places, "own", names=tuple(map(str, places))),
    "state": lambda places: Track("place", "state", [chr(0x4E00 + n) for n in places], "own"),
    "number": lambda places: Track("place", "number", places + 0.5, "own"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_numbering_says_which_residues_are_alike(kind: str) -> None:
    records, attention = fold(np.random.default_rng(12))
    places = np.arange(records[0].n_residues)

    def analyze(shift: int, position: str = "place") -> HeadReport:
        numbered = [
            Record(r.record_id, r.sequence, {**r.tracks, "place": KINDS[kind](places + shift * n)})
            for n, r in enumerate(records)
        ]
        data = MemoryDataset(numbered, offered={**MemoryDataset([]).features(), "place": ("",)})
        return pv.analyze(
            data, PlantedModel(attention), features="binding_site", controls=(), progress=False,
            position=position,
        )  # fmt: skip

    found = analyze(0)
    assert found.result.plan.aligned == (24,)
    assert found.heads().set_index("head").loc[1, "fails"] == "aligned"
    if kind != "range":
        # Numbers that are not alike in any two members: there is nothing to match.
        with pytest.raises(OptionError, match="position='place' needs a family"):
            analyze(7)
    with pytest.raises(OptionError, match="unknown track 'plaze'; did you mean 'place'"):
        analyze(0, "plaze")


def test_residues_that_are_cut_off_have_no_place() -> None:
    records, _ = fold(np.random.default_rng(12), 10)
    data = MemoryDataset(records)
    plan = Plan(columns_of(["binding_site"], data.features()), 1, 3, max_residues=25)
    found = align_records(data, {r.record_id: "f0" for r in records}, plan)
    assert found is not None
    [group] = found.members.groups
    assert {int((place >= 0).sum()) for place in group.places} == {25}
    [(_, known)] = group.residues.values()
    assert known.sum() == 250


def test_a_numbering_needs_a_family() -> None:
    rng = np.random.default_rng(6)
    records = [draw_record(rng, f"s{number}", 40) for number in range(9)]
    model = PlantedModel({r.sequence: draw_attention(rng, 40) for r in records})
    with pytest.raises(OptionError, match="position='place' needs a family of at least 8"):
        pv.analyze(
            MemoryDataset(records), model, features="binding_site", position="place",
            progress=False,
        )  # fmt: skip
    found = pv.analyze(
        MemoryDataset(records), model, features="binding_site", controls=(), progress=False
    )
    assert found.result.plan.aligned == ()
    assert "aligned" not in set(found.nulls()["null"])
    with pytest.raises(OptionError, match="no family of the data"):
        found.aligned()


@pytest.mark.parametrize(
    ("position", "broken", "skipped"),
    [(None, "binding_site", 1), ("place", "binding_site", 1), ("place", "place", 0)],
)
def test_a_member_whose_tracks_fail_ends_no_run(
    position: str | None, broken: str, skipped: int
) -> None:
    records, attention = fold(np.random.default_rng(12), 12)

    def fail() -> Track:
        raise ZeroDivisionError("no such geometry")

    place = Track("place", "number", np.arange(60.0), "own")
    made = []
    for number, record in enumerate(records):
        tracks = {
            "place": lambda: place,
            "binding_site": partial(record.tracks.get, "binding_site"),
        }
        if number == 5:
            tracks[broken] = fail
        made.append(replace(record, tracks=LazyTracks(60, tracks)))
    found = pv.analyze(
        MemoryDataset(made), PlantedModel(attention), features="binding_site", controls=(),
        progress=False, position=position,
    )  # fmt: skip
    assert found.result.plan.aligned == (11,)
    assert found.result.n_records == 12 - skipped
    assert [one.record for one in found.result.skipped] == ["f5"] * skipped
