"""What the fields of a view may hold, checked against the scene that is looked at.

Each check takes ``(scene, name of the field, value)`` and returns the value in its canonical form,
or raises a LabelError or an OptionError.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from protvis.annotations import PairTrack
from protvis.checks import check_number, check_whole_number
from protvis.errors import LabelError, OptionError, unknown_name
from protvis.labels import MEAN, head_position, layer_position, read_head
from protvis.scene.map_kind import ATTENTION
from protvis.scene.scene import Scene
from protvis.structure.contacts import MIN_SEPARATION

__all__ = [
    "CAMERA_DIGITS",
    "COLOR_BY",
    "MOST_LINKS",
    "MOST_OVERLAID",
    "check_block",
    "check_camera",
    "check_cartoon",
    "check_flag",
    "check_head",
    "check_heads",
    "check_layer",
    "check_link",
    "check_map",
    "check_residues",
    "check_separation",
    "check_threshold",
    "check_top_k",
    "check_tracks",
    "one_of",
    "residue_index",
    "sorted_labels",
]

COLOR_BY = ("contact", "weight", "separation", "sign")

MOST_LINKS = 5000
"""How many links a view may ask for: about as many as a scene keeps of any head."""

MOST_OVERLAID = 2
"""How many heads are drawn beside the chosen one: more colours are hard to tell apart."""

CAMERA_DIGITS = 6
"""Significant digits of a camera, more than an eye can see."""


def check_layer(scene: Scene, _: str, value: Any) -> int:
    """Return a layer label."""
    return layer_position(value, scene.n_layers) + 1


def check_head(scene: Scene, _: str, value: Any) -> int | str:
    """Return a head label, or ``"mean"``."""
    position = head_position(value, scene.n_heads)
    return MEAN if isinstance(position, str) else position + 1


def check_heads(scene: Scene, name: str, value: Any) -> tuple[tuple[int, int | str], ...]:
    """Return labels (layer, head) of a few heads, each once."""
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, Iterable) or isinstance(listed, Mapping):
        raise OptionError(f"{name} must be a list of heads such as [(12, 4)], got {value!r}")
    pairs = [read_head(one) for one in listed]
    heads = [(check_layer(scene, name, one), check_head(scene, name, head)) for one, head in pairs]
    found = tuple(dict.fromkeys(heads))
    if len(found) > MOST_OVERLAID:
        raise OptionError(f"{name} takes at most {MOST_OVERLAID} heads, got {len(found)}")
    return found


def check_top_k(_: Scene, name: str, value: Any) -> int:
    """Return a number of links."""
    return check_whole_number(name, value, 1, MOST_LINKS)


def check_separation(scene: Scene, name: str, value: Any) -> int:
    """Return a distance along the sequence."""
    # Of a complex, as many as there are residues leaves the links between chains.
    return check_whole_number(name, value, 0, max(scene.n_residues, MIN_SEPARATION))


def check_threshold(_: Scene, name: str, value: Any) -> float:
    """Return a weight, whatever the map."""
    return check_number(name, value, 0)


def one_of(known: tuple[str, ...]) -> Callable[[Scene, str, Any], str]:
    """Return a check for one of a few names."""

    def check(_: Scene, name: str, value: Any) -> str:
        if value not in known:
            raise LabelError(unknown_name(name, value, known))
        return str(value)

    return check


def check_map(scene: Scene, name: str, value: Any) -> str:
    """Return the name of a kind of map there is."""
    if not isinstance(value, str):
        raise OptionError(f"{name} must be the name of a kind of map, got {value!r}")
    return value if value == ATTENTION else scene.map_kind(value).name


def _texts(name: str, value: Any, expected: str) -> list[str]:
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, Iterable) or isinstance(listed, Mapping):
        raise OptionError(f"{name} must be {expected}, got {value!r}")
    found = list(listed)
    if not all(isinstance(one, str) for one in found):
        raise OptionError(f"{name} must be {expected}, got {value!r}")
    return found


def check_residues(scene: Scene, name: str, value: Any) -> tuple[str, ...]:
    """Return labels in full, in the order of the sequence."""
    return sorted_labels(scene, _texts(name, value, "a list of residue labels such as ['A:HIS57']"))


def check_link(scene: Scene, name: str, value: Any) -> tuple[str, str] | None:
    """Return the labels of a query and a key."""
    if value is None:
        return None
    expected = "the labels of two residues, (query, key), or None"
    ends = [] if isinstance(value, str) else _texts(name, value, expected)
    if len(ends) != 2:
        raise OptionError(f"{name} must be {expected}, got {value!r}")
    query, key = (scene.chain.residue_labels[residue_index(scene, label)] for label in ends)
    return query, key


def check_block(scene: Scene, name: str, value: Any) -> tuple[str, ...] | None:
    """Return the labels of the first and last query and the first and last key of a block."""
    if value is None:
        return None
    expected = (
        "the labels of four residues, (first query, last query, first key, last key), or None"
    )
    found = [] if isinstance(value, str) else _texts(name, value, expected)
    if len(found) != 4:
        raise OptionError(f"{name} must be {expected}, got {value!r}")
    ends = [residue_index(scene, label) for label in found]
    ordered = sorted(ends[:2]) + sorted(ends[2:])
    return tuple(scene.chain.residue_labels[index] for index in ordered)


def check_tracks(scene: Scene, name: str, value: Any) -> tuple[str, ...]:
    """Return names of tracks, each once."""
    found = _texts(name, value, "a list of names of tracks")
    for track in found:
        _ = scene.tracks[track]
    return tuple(dict.fromkeys(found))


def check_cartoon(scene: Scene, name: str, value: Any) -> str:
    """Return the name of a track that can colour the cartoon, or nothing."""
    if not isinstance(value, str):
        raise OptionError(f"{name} must be the name of a track, or '' for plain, got {value!r}")
    if value and isinstance(scene.tracks[value], PairTrack):
        raise OptionError("a property of pairs cannot colour residues; choose another track")
    return value


def check_flag(_: Scene, name: str, value: Any) -> bool:
    """Return yes or no."""
    if not isinstance(value, bool | np.bool_):
        raise OptionError(f"{name} must be True or False, got {value!r}")
    return bool(value)


def check_camera(_: Scene, __: str, value: Any) -> tuple[float, ...] | None:
    """Return a camera to the digits that are kept."""
    if value is None:
        return None
    try:
        numbers = tuple(float(f"{float(number):.{CAMERA_DIGITS}g}") for number in value)
    except (TypeError, ValueError, OverflowError):
        numbers = ()
    if len(numbers) != 16 or not all(map(math.isfinite, numbers)):
        raise OptionError(
            "a camera is NGL's orientation, 16 finite numbers as nglview gives them; "
            f"got {value!r:.80}"
        )
    return numbers


def residue_index(scene: Scene, label: str) -> int:
    """Return the index of a residue by its label."""
    return int(scene.chain.find(label))


def sorted_labels(scene: Scene, labels: Iterable[str]) -> tuple[str, ...]:
    """Return labels in full, each once, in the order of the sequence."""
    indices = sorted({residue_index(scene, label) for label in labels})
    return tuple(scene.chain.residue_labels[index] for index in indices)
