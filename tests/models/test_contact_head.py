"""The checkpoint's own contact prediction against transformers' on the whole tensor."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers

from protvis.errors import ModelError
from protvis.models import load_model


@pytest.mark.parametrize("family", ["ESM-2", "ESM-1b"])
def test_contacts_are_those_of_transformers(family: str, checkpoint: Callable[[str], Path]) -> None:
    model = load_model(checkpoint(family))
    assert model.has_contact_head
    sequence = "MKTAYIAKQRQISFVKSHFSRQLEE"
    network = transformers.EsmModel.from_pretrained(
        checkpoint(family), attn_implementation="eager"
    ).eval()
    ids = torch.from_numpy(model.tokenize(sequence).ids)[None]
    with torch.no_grad():
        expected = network.predict_contacts(ids, torch.ones_like(ids))[0].numpy()
    found = model.predict_contacts(sequence)
    assert expected.std() > 1e-4
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_without_a_contact_head() -> None:
    model = load_model("mini-positions")
    assert not model.has_contact_head
    with pytest.raises(ModelError, match="mini-positions has no contact head"):
        model.predict_contacts("IVGG")
