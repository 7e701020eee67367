"""Grids decoded from the paper's figures, as a table of heads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

NAMES = {
    "contact_map": ("contact", ""),
    "binding_site_to": ("binding_site", ""),
    "protein_modification_to": ("modification", ""),
    "sec_struct_to_0": ("secondary_structure", "helix"),
    "sec_struct_to_1": ("secondary_structure", "strand"),
    "sec_struct_to_2": ("secondary_structure", "turn"),
    "sec_struct_to_3": ("secondary_structure", "other"),
}
BACKGROUNDS = {"contact": 0.01266, "binding_site": 0.04828, "modification": 0.00843}


def grid_table(heatmaps: dict[str, Any]) -> pd.DataFrame:
    """Return one model's grids; heads that are blank in the figure are not scored."""
    frames = []
    for name, heatmap in heatmaps.items():
        feature, value = NAMES.get(name, ("amino_acid", name[-1]))
        grid = np.array(heatmap["grid_pct_approx"], dtype=float) / 100
        layer, head = np.indices(grid.shape).reshape(2, -1) + 1
        background = BACKGROUNDS.get(feature, np.nan)
        frames.append(
            pd.DataFrame(
                {
                    "feature": feature,
                    "value": value,
                    "layer": layer,
                    "head": head,
                    "n_links": 0,
                    "n_hits": 0,
                    "proportion": grid.ravel(),
                    "background": background,
                    "enrichment": grid.ravel() / background,
                    "ci_low": np.nan,
                    "ci_high": np.nan,
                    "p_value": np.nan,
                    "q_value": np.nan,
                    "scored": ~np.isnan(grid.ravel()),
                }
            )
        )
    return pd.concat(frames, ignore_index=True)
