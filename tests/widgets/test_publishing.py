"""What an explorer gives to papers is what it shows, and says where it comes from."""

from __future__ import annotations

import base64
import gzip
import inspect
import json
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from matplotlib.image import AxesImage
from matplotlib.text import Text

from protvis.annotations import TrackSet
from protvis.errors import AnnotationError, LabelError, OptionError, OutputError
from protvis.export.chimerax import write_chimerax
from protvis.export.embed import embed_page
from protvis.export.link_tables import TABLES, write_view_table
from protvis.export.page import write_page
from protvis.export.pymol import write_pymol
from protvis.export.snapshot import take_snapshot
from protvis.plot.view_figures import FIGURES, draw_view
from protvis.scene import Scene, ViewState
from protvis.widgets import AttentionExplorer

pytestmark = pytest.mark.usefixtures("bundle")

SELECTED = ["A:HIS57", "A:ASP102", "A:SER195"]


def texts(figure: Any) -> str:
    return " ".join(text.get_text() for text in figure.findobj(Text)).replace("\n", " ")


# -- figures ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", FIGURES)
def test_every_figure_says_what_it_shows(explorer: AttentionExplorer, kind: str) -> None:
    found = texts(explorer.figure(kind))
    assert "1GBT chain A · mini-positions" in found
    # What has to be said wherever the model is shown.
    assert explorer.model.notice is not None
    assert explorer.model.notice.split(".")[-2].split()[-1] in found
    assert "Hello" in texts(explorer.figure(kind, title="Hello"))


def test_the_heatmap_is_the_present_map(explorer: AttentionExplorer) -> None:
    explorer.layer, explorer.head = 2, 3
    explorer.selected_link = ("A:HIS57", "A:SER195")
    linked = {text.get_text() for text in explorer.figure().axes[0].texts}
    assert {"HIS57", "SER195"} <= linked
    assert "ASP102" not in linked
    explorer.selected_residues = SELECTED
    figure = explorer.figure()
    (image,) = figure.axes[0].findobj(AxesImage)
    np.testing.assert_array_equal(image.get_array(), explorer.scene.attention.head_map(1, 2))
    assert {"HIS57", "ASP102", "SER195"} <= {text.get_text() for text in figure.axes[0].texts}
    assert "Attention, head 2-3" in texts(figure)
    explorer.map = "apc"
    signed = explorer.figure()
    (image,) = signed.axes[0].findobj(AxesImage)
    assert image.norm.vmin == -image.norm.vmax
    assert "APC-corrected, head 2-3" in texts(signed)
    assert "contact" in texts(signed)
    assert "contact" not in texts(explorer.figure(contacts=False))


def test_arcs_are_the_links_now_drawn(explorer: AttentionExplorer) -> None:
    explorer.threshold, explorer.min_separation = 0.01, 12
    links = explorer.links()
    contacts = int(links["contact"].sum())
    found = texts(explorer.figure("arcs", tracks=["binding site"]))
    assert f"contact ({contacts})" in found
    assert f"no contact ({len(links) - contacts})" in found
    assert "weight at least 0.01, |i\u00a0-\u00a0j| at least 12" in found
    assert "binding site" in found
    assert "disulfide" not in found
    explorer.selected_residues = SELECTED
    assert f"no contact ({len(explorer.links())})" in texts(explorer.figure("arcs"))


def test_scores_are_those_of_the_heads(explorer: AttentionExplorer) -> None:
    table = explorer.find_heads("binding site")
    best = table[table["head"] != "mean"].iloc[0]
    said = f"highest: {best['layer']}-{best['head']} with {best['proportion']:.3g}"
    assert said in texts(explorer.figure("heads", track="binding site"))
    entropy = explorer.head_scores()
    low = entropy[entropy["head"] != "mean"].nsmallest(1, "entropy").iloc[0]
    found = texts(explorer.figure("heads", score="entropy"))
    assert f"lowest: {low['layer']}-{low['head']} with {low['entropy']:.3g}" in found
    assert "share of secondary structure H" not in found
    assert "secondary structure H" in texts(
        explorer.figure("layers", track="secondary structure", state="H")
    )


