"""Masked marginals: what a model expects at each residue when that residue is hidden."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from protvis.dates import date_now
from protvis.inference.protein import Protein, read_protein
from protvis.keywords import check_keywords
from protvis.labels import AMINO_ACIDS

if TYPE_CHECKING:
    import pandas as pd

    from protvis.models import ProteinModel

__all__ = ["MaskedMarginals", "hidden_logits", "log_softmax", "masked_marginals"]


@dataclass(frozen=True)
class MaskedMarginals:
    """Predictions at each residue from all other residues.

    Attributes
    ----------
    logits : float32 array (residue, amino acid)
    sequence : str
    residue_labels : tuple of str
    provenance : dict
    notice : str or None
        A notice to show wherever this is shown.
    amino_acids : str
        The order of the second axis.
    """

    logits: NDArray[Any]
    sequence: str
    residue_labels: tuple[str, ...]
    provenance: dict[str, Any]
    notice: str | None = None
    amino_acids: str = AMINO_ACIDS

    @property
    def log_probabilities(self) -> NDArray[Any]:
        """log p(a at i | the rest), natural, over the 20 amino acids: float32 (residue, 20)."""
        return log_softmax(self.logits)

    @property
    def log_odds(self) -> NDArray[Any]:
        """log p(a) - log p(actual): float32 (residue, 20); NaN for residues other than the 20.

        The substitution score of Meier et al. (NeurIPS 2021).
        """
        places = [self.amino_acids.find(letter) for letter in self.sequence]
        rows = np.arange(len(places))
        found = self.logits - self.logits[rows, places][:, None]
        found[np.array(places) < 0] = np.nan
        return found

    @property
    def entropy(self) -> NDArray[Any]:
        """Shannon entropy of each residue's prediction, bits, float32 (residue,)."""
        logs = self.log_probabilities.astype(np.float64)
        return (-(np.exp(logs) * logs).sum(-1) / np.log(2)).astype(np.float32)

    def to_frame(self) -> pd.DataFrame:
        """Return the log probabilities as a table, residues down and amino acids across."""
        import pandas as pd

        return pd.DataFrame(
            self.log_probabilities, index=list(self.residue_labels), columns=list(self.amino_acids)
        )


def log_softmax(logits: NDArray[Any]) -> NDArray[Any]:
    """Return natural log probabilities over the last axis, float32."""
    shifted = logits.astype(np.float64)
    shifted -= shifted.max(-1, keepdims=True)
    return (shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))).astype(np.float32)


def hidden_logits(
    protein: Protein,
    *,
    places: Sequence[int] | None = None,
    batch_size: int | str = "auto",
    advance: Callable[[int], object] = bool,
) -> NDArray[Any]:
    """Return the logits at each residue when it is masked: float32 (residue, amino acid).

    Parameters
    ----------
    protein : Protein
    places : sequence of int, optional
        Indices of the residues to mask, each in turn; all when None.
    batch_size : int or "auto"
    advance : callable, optional
        Told how many residues each batch was for.
    """
    from protvis.models.masked_prediction import HIDDEN

    wanted = np.arange(len(protein.sequence)) if places is None else np.asarray(places)
    logits = np.empty((len(wanted), len(AMINO_ACIDS)), dtype=np.float32)
    hidden = [(int(place), HIDDEN) for place in wanted]
    done = 0
    for batch in protein.model.predict_residues(protein.text, hidden, batch_size=batch_size):
        stop = done + len(batch)
        logits[done:stop] = batch[np.arange(len(batch)), wanted[done:stop]]
        done = stop
        advance(len(batch))
    return logits


@check_keywords
def masked_marginals(
    model: ProteinModel | str | PathLike[str],
    sequence_or_chain: Any,
    *,
    batch_size: int | str = "auto",
    progress: bool = False,
) -> MaskedMarginals:
    """Compute what a model expects at each residue, masking one at a time.

    logit_ia = f(x with x_i masked)_ia: one forward pass for each residue (Meier et al., NeurIPS
    2021). ESM's token dropout is kept as in training: a masked token's embedding is zero, and all
    others are scaled by (1 - 0.12) / (1 - 1/n), n tokens, whereas those of an unmasked sequence are
    scaled by (1 - 0.12). Logits of masked and unmasked sequences are therefore not on the same
    scale. In structure-aware vocabularies (SaProt) the amino acid is masked but its structure
    letter is not, and an amino acid stands for all its pairs together.

    Parameters
    ----------
    model : ProteinModel, str or path
        A loaded model, or a name or directory for `protvis.load_model`.
    sequence_or_chain : str or protvis.structure.Chain
        Residues, one letter each, or a chain of a structure.
    batch_size : int or "auto"
        Does not change the numbers.
    progress : bool, default False
        Whether to draw a progress bar.

    Returns
    -------
    MaskedMarginals

    Raises
    ------
    ModelError
        If the model cannot predict masked residues (a causal model, an encoder without a head, a
        discriminator); the message says why.
    SequenceError
        If the model cannot read the sequence.

    Examples
    --------
    >>> import protvis
    >>> marginals = protvis.masked_marginals("mini", "RPDFCLEPPYTGPCKARIIR")
    >>> marginals.to_frame().shape
    (20, 20)
    """
    from tqdm.auto import tqdm

    protein = read_protein(model, sequence_or_chain)
    n = len(protein.sequence)
    with tqdm(total=n, desc="masked marginals", unit="residue", disable=not progress) as bar:
        logits = hidden_logits(protein, batch_size=batch_size, advance=bar.update)
    return MaskedMarginals(
        logits,
        protein.sequence,
        protein.labels,
        {
            **protein.model.provenance,
            "date": date_now(),
            "readout": "masked marginals",
        },
        protein.model.notice,
    )
