"""The files of a checkpoint on disk: which hold the weights, and what they are.

Safetensors come first: they hold numbers and nothing else. Pickled weights are read by torch's
weights-only unpickler, which builds tensors and refuses everything else.
"""

from __future__ import annotations

import hashlib
import json
import re
from functools import lru_cache
from pathlib import Path

from protvis.errors import ModelError

__all__ = ["check_files", "find_weights", "hash_weights", "is_pickled", "read_card"]

_SINGLE = ("model.safetensors", "pytorch_model.bin")
_SHARDED = ("model.safetensors.index.json", "pytorch_model.bin.index.json")
_POINTER = b"version https://git-lfs"


def find_weights(directory: Path) -> list[Path]:
    """Return the weight files of a checkpoint directory, safetensors rather than pickled ones.

    Raises
    ------
    ModelError
        If there are none, or an index names files that are not there.
    """
    for single, sharded in zip(_SINGLE, _SHARDED, strict=True):
        if (directory / single).is_file():
            return [directory / single]
        if (directory / sharded).is_file():
            return _shards(directory / sharded)
    there = sorted(path.name for path in directory.iterdir())
    listed = ", ".join(there[:12]) or "nothing"
    raise ModelError(
        f"no weights in {directory}: expected {_SINGLE[0]} (or its shards), found {listed}. "
        "Save the model with save_pretrained(directory)"
    )


def _shards(index: Path) -> list[Path]:
    try:
        names = sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
    except (ValueError, KeyError, AttributeError) as error:
        raise ModelError(f"{index} is not an index of weight files: {error}") from error
    missing = [name for name in names if not (index.parent / name).is_file()]
    if missing:
        raise ModelError(
            f"{index.name} names {len(missing)} weight files that are not in {index.parent}: "
            f"{', '.join(missing[:3])}"
        )
    return [index.parent / name for name in names]


def check_files(files: list[Path]) -> None:
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


def is_pickled(files: list[Path]) -> bool:
    """Return whether the weights are pickled rather than safetensors."""
    return any(path.suffix != ".safetensors" for path in files)


def hash_weights(files: list[Path]) -> str:
    """Return the SHA-256 of the weights as hex: of the file, or of the shards' hashes in order."""
    hashes = [_hash_file(path) for path in files]
    if len(hashes) == 1:
        return hashes[0]
    return hashlib.sha256("".join(hashes).encode()).hexdigest()


def _hash_file(path: Path) -> str:
    # The hub's cache names large files by their SHA-256, which saves reading gigabytes again.
    name = path.resolve().name
    if re.fullmatch(r"[0-9a-f]{64}", name):
        return name
    about = path.stat()
    return _hash_content(path.resolve(), about.st_size, about.st_mtime_ns)


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
