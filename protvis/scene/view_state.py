"""What an explorer looks at: the values its sliders hold, and the rules they obey."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from protvis.errors import LabelError, OptionError, unknown_name
from protvis.labels import MEAN, head_position, layer_position
from protvis.scene.link_table import COMBINE
from protvis.scene.map_sets import ATTENTION

if TYPE_CHECKING:
    from protvis.scene.map_kind import MapKind
    from protvis.scene.scene import Scene

__all__ = [
    "COLOR_BY",
    "ViewState",
    "arc_color_by",
    "best_head",
    "check_choices",
    "check_view",
    "default_view",
]

COLOR_BY = ("contact", "weight", "separation", "sign")

MOST_LINKS = 500
"""How many links the slider reaches."""


@dataclass(frozen=True)
class ViewState:
    """The values of an explorer's controls.

    Attributes
    ----------
    layer : int
        Layer label, from 1.
    head : int or "mean"
        Head label, from 1, or the mean over the layer's heads.
    top_k : int
        At most so many links are drawn.
    threshold : float
        Only links of at least this weight are drawn; 0 or more, in the unit of the map.
    min_separation : int
        Only links between residues at least so far apart in the sequence are drawn.
    combine : {"max", "mean", "directed"}
        How the two directions of a pair become links.
    color_by : {"contact", "weight", "separation", "sign"}
        What the colour of an arc means; ``"sign"`` is gain or loss, of differences, and of other
        maps contact or not.
    map : str
        Which kind of map is shown (`protvis.scene.map_sets`).
    """

    layer: int
    head: int | str
    top_k: int
    threshold: float = 0.0
    min_separation: int = 6
    combine: str = "max"
    color_by: str = "contact"
    map: str = ATTENTION


def arc_color_by(color_by: str, kind: MapKind) -> str:
    """Return what colour means on a kind of map: only differences have gains and losses."""
    return "contact" if color_by == "sign" and not kind.difference else color_by


def _whole_number(name: str, value: object, lowest: int) -> int:
    try:
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise OptionError(f"{name} must be a whole number, got {value!r}") from None
    if isinstance(value, bool) or number < lowest:
        raise OptionError(f"{name} must be at least {lowest}, got {value!r}")
    return number


def _choice(name: str, value: object, known: tuple[str, ...]) -> str:
    if value not in known:
        raise LabelError(unknown_name(name, value, known))
    return str(value)


def check_view(name: str, value: Any, *, n_layers: int, n_heads: int) -> Any:
    """Return the value of one control in its canonical form.

    Raises
    ------
    LabelError
        If a layer, head or choice does not exist.
    OptionError
        If a number is out of range.
    """
    if name == "layer":
        return layer_position(value, n_layers) + 1
    if name == "head":
        position = head_position(value, n_heads)
        return MEAN if isinstance(position, str) else position + 1
    if name == "top_k":
        return _whole_number(name, value, 1)
    if name == "min_separation":
        return _whole_number(name, value, 0)
    if name == "threshold":
        plain = isinstance(value, Real) and not isinstance(value, bool)
        try:
            number = float(value) if plain else math.nan
        except OverflowError:
            number = math.inf
        if not 0.0 <= number < math.inf:
            raise OptionError(f"threshold must be a weight, finite and at least 0, got {value!r}")
        return number
    if name == "combine":
        return _choice(name, value, COMBINE)
    if name == "color_by":
        return _choice(name, value, COLOR_BY)
    if name == "map":
        # Which kinds there are depends on the scene; it says so when the map is made.
        if not isinstance(value, str):
            raise OptionError(f"map must be the name of a kind of map, got {value!r}")
        return value
    raise LabelError(unknown_name("control", name, ViewState.__dataclass_fields__))


def check_choices(chosen: dict[str, Any], *, n_layers: int, n_heads: int) -> dict[str, Any]:
    """Return the chosen values of `ViewState` fields in canonical form; None means not chosen.

    Raises
    ------
    LabelError, OptionError
        As `check_view`.
    """
    return {
        name: check_view(name, value, n_layers=n_layers, n_heads=n_heads)
        for name, value in chosen.items()
        if value is not None
    }


def check_names(chosen: dict[str, Any]) -> None:
    """Raise a TypeError for a keyword that is not a field of `ViewState`."""
    known = ViewState.__dataclass_fields__
    for name in chosen:
        if name not in known:
            others = ("chain", "model", "maps", "tracks")
            raise TypeError(unknown_name("keyword argument", name, [*known, *others]))


def best_head(scene: Scene) -> tuple[int, int | str]:
    """Return the labels of the head, or layer mean, that agrees best with the contacts.

    Agreement is `contact_precision`, the share of contacts among the head's strongest links; ties
    go to the first. Where the structure has no contacts it is the mean of the last layer.
    """
    precision = scene.scores["contact_precision"]
    if not np.isfinite(precision).any():
        return scene.n_layers, MEAN
    layer, head = np.unravel_index(np.nanargmax(precision), precision.shape)
    return int(layer) + 1, MEAN if head == scene.n_heads else int(head) + 1


def default_view(scene: Scene, **chosen: Any) -> ViewState:
    """Return the view a scene opens with.

    Parameters
    ----------
    scene : Scene
    **chosen
        Values of `ViewState` fields; those left out or None take their default: the head that
        agrees best with the contacts, and half as many links as there are residues. A layer alone
        opens on that layer's mean.

    Raises
    ------
    LabelError, OptionError
        As `check_view`.
    TypeError
        If a keyword is not a field of `ViewState`.
    """
    check_names(chosen)
    values = check_choices(chosen, n_layers=scene.n_layers, n_heads=scene.n_heads)
    layer, head = best_head(scene)
    if "layer" in values:
        values.setdefault("head", MEAN)
    elif "head" in values:
        precision = scene.scores["contact_precision"]
        column = precision[:, -1 if values["head"] == MEAN else values["head"] - 1]
        finite = np.isfinite(column).any()
        values["layer"] = int(np.nanargmax(column)) + 1 if finite else scene.n_layers
    values.setdefault("layer", layer)
    values.setdefault("head", head)
    # A threshold alone means every link that reaches it, as far as arcs can be told apart.
    if any(kind.difference for kind in scene.own_kinds.values()):
        values.setdefault("color_by", "sign")
    few = max(20, scene.n_residues // 2)
    values.setdefault("top_k", MOST_LINKS if "threshold" in values else few)
    return ViewState(**values)
