"""What a structure says of its chains: one entry per feature, computed when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np

from protvis.annotations import (
    PairTrack,
    Track,
    compute_secondary_structure,
    interface,
    modified_residues,
)
from protvis.annotations.antibody import REGIONS
from protvis.annotations.secondary import from_calphas, has_backbone
from protvis.annotations.track_table import TRACKS, TrackEntry
from protvis.datasets.lazy_tracks import AnyTrack, LazyTracks
from protvis.datasets.records import SECONDARY_STRUCTURE
from protvis.structure import Chain, Structure
from protvis.structure.contacts import contacts_between

__all__ = ["FEATURES", "SAID_OF_ALL", "ChainSite", "structure_tracks"]

_STATES = ("helix", "strand", "other")


@dataclass(frozen=True)
class ChainSite:
    """A chain in its structure.

    Attributes
    ----------
    structure : Structure
    chain_id : str
    partners : collection of str, optional
        Chains that make interfaces; all others when None.
    load_assembly : callable
        Returns the structure as its first biological assembly, or None without one.
    """

    structure: Structure
    chain_id: str
    partners: Collection[str] | None
    load_assembly: Callable[[], Structure | None]

    @cached_property
    def chain(self) -> Chain:
        """The chain."""
        return self.structure.chain(self.chain_id)

    @property
    def others(self) -> list[Chain]:
        """All other chains."""
        return [other for other in self.structure.chains.values() if other is not self.chain]


@dataclass(frozen=True)
class _Feature:
    make: Callable[[ChainSite, str], AnyTrack | None]
    values: tuple[str, ...] = ("",)
    # Whether it is known of residues without coordinates too.
    of_all: bool = False


def _backbone_states(site: ChainSite, name: str) -> Track | None:
    # From the Cα trace it would be another definition.
    if not has_backbone(site.chain):
        return None
    return _three_states(compute_secondary_structure(site.chain, site.others, name=name))


def _calpha_states(site: ChainSite, name: str) -> Track | None:
    return _three_states(from_calphas(site.chain, name=name))


def _file_states(site: ChainSite, name: str) -> Track | None:
    letters = site.chain.secondary_structure
    if letters is None:
        return None
    return Track(name, "state", np.array(list(letters)), "records of the file", SECONDARY_STRUCTURE)


def _three_states(track: Track) -> Track:
    return replace(track, legend=SECONDARY_STRUCTURE)


def _looked_for(
    make: Callable[..., Track], site: ChainSite, name: str, **options: object
) -> Track | None:
    """Return sites; None for a prediction without any, in which nobody looked for them."""
    track = make(site.structure, site.chain_id, name=name, **options)
    return None if site.structure.is_predicted and not track.values.any() else track


def _of_table(entry: TrackEntry, site: ChainSite, name: str) -> AnyTrack | None:
    """Return a track of `TRACKS`; None where the file cannot tell."""
    if not entry.is_made(site.structure, site.chain):
        return None
    track = entry.track(site.structure, site.chain, name=name)
    return track if entry.is_known(site.structure, site.chain, track) else None


def _interface(site: ChainSite, name: str) -> Track | None:
    if site.chain.is_ca_only or not site.others:
        return None
    return interface(site.structure, site.chain_id, partners=site.partners, name=name)


def _assembly_contacts(site: ChainSite, name: str) -> PairTrack | None:
    """Return the pairs in contact within the chain or with a copy of it in the assembly."""
    assembly = site.load_assembly()
    if assembly is None:
        return None
    atom = "CB"
    own = site.chain.coordinates(atom)
    values = contacts_between(own, own)
    for copy in assembly.chains.values():
        if copy.sequence == site.chain.sequence:
            values |= contacts_between(own, copy.coordinates(atom))
    return PairTrack(name, values | values.T, "contacts in the first biological assembly")


_ENTRIES = {entry.feature: entry for entry in TRACKS}

FEATURES = {
    # Those of the table, and in their place what data sets define more narrowly.
    **{
        entry.feature: _Feature(
            partial(_of_table, entry), ("pair",) if entry.of_pairs else ("",), entry.from_sequence
        )
        for entry in TRACKS
        if entry.feature
    },
    # It numbers residues (`position=`) and is not counted.
    "imgt": _Feature(partial(_of_table, _ENTRIES["imgt"]), (), of_all=True),
    "antibody_region": _Feature(
        partial(_of_table, _ENTRIES["antibody_region"]), tuple(REGIONS.values()), of_all=True
    ),
    "secondary_structure": _Feature(_backbone_states, _STATES),
    "secondary_structure_calpha": _Feature(_calpha_states, _STATES),
    "secondary_structure_file": _Feature(_file_states, _STATES),
    "modification_or_mse": _Feature(
        partial(_looked_for, modified_residues, exclude=()), of_all=True
    ),
    "interface": _Feature(_interface),
    "contact_assembly": _Feature(_assembly_contacts, ("pair",)),
}
"""By name; a feature here, and a track of `TRACKS`, can be asked for in `protvis.analyze`."""

SAID_OF_ALL = frozenset(name for name, feature in FEATURES.items() if feature.of_all)
"""Features known of residues without coordinates too: a file names their components."""


def structure_tracks(site: ChainSite) -> LazyTracks:
    """Return the tracks of a chain; see `protvis.datasets.StructureDataset`."""
    return LazyTracks(
        site.chain.n_residues,
        {name: partial(feature.make, site, name) for name, feature in FEATURES.items()},
    )
