"""The picture of a view: what an explorer shows, with the 3D panel if a browser drew it.

It stands for the explorer where no browser code runs: in saved notebooks, PDFs and lists of pages.
The links of all heads are at hand, so that no model has to run to draw it.
"""

from __future__ import annotations

import io
from textwrap import shorten, wrap
from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import ListedColormap, to_hex, to_rgba_array
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from protvis.labels import MEAN, format_head
from protvis.plot.figure import ACCENT, INK, MUTED, ReportFigure, label_locator
from protvis.scene.colors import (
    COLORMAPS,
    CONTACT,
    GAIN,
    LOSS,
    NEAR,
    NO_CONTACT,
    relation_color,
    score_range,
    sign_color,
)  # fmt: skip
from protvis.scene.drawn_arcs import shown_links, view_entry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from protvis.attention.score_table import Score
    from protvis.scene import Scene, ViewState
    from protvis.scene.link_table import Links
    from protvis.scene.map_kind import MapKind
    from protvis.scene.map_sets import MapSet

__all__ = ["describe_view", "picture_bytes", "plot_view"]

TOUCHING = "#B9C2D0"
"""Cells of the contact map."""

MOST_POINTS = 24
"""Points of an arc's outline."""

COLORS = 256
"""Colours a picture is saved with; more only make it larger."""


def plot_view(
    scene: Scene, view: ViewState, *, drawn: bytes | None = None, footer: str = ""
) -> ReportFigure:
    """Draw the links of a view on the contact map and along the sequence, beside all heads' scores.

    Parameters
    ----------
    scene : Scene
    view : ViewState
        Selected residues are marked, and only their links are drawn.
    drawn : bytes, optional
        An image of the 3D panel, as PNG or WebP.
    footer : str, optional
        A line under the picture.

    Returns
    -------
    ReportFigure
    """
    map_set = scene.map_set(view.map)
    links = shown_links(scene, view)
    high = 7.6 if drawn else 5.0
    figure = ReportFigure(figsize=(8.4, high))
    # Distances from the edges are in shares of a picture without 3D.
    edge = 5.0 / high
    notes = [*wrap(scene.notice or "", 130), *([footer] if footer else [])]
    bottom = 0.03 + 0.033 * len(notes)
    grid = figure.add_gridspec(2, 2, hspace=0.52 * edge, wspace=0.16, width_ratios=(1, 1.12))
    top = 0.20 if view.selected_residues else 0.17
    figure.subplots_adjust(
        left=0.075, right=0.955, top=1 - top * edge, bottom=(bottom + 0.085) * edge
    )
    colors = _colors(scene, map_set.kind, links)
    of_map = figure.add_subplot(grid[1 if drawn else slice(None), 0])
    _draw_map(of_map, scene, links, colors)
    _draw_heads(figure.add_subplot(grid[0, 1]), map_set, view, scene.menu[0])
    of_arcs = figure.add_subplot(grid[1, 1])
    _draw_arcs(of_arcs, scene, map_set.kind, links, colors)
    if drawn:
        _draw_structure(figure.add_subplot(grid[0, 0]), drawn)
    if view.selected_residues:
        _mark_selection(of_map, of_arcs, view.selection(scene))
    style: dict[str, Any] = {"va": "top", "parse_math": False}
    figure.text(
        *(0.02, 1 - 0.025 * edge, shorten(scene.title, 110)),
        fontsize=12, weight="bold", color=INK, **style,
    )  # fmt: skip
    summary = _summary(scene, view, links)
    figure.text(0.02, 1 - 0.082 * edge, summary, fontsize=8.5, color=MUTED, **style)
    if view.selected_residues:
        said = shorten(_selected(view), 130, placeholder=" …")
        figure.text(0.02, 1 - 0.116 * edge, said, fontsize=8.5, color=ACCENT, **style)
    for line, text in enumerate(notes):
        place = (bottom - 0.012 - 0.033 * line) * edge
        figure.text(0.02, place, text, fontsize=7, color=MUTED, **style)
    return figure


def picture_bytes(figure: ReportFigure, *, dpi: int = 120) -> bytes:
    """Return a figure as a small PNG: few colours, no metadata."""
    from PIL import Image

    raw = io.BytesIO()
    figure.savefig(raw, format="png", dpi=dpi)
    with Image.open(raw) as image:
        small = io.BytesIO()
        image.convert("RGB").quantize(
            COLORS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE
        ).save(small, format="png")
    return small.getvalue()


def describe_view(scene: Scene, view: ViewState) -> str:
    """Return the words for those who do not see the picture."""
    said = f"{scene.title}: {_summary(scene, view, shown_links(scene, view))}"
    return f"{said} · {_selected(view)}" if view.selected_residues else said


