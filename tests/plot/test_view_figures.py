"""Figures of one view show its numbers, stay on the page, and are read at any length."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.collections import LineCollection, PatchCollection, QuadMesh
from matplotlib.colors import to_hex
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle

from protvis.annotations import Track
from protvis.errors import OptionError
from protvis.plot.arcs import THICKEST, plot_arcs
from protvis.plot.attention_map import plot_attention_map
from protvis.plot.caption import Caption
from protvis.plot.protein_heads import plot_protein_heads, plot_protein_layers
from protvis.plot.residue_axis import ResidueAxis, spread
from protvis.scene.colors import ACCENT, CONTACT, NEAR, NO_CONTACT
from tests.plot.test_figures import check_legible, texts

LENGTHS = [50, 223, 1000]


def labels_of(n: int, first: int = 16, chains: str = "A") -> list[str]:
    each = n // len(chains)
    return [f"{chains[min(i // each, len(chains) - 1)]}:ALA{first + i % each}" for i in range(n)]


def links_of(n: int, count: int, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    pairs = np.array([rng.choice(n, 2, replace=False) for _ in range(count)])
    weight = np.sort(rng.random(count))[::-1]
    return pd.DataFrame(
        {
            "query": pairs[:, 0],
            "key": pairs[:, 1],
            "weight": weight,
            "contact": rng.random(count) < 0.4,
        }
    )


# -- residues along an axis ------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 7, *LENGTHS])
@pytest.mark.parametrize("chains", ["A", "AB", "ABC"])
def test_ticks_are_round_and_apart(n: int, chains: str) -> None:
    axis = ResidueAxis(tuple(labels_of(max(n, len(chains)), chains=chains)))
    places, numbers = axis.ticks(14)
    assert 1 <= len(places) <= 21
    assert numbers == [str(axis.parts[at].number) for at in places]
    assert (np.diff(places) > 0).all()
    assert [name for name, _, _ in axis.segments] == list(chains)
    assert axis.segments[0][1] == 0
    assert axis.segments[-1][2] == len(axis)


def test_insertion_codes_take_no_tick() -> None:
    axis = ResidueAxis(("A:GLY184A", "A:GLY184", "A:SER190", "A:SER190A", "A:THR200"))
    places, numbers = axis.ticks(2)
    assert set(numbers) <= {"190", "200"}
    assert 3 not in places
    assert axis.short(0) == "GLY184A"


@given(st.lists(st.floats(0, 100), min_size=1, max_size=30), st.floats(0.1, 20))
def test_spread_keeps_order_and_distance(places: list[float], gap: float) -> None:
    places = sorted(places)
    moved = spread(places, gap, 0, 100)
    room = min(gap, 100 / max(len(places) - 1, 1))
    assert (np.diff(moved) >= room - 1e-9).all()
    assert moved.min() >= -1e-9
    assert moved.max() <= 100 + 1e-9
    if len(places) < 2 or np.diff(places).min() >= gap:
        np.testing.assert_allclose(moved, places, atol=1e-9)


def test_captions_wrap() -> None:
    caption = Caption(3.0, "title " * 20, ["word " * 30, "share (|i − j| ≥ 6)"], ["note " * 40])
    assert len(caption.title) <= 32
    assert all(len(line) <= 45 for line in caption.lines)
    assert caption.lines[-1].replace("\xa0", " ") == "share (|i − j| ≥ 6)"
    narrow = Caption(1.0, "title", ["share of |i − j| ≥ 6"])
    assert [line.replace("\xa0", " ") for line in narrow.lines] == ["share of", "|i − j| ≥ 6"]
    assert caption.bottom > 0
    assert Caption(3.0, "title").bottom == 0


# -- the map ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", LENGTHS)
@pytest.mark.parametrize("signed", [False, True])
def test_the_map_is_drawn_whole(n: int, signed: bool) -> None:
    rng = np.random.default_rng(n)
    values = rng.random((n, n)) ** 6 - (0.2 if signed else 0)
    contacts = rng.random((n, n)) < 0.01
    chosen = [3, 4, 5, n - 1]
    figure = plot_attention_map(
        values, labels_of(n), contacts=contacts, selection=chosen, link=(3, n - 1), signed=signed,
        title="Attention, head 12-4", lines=["a line"], notes=["a note"],
    )  # fmt: skip
    check_legible(figure)
    axes = figure.axes[0]
    (image,) = axes.findobj(AxesImage)
    np.testing.assert_array_equal(image.get_array(), values)
    highest = np.abs(values).max() if signed else values.max()
    assert image.norm.vmax == highest
    assert image.norm.vmin == (-highest if signed else 0)
    # The colour follows the root: a quarter of the largest is half way up.
    assert image.norm(highest / 4) == pytest.approx(0.75 if signed else 0.5)
    if signed:
        assert image.norm(0.0) == pytest.approx(0.5)
    shown = [text.get_text() for text in axes.texts]
    assert [f"ALA{16 + at}" for at in chosen] == shown
    (box,) = [
        patch for patch in axes.patches if isinstance(patch, Rectangle) and not patch.get_fill()
    ]
    assert box.get_x() + box.get_width() / 2 == n - 1
    assert box.get_y() + box.get_height() / 2 == 3
    assert {"a line", "a note", "contact (Cβ within 8 Å)"} <= set(texts(figure))


def test_outlines_run_along_contacts_only() -> None:
    contacts = np.zeros((10, 10), bool)
    contacts[2, 5] = contacts[2, 6] = True
    contacts[0, 0] = contacts[9, 9] = True
    figure = plot_attention_map(np.zeros((10, 10)), labels_of(10), contacts=contacts)
    (outline,) = figure.axes[0].findobj(LineCollection)
    found = {tuple(map(tuple, segment)) for segment in outline.get_segments()}
    expected = set()
    for y, x in np.argwhere(contacts):
        sides = {
            (y - 1, x): ((x - 0.5, y - 0.5), (x + 0.5, y - 0.5)),
            (y + 1, x): ((x - 0.5, y + 0.5), (x + 0.5, y + 0.5)),
            (y, x - 1): ((x - 0.5, y - 0.5), (x - 0.5, y + 0.5)),
            (y, x + 1): ((x + 0.5, y - 0.5), (x + 0.5, y + 0.5)),
        }
        for (row, column), segment in sides.items():
            inside = 0 <= row < 10 and 0 <= column < 10 and contacts[row, column]
            if not inside:
                expected.add(segment)
    assert found == expected


def test_maps_of_several_chains_are_parted() -> None:
    figure = plot_attention_map(np.eye(90), labels_of(90, chains="ABC"), selection=[0, 89])
    check_legible(figure)
    assert {"chain A", "chain B", "chain C", "A:ALA16", "C:ALA45"} <= set(texts(figure))


@pytest.mark.parametrize("values", [np.full((5, 5), np.nan), np.zeros((5, 5)), -np.ones((5, 5))])
def test_empty_maps_are_drawn(values: np.ndarray) -> None:
    check_legible(plot_attention_map(values, labels_of(5)))


def test_a_map_fits_its_labels() -> None:
    with pytest.raises(OptionError, match=r"per label \(4\), got \(5, 5\)"):
        plot_attention_map(np.zeros((5, 5)), labels_of(4))


# -- arcs ------------------------------------------------------------------------------------------


def tracks_of(n: int) -> list[Track]:
    rng = np.random.default_rng(2)
    states = np.repeat(list("-HE-"), -(-n // 4))[:n]
    return [
        Track("secondary structure", "state", states, "test", {"H": "helix", "E": "strand"}),
        Track("a binding site of $x_1$ & more", "site", rng.random(n) < 0.1, "test"),
        Track("accessibility", "number", rng.random(n).astype(np.float32), "test", unit="Å²"),
        Track("domains", "range", rng.integers(-1, 2, n), "test", names=("one", "two")),
    ]


@pytest.mark.parametrize("n", LENGTHS)
@pytest.mark.parametrize("chosen", [0, 4, 25])
def test_arcs_are_half_circles_over_their_residues(n: int, chosen: int) -> None:
    links = links_of(n, 60)
    selection = list(range(5, 5 + chosen))
    figure = plot_arcs(
        links, labels_of(n), tracks=tracks_of(n), selection=selection, link=(0, n - 1),
        title="Links", lines=["a line"], notes=["a note " * 30],
    )  # fmt: skip
    check_legible(figure)
    axes = figure.axes[0]
    curves, marked = [c for c in axes.collections if isinstance(c, LineCollection)]
    assert to_hex(marked.get_color()[0]) == ACCENT
    drawn = curves.get_segments()
    # The strongest last, on top.
    for (_, link), points, width, color in zip(
        links[::-1].iterrows(), drawn, curves.get_linewidths(), curves.get_colors(), strict=True
    ):
        ends = {round(points[0, 0]), round(points[-1, 0])}
        assert ends == {link["query"], link["key"]}
        pixels = axes.transData.transform(points)
        middle, radius = pixels[[0, -1]].mean(axis=0), abs(pixels[0, 0] - pixels[-1, 0]) / 2
        np.testing.assert_allclose(np.hypot(*(pixels - middle).T), radius, rtol=1e-3)
        near = NEAR if abs(link["query"] - link["key"]) < 6 else NO_CONTACT
        assert to_hex(color) == (CONTACT if link["contact"] else near)
        assert width <= THICKEST
    assert (np.diff(curves.get_linewidths()) >= 0).all()
    count = int(links["contact"].sum())
    near = int((((links["query"] - links["key"]).abs() < 6) & ~links["contact"]).sum())
    said = {f"contact ({count})", f"no contact ({60 - count - near})"}
    said |= {f"near in sequence ({near})"} if near else set()
    assert said == {text for text in texts(figure) if re.fullmatch(r"[a-z ]+ \(\d+\)", text)}
    assert sum(text.startswith("ALA") for text in texts(figure)) == chosen


def test_neighbours_of_different_chains_are_not_near_in_sequence() -> None:
    links = pd.DataFrame(
        {"query": [18, 18, 2], "key": [21, 15, 30], "weight": [0.3, 0.2, 0.1], "contact": False}
    )
    figure = plot_arcs(links, labels_of(40, chains="AB"))
    (curves,) = [c for c in figure.axes[0].collections if isinstance(c, LineCollection)]
    assert [to_hex(color) for color in curves.get_colors()] == [NO_CONTACT, NEAR, NO_CONTACT]
    assert {"no contact (2)", "near in sequence (1)"} <= set(texts(figure))


def test_tracks_are_drawn_where_they_mark() -> None:
    n = 40
    values = np.zeros(n, bool)
    values[[3, 4, 5, 20]] = True
    figure = plot_arcs(links_of(n, 3), labels_of(n), tracks=[Track("site", "site", values, "t")])
    (cells,) = [c for c in figure.axes[0].collections if isinstance(c, PatchCollection)]
    boxes = [path.get_extents() for path in cells.get_paths()]
    assert [(box.x0, box.x1) for box in boxes] == [(2.5, 5.5), (19.5, 20.5)]
    assert "4 residues" in texts(figure)


def test_arcs_of_several_heads() -> None:
    strong, weak = links_of(80, 20), links_of(80, 10, seed=1)
    weak["weight"] /= 50
    links = pd.concat([strong.assign(head="2-5"), weak.assign(head="1-mean")])
    colors = {"2-5": "#3a9bf0", "1-mean": "#e6b800"}
    figure = plot_arcs(links, labels_of(80), heads=colors)
    check_legible(figure)
    assert {"head 2-5 (20)", "head 1-mean (10)"} <= set(texts(figure))
    (arcs,) = [one for one in figure.axes[0].collections if isinstance(one, LineCollection)]
    drawn = [to_hex(color) for color in arcs.get_colors()]
    assert {color: drawn.count(color) for color in colors.values()} == dict(
        zip(colors.values(), [20, 10], strict=True)
    )
    # The heaviest of each is as thick as the other's.
    widths = np.asarray(arcs.get_linewidths())
    tops = [max(widths[[one == color for one in drawn]]) for color in colors.values()]
    assert tops[0] == pytest.approx(tops[1])


@pytest.mark.parametrize("color_by", ["weight", "separation"])
def test_arcs_by_other_colors(color_by: str) -> None:
    figure = plot_arcs(links_of(80, 30), labels_of(80), color_by=color_by, directed=True)
    check_legible(figure)
    assert f"{color_by} 0" in texts(figure)


@pytest.mark.parametrize("reach", [6, 900])
def test_short_links_on_a_long_sequence_are_seen(reach: int) -> None:
    links = links_of(1000, 40)
    links["key"] = (links["query"] % (1000 - reach)) + reach
    links["query"] = links["key"] - reach
    figure = plot_arcs(links, labels_of(1000))
    check_legible(figure)
    curves = figure.axes[0].collections[0]
    assert isinstance(curves, LineCollection)
    top = max(points[:, 1].max() for points in curves.get_segments())
    assert 0.08 < top < 3


def test_no_links_are_no_error() -> None:
    check_legible(plot_arcs(links_of(30, 5)[:0], labels_of(30)))


def test_tracks_fit() -> None:
    with pytest.raises(OptionError, match="39 values for 40 residues"):
        plot_arcs(
            links_of(40, 3), labels_of(40), tracks=[Track("x", "site", np.ones(39, bool), "")]
        )


# -- scores ----------------------------------------------------------------------------------------


def scores_of(layers: int, columns: int) -> np.ndarray:
    return np.random.default_rng(layers).random((layers, columns)).astype(np.float32)


@pytest.mark.parametrize("shape", [(2, 9), (6, 21), (33, 21), (48, 41), (1, 2)])
def test_every_head_has_its_cell(shape: tuple[int, int]) -> None:
    scores = scores_of(*shape)
    scores[-1, 0] = np.nan
    figure = plot_protein_heads(
        scores, name="contact precision", chosen=(0, shape[1] - 1), background=0.03,
        lines=["a line that is long enough to be wrapped on the smallest of these figures" * 2],
        notes=["a note"],
    )  # fmt: skip
    check_legible(figure)
    axes = figure.axes[0]
    heads, means = axes.findobj(QuadMesh)
    shown = [
        np.ma.filled(mesh.get_array(), np.nan).reshape(shape[0], -1) for mesh in (heads, means)
    ]
    np.testing.assert_array_equal(np.hstack(shown), scores)
    (hatched,) = [patch for patch in axes.patches if patch.get_fill()]
    assert (hatched.get_x(), hatched.get_y()) == (0.5, shape[0] - 0.5)
    (frame,) = [patch for patch in axes.patches if not patch.get_fill()]
    assert to_hex(frame.get_edgecolor()) == ACCENT
    assert (frame.get_y(), frame.get_x()) == (0.5, shape[1] - 0.5 + 0.35)
    own = scores[:, :-1]
    if np.isfinite(own).any():
        layer, head = np.unravel_index(np.nanargmax(own), own.shape)
        (said,) = [text for text in texts(figure) if text.startswith("highest")]
        assert f"{layer + 1}-{head + 1} with {own[layer, head]:.3g}" in said
    numbers = [text.get_text() for text in axes.texts]
    assert len(numbers) == (scores.size - 1 if scores.size <= 156 else 0)


@pytest.mark.parametrize(
    ("scores", "is_share", "expected"),
    [
        ([[0.02, 0.1], [0.0, 0.05]], True, (0, 0.3)),
        ([[0.02, 0.6], [0.0, 0.05]], True, (0, 0.6)),
        ([[2.0, 5.0], [np.nan, 8.0]], False, (2, 8)),
        ([[np.nan, np.nan]], True, (0, 0.3)),
    ],
)
def test_a_grid_looks_as_in_the_explorer(
    scores: list[list[float]], is_share: bool, expected: tuple[float, float]
) -> None:
    """The same range of colours as in ``js/src/views/head-grid.ts``, and layer 1 at the top."""
    figure = plot_protein_heads(scores, name="x", is_share=is_share, mean_last=False)
    mesh = figure.axes[0].findobj(QuadMesh)[0]
    assert (mesh.norm.vmin, mesh.norm.vmax) == expected
    figure.draw_without_rendering()
    first, last = figure.axes[0].transData.transform([(1, 1), (1, 2)])[:, 1]
    assert first > last


@pytest.mark.parametrize("layers", [1, 3, 5, 33])
def test_a_long_name_is_not_cut_at_the_colour_bar(layers: int) -> None:
    name = "share of links to secondary structure: beta bridge or strand"
    figure = plot_protein_heads(scores_of(layers, 9), name=name)
    check_legible(figure)
    label = figure.axes[1].yaxis.label
    assert label.get_text().replace("\n", " ") == name
    # It ends where its bar ends, more or less.
    (bar, text) = figure.axes[1].get_window_extent(), label.get_window_extent()
    assert text.height < 1.2 * bar.height


def test_the_lowest_can_be_the_best() -> None:
    scores = np.array([[3.0, 1.0, 2.0, 0.5]])
    figure = plot_protein_heads(scores, name="entropy (bits)", lowest_best=True)
    assert "lowest: 1-2 with 1" in texts(figure)


@pytest.mark.parametrize("shape", [(2, 9), (12, 13), (48, 41), (6, 2)])
def test_layers_show_every_head(shape: tuple[int, int]) -> None:
    scores = scores_of(*shape)
    figure = plot_protein_layers(
        scores, name="contact precision", chosen=(1, 0), background=0.1, notes=["a note"]
    )
    check_legible(figure)
    axes = figure.axes[0]
    (points,) = axes.collections
    np.testing.assert_allclose(points.get_offsets()[:, 1], scores[:, :-1].ravel(), rtol=1e-6)
    lines = {line.get_label(): line for line in axes.lines}
    np.testing.assert_allclose(lines["score of the mean"].get_ydata(), scores[:, -1])
    if shape[1] > 2:
        np.testing.assert_allclose(lines["highest head"].get_ydata(), scores[:, :-1].max(axis=1))
        mean = lines["mean of the scores"].get_ydata()
        np.testing.assert_allclose(mean, scores[:, :-1].mean(axis=1), rtol=1e-6)


def test_layers_without_means_and_with_gaps() -> None:
    scores = np.full((4, 1), np.nan)
    scores[2] = 0.5
    check_legible(plot_protein_layers(scores, name="x", mean_last=False))
    check_legible(plot_protein_layers(np.full((3, 4), np.nan), name="x"))
    check_legible(plot_protein_heads(np.full((3, 4), np.nan), name="x"))
    with pytest.raises(OptionError, match="layer, head"):
        plot_protein_heads(np.zeros(4), name="x")


@pytest.mark.parametrize("suffix", ["svg", "pdf", "png"])
def test_figures_are_saved(tmp_path: Path, suffix: str) -> None:
    figure = plot_arcs(links_of(60, 20), labels_of(60), tracks=tracks_of(60))
    figure.savefig(tmp_path / f"links.{suffix}")
    start = {"svg": b"<?xml", "pdf": b"%PDF", "png": b"\x89PNG"}[suffix]
    assert (tmp_path / f"links.{suffix}").read_bytes().startswith(start)
