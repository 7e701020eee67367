"""The how-tos run as they are printed, and name only tests that are there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from ipywidgets import Widget

from tests.conftest import ROOT

PAGES = sorted((ROOT / "docs" / "how-to").glob("*.md"))


@pytest.mark.usefixtures("bundle")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_how_to_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"^```python\n(.*?)^```", page.read_text("utf-8"), re.M | re.S)
    assert blocks
    names: dict[str, Any] = {}
    try:
        for block in blocks:
            exec(compile(block, page.name, "exec"), names)
    finally:
        Widget.close_all()


def test_every_cell_of_the_support_table_is_a_test_or_a_reason() -> None:
    text = (ROOT / "docs" / "hosts.md").read_text("utf-8")
    table = text.partition("\n## Hosts\n")[2].partition("\n## ")[0]
    rows = [line.strip("|").split("|") for line in table.splitlines() if line.startswith("|")]
    hosts, cells = rows[0][1:], rows[2:]
    assert len(hosts) == 7
    assert len(cells) >= 4
    for row in cells:
        assert len(row) == 8
        for cell in row[1:]:
            assert "`test_" in cell or "not tested here, because" in cell, cell


def test_the_tests_it_names_are_there() -> None:
    text = (ROOT / "docs" / "hosts.md").read_text("utf-8")
    named = re.findall(r"`(test_\w+)\.py::(test_\w+)`", text)
    assert len(named) >= 8
    for module, test in named:
        (path,) = (ROOT / "tests" / "browser").glob(f"{module}.py")
        assert f"def {test}(" in path.read_text("utf-8"), (module, test)
