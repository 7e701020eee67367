"""Runs on a Dask cluster of this machine: the same counts, whatever happens to workers."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dask.distributed import as_completed

import protvis as pv
from protvis.analysis.counting.counters import Counters
from protvis.analysis.counting.family_groups import FamilyGroups
from protvis.analysis.counting.features import columns_of
from protvis.analysis.counting.plan import Plan
from protvis.analysis.counting.result import Result
from protvis.analysis.runs import cluster
from protvis.analysis.runs import run as running
from protvis.analysis.runs.chunks import Part, count_chunk
from protvis.analysis.runs.journal import STATE
from protvis.analysis.runs.progress import Tally
from protvis.analysis.runs.run import count_dataset
from protvis.datasets import Reading
from protvis.errors import DatasetError, ModelError, OptionError
from protvis.models import load_model
from tests.analysis.planted import MemoryDataset, PlantedModel, draw_attention, draw_record
from tests.analysis.test_aligned import fold
from tests.analysis.test_running import of_any

# What dask's own clean-up leaves behind when a worker was killed under it.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore:.*:DeprecationWarning:distributed"),
]


SIZE, N_RECORDS = 4, 42
"""Records in a chunk, and in all: 11 chunks, more than one level of the tree."""


class FatalOnce(MemoryDataset):
    """Kills the worker that reads a certain record, the first time or always.

    The process of the client reads records, too, to name their families; it lives.
    """

    marker: str = ""
    always: tuple[str, ...] = ()

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.client = os.getpid()

    def read(self, key: str) -> Reading:
        if os.getpid() == self.client:
            return super().read(key)
        if key in self.always:
            os.kill(os.getpid(), signal.SIGKILL)
        if self.marker and key == "p20":
            try:
                os.close(os.open(self.marker, os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                pass
            else:
                os.kill(os.getpid(), signal.SIGKILL)
        return super().read(key)


@pytest.fixture(scope="module", autouse=True)
def quick_workers() -> Iterator[None]:
    """Fork workers from a process that has imported all they need, and make chunks of few records.

    Clusters start workers again and again here; spawned, each would import PyTorch anew.
    """
    import dask
    from distributed.utils import get_mp_context

    with (
        dask.config.set({"distributed.worker.multiprocessing-method": "forkserver"}),
        pytest.MonkeyPatch.context() as patch,
    ):
        # Dask names its own modules at the first call only.
        get_mp_context().set_forkserver_preload(["distributed", __name__, "protvis.models"])
        patch.setattr(running, "CHUNK_RECORDS", SIZE)
        yield


@contextmanager
def started(n_workers: int, allowed_failures: int = 3) -> Iterator[tuple[Any, Any]]:
    """Give a cluster of this machine, and its client."""
    import dask
    from dask.distributed import Client, LocalCluster
    from distributed.utils import get_mp_context

    settings = {
        "distributed.scheduler.allowed-failures": allowed_failures,
        "distributed.worker.multiprocessing-method": "forkserver",
    }
    with dask.config.set(settings):
        # Workers begin with what they need, instead of importing it one by one.
        get_mp_context().set_forkserver_preload(
            ["distributed.nanny", "distributed.worker", __name__]
        )
        with (
            LocalCluster(
                n_workers=n_workers, threads_per_worker=1, dashboard_address=":0", silence_logs=50
            ) as cluster,
            Client(cluster) as client,
        ):
            yield cluster, client


def dask_program(name: str, *arguments: str) -> Any:
    """Start Dask's scheduler or a worker as its command line does, in a process of its own."""
    from distributed.utils import get_mp_context

    process = get_mp_context().Process(target=_run_program, args=(name, arguments), daemon=True)
    process.start()
    return process


def _run_program(name: str, arguments: Sequence[str]) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    import_module(f"distributed.cli.dask_{name}").main(list(arguments))


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with started(2) as (_, client):
        yield client


