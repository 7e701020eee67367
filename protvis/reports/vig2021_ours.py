"""Of the paper's figures those whose numbers are not at hand: ours, beside nothing.

Attention weight as a probability of contact, and the probing classifiers by layer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from protvis.labels import format_head
from protvis.reports.vig2021_published import Published
from protvis.reports.vig2021_rows import NOT_AT_HAND, Row

if TYPE_CHECKING:
    from protvis.analysis.statistics.result_tables import HeadTables

__all__ = ["calibrated_heads", "calibration_rows", "contact_report", "probe_rows"]


def contact_report(reports: Mapping[str, HeadTables]) -> HeadTables | None:
    """Return the report that counted contacts, or None."""
    for report in reports.values():
        if any(column.feature == "contact" for column in report.result.plan.columns):
            return report
    return None


def calibrated_heads(report: HeadTables, reference: Published) -> list[tuple[int, int]]:
    """Return the heads whose calibration is shown: the published best of contacts, and ours."""
    plan = report.result.plan
    best = report.top("contact", n=1)
    heads = [reference.properties["contact", ""].best]
    heads += zip(best["layer"].tolist(), best["head"].tolist(), strict=True)
    inside = [head for head in heads if head[0] <= plan.n_layers and head[1] <= plan.n_heads]
    return list(dict.fromkeys(inside))


def calibration_rows(
    reports: Mapping[str, HeadTables], reference: Published, why: str
) -> Iterator[Row]:
    """Yield how often pairs are in contact, by the attention between them.

    Parameters
    ----------
    reports : mapping of str to HeadTables
    reference : Published
    why : str
        Why contacts were not counted, if they were not.
    """
    report = contact_report(reports)
    heads = [] if report is None else calibrated_heads(report, reference)
    if report is None or not heads:
        note = why or f"{NOT_AT_HAND}; no head has links enough"
        yield Row("contact", "", "contacts by attention weight", "%", np.nan, np.nan, note)
        return
    table = report.calibration()
    for layer, head in heads:
        rows = table[(table["layer"] == layer) & (table["head"] == head)]
        for row in rows.itertuples():
            weights = f"{row.weight_low:g} to {row.weight_high:g}"
            yield Row(
                "contact",
                "",
                f"contacts at attention {weights}, head {format_head(layer, head)}",
                "%",
                np.nan,
                100 * row.probability,
                f"{NOT_AT_HAND}; {row.n_pairs:,} pairs",
            )


def probe_rows(probes: Mapping[tuple[str, str], pd.DataFrame | str]) -> Iterator[Row]:
    """Yield the scores of probes, layer by layer.

    Parameters
    ----------
    probes : mapping of (feature, source) to DataFrame or str
        From `protvis.analysis.probe`, or why there is none.
    """
    for (feature, source), table in probes.items():
        if isinstance(table, str):
            yield Row(feature, "", f"probe of {source}", "%", np.nan, np.nan, table)
            continue
        for (metric, value), rows in table.groupby(["metric", "value"], sort=False):
            best = rows["score"].max()
            for row in rows.itertuples():
                yield Row(
                    feature,
                    value,
                    f"probe of {source}, layer {row.layer}: {metric}",
                    "%",
                    np.nan,
                    100 * row.score,
                    f"{NOT_AT_HAND}; over {row.n_scored:,} proteins, {100 * row.background:.2f} "
                    "without looking at them",
                    main=bool(row.score == best),
                )
