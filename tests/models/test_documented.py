"""docs/models.md says what the registry says, and names tests that exist."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from protvis.models import load_model
from protvis.models.family_table import FAMILIES, unbounded_families
from tests.conftest import ROOT
from tests.models.checkpoints import BUILDERS

_NAMED = re.compile(r"`(tests/[\w/]+\.py)?(?:::(\w+))?`")
# ESM's later models have rotary positions, which bound nothing.
_ROTARY = ("ESM-2", "DPLM", "SaProt")
TEXT = (ROOT / "docs" / "models.md").read_text(encoding="utf-8")


def rows() -> dict[str, list[str]]:
    """Return the cells of the table of families, by family."""
    table = TEXT.split("## Families")[1].split("\n\n")[1].splitlines()[2:]
    found = {}
    for line in table:
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for name in cells[0].replace(" (folder)", "").split(", "):
            found[name] = cells[1:]
    return found


def test_the_table_is_the_registry() -> None:
    table = rows()
    table.pop("ProtBert-BFD")  # ProtBert, trained on other sequences
    listed = {name for name in FAMILIES if not FAMILIES[name].is_form}
    assert set(table) == listed | {"RoBERTa form", "GPT-2 form"}
    assert set(BUILDERS) <= set(table)
    for name, (form, special, length, _, predicts) in table.items():
        family = FAMILIES[name]
        assert {"joined": "plain", "turn": "pairs", "list": "words"}.get(
            next((word for word in ("joined", "turn", "list") if word in form), ""), "spaced"
        ) == family.form
        assert ("first" in special or "one before" in special) == bool(family.leading)
        assert (special == "none") == (not family.leading and not family.trailing)
        numbers = [int(number.replace(",", "")) for number in re.findall(r"[\d,]+\d", length)]
        stated = [n for n in (family.max_residues, family.trained_residues) if n is not None]
        assert numbers == stated
        own = family.max_residues is None and not family.name.startswith(_ROTARY)
        assert ("configuration" in length) == (own and family.limit != "none")
        assert predicts.startswith("yes") == bool(family.mask and not family.no_predictions)
        assert ("causal" in form) == family.causal


def test_gaps_are_those_the_complexes_are_tested_with() -> None:
    from tests.inference.test_complex_attention import TAKES_POSITIONS

    stated = {name for name, cells in rows().items() if cells[3].startswith("yes")}
    assert stated & set(BUILDERS) == TAKES_POSITIONS


def test_the_tests_named_exist() -> None:
    path = None
    names = [pair for pair in _NAMED.findall(TEXT) if any(pair)]
    assert len([file for file, _ in names if file]) >= 8
    for file, name in names:
        path = ROOT / file if file else path
        assert path is not None
        assert not name or f"def {name}(" in path.read_text(encoding="utf-8"), name


@pytest.mark.parametrize(
    "name", [name for name in BUILDERS if name in FAMILIES and not FAMILIES[name].is_form]
)
def test_families_that_messages_name_for_long_sequences_read_them(
    name: str, checkpoint: Callable[[str], Path]
) -> None:
    named = re.split(", | and ", unbounded_families())
    assert (load_model(checkpoint(name)).max_residues is None) == (name in named)
    # Their published checkpoints have learned positions.
    assert not {"AntiBERTy", "Sapiens"} & set(named)
