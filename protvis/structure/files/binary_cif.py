"""BinaryCIF: decoded by biotite, column by column, into the block that mmCIF text would give.

Of the readers in Python, Biopython 1.88 fails on five of six sound files and gemmi 0.7.5 reads
none; biotite 1.6.0 reads them all. Sizes stated in the file are checked before anything is decoded,
as a few bytes can claim a column of any length.
"""

from __future__ import annotations

from typing import Any

import gemmi
import numpy as np

from protvis.errors import StructureError
from protvis.structure.files.cif_columns import block_of_tables, quoted

__all__ = ["COLUMNS", "is_binary_cif", "read_binary_cif"]

_MAX_OBJECTS = 2_000_000
"""Lists and maps with their members; a file has a dozen for each of some hundred columns."""
_MAX_MEMBERS = 10_000
_MAX_ROWS = 20_000_000
"""More rows than any entry's atoms; the largest of the PDB has about 5 million."""

COLUMNS: dict[str, tuple[str, ...]] = {
    "entry": ("id",),
    "struct": ("title",),
    "exptl": ("method",),
    "atom_site": (
        "group_PDB", "id", "type_symbol", "label_atom_id", "label_alt_id", "label_comp_id",
        "label_asym_id", "label_entity_id", "label_seq_id", "pdbx_PDB_ins_code", "Cartn_x",
        "Cartn_y", "Cartn_z", "occupancy", "B_iso_or_equiv", "auth_seq_id", "auth_comp_id",
        "auth_asym_id", "pdbx_PDB_model_num",
    ),
    "entity": ("id", "type", "pdbx_description"),
    "entity_poly": ("entity_id", "type", "pdbx_strand_id"),
    "entity_poly_seq": ("entity_id", "num", "mon_id", "hetero"),
    "struct_asym": ("id", "entity_id"),
    "pdbx_poly_seq_scheme": ("asym_id", "seq_id", "mon_id", "pdb_seq_num", "pdb_ins_code"),
    "struct_conf": (
        "conf_type_id", "id", "pdbx_PDB_helix_class",
        "beg_label_comp_id", "beg_label_asym_id", "beg_label_seq_id", "pdbx_beg_PDB_ins_code",
        "end_label_comp_id", "end_label_asym_id", "end_label_seq_id", "pdbx_end_PDB_ins_code",
        "beg_auth_asym_id", "beg_auth_seq_id", "end_auth_asym_id", "end_auth_seq_id",
    ),
    "struct_sheet_range": (
        "sheet_id", "id", "beg_auth_asym_id", "beg_auth_seq_id", "pdbx_beg_PDB_ins_code",
        "end_auth_asym_id", "end_auth_seq_id", "pdbx_end_PDB_ins_code",
    ),
    "pdbx_struct_mod_residue": (
        "id", "auth_asym_id", "auth_comp_id", "auth_seq_id", "PDB_ins_code", "label_asym_id",
        "label_comp_id", "label_seq_id", "parent_comp_id", "details",
    ),
    "struct_conn": (
        "id", "conn_type_id", "ptnr1_auth_asym_id", "ptnr1_auth_comp_id", "ptnr1_auth_seq_id",
        "ptnr1_label_asym_id", "ptnr1_label_comp_id", "ptnr1_label_seq_id", "ptnr1_label_atom_id",
        "pdbx_ptnr1_label_alt_id", "pdbx_ptnr1_PDB_ins_code", "ptnr1_symmetry",
        "ptnr2_auth_asym_id", "ptnr2_auth_comp_id", "ptnr2_auth_seq_id",
        "ptnr2_label_asym_id", "ptnr2_label_comp_id", "ptnr2_label_seq_id", "ptnr2_label_atom_id",
        "pdbx_ptnr2_label_alt_id", "pdbx_ptnr2_PDB_ins_code", "ptnr2_symmetry", "pdbx_dist_value",
    ),
    "struct_site": ("id", "details"),
    "struct_site_gen": (
        "site_id", "auth_asym_id", "auth_comp_id", "auth_seq_id", "pdbx_auth_ins_code",
    ),
    "pdbx_struct_assembly": ("id", "details", "oligomeric_details"),
    "pdbx_struct_assembly_gen": ("assembly_id", "oper_expression", "asym_id_list"),
    "pdbx_struct_oper_list": (
        "id", "type",
        "matrix[1][1]", "matrix[1][2]", "matrix[1][3]", "vector[1]",
        "matrix[2][1]", "matrix[2][2]", "matrix[2][3]", "vector[2]",
        "matrix[3][1]", "matrix[3][2]", "matrix[3][3]", "vector[3]",
    ),
    "ma_qa_metric": ("id", "mode", "name", "type"),
}  # fmt: skip
"""The tables and columns that are read of any mmCIF file."""


