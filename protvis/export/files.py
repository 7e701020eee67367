"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from protvis.errors import OutputError

__all__ = ["write_whole"]


def write_whole(path: Path, content: str | bytes) -> Path:
    """Write a file and put it in its place by an atomic rename.

    Raises
    ------
    OutputError
        If the folder does not exist or cannot be written to.
    """
    path = path.expanduser()
    if path.is_dir():
        raise OutputError(f"{path} is a folder; give the name of the file to write")
    try:
        handle, name = tempfile.mkstemp(prefix=".protvis.", dir=path.parent)
    except OSError as error:
        raise OutputError(
            f"cannot write {path}: {error.strerror or error}; choose a folder that exists and that "
            "you may write to"
        ) from error
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
