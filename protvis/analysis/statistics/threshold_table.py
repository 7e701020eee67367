"""Heads at other thresholds than the run's, and by their heaviest links: all of one pass."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from protvis.analysis.counting.counters import LEVEL_GROUPS, Counters
from protvis.analysis.counting.plan import LEVELS
from protvis.analysis.counting.result import Result
from protvis.analysis.statistics.head_tables import HEAD_COLUMNS, head_table

__all__ = ["TOP_L", "threshold_table"]

TOP_L = "top L"
"""What the cut at the L heaviest links of a protein of L residues is called."""


def threshold_table(result: Result, *, min_links: int = 100) -> pd.DataFrame:
    """Return `head_table` at each threshold of `LEVELS`, and for the L heaviest links.

    Parameters
    ----------
    result : Result
    min_links : int, default 100

    Returns
    -------
    DataFrame
        ``cut`` (``"0.05"`` to ``"0.5"``, ``"top L"``), ``threshold`` (NaN for the last) and the
        columns of `head_table`, without amino acids. The nulls' shifts are 16 of each protein's
        rather than all, families are dealt to 32 groups and relatives are not aligned, so that a
        head at the border may be called here and not there. ``top L`` are the L heaviest links of
        each protein of L residues, of those of at least 0.05.

    Raises
    ------
    OptionError
        If `min_links` is not 1 or more.
    """
    frames = []
    for cut, level, own in _levels(result):
        frame = head_table(own, min_links=min_links)
        frame.insert(0, "cut", cut)
        frame.insert(1, "threshold", level)
        frames.append(frame)
    if not frames:
        return pd.DataFrame(columns=["cut", "threshold", *HEAD_COLUMNS])
    table = pd.concat(frames, ignore_index=True)
    table.attrs = {"mode": result.plan.mode, "min_links": min_links}
    return table


def _levels(result: Result) -> Iterator[tuple[str, float, Result]]:
    """Yield each level's name, its threshold, and its counts as those of a run."""
    places = result.plan.level_columns
    if not places:
        return
    columns = tuple(result.plan.columns[place] for place in places)
    arrays = result.counters.arrays
    cuts = [(f"{level:g}", level) for level in LEVELS] + [(TOP_L, np.nan)]
    for at, (cut, level) in enumerate(cuts):
        counts = {name: arrays[name][..., places] for name in ("eligible", "positives")}
        counts |= {
            name.removeprefix("level_"): values[at]
            for name, values in arrays.items()
            if name.startswith("level_")
        }
        threshold = level if cut != TOP_L else LEVELS[0]
        plan = replace(
            result.plan, columns=columns, threshold=threshold, n_groups=LEVEL_GROUPS, aligned=()
        )
        yield cut, level, replace(result, plan=plan, counters=Counters(counts))
