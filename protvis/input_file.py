"""Input from files: regular files only, unpacked within bounds, text in any of its usual forms.

Compression is recognised by the first bytes, as names cannot be trusted: gzip, bzip2, xz, and
Zstandard where Python (from 3.14) or ``backports.zstd`` reads it. Whatever a reader builds from the
bytes, it cannot be made to read more of them than `MAX_BYTES`.
"""

from __future__ import annotations

import bz2
import importlib
import lzma
import os
import re
import stat
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from protvis.errors import OptionError, ProtvisError, near_names

__all__ = [
    "MAX_BYTES",
    "is_packed",
    "is_there",
    "open_file",
    "plain_text",
    "read_file",
    "text_lines",
    "too_large",
    "unpack",
    "user_path",
    "whole_number",
]

MAX_BYTES = 512 * 2**20
"""Most bytes read from one file, uncompressed; the largest PDB entries have half as many."""

# Coordinates and sequences compress about tenfold; bombs by a factor of hundreds.
_MAX_RATIO = 200
_RATIO_GRACE = 16 * 2**20
_MAX_STREAMS = 20_000
"""Compressed streams one after another; block gzip (BGZF) makes one for every 64 KiB."""
_PIECE = 2**16
_XZ_MEMORY = 2**27
_WHOLE_NUMBER = re.compile(r"[+-]?[0-9]{1,9}", re.ASCII)
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_UTF8_BOM = b"\xef\xbb\xbf"


