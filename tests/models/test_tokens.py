"""What sequences become before a tokenizer sees them, and where their residues are after it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protvis.errors import SequenceError
from protvis.models import load_model
from protvis.models.family_table import FAMILIES
from protvis.models.tokens import clean_sequence, spell
from tests.models.checkpoints import BUILDERS


@pytest.mark.parametrize("family", BUILDERS)
def test_every_residue_has_one_token(family: str, checkpoint: Callable[[str], Path]) -> None:
    model = load_model(checkpoint(family))

    @given(st.text("ACDEFGHIKLMNPQRSTVWYXUZOBJ", min_size=1, max_size=90))
    def check(sequence: str) -> None:
        tokens = model.tokenize(sequence)
        assert tokens.sequence == sequence
        together = np.concatenate([tokens.residues, tokens.specials])
        assert sorted(together) == list(range(len(tokens.ids)))
        assert len(tokens.residues) == len(sequence)
        assert (np.diff(tokens.residues) > 0).all()
        # The same residue has the same token wherever it stands; another letter has another.
        spelled = spell(sequence, model.family)
        ids = tokens.ids[tokens.residues]
        assert len(set(zip(spelled, ids, strict=True))) == len(set(spelled)) == len(set(ids))

    check()


@pytest.mark.parametrize("family", FAMILIES.values(), ids=lambda family: family.name)
def test_white_space_case_and_stop_are_no_residues(family: object) -> None:
    assert clean_sequence(" mkT\n ayI\t*\n", family) == "MKTAYI"


@pytest.mark.parametrize(
    ("sequence", "message"),
    [
        ("MK1T", "'1' at position 3"),
        ("MK*T", r"'\*' at position 3"),
        ("MK T?A!", "'\\?' at position 4, '!' at position 6"),
        ("12345678", "and 3 more"),
        ("MKTA:YIAK", "':' at position 5.*list to protvis.compute_complex_attention"),
        ("MKTA/YIAK", "'/' at position 5.*list to protvis.compute_complex_attention"),
        ("", "empty"),
        (" *", "empty"),
    ],
)
def test_other_characters_are_refused_by_position(sequence: str, message: str) -> None:
    with pytest.raises(SequenceError, match=message):
        clean_sequence(sequence, FAMILIES["ESM-2"])


def test_gaps_belong_to_esm_only() -> None:
    assert clean_sequence("MK-.T", FAMILIES["ESM-2"]) == "MK-.T"
    with pytest.raises(SequenceError, match="'-' at position 3"):
        clean_sequence("MK-T", FAMILIES["ProtBert"])


def test_rare_residues_are_spelled_as_the_family_says() -> None:
    assert spell("MUZOBJX", FAMILIES["ESM-2"]) == list("MUZOBXX")
    assert spell("MUZOBJX", FAMILIES["ProtBert"]) == list("MXXXXXX")
    assert spell("MUX", FAMILIES["SaProt"]) == ["M#", "##", "##"]


def test_structure_letters_go_with_their_residues() -> None:
    saprot = FAMILIES["SaProt"]
    assert spell("MdKv#p", saprot) == ["Md", "Kv", "#p"]
    assert clean_sequence("MdKv#p", saprot) == "MK#"
    assert clean_sequence("mkv", saprot) == "MKV"
    with pytest.raises(SequenceError, match=r"structure letters \(3Di\) .* 'z' at position 2"):
        clean_sequence("MdKz", saprot)


@pytest.mark.parametrize("thing", [None, 7, ["M", "K"], b"MKT"])
def test_a_sequence_is_text(thing: object) -> None:
    with pytest.raises(SequenceError, match="as text"):
        clean_sequence(thing, FAMILIES["ESM-2"])
