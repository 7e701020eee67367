"""Checkpoints on the hub: the cached copy where there is one, else a download, else a clear no."""

from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import Future, wait
from pathlib import Path

import huggingface_hub
from huggingface_hub.errors import (
    CachedRepoTreeNotFoundError,
    GatedRepoError,
    HFValidationError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.utils.tqdm import tqdm as hub_tqdm

from protvis.errors import ModelError, ModelUnavailableError, near_names, unknown_name
from protvis.models.registry import BUNDLED, find_checkpoint, known_names
from protvis.models.weights import find_weights

__all__ = ["hub_directory", "looks_like_hub_id"]

logger = logging.getLogger(__name__)

_SMALL_FILES = ["*.json", "*.txt", "*.model", "*.md"]
_SAFETENSORS = ["model*.safetensors", "model.safetensors.index.json"]
_PICKLED = ["pytorch_model*.bin", "pytorch_model.bin.index.json"]

LOOK_SECONDS = 0.5
PATIENCE_SECONDS = 120.0
LEAST_BYTES = 2**20
"""A download goes on as long as so many bytes arrive within so many seconds."""


def looks_like_hub_id(name: str) -> bool:
    """Return whether a name has the form owner/name."""
    parts = name.split("/")
    return len(parts) == 2 and all(parts) and not name.startswith((".", "~"))


def hub_directory(
    hub_id: str, *, asked: str, revision: str | None = None, code: bool = False
) -> Path:
    """Return the snapshot directory of a hub id: the cached one, else a download.

    Parameters
    ----------
    hub_id : str
    asked : str
        The name it was asked for by, for messages.
    revision : str, optional
        A branch, tag or commit; the main branch by default.
    code : bool, default False
        Whether Python files are wanted, too.

    Raises
    ------
    ModelUnavailableError
        If it is not cached and the hub cannot be reached, refuses access or sends next to nothing.
    ModelError
        If the hub does not have it.
    """
    small = [*_SMALL_FILES, "*.py"] if code else _SMALL_FILES
    try:
        cached = Path(
            huggingface_hub.snapshot_download(
                hub_id,
                local_files_only=True,
                allow_patterns=[*small, *_SAFETENSORS, *_PICKLED],
                revision=revision,
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
        directory = _download(hub_id, [*small, *_SAFETENSORS], revision)
        try:
            find_weights(directory)
        except ModelError:
            _download(hub_id, _PICKLED, revision)
    except GatedRepoError as error:
        raise ModelUnavailableError(
            f"{hub_id} is open only to those its owners let in: accept its terms on the hub and "
            "log in with `hf auth login`"
        ) from error
    except RevisionNotFoundError as error:
        raise ModelError(
            f"{hub_id} has no revision {revision!r}: expected a branch, a tag or a commit"
        ) from error
    except RepositoryNotFoundError as error:
        message = unknown_name("model", asked, known_names())
        raise ModelError(f"the hub has no {hub_id}: {message}") from error
    except OSError as error:
        if isinstance(error, ModelUnavailableError):
            raise
        pinned = "" if revision is None else f" at revision {revision!r}"
        raise ModelUnavailableError(
            f"{_named(asked, hub_id)} is not cached on this machine{pinned} and the hub cannot be "
            f"reached ({str(error).splitlines()[0]}). Connect once to download it, name a "
            f"directory that holds it, or use model={BUNDLED[0].name!r}, which ships with protvis "
            f"and needs no network: {BUNDLED[0].summary}"
        ) from error
    return directory


def _download(hub_id: str, patterns: list[str], revision: str | None) -> Path:
    """Download files, and give up on a server that sends next to nothing.

    The hub's own limit is on each read, which a server that sends a byte now and then never
    exceeds. The download runs in a thread, which cannot be stopped but holds nobody up.
    """
    found: Future[str] = Future()
    arrived = [0]

    class Counting(hub_tqdm):
        """Counts the bytes that the progress bars are told of."""

        def update(self, n: float | None = 1) -> bool | None:
            if getattr(self, "unit", "") == "B":
                arrived[0] += int(n or 0)
            return super().update(n)

    def work() -> None:
        try:
            found.set_result(
                huggingface_hub.snapshot_download(
                    hub_id, allow_patterns=patterns, tqdm_class=Counting, revision=revision
                )
            )
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            found.set_exception(error)

    threading.Thread(target=work, name="protvis-download", daemon=True).start()
    seen, since = 0, time.monotonic()
    while not wait([found], timeout=LOOK_SECONDS).done:
        if arrived[0] - seen >= LEAST_BYTES:
            seen, since = arrived[0], time.monotonic()
        elif time.monotonic() - since > PATIENCE_SECONDS:
            raise ModelUnavailableError(
                f"the hub sent {arrived[0] - seen} bytes of {hub_id} in {PATIENCE_SECONDS:.0f} "
                "seconds, so the download was given up. Try again later (what has arrived is "
                "kept), or download it by other means and name the directory"
            )
    return Path(found.result())


def _named(asked: str, hub_id: str) -> str:
    """Return the subject of a message about a model; a name that resembles a known one asks first.

    Whether the hub has an id that protvis does not know, only the hub can say.
    """
    if find_checkpoint(asked):
        return repr(asked) if asked == hub_id else f"{asked!r} ({hub_id})"
    near = near_names(asked, known_names(), n=1)
    question = f"did you mean {near[0]!r}? " if near else ""
    return f"{question}{asked!r} is not a folder here; as a model of the hub it"
