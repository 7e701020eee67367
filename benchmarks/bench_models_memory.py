"""Peak memory above the loaded model, 33 × 20 heads over 1,022 residues; each case its own process.

What is counted is resident memory: its highest value during the pass, less its value before. A
short sequence goes first, so that what is allocated once is not counted. Opening is the path users
run: `capture_chain`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

os.environ["HF_HUB_OFFLINE"] = "1"

from large import write_model, write_structure
from report import Report, size

N_RESIDUES = 1022
LIMIT = 200e6


def resident(what: str) -> int:
    """Return this process's memory in bytes: ``"VmRSS"`` now, ``"VmHWM"`` at its highest."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{what}:"):
            return int(line.split()[1]) * 1024
    raise SystemExit("this system does not say how much memory a process takes")


def run_case(case: str, folder: str) -> None:
    """Print the peak of one case, in bytes."""
    import torch

    from protvis.structure import load_structure

    torch.set_num_threads(1)
    structure = load_structure(Path(folder) / "chain.pdb")
    chain = structure.chain("A")
    text: Any = chain.sequence
    if case == "protvis":
        from protvis.models import load_model
        from protvis.scene.chain_attention import capture_chain

        model = load_model(folder, device="cpu")
        short = load_structure(Path(folder) / "short.pdb").chain("A")

        def go(sequence: str) -> object:
            return capture_chain(model, chain if sequence == text else short)
    else:
        import transformers

        kernel = "eager" if case == "output_attentions" else "sdpa"
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        network = transformers.AutoModel.from_pretrained(folder, attn_implementation=kernel).eval()

        def go(sequence: str) -> object:
            ids = torch.tensor(tokenizer(sequence)["input_ids"])[None]
            with torch.inference_mode():
                return network(ids, output_attentions=case == "output_attentions")

    go(text[:16])
    Path("/proc/self/clear_refs").write_text("5")  # the highest value starts anew
    before = resident("VmRSS")
    kept = go(text)
    print(resident("VmHWM") - before)
    del kept


def main() -> None:
    report = Report("Peak memory above the loaded model")
    with tempfile.TemporaryDirectory() as folder:
        write_model(Path(folder))
        write_structure(Path(folder) / "chain.pdb", N_RESIDUES)
        write_structure(Path(folder) / "short.pdb", 16)
        peaks = {}
        for case in ("sdpa", "protvis", "output_attentions"):
            command = [sys.executable, __file__, case, folder]
            result = subprocess.run(command, check=True, capture_output=True, text=True)
            peaks[case] = int(result.stdout.split()[-1])
    where = f"33 × 20 heads, 160 wide, {N_RESIDUES:,} residues"
    report.note(f"{where}: plain sdpa forward, no attention", size(peaks["sdpa"]))
    report.check(
        "opening: links, scores and sums of all heads",
        size(peaks["protvis"]),
        f"≤ {size(LIMIT)}",
        peaks["protvis"] <= LIMIT,
    )
    report.note(
        "transformers, output_attentions=True", f"{peaks['output_attentions'] / 1e6:,.0f} MB"
    )
    report.finish()


if __name__ == "__main__":
    if len(sys.argv) == 3:
        run_case(*sys.argv[1:])
    else:
        main()
