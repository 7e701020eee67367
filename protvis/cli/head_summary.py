"""What a run found, in a few lines for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from protvis.labels import format_head
from protvis.reports.skips import group_skips

if TYPE_CHECKING:
    import pandas as pd

    from protvis.reports import HeadReport

__all__ = ["format_table", "print_summary"]

N_BEST = 3
"""Heads shown of a feature that is yes or no; of each value of another, the best one."""


def print_summary(report: HeadReport) -> None:
    """Print the best heads of each feature, and what was skipped."""
    result, about = report.result, report.provenance
    model, data, plan = about["model"], about["data"], result.plan
    print(
        f"{model['model']} ({plan.n_layers} × {plan.n_heads} heads) on {data['name']}: "
        f"{result.n_records:,} {'protein' if result.n_records == 1 else 'proteins'}, links of at "
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


def format_table(rows: list[dict[str, str]]) -> str:
    """Return rows as a table of text; the first column to the left, others to the right."""
    import pandas as pd

    if not rows:
        return ""
    table = pd.DataFrame(rows)
    first = table.columns[0]
    width = max(len(first), int(table[first].str.len().max()))
    table[first] = table[first].str.ljust(width)
    table = table.rename(columns={first: first.ljust(width)})
    text = table.to_string(index=False)
    return "\n".join(line.rstrip() for line in text.splitlines())


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
                "links": f"{head.n_links:,}",
                "% of them": f"{100 * head.proportion:.2f}",
                "interval": f"[{100 * head.ci_low:.2f}, {100 * head.ci_high:.2f}]",
                "background %": f"{100 * head.background:.2f}",
                "enrichment": f"{head.enrichment:.2f}",
                "q": format_p(head.q_value),
            }
            for head in best.itertuples()
        ]
    return rows


def format_p(p: float) -> str:
    """Return a p- or q-value as it is printed in a table."""
    if p != p:
        return "–"
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def _never_scored(heads: pd.DataFrame) -> list[str]:
    scored = heads.groupby(["feature", "value"], sort=False)["scored"].any()
    return [f"{feature} {value}".strip() for (feature, value), some in scored.items() if not some]