def _selected(view: ViewState) -> str:
    return f"selected: {', '.join(view.selected_residues)}; only their links"


def _mark_selection(of_map: Axes, of_arcs: Axes, selection: Sequence[int]) -> None:
    """Mark the selected residues in both directions of the map and along the sequence."""
    for residue in selection:
        of_map.axhline(residue, color=ACCENT, lw=0.7, alpha=0.6, zorder=0.5)
        of_map.axvline(residue, color=ACCENT, lw=0.7, alpha=0.6, zorder=0.5)
    foot = of_arcs.get_xaxis_transform()
    of_arcs.plot(
        *(list(selection), [0.0] * len(selection)),
        transform=foot, color=ACCENT, marker="^", ms=5, lw=0, clip_on=False,
    )  # fmt: skip


def _summary(scene: Scene, view: ViewState, links: Links) -> str:
    map_set = scene.map_set(view.map)
    rows, columns = map_set.shape
    where = [map_set.kind.title]
    if rows > 1:
        where.append(
            f"head {format_head(view.layer, view.head)}" if columns > 1 else f"layer {view.layer}"
        )
    if map_set.kind.difference:
        losses, noise = int((links.sign < 0).sum()), map_set.kind.noise
        where.append(f"{len(links.query)} largest changes, {losses} of them losses")
        if noise is not None:
            beyond = int((links.weight > noise).sum())
            where.append(f"{beyond} above noise ({noise:.2g})")
    else:
        touching = int(scene.chain.contact_map()[links.query, links.key].sum())
        contacts = f", {touching} of them contacts" if scene.has_structure else ""
        where.append(f"{len(links.query)} strongest links{contacts}")
    where.append(f"|i − j| ≥ {view.min_separation}")
    return " · ".join(where)


def _colors(scene: Scene, kind: MapKind, links: Links) -> NDArray[np.float64]:
    """Return one RGBA per link: by contact, or by the sign of a difference; strong ones solid."""
    if kind.difference:
        signed = zip(links.sign.tolist(), links.weight.tolist(), strict=True)
        colors = to_rgba_array([sign_color(*link, kind.noise) for link in signed])
    elif not scene.has_structure:
        colors = to_rgba_array([CONTACT] * len(links.query))
    else:
        touching = scene.chain.contact_map()[links.query, links.key].tolist()
        apart = scene.chain.separation()[links.query, links.key].tolist()
        pairs = zip(touching, apart, strict=True)
        colors = to_rgba_array([relation_color(*pair) for pair in pairs])
    strongest = float(links.weight.max(initial=0)) or 1.0
    colors[:, 3] = 0.3 + 0.7 * links.weight / strongest
    return colors


def _draw_structure(axes: Axes, drawn: bytes) -> None:
    from PIL import Image

    with Image.open(io.BytesIO(drawn), formats=("PNG", "WEBP")) as image:
        axes.imshow(image.convert("RGB"), interpolation="antialiased")
    axes.set_title("links on the structure", fontsize=9, color=INK, loc="left")
    axes.set_axis_off()


def _draw_map(axes: Axes, scene: Scene, links: Links, colors: NDArray[np.float64]) -> None:
    n = scene.n_residues
    touching = np.ma.masked_equal(scene.chain.contact_map(), False)
    edges = (-0.5, n - 0.5, n - 0.5, -0.5)
    axes.imshow(touching, cmap=ListedColormap([TOUCHING]), extent=edges, interpolation="nearest")
    # The weakest first, so that the strongest lie on top.
    axes.scatter(links.key[::-1], links.query[::-1], s=9, c=colors[::-1], lw=0)
    name = "links on the contact map" if scene.has_structure else "strongest links"
    axes.set_title(name, fontsize=9, color=INK, loc="left")
    axes.set(xlabel="residue looked at (key)", ylabel="residue that looks (query)")
    _label_residues(axes.xaxis, scene)
    _label_residues(axes.yaxis, scene)
    _quiet(axes)