@pytest.fixture(scope="module")
def world() -> tuple[FatalOnce, Any, Plan, Result]:
    rng = np.random.default_rng(0)
    records = [draw_record(rng, f"p{i}", int(rng.integers(10, 30))) for i in range(N_RECORDS)]
    data, model = FatalOnce(records), load_model("mini")
    columns = columns_of(["contact", "binding_site", "amino_acid"], data.features())
    plan = Plan(columns, model.n_layers, model.n_heads, n_groups=N_RECORDS, threshold=0.1)
    alone = count_dataset(data, data.keys, model, plan, progress=False)
    assert alone.plan == plan
    return data, model, plan, alone


def families(alone: Result) -> FamilyGroups:
    return FamilyGroups(alone.families, alone.plan.n_groups)


def run(world: tuple, client: Any, **options: Any) -> Result:
    data, model, plan, _ = world
    return count_dataset(data, data.keys, model, plan, client=client, progress=False, **options)


def test_a_cluster_counts_what_one_process_counts(world: tuple, client: Any) -> None:
    alone = world[-1]
    assert alone.counters["links"].sum() > 2_000
    found = run(world, client)
    assert found.counters == alone.counters
    assert (found.n_records, found.skipped) == (alone.n_records, alone.skipped)
    by_address = run(world, client.scheduler_info()["address"])
    assert by_address.counters == alone.counters


