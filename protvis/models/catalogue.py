"""What there is to load: every model in the table, its size, and whether it is on this machine."""

from __future__ import annotations

import json
import math
import struct
from dataclasses import dataclass
from pathlib import Path

from protvis.models.family_table import FAMILIES
from protvis.models.registry import BUNDLED, CHECKPOINTS, Bundled
from protvis.models.wheels import find_wheel

__all__ = ["ModelEntry", "list_models"]

_DATA = Path(__file__).resolve().parent.parent / "data"
_WEIGHTS = ("model.safetensors", "pytorch_model.bin")
_INDEXES = ("model.safetensors.index.json", "pytorch_model.bin.index.json")


@dataclass(frozen=True)
class ModelEntry:
    """A model as listed by `list_models`.

    Attributes
    ----------
    name : str
        The shortest name that `load_model` accepts.
    hub_id : str or None
        Where it comes from; None for the bundled one.
    family, source, licence : str
    n_layers, n_heads, n_parameters : int
    max_residues : int or None
        The longest sequence it reads; None if there is no limit, or only loading can tell it.
    trained_residues : int or None
        The longest sequence in its training, where that is not a limit.
    cached : bool
        Whether it is on this machine and needs no network.
    place : {"", "bundled", "cached", "installed"}
        Where it is on this machine: with protvis, in the hub's cache, or in a Python package.
    size : int or None
        Size of its weights on this machine in bytes; None if they are not there.
    note : str
        What to know before using it.
    """

    name: str
    hub_id: str | None
    family: str
    source: str
    licence: str
    n_layers: int
    n_heads: int
    n_parameters: int
    max_residues: int | None
    trained_residues: int | None
    cached: bool
    place: str
    size: int | None
    note: str = ""


def list_models() -> list[ModelEntry]:
    """Return every model that `load_model` knows by name, without torch or the network."""
    entries = [_bundled(model) for model in BUNDLED]
    for checkpoint in CHECKPOINTS:
        weights = None if checkpoint.wheel is None else find_wheel(checkpoint.wheel)
        if weights is None:
            size, place = _cached_size(checkpoint.hub_id), "cached"
        else:
            size, place = weights.stat().st_size, "installed"
        family = FAMILIES[checkpoint.family]
        entries.append(
            ModelEntry(
                name=checkpoint.aliases[0],
                hub_id=checkpoint.hub_id,
                family=checkpoint.family,
                source=family.source,
                licence=checkpoint.licence,
                n_layers=checkpoint.n_layers,
                n_heads=checkpoint.n_heads,
                n_parameters=checkpoint.n_parameters,
                max_residues=family.max_residues,
                trained_residues=family.trained_residues,
                cached=size is not None,
                place="" if size is None else place,
                size=size,
                note=checkpoint.notice,
            )
        )
    return entries


def _bundled(model: Bundled) -> ModelEntry:
    """Return a bundled model, as its own files describe it."""
    folder = _DATA / model.name
    weights = folder / "model.safetensors"
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    with weights.open("rb") as stream:
        # Eight bytes of length, then a table of the tensors.
        header = json.loads(stream.read(struct.unpack("<Q", stream.read(8))[0]))
    shapes = [tensor["shape"] for name, tensor in header.items() if name != "__metadata__"]
    learned = config.get("position_embedding_type") == "absolute"
    return ModelEntry(
        name=model.name,
        hub_id=None,
        family="ESM form",
        source="trained for protvis",
        licence="MIT",
        n_layers=config["num_hidden_layers"],
        n_heads=config["num_attention_heads"],
        n_parameters=sum(math.prod(shape) for shape in shapes),
        # Two special tokens, and positions counted from behind the padding's.
        max_residues=config["max_position_embeddings"] - 3 - config["pad_token_id"]
        if learned
        else None,
        trained_residues=None,
        cached=True,
        place="bundled",
        size=weights.stat().st_size,
        note=model.notice,
    )


def _cached_size(hub_id: str) -> int | None:
    """Return the bytes of the weights in the hub's cache, None where they are not (all) there."""
    from huggingface_hub import try_to_load_from_cache

    config = try_to_load_from_cache(hub_id, "config.json")
    if not isinstance(config, str):
        return None
    snapshot = Path(config).parent
    for single, index in zip(_WEIGHTS, _INDEXES, strict=True):
        if (snapshot / single).is_file():
            return (snapshot / single).stat().st_size
        if (snapshot / index).is_file():
            stem, suffix = Path(single).stem, Path(single).suffix
            shards = list(snapshot.glob(f"{stem}-*-of-*{suffix}"))
            # The names say how many there should be: …-00001-of-00003.safetensors
            if shards and len(shards) == int(shards[0].stem.rpartition("-")[2]):
                return sum(shard.stat().st_size for shard in shards)
    return None