def test_figures_that_cannot_be(explorer: AttentionExplorer) -> None:
    with pytest.raises(OptionError, match="did you mean 'arcs'"):
        explorer.figure("arc")
    with pytest.raises(LabelError, match="did you mean 'enrichment'"):
        explorer.figure("heads", score="enrichmnt")
    with pytest.raises(LabelError, match="did you mean 'binding site'"):
        explorer.figure("heads", track="bindng site")
    with pytest.raises(AnnotationError, match="unknown state"):
        explorer.figure("layers", track="secondary structure", state="X")
    with pytest.raises(OptionError, match="property of pairs"):
        explorer.figure("arcs", tracks=["disulfide bonds"])
    explorer.map = "rollout"
    with pytest.raises(OptionError, match="one map for all heads of a layer"):
        explorer.figure("heads")
    assert "rollout, layer" in texts(explorer.figure("arcs"))
    explorer.figure("layers")
    explorer.map = "best_heads"
    with pytest.raises(OptionError, match="nothing to compare"):
        explorer.figure("layers")


# -- scripts ---------------------------------------------------------------------------------------


@pytest.mark.slow
def test_scripts_show_the_present_view(explorer: AttentionExplorer, tmp_path: Path) -> None:
    explorer.layer, explorer.head, explorer.partners = 2, 5, 33
    explorer.selected_residues = SELECTED
    explorer.cartoon_by = "binding site"
    for path in (explorer.to_pymol(tmp_path / "x.py"), explorer.to_chimerax(tmp_path / "x.cxc")):
        text = path.read_text("utf-8")
        assert "head 2-5" in text
        assert "at most 33" in text
        assert "links of A:HIS57, A:ASP102, A:SER195" in text
        assert "57+102+195" in text or ":57,102,195" in text
    assert (tmp_path / "x.bild").read_text("utf-8").count(".note") == len(explorer.links())
    assert {path.name for path in tmp_path.iterdir()} == {"x.py", "x.cxc", "x.cif", "x.bild"}


# -- tables ----------------------------------------------------------------------------------------


