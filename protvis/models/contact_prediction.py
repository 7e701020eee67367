"""A checkpoint's own contact prediction, made while its attention streams by."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import torch
from numpy.typing import NDArray

from protvis.errors import ModelError
from protvis.models.family_table import families_that
from protvis.models.network import Network

__all__ = ["predict_contacts"]


def predict_contacts(
    network: Network, sequence: str, without: Collection[tuple[int, int]] = ()
) -> NDArray[Any]:
    """Return the contact probabilities of a checkpoint that has a contact head.

    Parameters
    ----------
    network : Network
    sequence : str
    without : collection of (layer, head)
        Labels of heads whose maps are left out of the regression.

    Returns
    -------
    float32 array (residue, residue)
        Symmetric.

    Raises
    ------
    ModelError
        If the checkpoint has no contact head.
    """
    head = network.contact_head
    if head is None:
        able = families_that(lambda family: family.has_contact_head)
        raise ModelError(f"{network.name} has no contact head: checkpoints of {able} have one")
    tokens = network.tokenize(sequence)
    logits = head.start(len(tokens.residues))

    def sink(layer: int, blocks: list[torch.Tensor], _: list[torch.Tensor]) -> None:
        left_out = [place - 1 for label, place in without if label == layer + 1]
        head.add(logits, layer, blocks[0], without=left_out)

    network.run([tokens], *network.positions(None, None), sink, reuse=True)
    return torch.sigmoid(logits).cpu().numpy()
