"""What is written appears whole, and replaces files only: no device, pipe, socket or link."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import protvis as pv
from protvis.cli import main
from protvis.data import TRYPSIN
from protvis.errors import OutputError
from protvis.output_file import check_place, sweep_drafts, write_whole

Maker = Callable[[Path], None]


def pipe(path: Path) -> None:
    os.mkfifo(path)


def bound_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        folder = os.open(path.parent, os.O_RDONLY)
        # The address of a socket must be short.
        made.bind(f"/proc/self/fd/{folder}/{path.name}")
        os.close(folder)


def device(path: Path) -> None:
    path.symlink_to(os.devnull)


def folder(path: Path) -> None:
    path.mkdir()


def loop(path: Path) -> None:
    path.symlink_to(path)


ODD = [
    pytest.param(pipe, "is a named pipe", id="pipe"),
    pytest.param(bound_socket, "is a socket", id="socket"),
    pytest.param(device, "is a device", id="device"),
    pytest.param(folder, "is a folder", id="folder"),
    pytest.param(loop, "cannot write", id="loop of links"),
]


@pytest.mark.parametrize(("make", "said"), ODD)
def test_what_is_no_file_is_refused_and_stays(tmp_path: Path, make: Maker, said: str) -> None:
    path = tmp_path / "page.html"
    make(path)
    before = path.lstat()
    with pytest.raises(OutputError, match=said):
        write_whole(path, "new")
    after = path.lstat()
    assert (after.st_ino, after.st_mode) == (before.st_ino, before.st_mode)
    assert [found.name for found in tmp_path.iterdir()] == ["page.html"]


@pytest.mark.parametrize(("make", "said"), ODD)
def test_what_comes_into_the_place_meanwhile_stays(tmp_path: Path, make: Maker, said: str) -> None:
    path = tmp_path / "page.html"

    def write(stream: object) -> None:
        make(path)

    with pytest.raises(OutputError, match=said):
        write_whole(path, write)
    assert [found.name for found in tmp_path.iterdir()] == ["page.html"]
    assert not path.is_file()


def test_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    target = tmp_path / "there" / "page.html"
    first, second = tmp_path / "first.html", tmp_path / "second.html"
    first.symlink_to(second)
    second.symlink_to("there/page.html")
    for text in ("new", "newer"):
        assert write_whole(first, text) == first
        assert first.is_symlink()
        assert second.is_symlink()
        assert target.read_text() == text
    second.unlink()
    second.symlink_to("nowhere/page.html")
    with pytest.raises(OutputError, match="No such file or directory"):
        write_whole(first, "newest")


def test_permissions_stay_and_new_files_are_shared(tmp_path: Path) -> None:
    private, new = tmp_path / "private.html", tmp_path / "new.html"
    private.touch(0o600)
    write_whole(private, "new")
    write_whole(new, "new")
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert stat.S_IMODE(new.stat().st_mode) == 0o666 & ~mask


@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_file_stays_until_the_new_one_is_whole(tmp_path: Path, failure: BaseException) -> None:
    path = tmp_path / "page.html"
    path.write_text("old")

    def write(stream: object) -> None:
        assert path.read_text() == "old"
        raise failure

    with pytest.raises((OutputError, KeyboardInterrupt)):
        write_whole(path, write)
    assert path.read_text() == "old"
    assert [found.name for found in tmp_path.iterdir()] == ["page.html"]


def test_names_that_cannot_be(tmp_path: Path) -> None:
    for name in ("a\0b", "x" * 5000):
        with pytest.raises(OutputError, match="cannot write"):
            write_whole(tmp_path / name, "new")
    longest = tmp_path / ("é" * 125 + ".html")
    write_whole(longest, "\ud800")
    assert longest.read_text() == "?"


def test_what_is_killed_is_swept(tmp_path: Path) -> None:
    program = (
        "import os, sys; from protvis.output_file import write_whole\n"
        "write_whole(sys.argv[1], lambda stream: os.kill(os.getpid(), 9))"
    )
    path = tmp_path / "page.html"
    path.write_text("old")
    subprocess.run([sys.executable, "-c", program, str(path)], check=False)
    assert len(list(tmp_path.iterdir())) == 2
    (tmp_path / ".page.html.mine.partial").touch()
    sweep_drafts(tmp_path, "*.html")
    assert {found.name for found in tmp_path.iterdir()} == {
        "page.html",
        ".page.html.mine.partial",
    }
    assert path.read_text() == "old"


def test_what_takes_the_prints_is_refused(tmp_path: Path) -> None:
    program = (
        "import sys; from protvis.output_file import write_whole\n"
        "try: write_whole(sys.argv[1], 'new')\n"
        "except OSError as error: print(error)"
    )
    path = tmp_path / "out.txt"
    for name in ("/dev/stdout", str(path)):
        with path.open("w") as out:
            subprocess.run([sys.executable, "-c", program, name], stdout=out, check=True)
        assert path.read_text() == f"{name} takes what this program prints; give another name\n"


def test_the_source_is_not_replaced(tmp_path: Path) -> None:
    source, link = tmp_path / "1gbt.cif.gz", tmp_path / "link.html"
    source.write_bytes(Path(TRYPSIN).read_bytes())
    link.symlink_to(source)
    for place in (source, link):
        with pytest.raises(OutputError, match="is the file that is read"):
            check_place(place, source=source)
        assert main(["explore", str(source), "--model", "mini", "-o", str(place)]) == 2
    assert source.read_bytes() == Path(TRYPSIN).read_bytes()
    assert check_place(source, source="1GBT") == source


@pytest.mark.usefixtures("bundle")
@pytest.mark.parametrize("verb", ["demo", "explore", "report"])
def test_every_verb_refuses_what_is_no_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], verb: str
) -> None:
    place = tmp_path / "page.html"
    pipe(place)
    given = {"demo": [], "explore": [str(TRYPSIN), "--model", "mini"], "report": [str(tmp_path)]}
    assert main([verb, *given[verb], "-o", str(place)]) == 2
    assert "is a named pipe" in capsys.readouterr().err
    assert stat.S_ISFIFO(place.stat().st_mode)


@pytest.mark.slow
@pytest.mark.usefixtures("bundle")
def test_every_method_that_writes_refuses_what_is_no_file(tmp_path: Path) -> None:
    explorer = pv.explore(TRYPSIN, model="mini-positions")
    report = pv.analyze(TRYPSIN, "mini", features="contact", progress=False)
    methods = {
        "page.html": explorer.to_html,
        "links.cxc": explorer.to_chimerax,
        "links.py": explorer.to_pymol,
        "links.csv": explorer.save_table,
        "links.parquet": explorer.save_table,
        "picture.png": explorer.snapshot,
        "report.protvis": report.save,
        "report.html": report.to_html,
    }
    for name, method in methods.items():
        pipe(tmp_path / name)
        with pytest.raises(OutputError, match="is a named pipe"):
            method(tmp_path / name)
        assert stat.S_ISFIFO((tmp_path / name).stat().st_mode)
    # Of three files none is written if one cannot be.
    pipe(tmp_path / "three.bild")
    with pytest.raises(OutputError, match="is a named pipe"):
        explorer.to_chimerax(tmp_path / "three.cxc")
    assert not (tmp_path / "three.cif").exists()
    explorer.close()
