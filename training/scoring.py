"""How much of a structure's contacts a map finds: P@L of layer means, heads and combinations."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch

from protvis.attention import apc
from protvis.structure.contacts import contact_map
from training.alignments import LETTERS
from training.samples import encode_chain

__all__ = [
    "CUTOFF",
    "MIN_SEPARATION",
    "Pairs",
    "attentions_of",
    "corrected_maps",
    "precision",
    "replaced",
    "shuffled",
    "strong_weights",
]

CUTOFF = 8.0
MIN_SEPARATION = 6


@dataclass(frozen=True)
class Pairs:
    """The pairs of a chain that are scored, and which of them touch.

    Attributes
    ----------
    first, second : (n_pairs,) int array
        Residues; both have coordinates and are at least `MIN_SEPARATION` apart.
    touching : (n_pairs,) bool array
    n_residues : int
        Residues with coordinates: the L of P@L.
    """

    first: np.ndarray
    second: np.ndarray
    touching: np.ndarray
    n_residues: int

    @classmethod
    def of(cls, coordinates: np.ndarray) -> Pairs:
        """Return the pairs of a chain from its Cβ coordinates (n_residues, 3), Å."""
        observed = np.isfinite(coordinates).all(1)
        first, second = np.triu_indices(len(coordinates), MIN_SEPARATION)
        scored = observed[first] & observed[second]
        first, second = first[scored], second[scored]
        near = contact_map(coordinates, CUTOFF, MIN_SEPARATION)
        return cls(first, second, near[first, second], int(observed.sum()))

    @cached_property
    def background(self) -> float:
        """Share of all scored pairs that touch."""
        return float(self.touching.mean())

    def values(self, maps: np.ndarray) -> np.ndarray:
        """Return the scored pairs' values of maps (…, residue, residue) as (…, pair)."""
        return maps[..., self.first, self.second]


def precision(values: np.ndarray, pairs: Pairs, divisor: int = 1) -> float:
    """Return the share of contacts among the L / `divisor` pairs with the highest values.

    Ties are shared out: each tied pair at the edge counts with the tied pairs' mean, so that a map
    without any preference scores the background.
    """
    n_kept = max(1, pairs.n_residues // divisor)
    if n_kept >= len(values):
        return pairs.background
    edge = np.partition(values, -n_kept)[-n_kept]
    above = values > edge
    at_edge = values == edge
    share = (n_kept - above.sum()) * pairs.touching[at_edge].mean()
    return float((pairs.touching[above].sum() + share) / n_kept)


@torch.no_grad()
def attentions_of(network: Any, sequence: str, before: str = "", after: str = "") -> np.ndarray:
    """Return a chain's raw attention (layer, head, query, key), specials and flanks left out.

    Parameters
    ----------
    network : EsmForMaskedLM
        With eager attention.
    sequence : str
    before, after : str
        Flanking residues, which the model reads too.
    """
    tokens = torch.from_numpy(encode_chain(before + sequence + after))[None]
    was_training = network.training
    network.eval()
    attentions = network(tokens, output_attentions=True).attentions
    network.train(was_training)
    start = 1 + len(before)
    chain = slice(start, start + len(sequence))
    return torch.cat(tuple(attentions))[:, :, chain, chain].numpy()


def corrected_maps(
    network: Any, sequence: str, before: str = "", after: str = ""
) -> tuple[np.ndarray, np.ndarray]:
    """Return a chain's attention, symmetrised and corrected: its layers' means and its heads.

    Flanking residues are left out before the correction.

    Returns
    -------
    means : (layer, residue, residue) float32 array
    heads : (layer, head, residue, residue) float32 array
    """
    raw = attentions_of(network, sequence, before, after)
    return apc(raw.mean(1)), apc(raw)


def strong_weights(raw: np.ndarray, pairs: Pairs, threshold: float = 0.3) -> list[dict[str, Any]]:
    """Return per layer where the strong weights of all its heads land (Vig et al., ICLR 2021).

    Parameters
    ----------
    raw : (layer, head, query, key) array
    pairs : Pairs
        Only these pairs count, in both directions.
    threshold : float
        Weights at least this large are strong.

    Returns
    -------
    list of dict
        ``n`` strong weights, ``on_contacts`` the share of them (None where there are none),
        ``to_residues`` the share of all attention that does not go to special tokens.
    """
    found = []
    for layer in raw:
        both = np.stack([layer[:, pairs.first, pairs.second], layer[:, pairs.second, pairs.first]])
        strong = both >= threshold
        n = int(strong.sum())
        hits = int((strong & pairs.touching).sum())
        found.append(
            {
                "n": n,
                "on_contacts": hits / n if n else None,
                "to_residues": float(layer.sum(-1).mean()),
            }
        )
    return found


def shuffled(sequence: str, rng: np.random.Generator) -> str:
    """Return the sequence with its residues in random order."""
    return "".join(rng.permutation(list(sequence)))


def replaced(sequence: str, share: float, rng: np.random.Generator) -> str:
    """Return the sequence with about this share of its residues drawn anew, any of the 20."""
    letters = np.array(list(sequence))
    chosen = rng.random(len(letters)) < share
    letters[chosen] = rng.choice(list(LETTERS), int(chosen.sum()))
    return "".join(letters)
