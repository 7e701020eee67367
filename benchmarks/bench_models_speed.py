"""What attention costs beside the plain forward pass, and many sequences beside one at a time.

Everything runs on one thread, in turns, and is timed in CPU seconds of this process; ratios are of
the shortest rounds.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

import numpy as np
import torch
import transformers
from bench_models_opening import in_turns, network
from large import write_model
from report import Report, duration

from protvis.models import load_model, wrap_model
from protvis.models.batching import batches_by_length

N_RESIDUES = 512
N_ROUNDS = 7
RATIO = 1.5
SHAPE = (12, 20, 480, 0.1)


def sequence(n: int, seed: int = 0) -> str:
    return "".join(np.random.default_rng(seed).choice([*"ACDEFGHIKLMNPQRSTVWY"], n))


def measure_capture(report: Report, folder: Path) -> None:
    text = sequence(N_RESIDUES)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    ids = torch.tensor(tokenizer(text)["input_ids"])[None]
    plain, eager = network(*SHAPE), network(*SHAPE)
    plain.set_attn_implementation("sdpa")
    eager.set_attn_implementation("eager")
    model = wrap_model(network(*SHAPE), tokenizer)

    def forward() -> None:
        with torch.inference_mode():
            plain(ids, attention_mask=torch.ones_like(ids))

    def attentions() -> list[np.ndarray]:
        with torch.inference_mode():
            found = eager(ids, attention_mask=torch.ones_like(ids), output_attentions=True)
        return [layer[0, :, 1:-1, 1:-1].numpy() for layer in found.attentions]

    least = in_turns(
        {
            "forward": forward,
            "capture": lambda: model.capture(text, lambda *_: None, reuse=True),
            "kept": lambda: model.capture(text, lambda *_: None),
            "attentions": attentions,
        },
        N_ROUNDS,
    )
    ratio = {name: seconds / least["forward"] for name, seconds in least.items()}
    report.note("12 layers × 20 heads, 480 wide, 512 residues: plain sdpa forward", "1 ×")
    report.note("  which is", f"{duration(least['forward'])} of one thread")
    report.check(
        "attention captured, each layer in the memory of the one before",
        f"{ratio['capture']:.2f} ×",
        f"≤ {RATIO} ×",
        ratio["capture"] <= RATIO,
    )
    report.note("attention captured, each layer in memory of its own", f"{ratio['kept']:.2f} ×")
    report.note("transformers, output_attentions=True", f"{ratio['attentions']:.2f} ×")


def measure_throughput(report: Report, folder: Path) -> None:
    model = load_model(folder, device="cpu")
    lengths = np.exp(np.random.default_rng(1).uniform(np.log(20), np.log(400), 48)).astype(int)
    texts = [sequence(n, seed) for seed, n in enumerate(lengths)]
    n_tokens = [n + 2 for n in lengths]
    batches = batches_by_length(n_tokens, model.n_heads, "auto", "cpu")
    padded = sum(len(batch) * max(n_tokens[i] for i in batch) for batch in batches)
    waste = padded / sum(n_tokens) - 1
    shuffled = sum(8 * max(n_tokens[start : start + 8]) for start in range(0, 48, 8))

    def run(batch_size: int | str) -> None:
        for _ in model.stream_attention(texts, batch_size=batch_size):
            pass

    least = in_turns({"one": lambda: run(1), "auto": lambda: run("auto")}, 3)
    report.note(
        f"{len(texts)} sequences of {min(lengths)} to {max(lengths)} residues, one at a time",
        f"{len(texts) / least['one']:.1f} a second of one thread",
    )
    report.note(
        f"  in {len(batches)} batches of like length",
        f"{len(texts) / least['auto']:.1f} a second, {least['one'] / least['auto']:.2f} ×",
    )
    report.note(
        "  padding, in batches of eight as they come", f"{shuffled / sum(n_tokens) - 1:.0%}"
    )
    report.check("  padding, in batches of like length", f"{waste:.1%}", "≤ 10 %", waste <= 0.1)


def main() -> None:
    torch.set_num_threads(1)
    transformers.logging.disable_progress_bar()
    report = Report("Attention beside the plain forward pass (CPU seconds)")
    with tempfile.TemporaryDirectory() as folder:
        write_model(Path(folder), 6, 20)
        measure_capture(report, Path(folder))
        measure_throughput(report, Path(folder))
    report.finish()


if __name__ == "__main__":
    main()
