"""Protein chains found by their bonds, for files whose ids and order do not tell them.

Residues are taken in the order of the file. Those with N, Cα and C, and amino acids by name, are
strung along their C–N bonds into pieces; pieces under one chain id make one chain, unless their
numbers collide, or a segment id, an entity, or (without chain ids) a TER record or numbers that
start again part them. What is left is no part of a protein.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from protvis.errors import StructureError
from protvis.input_file import whole_number
from protvis.structure.backbone import STRAY_BOND, bonds_between
from protvis.structure.breaks import PEPTIDE_BOND
from protvis.structure.chain_ids import free_ids
from protvis.structure.components import is_amino_acid
from protvis.structure.files.atom_table import AtomTable
from protvis.structure.force_field_names import WATERS
from protvis.structure.polymer import ONE_PLACE

__all__ = ["FoundChain", "Site", "find_chains"]

_CALPHA_STEP = 4.2
"""Å between Cα of neighbours, where there are no N and C."""
_RECENT = 50
"""How many chains of one id a piece is tried on, latest first."""


@dataclass
class Site:
    """The atoms at one position of the file: a residue, or the several that share a number.

    Attributes
    ----------
    rows : list of int
        Rows of the table.
    chain_id, segment, part, asym, entity, name, number, code
        As the table has them; `part` counts TER records.
    n, ca, c : int
        Rows of the first atoms of these names, −1 where there are none.
    """

    chain_id: str
    segment: str
    part: int
    asym: str
    entity: str
    name: str
    number: str
    code: str
    is_hetero: bool
    rows: list[int] = field(default_factory=list)
    n: int = -1
    ca: int = -1
    c: int = -1

    @property
    def key(self) -> tuple[str, str]:
        """Number and insertion code."""
        return self.number, self.code

    @property
    def label(self) -> str:
        """Name, number and insertion code, as in a residue's label."""
        return f"{self.name}{self.number}{self.code}"


@dataclass
class FoundChain:
    """A protein chain: its id in the file, the id it has now, and its sites in order."""

    file_id: str
    sites: list[Site]
    chain_id: str = ""

    @property
    def where(self) -> str:
        """Its first and last residue."""
        return f"{self.sites[0].label}–{self.sites[-1].label}"


def find_chains(table: AtomTable, origin: str) -> tuple[list[FoundChain], list[Site], list[str]]:
    """Return the protein chains, all other sites but waters, and what to warn of."""
    xyz = _coordinates(table, origin)
    sites = _sites(table, xyz)
    pieces = list(_pieces([site for site in sites if _is_candidate(site)], xyz))
    chains: list[FoundChain] = []
    by_id: dict[str, list[_Group]] = {}
    for piece in sorted(pieces, key=lambda piece: min(site.rows[0] for site in piece)):
        groups = by_id.setdefault(piece[0].chain_id, [])
        recent = reversed(groups[-_RECENT:])
        fitting = next((group for group in recent if group.goes_on_with(piece)), None)
        if fitting is None:
            fitting = _Group()
            groups.append(fitting)
        fitting.add(piece)
    for file_id, groups in by_id.items():
        for group in groups:
            kept = group.residues()
            if sum(site.ca >= 0 for site in kept) >= 2:
                chains.append(FoundChain(file_id, kept))
    chains.sort(key=lambda chain: min(site.rows[0] for site in chain.sites))
    inside = {id(site) for chain in chains for site in chain.sites}
    others = [site for site in sites if id(site) not in inside]
    remarks = [*_named(chains, {site.chain_id for site in sites}), *_reordered(chains)]
    return chains, others, remarks


def _coordinates(table: AtomTable, origin: str) -> NDArray[np.float64]:
    try:
        axes = [np.array(table.columns[f"Cartn_{axis}"], dtype=float) for axis in "xyz"]
    except ValueError as error:
        raise StructureError(f"{origin} has a coordinate that is not a number ({error})") from None
    return np.stack(axes, axis=1)


