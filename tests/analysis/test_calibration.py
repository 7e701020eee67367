"""Calibration against scikit-learn and loops over the raw pairs."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss
from statsmodels.stats.proportion import proportion_confint

from protvis.analysis.counting.counters import Counters
from protvis.analysis.counting.plan import BIN_EDGES, MODES, Plan
from protvis.analysis.counting.result import Result
from protvis.analysis.statistics.calibration import calibration_scores, calibration_table
from protvis.errors import OptionError
from tests.analysis.artificial import CONTACT, SITE, Protein, count, draw_protein


@pytest.fixture(scope="module")
def proteins() -> list[Protein]:
    rng = np.random.default_rng(7)
    return [draw_protein(rng, n, n_heads=2) for n in (11, 16, 14)]


@pytest.fixture(scope="module", params=MODES)
def result(proteins: list[Protein], request: pytest.FixtureRequest) -> Result:
    return count(proteins, Plan((SITE, CONTACT), 2, 2, mode=request.param, n_bootstrap=0))


def raw(proteins: list[Protein], layer: int, head: int) -> tuple[np.ndarray, np.ndarray]:
    """Return weight and contact of every eligible pair."""
    weight = [p.attention[layer - 1, head - 1][p.eligible] for p in proteins]
    contact = [p.contacts[p.eligible] for p in proteins]
    return np.concatenate(weight).astype(float), np.concatenate(contact)


def test_bins_are_those_of_the_loops(proteins: list[Protein], result: Result) -> None:
    table = calibration_table(result)
    assert len(table) == 4 * (len(BIN_EDGES) - 1)
    assert (table["n_pairs"] == 0).any()
    for row in table.itertuples():
        weight, contact = raw(proteins, row.layer, row.head)
        inside = (weight >= row.weight_low) & (
            (weight < row.weight_high) | (row.weight_high == 1.0)
        )
        assert (row.n_pairs, row.n_contacts) == (inside.sum(), contact[inside].sum())
        if inside.any():
            expected = proportion_confint(row.n_contacts, row.n_pairs, method="wilson")
            assert (row.ci_low, row.ci_high) == pytest.approx(expected)
            assert row.probability == pytest.approx(contact[inside].mean())
            assert row.mean_weight == pytest.approx(weight[inside].mean(), abs=1e-5)
        else:
            assert np.isnan([row.ci_low, row.ci_high, row.probability, row.mean_weight]).all()


def test_bins_are_those_of_scikit_learn(proteins: list[Protein], result: Result) -> None:
    """From 0.1 on our bins are ten of equal width; below, two make up its first."""
    table = calibration_table(result)
    for (layer, head), rows in table.groupby(["layer", "head"]):
        weight, contact = raw(proteins, layer, head)
        probability, mean = calibration_curve(contact, weight, n_bins=10)
        first = rows.iloc[:2]
        merged = [first["n_contacts"].sum() / first["n_pairs"].sum()]
        merged += rows["probability"].iloc[2:].dropna().tolist()
        np.testing.assert_allclose(merged, probability)
        np.testing.assert_allclose(rows["mean_weight"].iloc[2:].dropna(), mean[1:], atol=1e-5)


def test_scores_are_those_of_scikit_learn(proteins: list[Protein], result: Result) -> None:
    for row in calibration_scores(result).itertuples():
        weight, contact = raw(proteins, row.layer, row.head)
        assert row.n_pairs == len(weight)
        assert row.base_rate == pytest.approx(contact.mean())
        assert row.brier == pytest.approx(brier_score_loss(contact, weight), abs=1e-5)
        trivial = brier_score_loss(contact, np.full(len(weight), contact.mean()))
        assert row.brier_skill == pytest.approx(1 - row.brier / trivial)
        place = np.digitize(weight, BIN_EDGES[1:-1])
        error = sum(
            (place == k).mean() * abs(contact[place == k].mean() - weight[place == k].mean())
            for k in np.unique(place)
        )
        assert row.expected_calibration_error == pytest.approx(error, abs=1e-5)


def test_a_head_that_is_the_contact_map_is_perfect(proteins: list[Protein]) -> None:
    maps = [
        Protein(
            np.broadcast_to(p.contacts, (1, 1, *p.contacts.shape)).astype(np.float32),
            p.letters,
            p.sites,
            p.contacts,
            p.eligible,
        )
        for p in proteins
    ]
    result = count(maps, Plan((CONTACT,), 1, 1, n_bootstrap=0))
    scores = calibration_scores(result).iloc[0]
    assert (scores["brier"], scores["expected_calibration_error"]) == (0, 0)
    assert scores["brier_skill"] == 1
    table = calibration_table(result)
    assert table["probability"].dropna().tolist() == [0, 1]


def test_without_pairs_or_contacts() -> None:
    empty = Plan((CONTACT,), 1, 2, n_bootstrap=0)
    result = Result(empty, Counters.zeros(empty))
    assert calibration_table(result)["probability"].isna().all()
    assert calibration_scores(result)["brier"].isna().all()
    sites = Plan((SITE,), 1, 2, n_bootstrap=0)
    for table in (calibration_table, calibration_scores):
        with pytest.raises(OptionError, match="did not count"):
            table(Result(sites, Counters.zeros(sites)))
