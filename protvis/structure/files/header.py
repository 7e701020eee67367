"""What a structure file says about itself: name, title, method, prediction, secondary structure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import gemmi

from protvis.input_file import whole_number
from protvis.structure.files.formats import ParsedFile

__all__ = [
    "SecondaryRange",
    "SequenceNumbering",
    "is_predicted",
    "method",
    "name",
    "secondary_ranges",
    "states_plddt",
    "title",
]

_PREDICTION = re.compile(
    r"\b(ALPHAFOLD|COLABFOLD|ESMFOLD|ROSETTAFOLD|OPENFOLD|OMEGAFOLD|BOLTZ|CHAI-1)\b", re.IGNORECASE
)
_ALPHAFOLD_FILE = re.compile(r"^(AF-[A-Z0-9]+-F\d+)-model_v\d+$")
_NO_ENTRY = {"", "XXXX", "."}
ResidueKey = tuple[int, str]


@dataclass(frozen=True)
class SecondaryRange:
    """A helix (``H``) or strand (``E``) as the file gives it, ends included.

    `helix_class` is the class number of PDB HELIX records (1 α, 3 π, 5 3₁₀, …).
    """

    chain_id: str
    first: ResidueKey
    last: ResidueKey
    kind: str
    helix_class: int = 1


def name(parsed: ParsedFile, stem: str) -> str:
    """Return the entry's id as the file gives it, else the file's own name."""
    entry = _information(parsed.structure, "_entry.id")
    if entry.strip().upper() not in _NO_ENTRY:
        return entry.strip()
    if stem:
        return _ALPHAFOLD_FILE.sub(r"\1", stem)
    block_name = parsed.structure.name.strip()
    return block_name or "structure"


def title(structure: gemmi.Structure) -> str:
    """Return the entry's title, "" where the file has none."""
    return _information(structure, "_struct.title")


def method(structure: gemmi.Structure) -> str:
    """Return the experimental method in capitals, "" where the file does not name one."""
    return _information(structure, "_exptl.method").upper()


def _information(structure: gemmi.Structure, tag: str) -> str:
    # gemmi's map of information has no `get`.
    value = structure.info[tag] if tag in structure.info else ""  # noqa: SIM401
    return " ".join(value.split()) if value not in ("?", ".") else ""


def is_predicted(parsed: ParsedFile) -> bool:
    """Return whether the file itself says that it is a predicted model.

    That is: a method "theoretical model", the model-archive categories of mmCIF (``ma_*``), or a
    predictor named in the title. B factors are never asked.
    """
    structure = parsed.structure
    stated = method(structure)
    if "THEORETICAL" in stated:
        return True
    if parsed.block is not None and any(
        parsed.block.find_values(f"_ma_qa_metric.{tag}") for tag in ("id", "name", "mode")
    ):
        return True
    return not stated and bool(_PREDICTION.search(title(structure)))


def states_plddt(parsed: ParsedFile) -> bool:
    """Return whether the file itself says that its B-factor column holds pLDDT.

    That is: a per-residue metric called pLDDT (``ma_qa_metric``), or a predictor that writes pLDDT
    there, named in the title of a file that names no experiment.
    """
    if parsed.block is not None:
        table = parsed.block.find("_ma_qa_metric.", ["name"])
        if any(gemmi.cif.as_string(row[0]).casefold() == "plddt" for row in table):
            return True
    return not method(parsed.structure) and bool(_PREDICTION.search(title(parsed.structure)))


def secondary_ranges(parsed: ParsedFile) -> list[SecondaryRange]:
    """Return the helices and strands of HELIX/SHEET or struct_conf/struct_sheet_range."""
    if parsed.block is not None:
        return _ranges_of_block(parsed.block)
    structure = parsed.structure
    ranges = [
        SecondaryRange(
            helix.start.chain_name,
            _key(helix.start.res_id.seqid),
            _key(helix.end.res_id.seqid),
            "H",
            max(1, helix.pdb_helix_class.value),
        )
        for helix in structure.helices
    ]
    ranges += [
        SecondaryRange(
            strand.start.chain_name,
            _key(strand.start.res_id.seqid),
            _key(strand.end.res_id.seqid),
            "E",
        )
        for sheet in structure.sheets
        for strand in sheet.strands
    ]
    return ranges


def _key(seqid: gemmi.SeqId) -> ResidueKey:
    return seqid.num if seqid.num is not None else 0, seqid.icode.strip()