def test_chunks_are_handed_out_as_others_come_back(
    world: tuple, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    submitted = []

    def submit_all(function: Any, *args: Any, **options: Any) -> Any:
        submitted.extend([function.__name__] * len(args[0]))
        return type(client).map(client, function, *args, **options)

    monkeypatch.setattr(cluster, "AHEAD", 3)
    monkeypatch.setattr(client, "map", submit_all)
    data, model, plan, alone = world
    chunks = {n: data.keys[SIZE * n : SIZE * n + SIZE] for n in range(11)}
    parts = cluster.count_on_cluster(client, data, chunks, model, plan, families(alone), each=True)
    first = next(parts)
    assert submitted.count("_count") == 4
    found = [first, *parts]
    assert submitted.count("_count") == 11
    assert sorted(number for part in found for number in part.numbers) == list(range(11))
    assert cluster._merge([part.counters for part in found]) == alone.counters


def test_a_journal_of_a_cluster_is_that_of_one_process(
    world: tuple, client: Any, tmp_path: Path
) -> None:
    data, model, plan, alone = world
    count_dataset(data, data.keys, model, plan, progress=False, resume=tmp_path / "one")
    found = run(world, client, resume=tmp_path / "two")
    assert found.counters == alone.counters
    written = [(tmp_path / name / STATE).read_bytes() for name in ("one", "two")]
    assert written[0] == written[1]


def test_the_null_for_one_fold_is_that_of_one_process(
    client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1000000000")
    records, _ = fold(np.random.default_rng(12))
    written = []
    for where in (None, client):
        report = pv.analyze(
            MemoryDataset(records), "mini", features="binding_site", threshold=0.1, controls=(),
            min_links=10, progress=False, client=where,
        )  # fmt: skip
        assert report.result.plan.aligned == (24,)
        assert report.result.counters["aligned_links"].sum() > 1_000
        assert "aligned" in set(report.nulls()["null"])
        written.append(report.save(tmp_path / f"{len(written)}.protvis").read_bytes())
    assert written[0] == written[1]


@pytest.mark.parametrize("journaled", [False, True])
def test_a_worker_killed_in_the_middle_changes_nothing(
    world: tuple, client: Any, tmp_path: Path, journaled: bool
) -> None:
    data, model, plan, alone = world
    fatal = FatalOnce(data.records)
    fatal.marker = str(tmp_path / "died")
    options = {"resume": tmp_path / "journal"} if journaled else {}
    found = run((fatal, model, plan, alone), client, **options)
    assert Path(fatal.marker).exists()
    assert found.counters == alone.counters
    assert found.n_records == alone.n_records


def test_the_only_worker_killed_changes_nothing(world: tuple, tmp_path: Path) -> None:
    data, model, plan, alone = world
    fatal = FatalOnce(data.records)
    fatal.marker = str(tmp_path / "died")
    with started(1) as (_, client):
        found = run((fatal, model, plan, alone), client)
    assert Path(fatal.marker).exists()
    assert found.counters == alone.counters
    assert found.n_records == alone.n_records


def test_workers_may_come_after_the_run_has_begun(
    world: tuple, caplog: pytest.LogCaptureFixture
) -> None:
    with started(0) as (workers, client):
        waiting = threading.Event()

        class Waiting(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                waiting.set()

        def bring() -> None:
            waiting.wait(1800)
            workers.scale(1)

        logger, handler = logging.getLogger(cluster.__name__), Waiting()
        logger.addHandler(handler)
        thread = threading.Thread(target=bring)
        thread.start()
        try:
            found = run(world, client)
        finally:
            waiting.set()
            thread.join()
            logger.removeHandler(handler)
    assert "no workers yet" in caplog.text
    assert found.counters == world[-1].counters


def test_records_that_kill_every_worker_are_skipped(world: tuple) -> None:
    data, model, plan, _ = world
    poisoned = FatalOnce(data.records[:24])
    # Of one chunk.
    poisoned.always = ("p4", "p7")
    broken = MemoryDataset(
        [record for record in poisoned.records if record.record_id not in poisoned.always],
        dict.fromkeys(poisoned.always, "could not be read"),
    )
    # As one process counts that cannot read these records.
    keys = list(poisoned.keys)
    alone = count_dataset(broken, keys, model, plan, progress=False)
    with started(2, allowed_failures=0) as (_, client):
        found = count_dataset(poisoned, keys, model, plan, client=client, progress=False)
    assert [skip.record for skip in found.skipped] == list(poisoned.always)
    assert {skip.reason for skip in found.skipped} == {
        "each of 1 workers that counted it by itself died"
    }
    assert found.n_records == alone.n_records == 22
    assert of_any(found) == of_any(alone)
    assert found.complete


def test_a_scheduler_that_was_gone_before_says_how_to_go_on(world: tuple, tmp_path: Path) -> None:
    with started(1) as (_, client):
        client.close()
        with pytest.raises(DatasetError, match=r"the cluster dropped the run.*--resume"):
            run(world, client, resume=tmp_path)


def test_a_scheduler_that_is_killed_says_how_to_go_on(world: tuple, tmp_path: Path) -> None:
    """At any time: here when the first chunk has come home."""
    from dask.distributed import Client

    scheduler = dask_program(
        "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard",
        "--scheduler-file", str(tmp_path / "where.json"),
    )  # fmt: skip
    while True:
        assert scheduler.is_alive()
        # Written in place: it may be there and not be whole.
        with suppress(OSError, ValueError):
            where = json.loads((tmp_path / "where.json").read_text())["address"]
            break
        time.sleep(0.1)
    worker = dask_program("worker", where, "--nthreads", "1", "--no-dashboard", "--no-nanny")
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
    try:
        with Client(where, timeout=60) as client:
            data, model, plan, alone = world

            def kill_then_take(tally: Tally, part: Part) -> list[int]:
                scheduler.kill()
                scheduler.join()
                return take(tally, part)

            take = Tally.take
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(Tally, "take", kill_then_take)
                with pytest.raises(DatasetError, match=r"its scheduler is gone.*--resume"):
                    run(world, client, resume=tmp_path / "journal")
    finally:
        scheduler.kill()
        worker.kill()
        scheduler.join()
        worker.join()
    again = count_dataset(data, data.keys, model, plan, resume=tmp_path / "journal", progress=False)
    assert again.counters == alone.counters


def test_a_cluster_that_is_restarted_says_which_records_it_dropped(
    world: tuple, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, model, plan, alone = world
    monkeypatch.setattr(cluster, "AHEAD", 3)
    chunks = {n: data.keys[SIZE * n : SIZE * n + SIZE] for n in range(11)}
    parts = cluster.count_on_cluster(client, data, chunks, model, plan, families(alone), each=True)
    next(parts)
    client.restart()
    with pytest.raises(DatasetError, match=r"the cluster dropped records p\d+ to p\d+"):
        list(parts)


@pytest.mark.parametrize("journaled", [False, True])
@pytest.mark.parametrize("inside", [False, True])
def test_ctrl_c_on_a_cluster_returns_what_is_counted(
    world: tuple,
    client: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    journaled: bool,
    inside: bool,
) -> None:
    data, model, plan, alone = world
    heard: list[int] = []
    take = Tally.take

    def interrupted(tally: Tally, part: Part) -> list[int]:
        new = take(tally, part)
        heard.extend(new)
        if len(heard) == 4 and new:
            if inside:  # while the run waits for workers, not while it adds up
                real = as_completed.__next__

                def press(coming: Any) -> Any:
                    patch.setattr(as_completed, "__next__", real)
                    raise KeyboardInterrupt

                patch.setattr(as_completed, "__next__", press)
            else:
                raise KeyboardInterrupt
        return new

    options = {"resume": tmp_path / "journal"} if journaled else {}
    with monkeypatch.context() as patch:
        patch.setattr(cluster, "AHEAD", 3)
        patch.setattr(Tally, "take", interrupted)
        found = run(world, client, **options)
    assert len(heard) == 4
    assert not found.complete
    keys = [
        key for number in sorted(heard) for key in data.keys[SIZE * number : SIZE * number + SIZE]
    ]
    assert found.n_records == len(keys)
    expected = Counters.zeros(plan)
    for start in range(0, len(keys), SIZE):
        some = keys[start : start + SIZE]
        expected.add(count_chunk(model, data, some, plan, families(alone)).counters)
    assert found.counters == expected
    if journaled:
        assert run(world, client, **options).counters == alone.counters


def test_workers_need_a_model_they_can_load(world: tuple, client: Any) -> None:
    data, _, plan, _ = world
    maps = draw_attention(np.random.default_rng(0), 8, plan.n_layers, plan.n_heads)
    planted = PlantedModel({"ACDEFGHI": maps})
    with pytest.raises(ModelError, match="network in memory"):
        run((data, planted, plan, None), client)


@pytest.mark.parametrize("other", [0, 1])
def test_workers_refuse_other_weights_and_settings(other: int) -> None:
    model = load_model("mini")
    hashes = list(cluster._hashes(model))
    hashes[other] = "0" * 64
    with pytest.raises(ModelError, match=["other weights", "other settings"][other]):
        cluster._model(tuple(sorted(model.recipe.items())), tuple(hashes), os.getpid())


def test_workers_refuse_another_version(world: tuple) -> None:
    data, model, plan, _ = world
    recipe, weights = tuple(sorted(model.recipe.items())), cluster._hashes(model)
    with pytest.raises(ModelError, match=r"begun with 0\.0\.1"):
        cluster._count((data, plan, None, recipe, weights, "0.0.1"), ("p0",))


def test_a_client_is_a_client_or_an_address(world: tuple) -> None:
    with pytest.raises(OptionError, match="scheduler's address"):
        run(world, 8)


def test_without_dask_it_says_what_to_install(
    world: tuple, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "dask.distributed", None)
    with pytest.raises(ImportError, match=r"protvis\[cluster\]"):
        run(world, "tcp://127.0.0.1:1")


def test_the_tree_merges_whatever_number_there_is() -> None:
    class Now:
        """A client that runs a task when it is submitted."""

        def submit(self, function: Any, *args: Any, pure: bool, priority: int = 0) -> Any:
            return function(*args)

    for n in (1, 7, 8, 9, 64, 65, 200):
        levels: list[list[Any]] = [[]]
        parts: Sequence[Any] = [cluster.Counters({"n": np.array([k])}) for k in range(n)]
        for part in parts:
            cluster._hang_on(Now(), levels, part)
        assert all(len(level) < cluster.BRANCHES for level in levels)
        total = cluster._merge([part for level in levels for part in level])
        assert total["n"] == n * (n - 1) // 2
