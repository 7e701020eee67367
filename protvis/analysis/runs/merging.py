"""Results of parts of a data set as one."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from protvis.analysis.counting.counters import Counters
from protvis.analysis.counting.family_groups import FamilyGroups
from protvis.analysis.counting.plan import Plan
from protvis.analysis.counting.result import Result
from protvis.errors import DatasetError, OptionError

__all__ = ["merge_results"]


def merge_results(results: Sequence[Result]) -> Result:
    """Return the result that one run over all the data sets would have given.

    For what is too large for one run: parts of it are analyzed by themselves, with a journal each,
    and added up. The counts are those of one run whatever the parts, but for what the composition
    of batches does to the last digits of an attention weight.

    Parameters
    ----------
    results : sequence of Result
        Of the same plan, model and version of protvis, over different records; with the ids of
        records unique over all of them, as families are known by the ids of their members.

    Returns
    -------
    Result
        A family with members in several parts counts as one, but its nulls' variances are those of
        each part's members. There is no null ``aligned``: members of different parts never met.
        Its provenance is the first one's, with name, fingerprint and numbers of all, and that of
        each part under ``parts``.

    Raises
    ------
    OptionError
        If the list is empty.
    DatasetError
        If plans, models or versions differ, or two results are of the same records.
    """
    if not results:
        raise OptionError("the list of results to merge is empty")
    first = results[0]
    seen: dict[Any, Any] = {}
    for result in results:
        data = result.provenance["data"]
        for what, now, wanted in (
            ("plan", _without_groups(result.plan), _without_groups(first.plan)),
            ("weights", _weights(result), _weights(first)),
            ("model's settings", _settings(result), _settings(first)),
            ("version of protvis", _version(result), _version(first)),
        ):
            if now != wanted:
                raise DatasetError(
                    f"the results of {data['name']} and of {first.provenance['data']['name']} "
                    f"cannot be added up, they differ in their {what}: {_short(now)} and "
                    f"{_short(wanted)}"
                )
        same = (data["fingerprint"], data["records_sha256"])
        if same in seen:
            raise DatasetError(
                f"the results of {seen[same]} and of {data['name']} are of the same records, which "
                "would count twice"
            )
        seen[same] = data["name"]
    families: dict[str, str] = {}
    for result in results:
        families |= result.families
    groups = FamilyGroups.of(families, first.plan)
    plan = replace(first.plan, n_groups=groups.n_groups, aligned=())
    counters = Counters.zeros(plan)
    for result in results:
        own = FamilyGroups(result.families, result.plan.n_groups)
        counters.add(
            Counters(
                {
                    name: own.moved(values, groups) if name.startswith("family_") else values
                    for name, values in result.counters.arrays.items()
                    if not name.startswith("aligned_")
                }
            )
        )
    parts = [dict(result.provenance) for result in results]
    return Result(
        plan=plan,
        counters=counters,
        skipped=tuple(skip for result in results for skip in result.skipped),
        warnings=tuple(line for result in results for line in result.warnings),
        n_records=sum(result.n_records for result in results),
        complete=all(result.complete for result in results),
        provenance={**first.provenance, "data": _data(parts), "parts": parts},
        families=families,
    )


def _data(parts: list[dict[str, Any]]) -> dict[str, Any]:
    data = [part["data"] for part in parts]
    more = f" and {len(data) - 1:,} more" if len(data) > 1 else ""
    return {
        "name": f"{data[0]['name']}{more}",
        "fingerprint": _hash(part["fingerprint"] for part in data),
        "n_records": sum(part["n_records"] for part in data),
        "records_sha256": _hash(part["records_sha256"] for part in data),
    }


def _without_groups(plan: Plan) -> Plan:
    return replace(plan, n_groups=1, aligned=())


def _hash(hashes: Any) -> str:
    return hashlib.sha256("\n".join(hashes).encode()).hexdigest()


def _weights(result: Result) -> Any:
    model = result.provenance["model"]
    return model["weights_sha256"] or model["id"]


def _settings(result: Result) -> Any:
    return result.provenance["model"].get("settings_sha256")


def _version(result: Result) -> Any:
    return result.provenance["versions"].get("protvis")


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