class _Unpacker(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    @property
    def needs_input(self) -> bool: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class _Gzip:
    """zlib's decompressor with the interface of those for bzip2 and xz."""

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        self.needs_input = True

    @property
    def eof(self) -> bool:
        return self._zlib.eof

    @property
    def unused_data(self) -> bytes:
        return self._zlib.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        part = self._zlib.decompress(self._zlib.unconsumed_tail + data, max_length)
        self.needs_input = not self._zlib.unconsumed_tail and len(part) < max_length
        return part


def _zstandard() -> Any:
    for name in ("compression.zstd", "backports.zstd"):
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    return None


_FORMATS: dict[bytes, tuple[str, Callable[[], _Unpacker]]] = {
    b"\x1f\x8b": ("gzip", _Gzip),
    b"BZh": ("bzip2", bz2.BZ2Decompressor),
    b"\xfd7zXZ\x00": ("xz", lambda: lzma.LZMADecompressor(memlimit=_XZ_MEMORY)),
    b"\x28\xb5\x2f\xfd": ("Zstandard", lambda: _zstandard().ZstdDecompressor()),
}


def is_there(name: str | os.PathLike[str]) -> bool:
    """Return whether there is a file or folder of this name, which may be any text at all."""
    return os.path.exists(user_path(name))  # noqa: PTH110 - Path refuses long names


def user_path(name: str | os.PathLike[str]) -> Path:
    """Return a path with ``~`` expanded; it stays as it is where there is no such user.

    Raises
    ------
    OptionError
        If it is no path.
    """
    if not isinstance(name, str | os.PathLike):
        raise OptionError(f"expected the path of a file or folder, got {name!r:.80}")
    return Path(os.path.expanduser(name))  # noqa: PTH111 - Path raises for an unknown user


def open_file(path: Path, error: type[ProtvisError]) -> BinaryIO:
    """Open a regular file for reading bytes; pipes and devices, which may never end, are refused.

    Raises
    ------
    error
        If there is no such file, it is no regular file, or it cannot be opened.
    """
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise error(f"{path} is a folder; give one file in it")
        if not stat.S_ISREG(mode):
            raise error(
                f"{path} is a pipe or a device, not a regular file; save what it gives to a file"
            )
        return path.open("rb")
    except ProtvisError:
        raise
    except FileNotFoundError:
        raise error(_missing(path)) from None
    except (OSError, ValueError) as problem:
        # A null byte in a name is a ValueError.
        reason = getattr(problem, "strerror", None) or problem
        raise error(f"cannot read {path}: {reason}") from problem


def read_file(path: Path, error: type[ProtvisError]) -> bytes:
    """Return the bytes of a regular file, as they are.

    Raises
    ------
    error
        As `open_file`, and if the file is larger than `MAX_BYTES`.
    """
    with open_file(path, error) as file:
        try:
            # Asked for all that is allowed at once, a file takes that much memory for a moment.
            n_bytes = min(os.fstat(file.fileno()).st_size, MAX_BYTES)
            data = file.read(n_bytes + 1)
        except OSError as problem:
            raise error(f"cannot read {path}: {problem.strerror or problem}") from problem
    if len(data) > MAX_BYTES:
        raise error(too_large(path))
    return data


def too_large(origin: object) -> str:
    """Return the message for a file past `MAX_BYTES`."""
    return (
        f"{origin} holds more than {MAX_BYTES // 2**20} MiB uncompressed, more than any entry of "
        "the PDB; if it is a trajectory, save the one model to look at as its own file"
    )


def _missing(path: Path) -> str:
    message = f"there is no file {path}"
    if path.parent.is_dir():
        near = near_names(path.name, (entry.name for entry in path.parent.iterdir()))
        if near:
            return f"{message}; did you mean {' or '.join(repr(name) for name in near)}?"
        return f"{message}; check the name (the working folder is {Path.cwd()})"
    return f"{message}: the folder {path.parent} does not exist either"


def is_packed(start: bytes) -> bool:
    """Return whether bytes start like a compressed file."""
    return start.startswith(tuple(_FORMATS))


def unpack(data: bytes, origin: str, error: type[ProtvisError]) -> bytes:
    """Return bytes uncompressed, or as they are where they are not compressed.

    Raises
    ------
    error
        If they are damaged, cut off, or unpack to more than such a file can hold.
    """
    magic = next((magic for magic in _FORMATS if data.startswith(magic)), None)
    if magic is None:
        return data
    name, make = _FORMATS[magic]
    if name == "Zstandard" and _zstandard() is None:
        raise error(
            f"{origin} is compressed by Zstandard, which this Python does not read; run "
            "'pip install backports.zstd', or unpack it with 'unzstd'"
        )
    parts: list[bytes] = []
    total, at, n_streams = 0, 0, 0
    try:
        # A file may hold several compressed streams one after another; what else follows the last
        # of them is padding.
        while data.startswith(magic, at):
            n_streams += 1
            if n_streams > _MAX_STREAMS:
                raise error(f"{origin} is a {name} file of more than {_MAX_STREAMS:,} parts")
            unpacker = make()
            while not unpacker.eof:
                is_hungry = unpacker.needs_input
                piece = data[at : at + _PIECE] if is_hungry else b""
                at += len(piece)
                part = unpacker.decompress(piece, 2**22)
                if is_hungry and not piece and not part and not unpacker.eof:
                    raise error(
                        f"{origin} is a {name} file that was cut off after {total} bytes of "
                        "content; fetch or copy it again"
                    )
                parts.append(part)
                total += len(part)
                if total > MAX_BYTES or total > _RATIO_GRACE + _MAX_RATIO * len(data):
                    raise error(too_large(origin))
            at -= len(unpacker.unused_data)
    except ProtvisError:
        raise
    # Each library has an error of its own: zlib.error, LZMAError, ZstdError, OSError of bz2.
    except (zlib.error, lzma.LZMAError, OSError, ValueError, EOFError, RuntimeError) as problem:
        raise error(_damaged(origin, name, problem)) from problem
    except Exception as problem:
        if type(problem).__name__ != "ZstdError":
            raise
        raise error(_damaged(origin, name, problem)) from problem
    return b"".join(parts)


def _damaged(origin: str, name: str, problem: Exception) -> str:
    return f"{origin} starts like a {name} file but is damaged ({problem}); fetch or copy it again"


def plain_text(data: bytes) -> bytes:
    r"""Return text as UTF-8 without a byte-order mark, with ``\n`` after each line.

    UTF-16 is known by its mark. Lines end with ``\n``, ``\r\n`` or ``\r``, and with nothing else:
    a form feed, or U+2028, is a character of its line. Bytes that are not UTF-8 stay as they are.
    """
    if data.startswith(_UTF16):
        data = data.decode("utf-16", "replace").encode()
    data = data.removeprefix(_UTF8_BOM)
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return data


def text_lines(path: Path, error: type[ProtvisError]) -> list[str]:
    """Return the lines of a text file.

    Raises
    ------
    error
        As `read_file`, and if it is not UTF-8.
    """
    try:
        text = plain_text(read_file(path, error)).decode()
    except UnicodeDecodeError as problem:
        raise error(f"{path} is not text in UTF-8: {problem}") from problem
    return text.split("\n")


def whole_number(text: str) -> int | None:
    """Return the number that decimal digits with an optional sign write, None for other text.

    Other digits of Unicode (``²``) are no numbers, nor are more than nine digits.
    """
    text = text.strip()
    return int(text) if _WHOLE_NUMBER.fullmatch(text) else None
