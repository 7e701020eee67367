"""Tracks that are computed when they are first asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from protvis.annotations import PairTrack, Track
from protvis.errors import DatasetError

__all__ = ["AnyTrack", "LazyTracks"]

AnyTrack = Track | PairTrack


class LazyTracks(Mapping[str, AnyTrack]):
    """Tracks by feature name. Going through all names computes every track.

    Parameters
    ----------
    n_residues : int
        Every track has that many values.
    makers : mapping of str to callable
        Each returns a track, or None where the feature is not known of this protein.
    """

    def __init__(
        self, n_residues: int, makers: Mapping[str, Callable[[], AnyTrack | None]]
    ) -> None:
        self._n_residues = n_residues
        self._makers = dict(makers)
        self._made: dict[str, AnyTrack | None] = {}

    @classmethod
    def of(cls, n_residues: int, tracks: Mapping[str, AnyTrack]) -> LazyTracks:
        """Return tracks as lazy ones, without computing any."""
        if isinstance(tracks, cls):
            return tracks
        return cls(n_residues, {name: partial(tracks.get, name) for name in tracks})

    def __getitem__(self, name: str) -> AnyTrack:
        if name not in self._made:
            track = self._makers[name]()
            if track is not None and len(track) != self._n_residues:
                raise DatasetError(
                    f"{name} has {len(track)} values for {self._n_residues} residues"
                )
            self._made[name] = track
        found = self._made[name]
        if found is None:
            raise KeyError(name)
        return found

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name in self._makers and self.get(name) is not None

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._makers if self.get(name) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def replaced(self, own: Mapping[str, AnyTrack]) -> LazyTracks:
        """Return these tracks with some more, or others in their places."""
        given = {name: partial(own.get, name) for name in own}
        return LazyTracks(
            self._n_residues,
            {**{name: partial(self.get, name) for name in self._makers}, **given},
        )

    def changed(self, n_residues: int, change: Callable[[AnyTrack], AnyTrack]) -> LazyTracks:
        """Return these tracks changed, each when it is asked for."""

        def make(name: str) -> AnyTrack | None:
            track = self.get(name)
            return None if track is None else change(track)

        return LazyTracks(n_residues, {name: partial(make, name) for name in self._makers})
