"""What a run skipped, grouped by reason."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from protvis.analysis.counting.result import Skipped

__all__ = ["SkipGroup", "group_skips"]

_NUMBER = re.compile(r"\d[\d,.]*\d|\d")


@dataclass(frozen=True)
class SkipGroup:
    """Records skipped for one reason.

    Attributes
    ----------
    reason : str
        As given for the first of them, its file named without the folder it lies in.
    records : tuple of str
        Their ids, in the order of the data set.
    """

    reason: str
    records: tuple[str, ...]


def group_skips(skipped: Iterable[Skipped]) -> list[SkipGroup]:
    """Return what was skipped by reason, the commonest first.

    Reasons that differ only in numbers, or in the id of the record, are one.
    """
    groups: dict[str, list[Skipped]] = {}
    for skip in skipped:
        reason = skip.reason.replace(skip.record, "…") if skip.record else skip.reason
        kind = _NUMBER.sub("#", reason)
        groups.setdefault(kind, []).append(skip)
    ordered = sorted(groups.values(), key=len, reverse=True)
    return [
        SkipGroup(_without_folder(group[0]), tuple(skip.record for skip in group))
        for group in ordered
    ]


def _without_folder(skip: Skipped) -> str:
    return re.sub(rf"\S*/{re.escape(skip.record)}", lambda _: skip.record, skip.reason)
