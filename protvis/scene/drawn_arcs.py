"""What an explorer draws in space: its links as arcs, with their colours and thickness.

The same as in the browser (``js/src/stage/structure-scene.ts``), on a light page.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from protvis.labels import MEAN, format_head
from protvis.scene.arc import arc_points
from protvis.scene.colors import (
    ACCENT,
    HEAD_COLORS,
    NO_CONTACT,
    colormapped,
    relation_color,
    sign_color,
)
from protvis.scene.link_table import Links, LinkTable
from protvis.scene.map_kind import MapKind
from protvis.scene.map_sets import MapSet
from protvis.scene.scene import Scene
from protvis.scene.view_state import ViewState, arc_color_by

if TYPE_CHECKING:
    from protvis.structure import Chain

__all__ = [
    "Arc",
    "arc_opacity",
    "arc_radius",
    "drawn_arcs",
    "drawn_heads",
    "link_arc",
    "shown_links",
    "shows_direction",
    "view_entry",
    "view_map",
]

OPACITIES = (1.0, 0.7, 0.42, 0.25)
SOLID_FROM = (1 / 2, 1 / 4)
"""Shares of the head's strongest link from which on an arc has the opacity of the same place; below
them, the next."""

THINNEST, THICKEST = 0.06, 0.32
"""Radius in Å of an arc without weight, and of the head's strongest link."""

_ENDS = (1.5, 0.4)

ASIDE = (0.0, 0.6, -0.6)
"""How far in Å the arcs of the chosen head and of those overlaid on it lie beside their residues,
so that none hides another."""


@dataclass(frozen=True)
class Arc:
    """One link as it is drawn.

    Attributes
    ----------
    query, key : int
        Residue indices.
    chain : Chain
        On which it is drawn: the scene's, or a copy.
    weight : float
        Negative for losses, of differences.
    points : float64 (n_points, 3), Å
    radii : (float, float), Å
        At the query and at the key; between them the radius changes evenly.
    color : str
        As ``#rrggbb``.
    opacity : float
    head : str
        Whose link it is, as ``"12-4"``, where heads are overlaid; else empty.
    """

    query: int
    key: int
    chain: Chain
    weight: float
    points: NDArray[np.float64]
    radii: tuple[float, float]
    color: str
    opacity: float
    head: str = ""


def arc_radius(share: float) -> float:
    """Return the radius in Å for the share that a weight is of the head's strongest link."""
    return THINNEST + (THICKEST - THINNEST) * share


def arc_opacity(share: float, *, faded: bool = False) -> float:
    """Return the opacity for the share that a weight is of the head's strongest link.

    Where colour tells contacts from others, the others are `faded`: a step fainter.
    """
    level = sum(share < least for least in SOLID_FROM)
    return OPACITIES[level + faded]


def view_entry(map_set: MapSet, view: ViewState) -> int:
    """Return the entry of a map set that a view looks at."""
    return map_set.entry(view.layer - 1, MEAN if view.head == MEAN else int(view.head) - 1)


def view_map(scene: Scene, view: ViewState) -> NDArray[np.float32]:
    """Return the dense map of a view, float32 (query, key)."""
    map_set = scene.map_set(view.map)
    return map_set.dense(*divmod(view_entry(map_set, view), map_set.shape[1]))


def shown_links(scene: Scene, view: ViewState) -> Links:
    """Return the links of a view, strongest first; with a selection the strongest that touch it.

    Links that end on residues without coordinates are among them.
    """
    map_set, selection = scene.map_set(view.map), view.selection(scene)
    entry = view_entry(map_set, view)
    if selection:
        wanted = _within_block(scene, view)
        return _select(map_set.selection_table(entry, selection), 0, view, wanted)
    return _select(map_set.links, entry, view)


def _within_block(scene: Scene, view: ViewState) -> NDArray[np.bool_] | None:
    """Return which links lie within the selected block, bool (query, key); None without one."""
    block = view.block(scene)
    if block is None:
        return None
    within = np.zeros((scene.n_residues, scene.n_residues), bool)
    within[block[0] : block[1] + 1, block[2] : block[3] + 1] = True
    return within if view.combine == "directed" else within | within.T


def _select(
    table: LinkTable, entry: int, view: ViewState, wanted: NDArray[np.bool_] | None = None
) -> Links:
    return table.select(
        entry,
        top_k=view.partners if view.selected_residues else view.top_k,
        threshold=view.threshold,
        min_separation=view.min_separation,
        combine=view.combine,
        wanted=wanted,
    )


