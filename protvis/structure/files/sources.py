"""Where structure files come from: what a person names, as bytes with a name for messages.

Nothing here knows a file format. Compressed files are unpacked, and sizes are bounded
(`protvis.input_file`), so that a broken or hostile archive is one clear error.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from protvis import input_file
from protvis.errors import StructureError
from protvis.input_file import user_path

__all__ = ["COMPRESSED", "SUFFIXES", "SourceBytes", "read_bytes", "structure_stem"]

SUFFIXES = (".pdb", ".ent", ".pdbqt", ".cif", ".mmcif", ".bcif")
"""Endings of the names of structure files, each also with one of `COMPRESSED`."""
COMPRESSED = (".gz", ".bz2", ".xz", ".zst")
"""Endings of the names of compressed files."""


@dataclass(frozen=True)
class SourceBytes:
    """The uncompressed bytes of a source.

    Attributes
    ----------
    data : bytes
    origin : str
        What to call the source in messages and provenance.
    stem : str
        A short name taken from the file name, "" where there is none.
    n_packed : int
        How many bytes the source had before it was unpacked.
    """

    data: bytes
    origin: str
    stem: str
    n_packed: int


def read_bytes(source: str | os.PathLike[str] | bytes | Any) -> SourceBytes:
    """Return the uncompressed bytes of a path, an open file or bytes.

    Raises
    ------
    StructureError
        If there is no such file, or it cannot be read or unpacked within bounds.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        origin, stem, data = "the data given", "", bytes(source)
    elif hasattr(source, "read"):
        origin, stem, data = _read_open_file(source)
    else:
        path = user_path(source)
        origin, stem, data = (
            str(path),
            structure_stem(path.name),
            input_file.read_file(path, StructureError),
        )
    unpacked = input_file.unpack(data, origin, StructureError)
    return SourceBytes(unpacked, origin, stem, len(data))


def structure_stem(name: str) -> str:
    """Return a file's name without what says that it holds a structure, packed or not."""
    for suffix in (*COMPRESSED, *SUFFIXES):
        if name.lower().endswith(suffix):
            name = name[: -len(suffix)]
    return name


def _read_open_file(file: Any) -> tuple[str, str, bytes]:
    name = getattr(file, "name", None)
    named = isinstance(name, str) and not name.startswith("<")
    origin = str(name) if named else "the open file given"
    data = file.read(input_file.MAX_BYTES + 1)
    if isinstance(data, str):
        data = data.encode("utf-8", errors="surrogateescape")
    if len(data) > input_file.MAX_BYTES:
        raise StructureError(input_file.too_large(origin))
    return origin, structure_stem(Path(origin).name) if named else "", data
