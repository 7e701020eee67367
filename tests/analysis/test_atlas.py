"""The atlas: what is planted is found and named, what has no role gets none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import protvis as pv
from protvis.analysis.counting.features import CONTACT_RANGES, Column, label_record
from protvis.analysis.counting.habits import HABITS, OFFSETS, SINKS, count_habits
from protvis.analysis.statistics.atlas import compare_atlases
from protvis.plot import plot_atlas
from protvis.reports import HeadReport
from protvis.structure.contacts import contact_map
from tests.analysis import atlas_world
from tests.analysis.planted import MemoryDataset, PlantedModel, draw_attention, draw_record
from tests.analysis.test_aligned import fold


@pytest.fixture(scope="module")
def report() -> HeadReport:
    # Three heads of each kind, one for each state of secondary structure.
    return atlas_world.draw_report(7, 3, 24)


@pytest.mark.slow
def test_planted_heads_are_named_and_silent_ones_are_not(report: HeadReport) -> None:
    # `benchmarks/bench_atlas.py` does the same with more heads.
    named, false = atlas_world.found_shares(report)
    assert np.mean(list(named.values())) >= 0.95, named
    assert np.mean(list(false.values())) <= 0.02, false


@pytest.mark.slow
def test_a_role_has_its_numbers_and_a_sentence(report: HeadReport) -> None:
    atlas = report.atlas()
    assert len(atlas[["layer", "head"]].drop_duplicates()) == report.result.plan.n_heads * 3
    named = atlas[atlas["role"] != ""]
    assert np.allclose(named["enrichment"], named["share"] / named["expected"])
    assert np.allclose(
        named["excess"], (named["share"] - named["expected"]) / (1 - named["expected"])
    )
    assert (named["enrichment_low"] > 1).all()
    assert (named["excess"] >= 0.1).all()
    first = atlas[(atlas["layer"] == 1) & (atlas["head"] == 2)].iloc[0]
    assert first["words"].startswith(f"{100 * first['share']:.0f} % of its links go to the next")
    # It is of half the families: no head has all of its links there.
    all_links = report.heads().set_index(["layer", "head"]).loc[(1, 2), "n_links"].max()
    assert 0 < first["n_links"] < 0.8 * all_links
    silent = atlas[atlas["head"] > len(atlas_world.PLANTED)]
    assert set(silent["words"]) == {"no role found"}
    assert report.roles()[1, 2] == ["next"]


@pytest.mark.slow
def test_two_atlases_side_by_side(report: HeadReport) -> None:
    fewer = HeadReport(report.result, min_links=10**6)
    table = report.compare(fewer).set_index("role")
    assert table.loc["next residue", ["n_heads", "n_heads_other"]].tolist() == [3, 0]
    assert table.index[-1] == "no role found"
    # Those of disulfide bonds are silent elsewhere.
    assert table.loc["special token", "n_heads_other"] == 6
    one, two = report.plot_atlas(), report.plot_atlas(fewer)
    assert len(one.axes) == 1
    assert len(two.axes) == 2
    assert len(one.axes[0].patches) > 2 * len(atlas_world.PLANTED)


def test_a_role_that_one_side_did_not_count_is_missing_there() -> None:
    columns = ["layer", "head", "role", "kind", "feature", "value"]
    first = pd.DataFrame(
        [[1, 1, "interface", "site", "interface", ""], [1, 2, "next residue", "offset", "", ""]],
        columns=columns,
    )
    second = pd.DataFrame([[1, 1, "", "", "", ""]], columns=columns)
    for counted, n in (([], pd.NA), ([("interface", "")], 0)):
        table = compare_atlases(first, second, counted=([("interface", "")], counted))
        table = table.set_index("role")
        assert table.loc["interface", ["n_heads", "n_heads_other"]].tolist() == [1, n]
        assert table.loc["next residue", "n_heads_other"] == 0
    assert compare_atlases(second, second, counted=([], []))["n_heads"].tolist() == [1]


def slow_habits(sequence: str, attention: np.ndarray, threshold: float) -> np.ndarray:
    """Return what `count_habits` counts, one link at a time, of one head."""
    n = len(sequence)
    found = np.zeros((3, len(HABITS)))
    links = [(i, j) for i in range(n) for j in range(n) if attention[i, j] >= threshold]
    found[:, 0] = n, n - attention.sum(), n * 2 / (n + 2)
    found[0, 1], found[2, 1] = len(links), len(links) * min(SINKS, n) / n
    for half in (0, 1):
        to = [sum(j == key for i, j in links if i % 2 != half) for key in range(n)]
        sinks = [
            key for key in sorted(range(n), key=lambda key: (-to[key], key))[:SINKS] if to[key]
        ]
        found[1, 1] += sum(j in sinks for i, j in links if i % 2 == half)
    for column, is_cysteine in ((2, False), (3, True)):
        for i, j in links:
            if i == j:
                continue
            found[0, column] += (sequence[i] == "C") == is_cysteine
            if (sequence[j] == "C") == is_cysteine:
                found[1, column] += sequence[i] == sequence[j]
                others = [k for k in range(n) if k != j]
                found[2, column] += np.mean([sequence[k] == sequence[j] for k in others])
    for place, offset in enumerate(OFFSETS, 4):
        found[0, place] = len(links)
        found[1, place] = sum(j - i == offset for i, j in links)
        pairs = sum(0 <= i + offset < n for i in range(n))
        found[2, place] = len(links) * pairs / n**2
    return found


@pytest.mark.parametrize("n", [2, 17, 60])
def test_habits_are_those_of_loops(n: int) -> None:
    rng = np.random.default_rng(n)
    sequence = "".join(rng.choice(list("CCAKX"), n))
    maps = draw_attention(rng, n)[0]
    links = tuple(part.astype(np.int32) for part in np.nonzero(maps >= 0.1))
    found = count_habits(sequence, links, maps.sum(axis=1, dtype=np.float64))
    for head, own in enumerate(maps):
        assert np.allclose(found[:, head], slow_habits(sequence, own.astype(np.float64), 0.1))


def test_ranges_of_contacts_share_out_the_contacts() -> None:
    record = draw_record(np.random.default_rng(2), "r", 60)
    columns = tuple(Column(name, "", "pair") for name in ("contact", *CONTACT_RANGES))
    _, labels = label_record(record, columns, cutoff=8.0, min_separation=6)
    assert (labels[0].hits == contact_map(record.coordinates, 8.0, 6)).all()
    assert (sum(one.hits.astype(int) for one in labels[1:]) == labels[0].hits).all()
    assert (sum(one.eligible.astype(int) for one in labels[1:]) == labels[0].eligible).all()
    far = np.argwhere(labels[3].eligible)
    assert np.abs(far[:, 0] - far[:, 1]).min() == 24


@pytest.mark.slow
def test_what_the_family_explains_is_a_place_of_the_family(tmp_path: Path) -> None:
    records, attention = fold(np.random.default_rng(12))
    report = pv.analyze(
        MemoryDataset(records), PlantedModel(attention), features="binding_site", controls=(),
        progress=False,
    )  # fmt: skip
    assert report.roles() == {(1, 1): ["fold"], (1, 2): ["site"]}
    [first, second, third] = report.atlas().to_dict("records")
    assert first["role"] == "family position (binding sites)"
    assert second["role"] == "binding sites"
    assert third["words"] == "no role found"
    words = {text.get_text() for text in report.plot_atlas().axes[0].texts}
    assert {"fold", "site"} <= words
    page = report.to_html(tmp_path / "page.html").read_text()
    assert "What each head does" in page
    assert ">family position (binding sites)<" in page


def test_with_few_families_nothing_can_be_said() -> None:
    rng = np.random.default_rng(5)
    records = [draw_record(rng, f"r{number}", 40) for number in range(3)]
    model = PlantedModel({record.sequence: draw_attention(rng, 40) for record in records})
    report = pv.analyze(
        MemoryDataset(records), model, features="contact", controls=(), progress=False
    )
    assert set(report.atlas()["words"]) == {"too few families to find a role and to measure it"}
    assert report.roles() == {}


def test_wide_layers_are_drawn_without_words() -> None:
    rng = np.random.default_rng(6)
    records = [draw_record(rng, f"r{number}", 30) for number in range(5)]
    model = PlantedModel({r.sequence: draw_attention(rng, 30, 2, 20) for r in records})
    report = pv.analyze(
        MemoryDataset(records), model, features="contact", controls=(), progress=False
    )
    atlas = report.atlas().assign(kind="sink", label="sink", role="sink on residues")
    figure = plot_atlas({"a model $x$": atlas})
    assert not figure.axes[0].texts
    assert len(figure.axes[0].patches) == 40
