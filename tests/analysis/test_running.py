"""A run as a whole: interrupted, killed, resumed, refused."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from protvis.analysis.counting.counters import Counters
from protvis.analysis.counting.family_groups import FamilyGroups
from protvis.analysis.counting.features import columns_of
from protvis.analysis.counting.plan import Plan
from protvis.analysis.counting.result import Result, Skipped
from protvis.analysis.runs.chunks import count_chunk
from protvis.analysis.runs.journal import IDENTITY, STATE
from protvis.analysis.runs.progress import Tally
from protvis.analysis.runs.run import CHUNK_RECORDS, chunk_size, count_dataset
from protvis.analysis.splits.record_families import name_families
from protvis.datasets import Reading
from protvis.datasets.lazy_tracks import LazyTracks
from protvis.errors import DatasetError, OptionError, ResumeError
from protvis.reports import HeadReport, load_report
from tests.analysis.planted import MemoryDataset, PlantedModel, draw_attention, draw_record

N_RECORDS = 3 * CHUNK_RECORDS + 5


def make_world(n_records: int = N_RECORDS) -> tuple[MemoryDataset, PlantedModel, Plan]:
    rng = np.random.default_rng(0)
    records = [draw_record(rng, f"p{i}", int(rng.integers(10, 30))) for i in range(n_records)]
    data = MemoryDataset(records)
    model = PlantedModel({r.sequence: draw_attention(rng, r.n_residues) for r in records})
    columns = columns_of(["contact", "binding_site", "modification"], data.features())
    return data, model, Plan(columns, 2, 3, n_bootstrap=10)


def run(data: MemoryDataset, model: PlantedModel, plan: Plan, **options: Any) -> Result:
    return count_dataset(data, list(data.keys), model, plan, progress=False, **options)


def by_hand(data: MemoryDataset, model: PlantedModel, plan: Plan, keys: list[str]) -> Counters:
    """Return the counters of some records, counted in one go beside those of all families."""
    families, _ = name_families(data, data.keys)
    groups = FamilyGroups.of(families, plan)
    return count_chunk(model, data, keys, replace(plan, n_groups=groups.n_groups), groups).counters


def of_any(result: Result) -> dict[str, bytes]:
    """Return the counts, those by family without the families that nothing was counted of."""
    arrays = result.counters.arrays
    some = arrays["family_links"].reshape(len(arrays["family_links"]), -1).any(axis=1)
    return {
        name: (values[some] if name.startswith("family_") else values).tobytes()
        for name, values in arrays.items()
    }


class Interrupting(PlantedModel):
    """Stands for a person who presses Ctrl-C, or a machine that fails, after some proteins."""

    after: int
    error: type[BaseException]

    def scan_attention(self, sequences: Any, *args: Any, **options: Any) -> None:
        if len(self.seen) >= self.after:
            raise self.error
        super().scan_attention(sequences, *args, **options)


def interrupting(model: PlantedModel, after: int, error: type[BaseException]) -> Interrupting:
    made = Interrupting(model.attention)
    made.after, made.error = after, error
    return made


def test_a_run_is_the_sum_of_its_records() -> None:
    data, model, plan = make_world()
    result = run(data, model, plan)
    total = Counters.zeros(result.plan)
    for key in reversed(data.keys):
        total.add(by_hand(data, model, plan, [key]))
    assert result.counters == total
    assert result.n_records == N_RECORDS
    assert result.complete


def test_ctrl_c_returns_what_is_counted() -> None:
    data, model, plan = make_world()
    result = run(data, interrupting(model, 2 * CHUNK_RECORDS, KeyboardInterrupt), plan)
    assert not result.complete
    assert result.n_records == 2 * CHUNK_RECORDS
    first = by_hand(data, model, plan, list(data.keys)[: 2 * CHUNK_RECORDS])
    assert result.counters == first


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
def test_a_resumed_run_counts_each_protein_once(
    tmp_path: Path, error: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1000000000")
    data, model, plan = make_world()
    data.broken = {"bad": "no such thing"}
    straight = run(data, model, plan, resume=tmp_path / "straight")
    broken = interrupting(model, CHUNK_RECORDS, error)
    if error is KeyboardInterrupt:
        run(data, broken, plan, resume=tmp_path / "resumed")
    else:
        with pytest.raises(MemoryError):
            run(data, broken, plan, resume=tmp_path / "resumed")
    model.seen.clear()
    resumed = run(data, model, plan, resume=tmp_path / "resumed")
    assert len(model.seen) == N_RECORDS - CHUNK_RECORDS
    assert resumed.counters == straight.counters
    assert resumed.skipped == straight.skipped != ()
    assert resumed.n_records == straight.n_records == N_RECORDS
    for name in (STATE, IDENTITY):
        written = [(tmp_path / run_ / name).read_bytes() for run_ in ("straight", "resumed")]
        assert written[0] == written[1]


def test_a_finished_run_is_not_run_again(tmp_path: Path) -> None:
    data, model, plan = make_world()
    first = run(data, model, plan, resume=tmp_path)
    model.seen.clear()
    again = run(data, model, plan, resume=tmp_path)
    assert not model.seen
    assert again.counters == first.counters


def test_another_run_does_not_go_on_from_a_journal(tmp_path: Path) -> None:
    data, model, plan = make_world()
    run(data, model, plan, resume=tmp_path)
    with pytest.raises(ResumeError, match=r": threshold was 0\.3, is 0\.25\. Run"):
        run(data, model, replace(plan, threshold=0.25), resume=tmp_path)
    with pytest.raises(ResumeError, match=r"model\.weights_sha256 was \"planted\", is \"other\""):
        run(data, PlantedModel(model.attention, name="other"), plan, resume=tmp_path)
    turned = replace(plan, columns=plan.columns[1:] + plan.columns[:1])
    features = "contact, binding_site, modification; now binding_site, modification, contact"
    with pytest.raises(ResumeError, match=f": features were {features}. Run"):
        run(data, model, turned, resume=tmp_path)
    with pytest.raises(ResumeError, match=r": min_links was not given, is 50\. Run"):
        run(data, model, plan, resume=tmp_path, arguments={"min_links": 50})
    fewer = MemoryDataset(data.records[:-1])
    with pytest.raises(ResumeError, match=r"data\.fingerprint was"):
        run(fewer, model, plan, resume=tmp_path)
    with pytest.raises(ResumeError, match=r"data\.n_records was 53, is 10"):
        count_dataset(data, list(data.keys)[:10], model, plan, resume=tmp_path, progress=False)


@pytest.mark.parametrize("keep", [0, 100, 5000])
def test_a_damaged_journal_is_refused(tmp_path: Path, keep: int) -> None:
    data, model, plan = make_world()
    run(data, model, plan, resume=tmp_path)
    state = tmp_path / STATE
    state.write_bytes(state.read_bytes()[:keep])
    with pytest.raises(ResumeError, match="damaged"):
        run(data, model, plan, resume=tmp_path)


def test_progress_is_that_of_one_run(tmp_path: Path) -> None:
    data, model, plan = make_world()
    run(data, model, plan, resume=tmp_path / "one")
    run(data, model, replace(plan, threshold=0.2), resume=tmp_path / "other")
    (tmp_path / "one" / IDENTITY).unlink()
    with pytest.raises(ResumeError, match=r"run\.json is missing"):
        run(data, model, plan, resume=tmp_path / "one")
    (tmp_path / "one" / IDENTITY).write_bytes((tmp_path / "other" / IDENTITY).read_bytes())
    with pytest.raises(ResumeError, match="belongs to another run"):
        run(data, model, replace(plan, threshold=0.2), resume=tmp_path / "one")


def test_what_a_killed_run_left_half_written_is_removed(tmp_path: Path) -> None:
    data, model, plan = make_world()
    for name in (STATE, IDENTITY):
        (tmp_path / f".{name}.123.partial").write_bytes(b"half")
    run(data, model, plan, resume=tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {STATE, IDENTITY}


def test_the_date_is_that_of_the_beginning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, model, plan = make_world()
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1000000000")
    begun = run(data, interrupting(model, CHUNK_RECORDS, KeyboardInterrupt), plan, resume=tmp_path)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1100000000")
    resumed = run(data, model, plan, resume=tmp_path)
    assert begun.provenance["date"] == resumed.provenance["date"] == "2001-09-09T01:46:40+00:00"
    assert run(data, model, plan).provenance["date"] == "2004-11-09T11:33:20+00:00"
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    with pytest.raises(OptionError, match="seconds since 1970, got 'yesterday'"):
        run(data, model, plan)


def test_too_many_skipped_records_end_the_run() -> None:
    data, model, plan = make_world(20)
    data.broken = {f"bad{i}": "no coordinates" for i in range(3)}
    with pytest.raises(DatasetError, match=r"3 records of 23 .* 3 × no coordinates"):
        run(data, model, plan)
    result = run(data, model, plan, max_skipped=0.2)
    assert [skip.record for skip in result.skipped] == ["bad0", "bad1", "bad2"]
    with pytest.raises(DatasetError, match="no records"):
        count_dataset(data, [], model, plan, progress=False)


@pytest.mark.parametrize("share", [float("nan"), -1, 1.5, True, "0.1", None])
def test_what_may_be_skipped_is_a_share(share: Any) -> None:
    with pytest.raises(OptionError, match="max_skipped must be a number from 0 to 1"):
        run(*make_world(5), max_skipped=share)


def test_a_resumed_run_has_the_limit_it_is_given(tmp_path: Path) -> None:
    data, model, plan = make_world(20)
    data.broken = {f"bad{i}": "no coordinates" for i in range(3)}
    run(data, model, plan, max_skipped=0.2, resume=tmp_path)
    with pytest.raises(DatasetError, match="3 records of 23 cannot be counted"):
        run(data, model, plan, resume=tmp_path)


def test_a_run_that_counts_nothing_fails(tmp_path: Path) -> None:
    _, model, plan = make_world(1)
    data = MemoryDataset([], {"bad1": "no coordinates", "bad2": "no coordinates"})
    for _ in range(2):
        with pytest.raises(DatasetError, match=r"none of the 2 records of memory .* 2 × no coord"):
            run(data, model, plan, max_skipped=1, resume=tmp_path)


@pytest.fixture
def interrupts() -> Iterator[None]:
    """Ctrl-C as in a terminal: a test run in the background was started with SIGINT ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interrupts")
