"""What has to be known about a view wherever it is shown without its explorer."""

from __future__ import annotations

from protvis._version import __version__
from protvis.labels import format_head
from protvis.scene.colors import HEAD_COLORS
from protvis.scene.drawn_arcs import drawn_heads
from protvis.scene.scene import Scene
from protvis.scene.view_state import ViewState

__all__ = ["name_map", "one_line", "view_provenance"]

_COMBINED = {
    "max": "a pair's larger direction",
    "mean": "the mean of both directions",
    "directed": "each direction for itself",
}


def one_line(text: str) -> str:
    """Return text on one line, without control characters."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def name_map(scene: Scene, view: ViewState) -> str:
    """Return what map a view shows, such as ``"attention, head 12-4"``."""
    kind = scene.map_kind(view.map)
    where = {
        "heads": f", head {format_head(view.layer, view.head)}",
        "layers": f", layer {view.layer}",
    }
    return kind.title + where.get(kind.layout, "")


def view_provenance(scene: Scene, view: ViewState) -> dict[str, str]:
    """Return where a view comes from, by topic, in an order to be read in.

    Parameters
    ----------
    scene : Scene
    view : ViewState

    Returns
    -------
    dict of str to str
        ``structure`` or ``sequence``, ``chain``, ``model``, ``map``, ``links``, ``heads`` (where
        several are overlaid, with their colours), ``selection`` (with one only) and ``software``;
        one line each.
    """
    structure, kind = scene.structure, scene.map_kind(view.map)
    revision = str(scene.model.provenance["revision"] or "")
    model = scene.model_name + (f", revision {revision}" if revision else "")
    topic = "structure" if scene.has_structure else "sequence"
    found = {
        topic: f"{structure.name}{f': {structure.title}' if structure.title else ''}",
        "chain": f"{scene.chain.chain_id}, {scene.n_residues} residues",
        "model": f"{model}{f' ({scene.notice})' if scene.notice else ''}",
        "map": f"{name_map(scene, view)}: {kind.formula}"
        + (f" ({kind.source})" if kind.source else ""),
        "links": f"at most {view.partners if view.selected_residues else view.top_k}"
        + (f", weight at least {view.threshold:g}" if view.threshold else "")
        + f", |i - j| at least {view.min_separation}, {_COMBINED[view.combine]}",
    }
    heads = drawn_heads(scene, view)
    if len(heads) > 1:
        found["heads"] = ", ".join(
            f"{format_head(one.layer, one.head)} {HEAD_COLORS[place]}"
            for place, one in heads.items()
        )
    if view.selected_block:
        query, last_query, key, last_key = view.selected_block
        found["selection"] = f"links between {query} to {last_query} and {key} to {last_key}"
    elif view.selected_residues:
        found["selection"] = f"links of {', '.join(view.selected_residues)}"
    found["software"] = f"protvis {__version__}"
    return {topic: one_line(text) for topic, text in found.items()}
