"""The same architecture before it was trained: what attention is there without any knowledge."""

from __future__ import annotations

import copy
import re

import numpy as np
import torch

from protvis.errors import ModelError
from protvis.models.layer_scan import LayerScan
from protvis.models.model import ProteinModel

__all__ = ["untrained_copy"]

_QUERY = re.compile(r"(^|\.)(query|q|q_proj|q_lin|wq)(\.|$)")
"""Names of the weights that make queries, in all families."""

_STEPS = 12
_LINKS = 0.3
"""Links a row has on average in a sharpened network."""

_SAMPLE = "MKTAYIAKQRQISFVKSHFSRQLEERLGLIEVQAPILSRVGDGTQDNLSGAEKAVQVKVKALPDAQFEVVHSLAKWKRQTL"


def untrained_copy(
    model: ProteinModel, *, seed: int = 0, threshold: float | None = None
) -> ProteinModel:
    """Return a network of a model's architecture with weights drawn as before training.

    Parameters
    ----------
    model : ProteinModel
    seed : int, default 0
    threshold : float, optional
        Networks that were not trained attend to everything alike, and have no link at any threshold
        worth the name. With a threshold, queries are scaled up until rows have about as many links
        as those of trained models; by powers of two, to a factor of 4,096 at most.

    Returns
    -------
    ProteinModel

    Raises
    ------
    ModelError
        If the network cannot be made anew from its configuration.
    """
    kind, config = type(model.module), copy.deepcopy(model.module.config)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            module = kind(config)
    except (TypeError, ValueError, AttributeError) as error:
        raise ModelError(
            f"{model.name}: no network can be made from the configuration of {kind.__name__} alone "
            f"({error})"
        ) from error
    module = module.to(device=model.device, dtype=model.dtype).eval()
    found = ProteinModel(
        module,
        model.family,
        model.tokenizer,
        name=f"{model.name}, untrained",
        identity=f"{model.provenance['id']}, untrained, seed {seed}",
    )
    if threshold is not None:
        _sharpen(found, threshold)
    return found


def _sharpen(model: ProteinModel, threshold: float) -> None:
    queries = [
        weight for name, weight in model.module.named_parameters() if _QUERY.search(name.lower())
    ]
    for _ in range(_STEPS):
        if not queries or _links_per_row(model, threshold) >= _LINKS:
            return
        with torch.no_grad():
            for weight in queries:
                weight.mul_(2.0)


def _links_per_row(model: ProteinModel, threshold: float) -> float:
    found: list[int] = []

    def count(scan: LayerScan) -> None:
        found.append(np.count_nonzero(scan.weight >= np.float32(threshold)))

    model.scan_attention([_SAMPLE], count, floor=threshold, masks=[[]])
    return sum(found) / (len(_SAMPLE) * model.n_heads * len(found))
