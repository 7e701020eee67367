"""What attention costs beside the plain forward pass, and many sequences beside one at a time.

Everything runs on one thread, in turns, and is timed in CPU seconds of this process, which other
programs on the machine disturb little; ratios are of medians.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["HF_HUB_OFFLINE"] = "1"

import numpy as np
import torch
import transformers
from large import write_model
from report import Report, duration

from protvis.attention import select_links
from protvis.models import load_model, reducers, wrap_model
from protvis.models.batching import batches_by_length

N_RESIDUES = 512
N_ROUNDS = 7
RATIO = 1.5
REDUCERS = {
    "links": reducers.top_links(N_RESIDUES),
    "sent": reducers.row_sums,
    "received": reducers.column_sums,
}


def sequence(n: int, seed: int = 0) -> str:
    return "".join(np.random.default_rng(seed).choice([*"ACDEFGHIKLMNPQRSTVWY"], n))


def network() -> Any:
    """Return a random network of the shape of ESM-2 35M: 12 layers × 20 heads, 480 wide."""
    torch.manual_seed(0)
    config = transformers.EsmConfig(
        vocab_size=33,
        pad_token_id=1,
        mask_token_id=32,
        position_embedding_type="rotary",
        max_position_embeddings=1026,
        token_dropout=True,
        hidden_size=480,
        num_hidden_layers=12,
        num_attention_heads=20,
        intermediate_size=1920,
        initializer_range=0.1,
    )
    return transformers.EsmModel(config, add_pooling_layer=False).eval()


def in_turns(jobs: dict[str, Callable[[], Any]], n_rounds: int = N_ROUNDS) -> dict[str, float]:
    """Return the median CPU seconds of each job, run in turns after once unmeasured."""
    times: dict[str, list[float]] = {name: [] for name in jobs}
    for number in range(n_rounds + 1):
        for name, job in jobs.items():
            start = time.process_time()
            job()
            if number:
                times[name].append(time.process_time() - start)
    return {name: statistics.median(found) for name, found in times.items()}


def measure_capture(report: Report, folder: Path) -> None:
    text = sequence(N_RESIDUES)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    ids = torch.tensor(tokenizer(text)["input_ids"])[None]
    plain, eager = network(), network()
    plain.set_attn_implementation("sdpa")
    eager.set_attn_implementation("eager")
    model = wrap_model(network(), tokenizer)

    def forward() -> None:
        with torch.inference_mode():
            plain(ids, attention_mask=torch.ones_like(ids))

    def attentions() -> list[np.ndarray]:
        with torch.inference_mode():
            found = eager(ids, attention_mask=torch.ones_like(ids), output_attentions=True)
        return [layer[0, :, 1:-1, 1:-1].numpy() for layer in found.attentions]

    def same_reduction() -> None:
        for layer in attentions():
            for head in layer:
                select_links(head, top_k=N_RESIDUES)
            layer.sum(-1), layer.sum(-2)

    median = in_turns(
        {
            "forward": forward,
            "ours": lambda: model.reduce_attention(text, REDUCERS),
            "capture": lambda: model.capture(text, lambda *_: None),
            "attentions": attentions,
            "same": same_reduction,
        }
    )
    ratio = {name: seconds / median["forward"] for name, seconds in median.items()}
    report.note("12 layers × 20 heads, 480 wide, 512 residues: plain sdpa forward", "1 ×")
    report.note("  which is", f"{duration(median['forward'])} of one thread")
    report.note("attention captured, no reduction", f"{ratio['capture']:.2f} ×")
    report.check(
        f"captured and reduced ({N_RESIDUES} links a head, sums sent and received)",
        f"{ratio['ours']:.2f} ×",
        f"≤ {RATIO} ×",
        ratio["ours"] <= RATIO,
    )
    report.note("transformers, output_attentions=True, not reduced", f"{ratio['attentions']:.2f} ×")
    report.check(
        "transformers, output_attentions=True, and the same reduced from it",
        f"{ratio['same']:.2f} ×",
        "slower than ours",
        ratio["same"] > ratio["ours"],
    )


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
        model.reduce_attention(texts, {"sent": reducers.row_sums}, batch_size=batch_size)

    median = in_turns({"one": lambda: run(1), "auto": lambda: run("auto")}, 3)
    report.note(
        f"{len(texts)} sequences of {min(lengths)} to {max(lengths)} residues, one at a time",
        f"{len(texts) / median['one']:.1f} a second of one thread",
    )
    report.note(
        f"  in {len(batches)} batches of like length",
        f"{len(texts) / median['auto']:.1f} a second, {median['one'] / median['auto']:.2f} ×",
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
