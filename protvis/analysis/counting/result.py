"""What a run leaves behind: counters, what was skipped, and where it all comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from protvis.analysis.counting.counters import Counters
from protvis.analysis.counting.plan import Plan

__all__ = ["Control", "Result", "Skipped"]


@dataclass(frozen=True, order=True)
class Skipped:
    """A line of the ledger: a record that was not counted, or a warning about one that was.

    Attributes
    ----------
    record : str
        The record's id, or the key of the file.
    reason : str
        In one line.
    kind : {"skipped", "warning"}
        A warning is about a record that was still counted.
    """

    record: str
    reason: str
    kind: str = "skipped"


@dataclass(frozen=True)
class Control:
    """What a negative control calls of one feature and value.

    Attributes
    ----------
    feature, value : str
    control : {"shuffled", "untrained"}
    n_heads : int
        Number of scored heads.
    n_called : int
    best_enrichment : float
        Of the scored heads; NaN where there are none.
    """

    feature: str
    value: str
    control: str
    n_heads: int
    n_called: int
    best_enrichment: float


@dataclass(frozen=True, eq=False)
class Result:
    """Counts of one model over one data set.

    Attributes
    ----------
    plan : Plan
    counters : Counters
    skipped : tuple of Skipped
        Records that were not counted, in the order of the data set.
    warnings : tuple of Skipped
        Warnings about records that were counted.
    n_records : int
        Number of records counted.
    complete : bool
        False if the run was interrupted; the counts up to then are kept.
    provenance : mapping of str to Any
        Plain values, ready for JSON: ``model`` (`ProteinModel.provenance`), ``data`` (name,
        fingerprint, number of records), ``families`` (a hash of who is with whom), ``arguments``,
        ``versions``, ``date``.
    families : mapping of str to str
        The family of each record, named after one of its members.
    controls : tuple of Control
        The heads that negative controls call; ``provenance["controls"]`` says what they ran on.
    """

    plan: Plan
    counters: Counters
    skipped: tuple[Skipped, ...] = ()
    warnings: tuple[Skipped, ...] = ()
    n_records: int = 0
    complete: bool = True
    provenance: Mapping[str, Any] = field(default_factory=dict)
    families: Mapping[str, str] = field(default_factory=dict)
    controls: tuple[Control, ...] = ()
