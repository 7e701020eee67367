"""Layers: what their heads hit on average, and where in the model a property sits."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from protvis.analysis.counting.result import Result
from protvis.analysis.statistics.head_tables import head_table
from protvis.labels import format_head

__all__ = ["center_of_gravity", "layer_centers", "layer_table", "summarize_layers"]


def layer_table(result: Result, *, min_links: int = 100) -> pd.DataFrame:
    """Return the summary of every layer; see `summarize_layers`."""
    return summarize_layers(head_table(result, min_links=min_links))


def summarize_layers(heads: pd.DataFrame) -> pd.DataFrame:
    """Return the mean and the best of each layer's scored heads.

    Parameters
    ----------
    heads : DataFrame
        From `head_table`; of its columns those of names, ``proportion``, ``background`` and
        ``scored`` are read.

    Returns
    -------
    DataFrame
        One row per (feature, value, layer), in the order of the table: ``n_scored``; ``mean`` and
        ``maximum`` of the proportion, and the mean ``background``, over the scored heads (NaN
        where there are none); ``best_head``, a label such as ``"12-4"``, empty where there is none.
        ``attrs`` are those of `heads`.
    """
    names = ["feature", "value", "layer"]
    scored = heads[heads["scored"]]
    found = scored.groupby(names, sort=False).agg(
        n_scored=("proportion", "size"),
        mean=("proportion", "mean"),
        maximum=("proportion", "max"),
        background=("background", "mean"),
    )
    # The first of equals is the one with the lowest label.
    best = scored.sort_values(["proportion", "head"], ascending=[False, True])
    best = best.drop_duplicates(names).set_index(names)["head"]
    table = heads[names].drop_duplicates().merge(found.reset_index(), how="left", on=names)
    table["n_scored"] = table["n_scored"].fillna(0).astype(np.int64)
    places = pd.MultiIndex.from_frame(table[names])
    table["best_head"] = [
        "" if np.isnan(head) else format_head(layer, int(head))
        for layer, head in zip(table["layer"], best.reindex(places), strict=True)
    ]
    table.attrs = dict(heads.attrs)
    return table


def center_of_gravity(means: ArrayLike) -> float:
    """Return the centre of gravity of a property over layers, Σ l m_l / Σ m_l (Vig et al., 2021).

    Layers count from 1. If all layers are alike, the centre is in the middle, whatever the
    property: 6.5 for 12 layers.

    Parameters
    ----------
    means : array (layer,)
        From the first layer to the last; layers without a scored head (NaN) are left out of both
        sums.

    Returns
    -------
    float
        In layers; NaN if there are no hits.
    """
    values = np.asarray(means, dtype=np.float64)
    known = ~np.isnan(values)
    labels, mass = np.arange(1, len(values) + 1)[known], values[known]
    return float(labels @ mass / mass.sum()) if mass.sum() > 0 else float("nan")


def layer_centers(layers: pd.DataFrame) -> pd.DataFrame:
    """Return the centre of gravity of each feature and value.

    Parameters
    ----------
    layers : DataFrame
        From `layer_table`, all layers.

    Returns
    -------
    DataFrame
        ``feature, value, center_of_gravity`` (in layers), from the first layers to the last, as
        the paper orders them.
    """
    rows = [
        (feature, value, center_of_gravity(group.sort_values("layer")["mean"]))
        for (feature, value), group in layers.groupby(["feature", "value"], sort=False)
    ]
    table = pd.DataFrame(rows, columns=["feature", "value", "center_of_gravity"])
    return table.sort_values("center_of_gravity", kind="stable", ignore_index=True)
