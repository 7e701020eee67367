"""Negative controls: heads that cannot know anything, through the same analysis.

What a control calls is called falsely; a run in which controls call many heads is not to be
believed, whatever its p-values.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from protvis.analysis.counting.aligned_members import AlignedMembers
from protvis.analysis.counting.plan import Plan
from protvis.analysis.counting.result import Control
from protvis.analysis.runs.run import count_dataset
from protvis.analysis.statistics.head_tables import head_table
from protvis.datasets import Dataset, Reading
from protvis.errors import ModelError, ProtvisError

if TYPE_CHECKING:
    from protvis.models import ProteinModel

__all__ = ["CONTROL_RECORDS", "run_controls"]

CONTROL_RECORDS = 24
"""How many records the controls run on, of different families as long as there are enough."""


class ShuffledDataset(Dataset):
    """A data set whose sequences are shuffled, each by itself, and whose labels stay.

    Parameters
    ----------
    dataset : Dataset
    seed : int
    """

    def __init__(self, dataset: Dataset, seed: int) -> None:
        self._dataset, self._seed = dataset, seed
        self.name = f"{dataset.name}, shuffled"
        self.keys_are_records = dataset.keys_are_records

    @property
    def keys(self) -> Sequence[str]:
        """Those of the data set."""
        return self._dataset.keys

    def read(self, key: str) -> Reading:
        """Return what lies under a key, residues in another order under the same labels."""
        reading = self._dataset.read(key)
        records = []
        for record in reading.records:
            text = f"{self._seed}\n{record.record_id}".encode("utf-8", "surrogatepass")
            seed = int.from_bytes(hashlib.sha256(text).digest()[:8], "little")
            order = np.random.default_rng(seed).permutation(record.n_residues)
            letters = "".join(record.sequence[place] for place in order)
            records.append(replace(record, sequence=letters))
        return Reading(tuple(records), reading.skipped)

    def features(self) -> Mapping[str, tuple[str, ...]]:
        """Return what the data set can be asked for."""
        return self._dataset.features()

    def fingerprint(self) -> str:
        """Return the data set's own."""
        return self._dataset.fingerprint()


def run_controls(
    controls: Sequence[str],
    dataset: Dataset,
    keys: Sequence[str],
    model: ProteinModel,
    plan: Plan,
    *,
    families: Mapping[str, str],
    aligned: AlignedMembers | None = None,
    min_links: int,
    progress: bool,
) -> tuple[list[Control], dict[str, str]]:
    """Run controls on some records of a data set.

    Parameters
    ----------
    controls : sequence of {"shuffled", "untrained"}
        ``shuffled``: the model reads shuffled sequences, and is judged by the labels of the true
        ones. ``untrained``: a network of the same architecture with drawn weights, its queries
        scaled up until there are links, reads the true sequences.
    dataset : Dataset
    keys : sequence of str
    model : ProteinModel
    plan : Plan
    families : mapping of str to str
    aligned : AlignedMembers, optional
    min_links : int
    progress : bool

    Returns
    -------
    found : list of Control
        Amino acids are left out: both controls see them.
    notes : dict of str to str
        By control: how many records it ran on, or why it could not run.
    """
    columns = tuple(column for column in plan.columns if column.feature != "amino_acid")
    found: list[Control] = []
    notes: dict[str, str] = {}
    if not columns:
        return found, dict.fromkeys(controls, "there is nothing to judge but amino acids")
    plan = replace(plan, columns=columns)
    sample = _sample(dataset, keys, families, plan.seed)
    for control in controls:
        try:
            result = count_dataset(
                ShuffledDataset(dataset, plan.seed) if control == "shuffled" else dataset,
                sample,
                model if control == "shuffled" else _untrained(model, plan),
                plan,
                families=families,
                aligned=aligned,
                max_skipped=1.0,
                progress=progress,
            )
        except ProtvisError as error:
            notes[control] = " ".join(str(error).split())
            continue
        notes[control] = f"{result.n_records} records"
        heads = head_table(result, min_links=min_links)
        for (feature, value), rows in heads.groupby(["feature", "value"], sort=False):
            scored = rows[rows["scored"]]
            found.append(
                Control(
                    str(feature),
                    str(value),
                    control,
                    len(scored),
                    int(rows["called"].sum()),
                    float(scored["enrichment"].max()),
                )
            )
    return found, notes


def _sample(
    dataset: Dataset, keys: Sequence[str], families: Mapping[str, str], seed: int
) -> list[str]:
    """Return keys of different families, drawn, and of others where these do not suffice."""
    of_key: dict[str, str] = {}
    for record, family in families.items():
        key = dataset.key_of(record)
        if key is not None:
            of_key.setdefault(key, family)
    order = [keys[place] for place in np.random.default_rng(seed).permutation(len(keys))]
    seen: set[str] = set()
    first = []
    for key in order:
        if of_key.get(key, key) not in seen:
            seen.add(of_key.get(key, key))
            first.append(key)
    rest = [key for key in order if key not in set(first)]
    return (first + rest)[:CONTROL_RECORDS]


def _untrained(model: ProteinModel, plan: Plan) -> ProteinModel:
    if not hasattr(model, "module"):
        raise ModelError(f"{model.name} is not a network whose weights can be drawn again")
    from protvis.models.untrained import untrained_copy

    return untrained_copy(model, seed=plan.seed, threshold=plan.threshold)
