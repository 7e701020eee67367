"""The weight files of a checkpoint: which they are, what they hold, and their hash.

Safetensors come first: they hold numbers and nothing else. Pickled weights are read by torch's
weights-only unpickler, which builds tensors and refuses everything else.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import huggingface_hub.constants
import torch
from safetensors.torch import load_file

from protvis.errors import ModelError
from protvis.models.configuration import read_json

__all__ = [
    "check_files",
    "check_finite",
    "find_weights",
    "hash_settings",
    "hash_tensors",
    "hash_weights",
    "is_pickled",
    "read_card",
    "read_tensors",
]

_SINGLE = ("model.safetensors", "pytorch_model.bin")
_SHARDED = ("model.safetensors.index.json", "pytorch_model.bin.index.json")
_SAID = {"architectures", "dtype", "torch_dtype", "transformers_version", "transformers_weights"}
_POINTER = b"version https://git-lfs"


def find_weights(directory: Path, named: Any = None) -> list[Path]:
    """Return the weight files of a checkpoint directory, safetensors rather than pickled ones.

    Parameters
    ----------
    directory : Path
    named : str, optional
        The one file that the configuration names instead (``transformers_weights``).

    Raises
    ------
    ModelError
        If there are none, an index or the configuration names files that are not there, or a file
        lies outside the directory (the hub's cache, where it links to, counts as inside).
    """
    if named is not None:
        return _inside(directory, [named], "config.json")
    for single, sharded in zip(_SINGLE, _SHARDED, strict=True):
        if (directory / single).is_file():
            return _inside(directory, [single], "the directory")
        if (directory / sharded).is_file():
            return _inside(directory, _shards(directory / sharded), sharded)
    there = sorted(path.name for path in directory.iterdir())
    listed = ", ".join(there[:12]) or "nothing"
    raise ModelError(
        f"no weights in {directory}: expected {_SINGLE[0]} (or its shards), found {listed}. "
        "Save the model with save_pretrained(directory)"
    )


def _shards(index: Path) -> list[Any]:
    content = read_json(index)
    by_tensor = content.get("weight_map") if isinstance(content, dict) else None
    if not isinstance(by_tensor, dict) or not by_tensor:
        raise ModelError(f"{index} is not an index of weight files: it has no weight_map")
    names = list(by_tensor.values())
    # Whatever is no text is refused where the names are looked up.
    return sorted(set(names)) if all(isinstance(name, str) for name in names) else names


def _inside(directory: Path, names: Iterable[Any], where: str) -> list[Path]:
    """Return files by their names, if all of them are regular files of this checkpoint."""
    found, missing = [], []
    for name in names:
        if not isinstance(name, str) or Path(name).name != name:
            raise ModelError(
                f"{where} of {directory} names weights outside the checkpoint: {name!r:.80}. "
                "Expected the name of a file that lies beside config.json"
            )
        path = directory / name
        if not path.is_file():
            missing.append(name)
        elif not _belongs(path.resolve(), directory.resolve()):
            raise ModelError(
                f"{path} links to {path.resolve()}, outside the checkpoint: copy the file there"
            )
        found.append(path)
    if missing:
        raise ModelError(
            f"{where} names {len(missing)} weight files that are not in {directory}: "
            f"{', '.join(missing[:3])}"
        )
    return found


def _belongs(path: Path, directory: Path) -> bool:
    return path.parent == directory or _is_blob(path)


def _is_blob(path: Path) -> bool:
    """Return whether a file lies among the hub cache's contents, which are named by their hash."""
    cache = Path(huggingface_hub.constants.HF_HUB_CACHE).resolve()
    return path.parent.name == "blobs" and path.is_relative_to(cache)


def check_files(files: Iterable[Path]) -> None:
    """Refuse weight files that hold nothing, or only say where the weights are.

    Raises
    ------
    ModelError
        If one is empty, or a pointer of Git LFS.
    """
    for path in files:
        with path.open("rb") as stream:
            start = stream.read(len(_POINTER))
        if not start:
            raise ModelError(f"{path} is empty: fetch or copy the weights again")
        if start == _POINTER:
            raise ModelError(
                f"{path} only says where Git LFS keeps the weights: run `git lfs pull` where it "
                "comes from"
            )


def is_pickled(files: Iterable[Path]) -> bool:
    """Return whether the weights are pickled rather than safetensors."""
    return any(path.suffix != ".safetensors" for path in files)


def read_tensors(files: Iterable[Path]) -> dict[str, torch.Tensor]:
    """Return the tensors of weight files by name, on the CPU.

    Raises
    ------
    ModelError
        If a file holds something else.
    """
    found: dict[str, torch.Tensor] = {}
    for path in files:
        if path.suffix == ".safetensors":
            found |= load_file(path)
            continue
        content = torch.load(path, map_location="cpu", weights_only=True)
        if not isinstance(content, dict) or not all(isinstance(name, str) for name in content):
            raise ModelError(
                f"{path} cannot be loaded: expected tensors by name, found {type(content).__name__}"
            )
        found |= {name: one for name, one in content.items() if isinstance(one, torch.Tensor)}
    return found


def check_finite(tensors: Iterable[tuple[str, torch.Tensor]], where: str) -> None:
    """Refuse weights that are not numbers: everything computed from them would look like a result.

    Raises
    ------
    ModelError
        If a tensor holds NaN or infinity; the message names it.
    """
    for name, values in tensors:
        if values.is_floating_point() and values.numel():
            low, high = torch.aminmax(values.detach())
            if not (torch.isfinite(low) and torch.isfinite(high)):
                raise ModelError(
                    f"the weights in {where} are not finite: {name} holds NaN or infinity. "
                    "Training diverged or the file is damaged: use another checkpoint or fetch it "
                    "again"
                )


def hash_weights(files: Iterable[Path]) -> str:
    """Return the SHA-256 of the weights as hex: of the file, or of the shards' hashes in order."""
    hashes = [_hash_file(path) for path in files]
    if len(hashes) == 1:
        return hashes[0]
    return hashlib.sha256("".join(hashes).encode()).hexdigest()


def hash_tensors(tensors: Mapping[str, torch.Tensor]) -> str:
    """Return the SHA-256 of tensors in memory as hex: names, types, shapes and numbers."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        values = tensors[name].detach().cpu().contiguous()
        digest.update(f"{name} {values.dtype} {tuple(values.shape)}\n".encode())
        digest.update(values.flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def hash_settings(config: Mapping[str, Any], ids: Iterable[int]) -> str:
    """Return the SHA-256, as hex, of what decides the result beside the weights.

    Parameters
    ----------
    config : mapping of str to Any
        The configuration; names of files and programs in it do not count.
    ids : iterable of int
        The tokens of a sequence that has every residue.
    """
    counts = {name: one for name, one in config.items() if name not in _SAID and name[0] != "_"}
    said = json.dumps([counts, [int(one) for one in ids]], sort_keys=True, default=str)
    return hashlib.sha256(said.encode()).hexdigest()


def _hash_file(path: Path) -> str:
    # The hub's cache names large files by their SHA-256, which saves reading gigabytes again.
    real = path.resolve()
    if re.fullmatch(r"[0-9a-f]{64}", real.name) and _is_blob(real):
        return real.name
    about = path.stat()
    return _hash_content(real, about.st_size, about.st_mtime_ns)


@lru_cache(maxsize=64)
def _hash_content(path: Path, size: int, changed: int) -> str:
    # Size and time of change are part of the question: another file in its place is read anew.
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def read_card(directory: Path) -> str | None:
    """Return the text of the card that lies beside the weights, or None."""
    for name in ("CARD.md", "README.md"):
        if (directory / name).is_file():
            return (directory / name).read_text(encoding="utf-8", errors="replace")
    return None
