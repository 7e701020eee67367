"""Ids for chains that a file gives none, or gives several."""

from __future__ import annotations

import itertools
import string
from collections.abc import Collection, Iterator

__all__ = ["free_ids"]


def free_ids(taken: Collection[str]) -> Iterator[str]:
    """Yield A, B, …, Z, AA, AB, … without those taken."""
    for length in itertools.count(1):
        for letters in itertools.product(string.ascii_uppercase, repeat=length):
            name = "".join(letters)
            if name not in taken:
                yield name
