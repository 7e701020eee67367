"""Tracks of several chains as tracks of the chains joined."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from protvis.annotations.all_tracks import annotate
from protvis.annotations.mapping import UniProtMapping
from protvis.annotations.modifications import disulfide_pairs
from protvis.annotations.track_set import TrackSet
from protvis.annotations.track_table import DISULFIDE_BONDS
from protvis.annotations.tracks import PairTrack, RangeTrack, Track
from protvis.annotations.uniprot import UniProtEntry
from protvis.errors import AnnotationError, LabelError, unknown_name
from protvis.structure import Chain, Structure, join_chains

__all__ = ["annotate_chains", "join_tracks"]


def annotate_chains(
    structure: Structure,
    chain_ids: Iterable[str],
    *,
    uniprot: Mapping[str, UniProtEntry] | None = None,
    mapping: Mapping[str, UniProtMapping] | None = None,
) -> TrackSet:
    """Return the tracks of several chains, on the chains joined in the given order.

    Each chain has the tracks of `annotate`; disulfide bonds between the chains are included.

    Parameters
    ----------
    structure : Structure
    chain_ids : iterable of str
    uniprot : mapping of str to UniProtEntry, optional
        UniProt entries by chain id.
    mapping : mapping of str to UniProtMapping, optional
        How the entries map onto their chains, by chain id; by alignment by default.

    Raises
    ------
    LabelError
        If there is no such chain in the structure or among those named.
    AnnotationError
        If an entry does not belong to its chain.
    """
    wanted = [chain_ids] if isinstance(chain_ids, str) else list(chain_ids)
    joined = join_chains([structure.chain(chain_id) for chain_id in wanted])
    uniprot, mapping = uniprot or {}, mapping or {}
    for chain_id in [*uniprot, *mapping]:
        if chain_id not in wanted:
            raise LabelError(unknown_name("chain", chain_id, wanted))
    tracks = join_tracks(
        joined,
        [
            annotate(
                structure, chain_id, uniprot=uniprot.get(chain_id), mapping=mapping.get(chain_id)
            )
            for chain_id in wanted
        ],
    )
    bonds = disulfide_pairs(structure, wanted, name=DISULFIDE_BONDS)
    return tracks.with_track(bonds) if bonds.values.any() else tracks


def join_tracks(joined: Chain, track_sets: Sequence[TrackSet]) -> TrackSet:
    """Return the tracks of several chains as tracks of the joined chains.

    Tracks of the same name are concatenated; a chain that lacks one gets ``-``, False, NaN or no
    range. Matrices of pairs are placed along the diagonal, since nothing is known about pairs
    between chains. Stretches (kind ``range``) of one name are joined across chains: the first of
    that name in one chain with the first of that name in the next, and so on.

    Parameters
    ----------
    joined : Chain
        The result of `protvis.structure.join_chains`.
    track_sets : sequence of TrackSet
        The tracks of the chains, in their order.

    Raises
    ------
    AnnotationError
        If the sets are not those of the chains, or tracks of one name are of different kinds or
        units.
    """
    ids = [chain.chain_id for chain in joined.chains]
    given = [(tracks.chain.chain_id, tracks.chain.n_residues) for tracks in track_sets]
    if given != [(chain.chain_id, chain.n_residues) for chain in joined.chains]:
        raise AnnotationError(
            f"the sets of tracks must be those of chains {', '.join(ids)}, in this order; got "
            f"{', '.join(chain_id for chain_id, _ in given) or 'none'}"
        )
    names = dict.fromkeys(name for tracks in track_sets for name in tracks)
    return TrackSet(joined, [_joined(name, joined, track_sets) for name in names])


def _joined(name: str, joined: Chain, track_sets: Sequence[TrackSet]) -> Track | PairTrack:
    there = [
        (start, stop, tracks[name])
        for (_, start, stop), tracks in zip(joined.segments, track_sets, strict=True)
        if name in tracks
    ]
    residues = [(start, stop, track) for start, stop, track in there if isinstance(track, Track)]
    pairs = [(start, stop, track) for start, stop, track in there if isinstance(track, PairTrack)]
    kinds = {track.kind for _, _, track in there}
    if len(kinds) > 1:
        raise AnnotationError(
            f"track {name!r} is of kind {' and '.join(sorted(kinds))} in different chains; "
            "rename one of them"
        )
    source = _source(joined, [(start, track.source) for start, _, track in there])
    if residues:
        return _one_after_the_other(name, joined.n_residues, residues, source)
    values = np.zeros((joined.n_residues, joined.n_residues), dtype=bool)
    for start, stop, pair_track in pairs:
        values[start:stop, start:stop] = pair_track.values
    return PairTrack(name, values, source)


def _one_after_the_other(
    name: str, n_residues: int, parts: Sequence[tuple[int, int, Track]], source: str
) -> Track:
    units = sorted({track.unit for _, _, track in parts})
    if len(units) > 1:
        raise AnnotationError(
            f"track {name!r} is in {' and '.join(map(repr, units))} in different chains; use one "
            "unit, or rename one of them"
        )
    first = parts[0][2]
    values = np.full(n_residues, first.none, dtype=first.dtype)
    legend: dict[str, str] = {}
    notes: dict[int, str] = {}
    stretches: dict[tuple[str, int], int] = {}
    for start, stop, track in parts:
        values[start:stop] = (
            _renumbered(track, stretches) if isinstance(track, RangeTrack) else track.values
        )
        legend = {**track.legend, **legend}
        notes.update({start + index: note for index, note in track.notes.items()})
    names = tuple(text for text, _ in stretches)
    return Track(name, first.kind, values, source, legend, names, first.unit, notes)


def _renumbered(track: RangeTrack, stretches: dict[tuple[str, int], int]) -> NDArray[np.int32]:
    """Return the values of a track of ranges as places among the `stretches`, which it extends."""
    places = []
    for index, name in enumerate(track.names):
        key = (name, track.names[:index].count(name))
        places.append(stretches.setdefault(key, len(stretches)))
    # The last stands for "in none", which is −1 in the values.
    return np.array([*places, -1], dtype=np.int32)[track.values]


def _source(joined: Chain, sources: Sequence[tuple[int, str]]) -> str:
    texts = list(dict.fromkeys(text for _, text in sources))
    if len(texts) == 1:
        return texts[0]
    ids = [chain.chain_id for chain in joined.chains]
    return "; ".join(f"{ids[joined.chain_of[start]]}: {text}" for start, text in sources)
