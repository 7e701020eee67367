"""What heads do to losses, contacts and couplings, against the same asked one pass at a time."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gemmi
import numpy as np
import pandas as pd
import pytest

import protvis
from protvis.attention import apc, select_links
from protvis.data import TRYPSIN
from protvis.errors import LabelError, ModelError, OptionError
from protvis.labels import AMINO_ACIDS
from protvis.models import load_model
from protvis.models.ablation import ablated, contacts_without
from protvis.perturbation import masked_marginals
from protvis.perturbation.head_ablation import ablate_heads, estimate_ablation
from protvis.perturbation.link_heads import find_link_heads

SEQUENCE = "MKTAYIAKQX"


@pytest.fixture(scope="module")
def chain() -> Any:
    from tests.conftest import ROOT

    return protvis.load_structure(ROOT / "protvis" / "data" / "1gbt.cif.gz").chain("A")


def slow_losses(model: Any, sequence: str) -> np.ndarray:
    """Return -log p of each residue, hidden, one pass each."""
    found = []
    for place, letter in enumerate(sequence):
        if letter not in AMINO_ACIDS:
            found.append(np.nan)
            continue
        logits = next(model.predict_residues(sequence, [(place, "?")]))[0, place].astype(float)
        found.append(np.log(np.exp(logits).sum()) - logits[AMINO_ACIDS.index(letter)])
    return np.array(found)


@pytest.mark.parametrize("family", ["ESM-2", "ProtBert", "ESM C", "ProtAlbert"])
@pytest.mark.parametrize("kind", ["zero", "mean"])
def test_losses_are_those_of_one_pass_a_residue(
    family: str, kind: str, checkpoint: Callable[[str], Path]
) -> None:
    model = load_model(checkpoint(family))
    chosen = [(1, 2), (3, 1)]
    found = ablate_heads(model, SEQUENCE, chosen, kind=kind, together=False, batch_size=3)
    np.testing.assert_allclose(found.loss, slow_losses(model, SEQUENCE), atol=1e-5)
    for place, head in enumerate(chosen):
        with ablated(model, SEQUENCE, [head], kind):
            expected = slow_losses(model, SEQUENCE)
        np.testing.assert_allclose(found.loss_without[place], expected, atol=1e-5)
        np.testing.assert_allclose(found.change(*head), expected - found.loss, atol=1e-5)
    assert np.nanmax(np.abs(found.loss_change)) > 1e-3
    # A plain sequence has no contacts to find.
    assert np.isnan(found.contact_precision)
    assert np.isnan(found.contact_precision_without).all()
    own = masked_marginals(model, SEQUENCE).log_probabilities[0, AMINO_ACIDS.index("M")]
    assert found.loss[0] == pytest.approx(-own)


def test_together_alone_and_all(checkpoint: Callable[[str], Path]) -> None:
    model = load_model(checkpoint("ESM-2"))
    together = ablate_heads(model, SEQUENCE, ["2-1", (2, 3)])
    assert together.ablations == (((2, 1), (2, 3)),)
    with ablated(model, SEQUENCE, [(2, 1), (2, 3)]):
        expected = slow_losses(model, SEQUENCE)
    np.testing.assert_allclose(together.loss_without[0], expected, atol=1e-5)
    np.testing.assert_array_equal(together.change(), together.loss_change[0])
    frame = together.to_frame()
    assert frame.loc[0, "heads"] == "2-1 + 2-3"
    assert frame.loc[0, "layer"] is pd.NA
    everything = ablate_heads(model, SEQUENCE)
    assert len(everything.ablations) == 12
    assert list(everything.to_frame()["heads"][:5]) == ["1-1", "1-2", "1-3", "1-4", "2-1"]
    alone = ablate_heads(model, SEQUENCE, "2-3")
    np.testing.assert_allclose(everything.change(2, 3), alone.change(), atol=1e-6)
    with pytest.raises(LabelError, match="2-4 was not taken out alone"):
        alone.change(2, 4)
    for place in ((), (2,)):
        with pytest.raises(LabelError, match=r"12 ablations .* such as change\(1, 1\)"):
            everything.change(*place)


def test_the_tables(checkpoint: Callable[[str], Path]) -> None:
    model = load_model(checkpoint("ProtBert"))
    found = ablate_heads(model, SEQUENCE)
    frame = found.to_frame(n_residues=2)
    for place, row in enumerate(frame.itertuples()):
        change = found.loss_change[place]
        assert row.mean_loss_change == pytest.approx(np.nanmean(change), abs=1e-6)
        order = np.argsort(-np.abs(change[:9]))[:2]
        assert row.most_affected == ", ".join(f"{SEQUENCE[i]}{i + 1}" for i in order)
    residues = found.residues(2, 2)
    assert np.abs(residues["change"][:9]).is_monotonic_decreasing
    first = residues.iloc[0]
    assert first["loss_without"] - first["loss"] == pytest.approx(first["change"])
    assert repr(found) == "<AblationResult: 12 ablations (zero) over 10 residues>"


def test_the_quick_loss_is_that_of_residues_in_sight(checkpoint: Callable[[str], Path]) -> None:
    model = load_model(checkpoint("ESM-2"))
    found = ablate_heads(model, SEQUENCE, "3-2", loss="unmasked")
    with ablated(model, SEQUENCE, [(3, 2)]):
        logits = next(model.predict_residues(SEQUENCE))[0].astype(float)
    for place, letter in enumerate(SEQUENCE[:9]):
        expected = np.log(np.exp(logits[place]).sum()) - logits[place, AMINO_ACIDS.index(letter)]
        assert found.loss_without[0, place] == pytest.approx(expected, abs=1e-5)
    assert found.provenance["loss"] == "unmasked"
    assert np.abs(found.loss - ablate_heads(model, SEQUENCE, "3-2").loss)[0] > 1e-3


def precision(values: np.ndarray, chain: Any) -> float:
    """Share of contacts among the L strongest pairs, |i - j| >= 6, pair by pair."""
    n, contacts = chain.n_residues, chain.contact_map()
    known = np.flatnonzero(chain.has_contact_atom)
    pairs = [(-max(values[i, j], values[j, i]), i, j) for i in known for j in known[known >= i + 6]]
    return float(np.mean([contacts[i, j] for _, i, j in sorted(pairs)[:n]]))


def test_contacts_are_read_from_the_contact_head(chain: Any) -> None:
    model = load_model("mini")
    found = ablate_heads(model, chain, ["5-2", "5-6"], loss=None)
    assert "contact head" in found.contact_readout
    assert found.contact_precision == pytest.approx(
        precision(model.predict_contacts(chain.sequence), chain)
    )
    without = contacts_without(model, chain.sequence, [(5, 2), (5, 6)])
    row = found.to_frame().iloc[0]
    assert row["contact_precision"] == pytest.approx(precision(without, chain))
    assert row["contact_precision_change"] < 0
    assert np.isnan(found.loss).all()
    # No other head reads what the last layer writes: not to read it costs as much.
    assert row["contact_precision_unread"] == row["contact_precision"]


def test_residues_without_a_contact_atom_count_nowhere(tmp_path: Path) -> None:
    """Of a third of the residues only N and C are there: what they touch, nobody knows."""
    structure = gemmi.read_structure(str(TRYPSIN))
    for residue in list(structure[0]["A"].get_polymer())[20:220:3]:
        for place in reversed(range(len(residue))):
            if residue[place].name not in ("N", "C"):
                del residue[place]
    path = tmp_path / "cut.cif"
    structure.make_mmcif_document().write_file(str(path))
    chain = protvis.load_structure(path).chain("A")
    assert chain.observed.sum() - chain.has_contact_atom.sum() == 67
    model = load_model("mini")
    found = ablate_heads(model, chain, "5-2", loss=None)
    expected = precision(model.predict_contacts(chain.sequence), chain)
    assert found.contact_precision == pytest.approx(expected)
    scores = protvis.explore(path, model="mini").head_scores().set_index(["layer", "head"])
    maps = protvis.compute_attention(model, chain)
    for head in (2, 6):
        own = precision(maps.head(5, head), chain)
        assert scores.loc[(5, head), "contact_precision"] == pytest.approx(own)


def test_what_is_lost_because_maps_are_not_read(chain: Any) -> None:
    model = load_model("mini")

    layers = [[(layer, head) for head in range(1, 9)] for layer in range(1, 6)]
    everything = [head for heads in layers for head in heads]
    read = [
        model.predict_contacts(chain.sequence),
        *(contacts_without(model, chain.sequence, heads, None) for heads in (*layers, everything)),
    ]
    values = np.stack(read).astype(float)
    # Where float32 still tells probabilities apart.
    values = values[:, ((values > 1e-4) & (values < 1 - 1e-4)).all(axis=0)]
    assert values.shape[1] > 1000
    whole, *partly, nothing = np.log(values / (1 - values))
    # Each layer adds its part to the regression, whole, and nothing else does.
    parts = np.sum([whole - one for one in partly], axis=0)
    np.testing.assert_allclose(whole - parts, nothing, atol=0.02)
    found = ablate_heads(model, chain, layers[0], loss=None)
    unread = contacts_without(model, chain.sequence, layers[0], None)
    assert found.contact_precision_unread[0] == pytest.approx(precision(unread, chain))
    # The first layer's own maps say little of contacts, but the others need what it does.
    assert found.contact_precision_without[0] < found.contact_precision_unread[0] - 0.1


def test_contacts_are_read_from_the_best_layer_where_there_is_no_contact_head(chain: Any) -> None:
    model = load_model("mini-positions")
    heads = [(1, head) for head in range(1, 9)]
    found = ablate_heads(model, chain, heads, loss=None, together=False)
    blocks: list[np.ndarray] = []
    model.capture(chain.sequence, lambda _, block, __: blocks.append(block))
    scores = [precision(apc(block.mean(0)), chain) for block in blocks]
    assert int(np.argmax(scores)) == 0
    assert "layer 1" in found.contact_readout
    assert found.contact_precision == pytest.approx(scores[0])
    for place in (0, 5):
        kept = np.delete(blocks[0], place, axis=0).mean(0)
        assert found.contact_precision_without[place] == pytest.approx(precision(apc(kept), chain))
    nothing = ablate_heads(model, chain, heads, loss=None)
    assert np.isnan(nothing.contact_precision_without[0])
    assert np.isnan(nothing.contact_precision_unread[0])
    assert found.contact_precision_unread[5] == found.contact_precision_without[5]
    # What the second layer loses, the first does not see.
    later = ablate_heads(model, chain, "2-1", loss=None)
    assert later.contact_precision_without[0] == later.contact_precision
    assert len(select_links(apc(blocks[0].mean(0)), top_k=5).weight) == 5


def slow_coupling(model: Any, i: int, j: int) -> float:
    def block(source: int, target: int) -> np.ndarray:
        whole = next(model.predict_residues(SEQUENCE))[0, target].astype(float)
        rows = np.zeros((20, 20))
        for place, letter in enumerate(AMINO_ACIDS):
            if letter != SEQUENCE[source]:
                changed = next(model.predict_residues(SEQUENCE, [(source, letter)]))
                rows[place] = changed[0, target] - whole
        return rows - rows.mean(0) - rows.mean(1)[:, None] + rows.mean()

    return (np.linalg.norm(block(i, j)) + np.linalg.norm(block(j, i))) / 2


def test_the_heads_that_carry_a_link(checkpoint: Callable[[str], Path]) -> None:
    model = load_model(checkpoint("ESM-2"))
    found = find_link_heads(model, SEQUENCE, "K2", "8", heads=["1-1", "2-4", "3-3"], batch_size=7)
    assert np.abs(found["change"]).is_monotonic_decreasing
    whole = slow_coupling(model, 1, 7)
    maps = protvis.compute_attention(model, SEQUENCE)
    for row in found.itertuples():
        with ablated(model, SEQUENCE, [(row.layer, row.head)]):
            expected = slow_coupling(model, 1, 7)
        assert row.coupling == pytest.approx(whole, rel=1e-3)
        assert row.coupling_without == pytest.approx(expected, rel=1e-3)
        assert row.relative_change == pytest.approx((expected - whole) / whole, abs=1e-3)
        assert row.attention_forward == maps.head(row.layer, row.head)[1, 7]
        assert row.attention_backward == maps.head(row.layer, row.head)[7, 1]
    assert np.abs(found["relative_change"]).max() > 0.01
    with pytest.raises(OptionError, match="two residues"):
        find_link_heads(model, SEQUENCE, "K2", "2")
    with pytest.raises(LabelError, match="unknown residue 'K3'"):
        find_link_heads(model, SEQUENCE, "K3", "K2")
    with pytest.raises(LabelError, match="as text"):
        find_link_heads(model, SEQUENCE, 1, "K2")  # type: ignore[arg-type]


@pytest.mark.slow
def test_the_bundled_models_triad_is_carried_by_one_head_of_its_last_layer(chain: Any) -> None:
    found = find_link_heads("mini", chain, "102", "A:SER195", heads=["1-1", "5-7"])
    best = found.iloc[0]
    assert (best["layer"], best["head"]) == (5, 7)
    assert best["relative_change"] < -0.5
    assert best["attention_backward"] > 0.9


def test_the_cost_is_said_before(
    checkpoint: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    model = load_model(checkpoint("ESM-2"))
    estimate = estimate_ablation(model, SEQUENCE, batch_size=4)
    assert estimate.n_passes == 13 * 10
    assert re.fullmatch(
        r"head ablation: 130 passes in 33 batches of 4, about \S+ seconds on cpu", str(estimate)
    )
    assert estimate_ablation(model, SEQUENCE, ["1-1", "1-2"], loss="unmasked").n_passes == 2
    ablate_heads(model, SEQUENCE, "1-1", progress=True)
    assert "20/20" in capsys.readouterr().err


def test_bad_questions(checkpoint: Callable[[str], Path]) -> None:
    model = load_model(checkpoint("ESM-2"))
    with pytest.raises(OptionError, match="loss must be one of masked, unmasked or None"):
        ablate_heads(model, SEQUENCE, loss="pseudo")
    with pytest.raises(OptionError, match="kind must be one of"):
        ablate_heads(model, SEQUENCE, kind="noise")
    with pytest.raises(LabelError, match="leave heads out"):
        ablate_heads(model, SEQUENCE, [])
    with pytest.raises(LabelError, match="as text such as"):
        ablate_heads(model, SEQUENCE, [5])  # type: ignore[list-item]
    with pytest.raises(LabelError, match="1-mean is a mean of heads"):
        ablate_heads(model, SEQUENCE, "1-mean")
    with pytest.raises(ModelError, match="ProtXLNet"):
        ablate_heads(load_model(checkpoint("ProtXLNet")), SEQUENCE, "1-1", loss=None)
    with pytest.raises(ModelError, match="causal"):
        ablate_heads(load_model(checkpoint("GPT-2 form")), SEQUENCE[:9], "1-1")
