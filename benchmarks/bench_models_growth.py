"""How time and memory grow with the length of a sequence, drawn as docs/scaling.png.

12 layers × 20 heads, 160 wide, one thread, CPU seconds; each case in a process of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
from bench_models_memory import resident
from large import write_model, write_structure
from report import Report, duration

LENGTHS = (128, 256, 512, 1024, 2048)
PICTURE = Path(__file__).resolve().parent.parent / "docs" / "scaling.png"
CASES = {
    "plain": "plain forward pass, no attention",
    "protvis": "protvis: opened, links and scores of all heads",
    "output_attentions": "transformers: output_attentions=True, not reduced",
}
FITS = 0.5
"""A case runs only where what it will keep takes at most this share of the memory that is free."""


def run_case(case: str, folder: str) -> None:
    """Print the seconds and bytes of one case at every length, as JSON."""
    import torch
    import transformers

    from protvis.memory import available_bytes
    from protvis.models import load_model
    from protvis.scene.chain_attention import capture_chain
    from protvis.structure import load_structure

    torch.set_num_threads(1)
    if case == "protvis":
        model = load_model(folder, device="cpu")
    else:
        kernel = "eager" if case == "output_attentions" else "sdpa"
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        network = transformers.AutoModel.from_pretrained(folder, attn_implementation=kernel).eval()

    def go(sequence: str) -> object:
        if case == "protvis":
            return capture_chain(model, chains[len(sequence)])
        ids = torch.tensor(tokenizer(sequence)["input_ids"])[None]
        with torch.inference_mode():
            return network(ids, output_attentions=case == "output_attentions")

    chains = {
        n: load_structure(write_structure(Path(folder) / f"{n}.pdb", n)).chain("A")
        for n in (16, *LENGTHS)
    }
    go(chains[16].sequence)
    found = {}
    for n in LENGTHS:
        needed = 4 * 12 * 20 * n * n if case == "output_attentions" else 0
        if needed > FITS * (available_bytes() or needed / FITS):
            continue
        Path("/proc/self/clear_refs").write_text("5")  # the highest value starts anew
        before, start = resident("VmRSS"), time.process_time()
        kept = go(chains[n].sequence)
        found[n] = (time.process_time() - start, resident("VmHWM") - before)
        del kept
    print(json.dumps(found))


def draw(measured: dict[str, dict[int, tuple[float, float]]]) -> None:
    """Draw both plots beside each other, lines labelled where they end."""
    figure, axes = plt.subplots(1, 2, figsize=(9.5, 3.8), layout="constrained")
    colors = dict(zip(CASES, plt.get_cmap("viridis")([0.75, 0.1, 0.5]), strict=True))
    for axis, place, scale, label in (
        (axes[0], 0, 1.0, "CPU seconds"),
        (axes[1], 1, 1e-6, "peak memory above the model, MB"),
    ):
        for case, found in measured.items():
            lengths = sorted(found)
            values = [max(found[n][place] * scale, 0.01) for n in lengths]
            axis.plot(lengths, values, "o-", color=colors[case], label=CASES[case])
        axis.set(xscale="log", yscale="log", xlabel="residues", ylabel=label, xticks=LENGTHS)
        axis.set_xticks(LENGTHS, [f"{n:,}" for n in LENGTHS])
        axis.minorticks_off()
        axis.grid(alpha=0.25)
        axis.spines[["top", "right"]].set_visible(False)
    axes[0].legend(frameon=False, loc="upper left", fontsize=9)
    figure.suptitle("12 layers × 20 heads, 160 wide, one thread", fontsize=10)
    figure.savefig(PICTURE, dpi=150)


def main() -> None:
    report = Report("Growth with length, 128 to 2,048 residues")
    measured = {}
    with tempfile.TemporaryDirectory() as folder:
        write_model(Path(folder), 12, 20)
        for case in CASES:
            command = [sys.executable, __file__, case, folder]
            result = subprocess.run(command, check=True, capture_output=True, text=True)
            found = json.loads(result.stdout.splitlines()[-1])
            measured[case] = {int(n): tuple(pair) for n, pair in found.items()}
    for case, found in measured.items():
        for n, (seconds, n_bytes) in found.items():
            report.note(
                f"{CASES[case]}, {n:,} residues", f"{duration(seconds)}, {n_bytes / 1e6:,.0f} MB"
            )
    ours = measured["protvis"]
    n = LENGTHS[-1]
    # What may grow is one layer's block: 20 heads × n² × 4 bytes, and half of that beside it.
    block = 4 * 20 * n * n
    report.check(
        f"memory at {n:,} residues beside one layer's block",
        f"{ours[n][1] / block:.2f} ×",
        "≤ 1.5 ×",
        ours[n][1] <= 1.5 * block,
    )
    draw(measured)
    print(f"drawn: {PICTURE}")
    report.finish()


if __name__ == "__main__":
    if len(sys.argv) == 3:
        run_case(*sys.argv[1:])
    else:
        main()
