"""The same run in this process, on one Dask worker and on two; one thread each.

Wall time, of which other work on the machine takes its part: only on two idle cores does this say
anything. Starting workers and loading the model are not counted: every cluster first runs a few
short proteins, and is closed before the next thing is measured. Each is measured twice, in turns;
the shorter time counts. CPU seconds of all processes together, which other work disturbs less, are
told beside, without a target. `--records N` takes another number of proteins.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["OMP_NUM_THREADS"] = "1"  # handed on to the workers

import torch
from proteins import DrawnProteins, write_tape
from report import Report, duration

from protvis.analysis.counting.features import columns_of
from protvis.analysis.counting.plan import Plan
from protvis.analysis.counting.result import Result
from protvis.analysis.runs import cluster
from protvis.analysis.runs.run import CHUNK_RECORDS, count_dataset
from protvis.datasets import Dataset
from protvis.models import ProteinModel, load_model

N_RECORDS = 30 * CHUNK_RECORDS
WIDTH = 384
N_ROUNDS = 2
EFFICIENCY, OVERHEAD = 0.85, 0.10


def models_loaded() -> int:
    return cluster._model.cache_info().currsize


def cpu_seconds(client: Any) -> float:
    """Return the CPU seconds so far of this process and of a client's workers."""
    workers = [] if client is None else client.run(time.process_time).values()
    return time.process_time() + sum(workers)


class Runs:
    """Runs of one model over one data set, timed."""

    def __init__(self, model: ProteinModel, n_records: int) -> None:
        self.model = model
        self.data = DrawnProteins(n_records, with_coordinates=True)
        columns = columns_of(["contact", "binding_site", "amino_acid"], self.data.features())
        self.plan = Plan(columns, model.n_layers, model.n_heads)

    def run(self, data: Dataset, keys: Sequence[str], client: Any) -> Result:
        return count_dataset(data, keys, self.model, self.plan, client=client, progress=False)

    def timed(self, n_workers: int) -> tuple[float, float, Result]:
        """Return seconds, CPU seconds and counts of a run; 0 workers is this process alone."""
        if not n_workers:
            return self._timed(None)
        from dask.distributed import Client, LocalCluster

        with (
            LocalCluster(
                n_workers=n_workers, threads_per_worker=1, dashboard_address=None, silence_logs=50
            ) as workers,
            Client(workers) as client,
        ):
            short = DrawnProteins(8 * CHUNK_RECORDS, with_coordinates=True, longest=30, median=25)
            self.run(short, short.keys, client)
            loaded = list(client.run(models_loaded).values())
            if loaded != [1] * n_workers:
                raise SystemExit(f"not every worker has loaded the model: {loaded}")
            return self._timed(client)

    def _timed(self, client: Any) -> tuple[float, float, Result]:
        used, start = cpu_seconds(client), time.perf_counter()
        result = self.run(self.data, self.data.keys, client)
        return time.perf_counter() - start, cpu_seconds(client) - used, result


def main() -> None:
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", type=int, default=N_RECORDS)
    n_records = parser.parse_args().records
    cores = len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as folder:
        model = load_model(write_tape(Path(folder), width=WIDTH), device="cpu")
        _ = model.provenance
        runs = Runs(model, n_records)
        times: dict[int, list[float]] = {0: [], 1: [], 2: []}
        used: dict[int, list[float]] = {0: [], 1: [], 2: []}
        counted = []
        for _ in range(N_ROUNDS):
            for n_workers, found in times.items():
                seconds, cpu, result = runs.timed(n_workers)
                found.append(seconds)
                used[n_workers].append(cpu)
                counted.append(result)
    alone, one, two = (min(times[n]) for n in (0, 1, 2))
    cpu_alone, cpu_one, cpu_two = (min(used[n]) for n in (0, 1, 2))
    n_chunks = -(-n_records // CHUNK_RECORDS)
    report = Report(f"A run on a Dask cluster (wall time, {cores} cores, one thread each)")
    report.note(f"12 × 12 heads, {WIDTH} wide, {n_records} proteins in {n_chunks} chunks", "")
    report.note("load of the machine, last minute", f"{os.getloadavg()[0]:.1f}")
    report.note("one process, no Dask", f"{duration(alone)}, CPU {duration(cpu_alone)}")
    report.check(
        "one worker: overhead",
        f"{duration(one)}, {one / alone - 1:+.1%}",
        f"≤ {OVERHEAD:.0%}",
        one / alone - 1 <= OVERHEAD,
    )
    efficiency = alone / (2 * two)
    report.check(
        "two workers: efficiency beside one process",
        f"{duration(two)}, {efficiency:.2f}",
        f"≥ {EFFICIENCY}",
        efficiency >= EFFICIENCY,
    )
    report.note(
        "  CPU seconds of workers and coordinator beside one process",
        f"one worker {cpu_one / cpu_alone:.2f} ×, two {cpu_two / cpu_alone:.2f} ×",
    )
    same = all(result.counters == counted[0].counters for result in counted)
    report.check("  the same counts", "yes" if same else "no", "yes", same)
    report.finish()


if __name__ == "__main__":
    main()
