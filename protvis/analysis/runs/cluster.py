"""Chunks as tasks of a Dask cluster.

A task reads its records itself and returns counters. Which worker ran it, in which order, and how
often a dead worker's task was begun anew changes nothing: each chunk's counters enter the sum once.
Everything a task needs is itself made by a task, so that no worker is the only one to have it: all
of them may die, and none need be there when a run begins.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any

from protvis._version import __version__
from protvis.analysis.counting.counters import Counters
from protvis.analysis.counting.family_groups import FamilyGroups
from protvis.analysis.counting.plan import Plan
from protvis.analysis.counting.result import Skipped
from protvis.analysis.runs.chunks import Chunk, Part, Summary, count_chunk
from protvis.analysis.runs.interrupts import interrupts_deferred
from protvis.analysis.runs.worker_memory import keep_freed_memory
from protvis.datasets import Dataset
from protvis.errors import DatasetError, ModelError, OptionError

if TYPE_CHECKING:
    from protvis.models import ProteinModel

__all__ = ["count_on_cluster"]

_LOG = logging.getLogger(__name__)

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
    families: FamilyGroups,
    *,
    each: bool,
) -> Generator[Part, None, None]:
    """Count chunks on a cluster.

    Workers may come later and die at any time. A chunk in whose company too many of them died is
    counted once more on its own, then record by record: a record that kills every worker is
    skipped.

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
    families : FamilyGroups
    each : bool
        Whether every chunk's counters come home at once, for a journal. Else they stay with the
        workers, are merged there by a tree, and come with a last part; also after a
        `KeyboardInterrupt`, which is raised again then.

    Yields
    ------
    Part

    Raises
    ------
    ImportError
        If Dask is not installed.
    OptionError
        If `client` is neither client nor address.
    DatasetError
        If the cluster drops what it was asked for.
    ModelError
        If workers cannot load the model, load other weights, or run another version of protvis.
    """
    try:
        from dask.distributed import CancelledError, Client, KilledWorker
        from distributed.client import ClosedClientError
        from distributed.comm import CommClosedError
    except ImportError as error:
        raise ImportError(
            "running on a cluster needs Dask: pip install 'protvis[cluster]', or leave out client"
        ) from error
    if isinstance(client, str):
        with Client(client) as connected:
            yield from count_on_cluster(
                connected, dataset, chunks, model, plan, families, each=each
            )
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
    weights = _hashes(model)
    # What is asked of a scheduler that is gone fails in any of these ways, depending on when.
    gone = (CancelledError, ClosedClientError, CommClosedError, TimeoutError)
    if client.status in ("closing", "closed"):
        raise _dropped("the run")
    try:
        if not client.nthreads():
            _LOG.warning("the cluster has no workers yet: counting begins when the first one comes")
        tasks = _Tasks(client, plan, (dataset, plan, families, recipe, weights, __version__))
    except gone as error:
        raise _dropped("the run") from error
    try:
        yield from tasks.count(chunks, each=each)
        try:
            yield from tasks.bring_home()
        except KilledWorker:
            # Blamed for workers that died of something else, or too large for them: counted
            # again, each chunk fetched by itself.
            lost = {number: chunks[number] for number in tasks.let_go()}
            yield from tasks.count(lost, each=True)
        yield from tasks.count_suspects()
    except gone as error:
        raise _dropped("the run") from error
    except KeyboardInterrupt:
        try:
            tasks.cancel()
            yield from tasks.bring_home()
        except (KilledWorker, DatasetError, *gone) as error:
            _LOG.warning("what the workers had counted is lost: %s", error)
        raise
    finally:
        # What is left is wanted by nobody: interrupted, or failed.
        with suppress(*gone):
            tasks.cancel()


class _Tasks:
    """What a run has asked of a cluster."""

    def __init__(self, client: Any, plan: Plan, common: tuple[Any, ...]) -> None:
        import cloudpickle

        self._client = client
        self._plan = plan
        # One copy for each worker, not one in every task; a task's result and not scattered data,
        # which would be lost with the workers that hold it.
        self._shared = client.submit(_share, cloudpickle.dumps(common), pure=False)
        self._parts: dict[int, Any] = {}
        self._summaries: dict[Any, int] = {}
        # The sum so far: roots of the tree by level, and the chunks that hang on it.
        self._levels: list[list[Any]] = [[]]
        self._hanging: list[int] = []
        self._suspects: dict[int, Sequence[str]] = {}

    def count(self, chunks: Mapping[int, Sequence[str]], *, each: bool) -> Iterator[Part]:
        """Yield what becomes known of chunks; those in whose company workers died are kept."""
        from dask.distributed import CancelledError, KilledWorker, as_completed

        waiting = iter(chunks.items())
        coming = as_completed(with_results=True, raise_errors=False)

        def begin(n_chunks: int) -> None:
            some = dict(islice(waiting, n_chunks))
            if not some:
                return
            # All at once, so that the scheduler sees how many there are and spreads them.
            shared = [self._shared] * len(some)
            counts = self._client.map(_count, shared, list(some.values()), pure=False)
            summaries = self._client.map(_summary, counts, pure=False)
            self._parts.update(zip(some, counts, strict=True))
            self._summaries.update(zip(summaries, some, strict=True))
            coming.update(summaries)

        begin(AHEAD)
        for future, summary in coming:
            begin(1)
            number = self._summaries.pop(future)
            part = self._parts.pop(number)
            try:
                if not isinstance(summary, Summary):
                    summary = future.result()
                counters = part.result().counters if each else None
            except KilledWorker:
                self._suspects[number] = chunks[number]
                continue
            except CancelledError as error:
                raise _dropped(_range(chunks[number])) from error
            if each:
                yield Part({number: summary}, counters, (number,))
                continue
            with interrupts_deferred():
                leaf = self._client.submit(_counters, part, pure=False, priority=1)
                _hang_on(self._client, self._levels, leaf)
                self._hanging.append(number)
            yield Part({number: summary})

    def bring_home(self) -> Iterator[Part]:
        """Yield the sum of what the workers keep."""
        from dask.distributed import CancelledError

        roots = [part for level in self._levels for part in level]
        if not roots:
            return
        total = self._client.submit(_merge, roots, pure=False, priority=1)
        try:
            counters = total.result()
        except CancelledError as error:
            raise _dropped("the sum of what was counted") from error
        yield Part(counters=counters, numbers=tuple(self._hanging))
        self.let_go()

    def let_go(self) -> list[int]:
        """Forget the sum so far, and return which chunks it held."""
        held, self._levels, self._hanging = self._hanging, [[]], []
        return held

    def count_suspects(self) -> Iterator[Part]:
        """Yield the chunks in whose company workers died, one after the other."""
        while self._suspects:
            number, keys = self._suspects.popitem()
            _LOG.warning(
                "workers died while they counted %s: counting these records by themselves",
                _range(keys),
            )
            chunk = self._count_suspect(keys)
            yield Part({number: chunk.summary}, chunk.counters, (number,))

    def _count_suspect(self, keys: Sequence[str]) -> Chunk:
        found = self._count_alone(keys)
        if isinstance(found, Chunk):
            return found
        deaths = {keys[0]: found} if len(keys) == 1 else {}
        singles: list[Chunk] = []
        for key in keys if len(keys) > 1 else ():
            found = self._count_alone([key])
            if isinstance(found, Chunk):
                singles.append(found)
            else:
                deaths[key] = found
        skipped = [
            Skipped(key, f"each of {n} workers that counted it by itself died")
            for key, n in deaths.items()
        ]
        if deaths and singles:
            # In the batches it would have had, could those records not have been read.
            rest = self._count_alone([key for key in keys if key not in deaths])
            if isinstance(rest, Chunk):
                singles = [rest]
        summaries = [single.summary for single in singles]
        return Chunk(
            _merge([single.counters for single in singles] or [Counters.zeros(self._plan)]),
            Summary(
                sum(summary.n_records for summary in summaries),
                sum(summary.n_residues for summary in summaries),
                (*(line for summary in summaries for line in summary.ledger), *skipped),
            ),
        )

    def _count_alone(self, keys: Sequence[str]) -> Chunk | int:
        """Count records while nothing else is asked; or return how many workers that killed."""
        from dask.distributed import CancelledError, KilledWorker

        future = self._client.submit(_count, self._shared, tuple(keys), pure=False)
        try:
            chunk: Chunk = future.result()
        except KilledWorker as killed:
            return int(killed.allowed_failures) + 1
        except CancelledError as error:
            raise _dropped(_range(keys)) from error
        finally:
            future.release()
        return chunk

    def cancel(self) -> None:
        """Take back what has not been counted."""
        self._client.cancel([*self._summaries, *self._parts.values()])
        self._summaries, self._parts = {}, {}


def _range(keys: Sequence[str]) -> str:
    return f"record {keys[0]}" if len(keys) == 1 else f"records {keys[0]} to {keys[-1]}"


def _dropped(what: str) -> DatasetError:
    return DatasetError(
        f"the cluster dropped {what}: it was restarted, or its scheduler is gone. Run again; with "
        "resume (--resume) what was counted is kept"
    )


def _hang_on(client: Any, levels: list[list[Any]], part: Any) -> None:
    """Add counters to the tree, merging a level when it is full."""
    for level, waiting in enumerate(levels):
        waiting.append(part)
        if len(waiting) < BRANCHES:
            return
        part = client.submit(_merge, list(waiting), pure=False, priority=1)
        waiting.clear()
        if level + 1 == len(levels):
            levels.append([])


def _share(pickled: bytes) -> Any:
    import cloudpickle

    return cloudpickle.loads(pickled)


def _count(shared: tuple[Any, ...], keys: tuple[str, ...]) -> Chunk:
    dataset, plan, families, recipe, weights, version = shared
    if version != __version__:
        raise ModelError(
            f"this worker runs protvis {__version__}, the run was begun with {version}: install "
            "the same version on all machines"
        )
    return count_chunk(_model(recipe, weights, os.getpid()), dataset, keys, plan, families)


@lru_cache(maxsize=1)
def _model(
    recipe: tuple[tuple[str, Any], ...], weights: tuple[str, str], process: int
) -> ProteinModel:
    """Return the model of this worker process, loaded once."""
    from protvis.models import load_model

    keep_freed_memory()
    model = load_model(**dict(recipe))
    found = _hashes(model)
    if found != weights:
        which = int(found[0] == weights[0])
        what = ("weights", "settings")[which]
        raise ModelError(
            f"this worker's {model.name} has other {what} (sha256 {found[which][:12]}…, expected "
            f"{weights[which][:12]}…): give all machines the same checkpoint"
        )
    return model


def _hashes(model: ProteinModel) -> tuple[str, str]:
    about = model.provenance
    return str(about["weights_sha256"]), str(about.get("settings_sha256"))


def _summary(chunk: Chunk) -> Summary:
    return chunk.summary


def _counters(chunk: Chunk) -> Counters:
    return chunk.counters


def _merge(parts: Sequence[Counters]) -> Counters:
    total = Counters({name: values.copy() for name, values in parts[0].arrays.items()})
    for part in parts[1:]:
        total.add(part)
    return total
