"""Heads whose role is known, and heads that have none, on drawn proteins."""

from __future__ import annotations

import numpy as np

import protvis as pv
from protvis.annotations import Track
from protvis.datasets import Record
from protvis.reports import HeadReport
from protvis.structure.contacts import contact_map
from tests.analysis.planted import LETTERS, MemoryDataset, PlantedModel
from tests.analysis.test_null_levels import draw_links, draw_protein

FEATURES = [
    "contact", "contact_short", "contact_long", "disulfide", "binding_site", "interface",
    "secondary_structure", "amino_acid", "own",
]  # fmt: skip

PLANTED = (
    "previous residue", "next residue", "offset", "i ± 3/4 (helix)", "special token",
    "sink on residues", "same amino acid", "cysteine to cysteine", "amino acid",
    "contacts", "contacts, long range", "contacts, short range", "disulfide bonds",
    "secondary structure", "binding sites", "interface", "own",
)  # fmt: skip

SILENT = ("anywhere", "local", "runs", "segments", "curve", "key block")
"""Heads without a role, of the habits that fool tests."""

STATES = ("helix", "strand", "turn")


def expected_role(planted: str, head: int) -> str:
    """Return the name of the role that a head of this kind was given."""
    if planted == "offset":
        return f"offset {_offset(head):+d}".replace("-", "−")
    if planted == "amino acid":
        return f"amino acid {LETTERS[head % len(LETTERS)]}"
    return STATES[head % 3] if planted == "secondary structure" else planted


def _offset(head: int) -> int:
    return (7 + head % 20) * (-1) ** head


def label(rng: np.random.Generator, record: Record) -> Record:
    """Return a protein with labels in stretches beside its own."""
    n = record.n_residues

    def stretches(length: int, odds: list[float], letters: str) -> np.ndarray:
        return np.repeat(rng.choice(list(letters), n // length + 1, p=odds), length)[:n]

    tracks = {
        **record.tracks,
        "secondary_structure": Track(
            "secondary structure", "state", stretches(6, [0.35, 0.25, 0.15, 0.25], "HET-"), "drawn"
        ),
        "interface": Track("interface", "site", stretches(4, [0.15, 0.85], "x-") == "x", "drawn"),
        "own": Track("own", "site", stretches(4, [0.15, 0.85], "x-") == "x", "drawn"),
    }
    return Record(
        record.record_id, record.sequence, tracks, coordinates=record.coordinates,
        observed=record.observed, from_coordinates=record.from_coordinates,
    )  # fmt: skip


def plant(
    rng: np.random.Generator, role: str, head: int, record: Record
) -> tuple[np.ndarray, np.ndarray]:
    """Return queries and keys of a head with a role; six of ten links show it, the others go
    anywhere."""
    n = record.n_residues
    query, letters = np.arange(n), np.array(list(record.sequence))
    key = rng.integers(0, n, n)
    shows = rng.random(n) < 0.6
    different = ~np.eye(n, dtype=bool)
    twins = (letters[:, None] == letters) & different

    def to_residues(mask: np.ndarray) -> np.ndarray:
        return np.where(shows, rng.choice(np.flatnonzero(mask), n), key) if mask.any() else key

    def to_pairs(mask: np.ndarray) -> np.ndarray:
        found = key.copy()
        for place in np.flatnonzero(shows & mask.any(axis=1)):
            found[place] = rng.choice(np.flatnonzero(mask[place]))
        return found

    apart = np.abs(query[:, None] - query)
    pairs = {
        "same amino acid": twins & (letters != "C"),
        "cysteine to cysteine": twins & (letters == "C"),
        "contacts": different,
        "contacts, long range": apart >= 24,
        "contacts, short range": (apart >= 6) & (apart < 12),
    }
    if role in pairs:
        mask = pairs[role]
        key = to_pairs(
            mask & contact_map(record.coordinates, 8.0, 6) if "contacts" in role else mask
        )
    elif role == "disulfide bonds":
        # Silent but for cysteines, as the heads of real models that know them.
        bonds = record.tracks["disulfide"].values
        query, key = np.nonzero(bonds)
    elif role == "special token":
        key = np.full(n, -1)
    elif role == "sink on residues":
        key = np.where(rng.random(n) < 0.8, rng.choice(rng.choice(n, 2, replace=False), n), key)
    elif role == "amino acid":
        key = to_residues(letters == LETTERS[head % len(LETTERS)])
    elif role == "secondary structure":
        key = to_residues(record.tracks["secondary_structure"].values == "HET"[head % 3])
    elif role in ("binding sites", "interface", "own"):
        key = to_residues(record.tracks[role.replace("sites", "site").replace(" ", "_")].values)
    else:
        steps = {
            "previous residue": np.full(n, -1),
            "next residue": np.full(n, 1),
            "offset": np.full(n, _offset(head)),
            "i ± 3/4 (helix)": rng.choice([-4, -3, 3, 4], n),
        }
        key = np.where(shows, query + steps[role], key)
    inside = (key >= 0) & (key < n)
    return query[inside], key[inside]


def silent(
    rng: np.random.Generator, habit: str, head: int, record: Record
) -> tuple[np.ndarray, np.ndarray]:
    """Return queries and keys of a head without a role."""
    n = record.n_residues
    query = np.arange(n)
    if habit == "segments":
        starts = rng.integers(0, n - 8, n // 8 + 1)
        key = np.concatenate([(one + np.arange(8))[:: rng.choice([-1, 1])] for one in starts])[:n]
    elif habit == "curve":
        key = rng.integers(0, n) + np.cumsum(rng.integers(-1, 2, n))
    else:
        return draw_links(rng, habit, head, record)
    inside = (key >= 0) & (key < n)
    return query[inside], key[inside]


def draw_report(seed: int, n_heads: int, n_proteins: int = 40) -> HeadReport:
    """Return an analysis of a model whose layers have one head per role, then one per habit."""
    rng = np.random.default_rng(seed)
    records = [label(rng, draw_protein(rng, number)) for number in range(n_proteins)]
    attention = {}
    for record in records:
        n = record.n_residues
        maps = np.full((len(PLANTED) + len(SILENT), n_heads, n, n), 0.35 / n, dtype=np.float32)
        maps[PLANTED.index("special token")] = 0.1 / n
        for layer, kind in enumerate(PLANTED + SILENT):
            for head in range(n_heads):
                draw = plant if kind in PLANTED else silent
                maps[layer, head, *draw(rng, kind, head, record)] = 0.6
        attention[record.sequence] = maps.swapaxes(0, 1)
    offered = {**MemoryDataset([]).features(), "interface": ("",), "own": ("",)}
    return pv.analyze(
        MemoryDataset(records, offered=offered), PlantedModel(attention), features=FEATURES,
        progress=False, controls=(), min_links=50,
    )  # fmt: skip


def found_shares(report: HeadReport) -> tuple[dict[str, float], dict[str, float]]:
    """Return the share of planted heads named as planted, by role, and of silent ones named."""
    roles = report.atlas().groupby(["layer", "head"])["role"].agg(set)
    n_layers = report.result.plan.n_layers
    named = {
        kind: float(
            np.mean([expected_role(kind, of) in roles[of + 1, head] for of in range(n_layers)])
        )
        for head, kind in enumerate(PLANTED, 1)
    }
    false = {
        kind: float(np.mean([roles[of + 1, head] != {""} for of in range(n_layers)]))
        for head, kind in enumerate(SILENT, len(PLANTED) + 1)
    }
    return named, false