def shows_direction(view: ViewState, kind: MapKind) -> bool:
    """Return whether arcs are thick at the query and thin at the key.

    They are where each direction is a link, and where the links of a selection come in or go out.
    """
    told = bool(view.selected_residues) and view.combine != "mean" and not kind.symmetric
    return told or view.combine == "directed"


def drawn_heads(scene: Scene, view: ViewState) -> dict[int, ViewState]:
    """Return the view of each head whose links are drawn, by its place among the colours.

    The chosen head is first. Heads that have one map together, in kinds of map with one for a layer
    or for all, are drawn once.
    """
    map_set = scene.map_set(view.map)
    found: dict[int, tuple[int, ViewState]] = {}
    for place, (layer, head) in enumerate([(view.layer, view.head), *view.overlay_heads]):
        one = replace(view, layer=layer, head=head)
        found.setdefault(view_entry(map_set, one), (place, one))
    return dict(found.values())


def drawn_arcs(scene: Scene, view: ViewState) -> list[Arc]:
    """Return the arcs of a view, strongest first, those of overlaid heads after them.

    Thickness and opacity go by the share that a weight is of its head's strongest link, whatever is
    selected.
    """
    heads = drawn_heads(scene, view)
    if len(heads) == 1:
        return _head_arcs(scene, view)
    return [arc for place, one in heads.items() for arc in _head_arcs(scene, one, place)]


def _head_arcs(scene: Scene, view: ViewState, place: int | None = None) -> list[Arc]:
    """Return the arcs of one head; `place` is its colour's where heads are overlaid."""
    map_set = scene.map_set(view.map)
    kind = map_set.kind
    color_by = arc_color_by(view.color_by, kind, scene.has_structure)
    links = shown_links(scene, view)
    strongest = _select(map_set.links, view_entry(map_set, view), view).weight[:1]
    heaviest = float(strongest[0]) if len(strongest) else 1.0
    separation = scene.chain.separation()
    center = _center(scene)
    places = [
        (chain, chain.coordinates().astype(np.float64), chain.contact_map())
        for chain in (scene.chain, *(scene.copies if view.show_copies else ()))
    ]
    ends = _ENDS if shows_direction(view, kind) else (1.0, 1.0)
    head = "" if place is None else format_head(view.layer, view.head)
    arcs = []
    columns = (links.query, links.key, links.weight, links.sign)
    for query, key, weight, sign in zip(*(column.tolist() for column in columns), strict=True):
        share = weight / heaviest
        radius = arc_radius(share)
        apart = int(separation[query, key])
        for chain, coordinates, contacts in places:
            if not np.isfinite(coordinates[[query, key]]).all():
                continue
            if place is not None:
                color = HEAD_COLORS[place]
            elif color_by == "contact":
                color = relation_color(bool(contacts[query, key]), apart)
            elif color_by == "sign":
                color = sign_color(sign, weight, kind.noise)
            else:
                reach = min(apart / max(scene.n_residues - 1, 1), 1.0)
                color = colormapped(color_by, share if color_by == "weight" else reach)
            aside = ASIDE[place or 0] if query < key else -ASIDE[place or 0]
            points = arc_points(coordinates[query], coordinates[key], center, aside=aside)
            radii = (radius * ends[0], radius * ends[1])
            opacity = arc_opacity(share, faded=color == NO_CONTACT)
            arcs.append(Arc(query, key, chain, sign * weight, points, radii, color, opacity, head))
    return arcs


def link_arc(scene: Scene, query: int, key: int) -> Arc | None:
    """Return the arc that marks the selected link; None where it has no coordinates."""
    coordinates = scene.chain.coordinates().astype(np.float64)
    if query == key or not np.isfinite(coordinates[[query, key]]).all():
        return None
    points = arc_points(coordinates[query], coordinates[key], _center(scene))
    radius = 1.15 * THICKEST
    return Arc(query, key, scene.chain, math.nan, points, (radius, radius), ACCENT, 1.0)


def _center(scene: Scene) -> NDArray[np.float64]:
    """Return the mean of the chain's positions, away from which arcs are lifted."""
    coordinates = scene.chain.coordinates().astype(np.float64)
    located = np.isfinite(coordinates).all(axis=1)
    return coordinates[located].mean(axis=0) if located.any() else np.zeros(3)
