"""A data set of proteins made up on the fly, and a model of the shape of TAPE's transformer."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from protvis.annotations import Track
from protvis.datasets import Dataset, Reading, Record

LETTERS = "ACDEFGHIKLMNPQRSTVWY"
PROVIS = Path(__file__).parents[2] / "shared/data/annotations/provis/binding_site_valid.lmdb"
"""ProVis' validation set of binding sites, where it lies beside the repository."""


def draw_coordinates(rng: np.random.Generator, n: int) -> np.ndarray:
    """Return a chain that meanders through a box: some 1.5 % of its pairs are contacts."""
    turn = max(4, round(n ** (1 / 2)))
    strand, along = np.divmod(np.arange(n), turn)
    layer, row = np.divmod(strand, max(2, round((n / turn) ** (1 / 2))))
    back = strand % 2 == 1
    along = np.where(back, turn - 1 - along, along)
    points = np.stack([3.4 * along, 6.5 * row, 10.0 * layer], axis=1)
    return (points + rng.normal(0, 0.8, (n, 3))).astype(np.float32)


@dataclass(frozen=True)
class DrawnProteins(Dataset):
    """Proteins drawn anew whenever they are read; nothing is kept.

    Lengths are log-normal, like those of ProVis' validation set (median 205, standard deviation of
    the logarithm 0.66), between `shortest` and `longest`; the first protein is the longest.

    Attributes
    ----------
    n : int
    with_coordinates : bool
    shortest, longest, median : int
        Residues.
    """

    n: int
    with_coordinates: bool = False
    shortest: int = 20
    longest: int = 510
    median: int = 205
    name: str = "drawn"

    @cached_property
    def keys(self) -> Sequence[str]:
        return [f"p{number}" for number in range(self.n)]

    def read(self, key: str) -> Reading:
        number = int(key[1:])
        rng = np.random.default_rng([7, number])
        n = int(np.clip(np.exp(rng.normal(np.log(self.median), 0.66)), self.shortest, self.longest))
        if number == 0:
            n = self.longest
        sites = Track("binding site", "site", rng.random(n) < 0.05, "drawn")
        points = draw_coordinates(rng, n) if self.with_coordinates else None
        sequence = "".join(rng.choice([*LETTERS], n))
        return Reading((Record(key, sequence, {"binding_site": sites}, coordinates=points),))

    def features(self) -> Mapping[str, tuple[str, ...]]:
        contact = {"contact": ("pair",)} if self.with_coordinates else {}
        return {"binding_site": ("",), "amino_acid": tuple(LETTERS), **contact}

    def fingerprint(self) -> str:
        return repr(self)


class Placed(Dataset):
    """A data set whose records get coordinates drawn by their ids: ProVis' file has none."""

    def __init__(self, inner: Dataset) -> None:
        self.inner, self.name = inner, f"{inner.name} with drawn coordinates"

    @property
    def keys(self) -> Sequence[str]:
        return self.inner.keys

    def read(self, key: str) -> Reading:
        reading = self.inner.read(key)
        placed = []
        for record in reading.records:
            rng = np.random.default_rng([7, *record.record_id.encode()])
            points = draw_coordinates(rng, record.n_residues)
            placed.append(Record(record.record_id, record.sequence, record.tracks, points))
        return Reading(tuple(placed), reading.skipped)

    def features(self) -> Mapping[str, tuple[str, ...]]:
        return {**self.inner.features(), "contact": ("pair",)}

    def fingerprint(self) -> str:
        return self.inner.fingerprint()


def write_tape(
    folder: Path,
    *,
    width: int = 768,
    n_layers: int = 12,
    n_heads: int = 12,
    sharpness: float = 14.0,
) -> Path:
    """Write a random checkpoint as TAPE's transformer was saved; by default of its size.

    `sharpness` multiplies the weights of the queries: as drawn, all attention is flat, and there
    would be no links to count.
    """
    os.environ["HF_HUB_OFFLINE"] = "1"
    import torch
    import transformers

    torch.manual_seed(5)
    settings: dict[str, Any] = {
        "vocab_size": 30,
        "hidden_size": width,
        "num_hidden_layers": n_layers,
        "num_attention_heads": n_heads,
        "intermediate_size": 4 * width,
        "hidden_act": "gelu",
        "max_position_embeddings": 1200,
        "type_vocab_size": 2,
        "layer_norm_eps": 1e-12,
    }
    network = transformers.BertModel(transformers.BertConfig(**settings), add_pooling_layer=False)
    weights = {f"bert.{name}": values for name, values in network.state_dict().items()}
    for name, values in weights.items():
        if ".attention.self.query.weight" in name:
            values *= sharpness * (768 / width) ** 0.5
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(settings))
    torch.save(weights, folder / "pytorch_model.bin")
    return folder
