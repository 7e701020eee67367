"""Near copies against a definition with loops, and of sequences that were changed or cut."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from protvis.analysis.splits.near_copies import NearCopies

texts = st.lists(st.text(alphabet="ACX", min_size=1, max_size=14), min_size=1, max_size=8)


def slow_near(a: str, b: str) -> bool:
    def words(text: str) -> set[str]:
        found = {text[i : i + 5] for i in range(len(text)) if len(text[i : i + 5]) == 5}
        return {word for word in found if "X" not in word} or {text}

    return 2 * len(words(a) & words(b)) >= min(len(words(a)), len(words(b)))


@given(texts, st.text(alphabet="ACX", min_size=1, max_size=14))
def test_the_first_near_copy_is_found(known: list[str], asked: str) -> None:
    near = [name for name, text in enumerate(known) if slow_near(text, asked)]
    found = NearCopies(map(str, range(len(known))), known)
    assert found.places(asked) == near
    assert found.find(asked) == (str(near[0]) if near else None)


def test_real_exchanges_and_fragments() -> None:
    rng = np.random.default_rng(0)
    letters = list("ACDEFGHIKLMNPQRSTVWY")

    def exchanged(sequence: str, share: float) -> str:
        drawn = np.array(list(sequence))
        places = rng.choice(len(drawn), round(share * len(drawn)), replace=False)
        drawn[places] = rng.choice(letters, len(places))
        return "".join(drawn)

    sequences = ["".join(rng.choice(letters, 200)) for _ in range(20)]
    known = NearCopies(sequences, sequences)
    for sequence in sequences:
        assert known.find(exchanged(sequence, 0.05)) == sequence
        assert known.find(sequence[40:90]) == sequence
        assert known.find(exchanged(sequence, 0.4)) is None
