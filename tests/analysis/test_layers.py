"""Layers against their definition and against the published centres."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from protvis.analysis.statistics.head_tables import head_table
from protvis.analysis.statistics.layer_summary import (
    center_of_gravity,
    layer_centers,
    layer_table,
    summarize_layers,
)
from tests.analysis.artificial import Chance, draw_chance
from tests.analysis.published import grid_table


def test_layers_are_those_of_the_loops() -> None:
    result = draw_chance(Chance(n_proteins=8, active=0.7), 1, n_layers=6, n_heads=5)
    heads = head_table(result, min_links=50)
    table = layer_table(result, min_links=50)
    assert table["layer"].tolist() == [1, 2, 3, 4, 5, 6]
    assert 0 < heads["scored"].sum() < 30
    for row in table.itertuples():
        scored = [h for h in heads.itertuples() if h.layer == row.layer and h.scored]
        shares = [h.proportion for h in scored]
        best = scored[int(np.argmax(shares))]
        assert row.n_scored == len(shares)
        assert (row.mean, row.maximum) == pytest.approx((np.mean(shares), max(shares)))
        assert row.best_head == f"{row.layer}-{best.head}"
        assert row.background == pytest.approx(np.mean([h.background for h in scored]))


def test_layers_without_a_scored_head() -> None:
    heads = pd.DataFrame(
        {
            "feature": "contact",
            "value": "",
            "layer": [1, 1, 2, 3],
            "head": [2, 1, 1, 1],
            "proportion": [0.5, 0.5, 0.9, 0.25],
            "background": 0.1,
            "scored": [True, True, False, True],
        }
    )
    table = summarize_layers(heads)
    assert table["n_scored"].tolist() == [2, 0, 1]
    assert table["best_head"].tolist() == ["1-1", "", "3-1"]
    np.testing.assert_array_equal(table["mean"], [0.5, np.nan, 0.25])
    assert layer_centers(table)["center_of_gravity"].tolist() == pytest.approx([1.25 / 0.75])
    nothing = summarize_layers(heads.assign(scored=False))
    assert nothing["mean"].isna().all()
    assert layer_centers(nothing)["center_of_gravity"].isna().all()


def test_the_centre_of_gravity() -> None:
    assert center_of_gravity([0.3] * 12) == pytest.approx(6.5)
    assert center_of_gravity([0, 0, 0.2, 0]) == pytest.approx(3)
    assert center_of_gravity([np.nan, 0.1, np.nan, 0.1]) == pytest.approx(3)
    means = np.random.default_rng(0).random(9)
    slow = sum((k + 1) * m for k, m in enumerate(means)) / sum(means)
    assert center_of_gravity(means) == pytest.approx(slow)
    assert center_of_gravity(7 * means) == pytest.approx(slow)
    assert center_of_gravity(means[::-1]) == pytest.approx(10 - slow)
    assert np.isnan(center_of_gravity([0.0, np.nan]))


def test_published_centres_of_tape_bert(shared_data: Path) -> None:
    """The grids are read off a figure, to 0.4 % of their maximum: contacts suffer most."""
    path = shared_data / "reference" / "published_attention_values.json"
    heads = grid_table(json.loads(path.read_text())["heatmaps"]["tape_bert"])
    centers = layer_centers(summarize_layers(heads)).set_index(["feature", "value"])
    published = {
        ("secondary_structure", "helix"): 6.59,
        ("secondary_structure", "turn"): 6.91,
        ("secondary_structure", "strand"): 7.05,
        ("binding_site", ""): 7.46,
        ("contact", ""): 8.22,
    }
    found = centers["center_of_gravity"][list(published)]
    np.testing.assert_allclose(found, list(published.values()), atol=0.03)
    assert found.is_monotonic_increasing
