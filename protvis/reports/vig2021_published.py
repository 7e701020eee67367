"""What Vig et al. (ICLR 2021) published, as numbers: `protvis/data/vig2021.json`, read.

Highest proportions, top heads with their intervals, numbers of scored heads and backgrounds are
exact to the digits given. Layer maxima are lengths of bars, and grids of all heads are colours:
both are good to 1 % of the highest value.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from protvis.errors import OptionError, unknown_name
from protvis.labels import parse_head

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MODELS", "Published", "PublishedProperty", "published"]

MODELS = ("tape", "protalbert", "protbert", "protbert-bfd", "protxlnet")
"""The models of the paper, by the names that `protvis.load_model` knows (``tape``: a folder)."""


@dataclass(frozen=True, eq=False)
class PublishedProperty:
    """What is published of one model and property; all proportions are fractions.

    Attributes
    ----------
    feature, value : str
    n_scored : int
        Heads with at least 100 links.
    best : (int, int)
        Labels of the head with the highest proportion.
    highest : float
    layer_maxima : tuple of float
        NaN where no head of a layer is scored.
    background : float
        NaN where none is published.
    center : float
        Centre of gravity, in layers; NaN where none is published.
    top : tuple of (int, int, float, float)
        The ten best heads: layer, head, proportion, half of the interval. Empty where none are
        published.
    grid : float64 array (layer, head), or None
        Of all heads, NaN where a head is not scored.
    """

    feature: str
    value: str
    n_scored: int
    best: tuple[int, int]
    highest: float
    layer_maxima: tuple[float, ...]
    background: float = float("nan")
    center: float = float("nan")
    top: tuple[tuple[int, int, float, float], ...] = ()
    grid: NDArray[np.float64] | None = None

    def heads(self) -> pd.DataFrame:
        """Return the grid in the form of `head_table`, for figures.

        The ten best heads have their exact values, and intervals where those are published.
        """
        import pandas as pd

        if self.grid is None:
            raise OptionError(f"of {self.feature} {self.value} no grid of all heads is published")
        layer, head = np.indices(self.grid.shape).reshape(2, -1) + 1
        table = pd.DataFrame(
            {
                "feature": self.feature,
                "value": self.value,
                "layer": layer,
                "head": head,
                "proportion": self.grid.ravel(),
                "background": self.background,
                "ci_low": np.nan,
                "ci_high": np.nan,
                "scored": ~np.isnan(self.grid.ravel()),
            }
        )
        for number, place, proportion, half in self.top:
            row = (table["layer"] == number) & (table["head"] == place)
            table.loc[row, "proportion"] = proportion
            table.loc[row, ["ci_low", "ci_high"]] = proportion - half, proportion + half
        table.attrs = {"min_links": 100, "interval": "as published"}
        return table


@dataclass(frozen=True, eq=False)
class Published:
    """What is published of one model.

    Attributes
    ----------
    key : str
        One of `MODELS`.
    name : str
        As in the paper.
    n_layers, n_heads : int
    substitution_r : float
        Correlation of amino acids' similarity in attention with BLOSUM62.
    properties : mapping of (str, str) to PublishedProperty
        By feature and value.
    """

    key: str
    name: str
    n_layers: int
    n_heads: int
    substitution_r: float
    properties: dict[tuple[str, str], PublishedProperty] = field(default_factory=dict)


def published(key: str) -> Published:
    """Return what is published of a model.

    Raises
    ------
    OptionError
        If the paper has no such model.
    """
    if key not in MODELS:
        raise OptionError(unknown_name("model of the paper", key, MODELS))
    content = _content()
    model = content["models"][key]
    properties = {}
    for name, given in model["properties"].items():
        feature, _, value = name.partition(" ")
        properties[feature, value] = _property(
            feature, value, given, content["background"].get(feature), model["n_heads"]
        )
    return Published(
        key,
        model["name"],
        model["n_layers"],
        model["n_heads"],
        model["substitution_r"],
        properties,
    )


@cache
def _content() -> Any:
    return json.loads((files("protvis") / "data" / "vig2021.json").read_text("utf-8"))


def _property(
    feature: str, value: str, given: dict[str, Any], background: float | None, n_heads: int
) -> PublishedProperty:
    grid = None
    if "grid" in given:
        levels = np.array([list(base64.b64decode(row)) for row in given["grid"]], dtype=np.float64)
        highest = given["highest"] / 100
        grid = np.where(levels == 255, np.nan, (2 * levels + 1) / 255 * highest)
        grid = grid.reshape(-1, n_heads)
    top = tuple(
        (*_label(head), proportion / 100, half / 100)
        for head, proportion, half in given.get("top", ())
    )
    return PublishedProperty(
        feature,
        value,
        given["n_scored"],
        _label(given["best"]),
        given["highest"] / 100,
        tuple(np.nan if number is None else number / 100 for number in given["layer_maxima"]),
        np.nan if background is None else background / 100,
        given.get("center", np.nan),
        top,
        grid,
    )


def _label(text: str) -> tuple[int, int]:
    layer, head = parse_head(text)
    return int(layer), int(head)
