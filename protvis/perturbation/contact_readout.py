"""Contacts as a model without some heads still finds them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from protvis.attention.scores import top_link_precision
from protvis.attention.transforms import apc
from protvis.inference.protein import Protein

__all__ = ["ContactReadout"]

Head = tuple[int, int]


@dataclass(frozen=True)
class ContactReadout:
    """How contacts are read from a model, and how well from the whole one.

    Attributes
    ----------
    protein : Protein
    contacts, observed : bool arrays (residue, residue) and (residue,), or None
        Contacts, and which residues have the atom they are measured from; None where no structure
        is known.
    layer : int or None
        The layer whose mean is read; None for the checkpoint's contact head.
    whole : float
        Precision of the whole model, NaN without a structure.
    words : str
        How contacts are read.
    """

    protein: Protein
    contacts: NDArray[Any] | None
    observed: NDArray[Any] | None
    layer: int | None
    whole: float
    words: str

    @classmethod
    def of(cls, protein: Protein) -> ContactReadout:
        """Return the readout for a protein: the contact head, else the best layer's mean."""
        model, chain = protein.model, protein.chain
        if chain is None or not np.any(chain.has_contact_atom):
            return cls(protein, None, None, None, float("nan"), "none: no structure is known")
        contacts, observed = np.asarray(chain.contact_map()), chain.has_contact_atom
        if model.has_contact_head:
            found = top_link_precision(model.predict_contacts(protein.text), contacts, observed)
            return cls(protein, contacts, observed, None, found, "the checkpoint's contact head")
        scores: list[float] = []

        def score(_: int, block: NDArray[Any], __: NDArray[Any]) -> None:
            scores.append(top_link_precision(apc(block.mean(0)), contacts, observed))

        model.capture(protein.text, score)
        layer = int(np.argmax(np.nan_to_num(scores, nan=-1.0))) + 1
        words = f"APC-corrected mean over the heads of layer {layer}, the best on this protein"
        return cls(protein, contacts, observed, layer, scores[layer - 1], words)

    def precision(self, gone: Sequence[Head], kind: str | None) -> float:
        """Return the precision without some heads; NaN where nothing is left to read.

        With None for `kind` the model runs whole, and the maps of these heads are not read.
        """
        from protvis.models.ablation import ablated, contacts_without

        model, text = self.protein.model, self.protein.text
        if self.contacts is None or self.observed is None:
            return float("nan")
        if self.layer is None:
            values = contacts_without(model, text, gone, kind)
            return top_link_precision(values, self.contacts, self.observed)
        kept = [head for head in range(1, model.n_heads + 1) if (self.layer, head) not in gone]
        if not kept:
            return float("nan")
        blocks: list[NDArray[Any]] = []
        with nullcontext() if kind is None else ablated(model, text, gone, kind):
            model.capture(
                text, lambda _, block, __: blocks.append(block), layers=[self.layer], heads=kept
            )
        return top_link_precision(apc(blocks[0].mean(0)), self.contacts, self.observed)
