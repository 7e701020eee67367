"""Which heads carry a link: without which of them two residues depend on each other less."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np

from protvis.errors import OptionError
from protvis.inference.protein import Protein, read_protein
from protvis.inference.residue_attention import compute_attention
from protvis.keywords import check_keywords
from protvis.labels import AMINO_ACIDS
from protvis.perturbation.head_ablation import Head, list_ablations

if TYPE_CHECKING:
    import pandas as pd

    from protvis.models import ProteinModel

__all__ = ["find_link_heads", "pair_coupling"]


@check_keywords
def find_link_heads(
    model: ProteinModel | str | PathLike[str],
    sequence_or_chain: Any,
    first: str,
    second: str,
    *,
    heads: Sequence[Head | str] | None = None,
    kind: str = "zero",
    batch_size: int | str = "auto",
    progress: bool = False,
) -> pd.DataFrame:
    """Rank heads by how much removing each one changes the coupling of two residues.

    The coupling is `pair_coupling`, a block of the categorical Jacobian: at most 40 forward passes
    for each head. A head can carry a link without attending along it, and attend along it without
    carrying it, so its attention is listed as well.

    Parameters
    ----------
    model : ProteinModel, str or path
        A loaded model, or a name or directory for `protvis.load_model`.
    sequence_or_chain : str or protvis.structure.Chain
        Residues, one letter each, or a chain of a structure.
    first, second : str
        Residue labels, such as ``"A:ASP102"`` or ``"102"``; ``"M1"`` in a plain sequence.
    heads : sequence of (layer, head) or of str, optional
        Which heads to try, each alone; all when None.
    kind : {"zero", "mean"}
        As for `protvis.ablate_heads`.
    batch_size : int or "auto"
        How many sequences go through the model at once.
    progress : bool, default False
        Whether to show a progress bar.

    Returns
    -------
    DataFrame
        Columns ``layer, head, coupling`` (of the whole model), ``coupling_without``, ``change``
        (without minus with), ``relative_change``, ``attention_forward`` (from first to second) and
        ``attention_backward`` in the whole model; the largest change first.

    Raises
    ------
    LabelError
        If there is no such residue or head.
    OptionError
        If the two residues are the same.
    ModelError
        If the model cannot predict masked residues, or its heads cannot be removed.

    Examples
    --------
    >>> import protvis
    >>> bpti = "RPDFCLEPPYTGPCKARIIRYFYNAKAGLCQTFVYGGCRAKRNNFKSAEDCMRTCGGA"
    >>> found = protvis.find_link_heads(
    ...     "mini", bpti, "C14", "C38", heads=["5-3", "5-6"], progress=False
    ... )
    >>> found[["layer", "head"]]
       layer  head
    0      5     6
    1      5     3
    """
    import pandas as pd
    from tqdm.auto import tqdm

    from protvis.models.ablation import ablated

    protein = read_protein(model, sequence_or_chain)
    i, j = protein.find(first), protein.find(second)
    if i == j:
        raise OptionError(f"expected two residues, got {first!r} twice")
    groups = list_ablations(protein, heads, together=False)
    whole = pair_coupling(protein, i, j, batch_size=batch_size)
    maps = compute_attention(protein.model, sequence_or_chain)
    rows: list[tuple[Any, ...]] = []
    for ((layer, head),) in tqdm(groups, desc="heads", unit="head", disable=not progress):
        with ablated(protein.model, protein.text, [(layer, head)], kind):
            without = pair_coupling(protein, i, j, batch_size=batch_size)
        weights = maps.head(layer, head)
        share = (without - whole) / whole if whole else np.nan
        rows.append(
            (layer, head, whole, without, without - whole, share, weights[i, j], weights[j, i])
        )
    names = [
        "layer", "head", "coupling", "coupling_without", "change", "relative_change",
        "attention_forward", "attention_backward",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=names).sort_values(
        "change", key=np.abs, ascending=False, kind="stable", ignore_index=True
    )


def pair_coupling(protein: Protein, i: int, j: int, *, batch_size: int | str = "auto") -> float:
    """Return how strongly the predictions at two residues depend on each other.

    The two blocks of the categorical Jacobian that belong to the pair, J_iajb = f(x with a at
    i)_jb - f(x)_jb and the same from j to i, each centred over a and over b; the mean of their
    Frobenius norms. What `protvis.categorical_jacobian` then takes away (means over residues,
    average product correction) needs all pairs and is left in.

    Parameters
    ----------
    protein : Protein
    i, j : int
        Residue indices.
    batch_size : int or "auto"
    """
    norms = []
    for source, target in ((i, j), (j, i)):
        here = protein.sequence[source]
        letters = [letter for letter in AMINO_ACIDS if letter != here]
        variants = [None, *((source, letter) for letter in letters)]
        batches = protein.model.predict_residues(protein.text, variants, batch_size=batch_size)
        found = np.concatenate([batch[:, target] for batch in batches]).astype(np.float64)
        block = np.zeros((len(AMINO_ACIDS), len(AMINO_ACIDS)))
        block[[AMINO_ACIDS.index(letter) for letter in letters]] = found[1:] - found[0]
        block -= block.mean(0, keepdims=True)
        block -= block.mean(1, keepdims=True)
        norms.append(np.linalg.norm(block))
    return float(np.mean(norms))
