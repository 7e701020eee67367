"""How much each residue's prediction depends on each other residue: the categorical Jacobian."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from protvis.attention.transforms import apc
from protvis.inference.cost import PassEstimate, time_variants
from protvis.inference.protein import read_protein
from protvis.keywords import check_keywords
from protvis.labels import AMINO_ACIDS
from protvis.memory import check_memory

if TYPE_CHECKING:
    from protvis.models import ProteinModel

__all__ = [
    "JacobianEstimate",
    "categorical_jacobian",
    "couplings",
    "estimate_categorical_jacobian",
]

_N = len(AMINO_ACIDS)


@dataclass(frozen=True)
class JacobianEstimate(PassEstimate):
    """What a categorical Jacobian would cost; `n_bytes` is the Jacobian before it is a map."""

    what: str = "categorical Jacobian"


@check_keywords
def estimate_categorical_jacobian(
    model: ProteinModel | str | PathLike[str],
    sequence_or_chain: Any,
    *,
    batch_size: int | str = "auto",
) -> JacobianEstimate:
    """Time one batch and return what `categorical_jacobian` would cost, printable as a sentence.

    Errors are those of `categorical_jacobian`.

    Parameters
    ----------
    model, sequence_or_chain, batch_size
        As for `categorical_jacobian`.

    Returns
    -------
    JacobianEstimate

    Examples
    --------
    >>> import protvis
    >>> print(protvis.estimate_categorical_jacobian("mini", "RPDFCLEPPYTGPCKARIIR"))
    categorical Jacobian: 381 passes in ... batches of ..., about ... on ..., ...
    """
    protein = read_protein(model, sequence_or_chain)
    variants = _variants(protein.sequence)
    size, seconds = time_variants(protein, variants, batch_size)
    return JacobianEstimate(
        n_passes=len(variants) + 1,
        batch_size=size,
        seconds=seconds * (len(variants) + 1),
        n_bytes=_bytes(len(protein.sequence)),
        device=str(protein.model.device),
    )


@check_keywords
def categorical_jacobian(
    model: ProteinModel | str | PathLike[str],
    sequence_or_chain: Any,
    *,
    batch_size: int | str = "auto",
    progress: bool = True,
) -> NDArray[Any]:
    """Compute how strongly residues depend on each other in a model's predictions.

    J_iajb = f(x with a at residue i)_jb - f(x)_jb, f the logits of the 20 amino acids; then
    `couplings`. After Zhang et al., PNAS 121, e2406285121 (2024), who average J with its transpose
    before taking the norm, whereas here the map is averaged, like the attention maps it is compared
    with. It takes 19 forward passes for each residue: see `estimate_categorical_jacobian` first. No
    residue is masked, so ESM's token dropout scales all passes alike.

    Parameters
    ----------
    model : ProteinModel, str or path
        A loaded model, or a name or directory for `protvis.load_model`.
    sequence_or_chain : str or protvis.structure.Chain
        Residues, one letter each, or a chain of a structure.
    batch_size : int or "auto"
        Does not change the numbers.
    progress : bool, default True
        Whether to draw a progress bar.

    Returns
    -------
    float32 array (residue, residue)
        Symmetric, signed, zero on the diagonal.

    Raises
    ------
    ModelError
        If the model cannot predict masked residues (a causal model, an encoder without a head, a
        discriminator); the message says why.
    SequenceError
        If the model cannot read the sequence.
    AttentionMemoryError
        Before anything is computed, if the Jacobian would not fit into memory.

    Examples
    --------
    >>> import protvis
    >>> protvis.categorical_jacobian("mini", "RPDFCLEPPYTGPCKARIIR", progress=False).shape
    (20, 20)
    """
    from tqdm.auto import tqdm

    protein = read_protein(model, sequence_or_chain)
    variants = _variants(protein.sequence)
    n = len(protein.sequence)
    first = protein.model.predict_residues(protein.text, batch_size=1)
    # Besides the Jacobian itself there is room for one mean, a twentieth of it.
    check_memory(
        _bytes(n), f"the categorical Jacobian of {n} residues", "cut the sequence to a domain"
    )
    whole = next(first)[0]
    # Exchanging a residue for itself changes nothing: those rows stay zero.
    jacobian = np.zeros((n, _N, n, _N), dtype=np.float32)
    todo = iter(variants)
    with tqdm(
        total=len(variants), desc="categorical Jacobian", unit="pass", disable=not progress
    ) as bar:
        for batch in protein.model.predict_residues(protein.text, variants, batch_size=batch_size):
            for logits, (place, letter) in zip(batch, todo, strict=False):
                jacobian[place, AMINO_ACIDS.index(letter)] = logits - whole
            bar.update(len(batch))
    return couplings(jacobian)


def couplings(jacobian: NDArray[Any]) -> NDArray[Any]:
    """Reduce a Jacobian to a residue-by-residue map.

    Centred over each of its four axes; C_ij the Frobenius norm over the 20 × 20 amino acids, 0 on
    the diagonal; symmetrised, (C + Cᵀ) / 2; average product correction, C_ij - C_i· C_·j / C_··;
    0 on the diagonal again.

    Parameters
    ----------
    jacobian : float32 array (residue, amino acid, residue, amino acid)
        Overwritten: it is the largest thing in memory.

    Returns
    -------
    float32 array (residue, residue)
    """
    for axis in range(4):
        jacobian -= jacobian.mean(axis, keepdims=True, dtype=np.float64).astype(np.float32)
    norms = np.sqrt(np.einsum("iajb,iajb->ij", jacobian, jacobian, dtype=np.float64))
    np.fill_diagonal(norms, 0)
    # apc() symmetrises by adding the transpose: of the mean of both directions that is twice it.
    corrected = apc(norms) / 2
    np.fill_diagonal(corrected, 0)
    return corrected


def _variants(sequence: str) -> list[tuple[int, str]]:
    """Return every exchange of one residue for another amino acid."""
    return [
        (place, letter)
        for place, here in enumerate(sequence)
        for letter in AMINO_ACIDS
        if letter != here
    ]


def _bytes(n_residues: int) -> int:
    return 4 * (n_residues * _N) ** 2