def _draw_heads(axes: Axes, map_set: MapSet, view: ViewState, score: Score) -> None:
    if map_set.kind.difference:
        _draw_change(axes, map_set)
        return
    scores = map_set.scores[score.name]
    rows, columns = scores.shape
    if scores.size == 1:
        _draw_score(axes, float(scores[0, 0]), score.title)
        return
    lowest, highest = score_range(scores, is_share=True)
    colors = matplotlib.colormaps[COLORMAPS["score"]]
    image = axes.imshow(scores, aspect="auto", cmap=colors, vmin=lowest, vmax=highest)
    row, column = divmod(view_entry(map_set, view), columns)
    cell = (column - 0.5, row - 0.5)
    axes.add_patch(Rectangle(cell, 1, 1, fill=False, ec=ACCENT, lw=1.8))
    axes.set_title(f"{score.title} of all heads", fontsize=9, color=INK, loc="left")
    axes.set(xlabel="head, and the layer's mean last" if columns > 1 else "", ylabel="layer")
    heads = [
        int(tick) for tick in label_locator(columns - 1, 14).tick_values(0, 1) if tick < columns
    ]
    axes.set_xticks(
        [*(head - 1 for head in heads), columns - 1] if columns > 1 else [],
        labels=[*map(str, heads), MEAN] if columns > 1 else [],
    )
    layers = [int(tick) for tick in label_locator(rows, 9).tick_values(0, 1)]
    axes.set_yticks([layer - 1 for layer in layers], labels=[str(layer) for layer in layers])
    _quiet(axes)
    bar = axes.figure.colorbar(image, ax=axes, fraction=0.05, pad=0.02)
    bar.ax.tick_params(labelsize=7, length=0)
    bar.outline.set_visible(False)


def _draw_score(axes: Axes, value: float, name: str) -> None:
    """Draw the score of the only map there is."""
    axes.barh([0], [value], height=0.5, color=CONTACT)
    axes.text(value, 0, f" {value:.2f}", va="center", fontsize=8, color=INK)
    axes.set(xlim=(0, 1), ylim=(-0.8, 0.8), yticks=[])
    axes.set_title(f"{name} of this map", fontsize=9, color=INK, loc="left")
    _quiet(axes)


def _draw_change(axes: Axes, map_set: MapSet) -> None:
    """Draw the largest gain and the largest loss of a difference, and how far noise reaches."""
    noise = map_set.kind.noise
    links = map_set.links.select(0, combine="directed")
    for row, (sign, name) in enumerate([(-1, "loss"), (1, "gain")]):
        largest = float(links.weight[links.sign == sign].max(initial=0))
        color = sign_color(sign, largest, noise)
        axes.barh([row], [largest], height=0.5, color=color)
        axes.text(largest, row, f" {name} {largest:.2g}", va="center", fontsize=8, color=INK)
    if noise is not None:
        axes.axvline(noise, ymax=0.86, color=INK, lw=0.8, ls="--")
        axes.text(
            noise, 1.55, f"noise {noise:.2g}", ha="center", va="bottom", fontsize=7, color=MUTED
        )
    highest = max(float(links.weight.max(initial=0)), noise or 0.0) or 1.0
    axes.set(xlim=(0, 1.3 * highest), ylim=(-0.6, 1.9), yticks=[])
    axes.set_title("largest changes", fontsize=9, color=INK, loc="left")
    _quiet(axes)


def _draw_arcs(
    axes: Axes, scene: Scene, kind: MapKind, links: Links, colors: NDArray[np.float64]
) -> None:
    angle = np.linspace(0, np.pi, MOST_POINTS)
    middle = (links.query + links.key)[:, None] / 2
    reach = np.abs(links.query - links.key)[:, None] / 2
    lines = np.stack([middle + reach * np.cos(angle), reach * np.sin(angle)], axis=-1)[::-1]
    axes.add_collection(LineCollection(list(lines), colors=colors[::-1], linewidths=0.9))
    axes.axhline(0, color=MUTED, lw=0.8)
    highest = float(reach.max(initial=1))
    axes.set(xlim=(-1, scene.n_residues), ylim=(0, 1.05 * highest), yticks=[])
    axes.set_title("links along the sequence", fontsize=9, color=INK, loc="left")
    grey = NEAR in {to_hex(color) for color in colors}
    if kind.difference:
        named = [(1.0, "loss", LOSS), (0.89, "gain", GAIN)]
        named += [(0.77, "within noise", NEAR)] * grey
    elif not scene.has_structure:
        named = []
    else:
        named = [(1.0, "no contact", NO_CONTACT), (0.81, "contact", CONTACT)]
        named += [(0.67, "near", NEAR)] * grey
    for place, name, color in named:
        axes.text(
            *(place, 1.04, name),
            transform=axes.transAxes,
            ha="right",
            fontsize=8,
            color=color,
        )
    _label_residues(axes.xaxis, scene)
    _quiet(axes)


def _label_residues(axis: matplotlib.axis.Axis, scene: Scene) -> None:
    """Write author numbers, as everywhere else."""
    n = scene.n_residues
    step = next((step for step in (10, 20, 50, 100, 200, 500) if n <= 6 * step), 1000)
    places = np.arange(0, n, step)
    axis.set_ticks(places, labels=[str(scene.chain.residue_numbers[place]) for place in places])


def _quiet(axes: Axes) -> None:
    axes.tick_params(length=0, labelsize=7)
    axes.xaxis.label.set_fontsize(8)
    axes.yaxis.label.set_fontsize(8)
    axes.spines[:].set_visible(False)