def _sites(table: AtomTable, xyz: NDArray[np.float64]) -> list[Site]:
    """Return the sites in the order of the file; waters are left out."""
    columns = table.columns
    sites: list[Site] = []
    # Alternate locations of a residue may stand apart from each other.
    alternates: dict[tuple[Any, ...], Site] = {}
    last: tuple[Any, ...] | None = None
    run: list[int] = []
    keys = zip(
        columns["auth_asym_id"], table.segments, table.parts, columns["label_asym_id"],
        columns["label_entity_id"], columns["label_comp_id"], columns["auth_seq_id"],
        columns["pdbx_PDB_ins_code"], strict=True,
    )  # fmt: skip
    names, altlocs = columns["label_atom_id"], columns["label_alt_id"]
    unmarked: set[str] = set()
    for row, key in enumerate(keys):
        # Neighbours of the same name and number have an atom of a name twice.
        if key != last or names[row] in unmarked:
            if run and last is not None:
                _add(sites, alternates, last, run, columns, xyz)
            last, run, unmarked = key, [], set()
        run.append(row)
        if not altlocs[row]:
            unmarked.add(names[row])
    if run and last is not None:
        _add(sites, alternates, last, run, columns, xyz)
    return sites


def _add(
    sites: list[Site],
    alternates: dict[tuple[Any, ...], Site],
    key: tuple[Any, ...],
    rows: list[int],
    columns: dict[str, list[str]],
    xyz: NDArray[np.float64],
) -> None:
    chain_id, segment, part, asym, entity, name, number, code = key
    if name.upper() in WATERS:
        return
    names = [columns["label_atom_id"][row] for row in rows]
    altlocs = [columns["label_alt_id"][row] for row in rows]
    place = (chain_id, segment, part, number, code)
    known = alternates.get(place)
    before = sites[-1] if sites else None
    if known is None and before is not None and name == before.name and "CA" not in names:
        # The rest of the residue before, parted by a segment id or the like.
        there = {columns["label_atom_id"][row] for row in before.rows}
        if (before.chain_id, *before.key) == (chain_id, number, code) and there.isdisjoint(names):
            known = before
    if known is None and before is not None and before.ca >= 0 and "CA" in names:
        # Two residues in one place are alternates that lost their mark.
        step = xyz[rows[names.index("CA")]] - xyz[before.ca]
        if (before.chain_id, *before.key) == (
            chain_id,
            number,
            code,
        ) and step @ step < ONE_PLACE**2:
            known = before
    if known is not None and (known is before or all(altlocs)):
        known.rows += rows
        return
    site = Site(
        chain_id, segment, part, asym, entity, name, number, code,
        columns["group_PDB"][rows[0]] == "HETATM", list(rows),
    )  # fmt: skip
    for row, atom in zip(reversed(rows), reversed(names), strict=True):
        if atom in ("N", "CA", "C"):
            setattr(site, atom.lower(), row)
    sites.append(site)
    if any(altlocs):
        alternates[place] = site


def _is_candidate(site: Site) -> bool:
    return site.ca >= 0 and ((site.n >= 0 and site.c >= 0) or is_amino_acid(site.name))


def _pieces(sites: Sequence[Site], xyz: NDArray[np.float64]) -> Iterator[list[Site]]:
    """Yield stretches of bonded sites, each in the order of its bonds."""
    following = _bonds(sites, xyz)
    preceded = set(following.values())
    done: set[int] = set()
    # A ring has no first residue; it begins where the file does.
    for start in [*(at for at in range(len(sites)) if at not in preceded), *range(len(sites))]:
        at: int | None = start
        piece = []
        while at is not None and at not in done:
            done.add(at)
            piece.append(sites[at])
            at = following.get(at)
        if piece:
            yield piece


def _bonds(sites: Sequence[Site], xyz: NDArray[np.float64]) -> dict[int, int]:
    """Return which site follows which: by C–N bonds anywhere, else in the order of the file."""
    n, ca, c = (_places(sites, name, xyz) for name in ("n", "ca", "c"))
    following: dict[int, int] = {}
    nearest: dict[int, list[int]] = {}
    into: dict[int, list[int]] = {}
    for first, second in bonds_between(c, n, STRAY_BOND).tolist():
        if first != second and sites[first].chain_id == sites[second].chain_id:
            nearest.setdefault(first, []).append(second)
            into.setdefault(second, []).append(first)
    for first, seconds in nearest.items():
        if len(seconds) == 1 and len(into[seconds[0]]) == 1:
            following[first] = seconds[0]
        elif first + 1 in seconds:
            # Chains that lie over each other: the order of the file decides.
            following[first] = first + 1
    taken = set(following.values())
    for first in range(len(sites) - 1):
        second = first + 1
        if first in following or second in taken:
            continue
        if sites[first].chain_id != sites[second].chain_id:
            continue
        bond, step = np.linalg.norm(n[second] - c[first]), np.linalg.norm(ca[second] - ca[first])
        if bond < PEPTIDE_BOND or (np.isnan(bond) and step < _CALPHA_STEP):
            following[first] = second
    return following


