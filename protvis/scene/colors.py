"""The explorer's colours on a light page, for whatever draws the same outside a browser.

The browser has them in ``js/src/stage/theme.ts``; a contract test compares the two.
"""

from __future__ import annotations

import math
import re

import matplotlib
import numpy as np
from matplotlib.colors import to_hex
from numpy.typing import ArrayLike, NDArray

from protvis.annotations import NumberTrack, PairTrack, SiteTrack, StateTrack, Track
from protvis.errors import OptionError
from protvis.structure.contacts import MIN_SEPARATION

__all__ = [
    "ACCENT",
    "BRIGHT_SHARE",
    "CARTOON",
    "COLORMAPS",
    "CONTACT",
    "GAIN",
    "HEAD_COLORS",
    "LOSS",
    "NEAR",
    "NO_CONTACT",
    "OTHER_CHAINS",
    "colormap",
    "colormapped",
    "relation_color",
    "score_range",
    "sign_color",
    "track_colors",
]

# Okabe and Ito's blue and orange, told apart with any common colour vision; the accent is neither.
CONTACT = "#0072b2"
NO_CONTACT = "#e69f00"
NEAR = "#7d8694"
"""Of links between neighbours in the sequence, which are neither."""

# Ends of ColorBrewer's red and blue, as in the map of a difference, short of where the red would be
# taken for the accent.
GAIN = "#d6604d"
LOSS = "#4393c3"

HEAD_COLORS = ("#3a9bf0", "#e6b800", "#b04a00")
"""Of the chosen head and those overlaid on it: far apart under deuteranopia and protanopia, too,
and seen on light, dark and the colours of a map."""

ACCENT = "#c2185b"
CARTOON = "#cdd3dc"
OTHER_CHAINS = "#bcc5d1"

BRIGHT_SHARE = 0.3
"""The brightest colour of a share stands for at least this much."""

_TRACKS = (
    "#009e73", "#d55e00", "#56b4e9", "#cc79a7", "#f0e442", "#0072b2", "#2a1fe0", "#c0f5a6",
    "#511440",
)  # fmt: skip
_HELIX, _STRAND = "#a03070", "#6b4a10"

COLORMAPS = {
    "weight": "viridis",
    "separation": "plasma",
    "score": "viridis",
    "map": "magma",
    "signed": "RdBu_r",
}
"""Matplotlib's name of the colour map for each purpose."""


def colormap(purpose: str) -> NDArray[np.uint8]:
    """Return the perceptual colour map for a purpose as uint8 (256, 3)."""
    colors = matplotlib.colormaps[COLORMAPS[purpose]](np.arange(256))
    return (colors[:, :3] * 255).round().astype(np.uint8)


def colormapped(purpose: str, share: float) -> str:
    """Return the colour of a share from 0 to 1, as ``#rrggbb``."""
    # Half a step goes up, as in the browser.
    step = math.floor(255 * min(max(share, 0.0), 1.0) + 0.5)
    return to_hex(colormap(purpose)[step] / 255)


def score_range(scores: ArrayLike, *, is_share: bool) -> tuple[float, float]:
    """Return which scores the two ends of the colours of a head grid stand for.

    Parameters
    ----------
    scores : float array
        NaN where there is none.
    is_share : bool
        Shares are coloured from 0 to at least `BRIGHT_SHARE`, so that nothing looks good that is
        not; all else from the lowest to the highest.
    """
    values = np.asarray(scores, np.float64)
    known = values[np.isfinite(values)]
    if is_share:
        return 0.0, max(BRIGHT_SHARE, float(known.max(initial=0.0)))
    return (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)


def relation_color(contact: bool, separation: int) -> str:
    """Return the colour of a link by what its residues are to each other.

    Parameters
    ----------
    contact : bool
    separation : int, residues
        As `Chain.separation`: those nearer than `MIN_SEPARATION` are neighbours, never contacts.
    """
    if contact:
        return CONTACT
    return NEAR if separation < MIN_SEPARATION else NO_CONTACT


def sign_color(sign: int, weight: float, noise: float | None) -> str:
    """Return the colour of a difference, grey where its size is no more than noise."""
    if noise is not None and weight <= noise:
        return NEAR
    return LOSS if sign < 0 else GAIN


def track_colors(track: Track | PairTrack, place: int = 0) -> list[str | None]:
    """Return the colour of every residue on a track.

    Parameters
    ----------
    track : Track
    place : int
        Place of the track among all of the chain's, which varies the colours of sites.

    Returns
    -------
    list of str or None
        ``#rrggbb``; None where the track says nothing.

    Raises
    ------
    OptionError
        If the track is of pairs, which have no colour.
    """
    if isinstance(track, PairTrack):
        raise OptionError(f"{track.name!r} is a property of pairs, which colours no residues")
    if isinstance(track, NumberTrack):
        return _number_colors(np.asarray(track.values, np.float64))
    if isinstance(track, StateTrack):
        letters = track.letters
        levels = {
            letter: level
            for level, letter in enumerate(letters)
            if re.search(r"\w", letter, re.ASCII)
        }
        own = {letter: _TRACKS[(level + place) % len(_TRACKS)] for letter, level in levels.items()}
        own |= {letter: color for letter, color in (("H", _HELIX), ("E", _STRAND)) if letter in own}
        return [own.get(letter) for letter in track.values.tolist()]
    levels_of = np.where(track.values, 0, -1) if isinstance(track, SiteTrack) else track.values
    return [
        _TRACKS[(level + place) % len(_TRACKS)] if level >= 0 else None
        for level in levels_of.tolist()
    ]


def _number_colors(values: NDArray[np.float64]) -> list[str | None]:
    known = values[np.isfinite(values)]
    low, high = (known.min(), known.max()) if known.size else (0.0, 0.0)
    return [
        colormapped("weight", (value - low) / (high - low) if high > low else 0.5)
        if np.isfinite(value)
        else None
        for value in values
    ]
