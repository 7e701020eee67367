"""Files that are there whole or not at all."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

from protvis.errors import OutputError

__all__ = ["check_place", "write_whole"]


def check_place(path: str | os.PathLike[str]) -> Path:
    """Return the path of a file that can be written there, for what takes long to make.

    Raises
    ------
    OutputError
        If it is a folder, or its folder does not exist or cannot be written to.
    """
    path = Path(path).expanduser()
    if path.is_dir():
        raise OutputError(f"{path} is a folder; give the name of the file to write")
    folder = path.parent
    if not folder.is_dir():
        raise OutputError(_refusal(path, errno.ENOTDIR if folder.exists() else errno.ENOENT))
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(_refusal(path, errno.EACCES))
    return path


def _refusal(path: Path, reason: int | str) -> str:
    text = reason if isinstance(reason, str) else os.strerror(reason)
    return f"cannot write {path}: {text}; choose a folder that exists and that you may write to"


def write_whole(path: Path, content: str | bytes) -> Path:
    """Write a file and put it in its place by an atomic rename.

    Raises
    ------
    OutputError
        If the folder does not exist or cannot be written to.
    """
    path = check_place(path)
    try:
        handle, name = tempfile.mkstemp(prefix=".protvis.", dir=path.parent)
    except OSError as error:
        raise OutputError(_refusal(path, str(error.strerror or error))) from error
    draft = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content.encode("utf-8") if isinstance(content, str) else content)
        # mkstemp makes files private; what is written here is for sharing.
        draft.chmod(0o666 & ~_umask())
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from error
    return path


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
