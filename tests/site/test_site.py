"""The site: what is in it, what is left out, what is refused."""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
import pytest

import protvis.site.gallery
from protvis.cli import main
from protvis.data import TRYPSIN
from protvis.errors import OptionError, OutputError
from protvis.site import Site, build_site
from protvis.site.build_site import MARK
from protvis.site.documents import write_document_page

pytestmark = pytest.mark.usefixtures("bundle")


@pytest.fixture(autouse=True)
def one_explorer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the gallery small."""
    monkeypatch.setattr(protvis.site.gallery, "EXAMPLES", (TRYPSIN,))
    monkeypatch.setattr(protvis.site.gallery, "MODEL", "mini-positions")
    monkeypatch.setattr(protvis.site.gallery, "MORE", ())


def notebook(folder: Path, *cells: str, name: str = "a.ipynb") -> None:
    """Write a notebook of code cells."""
    (folder / "notebooks").mkdir(parents=True, exist_ok=True)
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbformat.write(made, folder / "notebooks" / name)


def test_without_a_clone_it_says_what_is_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    command = ["site", str(tmp_path / "site"), "--source", str(tmp_path / "empty")]
    assert main([*command, "--no-reference"]) == 0
    said = capsys.readouterr().out
    assert "no notebooks: they are not part of an installed protvis" in said
    assert "no documents" in said
    first = (tmp_path / "site" / "index.html").read_text("utf-8")
    assert "no notebooks" in first
    assert 'href="gallery/1gbt.html"' in first
    assert "1GBT: bovine β-trypsin, the demonstration structure" in first


def test_an_older_site_is_replaced_and_nothing_else(tmp_path: Path) -> None:
    source, folder = tmp_path / "empty", tmp_path / "site"
    source.mkdir()
    folder.mkdir()
    (folder / "index.html").write_text(MARK)
    (folder / "stale.html").write_text("")
    site = build_site(folder, source=source, reference=False)
    assert site == Site(folder, (Path("index.html"), Path("gallery/1gbt.html")), site.left_out)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_an_older_site_stays_if_the_new_one_cannot_take_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, folder = tmp_path / "empty", tmp_path / "site"
    source.mkdir()
    folder.mkdir()
    (folder / "index.html").write_text(f"{MARK} of old")
    rename = Path.rename

    def fail(path: Path, target: Path) -> Path:
        if path.name == "site" and target == folder:
            raise OSError(28, "No space left on device")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(OutputError, match="No space left on device"):
        build_site(folder, source=source, reference=False)
    assert (folder / "index.html").read_text() == f"{MARK} of old"


@pytest.mark.parametrize("name", ["index.html", "thesis.tex"])
def test_a_folder_of_something_else_is_left_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    with pytest.raises(OutputError, match="something else than a site of protvis"):
        build_site(tmp_path, source=tmp_path)
    assert (tmp_path / name).read_text() == "mine"


def test_a_source_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="is not a folder"):
        build_site(tmp_path / "site", source=tmp_path / "gone")


def test_what_is_not_installed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("documents", "notebooks"):
        monkeypatch.delitem(sys.modules, f"protvis.site.{name}", raising=False)
    monkeypatch.setitem(sys.modules, "nbconvert", None)
    with pytest.raises(OptionError, match=r"nbconvert.*pip install 'protvis\[docs\]'"):
        build_site(tmp_path / "site", source=tmp_path)
    assert not (tmp_path / "site").exists()


def test_a_notebook_that_fails_stops_the_site(tmp_path: Path) -> None:
    notebook(tmp_path, "1 / 0")
    with pytest.raises(
        OutputError, match=r"a\.ipynb does not run: ZeroDivisionError: division by zero$"
    ):
        build_site(tmp_path / "site", source=tmp_path, reference=False)
    assert [path.name for path in tmp_path.iterdir()] == ["notebooks"]


def test_a_notebook_of_an_unknown_kernel_stops_the_site(tmp_path: Path) -> None:
    (tmp_path / "notebooks").mkdir()
    metadata = {"kernelspec": {"name": "klingon", "display_name": "Klingon"}}
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")], metadata=metadata)
    nbformat.write(made, tmp_path / "notebooks" / "a.ipynb")
    with pytest.raises(OutputError, match=r"a\.ipynb does not run: .*klingon"):
        build_site(tmp_path / "site", source=tmp_path, reference=False)


def test_documents_are_read_as_text(tmp_path: Path) -> None:
    source = tmp_path / "a.md"
    source.write_text(
        "# A <b>title\n\n<script>alert(1)</script> [b](b.md#c) [n](../n.ipynb) [out](../out.ipynb) "
        "[x](https://x.y/z.md)\n\n## What it's for\n\n## What it's for\n\n"
        "```python\nx = '<i>'\n```\n\n"
        "```klingon\n<q>\n```\n\n"
        "| a | b |\n|---|---|\n| `<u>` | 2 |\n",
        "utf-8",
    )
    (tmp_path / "n.html").touch()
    text = write_document_page(source, tmp_path / "page" / "a.html").read_text("utf-8")
    body = text.partition("<main>")[2]
    for tag in ("<b>", "<script>", "<i>", "<q>", "<u>"):
        assert tag not in body
    assert "<title>A &lt;b&gt;title</title>" in text
    for link in ('href="b.html#c"', 'href="../n.html"', 'href="https://x.y/z.md"'):
        assert link in body
    assert "<span>out</span>" in body, "the site has no such page"
    assert '<h2 id="what-its-for">' in body
    assert '<h2 id="what-its-for-1">' in body
    assert "<td><code>&lt;u&gt;</code></td>" in body
