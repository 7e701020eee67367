"""The attention of one protein, all layers and heads at once."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from protvis.attention.maps import AttentionMaps
from protvis.dates import date_now
from protvis.errors import SequenceError
from protvis.inference.complex_attention import compute_complex_attention
from protvis.inference.protein import read_protein
from protvis.inference.training_range import warn_beyond_training
from protvis.inference.windows import LONG, fill_from_windows
from protvis.keywords import check_keywords
from protvis.memory import check_fits

if TYPE_CHECKING:
    from protvis.models import ProteinModel

__all__ = ["compute_attention"]


@check_keywords
def compute_attention(
    model: ProteinModel | str | PathLike[str],
    sequence_or_chain: Any,
    *,
    layers: Sequence[int] | None = None,
    heads: Sequence[int] | None = None,
    long: str = "error",
) -> AttentionMaps:
    """Compute the attention between the residues of a sequence or chain.

    Parameters
    ----------
    model : ProteinModel, str or path
        A loaded model, or a name or directory for `protvis.load_model`.
    sequence_or_chain : str or protvis.structure.Chain
        Residues, one letter each, or a chain, whose labels and coordinates the maps then carry.
        Residues of a plain sequence are labelled by letter and number from 1 (``"M1"``). For
        several joined chains (`protvis.structure.join_chains`) use `compute_complex_attention`.
    layers, heads : sequence of int, optional
        Labels, counting from 1; all when None. Layers come in ascending order, heads as given.
    long : {"error", "window"}
        What to do with a sequence longer than the model was trained on or can read. ``"error"``:
        run the model with a warning if it can read the sequence, refuse if it cannot. ``"window"``:
        assemble the maps from overlapping windows, which leaves pairs further apart than a window
        NaN (see `protvis.inference.windows`).

    Returns
    -------
    AttentionMaps
        float32 ``values`` (layer, head, query, key) over residues only.

    Raises
    ------
    AttentionMemoryError
        Before anything is computed, if the result would not fit into memory.
    SequenceError
        If the model cannot read the sequence.
    LabelError
        If there is no such layer or head.

    Warns
    -----
    ModelWarning
        If the sequence is longer than those the model was trained on.

    Examples
    --------
    >>> import protvis as pv
    >>> maps = pv.compute_attention("mini", "IVGGYTCGANTVPYQVSLN")
    >>> maps.values.shape
    (5, 8, 19, 19)
    """
    if long not in LONG:
        raise SequenceError(f"long must be one of {', '.join(LONG)}, got {long!r}")
    if len(getattr(sequence_or_chain, "chains", ())) > 1:
        if long != "error":
            raise SequenceError("windows cover single chains, not several joined")
        return compute_complex_attention(model, sequence_or_chain, layers=layers, heads=heads)
    protein = read_protein(model, sequence_or_chain, any_length=long == "window")
    model, sequence, read = protein.model, protein.text, protein.sequence
    layer_positions, head_positions = model.positions(layers, heads)
    n = len(read)
    check_fits(len(layer_positions), len(head_positions), n)
    values = np.empty((len(layer_positions), len(head_positions), n, n), dtype=np.float32)
    special_mass = np.empty(values.shape[:3], dtype=np.float32)
    layer_labels = [layer + 1 for layer in layer_positions]
    head_labels = [head + 1 for head in head_positions]
    size = model.trained_residues or model.max_residues
    provenance = {**model.provenance, "date": date_now()}
    if long == "window" and size is not None and n > size:
        fill_from_windows(model, sequence, n, size, layer_labels, head_labels, values, special_mass)
        provenance["window"] = size
        notice = model.notice
    else:
        warn_beyond_training(model, n)
        notice = model.notice_for(n)
        place = {layer: index for index, layer in enumerate(layer_positions)}

        def keep(layer: int, block: NDArray[Any], special: NDArray[Any]) -> None:
            values[place[layer]] = block
            special_mass[place[layer]] = special

        model.capture(sequence, keep, layers=layer_labels, heads=head_labels)
    return AttentionMaps(
        values,
        special_mass,
        layers=layer_labels,
        heads=head_labels,
        sequence=read,
        residue_labels=protein.labels,
        chain=protein.chain,
        n_heads=model.n_heads,
        provenance=provenance,
        notice=notice,
    )
