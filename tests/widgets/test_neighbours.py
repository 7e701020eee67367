"""Explorers side by side: linked selections, of one chain and of chains numbered alike."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import protvis
from protvis.errors import OptionError
from protvis.widgets import AttentionExplorer

pytestmark = pytest.mark.usefixtures("bundle")

UROKINASE = Path(protvis.__file__).parent / "data" / "4zhl.cif.gz"


@pytest.fixture(scope="module")
def three(demo_structure: Path) -> Iterator[list[AttentionExplorer]]:
    """Trypsin twice, by two models, and urokinase, which is numbered like it."""
    sources = [(demo_structure, "mini-positions"), (demo_structure, "mini"), (UROKINASE, "mini")]
    made = [protvis.explore(source, model=model) for source, model in sources]
    yield made
    for explorer in made:
        explorer.close()


def test_selections_follow_while_the_box_is_ticked(three: list[AttentionExplorer]) -> None:
    one, two, other = three
    box, row = protvis.side_by_side(*three).children
    assert list(row.children) == three
    one.selected_residues = ["A:HIS57", "A:ILE16"]
    assert two.selected_residues == ["A:ILE16", "A:HIS57"]
    catalytic = other.chain.residue_labels[other.chain.find("HIS57")]
    assert catalytic in other.selected_residues
    # Any of them leads, links are links there, and nothing comes back.
    two.selected_link = ("A:HIS57", "A:SER195")
    assert one.selected_link == ("A:HIS57", "A:SER195")
    assert other.selected_link is not None
    assert other.selected_link[0] == catalytic
    two.selected_residues = []
    assert one.selected_residues == other.selected_residues == []
    box.value = False
    one.selected_residues = ["A:HIS57"]
    assert two.selected_residues == []
    one.selected_residues = []


def test_an_explorer_that_is_closed_leaves_its_place(three: list[AttentionExplorer]) -> None:
    one = three[0]
    gone = protvis.explore(one.structure, model=one.model)
    _, row = protvis.side_by_side(one, gone).children
    gone.close()
    assert row.children == (one,)


def test_what_is_missing_there_is_left_out(three: list[AttentionExplorer]) -> None:
    one, _, other = three
    protvis.side_by_side(one, other)
    numbers = {(n, c) for n, c in zip(other.chain.residue_numbers.tolist(),
                                      other.chain.insertion_codes, strict=True)}  # fmt: skip
    lacking = next(
        label
        for label, n, c in zip(one.chain.residue_labels, one.chain.residue_numbers.tolist(),
                               one.chain.insertion_codes, strict=True)
        if (n, c) not in numbers
    )  # fmt: skip
    one.selected_residues = ["A:HIS57", lacking]
    assert len(other.selected_residues) == 1
    one.selected_residues = []


def test_one_alone_twice_or_something_else_is_refused(three: list[AttentionExplorer]) -> None:
    for wrong in ((three[0],), (three[0], three[0]), ()):
        with pytest.raises(OptionError, match="two or more different explorers"):
            protvis.side_by_side(*wrong)
    with pytest.raises(OptionError, match="expected explorers, got str"):
        protvis.side_by_side(three[0], "mini")  # type: ignore[arg-type]
