"""`annotate`: all that is known of a chain, as one set of tracks."""

from __future__ import annotations

from protvis.annotations.mapping import UniProtMapping, map_by_alignment
from protvis.annotations.track_set import TrackSet
from protvis.annotations.track_table import TRACKS
from protvis.annotations.tracks import PairTrack, SiteTrack
from protvis.annotations.uniprot import UniProtEntry
from protvis.annotations.uniprot_features import feature_tracks
from protvis.structure import Structure

__all__ = ["annotate"]


def annotate(
    structure: Structure,
    chain_id: str,
    *,
    uniprot: UniProtEntry | None = None,
    mapping: UniProtMapping | None = None,
) -> TrackSet:
    """Return the tracks of a chain from the file's records, from its geometry and from UniProt.

    Site tracks without any residue are left out.

    Parameters
    ----------
    structure : Structure
    chain_id : str
    uniprot : UniProtEntry, optional
        The chain's UniProt entry (`read_uniprot`).
    mapping : UniProtMapping, optional
        How that entry maps onto the chain (`map_by_sifts`); by alignment by default.

    Raises
    ------
    LabelError
        If there is no such chain.
    AnnotationError
        If the entry does not belong to the chain.
    """
    chain = structure.chain(chain_id)
    made = [entry.track(structure, chain) for entry in TRACKS if entry.is_made(structure, chain)]
    tracks = [one for one in made if not isinstance(one, SiteTrack | PairTrack) or one.values.any()]
    if uniprot is not None:
        if mapping is None:
            mapping = map_by_alignment(chain, uniprot.sequence, accession=uniprot.accession)
        tracks += feature_tracks(uniprot, chain, mapping)[0]
    return TrackSet(chain, tracks)
