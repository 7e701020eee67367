"""A run as a whole: interrupted, killed, resumed, refused."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from protvis.analysis.chunks import count_chunk
from protvis.analysis.counters import Counters
from protvis.analysis.features import columns_of
from protvis.analysis.journal import IDENTITY, STATE
from protvis.analysis.plan import Plan
from protvis.analysis.result import Result
from protvis.analysis.running import CHUNK_RECORDS, chunk_size, count_dataset
from protvis.errors import DatasetError, ResumeError
from tests.analysis.planted import MemoryDataset, PlantedModel, draw_attention, draw_record

N_RECORDS = 3 * CHUNK_RECORDS + 5


def make_world(n_records: int = N_RECORDS) -> tuple[MemoryDataset, PlantedModel, Plan]:
    rng = np.random.default_rng(0)
    records = [draw_record(rng, f"p{i}", int(rng.integers(10, 30))) for i in range(n_records)]
    data = MemoryDataset(records)
    model = PlantedModel({r.sequence: draw_attention(rng, r.n_residues) for r in records})
    columns = columns_of(["contact", "binding_site", "amino_acid"], data.features())
    return data, model, Plan(columns, 2, 3, n_bootstrap=10)


def run(data: MemoryDataset, model: PlantedModel, plan: Plan, **options: Any) -> Result:
    return count_dataset(data, list(data.keys), model, plan, progress=False, **options)


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
    total = Counters.zeros(plan)
    for key in reversed(data.keys):
        total.add(count_chunk(model, data, [key], plan).counters)
    assert result.counters == total
    assert result.n_records == N_RECORDS
    assert result.complete


def test_ctrl_c_returns_what_is_counted() -> None:
    data, model, plan = make_world()
    result = run(data, interrupting(model, 2 * CHUNK_RECORDS, KeyboardInterrupt), plan)
    assert not result.complete
    assert result.n_records == 2 * CHUNK_RECORDS
    first = count_chunk(model, data, list(data.keys)[: 2 * CHUNK_RECORDS], plan).counters
    assert result.counters == first


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
def test_a_resumed_run_counts_each_protein_once(tmp_path: Path, error: type) -> None:
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
    with pytest.raises(ResumeError, match=r"plan\.threshold was 0\.3, is 0\.25"):
        run(data, model, replace(plan, threshold=0.25), resume=tmp_path)
    with pytest.raises(ResumeError, match=r"model\.weights_sha256 was \"planted\", is \"other\""):
        run(data, PlantedModel(model.attention, name="other"), plan, resume=tmp_path)
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


def test_too_many_skipped_records_end_the_run() -> None:
    data, model, plan = make_world(20)
    data.broken = {f"bad{i}": "no coordinates" for i in range(3)}
    with pytest.raises(DatasetError, match=r"3 records of 23 .* 3 × no coordinates"):
        run(data, model, plan)
    result = run(data, model, plan, max_skipped=0.2)
    assert [skip.record for skip in result.skipped] == ["bad0", "bad1", "bad2"]
    with pytest.raises(DatasetError, match="no records"):
        count_dataset(data, [], model, plan, progress=False)


def test_provenance_says_what_the_numbers_come_from() -> None:
    data, model, plan = make_world(5)
    about = run(data, model, plan, arguments={"threshold": 0.3}).provenance
    assert about["model"]["weights_sha256"] == "planted"
    assert about["data"]["fingerprint"] == data.fingerprint()
    assert about["data"]["n_records"] == 5
    assert about["arguments"] == {"threshold": 0.3}
    assert set(about["versions"]) >= {"torch", "numpy"}
    assert about["date"].endswith("+00:00")


SLOW_RUN = """
import sys, time
sys.path.insert(0, {root!r})
import protvis.analysis.running as running
from tests.analysis.test_running import make_world, run
count = running.count_chunk
def slowly(*args):
    print("counting", flush=True)
    time.sleep(0.05)
    return count(*args)
running.count_chunk = slowly
run(*make_world(), resume={journal!r})
print("done", flush=True)
"""


def test_killed_at_any_moment_it_resumes_to_the_same_bytes(tmp_path: Path) -> None:
    data, model, plan = make_world()
    run(data, model, plan, resume=tmp_path / "straight")
    journal, drawn = tmp_path / "killed", random.Random(0)
    root = str(Path(__file__).resolve().parents[2])
    code = SLOW_RUN.format(root=root, journal=str(journal))
    kills = 0
    for attempt in range(20):
        with subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
        ) as process:
            first = process.stdout.readline()
            if attempt < 4 and first.startswith("counting"):
                time.sleep(drawn.uniform(0, 0.08))
                process.send_signal(signal.SIGKILL)
            rest = process.stdout.read()
            kills += process.wait() == -signal.SIGKILL
            if "done" in first + rest:
                break
    else:
        pytest.fail("the run never came to its end")
    assert kills >= 2
    for name in (STATE, IDENTITY):
        assert (journal / name).read_bytes() == (tmp_path / "straight" / name).read_bytes()
    assert not list(journal.glob("*.partial")) or kills


def test_chunks_grow_with_the_data_set_up_to_a_limit() -> None:
    assert {chunk_size(n) for n in (1, 5_000, 69_000)} == {CHUNK_RECORDS}
    assert chunk_size(570_000) == 139
    assert {chunk_size(n) for n in (2_000_000, 200_000_000)} == {256}
