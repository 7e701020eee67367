"""From a chain's records to the positions that have coordinates.

A file may list several residues at one position (microheterogeneity) and several places for one
atom (alternate locations); one of each is chosen here, by occupancy, and the choice is recorded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import gemmi
import numpy as np
from numpy.typing import NDArray

from protvis.structure.atoms import NO_NUMBER, AtomColumns

__all__ = ["ONE_PLACE", "Position", "observed_positions"]

# Any large odd number, to spread the codes of names.
_ODD = np.uint64(0x9E3779B97F4A7C15)
ONE_PLACE = 1.5
"""Å between the Cα of alternates; two residues that lost their mark lie as close."""
_NEIGHBOURS = 2.5
"""Å; Cα of neighbours in a chain are 2.9 (cis) or 3.8 apart."""


@dataclass(slots=True)
class Position:
    """One position of a chain: the residue chosen there and where its atoms are.

    Attributes
    ----------
    name, number, insertion_code : str, int, str
        As the author gives them.
    label_seq : int or None
        Position in SEQRES, from 1.
    atoms : (k,) int array
        Rows of `AtomColumns`; empty where unobserved.
    variants : tuple of str
        Names of all residues that share the position, the chosen one first.
    altloc : str
        The alternate location chosen, "" where there was no choice.
    """

    name: str
    number: int
    insertion_code: str
    label_seq: int | None = None
    atoms: NDArray[np.intp] = field(default_factory=lambda: np.empty(0, dtype=np.intp))
    variants: tuple[str, ...] = ()
    altloc: str = ""


@dataclass
class _Variant:
    name: str
    number: int
    code: str
    label_seq: int | None
    ranges: list[tuple[int, int]]

    def rows(self) -> NDArray[np.intp]:
        return np.concatenate([np.arange(start, stop) for start, stop in self.ranges])


def observed_positions(
    residues: Sequence[gemmi.Residue],
    starts: Sequence[int],
    stops: Sequence[int],
    atoms: AtomColumns,
    has_seqres: bool = True,
) -> list[Position]:
    """Return the positions that have coordinates.

    Parameters
    ----------
    residues : sequence of gemmi.Residue
        The polymer's residues.
    starts, stops : sequence of int
        The rows of each in `atoms`.
    atoms : AtomColumns
    has_seqres : bool
        Whether places in SEQRES (``label_seq_id``) mean anything; without it, residues that share
        a position may have one each.
    """
    found: list[Position | list[_Variant]] = []
    alternates: dict[tuple[int, str], list[_Variant]] = {}
    parts = _parts(residues, starts, stops, atoms)
    n_marked = (atoms.n_altlocs_before[parts.stops] - atoms.n_altlocs_before[parts.starts]).tolist()
    is_repeated = _repeats_a_name(parts, atoms)
    every_row = atoms.every_row
    numbers = atoms.numbers[parts.starts]
    if (
        not (any(n_marked) or any(is_repeated) or (numbers == NO_NUMBER).any())
        and (numbers[1:] != numbers[:-1]).all()
    ):
        # As most chains are: one place for each atom, one number for each residue.
        return [
            Position(name, number, code, place, every_row[start:stop], (name,))
            for name, number, code, place, start, stop in parts.each(atoms)
        ]
    for at, (name, number, code, place, start, stop) in enumerate(parts.each(atoms)):
        # A residue without an author number has its place for one.
        if number == NO_NUMBER:
            number = place or 0
        if not n_marked[at]:
            rows = every_row[start:stop]
            if is_repeated[at]:
                rows = _first_of_each(rows, atoms)
            last = found[-1] if found else None
            if (
                isinstance(last, Position)
                and last.number == number
                and _is_rest_of(last, name, code, rows, atoms)
            ):
                last.atoms = np.concatenate([last.atoms, rows])
                continue
            if isinstance(last, Position) and _lies_on(last, number, code, rows, atoms):
                _add_variant(last, name, rows, atoms)
                continue
            found.append(Position(name, number, code, place, rows, (name,)))
            continue
        # One residue in several places has an alternate location at every atom; a residue that
        # repeats a number without them is another residue (its insertion code was dropped).
        is_marked = n_marked[at] == stop - start
        known = alternates.get((number, code)) if is_marked else None
        if known is not None and (not has_seqres or _same_place(known[-1].label_seq, place)):
            same = next((variant for variant in known if variant.name == name), None)
            if same is None:
                known.append(_Variant(name, number, code, place, [(start, stop)]))
            else:
                same.ranges.append((start, stop))
            continue
        variants = [_Variant(name, number, code, place, [(start, stop)])]
        found.append(variants)
        if is_marked:
            alternates[number, code] = variants
    return [one if isinstance(one, Position) else _choose(one, atoms) for one in found]


def _is_rest_of(
    last: Position, name: str, code: str, rows: NDArray[np.intp], atoms: AtomColumns
) -> bool:
    """Return whether rows are more of the residue before, parted by a segment id or a blank."""
    if last.name != name or last.insertion_code != code:
        return False
    names = atoms.names[rows]
    return not (names == b"CA").any() and not np.isin(names, atoms.names[last.atoms]).any()


def _lies_on(
    last: Position, number: int, code: str, rows: NDArray[np.intp], atoms: AtomColumns
) -> bool:
    """Return whether rows are another residue in the place of the one before, without a mark."""
    if (last.number, last.insertion_code) != (number, code):
        return False
    calphas = [some[atoms.is_calpha[some]] for some in (last.atoms, rows)]
    if not all(calpha.size for calpha in calphas):
        return False
    step = atoms.xyz[calphas[0][0]] - atoms.xyz[calphas[1][0]]
    return bool(step @ step < ONE_PLACE**2)


def _add_variant(last: Position, name: str, rows: NDArray[np.intp], atoms: AtomColumns) -> None:
    """Add a residue to a position; it becomes the one chosen if it is occupied more."""
    if _calpha_occupancy(rows, atoms) > _calpha_occupancy(last.atoms, atoms):
        last.name, last.atoms, last.variants = name, rows, (name, *last.variants)
    else:
        last.variants = (*last.variants, name)


@dataclass(slots=True)
class _Parts:
    """Residues with their rows."""

    residues: Sequence[gemmi.Residue]
    starts: NDArray[np.intp]
    stops: NDArray[np.intp]

    def each(self, atoms: AtomColumns) -> Iterator[tuple[str, int, str, int | None, int, int]]:
        """Yield name, author number, insertion code, place in SEQRES, first row, row past last."""
        names = atoms.residue_names[self.starts].tolist()
        texts = {name: name.decode() for name in set(names)}
        codes = atoms.codes[self.starts].tolist()
        letters = {code: chr(code).strip() for code in set(codes)}
        return zip(
            [texts[name] for name in names],
            atoms.numbers[self.starts].tolist(),
            [letters[code] for code in codes],
            [residue.label_seq for residue in self.residues],
            self.starts.tolist(),
            self.stops.tolist(),
            strict=True,
        )


def _parts(
    residues: Sequence[gemmi.Residue],
    starts: Sequence[int],
    stops: Sequence[int],
    atoms: AtomColumns,
) -> _Parts:
    """Return the residues with atoms, those apart that the reader took for one.

    Neighbours of the same name and number (insertion codes dropped) arrive as one residue with two
    of every atom. Two Cα as far apart as neighbours' are two residues; closer, they are alternate
    locations that lost their mark.
    """
    firsts, ends = np.asarray(starts, dtype=np.intp), np.asarray(stops, dtype=np.intp)
    n_calphas = atoms.n_calphas_before[ends] - atoms.n_calphas_before[firsts]
    if (firsts < ends).all() and not (n_calphas > 1).any():
        return _Parts(residues, firsts, ends)
    bounds = []
    for residue, start, stop, n in zip(residues, starts, stops, n_calphas.tolist(), strict=True):
        if start == stop:
            continue
        if n < 2 or not _are_neighbours(start, stop, atoms):
            bounds.append((residue, start, stop))
            continue
        inner = start + np.flatnonzero(atoms.names[start:stop] == atoms.names[start])
        bounds += [(residue, *pair) for pair in pairwise([*inner.tolist(), stop])]
    return _Parts(
        [residue for residue, _, _ in bounds],
        np.array([start for _, start, _ in bounds], dtype=np.intp),
        np.array([stop for _, _, stop in bounds], dtype=np.intp),
    )


def _repeats_a_name(parts: _Parts, atoms: AtomColumns) -> list[bool]:
    """Return of each residue whether it may list an atom twice."""
    starts, stops = parts.starts, parts.stops
    lengths = stops - starts
    owner = np.repeat(np.arange(len(starts), dtype=np.uint64), lengths)
    if (starts[1:] == stops[:-1]).all():
        codes = atoms.name_codes[starts[0] : stops[-1]]
    else:
        # Row by row: how far into its residue, from where that starts.
        rows = np.arange(len(owner)) + np.repeat(starts - (np.cumsum(lengths) - lengths), lengths)
        codes = atoms.name_codes[rows]
    # Equal for the same name in the same residue, and else hardly ever.
    keys = codes * _ODD + owner
    repeated = np.zeros(len(parts.starts), dtype=bool)
    in_order = np.sort(keys)
    doubles = in_order[1:][in_order[1:] == in_order[:-1]]
    if doubles.size:
        repeated[owner[np.isin(keys, doubles)]] = True
    return repeated.tolist()


def _are_neighbours(start: int, stop: int, atoms: AtomColumns) -> bool:
    unmarked = (atoms.names[start:stop] == b"CA") & (atoms.altlocs[start:stop] == 0)
    calphas = atoms.xyz[start:stop][unmarked]
    steps = np.linalg.norm(np.diff(calphas, axis=0), axis=1)
    return bool(steps.size and (steps > _NEIGHBOURS).all())


def _same_place(first: int | None, second: int | None) -> bool:
    return first is None or second is None or first == second


def _choose(variants: list[_Variant], atoms: AtomColumns) -> Position:
    chosen = variants[0]
    if len(variants) > 1:
        chosen = max(variants, key=lambda variant: _calpha_occupancy(variant.rows(), atoms))
    rows, altloc = _one_location(chosen.rows(), atoms)
    names = (chosen.name, *(variant.name for variant in variants if variant is not chosen))
    return Position(chosen.name, chosen.number, chosen.code, chosen.label_seq, rows, names, altloc)


def _calpha_occupancy(rows: NDArray[np.intp], atoms: AtomColumns) -> float:
    calpha = rows[atoms.names[rows] == b"CA"]
    return float(atoms.occupancy[calpha if calpha.size else rows].max())


def _one_location(rows: NDArray[np.intp], atoms: AtomColumns) -> tuple[NDArray[np.intp], str]:
    """Return the rows of one alternate location, the one occupied most, and its name."""
    altlocs = atoms.altlocs[rows]
    # In file order, so that the first of equals wins.
    codes = list(dict.fromkeys(altlocs[altlocs != 0].tolist()))
    best = max(codes, key=lambda code: float(atoms.occupancy[rows[altlocs == code]].mean()))
    return _first_of_each(rows[(altlocs == 0) | (altlocs == best)], atoms), chr(best)


def _first_of_each(rows: NDArray[np.intp], atoms: AtomColumns) -> NDArray[np.intp]:
    """Return the rows without atoms listed again under the same name."""
    names = atoms.names[rows].tolist()
    if len(set(names)) == len(names):
        return rows
    first = {name: at for at, name in reversed(list(enumerate(names)))}
    return rows[sorted(first.values())]
