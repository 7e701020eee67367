"""Where structure files come from: what a person names, as bytes with a name for messages.

Nothing here knows a file format beyond gzip, which is recognised by its first bytes, as file names
cannot be trusted. Sizes are bounded, so that a broken or hostile archive is one clear error.
"""

from __future__ import annotations

import io
import os
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from protvis.errors import StructureError, near_names

__all__ = ["MAX_BYTES", "SourceBytes", "read_bytes"]

MAX_BYTES = 512 * 2**20
"""Largest structure file read, uncompressed; the largest PDB entries are half of it."""

# Coordinates compress about tenfold; what unpacks to so many times its size is no structure.
_MAX_RATIO = 200
_RATIO_GRACE = 16 * 2**20
_GZIP_MAGIC = b"\x1f\x8b"


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
    """

    data: bytes
    origin: str
    stem: str


def read_bytes(source: str | os.PathLike[str] | bytes | Any) -> SourceBytes:
    """Return the uncompressed bytes of a path, an open file or bytes.

    Raises
    ------
    StructureError
        If there is no such file, or it cannot be read or unpacked within bounds.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        origin, stem, data = "the bytes given", "", bytes(source)
    elif hasattr(source, "read"):
        origin, stem, data = _read_open_file(source)
    else:
        path = Path(source).expanduser()
        origin, stem, data = str(path), _stem(path), _read_path(path)
    return SourceBytes(_decompress(data, origin), origin, stem)


def _stem(path: Path) -> str:
    name = path.name
    for suffix in (".gz", ".pdb", ".ent", ".cif", ".mmcif", ".bcif"):
        if name.lower().endswith(suffix):
            name = name[: -len(suffix)]
    return name


def _read_path(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            # Asked for all that is allowed at once, a file takes that much memory for a moment.
            n_bytes = min(os.fstat(file.fileno()).st_size, MAX_BYTES)
            data = file.read(n_bytes + 1)
            if len(data) > n_bytes:
                # A pipe, which states no size, or a file that grows.
                data += _read_bounded(file, str(path), len(data))
            return data
    except FileNotFoundError:
        raise StructureError(_missing(path)) from None
    except IsADirectoryError:
        raise StructureError(f"{path} is a folder; name one structure file in it") from None
    except OSError as error:
        raise StructureError(f"cannot read {path}: {error.strerror or error}") from error


def _missing(path: Path) -> str:
    message = f"there is no file {path}"
    if path.parent.is_dir():
        near = near_names(path.name, (entry.name for entry in path.parent.iterdir()))
        if near:
            return f"{message}; did you mean {' or '.join(repr(name) for name in near)}?"
        return f"{message}; check the name (the working folder is {Path.cwd()})"
    return f"{message}: the folder {path.parent} does not exist either"


def _read_open_file(file: Any) -> tuple[str, str, bytes]:
    name = getattr(file, "name", None)
    named = isinstance(name, str) and not name.startswith("<")
    origin = str(name) if named else "the open file given"
    data = _read_bounded(file, origin)
    return origin, _stem(Path(origin)) if named else "", data


def _read_bounded(file: io.BufferedIOBase | Any, origin: str, n_read: int = 0) -> bytes:
    data = file.read(MAX_BYTES + 1 - n_read)
    if isinstance(data, str):
        data = data.encode("utf-8", errors="surrogateescape")
    if n_read + len(data) > MAX_BYTES:
        raise StructureError(_too_large(origin))
    return data


def _too_large(origin: str) -> str:
    return (
        f"{origin} holds more than {MAX_BYTES // 2**20} MiB uncompressed, more than any entry of "
        "the PDB; if it is a trajectory, save the one model to look at as its own file"
    )


def _decompress(data: bytes, origin: str) -> bytes:
    if not data.startswith(_GZIP_MAGIC):
        return data
    parts: list[bytes] = []
    total, rest = 0, data
    try:
        # A gzip file may hold several members one after another.
        while rest.startswith(_GZIP_MAGIC):
            unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
            while not unpacker.eof:
                part = unpacker.decompress(rest, 2**22)
                rest = unpacker.unconsumed_tail
                if not part and not rest and not unpacker.eof:
                    raise StructureError(
                        f"{origin} is a gzip file that was cut off after {total} bytes of content; "
                        "fetch or copy it again"
                    )
                parts.append(part)
                total += len(part)
                if total > MAX_BYTES or total > _RATIO_GRACE + _MAX_RATIO * len(data):
                    raise StructureError(_too_large(origin))
            rest = unpacker.unused_data
    except zlib.error as error:
        raise StructureError(
            f"{origin} starts like a gzip file but is damaged ({error}); fetch or copy it again"
        ) from error
    return b"".join(parts)