def read_table(path: Path) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return a table that was written, and what it says of itself."""
    if path.suffix == ".csv":
        head = [line for line in path.read_text("utf-8").splitlines() if line.startswith("# ")]
        said = dict(line[2:].split(": ", 1) for line in head)
        return pd.read_csv(path, comment="#"), said
    return pd.read_parquet(path), json.loads(pq.read_schema(path).metadata[b"protvis"])


@pytest.mark.parametrize("table", ["links", "heads", "map", "tracks"])
@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_tables_come_back(
    explorer: AttentionExplorer, tmp_path: Path, table: str, suffix: str
) -> None:
    path = explorer.save_table(tmp_path / f"table{suffix}", table)
    found, said = read_table(path)
    assert said["table"] == table
    assert said["model"].startswith("mini-positions")
    assert said["structure"].startswith("1GBT")
    assert ("links" in said) == (table == "links")
    assert ("map" in said) == (table in ("links", "map"))
    expected = {
        "links": explorer.links,
        "heads": explorer.head_scores,
        "tracks": lambda: explorer.tracks.to_frame().reset_index(),
        "map": lambda: pd.DataFrame(
            explorer.scene.attention.head_map(0, "mean"),
            columns=list(explorer.chain.residue_labels),
        ),
    }[table]()
    assert [name for name in found if name != "query" or table == "links"] == list(expected)
    for name in expected:
        if expected[name].dtype.kind == "f":
            np.testing.assert_allclose(found[name], expected[name], rtol=1e-6)
        else:
            assert found[name].astype(str).tolist() == expected[name].astype(str).tolist()


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_table_of_heads_that_point_at_a_track(
    explorer: AttentionExplorer, tmp_path: Path, suffix: str
) -> None:
    path = explorer.save_table(
        tmp_path / f"x{suffix}", "heads", track="secondary structure", state="E"
    )
    found, said = read_table(path)
    expected = explorer.find_heads("secondary structure", "strand")
    assert expected.equals(explorer.find_heads("secondary structure", "E"))
    assert list(found) == list(expected)
    assert found["head"].astype(str).tolist() == expected["head"].astype(str).tolist()
    np.testing.assert_allclose(found["proportion"], expected["proportion"])
    assert said["share"] == "of links to secondary structure E"


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_tables_of_pairs_and_contacts(
    explorer: AttentionExplorer, tmp_path: Path, suffix: str
) -> None:
    assert set(TABLES) == {"links", "heads", "map", "tracks", "pairs", "contacts"}
    chain = explorer.chain
    contacts, said = read_table(explorer.save_table(tmp_path / f"c{suffix}", "contacts"))
    assert said["contact"] == "Cβ atoms closer than 8 Å, |i - j| at least 6"
    assert said["structure"].startswith("1GBT")
    assert "model" not in said
    expected = chain.contact_map()
    assert 2 * len(contacts) == expected.sum() > 500
    assert expected[contacts["i"], contacts["j"]].all()
    assert (contacts["i"] < contacts["j"]).all()
    assert contacts["distance"].between(2, 8, inclusive="left").all()
    labels = np.array(chain.residue_labels)
    assert contacts["j_label"].tolist() == labels[contacts["j"]].tolist()

    relay = np.zeros_like(expected)
    place = [chain.find(label) for label in SELECTED]
    relay[np.ix_(place, place)] = True
    np.fill_diagonal(relay, False)
    explorer.add_track(relay, "relay")
    pairs, _ = read_table(explorer.save_table(tmp_path / f"p{suffix}", "pairs"))
    assert pairs["track"].value_counts().to_dict() == {"disulfide bonds": 6, "relay": 3}
    bridges = pairs[pairs["track"] == "disulfide bonds"]
    assert bridges["i_label"].str.startswith("A:CYS").all()
    assert ("A:HIS57", "A:ASP102") in set(zip(pairs["i_label"], pairs["j_label"], strict=True))


def test_a_table_without_pairs_has_its_columns(explorer: AttentionExplorer, tmp_path: Path) -> None:
    only = TrackSet(explorer.chain, [explorer.tracks["binding site"]])
    explorer._scene_data = replace(explorer.scene, tracks=only)
    explorer.shown_tracks = []
    found, _ = read_table(explorer.save_table(tmp_path / "x.parquet", "pairs"))
    assert list(found) == ["track", "i", "j", "i_label", "j_label", "distance"]
    assert len(found) == 0


def test_tables_with_hostile_names(explorer: AttentionExplorer, tmp_path: Path) -> None:
    name = '# of "things", and\nmore'
    explorer.add_track(np.arange(223.0), name)
    path = explorer.save_table(tmp_path / "tracks.csv", "tracks")
    assert pd.read_csv(path, comment="#")[name].tolist() == list(range(223))


def test_heads_of_maps_without_heads(explorer: AttentionExplorer, tmp_path: Path) -> None:
    explorer.map = "rollout"
    found = pd.read_parquet(explorer.save_table(tmp_path / "x.parquet", "heads"))
    assert found["layer"].astype(int).tolist() == [1, 2]
    assert found["head"].isna().all()


def test_tables_that_cannot_be(explorer: AttentionExplorer, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"ends in \.csv or \.parquet, got 'x\.xlsx'"):
        explorer.save_table(tmp_path / "x.xlsx")
    with pytest.raises(OptionError, match="did you mean 'links'"):
        explorer.save_table(tmp_path / "x.csv", "link")
    with pytest.raises(OptionError, match="are for the table of heads, not of links"):
        explorer.save_table(tmp_path / "x.csv", track="binding site")
    with pytest.raises(LabelError, match="did you mean 'binding site'"):
        explorer.save_table(tmp_path / "x.csv", "heads", track="bindng site")
    with pytest.raises(OutputError, match="cannot write"):
        explorer.save_table(tmp_path / "nowhere" / "x.csv")
    assert list(tmp_path.iterdir()) == []


# -- snapshots without a browser -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"width": 63}, "width must be a whole number from 64 to 8192, got 63"),
        ({"height": 1e3}, "got 1000.0"),
        ({"width": True}, "got True"),
        ({"camera": [1.0]}, r"16 finite numbers as nglview gives them; got \[1.0\]"),
        ({"camera": [np.nan] * 16}, "16 finite numbers"),
        ({"camera": 5}, "16 finite numbers"),
    ],
)
def test_snapshots_of_a_wrong_size(
    scene: Scene, tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(OptionError, match=message):
        take_snapshot(scene, ViewState.open(scene), tmp_path / "x.png", **options)
    with pytest.raises(OptionError, match=r"ends in \.png, got 'x\.jpg'"):
        take_snapshot(scene, ViewState.open(scene), tmp_path / "x.jpg")


def test_what_is_missing_is_named(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "playwright.sync_api", None)
        with pytest.raises(
            OutputError, match=r"Playwright is not installed; install protvis\[snap"
        ):
            take_snapshot(scene, ViewState.open(scene), tmp_path / "x.png")
    pytest.importorskip("playwright")
    monkeypatch.setenv("PROTVIS_CHROMIUM", "no-such-browser")
    with pytest.raises(OutputError, match="there is no Chromium; install one"):
        take_snapshot(scene, ViewState.open(scene), tmp_path / "x.png")
    assert list(tmp_path.iterdir()) == []


def test_a_snapshot_takes_the_present_view(
    explorer: AttentionExplorer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = []

    def draw(page: str, *options: Any) -> bytes:
        packed = re.search(r'data-protvis="content">([^<]+)<', page)
        assert packed is not None
        content = json.loads(gzip.decompress(base64.b64decode(packed[1])))
        maps = [one for kind in content["map_sets"].values() for one in kind["maps"]]
        asked.append({"view": content["view"], "options": options, "maps": maps})
        return b"picture"

    monkeypatch.setattr("protvis.export.snapshot._draw", draw)
    explorer.layer, explorer.selected_residues = 2, SELECTED
    path = explorer.snapshot(tmp_path / "x.png", 300, 200, transparent=True)
    assert path.read_bytes() == b"picture"
    assert asked[-1]["options"] == ((300, 200), True, False)
    assert asked[-1]["view"] == json.loads(json.dumps(explorer.view_state.wire(explorer.scene)))
    assert asked[-1]["view"]["camera"] is None
    # Arcs are drawn from links.
    assert set(asked[-1]["maps"]) == {None}
    turned = [float(value) for value in np.eye(4).ravel()]
    explorer.view._camera_orientation = turned
    explorer.snapshot(tmp_path / "x.png")
    assert asked[-1]["view"]["camera"] == turned
    explorer.snapshot(tmp_path / "x.png", camera=[2.0] * 16)
    assert asked[-1]["view"]["camera"] == [2.0] * 16


# -- without an explorer ---------------------------------------------------------------------------


@pytest.mark.slow
def test_all_of_it_is_made_of_a_scene_and_a_view(scene: Scene, tmp_path: Path) -> None:
    """No widget, and the same bytes as from one that shows the view."""
    view = ViewState.open(scene, layer=2, head=3, selected_residues=SELECTED, combine="directed")
    made = AttentionExplorer(scene, view)
    try:
        for write, method in (
            (write_pymol, made.to_pymol),
            (write_chimerax, made.to_chimerax),
            (write_view_table, made.save_table),
            (write_page, made.to_html),
        ):
            suffix = {"write_pymol": "py", "write_chimerax": "cxc", "write_page": "html"}
            name = f"x.{suffix.get(write.__name__, 'csv')}"
            one, other = tmp_path / "one" / name, tmp_path / "other" / name
            for path in (one, other):
                path.parent.mkdir(exist_ok=True)
            assert write(scene, view, one).read_bytes() == method(other).read_bytes()
        assert texts(draw_view(scene, view, "arcs")) == texts(made.figure("arcs"))
        assert embed_page(scene, view).page == made.embed().page
    finally:
        made.close()


def test_methods_say_what_the_functions_say() -> None:
    assert list(inspect.signature(AttentionExplorer.figure).parameters)[:2] == ["self", "kind"]
    doc = AttentionExplorer.snapshot.__doc__ or ""
    assert "width, height : int, pixels" in doc
    assert "ViewState" not in doc
    assert "Parameters" not in (AttentionExplorer.links.__doc__ or "")
