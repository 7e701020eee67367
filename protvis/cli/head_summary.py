"""What a run found, in a few lines for a terminal."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from protvis.analysis.runs.skips import group_skips
from protvis.cli.text_table import format_table
from protvis.labels import format_head
from protvis.reports.formatting import (
    count,
    interval,
    model_name,
    percent,
    probability,
    proteins,
    ratio,
)
from protvis.reports.report_page import model_notice

if TYPE_CHECKING:
    import pandas as pd

    from protvis.reports import HeadReport

__all__ = ["print_summary"]

N_BEST = 3
"""Heads shown of a feature that is yes or no; of each value of another, the best one."""


def print_summary(report: HeadReport) -> None:
    """Print the best heads of each feature, and what was skipped."""
    result, about = report.result, report.provenance
    data, plan = about["data"], result.plan
    print(
        f"{model_name(about)} ({plan.n_layers} × {plan.n_heads} heads) on {data['name']}: "
        f"{proteins(result.n_records)}, links of at "
        f"least {plan.threshold:g}, mode {plan.mode}\n"
    )
    print(format_table(_rows(report)))
    unscored = _never_scored(report.heads())
    if unscored:
        print(f"No head has {report.min_links} links: {', '.join(unscored)}")
    if result.skipped:
        print(f"\nSkipped: {len(result.skipped):,} of {data['n_records']:,} records")
        for group in group_skips(result.skipped)[:3]:
            print(f"  {len(group.records):,} × {group.reason}")
    if result.warnings:
        print(f"\nWarnings: {len(result.warnings):,}, in ledger.csv")
    if notice := model_notice(about):
        print(f"\n{textwrap.fill(notice, 100)}")


def _rows(report: HeadReport) -> list[dict[str, str]]:
    rows = []
    columns = report.result.plan.columns
    several = {column.feature for column in columns if column.value}
    for column in columns:
        best = report.top(
            column.feature, column.value, n=1 if column.feature in several else N_BEST
        )
        rows += [
            {
                "feature": f"{column.feature} {column.value}".strip(),
                "head": format_head(head.layer, head.head),
                "links": count(head.n_links),
                "% of them": percent(head.proportion),
                "interval": interval(head.ci_low, head.ci_high),
                "background %": percent(head.background),
                "enrichment": ratio(head.enrichment),
                "q": probability(head.q_value),
            }
            for head in best.itertuples()
        ]
    return rows


def _never_scored(heads: pd.DataFrame) -> list[str]:
    scored = heads.groupby(["feature", "value"], sort=False)["scored"].any()
    return [f"{feature} {value}".strip() for (feature, value), some in scored.items() if not some]
