"""Labels and positions: each is read as it is written, and what names nothing is refused."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protvis.errors import LabelError
from protvis.labels import (
    MEAN,
    ResidueLabel,
    find_residue,
    format_head,
    format_residue,
    head_position,
    layer_position,
    parse_head,
    parse_residue,
    read_head,
)

NUMBERS = st.integers(1, 10_000)


@given(layer=NUMBERS, head=NUMBERS | st.just(MEAN))
def test_a_head_is_read_as_it_is_written(layer: int, head: int | str) -> None:
    assert parse_head(format_head(layer, head)) == (layer, head)
    assert read_head(format_head(layer, head)) == read_head((layer, head)) == (layer, head)


@pytest.mark.parametrize("text", ["", "12", "12-", "-4", "12-4-1", "12-median", "1.5-2"])
def test_what_names_no_head_is_refused(text: str) -> None:
    with pytest.raises(LabelError, match="expected a head label such as '12-4'"):
        parse_head(text)


@pytest.mark.parametrize("head", [3, None, (1, 2, 3)])
def test_a_head_is_a_pair_or_text(head: object) -> None:
    with pytest.raises(LabelError, match=r"expected a head as \(layer, head\)"):
        read_head(head)  # type: ignore[arg-type]


@given(n=NUMBERS, data=st.data())
def test_labels_count_from_one(n: int, data: st.DataObject) -> None:
    label = data.draw(st.integers(1, n))
    assert layer_position(label, n) == head_position(label, n) == label - 1
    assert head_position(MEAN, n) == MEAN
    for outside in (0, -1, n + 1, True, 1.0, "best"):
        with pytest.raises(LabelError):
            head_position(outside, n)  # type: ignore[arg-type]


@given(
    chain_id=st.text(string.ascii_letters + string.digits + "-", min_size=1, max_size=4),
    name=st.sampled_from(["SER", "MSE", "A", "DA"]),
    number=st.integers(-500, 9999),
    insertion_code=st.sampled_from(["", "A", "Z"]),
)
def test_a_residue_is_read_as_it_is_written(
    chain_id: str, name: str, number: int, insertion_code: str
) -> None:
    written = format_residue(chain_id, name, number, insertion_code)
    assert parse_residue(written) == ResidueLabel(chain_id, name, number, insertion_code)
    short = ResidueLabel(None, None, number, insertion_code)
    assert parse_residue(f"{number}{insertion_code}") == short


def test_a_residue_of_a_plain_sequence() -> None:
    labels = ["M1", "K2", "T3"]
    assert [find_residue(label, labels) for label in ("K2", "3")] == [1, 2]
    with pytest.raises(LabelError, match="did you mean 'K2'"):
        find_residue("K22", labels)
    with pytest.raises(LabelError, match="expected a residue label as text, such as 'M1', got 2"):
        find_residue(2, labels)  # type: ignore[arg-type]
