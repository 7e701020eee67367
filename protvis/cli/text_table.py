"""Tables for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

__all__ = ["format_table"]


def format_table(rows: Sequence[Mapping[str, str]], *, words: int = 1) -> str:
    """Return rows as text in columns, the first `words` of them to the left, others to the right.

    Parameters
    ----------
    rows : sequence of mapping of str to str
        Cells by the column's name, the same names in each row.
    words : int, default 1
    """
    if not rows:
        return ""
    names = list(rows[0])
    lines = [names, *([row[name] for name in names] for row in rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(names))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if place < words else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )
