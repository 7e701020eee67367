"""The picture of a view: it shows the links asked for, and no name in it becomes a formula."""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path

import numpy as np
import pytest
from matplotlib.collections import LineCollection, PathCollection
from PIL import Image

from protvis.models import load_model
from protvis.plot.overview import describe_view, picture_bytes, plot_view
from protvis.scene import Scene, ViewState, build_scene
from protvis.structure import load_structure


@pytest.fixture(scope="module")
def scene(demo_structure: Path) -> Scene:
    structure = load_structure(demo_structure)
    return build_scene(structure, structure.chains["A"], load_model("mini-positions"))


def test_links_are_points_and_arcs(scene: Scene) -> None:
    view = ViewState.open(scene, layer=2, head=3, top_k=40, combine="directed")
    figure = plot_view(scene, view)
    where, _, _, along = figure.axes
    (points,) = (c for c in where.collections if isinstance(c, PathCollection))
    (arcs,) = (c for c in along.collections if isinstance(c, LineCollection))
    links = scene.map_set("attention").links.select(
        1 * 9 + 2, top_k=40, threshold=0.0, min_separation=6, combine="directed"
    )
    drawn = np.asarray(points.get_offsets())[::-1]
    np.testing.assert_array_equal(drawn, np.column_stack([links.key, links.query]))
    ends = np.array([(line[0][0], line[-1][0]) for line in arcs.get_segments()])[::-1]
    np.testing.assert_allclose(np.sort(ends), np.sort(drawn), atol=1e-6)
    solid = points.get_facecolors()[:, 3][::-1]
    assert (np.diff(solid) <= 1e-6).all()


def test_nothing_is_cut_and_colours_are_those_of_the_explorer(scene: Scene) -> None:
    figure = plot_view(scene, ViewState.open(scene, layer=1, head=1))
    figure.draw_without_rendering()
    for axes in figure.axes:
        drawn = axes.get_tightbbox()
        assert drawn is not None
        assert min(drawn.x0, drawn.y0) >= 0
        assert drawn.x1 <= figure.bbox.x1
        assert drawn.y1 <= figure.bbox.y1
    (image,) = figure.axes[1].images
    best = float(scene.scores["contact_precision"].max())
    assert image.get_clim() == pytest.approx((0, max(0.3, best)))


def test_selected_residues_are_marked_and_named(scene: Scene) -> None:
    labels = ["A:HIS57", "A:SER195"]
    view = ViewState.open(scene, layer=1, head="mean", top_k=200, selected_residues=labels)
    selection = [scene.chain.find(label) for label in labels]
    figure = plot_view(scene, view)
    where, _, _, along = figure.axes
    marked = [line for line in where.lines if len(set(line.get_ydata())) == 1]
    assert [line.get_ydata()[0] for line in marked] == selection
    (points,) = (c for c in where.collections if isinstance(c, PathCollection))
    drawn = np.asarray(points.get_offsets())
    assert 0 < len(drawn) < 200
    assert np.isin(drawn, selection).any(axis=1).all()
    assert list(along.lines[-1].get_xdata()) == selection
    said = "selected: A:HIS57, A:SER195; only their links"
    assert said in [text.get_text() for text in figure.texts]
    words = describe_view(scene, view)
    assert words.endswith(said)
    assert f" · {len(drawn)} strongest links, " in words
    assert "selected" not in describe_view(scene, view.changed(scene, selected_residues=[]))


def test_words_count_the_links_and_contacts(scene: Scene) -> None:
    view = ViewState.open(scene, layer=1, head="mean", top_k=25)
    links = scene.map_set("attention").links.select(
        8, top_k=25, threshold=0.0, min_separation=6, combine="max"
    )
    touching = scene.chain.contact_map()[links.query, links.key].sum()
    words = describe_view(scene, view)
    assert f"head 1-mean · 25 strongest links, {touching} of them contacts" in words


def test_a_name_is_no_formula_and_no_notice_is_no_trouble(
    scene: Scene, demo_structure: Path
) -> None:
    structure = load_structure(demo_structure)
    structure.name = "a$b$ " + 200 * "long "
    model = load_model("mini-positions")
    model.notice = None
    renamed = dataclasses.replace(scene, structure=structure, model=model)
    texts = [text.get_text() for text in plot_view(renamed, ViewState.open(renamed)).texts]
    assert texts[0].startswith("a$b$ long")
    assert len(texts[0]) <= 110
    assert len(texts) == 2
    picture_bytes(plot_view(renamed, ViewState.open(renamed)))


def test_the_picture_is_small_and_repeats(scene: Scene) -> None:
    view = ViewState.open(scene)
    first, second = (picture_bytes(plot_view(scene, view)) for _ in range(2))
    assert first == second
    assert len(first) < 100_000
    with Image.open(io.BytesIO(first)) as image:
        assert image.format == "PNG"
        assert len(image.getcolors(256) or []) > 16
