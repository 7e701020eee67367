"""Near copies: which proteins are nearly the same, so that none is fitted on and tested on.

Two proteins are near copies if at least half of the shorter one's distinct words of five residues
are words of the other, too. With exchanges spread evenly this is about 87 % identity (0.87⁵ ≈ 0.5);
a fragment is a near copy of what it was cut from. More distant homologues are not; see
`protvis.analysis.splits.families` for those.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

__all__ = ["SHARED_WORDS", "WORD", "NearCopies"]

WORD = 5
"""Residues in a word."""

SHARED_WORDS = 0.5
"""The share of the shorter sequence's words from which on two proteins are near copies."""


class NearCopies:
    """Known sequences, to be searched for near copies of another.

    Parameters
    ----------
    names, sequences : iterable of str
        Known ones, in order.
    """

    def __init__(self, names: Iterable[str] = (), sequences: Iterable[str] = ()) -> None:
        self._names: list[str] = []
        self._n_words: list[int] = []
        self._holders: defaultdict[str, list[int]] = defaultdict(list)
        for name, sequence in zip(names, sequences, strict=True):
            self.add(name, sequence)

    def add(self, name: str, sequence: str) -> None:
        """Remember a sequence."""
        words = _words(sequence)
        for word in words:
            self._holders[word].append(len(self._names))
        self._names.append(name)
        self._n_words.append(len(words))

    def find(self, sequence: str) -> str | None:
        """Return the name of the first known sequence that this one nearly is, or None."""
        places = self.places(sequence)
        return self._names[places[0]] if places else None

    def places(self, sequence: str) -> list[int]:
        """Return the places of all known near copies of a sequence, ascending."""
        words = _words(sequence)
        shared = Counter(place for word in words for place in self._holders.get(word, ()))
        return sorted(
            place
            for place, n_shared in shared.items()
            if n_shared >= SHARED_WORDS * min(len(words), self._n_words[place])
        )


def _words(sequence: str) -> set[str]:
    words = {sequence[start : start + WORD] for start in range(len(sequence) - WORD + 1)}
    # Unknown residues make no two proteins alike.
    known = {word for word in words if "X" not in word}
    return known or {sequence}
