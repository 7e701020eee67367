"""`annotate`: all that is known of a chain, as one set of tracks."""

from __future__ import annotations

from protvis.annotations.accessibility import plddt, relative_accessibility
from protvis.annotations.binding import binding_sites, interface, site_records
from protvis.annotations.mapping import UniProtMapping, map_by_alignment
from protvis.annotations.modifications import (
    disulfide_pairs,
    disulfides,
    glycosylation,
    modified_residues,
)
from protvis.annotations.secondary import secondary_structure
from protvis.annotations.tracks import PairTrack, Track, TrackSet
from protvis.annotations.uniprot import UniProtEntry
from protvis.annotations.uniprot_features import feature_tracks
from protvis.structure import Structure

__all__ = ["DISULFIDE_BONDS", "annotate"]

DISULFIDE_BONDS = "disulfide bonds"
"""Name of the track of pairs; the residues in such bonds are a track of their own."""


def annotate(
    structure: Structure,
    chain_id: str,
    *,
    uniprot: UniProtEntry | None = None,
    mapping: UniProtMapping | None = None,
) -> TrackSet:
    """Return the tracks of a chain: what the file says, what geometry says, what UniProt says.

    Tracks of sites without a single residue are left out.

    Parameters
    ----------
    structure : Structure
    chain_id : str
    uniprot : UniProtEntry, optional
        The chain's UniProt entry (`read_uniprot`).
    mapping : UniProtMapping, optional
        How that entry lies on the chain (`map_by_sifts`); by alignment by default.

    Raises
    ------
    LabelError
        If there is no such chain.
    AnnotationError
        If the entry is not the chain's.
    """
    chain = structure.chain(chain_id)
    others = [other for other in structure.chains.values() if other.chain_id != chain_id]
    tracks: list[Track | PairTrack] = [secondary_structure(chain, others)]
    sites: list[Track] = [
        binding_sites(structure, chain_id),
        site_records(structure, chain_id),
        interface(structure, chain_id),
        modified_residues(structure, chain_id),
        glycosylation(structure, chain_id),
        disulfides(structure, chain_id),
    ]
    tracks += [site for site in sites if site.values.any()]
    bonds = disulfide_pairs(structure, chain_id, name=DISULFIDE_BONDS)
    if bonds.values.any():
        tracks.append(bonds)
    if structure.has_plddt:
        tracks.append(plddt(structure, chain_id))
    if not chain.is_ca_only:
        tracks.append(relative_accessibility(structure, chain_id))
    if uniprot is not None:
        if mapping is None:
            mapping = map_by_alignment(chain, uniprot.sequence, accession=uniprot.accession)
        tracks += feature_tracks(uniprot, chain, mapping)[0]
    return TrackSet(chain, tracks)
