"""Tracks: one value per residue of a chain, with a name, a kind and a source.

A track is what the explorer shows under the sequence and what heads are scored against. There are
four kinds:

``state``
    One letter per residue out of a few, such as helix, strand or neither.
``site``
    Whether a residue belongs to something: a binding site, a modification.
``number``
    A number per residue, NaN where unknown.
``range``
    Which of several named stretches a residue lies in, such as domains; −1 for none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from protvis.errors import AnnotationError, LabelError, unknown_name

if TYPE_CHECKING:
    import pandas as pd

    from protvis.structure import Chain

__all__ = ["KINDS", "PairTrack", "Track", "TrackSet"]

KINDS = ("state", "site", "number", "range")
_DTYPES = {"state": np.dtype("U1"), "site": np.dtype(bool), "number": np.dtype(np.float32),
           "range": np.dtype(np.int32)}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Track:
    """One value per residue.

    Attributes
    ----------
    name : str
        What is shown, such as ``"binding site"``.
    kind : str
        ``"state"``, ``"site"``, ``"number"`` or ``"range"``.
    values : (n_residues,) array
        Letters (``state``), bool (``site``), float32 (``number``, NaN where unknown) or int32
        (``range``, index into `legend`, −1 for none).
    source : str
        Where the values come from: the file's records, a program, a database.
    legend : mapping of str to str
        For states: what a letter means. For ranges: empty; see `names`.
    names : tuple of str
        For ranges: the name of each stretch.
    unit : str
        For numbers: the unit, "" where there is none.
    notes : mapping of int to str
        What to say about single residues, by index.

    Raises
    ------
    AnnotationError
        If the kind is none of these, or the values do not fit it.
    """

    name: str
    kind: str
    values: NDArray
    source: str
    legend: Mapping[str, str] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    unit: str = ""
    notes: Mapping[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise AnnotationError(f"track {self.name!r}: {unknown_name('kind', self.kind, KINDS)}")
        raw = list(self.values) if isinstance(self.values, str) else self.values
        try:
            values = np.array(raw, dtype=_DTYPES[self.kind])
        except (TypeError, ValueError) as error:
            raise AnnotationError(
                f"track {self.name!r} is of kind {self.kind!r}, but its values are not: {error}"
            ) from error
        if values.ndim != 1:
            raise AnnotationError(
                f"track {self.name!r} needs one value per residue, got shape {values.shape}"
            )
        if (
            self.kind == "range"
            and values.size
            and not (values.min() >= -1 and values.max() < len(self.names))
        ):
            raise AnnotationError(f"track {self.name!r} has ranges without a name")
        values.setflags(write=False)
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "legend", MappingProxyType(dict(self.legend)))
        object.__setattr__(self, "notes", MappingProxyType(dict(self.notes)))

    def __len__(self) -> int:
        return len(self.values)

    def __reduce__(self) -> tuple:
        return Track, (self.name, self.kind, self.values, self.source, dict(self.legend),
                       self.names, self.unit, dict(self.notes))  # fmt: skip

    def mask(self, state: str | None = None) -> NDArray[np.bool_]:
        """Return which residues have the property.

        Parameters
        ----------
        state : str, optional
            For states: which letter. For ranges: which name (all stretches of that name); any
            stretch by default.

        Returns
        -------
        (n_residues,) bool array

        Raises
        ------
        AnnotationError
            If the track is of numbers, or has no such state.
        """
        if self.kind == "site":
            return self.values.copy()
        if self.kind == "range":
            if state is None:
                return self.values >= 0
            wanted = [index for index, name in enumerate(self.names) if name == state]
            if not wanted:
                raise AnnotationError(
                    f"track {self.name!r}: {unknown_name('range', state, set(self.names))}"
                )
            return np.isin(self.values, wanted)
        if self.kind == "state":
            known = set(self.values.tolist()) | set(self.legend)
            if state is None or state not in known:
                raise AnnotationError(
                    f"track {self.name!r}: {unknown_name('state', state, sorted(known))}"
                )
            return self.values == state
        raise AnnotationError(
            f"track {self.name!r} is of numbers; compare its `values` with a threshold"
        )


@dataclass(frozen=True, eq=False)
class PairTrack:
    """A property of pairs of residues, such as a disulfide bond.

    Attributes
    ----------
    name : str
    values : (n_residues, n_residues) bool array
        Symmetric.
    source : str

    Raises
    ------
    AnnotationError
        If the matrix is not square, or not symmetric.
    """

    name: str
    values: NDArray[np.bool_]
    source: str

    def __post_init__(self) -> None:
        values = np.array(self.values)
        if values.dtype != bool:
            raise AnnotationError(
                f"pair track {self.name!r} needs a boolean matrix, got {values.dtype}"
            )
        if values.ndim != 2 or values.shape[0] != values.shape[1]:
            raise AnnotationError(
                f"pair track {self.name!r} needs a square matrix, got shape {values.shape}"
            )
        if not (values == values.T).all():
            raise AnnotationError(f"pair track {self.name!r} must be symmetric")
        values.setflags(write=False)
        object.__setattr__(self, "values", values)

    def __len__(self) -> int:
        return len(self.values)


class TrackSet(Mapping[str, "Track | PairTrack"]):
    """The tracks of one chain, by name, in order; it never changes, `with_track` returns another.

    Parameters
    ----------
    chain : Chain
    tracks : iterable of Track or PairTrack

    Raises
    ------
    AnnotationError
        If a track has another length than the chain.
    """

    def __init__(self, chain: Chain, tracks: Iterable[Track | PairTrack] = ()) -> None:
        self.chain = chain
        self._tracks: dict[str, Track | PairTrack] = {}
        for track in tracks:
            if len(track) != chain.n_residues:
                raise AnnotationError(
                    f"track {track.name!r} has {len(track)} values, but chain {chain.chain_id} has "
                    f"{chain.n_residues} residues (unobserved ones count)"
                )
            if track.name in self._tracks:
                raise AnnotationError(f"there are two tracks called {track.name!r}; rename one")
            self._tracks[track.name] = track

    def __getitem__(self, name: str) -> Track | PairTrack:
        try:
            return self._tracks[name]
        except KeyError:
            raise _UnknownTrackError(unknown_name("track", name, self._tracks)) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._tracks)

    def __len__(self) -> int:
        return len(self._tracks)

    def __repr__(self) -> str:
        return f"<TrackSet of chain {self.chain.chain_id}: {', '.join(self) or 'empty'}>"

    def with_track(self, track: Track | PairTrack) -> TrackSet:
        """Return a set with one more track; one of the same name is replaced."""
        return TrackSet(self.chain, {**self._tracks, track.name: track}.values())

    def to_frame(self) -> pd.DataFrame:
        """Return the tracks of residues as a table, one row per residue label.

        Ranges appear by name, "" outside; pair tracks are left out.
        """
        import pandas as pd

        columns: dict[str, ArrayLike] = {}
        for name, track in self._tracks.items():
            if isinstance(track, PairTrack):
                continue
            columns[name] = (
                [track.names[index] if index >= 0 else "" for index in track.values]
                if track.kind == "range"
                else track.values
            )
        labels = pd.Index(self.chain.residue_labels, name="residue")
        return pd.DataFrame(columns, index=labels)


class _UnknownTrackError(LabelError, KeyError):
    """As `LabelError`; a mapping's callers expect a `KeyError`."""

    def __str__(self) -> str:
        return str(self.args[0])