def test_a_chunk_is_added_whole_or_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    data, model, plan = make_world()
    add = Counters.add

    def add_interrupted(total: Counters, other: Counters) -> None:
        names = list(other.arrays)
        add(total, Counters({name: other[name] for name in names[:3]}))
        signal.raise_signal(signal.SIGINT)
        add(total, Counters({name: other[name] for name in names[3:]}))

    first = by_hand(data, model, plan, list(data.keys)[:CHUNK_RECORDS])
    with monkeypatch.context() as patch:
        patch.setattr(Counters, "add", add_interrupted)
        result = run(data, model, plan)
    assert (result.complete, result.n_records) == (False, CHUNK_RECORDS)
    assert result.counters == first


@pytest.mark.usefixtures("interrupts")
def test_interrupted_when_all_is_counted_it_is_complete(monkeypatch: pytest.MonkeyPatch) -> None:
    data, model, plan = make_world(3)
    monkeypatch.setattr(Tally, "speed", lambda _: signal.raise_signal(signal.SIGINT))
    assert run(data, model, plan).complete


def test_provenance_says_what_the_numbers_come_from() -> None:
    data, model, plan = make_world(5)
    about = run(data, model, plan, arguments={"threshold": 0.3}).provenance
    assert about["model"]["weights_sha256"] == "planted"
    assert about["data"]["fingerprint"] == data.fingerprint()
    assert about["data"]["n_records"] == 5
    assert about["arguments"] == {"threshold": 0.3}
    assert set(about["versions"]) >= {"torch", "numpy"}
    assert about["date"].endswith("+00:00")


