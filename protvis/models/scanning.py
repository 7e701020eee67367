"""What counting needs of a layer's attention, taken out where the model runs.

A dense map of 660 heads and 1,000 residues is 2.6 GB. Of it, counting needs the few weights that
are large, and sums over all: these leave the device, the map does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

__all__ = ["LayerScan", "scan_layer"]


@dataclass(frozen=True)
class LayerScan:
    """The large weights and the sums of one layer over one sequence.

    Attributes
    ----------
    index : int
        Which of the sequences given this is (0-based).
    layer : int
        Label, counting from 1.
    head, query, key : int32 array (link,)
        Positions, counting from 0, of all weights of at least `floor`, sorted in this order.
    weight : float32 array (link,)
    floor : float
    received : float64 array (head, key)
        Attention each residue receives from residues.
    pair_sums, pair_squares : float64 array (head, mask)
        Sums over the pairs of each mask, of the attention and of its square.
    """

    index: int
    layer: int
    head: np.ndarray
    query: np.ndarray
    key: np.ndarray
    weight: np.ndarray
    floor: float
    received: np.ndarray
    pair_sums: np.ndarray
    pair_squares: np.ndarray


def scan_layer(
    block: torch.Tensor, index: int, layer: int, floor: float, masks: torch.Tensor
) -> LayerScan:
    """Return the scan of a block.

    Parameters
    ----------
    block : float32 tensor (head, query, key)
    index, layer : int
    floor : float
    masks : float32 tensor (mask, query, key) of 0 and 1, on the block's device
    """
    n_heads, n = block.shape[:2]
    flat = block.reshape(n_heads, n * n)
    if block.device.type == "cpu":
        # NumPy finds the few places that are large several times faster than torch.
        dense = flat.numpy()
        places = np.flatnonzero(dense >= np.float32(floor))
        weight = dense.reshape(-1)[places]
    else:
        at = torch.nonzero(flat.reshape(-1) >= floor)[:, 0]
        places = at.cpu().numpy()
        weight = flat.reshape(-1)[at].cpu().numpy()
    head, place = np.divmod(places, n * n)
    query, key = np.divmod(place, n)
    n_masks = masks.shape[0]
    sums = np.zeros((n_heads, n_masks))
    squares = np.zeros((n_heads, n_masks))
    for row, one in enumerate(block):
        # One head at a time stays in the processor's cache. Row by row and then in double
        # precision: exact enough, and the same for any number of threads.
        for column, mask in enumerate(masks):
            inside = one * mask
            sums[row, column] = inside.sum(1).double().sum().item()
            squares[row, column] = inside.square_().sum(1).double().sum().item()
    return LayerScan(
        index=index,
        layer=layer,
        head=head.astype(np.int32),
        query=query.astype(np.int32),
        key=key.astype(np.int32),
        weight=weight,
        floor=floor,
        received=block.sum(1).double().cpu().numpy(),
        pair_sums=sums,
        pair_squares=squares,
    )


def masks_on(masks: Sequence[np.ndarray], n: int, device: torch.device) -> torch.Tensor:
    """Return masks of pairs as a float32 tensor (mask, query, key)."""
    if not len(masks):
        return torch.zeros((0, n, n), device=device)
    return torch.from_numpy(np.stack(masks).astype(np.float32)).to(device)
