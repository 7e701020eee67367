"""The hidden state of every residue after every layer."""

from __future__ import annotations

from typing import Any

import torch
from numpy.typing import NDArray

from protvis.errors import ModelError
from protvis.models.capture import not_finite
from protvis.models.network import Network

__all__ = ["embed_residues"]


def embed_residues(network: Network, sequence: str) -> NDArray[Any]:
    """Return the hidden states of a sequence's residues; see `ProteinModel.embed`.

    Parameters
    ----------
    network : Network
    sequence : str

    Returns
    -------
    float32 array (layer, residue, width)

    Raises
    ------
    ModelError
        If the network did not give one hidden state for each layer.
    """
    tokens = network.tokenize(sequence)
    ids = torch.from_numpy(tokens.ids)[None].to(network.device)
    rows = torch.as_tensor(tokens.residues, device=network.device)
    with torch.inference_mode():
        output = network.module(
            input_ids=ids, attention_mask=torch.ones_like(ids), output_hidden_states=True
        )
        states = getattr(output, "hidden_states", None) or ()
        # The first is what goes into the first layer.
        if len(states) != network.n_layers + 1 or any(
            tuple(state.shape[:2]) != tuple(ids.shape) for state in states
        ):
            raise ModelError(
                f"{type(network.module).__name__} gave {len(states)} hidden states where "
                f"{network.n_layers + 1} (token, width) were expected, one before the first layer "
                "and one after each: its layers cannot be probed"
            )
        found = torch.stack([state[0, rows].float() for state in states[1:]])
        for layer, state in enumerate(found, 1):
            if not torch.isfinite(state).all():
                raise not_finite(f"the embedding of layer {layer}")
        return found.cpu().numpy()