def test_chunks_grow_with_the_data_set_up_to_a_limit() -> None:
    assert {chunk_size(n) for n in (1, 5_000, 69_000)} == {CHUNK_RECORDS}
    assert chunk_size(570_000) == 139
    assert {chunk_size(n) for n in (2_000_000, 200_000_000)} == {256}


class Failing(PlantedModel):
    """Fails on some sequences, in some way."""

    bad: set[str]
    error: type[Exception]
    at: str

    def check_sequence(self, sequence: str, *, any_length: bool = False) -> str:
        if self.at == "check" and sequence in self.bad:
            raise self.error("cannot be read")
        return super().check_sequence(sequence)

    def scan_attention(self, sequences: Any, *args: Any, **options: Any) -> None:
        if self.at == "scan" and self.bad & set(sequences):
            raise self.error("cannot be read")
        super().scan_attention(sequences, *args, **options)


@pytest.mark.parametrize("at", ["check", "scan"])
@pytest.mark.parametrize("error", [ValueError, KeyError, RuntimeError, MemoryError])
def test_one_record_never_ends_a_run(tmp_path: Path, error: type[Exception], at: str) -> None:
    data, model, plan = make_world(2 * CHUNK_RECORDS)
    records = [data.read(key).records[0] for key in data.keys]
    failing = Failing(model.attention)
    failing.bad = {records[3].sequence, records[CHUNK_RECORDS + 1].sequence}
    failing.error, failing.at = error, at
    result = run(data, failing, plan, resume=tmp_path)
    expected = {"p3", f"p{CHUNK_RECORDS + 1}"}
    assert {skip.record for skip in result.skipped} == expected
    assert {skip.reason.partition(":")[0] for skip in result.skipped} == {error.__name__}
    kept = [record for record in records if record.record_id not in expected]
    assert result.n_records == len(kept)
    assert of_any(result) == of_any(run(MemoryDataset(kept), model, plan))
    again = run(data, failing, plan, resume=tmp_path)
    assert again.skipped == result.skipped
    assert again.counters == result.counters


