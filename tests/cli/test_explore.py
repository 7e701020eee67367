"""``protvis explore`` and ``protvis demo``: what reaches the export room, what is said."""

from __future__ import annotations

import atexit
import base64
import gc
import gzip
import inspect
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

import protvis.data
import protvis.export
from protvis.cli import main
from protvis.cli.explore import output_name
from protvis.plot.view_figures import FIGURES
from protvis.scene.view_state import VIEW_FIELDS


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


def test_only_a_process_of_its_own_settles_the_garbage_collector(
    calls: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[object] = []
    for name in ("disable", "freeze", "enable"):
        monkeypatch.setattr(gc, name, lambda name=name: done.append(name))
    monkeypatch.setattr(atexit, "register", done.append)
    command = ["explore", "4cpa.pdb", "--model", "mini", "-o", str(tmp_path / "page.html")]
    assert main(command) == 0
    assert done == []
    monkeypatch.setattr(sys, "argv", ["protvis", *command])
    assert main() == 0
    assert done == [gc.freeze, "disable", "freeze", "enable"]
    assert len(calls) == 2
    done.clear()
    monkeypatch.setattr(sys, "argv", ["protvis", "models"])
    assert main() == 0
    assert done == [gc.freeze]


def test_every_option_is_handed_on(calls: list[Any], tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    status = main(
        [
            *("explore", "4cpa.pdb", "--model", "mini", "-o", str(page), "--chain", "A"),
            *("--layer", "3", "--head", "mean", "--top-k", "40", "--threshold", "0.2"),
            *("--min-separation", "0", "--combine", "directed", "--color-by", "sign"),
            *("--select", "A:HIS57,A:SER195", "--cartoon-by", "binding site"),
            *("--overlay", "1-2,3-mean"),
        ]
    )
    assert status == 0
    assert calls == [
        (
            ("4cpa.pdb", page),
            {
                "model": "mini",
                "chain": "A",
                "record": None,
                "layer": 3,
                "head": "mean",
                "top_k": 40,
                "threshold": 0.2,
                "min_separation": 0,
                "combine": "directed",
                "color_by": "sign",
                "selected_residues": ["A:HIS57", "A:SER195"],
                "overlay_heads": ["1-2", "3-mean"],
                "cartoon_by": "binding site",
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
    assert options == {"model": "esm2-35m", "chain": None, "record": None}


def test_the_two_entrances_agree_on_names_and_defaults() -> None:
    """The stand-in above says nothing about the real signatures; this does."""
    explore = inspect.signature(protvis.explore).parameters
    page = inspect.signature(protvis.export.explore_to_html).parameters
    assert explore["model"].default == page["model"].default == "esm2-35m"
    assert {
        "source", "model", "chain", "record", "tracks", "maps", "atlas", "stage", *VIEW_FIELDS,
    } == set(explore)  # fmt: skip
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
        ("1gbt.bcif.gz", "1gbt.html"),
        ("1gbt.mmcif.zst", "1gbt.html"),
        ("pocket.pdbqt", "pocket.html"),
        (".pdb", ".pdb.html"),
        ("some/proteins.fasta", "proteins.html"),
        ("MKTAYIAKQRQISFVK", "sequence.html"),
        ("mktayiakqrqisfvkshfsrqleerlglie" * 20, "sequence.html"),
    ],
)
def test_page_is_named_after_the_file(source: str, name: str) -> None:
    assert output_name(source) == Path(name)
    assert output_name(source, "arcs") == Path(name.replace(".html", "-arcs.png"))


def test_a_record_of_a_fasta_file_is_named_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "two.fa").write_text(">sp|P1|ONE\nMKTAYIAKQRQISFVK\n>a/b\nGSHMKTAY\n")
    for record, name in (("P1", "P1.html"), ("a/b", "a_b.html")):
        assert main(["explore", "two.fa", "--record", record, "--model", "mini-positions"]) == 0
        assert f"<title>{record} · mini-positions</title>" in (tmp_path / name).read_text("utf-8")
    assert main(["explore", "two.fa", "--model", "mini-positions"]) == 2


@pytest.mark.parametrize("kind", FIGURES)
@pytest.mark.parametrize("suffix", [".pdf", ".svg", ".png"])
def test_a_figure_without_a_widget(
    tmp_path: Path, demo_structure: Path, kind: str, suffix: str
) -> None:
    path = tmp_path / f"figure{suffix}"
    options = ("--model", "mini-positions", "--layer", "2", "--select", "HIS57")
    assert main(["explore", str(demo_structure), "--figure", kind, "-o", str(path), *options]) == 0
    begins = {".pdf": b"%PDF-", ".svg": b"<?xml", ".png": b"\x89PNG"}[suffix]
    assert path.read_bytes().startswith(begins)
    assert [one.name for one in tmp_path.iterdir()] == [path.name]
    if suffix == ".svg" and kind == "arcs":
        # Letters are curves; the text stands in a comment.
        assert "links of A:HIS57" in path.read_text("utf-8")


def test_a_snapshot_without_a_widget(
    tmp_path: Path, demo_structure: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[Any] = []

    def draw(page: str, *options: Any) -> bytes:
        drawn.append(page)
        return b"picture"

    monkeypatch.setattr("protvis.export.snapshot._draw", draw)
    monkeypatch.chdir(tmp_path)
    assert main(["explore", str(demo_structure), "--model", "mini-positions", "--snapshot"]) == 0
    assert (tmp_path / "1gbt-snapshot.png").read_bytes() == b"picture"
    assert "<title>1GBT chain A" in drawn[0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--figure", "arc"], "did you mean 'arcs'?"),
        (["--figure", "arcs", "--snapshot"], "choose one of --figure and --snapshot"),
        (["--figure", "arcs", "-o", "x.doc"], ".pdf, .svg or .png, by the end of its name"),
        (["--snapshot", "-o", "x.jpg"], "expected a name that ends in .png, got 'x.jpg'"),
        (["--combine", "sum"], "unknown combine 'sum'; there are max, mean, directed"),
        (["--color-by", "wight"], "did you mean 'weight'?"),
        (["--top-k", "100000"], "top_k must be a whole number from 1 to 5000, got 100000"),
        (["--threshold", "2"], "at most 1, the largest value of the map 'attention'"),
        (["--select", "HIS58"], "no residue 'HIS58'"),
        (["--cartoon-by", "bindng site"], "did you mean 'binding site'?"),
    ],
)
def test_what_cannot_be_asked_for(
    tmp_path: Path,
    demo_structure: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["explore", str(demo_structure), "--model", "mini-positions", *options]) == 2
    said = capsys.readouterr().err
    assert said.startswith("protvis: ")
    assert message in said
    assert list(tmp_path.iterdir()) == []


def test_the_demo_of_an_antibody_opens_a_real_model(calls: list[Any], tmp_path: Path) -> None:
    assert main(["demo", "antibody", "-o", str(tmp_path / "page.html")]) == 0
    [((source, _), options)] = calls
    assert source == protvis.data.ANTIBODY
    assert options == {
        "model": "antiberty", "chain": "H", "layer": 7, "head": 1,
        "cartoon_by": "interface", "shown_tracks": ["interface", "antibody region"],
    }  # fmt: skip


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
