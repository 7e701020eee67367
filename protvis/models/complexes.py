"""Several chains read as one sequence, so that a model can attend from one chain to another.

Language models of proteins were trained on single chains. What they attend to between chains that
are joined is theirs to show, and no proof that they know a complex.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from protvis.errors import ModelError, OptionError, SequenceError
from protvis.models.registry import FAMILIES, LINKER
from protvis.models.tokens import Tokens, encode_chains

if TYPE_CHECKING:
    from protvis.models.model import ProteinModel

__all__ = ["first_position", "reads_positions", "tokenize_chains"]

_PROBE = ("MKTAYIAKQR", "QISFVKSHFS")


def tokenize_chains(
    model: ProteinModel, sequences: Sequence[str], *, linker: str, position_gap: int
) -> Tokens:
    """Return the tokens of chains joined by a linker.

    Raises
    ------
    SequenceError
        If there are no chains, or the model cannot read one of them, or all of them at once.
    OptionError
        If the linker or the gap is none this model can read.
    """
    if isinstance(sequences, str) or not len(sequences):
        raise SequenceError(f"expected the sequences of chains, at least one, got {sequences!r}")
    cleaned = []
    for number, sequence in enumerate(sequences, 1):
        try:
            cleaned.append(model.check_sequence(sequence, any_length=True))
        except SequenceError as error:
            raise SequenceError(f"chain {number} of {len(sequences)}: {error}") from error
    n_linker = _check_linker(model, linker)
    n_positions = sum(map(len, cleaned)) + (len(cleaned) - 1) * n_linker
    _check_gap(model, position_gap)
    n_positions += (len(cleaned) - 1) * position_gap
    if model.max_residues is not None and n_positions > model.max_residues:
        gap = f" and gaps of {position_gap} positions" if position_gap else ""
        raise SequenceError(
            f"{' + '.join(str(len(chain)) for chain in cleaned)} residues with linkers of "
            f"{n_linker}{gap} take {n_positions} positions and {model.name} has "
            f"{model.max_residues}: use fewer chains, a shorter linker, or a model without a fixed "
            "length (ESM-2)"
        )
    return encode_chains(
        sequences, model.family, model.tokenizer, linker=linker, position_gap=position_gap
    )


def _check_linker(model: ProteinModel, linker: str) -> int:
    """Return how many tokens a linker is."""
    end = model.family.chain_end
    if not isinstance(linker, str):
        raise OptionError(
            f"linker must be residues as text ({LINKER!r}, or '' for none), got {linker!r}"
        )
    if not linker or linker == end:
        return len(linker)
    try:
        read = model.check_sequence(linker, any_length=True)
    except SequenceError as error:
        also = f", or {end!r}, its token for the end of a chain" if end else ""
        raise OptionError(f"linker must be residues {model.name} reads{also}: {error}") from error
    return len(read)


def _check_gap(model: ProteinModel, position_gap: int) -> None:
    whole = isinstance(position_gap, int | np.integer) and not isinstance(position_gap, bool)
    if not whole or position_gap < 0:
        raise OptionError(
            f"position_gap must be a whole number of positions (0 or more), got {position_gap!r}"
        )
    if position_gap and not model.reads_positions:
        raise OptionError(
            f"{model.name} ({model.family.name}) counts positions itself, so chains cannot be set "
            "apart by a gap: use position_gap=0 and a linker"
        )


def first_position(model: ProteinModel, config: Any) -> int:
    """Return the position of a model's first token: ESM's learned ones start after the padding."""
    learned = getattr(config, "position_embedding_type", "absolute") == "absolute"
    if model.family.limit == "after_padding" and learned:
        return int(config.pad_token_id) + 1
    return 0


def reads_positions(model: ProteinModel, network: Any) -> bool:
    """Return whether a model takes the positions it is given: tried out, not read off its class."""
    # Where positions of an architecture nobody described start is not known.
    if model.family.name not in FAMILIES:
        return False
    if "position_ids" not in inspect.signature(network.forward).parameters:
        return False
    found: list[torch.Tensor] = []
    for gap in (0, 1):
        tokens = encode_chains(_PROBE, model.family, model.tokenizer, linker="", position_gap=gap)
        try:
            model._run([tokens], [0], [0], lambda _, blocks, __: found.append(blocks[0]))
        except (ModelError, TypeError):
            return False
    return not torch.equal(*found)
