"""Fingerprints of data: SHA-256 over the content, so that other data is not taken for the same."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from protvis.errors import DatasetError

__all__ = ["hash_file", "hash_parts"]


def hash_file(path: str | os.PathLike[str]) -> str:
    """Return the SHA-256 (hex) of a file's bytes.

    Raises
    ------
    DatasetError
        If the file cannot be read.
    """
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DatasetError(f"cannot read {path}: {error.strerror or error}") from error


def hash_parts(parts: Iterable[bytes | str]) -> str:
    """Return the SHA-256 (hex) of parts in their order; where each begins and ends counts too."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.hexdigest()
