"""mmCIF blocks made of columns, and columns that writers leave out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import gemmi

from protvis.errors import StructureError

__all__ = ["block_of_tables", "complete_atom_site", "quoted"]

_EITHER = (
    ("label_atom_id", "auth_atom_id"),
    ("label_comp_id", "auth_comp_id"),
    ("label_asym_id", "auth_asym_id"),
    ("label_seq_id", "auth_seq_id"),
)
"""Columns of which each stands in for the other."""


def quote(value: str) -> str:
    """Return a value as mmCIF writes it.

    Raises
    ------
    StructureError
        If it is no text: half a surrogate pair, as in names of files that are no UTF-8.
    """
    try:
        return gemmi.cif.quote(value)
    except TypeError:
        raise StructureError(f"the name {value!r:.40} is not text that a file could hold") from None


def quoted(values: Sequence[str]) -> list[str]:
    """Return values as mmCIF writes them; "" becomes ``?``."""
    known: dict[str, str] = {"": "?"}
    written = []
    for value in values:
        text = known.get(value)
        if text is None:
            text = known[value] = quote(value)
        written.append(text)
    return written


def block_of_tables(
    name: str, tables: Mapping[str, Mapping[str, Sequence[str]]]
) -> gemmi.cif.Block:
    """Return an mmCIF block from columns of quoted values, by category and column name."""
    block = gemmi.cif.Block(
        "".join(name.encode("ascii", "replace").decode().split()) or "structure"
    )
    for category, columns in tables.items():
        loop = block.init_loop(f"_{category}.", list(columns))
        loop.set_all_values([list(values) for values in columns.values()])
    return block


def complete_atom_site(block: gemmi.cif.Block, origin: str) -> None:
    """Add what gemmi asks of an ``_atom_site`` table and can be made up for; name what cannot.

    Raises
    ------
    StructureError
        If there are no coordinates, or no names of atoms, residues or chains.
    """
    try:
        table = block.find_mmcif_category("_atom_site.")
    except RuntimeError as error:
        # gemmi, of tags of another table among those of this.
        raise StructureError(
            f"{origin} has a damaged _atom_site table ({error}); fetch or copy it again"
        ) from error
    there = {tag.partition(".")[2].lower() for tag in table.tags}
    absent = [name for name in ("Cartn_x", "Cartn_y", "Cartn_z") if name.lower() not in there]
    absent += [" or ".join(pair) for pair in _EITHER if not there.intersection(pair)]
    if absent:
        raise StructureError(
            f"{origin}: the table _atom_site has no column {', '.join(absent)}; write the file "
            "again with it"
        )
    n_rows = len(table)
    made: dict[str, list[str]] = {}
    if "id" not in there:
        made["id"] = [str(number) for number in range(1, n_rows + 1)]
    if "label_alt_id" not in there:
        made["label_alt_id"] = ["."] * n_rows
    if "label_asym_id" not in there:
        made["label_asym_id"] = list(block.find_values("_atom_site.auth_asym_id"))
    if "type_symbol" not in there:
        name = "label_atom_id" if "label_atom_id" in there else "auth_atom_id"
        made["type_symbol"] = [_element(value) for value in block.find_values(f"_atom_site.{name}")]
    if not made:
        return
    loop = table.loop
    if loop is None:
        # A table of one row is written as single items.
        for name, (value,) in made.items():
            block.set_pair(f"_atom_site.{name}", value)
        return
    loop.add_columns([f"_atom_site.{name}" for name in made], "?")
    for name, values in made.items():
        column = block.find_values(f"_atom_site.{name}")
        for row, value in enumerate(values):
            column[row] = value


def _element(atom_name: str) -> str:
    """Return the element that the name of an atom of a protein begins with."""
    return next((letter.upper() for letter in atom_name if letter.isalpha()), "X")
