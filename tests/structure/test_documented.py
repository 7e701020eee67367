"""Each rule in docs/structures.md names the test that holds it; the names must be true."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
DOCUMENT = TESTS.parent / "docs" / "structures.md"


def test_the_tests_named_are_there():
    named = set(re.findall(r"`(test_\w+)`", DOCUMENT.read_text(encoding="utf-8")))
    there = {
        name
        for room in ("structure", "annotations")
        for path in (TESTS / room).glob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert len(named) > 60
    assert named <= there, sorted(named - there)


def test_each_row_of_rules_names_a_test():
    text = DOCUMENT.read_text(encoding="utf-8")
    rows = [
        line
        for section in text.split("\n## ")[1:]
        if not section.startswith("The library")
        for line in section.partition("\n### ")[0].splitlines()
        if line.startswith("|") and not re.fullmatch(r"[|-]+", line)
    ]
    headings = {"source", "content", "rule", "track"}
    rules = [row for row in rows if row.split("|")[1].strip() not in headings]
    assert len(rules) > 50
    assert [row for row in rules if "`test_" not in row] == []