def test_an_error_of_a_track_or_a_file_is_of_its_record(monkeypatch: pytest.MonkeyPatch) -> None:
    data, model, plan = make_world(6)

    def fail() -> None:
        raise ZeroDivisionError("no such geometry")

    read = data.read

    def broken(key: str) -> Reading:
        if key == "p2":
            raise OSError("disk on fire")
        [record] = read(key).records
        if key == "p4":
            tracks = LazyTracks(record.n_residues, {"binding_site": fail})
            record = replace(record, tracks=tracks)
        return Reading((record,), (), ((key, "is broken behind A:LEU3"),))

    monkeypatch.setattr(data, "read", broken)
    result = run(data, model, plan, max_skipped=0.5)
    assert {skip.record: skip.reason for skip in result.skipped} == {
        "p2": "OSError: disk on fire",
        "p4": "ZeroDivisionError: no such geometry",
    }
    assert {(line.record, line.kind) for line in result.warnings} == {
        (f"p{i}", "warning") for i in (0, 1, 3, 4, 5)
    }
    # Warnings are not counted as skipped.
    monkeypatch.setattr(data, "read", lambda key: replace(read(key), warnings=((key, "odd"),)))
    result = run(data, model, plan, max_skipped=0)
    assert (len(result.skipped), len(result.warnings)) == (0, 6)


def test_warnings_are_in_the_journal_the_ledger_and_the_page(tmp_path: Path) -> None:
    data, model, plan = make_world(4)
    read = data.read
    data.read = lambda key: replace(read(key), warnings=((key, "is <b>broken</b>"),))  # type: ignore
    run(data, model, plan, resume=tmp_path / "journal")
    result = run(data, model, plan, resume=tmp_path / "journal")
    report = HeadReport(result, min_links=1)
    again = load_report(report.save(tmp_path / "r.protvis"))
    assert again.ledger["kind"].tolist() == ["warning"] * 4
    assert again.ledger.equals(report.ledger)
    page = again.to_html(tmp_path / "r.html").read_text("utf-8")
    assert "<h2>Warnings</h2>" in page
    assert "is &lt;b&gt;broken&lt;/b&gt;" in page
    assert "Nothing: every requested record is counted." in page


def test_near_copies_in_one_file_are_warned_of() -> None:
    data, model, plan = make_world(2)
    first, second = (data.read(key).records[0] for key in data.keys)
    copy = replace(first, record_id="copy")
    data.read = lambda key: Reading((first, copy, second))  # type: ignore
    chunk = count_chunk(model, data, ["p0"], plan)
    assert chunk.summary.n_records == 3
    assert chunk.summary.ledger == (Skipped("copy", "nearly a copy of p0", "warning"),)
