"""Where the residues of a PDB file stand in its SEQRES, which the format does not say.

gemmi aligns them, which is right unless neighbours are alike: of two alanines the alignment cannot
tell which is unobserved. REMARK 465, or else author numbers without a jump, can.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise

from protvis.structure.polymer import Position
from protvis.structure.seqres_rows import is_same_component

__all__ = ["places_by_number"]


def places_by_number(
    observed: Sequence[Position],
    full_sequence: Sequence[str],
    missing: Sequence[tuple[str, int, str]],
    letter_of: Callable[[str], str],
) -> list[int] | None:
    """Return the position in SEQRES, from 1, of each observed residue, None if it stays open.

    Parameters
    ----------
    observed : sequence of Position
        In order, with the position that an alignment gives.
    full_sequence : sequence of str
        Component names of SEQRES.
    missing : sequence of (str, int, str)
        Name, author number and insertion code of the unobserved residues the file lists, in order.
    letter_of : callable
        Returns the letter of a component.
    """
    if len(observed) + len(missing) == len(full_sequence):
        return _merged(observed, full_sequence, missing, letter_of)
    return _by_offset(observed, full_sequence, letter_of)


def _merged(
    observed: Sequence[Position],
    full_sequence: Sequence[str],
    missing: Sequence[tuple[str, int, str]],
    letter_of: Callable[[str], str],
) -> list[int] | None:
    """Merge observed and missing residues into SEQRES; of two that fit, the lower number leads."""
    places: list[int] = []
    at_missing = 0
    for place, name in enumerate(full_sequence, start=1):
        position = observed[len(places)] if len(places) < len(observed) else None
        absent = missing[at_missing] if at_missing < len(missing) else None
        fits_observed = position is not None and is_same_component(
            position.variants, name, letter_of
        )
        fits_missing = absent is not None and name == absent[0]
        if position is not None and absent is not None and fits_observed and fits_missing:
            is_observed = (position.number, position.insertion_code) < absent[1:]
        elif fits_observed or fits_missing:
            is_observed = fits_observed
        else:
            return None
        if is_observed:
            places.append(place)
        else:
            at_missing += 1
    return places


def _by_offset(
    observed: Sequence[Position], full_sequence: Sequence[str], letter_of: Callable[[str], str]
) -> list[int] | None:
    """Count along the author numbers, if that fits every residue."""
    if any(position.insertion_code for position in observed):
        return None
    offsets = Counter(
        position.label_seq - position.number
        for position in observed
        if position.label_seq is not None
    )
    if not offsets:
        return None
    (offset, _), *_ = offsets.most_common(1)
    places = [position.number + offset for position in observed]
    fit = all(
        1 <= place <= len(full_sequence)
        and is_same_component(position.variants, full_sequence[place - 1], letter_of)
        for place, position in zip(places, observed, strict=True)
    )
    rises = all(before < after for before, after in pairwise(places))
    return places if fit and rises else None
