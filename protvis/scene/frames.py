"""What a view shows, and what is known of its scene, as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from protvis.annotations import PairTrack
from protvis.attention.link_frame import link_frame
from protvis.labels import MEAN
from protvis.scene.drawn_arcs import shown_links, view_map
from protvis.scene.scene import Scene
from protvis.scene.track_wire import score_track, track_background
from protvis.scene.view_state import ViewState

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "contact_frame",
    "find_heads",
    "head_scores",
    "kind_frame",
    "links",
    "map_frame",
    "pair_frame",
]


def links(scene: Scene, view: ViewState) -> pd.DataFrame:
    """Return the links that are drawn, strongest first.

    Links on residues without coordinates and those of overlaid heads are left out.

    Parameters
    ----------
    scene : Scene
    view : ViewState

    Returns
    -------
    DataFrame
        Columns ``query``, ``key`` (residue indices), ``query_label``, ``key_label``, ``weight``
        (to 1/65535 of the head's largest; negative for losses in differences); with a structure,
        ``distance`` (Cβ–Cβ, Å) and ``contact``; for a difference with a noise level,
        ``above_noise``; with a selection, ``direction``: ``out`` of it, ``in`` to it, ``within``
        it, or ``both`` where the two directions are combined.
    """
    found = shown_links(scene, view)
    located = np.all(np.isfinite(scene.chain.coordinates()), axis=1)
    if not scene.has_structure:
        # Over the sequence every link is drawn.
        located[:] = True
    drawn = located[found.query] & located[found.key]
    frame = link_frame(
        found.query[drawn],
        found.key[drawn],
        found.weight[drawn] * found.sign[drawn],
        scene.chain.residue_labels,
        scene.chain if scene.has_structure else None,
    )
    noise = scene.map_kind(view.map).noise
    if noise is not None:
        frame["above_noise"] = found.weight[drawn] > noise
    if view.selected_residues:
        selected, symmetric = view.selection(scene), scene.map_kind(view.map).symmetric
        goes, comes = frame["query"].isin(selected), frame["key"].isin(selected)
        one_way = np.where(goes, "out", "in")
        apart = "both" if view.combine == "mean" or symmetric else one_way
        frame["direction"] = np.where(goes & comes, "within", apart)
    return frame


def head_scores(scene: Scene, view: ViewState) -> pd.DataFrame:
    """Return the scores of all heads, and of each layer's mean over heads, on this protein.

    Parameters
    ----------
    scene : Scene
    view : ViewState
        Its kind of map is scored.

    Returns
    -------
    DataFrame
        Columns ``layer``, ``head`` (labels) and the scores, as `protvis.attention.scores`
        defines them.
    """
    import pandas as pd

    map_set = scene.map_set(view.map)
    rows, columns = map_set.shape
    heads = [*range(1, columns), MEAN] if map_set.kind.layout == "heads" else [pd.NA]
    labels: dict[str, Any] = {
        "layer": [row + 1 if rows > 1 else pd.NA for row in range(rows) for _ in heads],
        "head": [head for _ in range(rows) for head in heads],
    }
    return pd.DataFrame(labels | {name: values.ravel() for name, values in map_set.scores.items()})


def find_heads(scene: Scene, view: ViewState, track: str, state: str | None = None) -> pd.DataFrame:
    """Return all heads, ranked by how often their strongest links point at what a track marks.

    Parameters
    ----------
    scene : Scene
    view : ViewState
        Its kind of map is used.
    track : str
        Name of one of the scene's tracks.
    state : str, optional
        For tracks of states or ranges: which one, as named in the menu of the head grid
        (``"strand"``) or by its letter (``"E"``).

    Returns
    -------
    DataFrame
        Columns ``layer, head, proportion, background, enrichment``: the share of the head's L
        strongest links (L residues, |i - j| of at least 6) that have the property, what chance
        would give, and their ratio. For a number: its mean over those links.

    Raises
    ------
    LabelError
        If there is no such track.
    AnnotationError
        If the track has no such state.
    """
    property_ = scene.tracks[track]
    proportion = score_track(scene.map_set(view.map), property_, state).ravel()
    background = track_background(property_, state, scene.chain.separation())
    frame = head_scores(scene, view)[["layer", "head"]].assign(
        proportion=proportion,
        background=background,
        enrichment=proportion / background if background else np.nan,
    )
    return frame.sort_values("proportion", ascending=False, kind="stable", ignore_index=True)


def kind_frame(scene: Scene) -> pd.DataFrame:
    """Return the available kinds of map: columns ``name, title, formula, source``."""
    import pandas as pd

    kinds = scene.map_kinds.values()
    return pd.DataFrame(
        [(kind.name, kind.title, kind.formula, kind.source) for kind in kinds],
        columns=["name", "title", "formula", "source"],
    )


def map_frame(scene: Scene, view: ViewState) -> pd.DataFrame:
    """Return the map of a view: a row per query, named in ``query``, and a column per key."""
    import pandas as pd

    labels = list(scene.chain.residue_labels)
    frame = pd.DataFrame(view_map(scene, view), columns=labels)
    return frame.assign(query=labels)[["query", *labels]]


def contact_frame(scene: Scene) -> pd.DataFrame:
    """Return the structure's contacts: ``i, j, i_label, j_label, distance`` (Å), i before j."""
    return _pairs(scene, scene.chain.contact_map())


def pair_frame(scene: Scene) -> pd.DataFrame:
    """Return the pairs that tracks mark, each once: ``track``, then as `contact_frame`."""
    import pandas as pd

    pairs = [one for one in scene.tracks.values() if isinstance(one, PairTrack)]
    frames = [_pairs(scene, one.values).assign(track=one.name) for one in pairs]
    found = pd.concat([_pairs(scene, np.zeros((0, 0), bool)).assign(track=""), *frames])
    return found[["track", *found.columns.drop("track")]]


def _pairs(scene: Scene, marked: NDArray[np.bool_]) -> pd.DataFrame:
    """Return the pairs of a symmetric matrix, each once."""
    import pandas as pd

    i, j = np.nonzero(np.triu(marked, 1))
    labels = np.array(scene.chain.residue_labels, dtype=object)
    distance = scene.chain.distance_map()[i, j]
    return pd.DataFrame(
        {"i": i, "j": j, "i_label": labels[i], "j_label": labels[j], "distance": distance}
    )
