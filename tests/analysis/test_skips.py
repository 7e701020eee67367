"""What was skipped, by reason."""

from __future__ import annotations

from protvis.analysis.counting.result import Skipped
from protvis.analysis.runs.skips import group_skips


def test_reasons_that_differ_in_numbers_and_ids_are_one() -> None:
    skipped = [
        Skipped("1abc.A", "record 1abc.A: the sequence is empty"),
        Skipped("9", "the sequence has 1,203 residues and the model reads 1,022"),
        Skipped("2abc.B", "record 2abc.B: the sequence is empty"),
        Skipped("x", "the sequence has 99 residues and the model reads 9"),
        Skipped("y", "the sequence has 2.5 residues and the model reads 1022"),
    ]
    groups = group_skips(skipped)
    assert [group.records for group in groups] == [("9", "x", "y"), ("1abc.A", "2abc.B")]
    assert groups[0].reason == skipped[1].reason
    # What the others have instead is not lost.
    assert groups[0].details == tuple(skipped[place].reason for place in (1, 3, 4))
    assert groups[1].details == ()
    assert group_skips([]) == []


def test_a_file_is_named_without_its_folder() -> None:
    (group,) = group_skips([Skipped("a.pdb", "/home/me/a.pdb holds no protein chain")])
    assert group.reason == "a.pdb holds no protein chain"
    (group,) = group_skips([Skipped("sub/a.pdb", "/data/sub/a.pdb cannot be read")])
    assert group.reason == "sub/a.pdb cannot be read"
    (group,) = group_skips([Skipped(r"\1.pdb", r"/data/\1.pdb cannot be read")])
    assert group.reason == r"\1.pdb cannot be read"


def test_an_id_of_nothing_is_no_trap() -> None:
    (group,) = group_skips([Skipped("", "no id")])
    assert (group.reason, group.records) == ("no id", ("",))
