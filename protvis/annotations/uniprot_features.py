"""Tracks from the features of a UniProt entry, mapped onto a chain."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from protvis.annotations.mapping import UniProtMapping
from protvis.annotations.tracks import PairTrack, Track
from protvis.annotations.uniprot import Feature, UniProtEntry
from protvis.errors import AnnotationError
from protvis.structure import Chain

__all__ = ["SITE_KINDS", "feature_tracks"]

SITE_KINDS: dict[str, tuple[str, ...]] = {
    "UniProt binding site": ("BINDING", "METAL", "NP_BIND", "CA_BIND", "DNA_BIND"),
    "UniProt active site": ("ACT_SITE",),
    "UniProt site": ("SITE",),
    "UniProt modified residue": ("MOD_RES", "LIPID", "CROSSLNK"),
    "UniProt glycosylation": ("CARBOHYD",),
    "UniProt disulfide": ("DISULFID",),
}
"""Which features make which track of sites."""

_RANGE_KINDS: dict[str, tuple[str, ...]] = {
    "UniProt domain": ("DOMAIN", "ZN_FING", "REPEAT"),
    "UniProt region": ("REGION", "MOTIF", "COILED"),
    "UniProt topology": ("TRANSMEM", "INTRAMEM", "TOPO_DOM"),
    "UniProt processing": ("SIGNAL", "TRANSIT", "PROPEP", "CHAIN", "PEPTIDE"),
}
# Their two positions are two residues, not the ends of a stretch.
_PAIRS = ("DISULFID", "CROSSLNK")


def feature_tracks(
    entry: UniProtEntry, chain: Chain, mapping: UniProtMapping
) -> tuple[list[Track | PairTrack], list[str]]:
    """Return the tracks of an entry's features on a chain, and the features left out.

    Parameters
    ----------
    entry : UniProtEntry
    chain : Chain
    mapping : UniProtMapping
        The mapping of that entry onto that chain.

    Returns
    -------
    tracks : list of Track or PairTrack
        Tracks that have any residue in the chain.
    skipped : list of str
        One line for each feature without an exact position, or on the sequence of an isoform.

    Raises
    ------
    AnnotationError
        If the mapping belongs to another entry or chain.
    """
    if mapping.accession and mapping.accession != entry.accession:
        raise AnnotationError(
            f"the mapping is of {mapping.accession}, the features are of {entry.accession}"
        )
    if len(mapping.positions) != chain.n_residues:
        raise AnnotationError(
            f"the mapping has {len(mapping.positions)} residues, chain {chain.chain_id} "
            f"{chain.n_residues}"
        )
    index_of = {int(p): index for index, p in enumerate(mapping.positions.tolist()) if p}
    source = f"UniProt {entry.accession}, by {mapping.source}"
    reasons = [(feature, _why_skipped(feature)) for feature in entry.features]
    exact = [feature for feature, reason in reasons if not reason]
    skipped = [
        f"{f.kind} {f.start if f.start is not None else '?'}–"
        f"{f.end if f.end is not None else '?'}: {reason}"
        for f, reason in reasons
        if reason
    ]
    tracks: list[Track | PairTrack] = []
    for name, kinds in SITE_KINDS.items():
        found = [feature for feature in exact if feature.kind in kinds]
        track = _site_track(name, found, chain, index_of, source)
        if track is not None:
            tracks.append(track)
    for name, kinds in _RANGE_KINDS.items():
        found = [feature for feature in exact if feature.kind in kinds]
        track = _range_track(name, found, chain, index_of, source)
        if track is not None:
            tracks.append(track)
    return tracks, skipped


def _why_skipped(feature: Feature) -> str:
    if feature.isoform:
        return f"counted on the sequence of isoform {feature.isoform}"
    return "no exact position" if feature.start is None or feature.end is None else ""


def _indices(feature: Feature, index_of: dict[int, int]) -> list[int]:
    if feature.start is None or feature.end is None:
        return []
    places: Iterable[int] = range(feature.start, feature.end + 1)
    if feature.kind in _PAIRS:
        places = dict.fromkeys((feature.start, feature.end))
    # From the side of the chain, as a damaged entry may claim a stretch of any length.
    if isinstance(places, range):
        return sorted(index for place, index in index_of.items() if place in places)
    return [index_of[place] for place in places if place in index_of]


def _site_track(
    name: str, features: list[Feature], chain: Chain, index_of: dict[int, int], source: str
) -> Track | None:
    notes: dict[int, list[str]] = {}
    for feature in features:
        for index in _indices(feature, index_of):
            notes.setdefault(index, []).append(feature.description or feature.kind)
    if not notes:
        return None
    values = np.zeros(chain.n_residues, dtype=bool)
    values[list(notes)] = True
    texts = {index: "; ".join(dict.fromkeys(notes[index])) for index in sorted(notes)}
    return Track(name, "site", values, source, notes=texts)


def _range_track(
    name: str, features: list[Feature], chain: Chain, index_of: dict[int, int], source: str
) -> Track | None:
    values = np.full(chain.n_residues, -1, dtype=np.int32)
    names: list[str] = []
    # Short stretches lie on top of long ones.
    for feature in sorted(features, key=lambda f: -((f.end or 0) - (f.start or 0))):
        indices = _indices(feature, index_of)
        if indices:
            values[indices] = len(names)
            names.append(feature.description or feature.kind)
    return Track(name, "range", values, source, names=tuple(names)) if names else None
