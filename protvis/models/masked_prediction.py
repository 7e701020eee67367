"""A model's predictions at each residue: logits of the 20 amino acids, for variants of a sequence.

A variant is the sequence with one residue exchanged or hidden. All variants of a sequence have its
length, so a batch holds no padding and a prediction does not depend on what else is in the batch.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from protvis.checks import check_batch_size
from protvis.errors import AttentionMemoryError, ModelError
from protvis.labels import AMINO_ACIDS
from protvis.models.batching import is_out_of_memory
from protvis.models.capture import not_finite
from protvis.models.family_table import STRUCTURE_LETTERS, Family, families_that
from protvis.models.tokens import Tokens, encode, spell

__all__ = ["HIDDEN", "Predictor", "Variant", "check_predicts"]

logger = logging.getLogger(__name__)

HIDDEN = "?"
"""Stands for an amino acid that the model is not shown."""

Variant = tuple[int, str] | None
"""Residue index and amino acid (or `HIDDEN`) put there; None is the sequence as it is."""

# Tokens of one forward pass: beyond these, more variants at once gain nothing.
_TOKENS = {"cpu": 2048, "cuda": 65536}


def check_predicts(name: str, family: Family) -> None:
    """Refuse a family that does not predict hidden residues.

    Raises
    ------
    ModelError
        With the reason.
    """
    why = family.no_predictions or ("" if family.mask else "its vocabulary has no mask")
    if why:
        able = families_that(lambda other: bool(other.mask and not other.no_predictions))
        raise ModelError(
            f"{name} ({family.name}) cannot predict masked residues: {why}. Models that can: {able}"
        )


class Predictor:
    """A network with its prediction head, asked for amino acids.

    Parameters
    ----------
    network : transformers.PreTrainedModel
        Whose output has ``logits`` (sequence, token, vocabulary).
    family : Family
    tokenizer
    """

    def __init__(self, network: Any, family: Family, tokenizer: Any) -> None:
        self._network = network
        self._pairs = family.form == "pairs"
        self._family = family
        # One column of ids for each token that stands for the amino acid: 21 in pairs.
        folds = STRUCTURE_LETTERS if self._pairs else [""]
        ids = [self._ids("".join(a + fold for a in AMINO_ACIDS), tokenizer) for fold in folds]
        self._ids_of = np.stack(ids, axis=-1)
        self._mask = self._mask_ids(tokenizer)

    def _ids(self, sequence: str, tokenizer: Any) -> NDArray[Any]:
        tokens = encode(sequence, self._family, tokenizer)
        return tokens.ids[tokens.residues]

    def _mask_ids(self, tokenizer: Any) -> NDArray[Any]:
        """Return the ids that hide a residue: one, or one for each structure letter."""
        mask = self._family.mask
        if self._pairs:
            return self._ids("".join(mask + fold for fold in STRUCTURE_LETTERS), tokenizer)
        found = tokenizer.get_vocab().get(mask)
        if found is None or not 0 <= found < self._network.config.vocab_size:
            raise ModelError(f"the vocabulary has no token {mask!r} to hide a residue with")
        return np.array([found])

    def logits(
        self, sequence: str, tokens: Tokens, variants: Sequence[Variant], batch_size: int | str
    ) -> Iterator[NDArray[Any]]:
        """Yield logits (variant, residue, amino acid), float32, batch by batch in order."""
        size = check_batch_size(batch_size) or self.batch_size(len(tokens.ids))
        spelled = spell(sequence, self._family)
        # Which column of ids and of masks a residue takes: that of its structure letter.
        folds = [STRUCTURE_LETTERS.index(one[1]) if self._pairs else 0 for one in spelled]
        start = 0
        while start < len(variants):
            batch = variants[start : start + size]
            ids = np.repeat(tokens.ids[None], len(batch), axis=0)
            for row, variant in enumerate(batch):
                if variant is not None:
                    place, letter = variant
                    fold = folds[place]
                    ids[row, tokens.residues[place]] = (
                        self._mask[fold]
                        if letter == HIDDEN
                        else self._ids_of[AMINO_ACIDS.index(letter), fold]
                    )
            try:
                found = self._run(ids, tokens.residues)
            except (MemoryError, RuntimeError) as error:
                if not is_out_of_memory(error):
                    raise
                if len(batch) == 1:
                    raise AttentionMemoryError(
                        f"one sequence of {len(spelled)} residues does not fit into memory"
                    ) from error
                size = len(batch) // 2
                logger.warning(
                    "%d variants did not fit at once; going on with %d", len(batch), size
                )
                continue
            start += len(batch)
            yield found

    def batch_size(self, n_tokens: int) -> int:
        """Return how many variants of so many tokens run at once."""
        device = next(self._network.parameters()).device.type
        return max(1, _TOKENS.get(device, _TOKENS["cpu"]) // n_tokens)

    def _run(self, ids: NDArray[Any], residues: NDArray[Any]) -> NDArray[Any]:
        device = next(self._network.parameters()).device
        columns = torch.as_tensor(self._ids_of, device=device)
        with torch.inference_mode():
            batch = torch.from_numpy(ids).to(device)
            output = self._network(input_ids=batch, attention_mask=torch.ones_like(batch))
            rows = torch.as_tensor(residues, device=device)
            logits = output.logits[:, rows][..., columns].float()
            # An amino acid with several tokens is as likely as all of them together.
            found = torch.logsumexp(logits, -1)
            # An amino acid that is never predicted may have minus infinity.
            if torch.isnan(found).any() or torch.isposinf(found).any():
                raise not_finite("what the model predicts")
            return found.cpu().numpy()
