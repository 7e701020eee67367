"""What can be said about a layer's attention without keeping it, computed where the model runs.

A reducer takes one sequence's block (head, query, key) and special mass (head, query), tensors on
the model's device, and returns a tensor with the head axis first. `ProteinModel.reduce_attention`
stacks what comes back over the layers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import torch

from protvis.errors import ModelError, OptionError
from protvis.models.batching import run_in_batches
from protvis.models.network import Network
from protvis.models.tokens import Tokens

__all__ = [
    "Reducer",
    "column_sums",
    "entropy",
    "mask_sums",
    "maximum",
    "mean_separation",
    "reduce_batches",
    "row_sums",
    "special_share",
    "top_links",
]

Reducer = Callable[[torch.Tensor, torch.Tensor], Any]


def row_sums(block: torch.Tensor, special: torch.Tensor) -> torch.Tensor:
    """Return the attention each residue spends on residues: (head, query)."""
    return block.sum(-1)


def column_sums(block: torch.Tensor, special: torch.Tensor) -> torch.Tensor:
    """Return the attention each residue receives from residues: (head, key)."""
    return block.sum(-2)


def maximum(block: torch.Tensor, special: torch.Tensor) -> torch.Tensor:
    """Return the largest weight: (head,)."""
    return block.amax((-2, -1))


def special_share(block: torch.Tensor, special: torch.Tensor) -> torch.Tensor:
    """Return the mean over residues of the attention on special tokens: (head,), a fraction."""
    return special.mean(-1)


def mean_separation(block: torch.Tensor, special: torch.Tensor) -> torch.Tensor:
    """Return the mean of |i - j| weighted by attention: (head,), in residues."""
    places = torch.arange(block.shape[-1], device=block.device)
    separation = (places[:, None] - places).abs().to(block.dtype)
    return torch.stack([(head * separation).sum() / head.sum() for head in block])


def entropy(block: torch.Tensor, special: torch.Tensor) -> torch.Tensor:
    """Return the mean over queries of the entropy of the renormalised row: (head,), in bits."""
    found = []
    for head in block:
        # One head at a time: the logarithms of a whole layer would double the peak.
        shares = head / head.sum(-1, keepdim=True)
        found.append(torch.special.entr(shares).sum(-1).nanmean() / np.log(2))
    return torch.stack(found)


def mask_sums(masks: Mapping[str, Any]) -> Reducer:
    """Return a reducer that sums attention over pairs: (head, mask), masks in the order given.

    Parameters
    ----------
    masks : mapping of str to bool array (query, key)
        Sets of ordered pairs, such as the contacts of a structure.
    """
    arrays = [torch.as_tensor(np.asarray(mask)) for mask in masks.values()]

    def reduce(block: torch.Tensor, special: torch.Tensor) -> torch.Tensor:
        for name, mask in zip(masks, arrays, strict=True):
            if mask.shape != block.shape[1:]:
                raise ModelError(
                    f"mask {name!r} has shape {tuple(mask.shape)}, the sequence "
                    f"{block.shape[1]} residues"
                )
        sums = [(block * mask.to(block)).sum((-2, -1)) for mask in arrays]
        return torch.stack(sums, dim=-1)

    return reduce


def top_links(top_k: int, *, min_separation: int = 6, combine: str = "max") -> Reducer:
    """Return a reducer to the heaviest links of each head.

    The same links in the same order as `protvis.attention.select_links` gives.

    Returns
    -------
    callable
        Gives a float64 array (head, link, 3) of query index, key index and weight, `top_k` links at
        most.

    Raises
    ------
    OptionError
        If an option has an invalid value.
    """
    if combine not in ("max", "mean", "directed"):
        raise OptionError(f"combine must be one of max, mean, directed, got {combine!r}")
    if isinstance(top_k, bool) or not isinstance(top_k, int) or top_k < 0:
        raise OptionError(f"top_k must be a whole number of links (0 or more), got {top_k!r}")
    separation = max(min_separation, 1)
    pairs_of = lru_cache(maxsize=4)(_Pairs)

    def reduce(block: torch.Tensor, special: torch.Tensor) -> np.ndarray:
        n_heads, n = block.shape[:2]
        pairs = pairs_of(n, separation, block.device)
        heads = block.reshape(n_heads, n * n)
        return np.stack([_heaviest(head, pairs, top_k, combine) for head in heads])

    return reduce


class _Pairs:
    """The ordered pairs of n residues that are far enough apart, as places in a flat map."""

    def __init__(self, n: int, separation: int, device: torch.device) -> None:
        self.n, self.separation = n, separation
        side = max(n - separation, 0)
        self.count = side * (side + 1)
        rng = np.random.default_rng(0)
        # Drawn, not taken at even steps, which would follow the rows.
        start, gap = np.sort(rng.integers(0, max(side, 1), (2, _SAMPLE)), axis=0)
        first, second = start, gap + separation
        turned = rng.random(_SAMPLE) < 0.5
        places = np.where(turned, second * n + first, first * n + second)
        self.sample = torch.as_tensor(places if side else places[:0], device=device)

    def all(self) -> np.ndarray:
        """Return the places of all i → j and j → i."""
        upper, lower = np.triu_indices(self.n, k=self.separation)
        return np.concatenate([upper * self.n + lower, lower * self.n + upper])


_SAMPLE = 8192


def _heaviest(head: torch.Tensor, pairs: _Pairs, top_k: int, combine: str) -> np.ndarray:
    """Return (link, 3): query, key and weight of one head's heaviest links, heaviest first."""
    # Sorting or even collecting all pairs would cost several times the attention itself. A drawn
    # sample tells a weight that somewhat more than enough entries reach; that they are enough is
    # then counted, so nothing is left to chance.
    rank = int(1.5 * top_k * _SAMPLE / max(pairs.count, 1)) + 16
    if len(pairs.sample) and rank < _SAMPLE // 4:
        sample = head.index_select(0, pairs.sample)
        if combine == "mean":
            first, second = pairs.sample // pairs.n, pairs.sample % pairs.n
            sample = (sample + head.index_select(0, second * pairs.n + first)) / 2
        lowest = torch.topk(sample, rank).values[-1].item()
        found = _sorted_links(head, _reaching(head, lowest), pairs, combine, lowest, top_k)
        if len(found) == top_k:
            return found
    return _sorted_links(head, pairs.all(), pairs, combine, 0.0, top_k)


