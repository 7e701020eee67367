"""The offline page: one file, nothing fetched, nothing injected, written whole or not at all."""

from __future__ import annotations

import base64
import dataclasses
import gzip
import json
import os
import re
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl

import numpy as np
import pytest

from protvis.errors import ProtvisError
from protvis.export import explore_to_html, write_page
from protvis.export.page import MAPS_BYTES
from protvis.export.story import story_steps
from protvis.scene import Scene, ViewState, build_scene, open_scene
from protvis.scene.wire import decode_array, decode_root

pytestmark = pytest.mark.usefixtures("bundle")

HOSTILE = "</script><img src=x onerror=alert(1)><!--'\"&amp;"


@pytest.fixture(scope="module")
def scene(demo_structure: Path) -> Scene:
    from protvis.models import load_model
    from protvis.structure import load_structure

    structure = load_structure(demo_structure)
    return build_scene(structure, structure.chains["A"], load_model("mini-positions"))


def written(scene: Scene, path: Path | str, **options: Any) -> Path:
    """Write the page that opens as the scene does."""
    return write_page(scene, ViewState.open(scene), path, **options)


@pytest.fixture(scope="module")
def page(scene: Scene, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(scene, tmp_path_factory.mktemp("page") / "page.html")


class Elements(HTMLParser):
    """Every element of a page with its attributes, and the text of its title."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.title = ""
        self._in_title = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self._in_title = tag == "title"

    def handle_endtag(self, tag: str) -> None:
        self._in_title = False

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += data


def block(text: str, name: str) -> bytes:
    packed = re.search(rf'data-protvis="{name}">([^<]+)<', text)
    assert packed is not None
    return gzip.decompress(base64.b64decode(packed[1]))


def content(path: Path) -> tuple[dict[str, Any], bytes]:
    text = path.read_text("utf-8")
    return json.loads(block(text, "content")), block(text, "bytes")


def array(placed: dict[str, Any], data: bytes) -> np.ndarray:
    start = placed["offset"]
    return decode_array({**placed, "data": data[start : start + placed["length"]]})


def test_it_is_one_file_that_names_no_other(page: Path) -> None:
    assert [path.name for path in page.parent.iterdir()] == ["page.html"]
    elements = Elements(page.read_text("utf-8")).found
    tags = {tag for tag, _ in elements}
    assert tags.isdisjoint({"img", "iframe", "object", "embed", "base", "form", "video", "audio"})
    addresses = [
        (tag, name, value)
        for tag, attributes in elements
        for name, value in attributes.items()
        if name in ("src", "href", "action", "srcset", "data", "poster")
    ]
    assert addresses == [("link", "href", "data:,")]
    (policy,) = (
        attributes["content"]
        for tag, attributes in elements
        if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    assert "http" not in policy
    assert "connect-src" not in policy
    scripts = re.findall(r"<script>(.*?)</script>", page.read_text("utf-8"), re.S)
    (digest,) = re.findall(r"script-src 'sha256-([^']+)';", policy)
    assert [base64.b64encode(sha256(code.encode()).digest()).decode() for code in scripts] == [
        digest
    ]
    style = re.search(r"<style>(.*?)</style>", page.read_text("utf-8"), re.S)
    assert style is not None
    assert "@import" not in style[1]
    assert "url(" not in style[1]


def test_it_holds_the_scene_the_view_and_all_maps(scene: Scene, page: Path) -> None:
    found, data = content(page)
    wire = scene.wire()
    for held, sent in (
        (found["scene"]["arrays"], wire["arrays"]),
        (found["map_sets"]["attention"]["arrays"], wire["attention"]["arrays"]),
    ):
        assert list(held) == list(sent)
        for name, encoded in sent.items():
            np.testing.assert_array_equal(array(held[name], data), decode_array(encoded))
    assert found["scene"]["structure"] == wire["structure"]
    assert found["view"] == json.loads(json.dumps(ViewState.open(scene).wire(scene)))
    attention = found["map_sets"]["attention"]
    heads = scene.heads()
    assert len(attention["maps"]) == len(heads)
    for placed, place in zip(attention["maps"], heads, strict=True):
        exact = scene.attention.head_map(*place)
        values = decode_root(array(placed, data), placed["scale"])
        step = np.sqrt(placed["scale"]) / 255
        np.testing.assert_allclose(np.sqrt(values), np.sqrt(exact), atol=0.51 * step)


def test_where_not_all_maps_fit_the_page_says_which_it_holds(scene: Scene, tmp_path: Path) -> None:
    cells = scene.n_residues**2
    path = write_page(
        scene, ViewState.open(scene), tmp_path / "page.html", maps_bytes=5 * cells + 7, maps=()
    )
    found, data = content(path)
    attention = found["map_sets"]["attention"]
    held = [place for place, m in zip(scene.heads(), attention["maps"], strict=True) if m]
    precision = scene.scores["contact_precision"][:, :-1]
    best = [divmod(int(at), 8) for at in np.argsort(-precision, axis=None, kind="stable")]
    expected = {(0, "mean"), (1, "mean"), *best}
    # Layer means first, then the heads that agree best with the contacts.
    assert len(held) == 5
    assert {(0, "mean"), (1, "mean")} <= set(held) <= expected
    scores = scene.scores["contact_precision"]
    chosen = [scores[layer, head] for layer, head in held if head != "mean"]
    left = [scores[place] for place in best if place not in held]
    assert min(chosen) >= max(left)
    assert "5 of 18 heads" in attention["maps_note"]
    assert "layer means and the heads that agree best with the contacts" in attention["maps_note"]
    # The links of all heads are there all the same.
    assert len(array(attention["arrays"]["links_offsets"], data)) == 19


@pytest.mark.slow
def test_maps_that_were_handed_in_come_first(demo_structure: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    own = {name: rng.normal(size=(223, 223)) for name in ("one", "two", "three")}
    made, view = open_scene(demo_structure, "mini-positions", maps=own)
    cells = 223**2

    def maps_in(maps_bytes: int, name: str = "attention") -> dict[str, int]:
        looked = dataclasses.replace(view, map=name)
        page = write_page(made, looked, tmp_path / "own.html", maps_bytes=maps_bytes)
        sets = content(page)[0]["map_sets"]
        return {
            name: sum(one is not None for one in sets[name]["maps"])
            for name in sets
            if name not in ("apc", "shuffled")
        }

    assert maps_in(MAPS_BYTES) == {"attention": 18, "one": 1, "two": 1, "three": 1}
    # Each takes its place from attention, as far as there is any.
    assert maps_in(5 * cells) == {"attention": 2, "one": 1, "two": 1, "three": 1}
    assert maps_in(2 * cells) == {"attention": 0, "one": 1, "two": 1}
    # What is looked at is there in any case, and first.
    assert maps_in(cells, "three") == {"attention": 0, "three": 1}
    assert maps_in(0, "three") == {"attention": 0, "three": 0}


def test_without_room_there_are_no_maps(scene: Scene, tmp_path: Path) -> None:
    found, _ = content(written(scene, tmp_path / "page.html", maps_bytes=0, maps=()))
    attention = found["map_sets"]["attention"]
    assert attention["maps"] == [None] * 18
    assert "0 of 18" in attention["maps_note"]


def test_the_maps_of_a_page_stay_within_their_room(page: Path) -> None:
    found, _ = content(page)
    placed = [m for maps in found["map_sets"].values() for m in maps["maps"] if m]
    assert sum(m["length"] for m in placed) <= MAPS_BYTES == 16 * 2**20


def test_the_view_is_the_one_given(scene: Scene, tmp_path: Path) -> None:
    labels = scene.chain.residue_labels
    view = ViewState.open(
        scene,
        layer=1,
        head="mean",
        combine="directed",
        threshold=0.25,
        selected_link=(labels[9], labels[3]),
        shown_tracks=["disulfide"],
        cartoon_by="relative accessibility",
        show_copies=True,
        camera=np.eye(4).ravel(),
    )
    found, _ = content(write_page(scene, view, tmp_path / "page.html", maps=()))
    assert found["view"] == json.loads(json.dumps(view.wire(scene)))
    assert found["view"]["selected_residues"] == [3, 9]
    assert found["view"]["selected_link"] == [9, 3]
    by_hand = ViewState(layer=3, head=1, top_k=5)
    with pytest.raises(ProtvisError, match="layers 1 to 2"):
        write_page(scene, by_hand, tmp_path / "wrong.html", maps=())


@pytest.mark.parametrize(
    ("step", "residues", "link"),
    [
        ({}, "A:HIS57,A:SER195", "A:SER195,A:HIS57"),
        ({"selected_link": ("A:ASP102", "57")}, "A:HIS57,A:ASP102", "A:ASP102,A:HIS57"),
        ({"selected_residues": ["A:ASP102"]}, "A:ASP102", None),
        ({"selected_link": None}, "A:HIS57,A:SER195", None),
    ],
)
def test_a_step_of_a_story_selects_as_the_explorer_does(
    scene: Scene, step: dict[str, Any], residues: str, link: str | None
) -> None:
    begin = ViewState.open(scene, selected_link=("A:SER195", "A:HIS57"))
    (made,) = story_steps(scene, begin, [{"caption": "x", **step}])
    said = dict(parse_qsl(made["view"], keep_blank_values=True))
    assert (said["residues"], said.get("link") or None) == (residues, link)


def test_the_same_scene_gives_the_same_bytes(scene: Scene, page: Path, tmp_path: Path) -> None:
    assert written(scene, tmp_path / "again.html").read_bytes() == page.read_bytes()


def test_names_from_files_are_text(scene: Scene, page: Path, tmp_path: Path) -> None:
    structure = SimpleNamespace(
        name=HOSTILE,
        title=HOSTILE,
        identical_chains=(),
        to_mmcif=lambda: f"data_x\n_struct.title '{HOSTILE}'\n",
    )
    hostile = dataclasses.replace(scene, structure=structure, _map_sets={})
    path = written(hostile, tmp_path / "page.html")
    text = path.read_text("utf-8")
    found, expected = Elements(text), Elements(page.read_text("utf-8"))
    assert [tag for tag, _ in found.found] == [tag for tag, _ in expected.found]
    assert HOSTILE in found.title
    assert "<img src=x" not in text
    inside, _ = content(path)
    assert inside["scene"]["meta"]["structure_name"] == HOSTILE
    assert HOSTILE in inside["scene"]["structure"]


def test_it_replaces_what_was_there_and_leaves_nothing_beside(scene: Scene, tmp_path: Path) -> None:
    target = tmp_path / "page.html"
    target.write_text("old")
    assert written(scene, str(target), maps=()) == target
    assert target.read_text("utf-8").startswith("<!doctype html>")
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]
    umask = os.umask(0)
    os.umask(umask)
    assert target.stat().st_mode & 0o777 == 0o666 & ~umask


def test_what_cannot_be_written_leaves_what_was_there(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "page.html"
    target.write_text("old")

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(ProtvisError, match="No space left on device"):
        written(scene, target, maps=())
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


def test_a_missing_folder(scene: Scene, tmp_path: Path) -> None:
    with pytest.raises(ProtvisError, match=r"cannot write .*page\.html.*choose a folder"):
        written(scene, tmp_path / "missing" / "page.html", maps=())
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_place_of_a_file(scene: Scene, tmp_path: Path) -> None:
    with pytest.raises(ProtvisError, match="is a folder; give the name of the file"):
        written(scene, tmp_path, maps=())


def test_a_file_in_place_of_a_folder(scene: Scene, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ProtvisError, match="Not a directory"):
        written(scene, tmp_path / "file" / "page.html", maps=())


@pytest.mark.skipif(
    hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write everywhere"
)
def test_a_folder_one_may_not_write_to(scene: Scene, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(ProtvisError, match="Permission denied"):
            written(scene, tmp_path / "page.html", maps=())
    finally:
        tmp_path.chmod(0o700)


def test_from_a_file_in_one_call(demo_structure: Path, tmp_path: Path) -> None:
    path = explore_to_html(
        demo_structure, tmp_path / "a.html", "mini-positions", layer=2, head=3, top_k=9
    )
    found, _ = content(path)
    assert (found["view"]["layer"], found["view"]["head"], found["view"]["top_k"]) == (2, 3, 9)
    with pytest.raises(TypeError, match="did you mean 'layer'"):
        explore_to_html(demo_structure, tmp_path / "b.html", "mini-positions", layers=2)
    assert not (tmp_path / "b.html").exists()


def test_a_checkout_without_the_bundle_says_how_to_build_it(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("protvis.scene.bundle._STATIC", tmp_path / "static")
    with pytest.raises(ProtvisError, match="not built in this checkout; run"):
        written(scene, tmp_path / "page.html", maps=())
    assert list(tmp_path.iterdir()) == []
