"""The numbers of Vig et al. (ICLR 2021) beside those of a run, quantity by quantity."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from protvis.analysis.counting.features import SHIFTED
from protvis.analysis.statistics.head_tables import top_heads
from protvis.analysis.statistics.layer_summary import center_of_gravity, summarize_layers
from protvis.labels import format_head
from protvis.reports.vig2021_ours import calibration_rows, probe_rows
from protvis.reports.vig2021_published import Published, PublishedProperty
from protvis.reports.vig2021_rows import Row

if TYPE_CHECKING:
    from protvis.analysis.statistics.result_tables import HeadTables

__all__ = ["COLUMNS", "compare_published", "counted_feature", "grid_of", "heads_of"]

COLUMNS = (
    "feature",
    "value",
    "quantity",
    "unit",
    "published",
    "ours",
    "difference",
    "note",
    "main",
)

_SHIFTED_FIGURES = ("binding_site", "modification")


def compare_published(
    reports: Mapping[str, HeadTables],
    reference: Published,
    missing: Mapping[str, str] | None = None,
    probes: Mapping[tuple[str, str], pd.DataFrame | str] | None = None,
) -> pd.DataFrame:
    """Return every published number with ours, and ours of what is published as a figure only.

    Parameters
    ----------
    reports : mapping of str to HeadTables
        Runs in the mode ``paper``.
    reference : Published
    missing : mapping of str to str, optional
        What is not there, for the notes: features, a colon, what would be needed, a comma, more.
    probes : mapping of (str, str) to DataFrame or str, optional
        By feature and source, see `protvis.analysis.probe`; or why there is none.

    Returns
    -------
    DataFrame
        `COLUMNS`, one row for each published number, and for what can only be compared. Proportions
        are in percent. ``difference`` is ours less published; ``ours`` and it are NaN where data
        are missing, ``published`` where nothing is published. ``main`` marks what a short table
        holds.
    """
    heads = [report.heads() for report in reports.values()]
    table = pd.concat(heads, ignore_index=True) if heads else None
    rows: list[Row] = []
    for (feature, value), given in reference.properties.items():
        ours = heads_of(table, counted_feature(reference, feature), value)
        rows += _property(given, ours, _why(feature, missing))
    rows += _right_labels(reference, table)
    rows.append(_substitution(reference, reports, _why("amino_acid", missing)))
    rows += calibration_rows(reports, reference, _why("contact", missing))
    rows += probe_rows(probes or {})
    frame = pd.DataFrame([vars(row) for row in rows])
    frame["difference"] = frame["ours"] - frame["published"]
    return frame[list(COLUMNS)]


def counted_feature(reference: Published, feature: str) -> str:
    """Return the feature that a published figure shows.

    Those of ProtXLNet's binding sites and modifications were made with labels that a slip had moved
    by one residue.
    """
    shifted = reference.key == "protxlnet" and feature in _SHIFTED_FIGURES
    return feature + SHIFTED if shifted else feature


def heads_of(table: pd.DataFrame | None, feature: str, value: str) -> pd.DataFrame | None:
    """Return the heads of a property, or None if it was not counted."""
    if table is None:
        return None
    rows = table[(table["feature"] == feature) & (table["value"] == value)]
    return None if rows.empty else rows.reset_index(drop=True)


def grid_of(heads: pd.DataFrame) -> NDArray[np.float64]:
    """Return the proportions of a property's scored heads (layer, head), else NaN."""
    grid = np.full((heads["layer"].max(), heads["head"].max()), np.nan)
    grid[heads["layer"] - 1, heads["head"] - 1] = heads["proportion"].where(heads["scored"])
    return grid


def _why(feature: str, missing: Mapping[str, str] | None) -> str:
    for text in (missing or {}).values():
        if feature in text.partition(":")[0].split(", "):
            return text.partition(": ")[2].partition(",")[0]
    return ""


