"""What is known about each residue: secondary structure, sites, modifications, one's own tracks."""

from protvis.annotations.accessibility import plddt, relative_accessibility
from protvis.annotations.all_tracks import annotate
from protvis.annotations.antibody import antibody_regions, imgt_numbers
from protvis.annotations.binding import BUFFERS, binding_sites, interface, site_records
from protvis.annotations.joined_tracks import annotate_chains, join_tracks
from protvis.annotations.mapping import UniProtMapping, map_by_alignment, map_by_sifts
from protvis.annotations.modifications import (
    disulfide_pairs,
    disulfides,
    glycosylation,
    modified_residues,
)
from protvis.annotations.own_tracks import pair_track, track
from protvis.annotations.secondary import compute_secondary_structure, secondary_structure
from protvis.annotations.track_set import TrackSet
from protvis.annotations.tracks import (
    NumberTrack,
    PairTrack,
    RangeTrack,
    SiteTrack,
    StateTrack,
    Track,
)
from protvis.annotations.uniprot import Feature, UniProtEntry, read_uniprot
from protvis.annotations.uniprot_features import feature_tracks

__all__ = [
    "BUFFERS",
    "Feature",
    "NumberTrack",
    "PairTrack",
    "RangeTrack",
    "SiteTrack",
    "StateTrack",
    "Track",
    "TrackSet",
    "UniProtEntry",
    "UniProtMapping",
    "annotate",
    "annotate_chains",
    "antibody_regions",
    "binding_sites",
    "compute_secondary_structure",
    "disulfide_pairs",
    "disulfides",
    "feature_tracks",
    "glycosylation",
    "imgt_numbers",
    "interface",
    "join_tracks",
    "map_by_alignment",
    "map_by_sifts",
    "modified_residues",
    "pair_track",
    "plddt",
    "read_uniprot",
    "relative_accessibility",
    "secondary_structure",
    "site_records",
    "track",
]
