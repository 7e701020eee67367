"""The models that ship with protvis, held to what their cards say of trypsin."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from protvis.attention import apc
from protvis.inference import compute_attention
from protvis.models import load_model
from protvis.models.registry import BUNDLED
from protvis.structure import load_structure


def precision(values: np.ndarray, contacts: np.ndarray) -> float:
    """P@L: the share of contacts among the L highest of the pairs at least 6 apart."""
    n = len(contacts)
    first, second = np.triu_indices(n, 6)
    best = np.argsort(-values[first, second], kind="stable")[:n]
    return float(contacts[first[best], second[best]].mean())


@pytest.mark.parametrize("name", [bundled.name for bundled in BUNDLED])
def test_each_says_what_it_is(name: str) -> None:
    model = load_model(name)
    assert name in model.notice
    assert "nothing about other proteins" in model.notice
    assert model.card is not None
    assert "What it is not" in model.card


def test_mini_reads_the_sequence_wherever_it_begins(demo_structure: Path) -> None:
    chain = load_structure(demo_structure).chains["A"]
    contacts, n = chain.contact_map(), chain.n_residues
    model = load_model("mini")
    assert (model.n_layers, model.n_heads, model.max_residues) == (5, 8, None)

    def of(sequence: str, start: int = 0) -> float:
        values = apc(compute_attention(model, sequence, layers=[5]).head(5, "mean"))
        return precision(values[start : start + n, start : start + n], contacts)

    own = of(chain.sequence)
    assert own == pytest.approx(0.53, abs=0.015)  # as its card says
    for shift in (1, 3, 8):
        assert of("G" * shift + chain.sequence, shift) == pytest.approx(own, rel=0.1)
    rng = np.random.default_rng(0)
    shuffled = [of("".join(rng.permutation(list(chain.sequence)))) for _ in range(5)]
    assert np.mean(shuffled) < own / 2


def test_the_contact_head_of_mini_was_fitted_and_that_of_the_other_was_not(
    demo_structure: Path,
) -> None:
    chain = load_structure(demo_structure).chains["A"]
    assert not load_model("mini-positions").has_contact_head
    predicted = load_model("mini").predict_contacts(chain.sequence)
    assert precision(predicted, chain.contact_map()) == pytest.approx(0.52, abs=0.015)