def _property(given: PublishedProperty, ours: pd.DataFrame | None, why: str) -> Iterator[Row]:
    key = (given.feature, given.value)
    # Of what is not there, as if no head had been scored.
    grid = np.full((1, 1), np.nan) if ours is None else grid_of(ours)
    main = given.feature != "amino_acid"
    note = why
    if ours is not None:
        best = top_heads(ours, *_names(ours), n=1)
        ours_at = format_head(best["layer"][0], best["head"][0]) if len(best) else "no head"
        note = f"published at {format_head(*given.best)}, ours at {ours_at}"
    yield Row(
        *key, "highest proportion", "%", 100 * given.highest, 100 * _highest(grid), note, True
    )
    if not np.isnan(given.background):
        background = np.nan if ours is None else float(ours["background"].iloc[0])
        yield Row(*key, "background", "%", 100 * given.background, 100 * background, why, True)
    n_scored = np.nan if ours is None else float((~np.isnan(grid)).sum())
    yield Row(*key, "scored heads", "heads", given.n_scored, n_scored, why, main)
    top = given.top or ((*given.best, given.highest, np.nan),)
    for layer, head, proportion, half in top:
        yield Row(
            *key,
            f"proportion of head {format_head(layer, head)}",
            "%",
            100 * proportion,
            100 * _at(grid, layer, head),
            _of_head(ours, grid, layer, head, half) or why,
            main and (layer, head) == given.best,
        )
    for layer, highest in enumerate(given.layer_maxima, 1):
        own = np.nan if layer > len(grid) else _highest(grid[layer - 1])
        yield Row(*key, f"best head of layer {layer}", "%", 100 * highest, 100 * own, why)
    yield from _whole(given, ours, grid, why)


def _whole(
    given: PublishedProperty, ours: pd.DataFrame | None, grid: NDArray[np.float64], why: str
) -> Iterator[Row]:
    """Yield what is about all heads at once."""
    if given.grid is None:
        return
    key = (given.feature, given.value)
    center = given.center
    note = why
    if np.isnan(center):
        center = _center(given.heads())
        note = why or "published: from the colours of the figure"
    own = np.nan if ours is None else _center(ours)
    yield Row(*key, "centre of gravity", "layer", center, own, note, True)
    both = np.zeros(0)
    if grid.shape == given.grid.shape:
        both = ~np.isnan(grid) & ~np.isnan(given.grid)
    r = distance = np.nan
    note = why or "not the same layers and heads"
    if np.count_nonzero(both) >= 3:
        pair = given.grid[both], grid[both]
        # The correlation of what does not vary is undefined, and no warning is needed.
        if min(np.ptp(side) for side in pair) > 0:
            r = float(stats.pearsonr(*pair).statistic)
        distance = 100 * float(np.abs(pair[0] - pair[1]).mean())
        note = f"over {np.count_nonzero(both):,} heads scored in both"
    yield Row(*key, "all heads: Pearson's r", "r", np.nan, r, note, True)
    yield Row(*key, "all heads: mean distance", "%", np.nan, distance, note)


def _right_labels(reference: Published, table: pd.DataFrame | None) -> Iterator[Row]:
    """Yield what ProtXLNet does with labels in their places, of which nothing is published."""
    if reference.key != "protxlnet":
        return
    for feature in _SHIFTED_FIGURES:
        ours = heads_of(table, feature, "")
        if ours is None:
            continue
        best = top_heads(ours, feature, n=1)
        at = format_head(best["layer"][0], best["head"][0]) if len(best) else "no head"
        yield Row(
            feature,
            "",
            "highest proportion, right labels",
            "%",
            np.nan,
            100 * _highest(grid_of(ours)),
            f"at {at}; the published figure has labels shifted by one residue",
            True,
        )


def _substitution(reference: Published, reports: Mapping[str, HeadTables], why: str) -> Row:
    r, note = np.nan, why
    for report in reports.values():
        if any(column.feature == "amino_acid" for column in report.result.plan.columns):
            comparison = report.compare_substitution()
            r, note = comparison.r, f"over {comparison.n_pairs} pairs of amino acids"
    return Row(
        "amino_acid", "", "correlation with BLOSUM62", "r", reference.substitution_r, r, note, True
    )


def _names(ours: pd.DataFrame) -> tuple[str, str]:
    return ours["feature"].iloc[0], ours["value"].iloc[0]


def _highest(grid: NDArray[np.float64]) -> float:
    return float(np.fmax.reduce(grid, axis=None))


def _at(grid: NDArray[np.float64], layer: int, head: int) -> float:
    inside = layer <= grid.shape[0] and head <= grid.shape[1]
    return float(grid[layer - 1, head - 1]) if inside else float("nan")


def _of_head(
    ours: pd.DataFrame | None, grid: NDArray[np.float64], layer: int, head: int, half: float
) -> str:
    if ours is None:
        return ""
    if layer > grid.shape[0] or head > grid.shape[1]:
        return "this model has no such head"
    parts = [] if np.isnan(half) else [f"published ± {100 * half:.2f}"]
    row = ours[(ours["layer"] == layer) & (ours["head"] == head)].iloc[0]
    if not row["scored"]:
        parts.append(f"ours not scored, {row['n_links']:,} links")
    elif np.isfinite(row["ci_low"]):
        parts.append(f"ours ± {50 * (row['ci_high'] - row['ci_low']):.2f}")
    return ", ".join(parts)


def _center(heads: pd.DataFrame) -> float:
    return center_of_gravity(summarize_layers(heads).sort_values("layer")["mean"])
