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
    details : tuple of str
        The reason of each, where these are not all the same but for the id; else empty.
    """

    reason: str
    records: tuple[str, ...]
    details: tuple[str, ...] = ()


def group_skips(skipped: Iterable[Skipped]) -> list[SkipGroup]:
    """Return what was skipped by reason, the commonest first.

    Reasons that differ only in numbers, or in the id of the record, are one.
    """
    groups: dict[str, list[Skipped]] = {}
    for skip in skipped:
        groups.setdefault(_NUMBER.sub("#", _without_id(skip)), []).append(skip)
    found = []
    for group in sorted(groups.values(), key=len, reverse=True):
        reasons = tuple(map(_without_folder, group))
        differ = len(set(map(_without_id, group))) > 1
        records = tuple(skip.record for skip in group)
        found.append(SkipGroup(reasons[0], records, reasons if differ else ()))
    return found


def _without_id(skip: Skipped) -> str:
    return skip.reason.replace(skip.record, "…") if skip.record else skip.reason


def _without_folder(skip: Skipped) -> str:
    return re.sub(rf"\S*/{re.escape(skip.record)}", lambda _: skip.record, skip.reason)
