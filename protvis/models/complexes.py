"""Several chains joined into one sequence, so that a model can attend from one to another.

Protein language models were trained on single chains. Attention between joined chains shows what
they make of them; it does not prove that they know the complex.
"""

from __future__ import annotations

from collections.abc import Sequence

from protvis.checks import check_whole_number
from protvis.errors import OptionError, SequenceError
from protvis.models.family_table import LINKER, unbounded_families
from protvis.models.network import Network
from protvis.models.tokens import Tokens, encode_chains

__all__ = ["tokenize_chains"]

_LARGEST_GAP = 100_000
"""Rotary positions are computed in float32, which cannot tell much larger ones apart."""


def tokenize_chains(
    network: Network, sequences: Sequence[str], *, linker: str, position_gap: int
) -> Tokens:
    """Return the tokens of chains joined by a linker.

    Raises
    ------
    SequenceError
        If there are no chains, or the model cannot read one of them, or all of them at once.
    OptionError
        If the model cannot read the linker, or be told positions.
    """
    if isinstance(sequences, str) or not len(sequences):
        raise SequenceError(f"expected the sequences of chains, at least one, got {sequences!r}")
    cleaned = []
    for number, sequence in enumerate(sequences, 1):
        try:
            cleaned.append(network.check_sequence(sequence, any_length=True))
        except SequenceError as error:
            raise SequenceError(f"chain {number} of {len(sequences)}: {error}") from error
    n_linker = _check_linker(network, linker)
    n_positions = sum(map(len, cleaned)) + (len(cleaned) - 1) * n_linker
    _check_gap(network, position_gap)
    n_positions += (len(cleaned) - 1) * position_gap
    if network.max_residues is not None and n_positions > network.max_residues:
        gap = f" and gaps of {position_gap} positions" if position_gap else ""
        raise SequenceError(
            f"{' + '.join(str(len(chain)) for chain in cleaned)} residues with linkers of "
            f"{n_linker}{gap} take {n_positions} positions and {network.name} has "
            f"{network.max_residues}: use fewer chains, a shorter linker, or a model without a "
            f"fixed length ({unbounded_families()})"
        )
    return encode_chains(
        sequences, network.family, network.tokenizer, linker=linker, position_gap=position_gap
    )


def _check_linker(network: Network, linker: str) -> int:
    """Return how many tokens a linker is."""
    end = network.family.chain_end
    if not isinstance(linker, str):
        raise OptionError(
            f"linker must be residues as text ({LINKER!r}, or '' for none), got {linker!r}"
        )
    if not linker or linker == end:
        return len(linker)
    try:
        read = network.check_sequence(linker, any_length=True)
    except SequenceError as error:
        also = f", or {end!r}, its token for the end of a chain" if end else ""
        raise OptionError(f"linker must be residues {network.name} reads{also}: {error}") from error
    return len(read)


def _check_gap(network: Network, position_gap: int) -> None:
    check_whole_number("position_gap", position_gap, 0, _LARGEST_GAP)
    if position_gap and not network.reads_positions:
        raise OptionError(
            f"{network.name} ({network.family.name}) counts positions itself, so chains cannot be "
            "set apart by a gap: use position_gap=0 and a linker"
        )
