"""A whole run beside the plain forward passes over the same batches.

The model has the shape of TAPE's transformer (12 layers × 12 heads, 768 wide) and random weights;
the proteins are ProVis' validation set of binding sites, cut to 510 residues as in the paper. That
set has no coordinates, so contacts are counted in coordinates that are made up. By default 48
proteins are run, drawn with a seed; --all takes all 1,418, for three quarters of an hour. Where
the set does not lie beside the repository, proteins are made up, with lengths of the same
distribution.

CPU seconds of this process, one thread: chunk by chunk the plain passes and both runs take turns,
and their sums are compared. A run reads the records, labels, captures, counts and adds up, with 200
bootstrap replicates; the weights' hash is taken before.

Beside it the whole validation set in one command, with the bundled model: `protvis analyze` as a
person starts it, loading and writing included.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["OMP_NUM_THREADS"] = "1"

import torch
from proteins import PROVIS, DrawnProteins, Placed, write_tape
from report import Report, duration

from protvis.analysis.counting.features import columns_of
from protvis.analysis.counting.plan import PAPER_MAX_RESIDUES, Plan
from protvis.analysis.runs.chunks import cut_record
from protvis.analysis.runs.run import CHUNK_RECORDS, count_dataset
from protvis.datasets import Dataset
from protvis.datasets.dataset_opener import draw, open_dataset
from protvis.models import ProteinModel, load_model
from protvis.models.batching import batches_by_length
from protvis.models.checkpoint import open_checkpoint
from protvis.reports import load_report

N_RECORDS, SEED = 48, 123
RATIO = 1.6
FEATURES = {
    "binding sites and amino acids": ["binding_site", "amino_acid"],
    "and contacts (made up)": ["contact", "binding_site", "amino_acid"],
}


def run_plain(network: Any, model: ProteinModel, sequences: Sequence[str]) -> None:
    """Run the network over the batches that a run makes of the sequences, and keep nothing."""
    tokens = [model.tokenize(sequence) for sequence in sequences]
    lengths = [len(one.ids) for one in tokens]
    for batch in batches_by_length(lengths, model.n_heads, "auto", "cpu"):
        longest = max(lengths[index] for index in batch)
        ids = torch.zeros((len(batch), longest), dtype=torch.int64)
        mask = torch.zeros_like(ids)
        for row, index in enumerate(batch):
            ids[row, : lengths[index]] = torch.as_tensor(tokens[index].ids)
            mask[row, : lengths[index]] = 1
        with torch.inference_mode():
            network(input_ids=ids, attention_mask=mask)


def read(dataset: Dataset, keys: Sequence[str]) -> list[str]:
    records = [record for key in keys for record in dataset.read(key).records]
    return [cut_record(record, PAPER_MAX_RESIDUES).sequence for record in records]


def measure(report: Report, folder: Path, *, everything: bool) -> None:
    model = load_model(folder, device="cpu")
    network, _ = open_checkpoint(folder).network(model.family, torch.float32)
    _ = model.provenance
    inner = open_dataset(PROVIS) if PROVIS.exists() else DrawnProteins(1418)
    dataset = Placed(inner)
    keys = draw(dataset.keys, None if everything else N_RECORDS, SEED)
    plans = {
        name: Plan(
            columns_of(features, dataset.features()),
            model.n_layers,
            model.n_heads,
            mode="paper",
            max_residues=PAPER_MAX_RESIDUES,
        )
        for name, features in FEATURES.items()
    }
    links = dict.fromkeys(plans, 0)
    seconds = dict.fromkeys(["plain", *plans], 0.0)
    n_residues = 0
    run_plain(network, model, read(dataset, keys[:1]))

    def count(name: str, chunk: Sequence[str]) -> None:
        found = count_dataset(dataset, chunk, model, plans[name], progress=False)
        links[name] += int(found.counters["links"][..., 0].sum())

    for number, start in enumerate(range(0, len(keys), CHUNK_RECORDS)):
        chunk = keys[start : start + CHUNK_RECORDS]
        sequences = read(dataset, chunk)
        n_residues += sum(map(len, sequences))
        names = list(seconds)
        # Each is first in its turn.
        for name in names[number % 3 :] + names[: number % 3]:
            begin = time.process_time()
            if name == "plain":
                run_plain(network, model, sequences)
            else:
                count(name, chunk)
            seconds[name] += time.process_time() - begin

    report.note("data", f"{len(keys)} proteins of {inner.name}, {n_residues:,} residues")
    report.note(
        "links of at least 0.3", f"{min(links.values()) / n_residues / 144:.2f} a residue and head"
    )
    report.note(
        "plain sdpa forward passes",
        f"{duration(seconds['plain'])}, {n_residues / seconds['plain']:,.0f} residues a second",
    )
    for name in plans:
        ratio = seconds[name] / seconds["plain"]
        report.check(
            f"the whole run: {name}",
            f"{ratio:.2f} ×, {n_residues / seconds[name]:,.0f} residues a second",
            f"≤ {RATIO} ×",
            ratio <= RATIO,
        )


def measure_command(report: Report, folder: Path) -> None:
    what = "protvis analyze, the whole validation set, bundled model"
    if not PROVIS.exists():
        report.note(what, "the set does not lie beside the repository")
        return
    command = ["analyze", PROVIS, "--model", "mini", "--features", "binding_site,amino_acid"]
    begin = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "protvis", *command, "--out", folder / "run", "--no-progress"],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    seconds = time.perf_counter() - begin
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    found = load_report(folder / "run")
    n_asked = found.provenance["data"]["n_records"]
    counted = f"{found.result.n_records:,} of {n_asked:,} records"
    report.check(
        what,
        f"{counted} in {duration(seconds)}, CPU {duration(used.ru_utime + used.ru_stime)}",
        "each counted, or in the ledger",
        found.result.n_records + len(found.ledger) == n_asked,
    )


def main() -> None:
    torch.set_num_threads(1)
    report = Report("A whole run beside its forward passes (CPU seconds of one thread)")
    with tempfile.TemporaryDirectory() as folder:
        measure(report, write_tape(Path(folder)), everything="--all" in sys.argv[1:])
        measure_command(report, Path(folder))
    report.finish()


if __name__ == "__main__":
    main()
