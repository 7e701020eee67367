"""How much of a head's map the family explains."""

from __future__ import annotations

import numpy as np
import pytest

import protvis as pv
from protvis.errors import OptionError
from protvis.perturbation import family_map

OWN, OTHERS = "MKTAYIAKQRQISF", ["MKSAYIAKQRQLSF", "MKTAYVAQRQISF"]


def test_the_mean_and_its_share_are_those_of_loops() -> None:
    found = family_map("mini", OWN, OTHERS)
    own = pv.compute_attention("mini", OWN).values
    first, second = (pv.compute_attention("mini", one).values for one in OTHERS)
    # The second lacks the eighth residue.
    there = [*range(7), None, *range(7, 13)]
    mean = np.zeros_like(own)
    for i, j in np.ndindex(14, 14):
        have = [first[:, :, i, j]]
        if there[i] is not None and there[j] is not None:
            have.append(second[:, :, there[i], there[j]])
        mean[:, :, i, j] = np.mean(have, axis=0)
    assert np.allclose(found.mean, mean, atol=1e-6)
    apart = ~np.eye(14, dtype=bool)
    for layer, head in np.ndindex(found.explained.shape):
        r = np.corrcoef(own[layer, head][apart], mean[layer, head][apart])[0, 1]
        assert found.explained[layer, head] == pytest.approx(r**2, abs=1e-4)
    assert found.n_relatives == 2


def test_a_protein_explains_itself_and_numbers_say_what_corresponds() -> None:
    assert np.allclose(family_map("mini", OWN, [OWN]).explained, 1, atol=1e-5)
    numbers = [np.arange(14.0), np.r_[np.arange(13.0), np.nan]]
    found = family_map("mini", OWN, [OTHERS[0]], numbers=numbers)
    assert np.isnan(found.mean[:, :, 13]).all()
    assert np.isnan(found.mean[:, :, :, 13]).all()
    assert np.isfinite(found.mean[:, :, :13, :13]).all()


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(OptionError, match="one relative or more"):
        family_map("mini", OWN, OTHERS[0])
    with pytest.raises(OptionError, match="one relative or more"):
        family_map("mini", OWN, [])
    with pytest.raises(OptionError, match="of 2 relatives, got 1"):
        family_map("mini", OWN, OTHERS, numbers=[np.arange(14)])
