"""Ids and names reach spreadsheets as text; numbers stay numbers."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pandas as pd
import pytest

from protvis.cli.results import write_table
from protvis.csv_text import csv_text

FORMULAS = ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://x")', "＝1+1",
            "\n=1+1", "\ufeff=1+1", "\u00a0@SUM(A1)", "\x0b-1+1"]  # fmt: skip


@pytest.mark.parametrize("text", FORMULAS)
def test_formulas_are_text(text: str, tmp_path: Path) -> None:
    table = pd.DataFrame({"record": [text, "1bvy.F"], text: [0.5, -0.25]})
    path = write_table(table, tmp_path / "ledger.csv")
    rows = list(csv.reader(io.StringIO(path.read_bytes().decode(), newline="")))
    shown = "'" + text.replace("\r", " ")
    assert rows == [["record", shown], [shown, "0.5"], ["1bvy.F", "-0.25"]]
    assert list(table.columns) == ["record", text]
    assert table["record"][0] == text


def test_numbers_stay_numbers() -> None:
    table = pd.DataFrame({"a": ["-1", "+2.5", "-", "-1e-5"], "b": [-1, -2, -3, -4]})
    table["c"] = pd.array(["-1", None, "x", "y"], dtype="string")
    assert csv_text(table) == "a,b,c\n-1,-1,-1\n+2.5,-2,\n-,-3,x\n-1e-5,-4,y\n"


def test_columns_of_any_dtype_are_looked_at() -> None:
    for dtype in ("object", "string", "category"):
        table = pd.DataFrame({"a": pd.Series(["=1+1", "x"], dtype=dtype)})
        assert csv_text(table) == "a\n'=1+1\nx\n"
