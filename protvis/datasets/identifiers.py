"""Names of records: made unique, and read for the entry of the PDB or UniProt they speak of."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

__all__ = ["MAX_ID", "entry_of", "is_id", "unique_ids"]

MAX_ID = 200
"""Letters of a record's id; the headers of UniRef have half as many."""

# "1bvy.F" (ProVis), "1A8O_1_A" and "30#1A8O_1_A" (ProteinNet), "1abc-A" (NetSurfP).
_PDB_CHAIN = re.compile(r"(?:\d+#)?(\d[A-Za-z0-9]{3})(?:[.:-]|_\d+_|_)([A-Za-z0-9]{1,4})", re.ASCII)
_ACCESSION = re.compile(
    r"[OPQ][0-9][A-Z0-9]{3}[0-9]|[A-NR-Z][0-9](?:[A-Z][A-Z0-9]{2}[0-9]){1,2}", re.IGNORECASE
)


def entry_of(record_id: str) -> tuple[str, str]:
    """Return what `protvis.load_structure` reads for a record, and the chain in it.

    The form of the id decides: a chain of the PDB (``"1bvy.F"``), or a UniProt accession, whose
    AlphaFold model has the one chain ``A``. Both are "" for any other id.
    """
    if match := _PDB_CHAIN.fullmatch(record_id):
        return match[1].upper(), match[2]
    if _ACCESSION.fullmatch(record_id):
        return record_id.upper(), "A"
    return "", ""


def is_id(name: str) -> bool:
    """Return whether a name can be a record's id: text of one line, at most `MAX_ID` letters."""
    return bool(name.strip()) and len(name) <= MAX_ID and name.isprintable()


def unique_ids(names: Iterable[str]) -> tuple[str, ...]:
    """Return the names with a number behind those that come again: ``a, a`` to ``a, a (2)``."""
    names = list(names)
    seen: Counter[str] = Counter()
    taken, made = set(names), []
    for name in names:
        seen[name] += 1
        unique = name
        while seen[name] > 1 and unique in taken:
            unique = f"{name} ({seen[name]})"
            if unique in taken:
                seen[name] += 1
        taken.add(unique)
        made.append(unique)
    return tuple(made)
