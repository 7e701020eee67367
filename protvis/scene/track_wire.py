"""Tracks as they cross to the browser, and which heads point at what they mark."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from protvis.annotations import PairTrack, StateTrack, Track, TrackSet, pair_track, track
from protvis.errors import OptionError
from protvis.perturbation import masked_marginals
from protvis.scene.map_sets import MapSet
from protvis.scene.wire import encode_array
from protvis.structure import Chain
from protvis.structure.contacts import MIN_SEPARATION

if TYPE_CHECKING:
    from protvis.models import ProteinModel

__all__ = [
    "as_tracks",
    "marginal_tracks",
    "named_tracks",
    "score_track",
    "track_background",
    "wire_tracks",
]


def as_tracks(chain: Chain, given: Mapping[str, Any] | Iterable[Any]) -> list[Track | PairTrack]:
    """Return what a user hands in as tracks of a chain.

    Parameters
    ----------
    chain : Chain
    given : mapping of str to values, or iterable of Track or PairTrack
        Values are what `protvis.annotations.track` takes; a boolean (n_residues, n_residues) matrix
        becomes a property of pairs.

    Raises
    ------
    AnnotationError
        If values do not fit the chain.
    OptionError
        If something is neither.
    """
    if not isinstance(given, Mapping):
        made = list(given) if isinstance(given, Iterable) else [given]
        for one in made:
            if not isinstance(one, Track | PairTrack):
                raise OptionError(
                    f"expected tracks of protvis.annotations, or a dict of name to values, got "
                    f"{type(one).__name__}"
                )
        return made
    return [
        values
        if isinstance(values, Track | PairTrack)
        else pair_track(chain, values, name=name)
        if getattr(values, "ndim", 1) == 2
        else track(chain, values, name=name)
        for name, values in given.items()
    ]


def named_tracks(
    chain: Chain, given: Mapping[str, Any] | Iterable[Any]
) -> dict[str, Track | PairTrack]:
    """Return what a user hands in, as for `as_tracks`, by name."""
    return {track.name: track for track in as_tracks(chain, given)}


def marginal_tracks(model: ProteinModel, chain: Chain) -> list[Track]:
    """Return what a model expects at each residue when it is hidden: log probability and entropy.

    Raises
    ------
    ModelError
        If the model predicts no hidden residues.
    """
    marginals = masked_marginals(model, chain)
    places = [marginals.amino_acids.find(letter) for letter in marginals.sequence]
    own = marginals.log_probabilities[np.arange(len(places)), places]
    own[np.array(places) < 0] = np.nan
    source = f"{model.name}, masked marginals"
    return [
        Track("log p of the residue", "number", own, source),
        Track("predicted entropy", "number", marginals.entropy, source, unit="bits"),
    ]


def wire_tracks(tracks: TrackSet) -> list[dict[str, Any]]:
    """Return tracks as plain data, each with its values as an array.

    States cross as uint8 positions in ``letters``, sites as uint8, numbers as float32, ranges as
    int32, pairs as rows of bits.
    """
    wired = []
    separation = tracks.chain.separation()
    for name, one in tracks.items():
        wired.append(
            {
                "kind": one.kind,
                "letters": one.letters if isinstance(one, StateTrack) else [],
                "name": name,
                "source": one.source,
                "legend": dict(getattr(one, "legend", {})),
                "names": list(getattr(one, "names", ())),
                "unit": getattr(one, "unit", ""),
                "notes": {str(index): text for index, text in getattr(one, "notes", {}).items()},
                "backgrounds": _backgrounds(one, separation),
                "values": encode_array(np.asarray(one.codes())),
            }
        )
    return wired


def _backgrounds(one: Track | PairTrack, separation: NDArray[Any]) -> dict[str, float]:
    """Return what chance would give for every question a track puts to heads, by state."""
    found = {state or "": track_background(one, state, separation) for state in one.questions}
    return {state: value for state, value in found.items() if np.isfinite(value)}


def score_track(
    map_set: MapSet, one: Track | PairTrack, state: str | None = None
) -> NDArray[np.float64]:
    """Return the proportion of each map's L strongest links that have a property.

    Parameters
    ----------
    map_set : MapSet
    one : Track or PairTrack
        A property of one residue looks at the residue attended to, each direction a link of its
        own; of pairs, at the pair, by the larger of both directions. For numbers the result is the
        mean over links of the value at the residue attended to, unknown values left out.
    state : str, optional
        For states and ranges: which.

    Returns
    -------
    float64 (row, column)
        NaN where a map has no link.
    """
    values = one.pairs(state)
    combine = "max" if isinstance(one, PairTrack) else "directed"
    proportions = np.full(map_set.links.n_entries, np.nan)
    for entry in range(map_set.links.n_entries):
        links = map_set.links.select(
            entry, top_k=len(one), min_separation=MIN_SEPARATION, combine=combine
        )
        found = values[links.query, links.key]
        known = np.isfinite(found)
        if known.any():
            proportions[entry] = found[known].mean()
    return proportions.reshape(map_set.shape)


def track_background(
    one: Track | PairTrack, state: str | None, separation: NDArray[np.integer]
) -> float:
    """Return what `score_track` would give were all pairs at least 6 apart equally likely.

    Parameters
    ----------
    one, state
        As for `score_track`.
    separation : int (residue, residue)
        Residues between two in the sequence (`Chain.separation`).
    """
    values = one.pairs(state)
    eligible = separation >= MIN_SEPARATION
    eligible &= np.isfinite(values)
    return float(values[eligible].mean()) if eligible.any() else float("nan")
