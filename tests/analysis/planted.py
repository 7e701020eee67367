"""A data set in memory and a model whose attention is given, not computed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from protvis.annotations import PairTrack, Track
from protvis.datasets import Dataset, Reading, Record
from protvis.errors import DatasetError, SequenceError
from protvis.models.layer_scan import LayerScan, masks_on, scan_layer

LETTERS = "ACDEFGHIKLMNPQRSTVWY"


@dataclass
class MemoryDataset(Dataset):
    records: Sequence[Record]
    broken: Mapping[str, str] = field(default_factory=dict)
    offered: Mapping[str, tuple[str, ...]] | None = None
    name: str = "memory"

    @property
    def keys(self) -> Sequence[str]:
        return [record.record_id for record in self.records] + list(self.broken)

    def read(self, key: str) -> Reading:
        if key in self.broken:
            raise DatasetError(self.broken[key])
        return Reading(tuple(record for record in self.records if record.record_id == key))

    def features(self) -> Mapping[str, tuple[str, ...]]:
        return self.offered or {
            "contact": ("",),
            "amino_acid": ("",),
            "binding_site": ("",),
            "modification": ("",),
            "secondary_structure": ("helix", "strand", "turn", "other"),
            "plddt": ("",),
            "disulfide": ("pair",),
        }

    def fingerprint(self) -> str:
        return hashlib.sha256(
            "".join(record.sequence for record in self.records).encode()
        ).hexdigest()


@dataclass
class PlantedModel:
    """Reads only the sequences it has attention for: (layer, head, query, key) each."""

    attention: Mapping[str, np.ndarray]
    name: str = "planted"
    max_residues: int | None = None
    recipe: None = None
    seen: list[str] = field(default_factory=list)

    @property
    def n_layers(self) -> int:
        return next(iter(self.attention.values())).shape[0]

    @property
    def n_heads(self) -> int:
        return next(iter(self.attention.values())).shape[1]

    @property
    def provenance(self) -> dict[str, Any]:
        return {"model": self.name, "weights_sha256": self.name, "versions": {"torch": "0"}}

    def check_sequence(self, sequence: str) -> str:
        if sequence not in self.attention:
            raise SequenceError("never heard of it")
        return sequence

    def scan_attention(
        self,
        sequences: Sequence[str],
        receive: Callable[[LayerScan], None],
        *,
        floor: float,
        masks: Sequence[Sequence[np.ndarray]],
    ) -> None:
        for index, sequence in enumerate(sequences):
            self.seen.append(sequence)
            block = torch.from_numpy(self.attention[sequence].astype(np.float32))
            on_device = masks_on(masks[index], len(sequence), block.device)
            for layer in range(self.n_layers):
                receive(scan_layer(block[layer], index, layer + 1, floor, on_device))


def draw_record(rng: np.random.Generator, name: str, n: int = 24) -> Record:
    """Return a protein with every kind of label, some residues unobserved."""
    letters = rng.choice(list(LETTERS + "X"), n)
    coordinates = rng.normal(scale=6.0, size=(n, 3)).astype(np.float32)
    observed = rng.random(n) >= 0.1
    coordinates[~observed] = np.nan
    # Of a residue with itself, and of what is not observed, tracks may say what they like.
    pairs = np.triu(rng.random((n, n)) < 0.05)
    plddt = rng.uniform(20, 100, n).astype(np.float32)
    plddt[rng.random(n) < 0.1] = np.nan
    return Record(
        name,
        "".join(letters),
        {
            "binding_site": Track("binding site", "site", rng.random(n) < 0.2, "drawn"),
            "modification": Track("modification", "site", rng.random(n) < 0.1, "drawn"),
            "secondary_structure": Track(
                "secondary structure", "state", rng.choice(list("HET-"), n), "drawn"
            ),
            "plddt": Track("pLDDT", "number", plddt, "drawn"),
            "disulfide": PairTrack("disulfide", pairs | pairs.T, "drawn"),
        },
        coordinates=coordinates,
        observed=observed,
        from_coordinates=frozenset({"secondary_structure", "modification", "disulfide"}),
    )


def draw_attention(
    rng: np.random.Generator, n: int, n_layers: int = 2, n_heads: int = 3, sharp: float = 3.0
) -> np.ndarray:
    """Return rows that sum to less than 1, some of them with a weight above 0.3."""
    scores = rng.normal(scale=sharp, size=(n_layers, n_heads, n, n))
    weights = np.exp(scores)
    special = np.exp(rng.normal(scale=sharp, size=(*weights.shape[:3], 1)))
    return (weights / (weights.sum(-1, keepdims=True) + special)).astype(np.float32)