_ENDS = (
    "beg_auth_asym_id", "beg_auth_seq_id", "?pdbx_beg_PDB_ins_code",
    "end_auth_seq_id", "?pdbx_end_PDB_ins_code",
)  # fmt: skip


def _ranges_of_block(block: gemmi.cif.Block) -> list[SecondaryRange]:
    # gemmi keeps the helices of struct_conf but not the strands that AlphaFold DB writes there.
    ranges: list[SecondaryRange | None] = []
    for row in block.find("_struct_conf.", [*_ENDS, "conf_type_id", "?pdbx_PDB_helix_class"]):
        conf_type = _plain(row[5]).upper()
        if conf_type.startswith("STRN"):
            kind = "E"
        # Polyproline helices are extended; they are not drawn or counted as helices.
        elif conf_type.startswith("HELX") and "_PP_" not in conf_type:
            kind = "H"
        else:
            continue
        ranges.append(_range_of(row, kind, whole_number(_optional(row, 6)) or 1))
    ranges += [_range_of(row, "E") for row in block.find("_struct_sheet_range.", list(_ENDS))]
    return [one for one in ranges if one is not None]


def _range_of(row: gemmi.cif.Table.Row, kind: str, helix_class: int = 1) -> SecondaryRange | None:
    """Return the range whose `_ENDS` are in a row, None where a number is missing."""
    first, last = whole_number(_plain(row[1])), whole_number(_plain(row[3]))
    if first is None or last is None:
        return None
    ends = (first, _optional(row, 2)), (last, _optional(row, 4))
    return SecondaryRange(_plain(row[0]), *ends, kind, helix_class)


def _optional(row: gemmi.cif.Table.Row, index: int) -> str:
    return _plain(row[index]) if row.has(index) else ""


def _plain(value: str) -> str:
    if value[:1] in ("'", '"', ";"):
        value = gemmi.cif.as_string(value)
    return "" if value in ("?", ".") else value


class SequenceNumbering:
    """Author numbers of the positions of SEQRES, where pdbx_poly_seq_scheme gives them."""

    def __init__(self, block: gemmi.cif.Block | None) -> None:
        self._block = block

    @cached_property
    def _table(self) -> gemmi.cif.Table | None:
        if self._block is None:
            return None
        columns = ["asym_id", "seq_id", "pdb_seq_num", "?pdb_ins_code"]
        table = self._block.find("_pdbx_poly_seq_scheme.", columns)
        return table if len(table) else None

    @cached_property
    def _first_rows(self) -> dict[str, int]:
        """The first row of each subchain."""
        if self._table is None:
            return {}
        asyms = list(self._table.column(0))
        # Backwards, so that the first stays.
        return {asyms[row]: row for row in range(len(asyms) - 1, -1, -1)}

    @cached_property
    def _by_subchain(self) -> dict[str, dict[int, ResidueKey]]:
        found: dict[str, dict[int, ResidueKey]] = {}
        table = self._table
        if table is None:
            return found
        asyms, places, numbers = (list(table.column(index)) for index in range(3))
        codes = list(table.column(3)) if table.has_column(3) else ["."] * len(asyms)
        for asym, place, number, code in zip(asyms, places, numbers, codes, strict=True):
            at, key = whole_number(place), _key_of(number, code)
            if at is not None and key is not None:
                found.setdefault(asym, {})[at] = key
        return found

    def of(self, subchain: str, places: Sequence[int]) -> dict[int, ResidueKey]:
        """Return (author number, insertion code) of positions in SEQRES of a subchain."""
        asym = gemmi.cif.quote(subchain)
        first, table = self._first_rows.get(asym), self._table
        if first is None or table is None:
            return {}
        asyms, seqs, numbers = (table.column(index) for index in range(3))
        codes = table.column(3) if table.has_column(3) else None
        found: dict[int, ResidueKey] = {}
        for place in places:
            # Nearly always one row follows the other; reading all of them takes long.
            row = first + place - 1
            if row >= len(table) or seqs[row] != str(place) or asyms[row] != asym:
                known = self._by_subchain.get(asym, {})
                return {place: known[place] for place in places if place in known}
            key = _key_of(numbers[row], codes[row] if codes is not None else ".")
            if key is not None:
                found[place] = key
        return found


def _key_of(written: str, code: str) -> ResidueKey | None:
    number = whole_number(written)
    if number is None:
        return None
    return number, "" if code in (".", "?") else gemmi.cif.as_string(code)
