"""Chunks as tasks of a Dask cluster.

A task reads its records itself and returns counters. Which worker ran it, in which order, and how
often a dead worker's task was begun anew changes nothing: each chunk's counters enter the sum once.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any

from protvis import __version__
from protvis.analysis.chunks import Chunk, Summary, count_chunk
from protvis.analysis.counters import Counters
from protvis.analysis.plan import Plan
from protvis.analysis.worker_memory import keep_freed_memory
from protvis.datasets import Dataset
from protvis.errors import ModelError, OptionError

if TYPE_CHECKING:
    from protvis.models import ProteinModel

__all__ = ["count_on_cluster"]

BRANCHES = 8
"""Counters merged by one task."""

AHEAD = 1024
"""Chunks handed to the scheduler and not back yet: more than there are workers, so that none waits,
and far fewer than the hundred thousands of tasks that make a scheduler slow."""


def count_on_cluster(
    client: Any,
    dataset: Dataset,
    chunks: Mapping[int, Sequence[str]],
    model: ProteinModel,
    plan: Plan,
    *,
    each: bool,
) -> Iterator[tuple[int, Counters | None, Summary]]:
    """Count chunks on a cluster.

    Parameters
    ----------
    client : dask.distributed.Client or str
        A client, or the address of a scheduler.
    dataset : Dataset
    chunks : mapping of int to sequence of str
        Keys by the chunk's number.
    model : ProteinModel
        Workers load it themselves, by the name or path it was loaded by.
    plan : Plan
    each : bool
        Whether every chunk's counters come home at once, for a journal. Else they stay with the
        workers, are merged there by a tree, and come with a last item numbered -1.

    Yields
    ------
    number, counters or None, summary

    Raises
    ------
    ImportError
        If Dask is not installed.
    OptionError
        If `client` is neither client nor address.
    ModelError
        If workers cannot load the model, load other weights, or run another version of protvis.
    """
    try:
        from dask.distributed import Client, as_completed
    except ImportError as error:
        raise ImportError(
            "running on a cluster needs Dask: pip install 'protvis[cluster]', or leave out client"
        ) from error
    if isinstance(client, str):
        with Client(client) as connected:
            yield from count_on_cluster(connected, dataset, chunks, model, plan, each=each)
        return
    if not isinstance(client, Client):
        raise OptionError(
            "client must be a dask.distributed.Client or a scheduler's address such as "
            f"'tcp://host:8786', got {client!r}"
        )
    if model.recipe is None:
        raise ModelError(
            f"{model.name} is a network in memory, which workers cannot load: save it "
            "(save_pretrained) and hand in the folder"
        )
    recipe = tuple(sorted(model.recipe.items()))
    weights = model.provenance["weights_sha256"]
    # One copy for each worker, not one in every task.
    common = (dataset, plan, recipe, weights, __version__)
    [shared] = client.scatter([common], broadcast=True, hash=False)
    parts: dict[int, Any] = {}
    summaries: dict[Any, int] = {}
    waiting = iter(chunks.items())
    coming = as_completed(with_results=True)

    def begin(n_chunks: int) -> None:
        for number, keys in islice(waiting, n_chunks):
            parts[number] = client.submit(_count, shared, tuple(keys), pure=False)
            future = client.submit(_summary, parts[number], pure=False)
            summaries[future] = number
            coming.add(future)

    levels: list[list[Any]] = [[]]
    try:
        begin(AHEAD)
        for future, summary in coming:
            begin(1)
            number = summaries.pop(future)
            part = parts.pop(number)
            if each:
                yield number, part.result().counters, summary
                continue
            _hang_on(client, levels, client.submit(_counters, part, pure=False))
            yield number, None, summary
        if not each and chunks:
            roots = [part for level in levels for part in level]
            total = client.submit(_merge, roots, pure=False).result()
            yield -1, total, Summary(0, 0, ())
    finally:
        # What is left is wanted by nobody: interrupted, or failed.
        client.cancel([*summaries, *parts.values()])


def _hang_on(client: Any, levels: list[list[Any]], part: Any) -> None:
    """Add counters to the tree, merging a level when it is full."""
    for level, waiting in enumerate(levels):
        waiting.append(part)
        if len(waiting) < BRANCHES:
            return
        part = client.submit(_merge, list(waiting), pure=False)
        waiting.clear()
        if level + 1 == len(levels):
            levels.append([])


def _count(shared: tuple[Any, ...], keys: tuple[str, ...]) -> Chunk:
    dataset, plan, recipe, weights, version = shared
    if version != __version__:
        raise ModelError(
            f"this worker runs protvis {__version__}, the run was begun with {version}: install "
            "the same version on all machines"
        )
    return count_chunk(_model(recipe, weights, os.getpid()), dataset, keys, plan)


@lru_cache(maxsize=1)
def _model(recipe: tuple[tuple[str, Any], ...], weights: str, process: int) -> ProteinModel:
    """Return the model of this worker process, loaded once."""
    from protvis.models import load_model

    keep_freed_memory()
    model = load_model(**dict(recipe))
    found = model.provenance["weights_sha256"]
    if found != weights:
        raise ModelError(
            f"this worker's {model.name} has other weights (sha256 {str(found)[:12]}…, expected "
            f"{weights[:12]}…): give all machines the same checkpoint"
        )
    return model


def _summary(chunk: Chunk) -> Summary:
    return chunk.summary


def _counters(chunk: Chunk) -> Counters:
    return chunk.counters


def _merge(parts: Sequence[Counters]) -> Counters:
    total = Counters({name: values.copy() for name, values in parts[0].arrays.items()})
    for part in parts[1:]:
        total.add(part)
    return total