def is_binary_cif(data: bytes) -> bool:
    """Return whether bytes look like BinaryCIF: a MessagePack map with a key ``dataBlocks``."""
    # A map of up to 15 keys, or of more in 2 or 4 further bytes; text never begins so.
    is_map = data[:1] in (b"\xde", b"\xdf") or 0x80 <= (data or b"\0")[0] <= 0x8F
    return is_map and b"dataBlocks" in data


class _Budget:
    """Counts what a MessagePack file builds, and ends it when that is more than any file has."""

    def __init__(self) -> None:
        self._left = _MAX_OBJECTS

    def spend(self, content: Any) -> Any:
        self._left -= 1 + len(content)
        if self._left < 0:
            raise ValueError(f"more than {_MAX_OBJECTS:,} lists, maps and their members")
        return content


def read_binary_cif(data: bytes, origin: str, most_values: int) -> gemmi.cif.Block:
    """Return the first data block that has atoms.

    Parameters
    ----------
    data : bytes
    origin : str
    most_values : int
        How many values the tables that are read may have, all together.

    Raises
    ------
    StructureError
        If the file is damaged, claims impossible sizes, or holds no atoms.
    """
    import msgpack

    budget = _Budget()
    try:
        content = msgpack.unpackb(
            data,
            raw=False,
            object_hook=budget.spend,
            list_hook=budget.spend,
            max_array_len=_MAX_MEMBERS,
            max_map_len=_MAX_MEMBERS,
        )
    except (ValueError, TypeError, RecursionError, msgpack.exceptions.UnpackException) as error:
        raise StructureError(
            f"{origin} is a BinaryCIF file that is damaged or cut off ({error}); "
            "fetch or copy it again"
        ) from error
    try:
        for block in content["dataBlocks"]:
            categories = {
                category["name"].removeprefix("_"): category for category in block["categories"]
            }
            if "atom_site" in categories:
                tables = _tables(categories, most_values)
                return block_of_tables(str(block.get("header") or "structure"), tables)
    except StructureError:
        raise
    # Decoders of damaged columns fail in many ways, all of which mean the same.
    except Exception as error:
        raise StructureError(
            f"{origin} is a BinaryCIF file with a column that cannot be decoded "
            f"({type(error).__name__}: {error}); fetch it again"
        ) from error
    raise StructureError(
        f"{origin} is a BinaryCIF file without atoms (no _atom_site table); "
        "give the coordinates of a protein"
    )


def _tables(categories: dict[str, Any], most_values: int) -> dict[str, dict[str, list[str]]]:
    tables: dict[str, dict[str, list[str]]] = {}
    for name, wanted in COLUMNS.items():
        category = categories.get(name)
        if category is None or not category["rowCount"]:
            continue
        n_rows = category["rowCount"]
        _check_size(n_rows, name)
        most_values -= n_rows * min(len(wanted), len(category["columns"]))
        if most_values < 0:
            raise ValueError(
                f"{name} claims {n_rows:,} rows, more than a file of its size can have"
            )
        columns = {
            column["name"]: column for column in category["columns"] if column["name"] in wanted
        }
        if columns:
            tables[name] = {
                column: _values(columns[column], n_rows, name)
                for column in wanted
                if column in columns
            }
    return tables


def _check_size(n_rows: Any, category: str) -> None:
    if not isinstance(n_rows, int) or not 0 <= n_rows <= _MAX_ROWS:
        raise ValueError(f"{category} claims {n_rows!r} rows")


def _check_encodings(data: dict[str, Any], category: str) -> None:
    for encoding in data["encoding"]:
        if "srcSize" in encoding:
            _check_size(encoding["srcSize"], category)
        for part in ("dataEncoding", "offsetEncoding"):
            _check_encodings({"encoding": encoding.get(part, [])}, category)
        if encoding.get("kind") == "RunLength" and encoding.get("srcSize") is None:
            raise ValueError(f"{category} has a run-length column without a size")


def _values(column: dict[str, Any], n_rows: int, category: str) -> list[str]:
    from biotite.structure.io.pdbx import BinaryCIFColumn

    for part in (column["data"], column.get("mask")):
        if part is not None:
            _check_encodings(part, category)
    decoded = BinaryCIFColumn.deserialize(column)
    array = np.asarray(decoded.data.array)
    if array.shape != (n_rows,):
        raise ValueError(f"{category}.{column['name']} has {array.size} values for {n_rows} rows")
    if array.dtype.kind in "US":
        values = quoted(array.astype(str).tolist())
    else:
        values = [str(value) for value in array.tolist()]
    if decoded.mask is not None:
        for row in np.flatnonzero(np.asarray(decoded.mask.array)):
            values[row] = "?"
    return values
