"""What a model holds of each residue after every layer: its hidden states."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from protvis.errors import ModelError
from protvis.models.tokens import Tokens

if TYPE_CHECKING:
    from protvis.models.model import ProteinModel

__all__ = ["embed_residues"]


def embed_residues(model: ProteinModel, tokens: Tokens) -> np.ndarray:
    """Return the hidden states of a sequence's residues; see `ProteinModel.embed`.

    Parameters
    ----------
    model : ProteinModel
    tokens : Tokens
        One sequence, as the model reads it.

    Returns
    -------
    float32 array (layer, residue, width)

    Raises
    ------
    ModelError
        If the network did not give one hidden state for each layer.
    """
    ids = torch.from_numpy(tokens.ids)[None].to(model.device)
    rows = torch.as_tensor(tokens.residues, device=model.device)
    with torch.inference_mode():
        output = model._network(
            input_ids=ids, attention_mask=torch.ones_like(ids), output_hidden_states=True
        )
        states = getattr(output, "hidden_states", None) or ()
        # The first is what goes into the first layer.
        if len(states) != model.n_layers + 1 or any(
            tuple(state.shape[:2]) != tuple(ids.shape) for state in states
        ):
            raise ModelError(
                f"{type(model._network).__name__} gave {len(states)} hidden states where "
                f"{model.n_layers + 1} (token, width) were expected, one before the first layer "
                "and one after each: its layers cannot be probed"
            )
        return torch.stack([state[0, rows].float() for state in states[1:]]).cpu().numpy()
