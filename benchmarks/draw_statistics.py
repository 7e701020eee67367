"""Draw the pictures of docs/analysis.md: what each null moves, and what choosing the best does.

    python benchmarks/draw_statistics.py [run]

With the folder of the run that docs/antibodies.md describes, its atlas for the README, too.
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np

mpl.use("agg")
import matplotlib.pyplot as plt
import pandas as pd

import protvis as pv
from protvis.analysis.counting.features import columns_of, label_record
from protvis.analysis.counting.nulls import chances_of_pairs
from protvis.analysis.statistics.family_tests import enrichment_interval
from protvis.data import TRYPSIN
from protvis.datasets import open_dataset

DOCS = Path(__file__).resolve().parents[1] / "docs"
INK, LINK, SOFT = "#3b4252", "#c8443c", "#8d9bb3"


def draw_nulls(path: Path) -> None:
    """Draw one head's links on a contact map, and where each null lets them fall."""
    dataset = open_dataset(TRYPSIN)
    [record] = dataset.read(dataset.keys[0]).records
    _, [pairs] = label_record(
        record, columns_of(["contact"], dataset.features()), cutoff=8.0, min_separation=6
    )
    rng, n = np.random.default_rng(4), record.n_residues
    # Stretches of eight onto stretches of eight.
    query = np.arange(n)
    start = np.repeat(rng.integers(0, n - 8, n // 8 + 1), 8)[:n]
    key = np.minimum(start + query % 8, n - 1)
    far = np.abs(query - key) >= 6
    query, key = query[far], key[far]
    apart = key - query
    first, second = np.nonzero(np.triu(pairs.eligible, 1))
    letters, letter = np.unique(list(record.sequence), return_inverse=True)
    two = np.sort([letter[first], letter[second]], axis=0)
    kind = (two[0] * len(letters) + two[1]) * 3 + np.digitize(second - first, (9, 15))
    chance = np.full((n, n), np.nan)
    hits = pairs.hits[first, second].astype(float)
    chance[second, first] = chances_of_pairs(hits, second - first, kind)
    low = np.maximum(0, -apart)
    moved = low + (rng.random(len(apart)) * (n - np.abs(apart))).astype(int)
    shifted = (query + 70) % n, (key + 70) % n
    inside = shifted[1] - shifted[0] == apart
    panels = [
        ("the head: eight map onto eight", query, key),
        ("protein\nevery link anywhere", rng.integers(0, n, len(query)),
         rng.integers(0, n, len(query))),
        ("separation\nevery link along its diagonal", moved, moved + apart),
        ("shift\nall links together, by 1 … n", shifted[0][inside], shifted[1][inside]),
        ("amino_acid\nas shift, beside these chances", *(part[inside] for part in shifted)),
    ]  # fmt: skip
    figure, axes = plt.subplots(1, 5, figsize=(12.5, 3.1), layout="constrained")
    for panel, (title, from_, to) in zip(axes, panels, strict=True):
        if title.startswith("amino"):
            panel.imshow(chance, cmap="Blues", vmax=0.25, origin="lower")
        else:
            where = np.argwhere(pairs.hits)
            panel.plot(where[:, 1], where[:, 0], ".", ms=0.8, color=SOFT)
        panel.plot(to, from_, ".", ms=2.2, color=LINK)
        panel.set(xlim=(0, n), ylim=(0, n), aspect="equal")
        panel.set_xticks([])
        panel.set_yticks([])
        panel.set_title(title, fontsize=8.5, color=INK)
    axes[0].set_xlabel("residue attended to", fontsize=8)
    axes[0].set_ylabel("residue that attends", fontsize=8)
    figure.savefig(path, dpi=120)


def draw_levels(path: Path) -> None:
    """Draw the share of null heads that each null lets pass, as `bench_statistics.py` measured."""
    table = pd.read_csv(Path(__file__).with_name("null_heads.csv")).set_index(["feature", "habit"])
    steps = ["base_rate", "protein", "separation", "shift", "amino_acid", "called"]
    figure, axes = plt.subplots(1, 2, figsize=(9, 5), layout="constrained", sharey=True)
    for panel, feature in zip(axes, ("contact", "helix"), strict=True):
        columns = [step for step in steps if table.loc[feature, step].notna().any()]
        rows = 100 * table.loc[feature, columns]
        panel.imshow(rows, cmap="Reds", vmin=0, vmax=130, aspect="auto")
        for (row, column), value in np.ndenumerate(rows.to_numpy()):
            panel.text(column, row, f"{value:.0f}", ha="center", va="center", fontsize=8)
        panel.set_xticks(range(len(columns)), columns, fontsize=8)
        panel.set_yticks(range(len(rows)), rows.index, fontsize=8)
        panel.axvline(len(columns) - 1.5, color=INK, lw=1)
        panel.set_title(f"{feature}: heads with q < 0.05, %", fontsize=9, color=INK)
        panel.tick_params(length=0)
        panel.spines[:].set_visible(False)
    figure.savefig(path, dpi=120)


def draw_best(path: Path, n_repeats: int = 300) -> None:
    """Draw the best of 144 heads that know nothing: as it was chosen, and measured elsewhere."""
    rng = np.random.default_rng(0)
    n_families, n_heads, rate, n_links = 40, 144, 0.05, 60
    chosen, measured, held = [], [], []
    for _ in range(n_repeats):
        hits = rng.binomial(n_links, rate, (n_families, n_heads)).astype(float)
        links = np.full_like(hits, n_links)
        low, _ = enrichment_interval(hits, links, links * rate)
        best = int(np.argmax(low))
        chosen.append(hits[:, best].sum() / (n_families * n_links * rate))
        held.append(low[best] <= 1)
        own = np.zeros(n_families)
        for fold in range(5):
            out = np.arange(n_families) % 5 == fold
            low, _ = enrichment_interval(hits[~out], links[~out], links[~out] * rate)
            own[out] = hits[out, int(np.argmax(low))]
        measured.append(own.sum() / (n_families * n_links * rate))
    figure, axes = plt.subplots(figsize=(5.6, 2.6), layout="constrained")
    bins = np.linspace(0.6, 1.6, 41)
    axes.hist(chosen, bins, color=LINK, alpha=0.7, label="where it was chosen (heads, top)")
    axes.hist(measured, bins, color="#4c78a8", alpha=0.7, label="on the other families (best)")
    axes.axvline(1, color=INK, lw=1, ls=(0, (4, 2)))
    axes.set(xlabel="enrichment of the best of 144 heads that know nothing", yticks=[])
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.legend(fontsize=8, frameon=False)
    figure.savefig(path, dpi=120)
    print(f"best where chosen: {np.mean(chosen):.2f}, its intervals hold 1 in {np.mean(held):.0%}; "
          f"on the others {np.mean(measured):.2f}")  # fmt: skip


def draw_atlas(path: Path, run: str) -> None:
    """Draw what each head of AntiBERTy does."""
    pv.load_report(run).plot_atlas().savefig(path, dpi=110)


if __name__ == "__main__":
    print(f"protvis {pv.__version__}")
    draw_nulls(DOCS / "nulls.png")
    draw_levels(DOCS / "null-heads.png")
    draw_best(DOCS / "best.png")
    if len(sys.argv) > 1:
        draw_atlas(DOCS / "atlas.png", sys.argv[1])
