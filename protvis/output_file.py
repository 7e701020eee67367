"""Files that appear whole or not at all, and never in place of something else than a file."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from protvis.errors import OutputError

__all__ = ["check_place", "sweep_drafts", "write_whole"]

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
)


def check_place(
    path: str | os.PathLike[str], *, source: str | os.PathLike[str] | None = None
) -> Path:
    """Return the path of a file that can be written there, before the work of making it.

    Parameters
    ----------
    path : path
    source : path, optional
        What the file is made from, which it must not replace; need not exist.

    Raises
    ------
    OutputError
        If something else than a regular file is there, if its folder does not exist or cannot be
        written to, or if it is the source itself.
    """
    if not isinstance(path, str | os.PathLike):
        raise OutputError(f"expected the path of a file to write to, got {path!r:.80}")
    path = Path(os.path.expanduser(path))  # noqa: PTH111 - Path raises for an unknown user
    target = _target(path)
    if source is not None and target.exists():
        source = Path(os.path.expanduser(source))  # noqa: PTH111
        # A sequence may be too long a name for Path.exists.
        if os.path.exists(source) and source.samefile(target):  # noqa: PTH110
            raise OutputError(f"{path} is the file that is read; give another name to write to")
    folder = target.parent
    if not folder.is_dir():
        raise OutputError(_refusal(path, errno.ENOTDIR if folder.exists() else errno.ENOENT))
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(_refusal(path, errno.EACCES))
    return path


def _target(path: Path) -> Path:
    """Return where links lead, if nothing but a regular file is there."""
    target = path
    try:
        target = path.resolve()
        found = target.stat()
    except FileNotFoundError:
        return target
    except (OSError, RuntimeError, ValueError) as error:
        # A loop of links is a RuntimeError before Python 3.13; a NUL in a name is a ValueError.
        reason = getattr(error, "strerror", None) or str(error)
        raise OutputError(_refusal(path, reason)) from error
    if not stat.S_ISREG(found.st_mode):
        kind = next((name for test, name in _KINDS if test(found.st_mode)), "no regular file")
        raise OutputError(f"{path} is {kind}; give the name of the file to write")
    if any(_is_open(descriptor, found) for descriptor in (1, 2)):
        raise OutputError(f"{path} takes what this program prints; give another name")
    return target


def _is_open(descriptor: int, found: os.stat_result) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), found)
    except OSError:
        return False


def _refusal(path: Path, reason: int | str) -> str:
    text = reason if isinstance(reason, str) else os.strerror(reason)
    return f"cannot write {path}: {text}; choose a folder that exists and that you may write to"


def write_whole(
    path: str | os.PathLike[str], content: str | bytes | Callable[[BinaryIO], object]
) -> Path:
    """Write a file and put it in its place by an atomic rename.

    Whatever goes wrong on the way, a file that was there before stays as it was. A link keeps
    pointing where it points, and a file that is replaced keeps its permissions.

    Parameters
    ----------
    path : path
    content : str, bytes, or callable
        Text is encoded as UTF-8, with ``?`` for what is no text; a callable gets the binary stream
        to write to.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    OutputError
        As `check_place`, or if writing fails.
    """
    path = check_place(path)
    target = _target(path)
    try:
        # The process id tells `sweep_drafts` drafts from other hidden files.
        handle, name = tempfile.mkstemp(
            prefix=f".{target.name[:40]}.{os.getpid()}.", suffix=".partial", dir=target.parent
        )
    except OSError as error:
        raise OutputError(_refusal(path, str(error.strerror or error))) from error
    draft = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            if callable(content):
                content(stream)
            else:
                stream.write(
                    content.encode("utf-8", "replace") if isinstance(content, str) else content
                )
            stream.flush()
            os.fsync(stream.fileno())
        # mkstemp makes files private; what is written here is for sharing.
        mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else 0o666 & ~_umask()
        draft.chmod(mode)
        # Something may have come into its place meanwhile.
        draft.replace(_target(path))
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        draft.unlink(missing_ok=True)
    return path


def sweep_drafts(directory: Path, *names: str) -> None:
    """Remove what writing files of these names, or patterns, left behind when it was killed."""
    for name in names:
        for draft in directory.glob(f".{name}.[0-9]*.partial"):
            draft.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