def _places(sites: Sequence[Site], name: str, xyz: NDArray[np.float64]) -> NDArray[np.float64]:
    rows = np.array([getattr(site, name) for site in sites], dtype=np.intp)
    places = np.full((len(rows), 3), np.nan)
    places[rows >= 0] = xyz[rows[rows >= 0]]
    return places


class _Group:
    """Pieces that make one chain."""

    def __init__(self) -> None:
        self._pieces: list[list[Site]] = []
        self._keys: set[tuple[str, str]] = set()

    def add(self, piece: list[Site]) -> None:
        """Take in one more piece."""
        self._pieces.append(piece)
        self._keys.update(site.key for site in piece)

    def goes_on_with(self, piece: Sequence[Site]) -> bool:
        """Return whether a piece may be the next of the chain."""
        if any(site.key in self._keys for site in piece):
            return False
        last, first = self._pieces[-1][-1], piece[0]
        if last.segment and first.segment and last.segment != first.segment:
            return False
        if last.entity and first.entity and (last.entity, last.asym) != (first.entity, first.asym):
            return False
        if first.chain_id:
            return True
        before, after = whole_number(last.number), whole_number(first.number)
        starts_again = before is not None and after is not None and after <= before
        return last.part == first.part and not starts_again

    def residues(self) -> list[Site]:
        """Return the residues in order, without amino acids that stand free beside the chain."""
        numbers = [
            whole_number(site.number) for piece in self._pieces if len(piece) > 1 for site in piece
        ]
        known = [number for number in numbers if number is not None]
        low, high = (min(known), max(known)) if known else (0, 0)
        return [
            site
            for piece in self._pieces
            for site in piece
            if len(piece) > 1 or _may_stand_alone(site, low, high)
        ]


def _may_stand_alone(site: Site, low: int, high: int) -> bool:
    if not is_amino_acid(site.name):
        return False
    number = whole_number(site.number)
    return not site.is_hetero or (number is not None and low < number < high)


def _named(chains: Sequence[FoundChain], file_ids: Iterable[str]) -> Iterator[str]:
    """Give each chain an id of its own; say which ids stood for several chains."""
    taken = {file_id for file_id in file_ids if file_id}
    free = free_ids(taken)
    by_id: dict[str, list[FoundChain]] = {}
    for chain in chains:
        by_id.setdefault(chain.file_id, []).append(chain)
    for file_id, same in by_id.items():
        segments = [chain.sites[0].segment for chain in same]
        if len(same) > 1 and all(segments) and len({*segments}) == len(same):
            names = iter(
                [name if name not in taken - {file_id} else next(free) for name in segments]
            )
        else:
            names = iter([file_id] if file_id else [])
        for chain in same:
            chain.chain_id = next(names, None) or next(free)
            taken.add(chain.chain_id)
        if len(same) > 1:
            listed = ", ".join(f"{chain.where} is chain {chain.chain_id}" for chain in same[:6])
            more = f" and {len(same) - 6} more" if len(same) > 6 else ""
            what = f"the id {file_id!r} stands for" if file_id else "there are no chain ids for"
            yield f"{what} {len(same)} chains, told apart by bonds and numbers: {listed}{more}"


def _reordered(chains: Sequence[FoundChain]) -> Iterator[str]:
    for chain in chains:
        rows = [site.rows[0] for site in chain.sites]
        moved = [at for at in range(1, len(rows)) if rows[at] < rows[at - 1]]
        if moved:
            at = moved[0]
            yield (
                f"the residues of chain {chain.chain_id} are not in the order of the chain; they "
                f"are read along the bonds C–N, {chain.where} (as {chain.sites[at].label} after "
                f"{chain.sites[at - 1].label})"
            )
