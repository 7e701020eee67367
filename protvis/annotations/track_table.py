"""The tracks there are: one table for what is shown of a chain and what is counted over many.

A new track is a function in a file of its own and an entry here. What is shown has a name for
people (``"binding site"``), what is counted one for tables (``"binding_site"``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from protvis.annotations.accessibility import plddt, relative_accessibility
from protvis.annotations.antibody import antibody_regions, has_variable_domain, imgt_numbers
from protvis.annotations.binding import binding_sites, interface, site_records
from protvis.annotations.modifications import (
    disulfide_pairs,
    disulfides,
    glycosylation,
    modified_residues,
)
from protvis.annotations.secondary import secondary_structure
from protvis.annotations.tracks import PairTrack, SiteTrack, Track
from protvis.structure import Chain, Structure

__all__ = ["DISULFIDE_BONDS", "TRACKS", "TrackEntry"]

DISULFIDE_BONDS = "disulfide bonds"
"""Name of the track of pairs; the residues in such bonds are a track of their own."""


def _always(structure: Structure, chain: Chain) -> bool:
    return True


def _has_side_chains(structure: Structure, chain: Chain) -> bool:
    return not chain.is_ca_only


def _has_neighbours(structure: Structure, chain: Chain) -> bool:
    return not chain.is_ca_only and len(structure.chains) > 1


def _states_plddt(structure: Structure, chain: Chain) -> bool:
    return structure.has_plddt


def _is_antibody(structure: Structure, chain: Chain) -> bool:
    return has_variable_domain(chain.sequence)


def _secondary(structure: Structure, chain_id: str) -> Track:
    chain = structure.chain(chain_id)
    others = [other for other in structure.chains.values() if other.chain_id != chain_id]
    return secondary_structure(chain, others)


@dataclass(frozen=True)
class TrackEntry:
    """One track of the table.

    Attributes
    ----------
    name : str
        What is shown.
    make : callable
        Returns the track of a structure's chain, by its id.
    feature : str
        The feature of data sets, "" where it is not counted.
    is_made : callable
        Returns whether the file has what the track is made from.
    is_counted : callable
        Returns whether a data set may count it, as the file can tell.
    empty_tells : {"always", "experiment", "never"}
        Where a track without any residue says that the chain has none: a predicted model has no
        ligands because none were looked for, and not every file has SITE records.
    from_sequence : bool
        Whether it says something of residues without coordinates too.
    of_pairs : bool
        Whether it is a `PairTrack`.
    """

    name: str
    make: Callable[[Structure, str], Track | PairTrack]
    feature: str = ""
    is_made: Callable[[Structure, Chain], bool] = _always
    is_counted: Callable[[Structure, Chain], bool] = _always
    empty_tells: str = "always"
    from_sequence: bool = False
    of_pairs: bool = False

    def track(self, structure: Structure, chain: Chain, *, name: str = "") -> Track | PairTrack:
        """Return the track of a chain, under another name if one is given."""
        made = self.make(structure, chain.chain_id)
        return made if made.name == (name or self.name) else replace(made, name=name or self.name)

    def is_known(self, structure: Structure, chain: Chain, made: Track | PairTrack) -> bool:
        """Return whether a data set may count the track."""
        if not self.is_counted(structure, chain):
            return False
        if not isinstance(made, SiteTrack | PairTrack) or made.values.any():
            return True
        is_experiment = not structure.is_predicted
        return self.empty_tells == "always" or (self.empty_tells == "experiment" and is_experiment)


TRACKS = (
    TrackEntry("secondary structure", _secondary, "secondary_structure"),
    TrackEntry("binding site", binding_sites, "binding_site", is_counted=_has_side_chains,
               empty_tells="experiment"),
    TrackEntry("SITE records", site_records, "file_site", empty_tells="never"),
    TrackEntry("interface", interface, "interface", is_counted=_has_neighbours),
    TrackEntry("modified residue", modified_residues, "modification", empty_tells="experiment",
               from_sequence=True),
    TrackEntry("glycosylation", glycosylation, "glycosylation", empty_tells="experiment"),
    TrackEntry("disulfide", disulfides, "disulfide", is_counted=_has_side_chains),
    TrackEntry(DISULFIDE_BONDS, disulfide_pairs, "disulfide_bonds", is_counted=_has_side_chains,
               of_pairs=True),
    TrackEntry("antibody region", antibody_regions, "antibody_region", is_made=_is_antibody,
               from_sequence=True),
    TrackEntry("IMGT number", imgt_numbers, "imgt", is_made=_is_antibody, from_sequence=True),
    TrackEntry("pLDDT", plddt, "plddt", is_made=_states_plddt),
    TrackEntry("relative accessibility", relative_accessibility, is_made=_has_side_chains),
)  # fmt: skip
"""All tracks of a structure, in the order in which they are shown."""
