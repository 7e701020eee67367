"""A scan of mutations against comparisons one by one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import scipy.stats

import protvis
from protvis.errors import LabelError, OptionError
from protvis.inference import compute_attention
from protvis.labels import AMINO_ACIDS
from protvis.models import load_model
from protvis.perturbation import MutationScan, masked_marginals

SEQUENCE = "MKTAYIAKQRQIX"
N = len(SEQUENCE)


@pytest.fixture(scope="module")
def scan(checkpoint: Callable[[str], Path]) -> MutationScan:
    return protvis.scan_mutations(load_model(checkpoint("ESM-2")), SEQUENCE, min_separation=3)


@pytest.mark.slow
def test_every_mutation_is_a_comparison(
    scan: MutationScan, checkpoint: Callable[[str], Path]
) -> None:
    model = load_model(checkpoint("ESM-2"))
    # X is none of the 20, so it is exchanged for all of them.
    assert len(scan.mutations) == 12 * 19 + 20
    wild = compute_attention(model, SEQUENCE)
    odds = masked_marginals(model, SEQUENCE).log_odds
    apart = np.abs(np.subtract.outer(np.arange(N), np.arange(N))) >= 3
    for row in (0, 100, 240):
        one = scan.mutations[row]
        mutant = f"{SEQUENCE[: one.index]}{one.letter}{SEQUENCE[one.index + 1 :]}"
        delta = compute_attention(model, mutant).values - wild.values
        sizes = np.abs(delta)
        np.testing.assert_allclose(scan.mean[row], sizes[..., apart].mean(-1), rtol=1e-4)
        away = apart.copy()
        away[one.index] = away[:, one.index] = False
        np.testing.assert_allclose(scan.elsewhere[row], sizes[..., away].mean(-1), rtol=1e-4)
        ranked = np.sort((sizes * apart).ravel())[::-1][:10]
        np.testing.assert_allclose(np.abs(scan.strongest[row]["delta"]), ranked, rtol=1e-4)
        for link in scan.strongest[row]:
            at = link["layer"] - 1, link["head"] - 1, link["query"], link["key"]
            assert link["delta"] == pytest.approx(delta[at], abs=1e-6)
            assert link["before"] == wild.values[at]
        expected = odds[one.index, AMINO_ACIDS.index(one.letter)]
        assert scan.log_odds[row] == pytest.approx(expected, abs=1e-4, nan_ok=True)
    assert np.isnan(scan.log_odds[-20:]).all()


@pytest.mark.slow
def test_the_tables(scan: MutationScan) -> None:
    frame = scan.to_frame()
    assert frame.loc[0, "mutation"] == "M1A"
    row = frame.iloc[30]
    assert row["mean"] == pytest.approx(scan.mean[30].mean())
    assert scan.mean[30, row["layer"] - 1, row["head"] - 1] == scan.mean[30].max()
    heads = scan.by_head()
    assert heads["mean"].is_monotonic_decreasing
    best = heads.iloc[0]
    values = scan.mean[:, int(best["layer"]) - 1, int(best["head"]) - 1]
    known = ~np.isnan(scan.log_odds)
    expected = scipy.stats.spearmanr(values[known], -scan.log_odds[known]).statistic
    assert best["correlation"] == pytest.approx(expected)
    assert best["mutation"] == scan.mutations[int(values.argmax())].name
    residues = scan.by_residue()
    assert list(residues["index"]) == list(range(N))
    mine = [place for place, one in enumerate(scan.mutations) if one.index == 4]
    assert residues.loc[4, "mean"] == pytest.approx(scan.mean[mine].mean(), rel=1e-5)
    links = scan.links("K2W")
    assert len(links) == 10
    assert links.iloc[0]["query_label"] == f"{SEQUENCE[links.iloc[0]['query']]}" + str(
        links.iloc[0]["query"] + 1
    )
    np.testing.assert_array_equal(links["at_site"], (links[["query", "key"]] == 1).any(axis=1))
    assert len(scan.links()) == 10 * len(scan.mutations)
    assert repr(scan) == "<MutationScan: 248 mutations of 13 residues>"


def test_chosen_residues_of_a_chain(demo_structure: Path) -> None:
    chain = protvis.load_structure(demo_structure).chain("A")
    scan = protvis.scan_mutations(
        "mini", chain, ["195", "A:HIS57"], amino_acids="AK", layers=[5], n_links=3
    )
    assert [one.name for one in scan.mutations] == ["S195A", "S195K", "H57A", "H57K"]
    comparison = protvis.compare(chain, "H57A", model="mini", layers=[5], n_random=0)
    frame = comparison.heads().set_index("head")["mean"]
    np.testing.assert_allclose(scan.mean[2, 0], [frame[head] for head in range(1, 9)], rtol=1e-4)
    assert (scan.log_odds < 0).all()
    assert list(scan.by_residue()["residue"]) == ["A:HIS57", "A:SER195"]
    with pytest.raises(LabelError, match="not among the 4"):
        scan.links("S195T")


def test_a_model_without_predictions(checkpoint: Callable[[str], Path]) -> None:
    scan = protvis.scan_mutations(load_model(checkpoint("ProtXLNet")), "MKTAYIAK", "M1")
    assert np.isnan(scan.log_odds).all()
    assert scan.by_head()["correlation"].isna().all()
    assert scan.mean.max() > 0


def test_bad_questions(checkpoint: Callable[[str], Path]) -> None:
    model = load_model(checkpoint("ESM-2"))
    with pytest.raises(OptionError, match="amino_acids must be among"):
        protvis.scan_mutations(model, SEQUENCE, amino_acids="AX")
    with pytest.raises(OptionError, match="at least one residue"):
        protvis.scan_mutations(model, SEQUENCE, "M1", amino_acids="M")
    with pytest.raises(OptionError, match="n_links"):
        protvis.scan_mutations(model, SEQUENCE, "M1", n_links=0)
    with pytest.raises(LabelError, match="unknown residue"):
        protvis.scan_mutations(model, SEQUENCE, "W1")
