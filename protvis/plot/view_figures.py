"""Figures of a view for print: its map, its links over the sequence, the scores of all heads."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from numpy.typing import NDArray

from protvis.annotations import NumberTrack, Track
from protvis.attention import score_table
from protvis.errors import LabelError, OptionError, unknown_name
from protvis.keywords import check_keywords
from protvis.labels import format_head
from protvis.plot.arcs import plot_arcs
from protvis.plot.attention_map import plot_attention_map
from protvis.plot.figure import ReportFigure
from protvis.plot.protein_heads import plot_protein_heads, plot_protein_layers
from protvis.scene import Scene, ViewState
from protvis.scene.colors import HEAD_COLORS
from protvis.scene.drawn_arcs import drawn_heads, view_entry, view_map
from protvis.scene.frames import links
from protvis.scene.map_kind import ATTENTION
from protvis.scene.provenance import name_map, view_provenance
from protvis.scene.track_wire import score_track, track_background
from protvis.scene.view_state import arc_color_by

__all__ = ["FIGURES", "draw_view"]

FIGURES = ("heatmap", "heads", "arcs", "layers")


@check_keywords
def draw_view(
    scene: Scene,
    view: ViewState,
    kind: str = "heatmap",
    *,
    contacts: bool = True,
    tracks: Sequence[str] | None = None,
    score: str | None = None,
    track: str | None = None,
    state: str | None = None,
    title: str = "",
) -> ReportFigure:
    """Return a print-quality figure of the current view.

    Every figure states which protein, model, head and links it shows. Save it with
    ``figure.savefig("links.pdf")``, or as SVG or PNG.

    Parameters
    ----------
    scene : Scene
    view : ViewState
    kind : {"heatmap", "heads", "arcs", "layers"}
        The current map, query × key, with the selection; a score of all heads, layers × heads; the
        links now shown over the sequence, with tracks; a score from layer to layer.
    contacts : bool
        For the heatmap: whether to outline the structure's contacts.
    tracks : sequence of str, optional
        For the arcs: names of the tracks to draw below; by default the secondary structure, then
        the tracks shown.
    score : str, optional
        For heads and layers: a column of `head_scores`; contact precision by default, or for a
        sequence without a structure the first available score.
    track, state : str, optional
        For heads and layers, instead of a score: the share of links that point at what the
        track marks, as `find_heads`.
    title : str, optional
        The first line; by default it says what is shown.

    Returns
    -------
    ReportFigure
        A `matplotlib.figure.Figure`.

    Raises
    ------
    OptionError
        If the kind is unknown, or the map has a single layer and head, with nothing to compare.
    LabelError
        If there is no such score or track.
    AnnotationError
        If the track has no such state.
    """
    view = view.checked(scene)
    if kind == "heatmap":
        return _draw_heatmap(scene, view, contacts, title)
    if kind == "arcs":
        return _draw_arcs(scene, view, tracks, title)
    if kind in ("heads", "layers"):
        return _draw_scores(scene, view, kind, score, track, state, title)
    raise OptionError(unknown_name("kind of figure", kind, FIGURES))


def _draw_heatmap(scene: Scene, view: ViewState, contacts: bool, title: str) -> ReportFigure:
    kind = scene.map_kind(view.map)
    return plot_attention_map(
        view_map(scene, view),
        scene.chain.residue_labels,
        contacts=scene.chain.contact_map() if contacts and scene.has_structure else None,
        selection=view.selection(scene),
        link=view.link(scene),
        block=view.block(scene),
        signed=kind.signed,
        unit=kind.title,
        title=title or _opening(name_map(scene, view)),
        lines=[scene.title, kind.formula + (f" ({kind.source})" if kind.source else "")],
        notes=_notes(scene),
    )


def _draw_arcs(
    scene: Scene, view: ViewState, tracks: Sequence[str] | None, title: str
) -> ReportFigure:
    kind = scene.map_kind(view.map)
    import pandas as pd

    if tracks is None:
        known = [name for name in ("secondary structure",) if name in scene.tracks]
        tracks = list(dict.fromkeys([*known, *view.shown_tracks]))
    chosen = []
    for one in (scene.tracks[name] for name in tracks):
        if not isinstance(one, Track):
            raise OptionError(f"{one.name!r} is a property of pairs; name tracks of residues")
        chosen.append(one)
    order = list(scene.tracks)
    found = view_provenance(scene, view)
    said = [found[topic] for topic in ("links", "selection") if topic in found]
    heads = {
        format_head(one.layer, one.head): (HEAD_COLORS[place], links(scene, one))
        for place, one in drawn_heads(scene, view).items()
    }
    frames = [frame.assign(head=name) for name, (_, frame) in heads.items()]
    return plot_arcs(
        pd.concat(frames, ignore_index=True),
        scene.chain.residue_labels,
        tracks=chosen,
        places=[order.index(name) for name in tracks],
        selection=view.selection(scene),
        link=view.link(scene),
        color_by=arc_color_by(view.color_by, kind, scene.has_structure),
        heads={name: color for name, (color, _) in heads.items()} if len(heads) > 1 else None,
        noise=kind.noise,
        directed=view.combine == "directed",
        title=title or f"Strongest links, {name_map(scene, view)}",
        lines=[scene.title, *said],
        notes=_notes(scene),
    )


def _draw_scores(
    scene: Scene,
    view: ViewState,
    kind: str,
    score: str | None,
    track: str | None,
    state: str | None,
    title: str,
) -> ReportFigure:
    map_set = scene.map_set(view.map)
    layout = map_set.kind.layout
    if layout == "one" or (kind == "heads" and layout != "heads"):
        raise OptionError(
            f"{map_set.kind.title!r} is one map for all heads"
            f"{'' if layout == 'one' else ' of a layer'}: there is nothing to compare; choose "
            f"another map, for instance map={ATTENTION!r}"
        )
    lowest_best = False
    values: NDArray[Any]
    if track is not None:
        one = scene.tracks[track]
        values = score_track(map_set, one, state)
        background = track_background(one, state, scene.chain.separation())
        is_share = not isinstance(one, NumberTrack)
        name = f"share of links to {track}{f' {state}' if state else ''}"
        name = name if is_share else f"mean {track} at the link's end"
        meaning = "over the head's L strongest links (L residues, |i − j| ≥ 6)"
    else:
        known = {known.name: known for known in score_table.SCORES}
        score = score or scene.menu[0].name
        if score not in known:
            raise LabelError(unknown_name("score", score, known))
        values, name = map_set.scores[score], known[score].title
        lowest_best, meaning = known[score].best == "low", known[score].meaning
        background = score_table.chance_of(known[score], map_set.scores)
        is_share = known[score].is_share
    of_heads = partial(plot_protein_heads, is_share=is_share)
    draw = of_heads if kind == "heads" else plot_protein_layers
    heading = _opening(name)
    lines = [scene.title, meaning]
    if map_set.kind.name != ATTENTION:
        lines.insert(1, f"{map_set.kind.title}: {map_set.kind.formula}")
    return draw(
        values,
        name=name,
        lowest_best=lowest_best,
        mean_last=layout == "heads",
        chosen=divmod(view_entry(map_set, view), map_set.shape[1]),
        background=background,
        title=title or (heading if kind == "heads" else f"{heading} by layer"),
        lines=lines,
        notes=_notes(scene),
    )


def _notes(scene: Scene) -> list[str]:
    return [scene.notice] if scene.notice else []


def _opening(text: str) -> str:
    """Return text with a capital letter first; the rest may hold names."""
    return text[:1].upper() + text[1:]
