"""Checkpoints on the hub: the cached copy where there is one, else a download, else a clear no."""

from __future__ import annotations

import logging
from pathlib import Path

import huggingface_hub
from huggingface_hub.errors import (
    CachedRepoTreeNotFoundError,
    GatedRepoError,
    HFValidationError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from protvis.errors import ModelError, ModelUnavailableError, near_names, unknown_name
from protvis.models.registry import BUNDLED, find_checkpoint, known_names
from protvis.models.weights import find_weights

__all__ = ["hub_directory", "looks_like_hub_id"]

logger = logging.getLogger(__name__)

_SMALL_FILES = ["*.json", "*.txt", "*.model", "*.md"]
_SAFETENSORS = ["model*.safetensors", "model.safetensors.index.json"]
_PICKLED = ["pytorch_model*.bin", "pytorch_model.bin.index.json"]


def looks_like_hub_id(name: str) -> bool:
    """Return whether a name has the form owner/name."""
    parts = name.split("/")
    return len(parts) == 2 and all(parts) and not name.startswith((".", "~"))


def hub_directory(hub_id: str, *, asked: str, code: bool = False) -> Path:
    """Return the snapshot directory of a hub id: the cached one, else a download.

    Parameters
    ----------
    hub_id : str
    asked : str
        The name it was asked for by, for messages.
    code : bool, default False
        Whether Python files are wanted too.

    Raises
    ------
    ModelUnavailableError
        If it is not cached and the hub cannot be reached, or lets nobody in.
    ModelError
        If the hub does not have it.
    """
    small = [*_SMALL_FILES, "*.py"] if code else _SMALL_FILES
    patterns = [*small, *_SAFETENSORS, *_PICKLED]
    try:
        cached = Path(
            huggingface_hub.snapshot_download(
                hub_id, local_files_only=True, allow_patterns=patterns
            )
        )
        find_weights(cached)
    except HFValidationError as error:
        raise ModelError(f"{hub_id!r} is not a hub id: {error}") from error
    except (OSError, CachedRepoTreeNotFoundError, ModelError):
        logger.debug("%s is not (wholly) in the cache", hub_id)
    else:
        return cached
    try:
        patterns = [*small, *_SAFETENSORS]
        directory = Path(huggingface_hub.snapshot_download(hub_id, allow_patterns=patterns))
        try:
            find_weights(directory)
        except ModelError:
            huggingface_hub.snapshot_download(hub_id, allow_patterns=_PICKLED)
    except GatedRepoError as error:
        raise ModelUnavailableError(
            f"{hub_id} is open only to those its owners let in: accept its terms on the hub and "
            "log in with `hf auth login`"
        ) from error
    except (RepositoryNotFoundError, RevisionNotFoundError) as error:
        message = unknown_name("model", asked, known_names())
        raise ModelError(f"the hub has no {hub_id}: {message}") from error
    except OSError as error:
        raise ModelUnavailableError(
            f"{_named(asked, hub_id)} is not cached on this machine and the hub cannot be reached "
            f"({str(error).splitlines()[0]}). Connect once to download it, name a directory that "
            f"holds it, or use model={BUNDLED[0].name!r}, which ships with protvis and needs no "
            f"network: {BUNDLED[0].summary}"
        ) from error
    return directory


def _named(asked: str, hub_id: str) -> str:
    """Return the subject of a message about a model; a name that resembles a known one asks first.

    Whether the hub has an id that protvis does not know, only the hub can say.
    """
    if find_checkpoint(asked):
        return repr(asked) if asked == hub_id else f"{asked!r} ({hub_id})"
    near = near_names(asked, known_names(), n=1)
    question = f"did you mean {near[0]!r}? " if near else ""
    return f"{question}{asked!r} is no folder here; as a model of the hub it"
