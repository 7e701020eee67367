"""Links over the sequence as half circles, with what is known about the residues below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PatchCollection
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Polygon, Rectangle
from numpy.typing import NDArray

from protvis.annotations import StateTrack, Track
from protvis.errors import OptionError
from protvis.plot.caption import Caption
from protvis.plot.figure import INK, MUTED, ReportFigure
from protvis.plot.residue_axis import ResidueAxis, spread
from protvis.scene.colors import (
    ACCENT,
    CONTACT,
    GAIN,
    LOSS,
    NEAR,
    NO_CONTACT,
    colormap,
    colormapped,
    relation_color,
    sign_color,
    track_colors,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["plot_arcs"]

WIDTH = 7.2
"""Inches: two columns of a journal."""

LOWEST, STRETCHED = 0.7, 8
"""Inches that the widest link should rise, and how far half circles are stretched for it."""

_BESIDE = 1.25
"""Inches left and right of the axis, for the names of tracks."""

THINNEST, THICKEST = 0.35, 2.4
ROW = 0.17
POINTS = 72
"""Of line width, to the inch."""

MOST_LABELS = 30
_POINTS = 61


def plot_arcs(
    links: pd.DataFrame,
    labels: Sequence[str],
    *,
    tracks: Sequence[Track] = (),
    places: Sequence[int] | None = None,
    selection: Sequence[int] = (),
    link: tuple[int, int] | None = None,
    color_by: str = "contact",
    heads: Mapping[str, str] | None = None,
    noise: float | None = None,
    directed: bool = False,
    title: str = "Links",
    lines: Sequence[str] = (),
    notes: Sequence[str] = (),
) -> ReportFigure:
    """Draw links as half circles over the sequence, thicker if heavier, with tracks below.

    Negative weights are losses, in differences, and count by their absolute value.

    If even the widest arcs would be flat, as on a long sequence, they are stretched upwards.

    Parameters
    ----------
    links : DataFrame
        Columns ``query``, ``key`` (residue indices), ``weight`` and, to colour by contact,
        ``contact``: as `AttentionExplorer.links` returns.
    labels : sequence of str
        One per residue, such as ``"A:SER195"``.
    tracks : sequence of Track
        Drawn below the sequence in this order.
    places : sequence of int, optional
        Position of each track among all tracks of the chain, which determines the colours of sites.
    selection : sequence of int
        Residues to mark, with their labels.
    link : (int, int), optional
        A link (query, key) to mark.
    color_by : {"contact", "weight", "separation", "sign"}
    heads : mapping of str to str, optional
        Links of several heads, named in the column ``head``: the colour of each, instead of
        `color_by`. The heaviest link of each is the thickest.
    noise : float, optional
        For differences coloured by sign: links up to this absolute value are grey.
    directed : bool
        Whether links have a direction: a dot marks the residue attended to.
    title : str
    lines : sequence of str
        Explanations, in smaller type.
    notes : sequence of str
        Notices, at the foot.

    Returns
    -------
    ReportFigure

    Raises
    ------
    OptionError
        If a track differs in length from the labels, or there are no residues.
    """
    axis = ResidueAxis(tuple(labels))
    n = len(axis)
    for track in tracks:
        if len(track) != n:
            raise OptionError(f"track {track.name!r} has {len(track)} values for {n} residues")
    if n == 0:
        raise OptionError("there are no residues to draw")
    caption = Caption(WIDTH, title, lines, notes)
    pairs = links[["query", "key"]].to_numpy(dtype=np.int64)
    reach = np.abs(np.diff(pairs if link is None else [*pairs, link], axis=1))
    inches = (WIDTH - 2 * _BESIDE) / n
    widest = max(float(reach.max(initial=0)), 1.0)
    # Half circles, unless these would all lie flat on a long sequence.
    up = max(inches, min(2 * LOWEST / widest, STRETCHED * inches))
    over = max(0.3, 1.04 * up * widest / 2)
    marked = sorted(set(selection)) if len(selection) <= MOST_LABELS else []
    under = ROW * len(tracks) + (0.42 if axis.borders else 0.26) + (0.66 if marked else 0.0)
    foot = caption.bottom + 0.3
    height = caption.top + 0.1 + over + under + foot
    figure = ReportFigure(figsize=(WIDTH, height))
    box = (_BESIDE / WIDTH, foot / height, 1 - 2 * _BESIDE / WIDTH, (over + under) / height)
    axes = figure.add_axes(box)
    # Inches up and down, residues along.
    axes.set(xlim=(-0.5, n - 0.5), ylim=(-under, over))
    axes.set_axis_off()
    handles = _draw_links(axes, links, axis, up, color_by, heads, noise, directed)
    if link is not None:
        axes.add_collection(
            LineCollection(_half_circles(np.array([link]), up), colors=ACCENT, linewidths=2.6)
        )
    depth = _draw_tracks(axes, axis, tracks, places or range(len(tracks)))
    _number(axes, axis, depth)
    _mark(axes, axis, marked or selection, bool(marked), depth, under)
    if handles:
        figure.legend(
            handles=handles, loc="lower right",
            bbox_to_anchor=(1 - _BESIDE / WIDTH, caption.bottom / height),
            ncols=len(handles), fontsize=8, frameon=False, borderaxespad=0.2,
        )  # fmt: skip
    caption.write(figure, lay_out=False)
    return figure


def _half_circles(pairs: NDArray[np.int64], up: float) -> list[NDArray[np.float64]]:
    """Return (point, (residues, inches)) from query to key; `up` is the inches of a residue."""
    middle = pairs.mean(axis=1)[:, None]
    radius = (pairs[:, :1] - pairs[:, 1:]) / 2
    angle = np.linspace(0, np.pi, _POINTS)
    x = middle + radius * np.cos(angle)
    y = np.abs(radius) * np.sin(angle) * up
    return list(np.stack([x, y], axis=-1))


def _draw_links(
    axes: Axes,
    links: pd.DataFrame,
    axis: ResidueAxis,
    up: float,
    color_by: str,
    heads: Mapping[str, str] | None,
    noise: float | None,
    directed: bool,
) -> list[Line2D | Patch]:
    n = len(axis)
    # The weakest first, so that the strongest lie on top.
    links = links.sort_values("weight", key=np.abs, kind="stable")
    pairs = links[["query", "key"]].to_numpy(dtype=np.int64)
    signed = links["weight"].to_numpy(dtype=np.float64)
    weight = np.abs(signed)
    heaviest = float(weight.max(initial=0)) or 1.0
    share = weight / heaviest
    handles: list[Line2D | Patch]
    if heads is not None:
        strongest = links["weight"].abs().groupby(links["head"]).transform("max")
        share = weight / strongest.to_numpy(dtype=np.float64)
        colors = links["head"].map(dict(heads)).tolist()
        handles = _counted(colors, {color: f"head {name}" for name, color in heads.items()})
    elif color_by == "contact":
        contact = links["contact"].to_numpy(dtype=bool, na_value=False)
        apart = np.abs(np.diff(pairs, axis=1))[:, 0]
        chain_of = np.repeat(
            np.arange(len(axis.segments)), [stop - start for _, start, stop in axis.segments]
        )
        apart[chain_of[pairs[:, 0]] != chain_of[pairs[:, 1]]] = n
        colors = [
            relation_color(touching, separation)
            for touching, separation in zip(contact.tolist(), apart.tolist(), strict=True)
        ]
        named = {CONTACT: "contact", NO_CONTACT: "no contact", NEAR: "near in sequence"}
        handles = _counted(colors, named)
    elif color_by == "sign":
        colors = [
            sign_color(-1 if value < 0 else 1, abs(value), noise) for value in signed.tolist()
        ]
        handles = _counted(colors, {GAIN: "gain", LOSS: "loss", NEAR: "within noise"})
    else:
        reach = np.minimum(np.abs(np.diff(pairs, axis=1))[:, 0] / max(n - 1, 1), 1)
        shares = share if color_by == "weight" else reach
        colors = [colormapped(color_by, value) for value in shares]
        top = f"{heaviest:.2g}" if color_by == "weight" else f"{n - 1} residues"
        ramp = colormap(color_by) / 255
        handles = [
            Patch(fc=ramp[0], label=f"{color_by} 0"),
            Patch(fc=ramp[128], label="half"),
            Patch(fc=ramp[255], label=top),
        ]
    if len(pairs):
        # On a long sequence links lie close to each other.
        thickest = min(THICKEST, max(2 * THINNEST, 2.5 * POINTS * (WIDTH - 2 * _BESIDE) / n))
        widths = THINNEST + (thickest - THINNEST) * share
        opacity = 0.35 + 0.65 * share
        axes.add_collection(
            LineCollection(
                _half_circles(pairs, up), colors=colors, linewidths=widths, alpha=opacity,
                capstyle="round",
            )
        )  # fmt: skip
        if directed:
            axes.scatter(
                pairs[:, 1], np.zeros(len(pairs)), s=4 + 8 * share, c=colors, lw=0, zorder=3,
                clip_on=False,
            )  # fmt: skip
    axes.axhline(0, color=INK, lw=0.8)
    return handles


def _counted(colors: Sequence[str], named: dict[str, str]) -> list[Line2D | Patch]:
    """Return the legend of colours by name, with how many links have each; grey only if any has."""
    return [
        Line2D([], [], color=color, lw=2, label=f"{name} ({colors.count(color)})")
        for color, name in named.items()
        if color != NEAR or NEAR in colors
    ]


def _draw_tracks(
    axes: Axes, axis: ResidueAxis, tracks: Sequence[Track], places: Sequence[int]
) -> float:
    """Draw one row per track; returns how deep they reach, in inches."""
    depth = 0.06
    n = len(axis)
    for track, place in zip(tracks, places, strict=True):
        top, middle = -depth, -depth - ROW / 2
        axes.plot([-0.5, n - 0.5], [middle, middle], color="#DDE1E7", lw=0.8, zorder=0)
        colors = track_colors(track, place)
        if isinstance(track, StateTrack) and set(track.legend or "HE") & {"H", "E"}:
            _draw_secondary(axes, track, colors, middle)
        else:
            cells = [
                (Rectangle((start - 0.5, top - ROW + 0.03), stop - start, ROW - 0.06), color)
                for start, stop, color in _runs(colors)
                if color is not None
            ]
            _add_patches(axes, cells)
        _name(axes, track, n, middle)
        depth += ROW
    return depth


def _runs(values: Sequence[str | None]) -> list[tuple[int, int, str | None]]:
    """Return (start, stop, value) of every stretch of equal values."""
    edges = [
        0, *(at for at in range(1, len(values)) if values[at] != values[at - 1]), len(values)
    ]  # fmt: skip
    return [(start, stop, values[start]) for start, stop in pairwise(edges) if stop > start]


def _draw_secondary(axes: Axes, track: Track, colors: Sequence[str | None], middle: float) -> None:
    """Helices as bars, strands as arrows, the rest as a line."""
    shapes: list[tuple[Patch, str]] = []
    letters = track.values.tolist()
    for start, stop, letter in _runs(letters):
        color = colors[start]
        if color is None:
            continue
        left, right = start - 0.5, stop - 0.5
        if letter == "E":
            neck = max(left, right - 2)
            wide, thin = 0.45 * ROW, 0.2 * ROW
            outline = [
                (left, middle - thin), (neck, middle - thin), (neck, middle - wide),
                (right, middle), (neck, middle + wide), (neck, middle + thin),
                (left, middle + thin),
            ]  # fmt: skip
            shapes.append((Polygon(outline), color))
        else:
            half = 0.36 * ROW if letter == "H" else 0.2 * ROW
            shapes.append((Rectangle((left, middle - half), right - left, 2 * half), color))
    _add_patches(axes, shapes)


def _add_patches(axes: Axes, shapes: Sequence[tuple[Patch, str]]) -> None:
    if shapes:
        patches, colors = zip(*shapes, strict=True)
        axes.add_collection(PatchCollection(list(patches), facecolors=list(colors), lw=0))


def _name(axes: Axes, track: Track, n: int, middle: float) -> None:
    style: dict[str, Any] = {"va": "center", "fontsize": 7.5, "parse_math": False, "clip_on": False}
    name = track.name if len(track.name) <= 22 else f"{track.name[:21]}…"
    axes.annotate(name, (-0.5, middle), (-5, 0), textcoords="offset points", ha="right",
                  color=INK, **style)  # fmt: skip
    said = track.summary
    if said:
        axes.annotate(said, (n - 0.5, middle), (5, 0), textcoords="offset points", ha="left",
                      color=MUTED, **style)  # fmt: skip


def _number(axes: Axes, axis: ResidueAxis, depth: float) -> None:
    """Write author numbers below the tracks, and where chains begin."""
    places, numbers = axis.ticks(14)
    for place, number in zip(places, numbers, strict=True):
        axes.plot([place, place], [-depth, -depth - 0.05], color=MUTED, lw=0.7)
        axes.text(place, -depth - 0.07, number, ha="center", va="top", fontsize=8, color=INK)
    for border in axis.borders:
        axes.plot([border - 0.5] * 2, [-depth, 0.12], color=INK, lw=1.0)
    if axis.borders:
        for chain_id, start, stop in axis.segments:
            axes.text(
                (start + stop) / 2, -depth - 0.24, f"chain {chain_id}", ha="center", va="top",
                fontsize=8, color=MUTED, parse_math=False,
            )  # fmt: skip


def _mark(
    axes: Axes, axis: ResidueAxis, selection: Sequence[int], named: bool, depth: float, under: float
) -> None:
    """Mark selected residues through all tracks, with their labels at the bottom."""
    chosen = sorted(selection)
    n = len(axis)
    for at in chosen:
        axes.plot([at, at], [0, -depth], color=ACCENT, lw=max(0.8, 180 / n / 2), alpha=0.55)
    if not named:
        return
    low = -under + 0.56
    gap = 0.13 / ((WIDTH - 2 * _BESIDE) / n)
    for at, place in zip(chosen, spread(chosen, gap, -0.5, n - 0.5), strict=True):
        axes.plot([at, at, place], [-depth, -depth - 0.22, low], color=ACCENT, lw=0.6)
        axes.text(
            place, low - 0.02, axis.short(at), rotation=90, ha="center", va="top", fontsize=7,
            color=ACCENT, parse_math=False,
        )  # fmt: skip
