"""What a structure file says about itself: name, title, method, prediction, secondary structure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

import gemmi

from protvis.structure.formats import ParsedFile

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
    value = dict(structure.info.items()).get(tag, "")
    return " ".join(value.split()) if value not in ("?", ".") else ""


def is_predicted(parsed: ParsedFile) -> bool:
    """Return whether the file itself says that it is a predicted model.

    That is: a method "theoretical model", the model-archive categories of mmCIF (``ma_*``), or a
    predictor named in the title. B factors are never asked.
    """
    structure = parsed.structure
    if "THEORETICAL" in method(structure):
        return True
    if parsed.block is not None and parsed.block.get_mmcif_category("_ma_qa_metric."):
        return True
    if method(structure):
        return False
    return bool(_PREDICTION.search(title(structure)))


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
    ranges: list[SecondaryRange] = []
    table = block.find("_struct_conf.", [*_ENDS, "conf_type_id", "?pdbx_PDB_helix_class"])
    for row in table:
        conf_type = _text(row, 5).upper()
        if conf_type.startswith("STRN"):
            kind = "E"
        # Polyproline helices are extended; they are not drawn or counted as helices.
        elif conf_type.startswith("HELX") and "_PP_" not in conf_type:
            kind = "H"
        else:
            continue
        ranges += _range(row, kind, _text(row, 6))
    for row in block.find("_struct_sheet_range.", list(_ENDS)):
        ranges += _range(row, "E", "")
    return ranges


def _range(row: gemmi.cif.Table.Row, kind: str, helix_class: str) -> list[SecondaryRange]:
    try:
        first, last = int(_text(row, 1)), int(_text(row, 3))
    except ValueError:
        return []
    number = int(helix_class) if helix_class.isdigit() else 1
    return [
        SecondaryRange(_text(row, 0), (first, _text(row, 2)), (last, _text(row, 4)), kind, number)
    ]


def _text(row: gemmi.cif.Table.Row, column: int) -> str:
    if not row.has(column):
        return ""
    value = gemmi.cif.as_string(row[column])
    return "" if value in ("?", ".") else value


class SequenceNumbering:
    """Author numbers of the positions of SEQRES, where pdbx_poly_seq_scheme gives them."""

    def __init__(self, block: gemmi.cif.Block | None) -> None:
        self._block = block

    @cached_property
    def _by_subchain(self) -> dict[str, dict[int, ResidueKey]]:
        found: dict[str, dict[int, ResidueKey]] = {}
        if self._block is None:
            return found
        columns = ["asym_id", "seq_id", "pdb_seq_num", "?pdb_ins_code"]
        table = self._block.find("_pdbx_poly_seq_scheme.", columns)
        if not len(table):
            return found
        asyms, places, numbers = (list(table.column(index)) for index in range(3))
        codes = list(table.column(3)) if table.has_column(3) else ["."] * len(asyms)
        for asym, place, number, code in zip(asyms, places, numbers, codes, strict=True):
            if place.isdigit() and number.lstrip("-").isdigit():
                key = (int(number), "" if code in (".", "?") else gemmi.cif.as_string(code))
                found.setdefault(gemmi.cif.as_string(asym), {})[int(place)] = key
        return found

    def of(self, subchain: str) -> dict[int, ResidueKey]:
        """Return position in SEQRES → (author number, insertion code) of a subchain."""
        return self._by_subchain.get(subchain, {})