def _reaching(head: torch.Tensor, lowest: float) -> np.ndarray:
    """Return the places of a flat map that hold at least a weight."""
    if head.device.type == "cpu":
        # NumPy does both steps several times faster than torch.
        return np.flatnonzero(head.numpy() >= np.float32(lowest))
    return torch.nonzero(head >= lowest)[:, 0].cpu().numpy()


def _sorted_links(
    head: torch.Tensor,
    places: np.ndarray,
    pairs: _Pairs,
    combine: str,
    lowest: float,
    top_k: int,
) -> np.ndarray:
    """Return (link, 3), heaviest first, of the links of at least `lowest`.

    `places` are those of all entries that reach `lowest`.
    """
    n = max(pairs.n, 1)
    query, key = np.divmod(places, n)
    apart = np.flatnonzero(np.abs(query - key) >= pairs.separation)
    place, query, key = places[apart], query[apart], key[apart]
    turned = key * n + query
    weight, other = _taken(head, place), _taken(head, turned)
    if combine == "max":
        # The heavier direction is here whenever the lighter one is.
        stays = (weight > other) | ((weight == other) & (query < key))
        place, weight = place[stays], weight[stays]
    elif combine == "mean":
        stays = (query < key) | (other < np.float32(lowest))
        mean = (weight + other) / np.float32(2)
        stays &= mean >= np.float32(lowest)
        place, weight = np.minimum(place, turned)[stays], mean[stays]
    # Weights are not negative, so their bits order as they do: one sort of whole numbers does for
    # weight, query and key.
    bits = weight.view(np.int32).astype(np.int64)
    order = np.sort((np.int64(0x7FFFFFFF) - bits) << 32 | place)[:top_k]
    weight = (np.int64(0x7FFFFFFF) - (order >> 32)).astype(np.int32).view(np.float32)
    return np.stack([*np.divmod(order & 0xFFFFFFFF, n), weight], axis=-1)


def _taken(head: torch.Tensor, places: np.ndarray) -> np.ndarray:
    if head.device.type == "cpu":
        return head.numpy().take(places)
    return head.index_select(0, torch.from_numpy(places).to(head.device)).cpu().numpy()


def reduce_batches(
    network: Network,
    tokens: Sequence[Tokens],
    reducers: Mapping[str, Reducer],
    layers: list[int],
    heads: list[int],
    batch_size: int | str,
) -> list[dict[str, np.ndarray]]:
    """Reduce the attention of many sequences; see `ProteinModel.reduce_attention`."""
    found: list[dict[str, list[np.ndarray]]] = [{name: [] for name in reducers} for _ in tokens]

    def sink(
        batch: list[int], layer: int, blocks: list[torch.Tensor], masses: list[torch.Tensor]
    ) -> None:
        results = [
            {name: _to_numpy(reducer(block, mass)) for name, reducer in reducers.items()}
            for block, mass in zip(blocks, masses, strict=True)
        ]
        # Only when all are there: a batch that ran out of memory leaves nothing behind.
        for index, result in zip(batch, results, strict=True):
            for name, value in result.items():
                found[index][name].append(value)

    run_in_batches(network, tokens, layers, heads, batch_size, sink)
    return [{name: np.stack(parts) for name, parts in one.items()} for one in found]


def _to_numpy(result: Any) -> np.ndarray:
    return result.cpu().numpy() if isinstance(result, torch.Tensor) else np.asarray(result)
