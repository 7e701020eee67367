"""The rows of a chain's modelled sequence: its observed positions on those of SEQRES.

Rows are the positions of SEQRES (``entity_poly_seq``) where the file has it and it agrees with the
coordinates, so that residues without coordinates are there too; otherwise they are the residues
observed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from string import ascii_lowercase, ascii_uppercase

from protvis.structure.atoms import AtomColumns
from protvis.structure.components import UNKNOWN_LETTER, is_amino_acid, is_cap
from protvis.structure.polymer import Position

__all__ = ["is_same_component", "modelled_rows", "placed_on_sequence"]

_MISMATCH_LIMIT = 0.1


def modelled_rows(
    observed: Sequence[Position],
    full_sequence: Sequence[str],
    numbering: Callable[[Sequence[int]], dict[int, tuple[int, str]]],
    missing: Sequence[tuple[str, int, str]],
    atoms: AtomColumns,
    letter_of: Callable[[str], str],
) -> tuple[list[Position], list[Position], str]:
    """Return the rows of the modelled sequence, the caps taken out, and what is wrong with SEQRES.

    The last is "" unless SEQRES was set aside.

    Parameters
    ----------
    observed : sequence of Position
    full_sequence : sequence of str
        Component names of SEQRES, empty where the file has none.
    numbering : callable
        Returns author number and insertion code of positions in SEQRES, as far as the file states
        them.
    missing : sequence of (str, int, str)
        The unobserved residues the file lists, in order.
    atoms : AtomColumns
    letter_of : callable
        Returns the letter of a component; SEQRES is compared by letters, as programs rename
        residues (CYX) and leave SEQRES as it was.
    """
    refusal = _disagreement(observed, full_sequence, letter_of)
    if full_sequence and not refusal:
        rows = placed_on_sequence(observed, full_sequence, numbering, missing)
    else:
        rows = list(observed)
    if all(map(is_amino_acid, {row.name for row in rows})):
        return rows, [], refusal
    kept: list[Position] = []
    caps: list[Position] = []
    for row in rows:
        (caps if _is_cap(row, atoms) else kept).append(row)
    return kept, [cap for cap in caps if cap.atoms.size], refusal


def _disagreement(
    observed: Sequence[Position], full_sequence: Sequence[str], letter_of: Callable[[str], str]
) -> str:
    if not full_sequence:
        return ""
    places = [position.label_seq or 0 for position in observed]
    if places == list(range(1, len(full_sequence) + 1)) and (
        full_sequence == [position.name for position in observed]
    ):
        return ""
    if not all(places):
        return "some residues with coordinates are not in SEQRES"
    if any(after <= before for before, after in pairwise(places)):
        return "the residues with coordinates are not in the order of SEQRES"
    if places and not 1 <= places[0] <= places[-1] <= len(full_sequence):
        return "residues with coordinates lie beyond the end of SEQRES"
    different = sum(
        position.name != full_sequence[place - 1]
        and not is_same_component(position.variants, full_sequence[place - 1], letter_of)
        for position, place in zip(observed, places, strict=True)
    )
    if different > _MISMATCH_LIMIT * len(observed):
        return f"{different} of {len(observed)} residues with coordinates differ from SEQRES"
    return ""


def is_same_component(
    variants: Sequence[str], stated: str, letter_of: Callable[[str], str]
) -> bool:
    """Return whether one of the residues at a position is what SEQRES has there.

    The same by name, or by letter unless that is X; SEQRES may list several names, by commas.
    """
    names = stated.split(",")
    if not set(variants).isdisjoint(names):
        return True
    letters = {letter_of(name) for name in names} - {UNKNOWN_LETTER}
    return any(letter_of(name) in letters for name in variants)


def placed_on_sequence(
    observed: Sequence[Position],
    full_sequence: Sequence[str],
    numbering: Callable[[Sequence[int]], dict[int, tuple[int, str]]] = lambda _: {},
    missing: Sequence[tuple[str, int, str]] = (),
) -> list[Position]:
    """Return a position for every residue of a sequence: those observed, and the rest numbered.

    Parameters
    ----------
    observed : sequence of Position
        In order, each with its place (``label_seq``) in the sequence.
    full_sequence, numbering, missing
        As for `modelled_rows`.
    """
    by_place = {position.label_seq or 0: position for position in observed}
    absent = [place for place in range(1, len(full_sequence) + 1) if place not in by_place]
    names = {place: full_sequence[place - 1].split(",")[0] for place in absent}
    if not absent:
        return list(observed)
    numbers = numbering(absent)
    if not numbers and [names[place] for place in absent] == [name for name, _, _ in missing]:
        numbers = {
            place: (number, code) for place, (_, number, code) in zip(absent, missing, strict=True)
        }
    _count_on(numbers, absent, by_place)
    rows = []
    for place in range(1, len(full_sequence) + 1):
        if place in by_place:
            rows.append(by_place[place])
        else:
            name = names[place]
            rows.append(Position(name, *numbers[place], place, variants=(name,)))
    return rows


def _count_on(
    numbers: dict[int, tuple[int, str]], absent: Sequence[int], by_place: Mapping[int, Position]
) -> None:
    """Number the unobserved residues that have no number yet; no two residues share one.

    They count on from the residue before (the first ones back from the first observed), and where
    that would run into the residue after, they share a number under insertion codes.
    """
    taken = {(position.number, position.insertion_code) for position in by_place.values()}
    taken.update(numbers.values())
    first = min(by_place)
    observed = sorted(by_place)
    for place in absent:
        if place in numbers:
            continue
        if place < first:
            number = by_place[first].number - (first - place)
        else:
            before = by_place.get(place - 1)
            number = before.number if before is not None else numbers[place - 1][0]
            at = bisect_right(observed, place)
            after = observed[at] if at < len(observed) else None
            room = after is None or by_place[after].number - number >= after - place + 1
            number += room
        codes = ("", *ascii_uppercase, *ascii_lowercase)
        free = next((code for code in codes if (number, code) not in taken), "")
        numbers[place] = (number, free)
        taken.add((number, free))


def _is_cap(row: Position, atoms: AtomColumns) -> bool:
    if is_amino_acid(row.name):
        return False
    names = set(atoms.names[row.atoms].astype(str).tolist()) if row.atoms.size else None
    return is_cap(row.name, names)
