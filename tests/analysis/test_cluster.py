"""Runs on a Dask cluster of this machine: the same counts, whatever happens to workers."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from protvis.analysis import cluster
from protvis.analysis.features import columns_of
from protvis.analysis.journal import STATE
from protvis.analysis.plan import Plan
from protvis.analysis.result import Result
from protvis.analysis.running import count_dataset
from protvis.datasets import Reading
from protvis.errors import ModelError, OptionError
from protvis.models import load_model
from tests.analysis.planted import MemoryDataset, PlantedModel, draw_attention, draw_record

# What dask's own clean-up leaves behind when a worker was killed under it.
pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore:.*:DeprecationWarning:distributed"),
]


class FatalOnce(MemoryDataset):
    """Kills the process that reads a certain record, the first time."""

    marker: str = ""

    def read(self, key: str) -> Reading:
        if self.marker and key == "p20":
            try:
                os.close(os.open(self.marker, os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                pass
            else:
                os.kill(os.getpid(), signal.SIGKILL)
        return super().read(key)


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    from dask.distributed import Client, LocalCluster

    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=50
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def world() -> tuple[FatalOnce, Any, Plan, Result]:
    rng = np.random.default_rng(0)
    # 11 chunks: more than one level of the tree.
    records = [draw_record(rng, f"p{i}", int(rng.integers(10, 30))) for i in range(170)]
    data, model = FatalOnce(records), load_model("mini")
    columns = columns_of(["contact", "binding_site", "amino_acid"], data.features())
    plan = Plan(columns, model.n_layers, model.n_heads, n_bootstrap=10, threshold=0.1)
    return data, model, plan, count_dataset(data, data.keys, model, plan, progress=False)


def run(world: tuple, client: Any, **options: Any) -> Result:
    data, model, plan, _ = world
    return count_dataset(data, data.keys, model, plan, client=client, progress=False, **options)


def test_a_cluster_counts_what_one_process_counts(world: tuple, client: Any) -> None:
    alone = world[-1]
    assert alone.counters["links"].sum() > 10_000
    found = run(world, client)
    assert found.counters == alone.counters
    assert (found.n_records, found.skipped) == (alone.n_records, alone.skipped)
    by_address = run(world, client.scheduler_info()["address"])
    assert by_address.counters == alone.counters


def test_chunks_are_handed_out_as_others_come_back(
    world: tuple, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    submitted = []

    def submit(function: Any, *args: Any, **options: Any) -> Any:
        submitted.append(function.__name__)
        return type(client).submit(client, function, *args, **options)

    monkeypatch.setattr(cluster, "AHEAD", 3)
    monkeypatch.setattr(client, "submit", submit)
    data, model, plan, alone = world
    chunks = {n: data.keys[16 * n : 16 * n + 16] for n in range(11)}
    parts = cluster.count_on_cluster(client, data, chunks, model, plan, each=True)
    first = next(parts)[1]
    assert submitted.count("_count") == 4
    rest = [part for _, part, _ in parts]
    assert submitted.count("_count") == 11
    assert cluster._merge([first, *rest]) == alone.counters


def test_a_journal_of_a_cluster_is_that_of_one_process(
    world: tuple, client: Any, tmp_path: Path
) -> None:
    data, model, plan, alone = world
    count_dataset(data, data.keys, model, plan, progress=False, resume=tmp_path / "one")
    found = run(world, client, resume=tmp_path / "two")
    assert found.counters == alone.counters
    written = [(tmp_path / name / STATE).read_bytes() for name in ("one", "two")]
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


def test_workers_need_a_model_they_can_load(world: tuple, client: Any) -> None:
    data, _, plan, _ = world
    maps = draw_attention(np.random.default_rng(0), 8, plan.n_layers, plan.n_heads)
    planted = PlantedModel({"ACDEFGHI": maps})
    with pytest.raises(ModelError, match="network in memory"):
        run((data, planted, plan, None), client)


def test_workers_refuse_other_weights() -> None:
    recipe = tuple(sorted(load_model("mini").recipe.items()))
    with pytest.raises(ModelError, match="other weights"):
        cluster._model(recipe, "0" * 64, os.getpid())


def test_workers_refuse_another_version(world: tuple) -> None:
    data, model, plan, _ = world
    recipe, weights = tuple(sorted(model.recipe.items())), model.provenance["weights_sha256"]
    with pytest.raises(ModelError, match=r"begun with 0\.0\.1"):
        cluster._count((data, plan, recipe, weights, "0.0.1"), ("p0",))


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

        def submit(self, function: Any, *args: Any, pure: bool) -> Any:
            return function(*args)

    for n in (1, 7, 8, 9, 64, 65, 200):
        levels: list[list[Any]] = [[]]
        parts: Sequence[Any] = [cluster.Counters({"n": np.array([k])}) for k in range(n)]
        for part in parts:
            cluster._hang_on(Now(), levels, part)
        assert all(len(level) < cluster.BRANCHES for level in levels)
        total = cluster._merge([part for level in levels for part in level])
        assert total["n"] == n * (n - 1) // 2
