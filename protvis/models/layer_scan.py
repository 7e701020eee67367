"""The part of a layer's attention that counting needs, extracted where the model runs.

A dense map of 660 heads and 1,000 residues takes 2.6 GB. Counting needs only its few large weights
and some sums, so these leave the device and the map does not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from protvis.errors import ModelError
from protvis.models.batching import run_in_batches
from protvis.models.network import Network
from protvis.models.tokens import Tokens

__all__ = ["LayerScan", "find_large", "masks_on", "scan_batches", "scan_layer"]


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
    head: NDArray[Any]
    query: NDArray[Any]
    key: NDArray[Any]
    weight: NDArray[Any]
    floor: float
    received: NDArray[Any]
    pair_sums: NDArray[Any]
    pair_squares: NDArray[Any]


def find_large(
    block: torch.Tensor, floor: float
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Return head, query, key and weight of all weights of at least `floor`, sorted.

    Parameters
    ----------
    block : float32 tensor (head, query, key)
    floor : float
    """
    n = block.shape[1]
    flat, floor = block.reshape(-1), float(np.float32(floor))
    if _on_cpu(block):
        # NumPy finds the few places that are large several times faster than torch.
        dense = flat.numpy()
        places = np.flatnonzero(dense >= floor)
        weight = dense[places]
    else:
        at = torch.nonzero(flat >= floor)[:, 0]
        places, weight = at.cpu().numpy(), flat[at].cpu().numpy()
    head, place = np.divmod(places, n * n)
    query, key = np.divmod(place, n)
    return head.astype(np.int32), query.astype(np.int32), key.astype(np.int32), weight


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
    head, query, key, weight = find_large(block, floor)
    sums, squares = sum_over(block, masks)
    return LayerScan(
        index=index,
        layer=layer,
        head=head,
        query=query,
        key=key,
        weight=weight,
        floor=floor,
        received=block.sum(1).cpu().double().numpy(),
        pair_sums=sums,
        pair_squares=squares,
    )


def sum_over(block: torch.Tensor, masks: torch.Tensor) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the sums of attention and of its square over the pairs of each mask.

    Parameters
    ----------
    block : float32 tensor (head, query, key)
    masks : float32 tensor (mask, query, key) of 0 and 1, on the block's device

    Returns
    -------
    sums, squares : float64 array (head, mask)
    """
    n_heads, n = block.shape[:2]
    rows = torch.empty((2, n_heads, len(masks), n), device=block.device)
    # One head at a time stays in a processor's cache; a GPU is faster in one call.
    step = 1 if _on_cpu(block) else n_heads
    for start in range(0, n_heads, step):
        heads = slice(start, start + step)
        for column, mask in enumerate(masks):
            inside = block[heads] * mask
            rows[0, heads, column] = inside.sum(-1)
            rows[1, heads, column] = inside.square_().sum(-1)
    # Row by row, and then in double precision: exact enough, and the same for any number of
    # threads.
    sums, squares = rows.cpu().double().sum(-1).numpy()
    return sums, squares


def masks_on(masks: Sequence[NDArray[Any]], n: int, device: torch.device) -> torch.Tensor:
    """Return masks of pairs as a float32 tensor (mask, query, key)."""
    if not len(masks):
        return torch.zeros((0, n, n), device=device)
    return torch.from_numpy(np.stack(masks)).to(device).float()


def _on_cpu(block: torch.Tensor) -> bool:
    return block.device.type == "cpu"


def scan_batches(
    network: Network,
    tokens: Sequence[Tokens],
    receive: Callable[[LayerScan], None],
    *,
    floor: float,
    masks: Sequence[Sequence[NDArray[Any]]] | None,
    batch_size: int | str,
) -> None:
    """Scan every layer of many sequences; see `ProteinModel.scan_attention`."""
    lengths = [len(one.residues) for one in tokens]
    of_sequence = [()] * len(tokens) if masks is None else list(masks)
    if len(of_sequence) != len(tokens):
        raise ModelError(f"{len(of_sequence)} sets of masks for {len(tokens)} sequences")
    for index, (n, some) in enumerate(zip(lengths, of_sequence, strict=True)):
        for mask in some:
            if mask.shape != (n, n):
                raise ModelError(
                    f"sequence {index + 1} has {n} residues and one of its masks the shape "
                    f"{mask.shape}"
                )
    layers, heads = network.positions(None, None)
    on_device: dict[int, torch.Tensor] = {}

    def sink(
        batch: list[int], layer: int, blocks: list[torch.Tensor], masses: list[torch.Tensor]
    ) -> None:
        for gone in set(on_device) - set(batch):
            del on_device[gone]
        scans = []
        for index, block in zip(batch, blocks, strict=True):
            if index not in on_device:
                on_device[index] = masks_on(of_sequence[index], lengths[index], block.device)
            scans.append(scan_layer(block, index, layer + 1, floor, on_device[index]))
        # Only when all are there: a batch that ran out of memory leaves nothing behind.
        for scan in scans:
            receive(scan)

    run_in_batches(network, tokens, layers, heads, batch_size, sink, reuse=True)
