"""mmCIF blocks made of columns, the way in for whatever is not mmCIF text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import gemmi

__all__ = ["block_of_tables", "quoted"]


def quoted(values: Sequence[str]) -> list[str]:
    """Return values as mmCIF writes them; "" becomes ``?``."""
    known: dict[str, str] = {"": "?"}
    written = []
    for value in values:
        text = known.get(value)
        if text is None:
            text = known[value] = gemmi.cif.quote(value)
        written.append(text)
    return written


def block_of_tables(
    name: str, tables: Mapping[str, Mapping[str, Sequence[str]]]
) -> gemmi.cif.Block:
    """Return an mmCIF block from columns of quoted values, by category and column name."""
    block = gemmi.cif.Block("".join(name.split()) or "structure")
    for category, columns in tables.items():
        loop = block.init_loop(f"_{category}.", list(columns))
        loop.set_all_values([list(values) for values in columns.values()])
    return block
