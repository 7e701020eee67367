"""The tracks of one chain."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from numpy.typing import ArrayLike

from protvis.annotations.tracks import PairTrack, RangeTrack, Track
from protvis.errors import AnnotationError, LabelError, unknown_name

if TYPE_CHECKING:
    import pandas as pd

    from protvis.structure import Chain

__all__ = ["TrackSet"]


class TrackSet(Mapping[str, "Track | PairTrack"]):
    """The tracks of one chain, by name, in order; immutable: `with_track` returns a new set.

    Parameters
    ----------
    chain : Chain
    tracks : iterable of Track or PairTrack

    Raises
    ------
    AnnotationError
        If a track differs in length from the chain.
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
        """Return a set with one more track, replacing any of the same name."""
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
            columns[name] = track.texts() if isinstance(track, RangeTrack) else track.values
        labels = pd.Index(self.chain.residue_labels, name="residue")
        return pd.DataFrame(columns, index=labels)


class _UnknownTrackError(LabelError, KeyError):
    """As `LabelError`; a mapping's callers expect a `KeyError`."""

    def __str__(self) -> str:
        return str(self.args[0])
