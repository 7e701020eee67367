"""What each field of a view may hold: one check per field, against the scene that is looked at."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Mapping
from numbers import Real
from typing import Any

import numpy as np

from protvis.annotations import PairTrack
from protvis.attention.selection import COMBINE
from protvis.errors import LabelError, OptionError, unknown_name
from protvis.labels import MEAN, head_position, layer_position
from protvis.scene.map_kind import ATTENTION
from protvis.scene.scene import Scene
from protvis.structure.contacts import MIN_SEPARATION

__all__ = ["CAMERA_DIGITS", "CHECKS", "COLOR_BY", "MOST_LINKS", "residue_index", "sorted_labels"]

COLOR_BY = ("contact", "weight", "separation", "sign")

MOST_LINKS = 5000
"""How many links a view may ask for: about as many as a scene keeps of any head."""

CAMERA_DIGITS = 6
"""Significant digits of a camera, more than an eye can see."""


def _layer(scene: Scene, _: str, value: Any) -> int:
    return layer_position(value, scene.n_layers) + 1


def _head(scene: Scene, _: str, value: Any) -> int | str:
    position = head_position(value, scene.n_heads)
    return MEAN if isinstance(position, str) else position + 1


def _whole(name: str, value: Any, low: int, high: int) -> int:
    try:
        number = operator.index(value)
    except TypeError:
        raise OptionError(f"{name} must be a whole number, got {value!r}") from None
    if isinstance(value, bool) or not low <= number <= high:
        raise OptionError(f"{name} must be from {low} to {high}, got {value!r}")
    return number


def _top_k(_: Scene, name: str, value: Any) -> int:
    return _whole(name, value, 1, MOST_LINKS)


def _separation(scene: Scene, name: str, value: Any) -> int:
    # Of a complex, as many as there are residues leaves the links between chains.
    return _whole(name, value, 0, max(scene.n_residues, MIN_SEPARATION))


def _threshold(_: Scene, name: str, value: Any) -> float:
    plain = isinstance(value, Real) and not isinstance(value, bool)
    try:
        number = float(value) if plain else math.nan
    except OverflowError:
        number = math.inf
    if not 0.0 <= number < math.inf:
        raise OptionError(f"{name} must be a weight, finite and at least 0, got {value!r}")
    return number


def _one_of(known: tuple[str, ...]) -> Callable[[Scene, str, Any], str]:
    def check(_: Scene, name: str, value: Any) -> str:
        if value not in known:
            raise LabelError(unknown_name(name, value, known))
        return str(value)

    return check


def _map(scene: Scene, name: str, value: Any) -> str:
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


def _residues(scene: Scene, name: str, value: Any) -> tuple[str, ...]:
    return sorted_labels(scene, _texts(name, value, "a list of residue labels such as ['A:HIS57']"))


def _link(scene: Scene, name: str, value: Any) -> tuple[str, str] | None:
    if value is None:
        return None
    expected = "the labels of two residues, (query, key), or None"
    ends = [] if isinstance(value, str) else _texts(name, value, expected)
    if len(ends) != 2:
        raise OptionError(f"{name} must be {expected}, got {value!r}")
    query, key = (scene.chain.residue_labels[residue_index(scene, label)] for label in ends)
    return query, key


def _tracks(scene: Scene, name: str, value: Any) -> tuple[str, ...]:
    found = _texts(name, value, "a list of names of tracks")
    for track in found:
        _ = scene.tracks[track]
    return tuple(dict.fromkeys(found))


def _cartoon(scene: Scene, name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise OptionError(f"{name} must be the name of a track, or '' for plain, got {value!r}")
    if value and isinstance(scene.tracks[value], PairTrack):
        raise OptionError("a property of pairs cannot colour residues; choose another track")
    return value


def _flag(_: Scene, name: str, value: Any) -> bool:
    if not isinstance(value, bool | np.bool_):
        raise OptionError(f"{name} must be True or False, got {value!r}")
    return bool(value)


def _camera(_: Scene, __: str, value: Any) -> tuple[float, ...] | None:
    if value is None:
        return None
    try:
        numbers = tuple(float(f"{float(number):.{CAMERA_DIGITS}g}") for number in value)
    except (TypeError, ValueError):
        numbers = ()
    if len(numbers) != 16 or not all(map(math.isfinite, numbers)):
        raise OptionError(
            "a camera is NGL's orientation, 16 finite numbers as nglview gives them; "
            f"got {value!r:.80}"
        )
    return numbers


CHECKS: Mapping[str, Callable[[Scene, str, Any], Any]] = {
    "layer": _layer,
    "head": _head,
    "top_k": _top_k,
    "threshold": _threshold,
    "min_separation": _separation,
    "combine": _one_of(COMBINE),
    "color_by": _one_of(COLOR_BY),
    "map": _map,
    "selected_residues": _residues,
    "selected_link": _link,
    "shown_tracks": _tracks,
    "cartoon_by": _cartoon,
    "show_copies": _flag,
    "camera": _camera,
}


def residue_index(scene: Scene, label: str) -> int:
    """Return the index of a residue by its label."""
    return int(scene.chain.find(label))


def sorted_labels(scene: Scene, labels: Iterable[str]) -> tuple[str, ...]:
    """Return labels in full, each once, in the order of the sequence."""
    indices = sorted({residue_index(scene, label) for label in labels})
    return tuple(scene.chain.residue_labels[index] for index in indices)
