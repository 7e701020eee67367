"""``protvis explore`` and ``protvis demo``: what reaches the export room, what is said."""

from __future__ import annotations

import base64
import gzip
import inspect
import json
import re
from pathlib import Path
from typing import Any

import pytest

import protvis.export
from protvis.cli import main
from protvis.cli.explore import VIEW_OPTIONS, page_name


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
    """Stand in for the export: remember what it was asked and write a page of 1,500 bytes."""
    asked: list[tuple[tuple[Any, ...], dict[str, Any]]] = []

    def explore_to_html(source: object, path: object, **options: Any) -> Path:
        asked.append(((source, path), options))
        page = Path(str(path))
        page.write_bytes(b" " * 1_500_000)
        return page

    monkeypatch.setattr(protvis.export, "explore_to_html", explore_to_html)
    return asked


def test_every_option_is_handed_on(calls: list[Any], tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    status = main(
        [
            *("explore", "4cpa.pdb", "--model", "mini", "-o", str(page), "--chain", "A"),
            *("--layer", "3", "--head", "mean", "--top-k", "40", "--threshold", "0.2"),
            *("--min-separation", "0", "--combine", "directed", "--color-by", "weight"),
        ]
    )
    assert status == 0
    assert calls == [
        (
            ("4cpa.pdb", page),
            {
                "model": "mini",
                "chain": "A",
                "layer": 3,
                "head": "mean",
                "top_k": 40,
                "threshold": 0.2,
                "min_separation": 0,
                "combine": "directed",
                "color_by": "weight",
            },
        )
    ]


def test_an_option_left_out_keeps_the_explorers_default(
    calls: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["explore", "data/4cpa.pdb.gz"]) == 0
    ((source, page), options) = calls[0]
    assert (source, page) == ("data/4cpa.pdb.gz", Path("4cpa.html"))
    assert options == {"model": "esm2-35m", "chain": None, "layer": None, "head": None}


def test_the_two_entrances_agree_on_names_and_defaults() -> None:
    """The stand-in above says nothing about the real signatures; this does."""
    explore = inspect.signature(protvis.explore).parameters
    page = inspect.signature(protvis.export.explore_to_html).parameters
    assert explore["model"].default == page["model"].default == "esm2-35m"
    assert {"source", "model", "chain", "layer", "head", *VIEW_OPTIONS} <= set(explore)
    assert list(page)[:2] == ["source", "path"]
    assert page["view"].kind is inspect.Parameter.VAR_KEYWORD


def test_options_reach_the_page(tmp_path: Path, demo_structure: Path) -> None:
    page = tmp_path / "page.html"
    options = ("--model", "mini", "--layer", "2", "--head", "mean", "--color-by", "separation")
    assert main(["explore", str(demo_structure), "-o", str(page), *options]) == 0
    packed = re.search(r'data-protvis="content">([^<]+)<', page.read_text("utf-8"))
    assert packed is not None
    view = json.loads(gzip.decompress(base64.b64decode(packed[1])))["view"]
    assert (view["layer"], view["head"], view["color_by"]) == (2, "mean", "separation")


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("4cpa.pdb", "4cpa.html"),
        ("a/b/4cpa.PDB.GZ", "4cpa.html"),
        ("1gbt.cif.gz", "1gbt.html"),
        ("model.v2.cif", "model.v2.html"),
        (".pdb", ".pdb.html"),
    ],
)
def test_page_is_named_after_the_file(source: str, name: str) -> None:
    assert page_name(source) == Path(name)


def test_the_page_is_announced(
    calls: list[Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "demo.html"
    assert main(["demo", "-o", str(page)]) == 0
    ((source, _), options) = calls[0]
    assert source.name == "1gbt.cif.gz"
    assert source.is_file()
    assert options == {"model": "mini"}
    assert capsys.readouterr().out == f"{page} (1.5 MB)\n"


@pytest.mark.parametrize("display", [True, False])
def test_a_browser_opens_only_where_there_is_a_display(
    calls: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, display: bool
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    monkeypatch.setattr("sys.platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    if display:
        monkeypatch.setenv("DISPLAY", ":0")
    page = tmp_path / "demo.html"
    assert main(["demo", "-o", str(page), "--open"]) == 0
    assert opened == ([page.as_uri()] if display else [])
