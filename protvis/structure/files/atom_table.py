"""The atoms of one model in the order of the file, from PDB text or an mmCIF block.

gemmi sorts residues into chains by id and number as it reads. Where ids repeat, are missing, or
mean something else, that joins what the file keeps apart; then the atoms are read from here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import gemmi

from protvis.structure.force_field_names import RESIDUES, WATERS

__all__ = ["ATOM_COLUMNS", "AtomTable", "atoms_of_block", "atoms_of_pdb", "has_long_names"]

ATOM_COLUMNS = (
    "group_PDB", "id", "type_symbol", "label_atom_id", "label_alt_id", "label_comp_id",
    "label_asym_id", "label_entity_id", "label_seq_id", "pdbx_PDB_ins_code", "Cartn_x", "Cartn_y",
    "Cartn_z", "occupancy", "B_iso_or_equiv", "auth_seq_id", "auth_asym_id", "pdbx_PDB_model_num",
)  # fmt: skip
"""Columns of ``_atom_site`` that are read, in the order in which they are written here."""


@dataclass
class AtomTable:
    """Atoms in the order of the file, one list for each column.

    Attributes
    ----------
    columns : dict of str to list of str
        The columns of ``_atom_site``, with "" for what is missing, unquoted.
    segments : list of str
        Segment ids of PDB text; "" in mmCIF.
    parts : list of int
        How many TER records come before each atom.
    """

    columns: dict[str, list[str]]
    segments: list[str] = field(default_factory=list)
    parts: list[int] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.columns["id"])


def atoms_of_block(block: gemmi.cif.Block, model: int) -> AtomTable:
    """Return the atoms of a model, counted from 1, of a block with an ``_atom_site`` table."""
    table = block.find_mmcif_category("_atom_site.")
    names = {tag.partition(".")[2].lower(): index for index, tag in enumerate(table.tags)}

    def column(name: str, instead: str = "") -> list[str]:
        for candidate in (name, instead):
            if candidate.lower() in names:
                values = list(table.column(names[candidate.lower()]))
                known = {value: _plain(value) for value in set(values)}
                return [known[value] for value in values]
        return [""] * len(table)

    columns = {name: column(name, _INSTEAD.get(name, "")) for name in ATOM_COLUMNS}
    numbers = columns["pdbx_PDB_model_num"]
    wanted = list(dict.fromkeys(numbers))[model - 1]
    kept = [row for row, number in enumerate(numbers) if number == wanted]
    if len(kept) < len(numbers):
        columns = {name: [values[row] for row in kept] for name, values in columns.items()}
    return AtomTable(columns, [""] * len(kept), [0] * len(kept))


_INSTEAD = {
    "label_atom_id": "auth_atom_id", "label_comp_id": "auth_comp_id",
    "auth_seq_id": "label_seq_id", "auth_asym_id": "label_asym_id",
}  # fmt: skip


def _plain(value: str) -> str:
    return "" if value in ("?", ".") else gemmi.cif.as_string(value)


_ATOM_OR_END = re.compile(rb"^(?:ATOM  |HETATM|TER|MODEL |ENDMDL)[^\n]*", re.MULTILINE)
_ATOM = re.compile(rb"^(?:ATOM  |HETATM)[^\n]*", re.MULTILINE)
_COLUMN_21 = re.compile(rb"^(?:ATOM  |HETATM)[^\n]{14}[^\n ]", re.MULTILINE)
_HYBRID_36 = re.compile(r"[A-Za-z][0-9A-Za-z]{3}")


def atoms_of_pdb(text: bytes, model: int) -> AtomTable:
    """Return the atoms of a model, counted from 1, of PDB text.

    Columns of `AtomTable` that PDB text does not have are "".
    """
    lines: list[str] = []
    parts: list[int] = []
    part, n_models, is_wanted = 0, 0, model == 1
    for match in _ATOM_OR_END.finditer(text):
        line = match.group()
        if line.startswith((b"ATOM", b"HETATM")):
            if is_wanted:
                lines.append(line.decode("ascii", "replace").ljust(80))
                parts.append(part)
        elif line.startswith(b"TER"):
            part += 1
        elif line.startswith(b"MODEL"):
            n_models += 1
            is_wanted = n_models == model
    names = _residue_names(lines)
    stem = [line[:66] for line in lines]
    columns: dict[str, list[str]] = {name: [""] * len(lines) for name in ATOM_COLUMNS}
    columns |= {
        "group_PDB": [line[:6].strip() for line in stem],
        "id": [str(row + 1) for row in range(len(lines))],
        "type_symbol": [_element(line) for line in lines],
        "label_atom_id": [line[12:16].strip() for line in stem],
        "label_alt_id": [line[16].strip() for line in stem],
        "label_comp_id": names,
        "pdbx_PDB_ins_code": [line[26].strip() for line in stem],
        "Cartn_x": [line[30:38].strip() for line in stem],
        "Cartn_y": [line[38:46].strip() for line in stem],
        "Cartn_z": [line[46:54].strip() for line in stem],
        "occupancy": [line[54:60].strip() for line in stem],
        "B_iso_or_equiv": [line[60:66].strip() for line in stem],
        "auth_seq_id": [_number(line[22:26].strip()) for line in stem],
        "auth_asym_id": [
            line[20:22].strip() if len(name) < 4 else line[21].strip()
            for line, name in zip(stem, names, strict=True)
        ],
    }
    return AtomTable(columns, _segments(lines, columns), parts)


def has_long_names(text: bytes) -> bool:
    """Return whether PDB text has residue names of four letters."""
    if not _COLUMN_21.search(text):
        return False
    lines = [match.group().decode("ascii", "replace").ljust(80) for match in _ATOM.finditer(text)]
    return any(len(name) > 3 for name in _residue_names(lines))


def _residue_names(lines: Sequence[str]) -> list[str]:
    """Return the residue names of ATOM lines, of three letters or of four.

    Column 21 belongs to the name in files of GROMOS and CHARMM (``LYSH``, ``TIP3``), and to the
    chain id in some large ones (``AA``). It is of the name where it changes from one residue to the
    next while the chain and the numbers run on, or where the four letters are a known name.
    """
    short = [line[17:20].strip() for line in lines]
    if all(line[20] == " " for line in lines):
        return short
    found: list[tuple[str, int]] = []
    owner: list[int] = []
    last = ""
    for row, line in enumerate(lines):
        if line[17:27] != last:
            last = line[17:27]
            found.append((last, row))
        owner.append(len(found) - 1)
    is_long = [key[3] != " " and key[:4] in RESIDUES.keys() | WATERS for key, _ in found]
    for at, ((before, _), (after, _)) in enumerate(pairwise(found)):
        step = _as_int(after[5:9]) - _as_int(before[5:9])
        if before[3] != after[3] and before[4] == after[4] and 0 <= step <= 1:
            is_long[at] |= before[3] != " "
            is_long[at + 1] |= after[3] != " "
    return [
        line[17:21].strip() if is_long[place] else name
        for line, name, place in zip(lines, short, owner, strict=True)
    ]


def _as_int(field_: str) -> int:
    number = _number(field_.strip())
    return int(number) if number else 0


def _number(text: str) -> str:
    """Return an author number as decimal digits; those past 9999 are in hybrid-36."""
    if _HYBRID_36.fullmatch(text):
        # A000 is 10000 and follows 9999; a000 follows ZZZZ.
        first = 10 * 36**3 - 10_000 if text[0].isupper() else -16 * 36**3 - 10_000
        return str(int(text, 36) - first)
    return text if text.lstrip("-").isascii() and text.lstrip("-").isdigit() else ""


def _segments(lines: Sequence[str], columns: dict[str, list[str]]) -> list[str]:
    """Return the segment ids, all "" where what stands in their columns is none.

    A segment id is the same for all atoms of a residue, which charges and line numbers are not.
    """
    segments = [line[72:76].strip() for line in lines]
    keys = list(zip(columns["auth_asym_id"], columns["auth_seq_id"], columns["pdbx_PDB_ins_code"],
                    columns["label_comp_id"], strict=True))  # fmt: skip
    is_none = any(
        here != there and one == other
        for (one, here), (other, there) in pairwise(zip(keys, segments, strict=True))
    )
    return [""] * len(lines) if is_none else segments


def _element(line: str) -> str:
    stated = line[76:78].strip().capitalize()
    if stated.isalpha() and gemmi.Element(stated).atomic_number:
        return stated
    # A name that begins in the first of its columns has an element of two letters, or is long.
    name = line[12:16]
    letters = [letter for letter in name if letter.isalpha()]
    if name[0].isalpha() and len(name.strip()) < 4:
        element = name[:2].strip().capitalize()
        if gemmi.Element(element).atomic_number:
            return element
    return letters[0].upper() if letters else "X"
