"""Attention between chains: several chains read as one sequence, mapped as one run of residues."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from protvis.attention.maps import AttentionMaps
from protvis.dates import date_now
from protvis.errors import LabelError, SequenceError
from protvis.inference.training_range import warn_beyond_training
from protvis.keywords import check_keywords
from protvis.memory import check_fits
from protvis.models.family_table import LINKER
from protvis.models.model_argument import as_model

if TYPE_CHECKING:
    from protvis.models import ProteinModel
    from protvis.structure import Chain, JoinedChains, Structure

__all__ = ["compute_complex_attention"]

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@check_keywords
def compute_complex_attention(
    model: ProteinModel | str | PathLike[str],
    complex_: Structure | JoinedChains | Sequence[Chain] | Sequence[str],
    *,
    chains: Sequence[str] | None = None,
    linker: str = LINKER,
    position_gap: int = 0,
    layers: Sequence[int] | None = None,
    heads: Sequence[int] | None = None,
) -> AttentionMaps:
    """Compute attention within and between chains that a model reads as one sequence.

    Most models were trained on single chains, so treat their attention between chains as a
    hypothesis, not as evidence. The linker is read and then removed; rows are not renormalised.

    Parameters
    ----------
    model : ProteinModel, str or path
        A loaded model, or a name or directory for `protvis.load_model`.
    complex_ : Structure, JoinedChains, or sequence of Chain or of str
        Chains are assumed to come from one structure, so that distances and contacts between them
        have a meaning; for chains that do not, give the sequences. Plain sequences are named A, B,
        … in order.
    chains : sequence of str, optional
        Which chains of a structure to use, in this order; all when None.
    linker : str, default 25 × Gly
        What to put between chains: residues, ``""`` for nothing, or the family's own token for the
        end of a chain (``"|"``, ESM C).
    position_gap : int, default 0
        How many positions further on the next chain starts, for models that accept positions.
    layers, heads : sequence of int, optional
        Labels, counting from 1; all when None.

    Returns
    -------
    AttentionMaps
        Over the residues of all chains, one chain after the other; ``offsets`` and ``chain_of`` say
        which chain each belongs to, ``chain`` is a `JoinedChains` (None for plain sequences),
        ``special_mass`` includes the attention on linkers; the provenance records linker and gap.

    Raises
    ------
    LabelError
        If there is no such chain, layer or head.
    SequenceError
        If the model cannot read a chain, or not all of them at once.
    OptionError
        If the model cannot read the linker, or does not accept positions.
    AttentionMemoryError
        If the result would not fit into memory.

    Examples
    --------
    >>> import protvis
    >>> from protvis.data import EXAMPLES
    >>> from protvis.structure import join_chains
    >>> urokinase = protvis.load_structure(EXAMPLES[1])
    >>> chains = join_chains([urokinase.chain("U"), urokinase.chain("P")])
    >>> protvis.compute_complex_attention("mini", chains)
    <AttentionMaps: 5 layers × 8 heads over 257 residues>
    """
    joined, sequences = _chains_of(complex_, chains)
    model = as_model(model)
    options: dict[str, Any] = {"linker": linker, "position_gap": position_gap}
    tokens = model.tokenize_complex(sequences, **options)
    read = tokens.sequence
    if joined is not None and len(read) != joined.n_residues:
        raise SequenceError(
            f"the chains have {joined.n_residues} residues and the model reads {len(read)} letters "
            "of their sequences: expected one letter for each residue"
        )
    layer_positions, head_positions = model.positions(layers, heads)
    n = len(read)
    check_fits(len(layer_positions), len(head_positions), n)
    values = np.empty((len(layer_positions), len(head_positions), n, n), dtype=np.float32)
    special_mass = np.empty(values.shape[:3], dtype=np.float32)
    place = {layer: index for index, layer in enumerate(layer_positions)}

    def keep(layer: int, block: NDArray[Any], special: NDArray[Any]) -> None:
        values[place[layer]] = block
        special_mass[place[layer]] = special

    between = len(sequences) - 1
    n_positions = len(read) + between * (model.linker_length(linker) + position_gap)
    warn_beyond_training(model, n_positions, len(sequences))
    model.capture_complex(sequences, keep, layers=layers, heads=heads, **options)
    cleaned = [model.check_sequence(sequence, any_length=True) for sequence in sequences]
    return AttentionMaps(
        values,
        special_mass,
        layers=[layer + 1 for layer in layer_positions],
        heads=[head + 1 for head in head_positions],
        sequence=read,
        residue_labels=_letter_labels(cleaned) if joined is None else joined.residue_labels,
        chain=joined,
        n_heads=model.n_heads,
        provenance={
            **model.provenance,
            "date": date_now(),
            "chains": None if joined is None else [chain.chain_id for chain in joined.chains],
            **options,
        },
        notice=model.notice_for(n_positions, len(sequences)),
        offsets=np.cumsum([0, *map(len, cleaned[:-1])]).tolist(),
    )


def _chains_of(
    complex_: Any, chain_ids: Sequence[str] | None
) -> tuple[JoinedChains | None, list[str]]:
    """Return the chains joined, where they are chains, and their sequences."""
    parts: list[Any]
    if hasattr(complex_, "chains") and hasattr(complex_, "chain"):
        wanted = list(complex_.chains) if chain_ids is None else list(chain_ids)
        parts = [complex_.chain(chain_id) for chain_id in wanted]
    elif chain_ids is not None:
        raise LabelError("chains= names chains of a structure: give the structure, or leave it out")
    elif hasattr(complex_, "chains"):
        parts = list(complex_.chains)
    else:
        one = isinstance(complex_, str) or not isinstance(complex_, Iterable)
        parts = [] if one else list(complex_)
    if parts and all(isinstance(part, str) for part in parts):
        return None, parts
    if not parts or not all(hasattr(part, "sequence") for part in parts):
        raise SequenceError(
            "expected a structure, or a list of chains or of sequences (all of one kind), got "
            f"{complex_!r:.60}"
        )
    from protvis.structure import join_chains

    joined = join_chains(parts)
    return joined, list(joined.sequences)


def _letter_labels(sequences: Sequence[str]) -> list[str]:
    """Return labels such as ``"B:M1"`` for plain sequences; past Z chains are numbered."""
    return [
        f"{_LETTERS[place] if place < len(_LETTERS) else place + 1}:{letter}{number}"
        for place, sequence in enumerate(sequences)
        for number, letter in enumerate(sequence, 1)
    ]
