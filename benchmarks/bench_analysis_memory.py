"""Peak memory of a run over 100, 1,000 and 10,000 proteins; each in its own process.

Resident memory at its highest, of the whole process and above what it held before the run: model
loaded, imports done, one protein of the greatest length run. Proteins are made up when they are
read: 40 to 160 residues, with contacts, sites and amino acids, 200 bootstrap replicates; the model
is of ESM-2's form with 4 layers × 4 heads. What must grow with the number of proteins is the list
of keys; its size is told beside.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["OMP_NUM_THREADS"] = "1"

from bench_models_memory import resident
from large import write_model
from report import Report, size

NUMBERS = (100, 1_000, 10_000)
RATIO = 1.1


def run_case(n_records: int, folder: str) -> None:
    """Print memory before the run and at its highest, and the size of the keys, in bytes."""
    import torch
    from proteins import DrawnProteins

    from protvis.analysis.counting.features import columns_of
    from protvis.analysis.counting.plan import Plan
    from protvis.analysis.runs.run import count_dataset
    from protvis.models import load_model

    torch.set_num_threads(1)
    model = load_model(folder, device="cpu")
    _ = model.provenance
    data = DrawnProteins(n_records, with_coordinates=True, shortest=40, longest=160, median=80)
    columns = columns_of(["contact", "binding_site", "amino_acid"], data.features())
    plan = Plan(columns, model.n_layers, model.n_heads)
    count_dataset(data, data.keys[:1], model, plan, progress=False)
    Path("/proc/self/clear_refs").write_text("5")  # the highest value starts anew
    before = resident("VmRSS")
    result = count_dataset(data, data.keys, model, plan, progress=False)
    peak = resident("VmHWM")
    if result.n_records != n_records:
        raise SystemExit(f"{result.n_records} of {n_records} proteins were counted")
    keys = sys.getsizeof(data.keys) + sum(sys.getsizeof(key) for key in data.keys)
    print(before, peak, keys)


def main() -> None:
    report = Report("Peak memory of a run, by the number of proteins")
    peaks = {}
    with tempfile.TemporaryDirectory() as folder:
        write_model(Path(folder), 4, 4)
        for n_records in NUMBERS:
            command = [sys.executable, __file__, str(n_records), folder]
            result = subprocess.run(command, check=True, capture_output=True, text=True)
            before, peak, keys = map(int, result.stdout.split()[-3:])
            peaks[n_records] = peak
            report.note(
                f"{n_records:,} proteins",
                f"{size(peak)}, {size(peak - before)} above the loaded model; keys {size(keys)}",
            )
    ratio = peaks[NUMBERS[-1]] / peaks[NUMBERS[0]]
    report.check(
        f"{NUMBERS[-1]:,} proteins beside {NUMBERS[0]}", f"{ratio:.3f} ×", f"≤ {RATIO} ×",
        ratio <= RATIO,
    )  # fmt: skip
    report.finish()


if __name__ == "__main__":
    if len(sys.argv) == 3:
        run_case(int(sys.argv[1]), sys.argv[2])
    else:
        main()
