"""What opening an explorer costs: the path users run, beside a plain sdpa pass of the same network.

Opening is `capture_chain` (what runs when `pv.explore` or `protvis explore` opens a chain) and the
scene that crosses to the browser. Networks are random, of the shapes stated. One thread, in turns,
CPU seconds of this process. Other programs on the machine lengthen single rounds, so what counts is
the shortest of several.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["HF_HUB_OFFLINE"] = "1"

import torch
import transformers
from large import write_model, write_structure
from report import Report, duration, size

from protvis.export import explore_to_html
from protvis.models import wrap_model
from protvis.scene import build_scene
from protvis.scene.chain_attention import capture_chain
from protvis.structure import load_structure

# Layers, heads, width, spread of the weights, residues, rounds, most times the plain pass.
SHAPES = (
    (12, 20, 480, 0.1, 245, 7, 1.6),
    (12, 20, 480, 0.1, 837, 5, 2.0),
    (33, 20, 160, 0.2, 837, 3, 3.0),
    (33, 20, 1280, 0.05, 500, 1, 1.3),
)
COLD_START = 4.0
"""CPU seconds from `import` to the page of crambin with the bundled model."""
CRAMBIN = Path(__file__).parents[2] / "shared" / "data" / "structures" / "plain" / "1crn.cif"


def network(n_layers: int, n_heads: int, width: int, spread: float) -> Any:
    """Return a random network of the shape of ESM-2."""
    torch.manual_seed(0)
    config = transformers.EsmConfig(
        vocab_size=33,
        pad_token_id=1,
        mask_token_id=32,
        position_embedding_type="rotary",
        max_position_embeddings=1026,
        token_dropout=True,
        hidden_size=width,
        num_hidden_layers=n_layers,
        num_attention_heads=n_heads,
        intermediate_size=4 * width,
        initializer_range=spread,
    )
    return transformers.EsmModel(config, add_pooling_layer=False).eval()


def in_turns(jobs: dict[str, Callable[[], Any]], n_rounds: int) -> dict[str, float]:
    """Return the fewest CPU seconds of each job, run in turns after once unmeasured."""
    times: dict[str, list[float]] = {name: [] for name in jobs}
    for number in range(n_rounds + 1):
        for name, job in jobs.items():
            start = time.process_time()
            job()
            if number:
                times[name].append(time.process_time() - start)
    return {name: min(found) for name, found in times.items()}


def measure_opening(report: Report, folder: Path, tokenizer: Any) -> None:
    """Measure each shape: the plain pass, capture alone, opening, and the scene."""
    for n_layers, n_heads, width, spread, n_residues, n_rounds, most in SHAPES:
        structure = load_structure(write_structure(folder / f"{n_residues}.pdb", n_residues))
        chain = structure.chain("A")
        plain = network(n_layers, n_heads, width, spread)
        plain.set_attn_implementation("sdpa")
        model = wrap_model(network(n_layers, n_heads, width, spread), tokenizer)
        ids = torch.tensor(tokenizer(chain.sequence)["input_ids"])[None]

        def forward(plain: Any = plain, ids: Any = ids) -> None:
            with torch.inference_mode():
                plain(ids, attention_mask=torch.ones_like(ids))

        def capture(model: Any = model, text: str = chain.sequence) -> None:
            model.capture(text, lambda *_: None)

        def opening(model: Any = model, chain: Any = chain) -> None:
            capture_chain(model, chain)

        def explorer(model: Any = model, structure: Any = structure, chain: Any = chain) -> None:
            build_scene(structure, chain, model).wire()

        jobs = {"plain": forward, "capture": capture, "opening": opening, "explorer": explorer}
        least = in_turns(jobs, n_rounds)
        ratio = {name: seconds / least["plain"] for name, seconds in least.items()}
        report.note(
            f"{n_layers} × {n_heads} heads, {width} wide, {n_residues} residues: plain sdpa pass",
            duration(least["plain"]),
        )
        report.note("  attention captured, nothing made of it", f"{ratio['capture']:.2f} ×")
        report.check(
            "  opening: links, scores and sums of all heads",
            f"{ratio['opening']:.2f} ×",
            f"≤ {most} ×",
            ratio["opening"] <= most,
        )
        report.note("  and annotations, and all that crosses", f"{ratio['explorer']:.2f} ×")


def measure_large(report: Report, folder: Path, tokenizer: Any) -> None:
    """Measure what follows opening 33 × 20 heads on 837 residues."""
    structure = load_structure(write_structure(folder / "837.pdb", 837))
    model = wrap_model(network(33, 20, 160, 0.2), tokenizer)
    scene = build_scene(structure, structure.chain("A"), model)
    times = {}
    for name, job in {
        "full map of a head in the first layer": lambda: scene.wire_map(17),
        "full map of a head in the last layer": lambda: scene.wire_map(32 * 21 + 17),
        "links and scores of APC, all heads": lambda: scene.wire_maps("apc"),
        "one APC map": lambda: scene.wire_map(40, "apc"),
        "opening and writing the page": lambda: explore_to_html(
            structure, folder / "page.html", model
        ),
    }.items():
        start = time.process_time()
        job()
        times[name] = time.process_time() - start
    report.note("33 × 20 heads, 160 wide, 837 residues, once open", "")
    for name, seconds in times.items():
        report.note(f"  {name}", duration(seconds))
    report.note("  size of that page", size((folder / "page.html").stat().st_size))


def measure_cold_start(report: Report, folder: Path) -> None:
    """Measure `protvis explore` in a new process, on crambin or a chain of its size."""
    there = CRAMBIN.is_file()
    structure = CRAMBIN if there else write_structure(folder / "small.pdb", 46)
    command = [sys.executable, "-m", "protvis", "explore", str(structure)]
    command += ["--model", "mini", "-o", str(folder / "small.html")]
    found = []
    for _ in range(4):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        found.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    seconds = min(found[1:])
    report.check(
        f"protvis explore, {'1CRN' if there else '46 residues'}, bundled model, a new process",
        duration(seconds),
        f"≤ {COLD_START:.0f} s",
        seconds <= COLD_START,
    )


def main() -> None:
    torch.set_num_threads(1)
    transformers.logging.disable_progress_bar()
    report = Report("Opening an explorer beside the plain forward pass (CPU seconds, one thread)")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_model(folder / "tokenizer", 2, 4)
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder / "tokenizer")
        measure_cold_start(report, folder)
        measure_opening(report, folder, tokenizer)
        measure_large(report, folder, tokenizer)
    report.finish()


if __name__ == "__main__":
    # Threads of the products with vectors, too.
    if os.environ.get("OMP_NUM_THREADS") != "1":
        os.environ["OMP_NUM_THREADS"] = "1"
        os.execv(sys.executable, [sys.executable, *sys.argv])
    main()
