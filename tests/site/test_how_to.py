"""The how-tos run as they are printed, and name only tests that are there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from ipywidgets import Widget

from tests.conftest import ROOT

pytestmark = pytest.mark.slow

PAGES = sorted((ROOT / "docs" / "how-to").glob("*.md"))


@pytest.mark.usefixtures("bundle")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_how_to_runs(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.chdir(tmp_path)
    text = page.read_text("utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", text, re.M | re.S)
    assert blocks
    if ".snapshot(" in text:
        request.getfixturevalue("chromium")
    names: dict[str, Any] = {}
    try:
        for block in blocks:
            exec(compile(block, page.name, "exec"), names)
    finally:
        Widget.close_all()


def test_what_an_explorer_gives_away_is_shown_somewhere() -> None:
    text = "\n".join(page.read_text("utf-8") for page in PAGES)
    for name in [
        *("story", "figure", "snapshot", "to_chimerax", "to_pymol", "save_table", "embed"),
        *("to_html", "find_heads", "add_track"),
    ]:
        assert f"explorer.{name}(" in text, name
    for name in [
        *("ablate_heads", "find_link_heads", "scan_mutations", "coupling_agreement", "compare"),
        *("analyze", "explore", "explore_comparison", "load_report"),
    ]:
        assert f"pv.{name}(" in text, name


HOSTS = (ROOT / "docs" / "hosts.md").read_text("utf-8")

TEST = re.compile(r"`(test_\w+)\.py::(test_\w+)`")


def hosts_table() -> list[list[str]]:
    """Return the rows of the support table, the names of the hosts first."""
    table = HOSTS.partition("\n## Hosts\n")[2].partition("\n## ")[0]
    rows = [line for line in table.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def test_every_cell_of_the_support_table_is_a_test_or_a_reason() -> None:
    names, _, *rows = hosts_table()
    assert len(names) == 8
    assert len(rows) >= 7
    for row in rows:
        assert len(row) == 8, row
        for cell in row[1:]:
            reason = cell.startswith("not tested here, because ")
            assert reason != bool(TEST.match(cell)), cell


def test_every_reason_of_the_support_table_is_its_own() -> None:
    _, _, *rows = hosts_table()
    for host in range(1, 8):
        reasons = [row[host] for row in rows if row[host].startswith("not tested")]
        allowed = {"not tested here, because it has the same renderers as JupyterLab"}
        repeated = {reason for reason in reasons if reasons.count(reason) > 1} - allowed
        assert not repeated
        assert not [reason for reason in reasons if "above" in reason]


def test_the_tests_it_names_are_there() -> None:
    named = TEST.findall(HOSTS)
    # Nothing that looks like a test escapes the check.
    assert len(named) == HOSTS.count("`test_") >= 20
    for module, test in named:
        (path,) = (ROOT / "tests" / "browser").glob(f"{module}.py")
        assert re.search(rf"^def {test}\(", path.read_text("utf-8"), re.M), (module, test)
