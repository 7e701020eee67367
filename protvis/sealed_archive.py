"""Archives that are read whole and checked: ZIP files whose comment is a digest of all the rest.

ZIP itself has a checksum for each member, which readers look at only when they come to its end,
and none for its directory. Here the SHA-256 of every byte before it ends the file, and is compared
before anything else is read.

A digest tells damage, not intent: whoever makes a file can make its digest. Members are therefore
stored, never packed, so that they cannot be larger than the file; what is in them is for the reader
to check.
"""

from __future__ import annotations

import hashlib
import io
import os
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path

from protvis.errors import ProtvisError
from protvis.input_file import open_file
from protvis.output_file import write_whole

__all__ = ["read_archive", "sealed", "write_archive"]

_MARK = b"protvis sha256 "
_DIGITS = 64
_LOCAL_HEADER = 30
_MAX_MEMBERS = 256


def write_archive(path: str | os.PathLike[str], members: Mapping[str, bytes]) -> Path:
    """Write an archive, whole or not at all. Equal members make equal files.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    data = sealed(members)
    return write_whole(path, lambda stream: stream.write(data))


def sealed(members: Mapping[str, bytes]) -> memoryview:
    """Return the bytes of an archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            # ZipInfo has a fixed date.
            archive.writestr(zipfile.ZipInfo(name), content)
        archive.comment = _MARK + bytes(_DIGITS)
    data = buffer.getbuffer()
    data[-_DIGITS:] = hashlib.sha256(data[:-_DIGITS]).hexdigest().encode()
    return data


def read_archive(path: Path, what: str, error: type[ProtvisError]) -> dict[str, memoryview]:
    """Return the members of an archive by name; `what` says in errors what it should be.

    Raises
    ------
    error
        If there is no such file, it is no regular file, is none of these archives, or a bit of it
        has changed.
    """
    if not os.path.lexists(path):
        raise error(f"there is no {what} {path}")
    try:
        with open_file(path, error) as file:
            data = memoryview(file.read())
    except OSError as problem:
        raise error(f"cannot read {path}: {problem.strerror or problem}") from problem
    if bytes(data[:4]) != b"PK\x03\x04":
        raise error(f"{path} is not a {what} of protvis")
    if data[-_DIGITS - len(_MARK) : -_DIGITS] != _MARK:
        raise error(f"{path} is cut off or damaged, or was written by an older version of protvis")
    if hashlib.sha256(data[:-_DIGITS]).hexdigest().encode() != data[-_DIGITS:]:
        raise error(f"{path} is damaged: its content does not fit its digest")
    try:
        return _members(data)
    except (ValueError, struct.error, zipfile.BadZipFile, NotImplementedError) as problem:
        raise error(f"{path} is damaged: {problem}") from problem


def _members(data: memoryview) -> dict[str, memoryview]:
    members: dict[str, memoryview] = {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if len(archive.filelist) > _MAX_MEMBERS:
            raise ValueError(f"it has more than {_MAX_MEMBERS} members")
        for info in archive.filelist:
            if info.filename in members or info.compress_type != zipfile.ZIP_STORED:
                raise ValueError(f"its member {info.filename!r:.60} is packed, or comes twice")
            sizes = struct.unpack_from("<HH", data, info.header_offset + 26)
            start = info.header_offset + _LOCAL_HEADER + sum(sizes)
            if not 0 <= start <= start + info.file_size <= len(data):
                raise ValueError(f"its member {info.filename!r:.60} lies outside it")
            members[info.filename] = data[start : start + info.file_size]
    return members
