"""Data sets of structures: files, entries by their ids, or structures that are loaded already.

Each key is a file (or entry); the records under it are its protein chains.
"""

from __future__ import annotations

import os
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from protvis.annotations import (
    PairTrack,
    Track,
    binding_sites,
    disulfide_pairs,
    disulfides,
    glycosylation,
    interface,
    modified_residues,
    plddt,
    secondary_structure,
    site_records,
)
from protvis.datasets.fingerprints import hash_file, hash_parts
from protvis.datasets.identifiers import unique_ids
from protvis.datasets.records import (
    AMINO_ACIDS,
    SECONDARY_STRUCTURE,
    Dataset,
    Reading,
    Record,
)
from protvis.errors import (
    DatasetError,
    OptionError,
    ProtvisError,
    StructureWarning,
    unknown_name,
)
from protvis.structure import Chain, Structure, load_structure
from protvis.structure.files.sources import COMPRESSED, SUFFIXES

__all__ = ["SUFFIXES", "StructureDataset", "structure_files"]

_CHAINS = ("distinct", "all", "first")

_FROM_SEQUENCE = {"modification"}
"""Tracks that say something of residues without coordinates too: a file names their components."""


def structure_files(folder: str | os.PathLike[str]) -> list[Path]:
    """Return the structure files in a folder and the folders in it, by name; hidden ones are not.

    Raises
    ------
    DatasetError
        If the folder cannot be read.
    """
    found: list[Path] = []

    def refuse(error: OSError) -> None:
        raise DatasetError(f"cannot read {error.filename}: {error.strerror or error}") from error

    for root, folders, files in os.walk(folder, onerror=refuse, followlinks=False):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(root, name) for name in files if _stem(name) != name and name[0] != "."]
    return sorted(found, key=lambda path: path.relative_to(folder).parts)


class StructureDataset(Dataset):
    """The protein chains of structures.

    A record is a chain, called by its file and its id (``"1gbt.A"``). Its tracks are
    ``secondary_structure`` (three states: the file's own records, else computed),
    ``binding_site``, ``modification``, ``glycosylation``, ``interface``, ``disulfide``, the pairs
    ``disulfide_bonds``, ``file_site`` (the file's SITE records) and ``plddt``, as
    `protvis.annotations.annotate` finds them, but where that leaves out sites without any residue,
    a record says that there are none. Nothing is said where a file cannot tell: of ligands, glycans
    and modifications in a predicted model without any, of binding sites and interfaces where there
    are only Cα atoms, of interfaces in a file with one chain, of sites and pLDDT that it does not
    state; and, but for modifications, of residues that it does not show.

    Parameters
    ----------
    sources : path, or iterable of paths, ids and Structures
        A folder means all structure files in it and below it (by their names' endings, `SUFFIXES`),
        sorted. An id is one of the PDB, AlphaFold DB or UniProt, as in `protvis.load_structure`.
        A `Structure` is kept as it is, and sent along with the data set.
    chains : {"distinct", "all", "first"}
        Which protein chains of each: of chains with the same sequence the first, so that a
        homo-oligomer counts once (default); every chain; only the first one. The same protein in
        two files is two records all the same.

    Raises
    ------
    DatasetError
        If there is no structure, or one is given twice.
    OptionError
        If `chains` is none of these.
    """

    keys_are_records = False

    def __init__(
        self,
        sources: str | os.PathLike[str] | Structure | Iterable[str | os.PathLike[str] | Structure],
        *,
        chains: str = "distinct",
    ) -> None:
        if chains not in _CHAINS:
            raise OptionError(unknown_name("choice of chains", chains, _CHAINS))
        self.chains = chains
        if isinstance(sources, str | os.PathLike | Structure):
            sources = [sources]
        named: list[tuple[str, str | Structure]] = []
        names: list[str] = []
        for source in sources:
            found, name = _named(source)
            named += found
            names.append(name)
        if not named:
            raise DatasetError(
                f"there is no structure in {', '.join(names) or 'an empty list'}; expected files "
                f"ending in {', '.join(SUFFIXES)}, also with {', '.join(COMPRESSED)}"
            )
        for key, _ in named:
            if any("\ud800" <= letter <= "\udfff" for letter in key):
                raise DatasetError(f"the file name {key!r} is not UTF-8: rename the file")
        twice = [key for key, n in Counter(_identity(one) for _, one in named).items() if n > 1]
        if twice:
            raise DatasetError(f"{twice[0]} is given twice, so that its proteins would count twice")
        self.name = names[0] if len(names) == 1 else f"{len(named):,} structures"
        common = Counter(key for key, _ in named)
        self._keys = unique_ids(
            key
            if common[key] == 1 or isinstance(source, Structure)
            else "/".join(Path(source).parts[-2:])
            for key, source in named
        )
        self._sources = tuple(source for _, source in named)
        stems = [_stem(key) for key in self._keys]
        common = Counter(stems)
        self._stems = tuple(
            stem if common[stem] == 1 else key for stem, key in zip(stems, self._keys, strict=True)
        )

    @property
    def keys(self) -> Sequence[str]:
        """Names of files (within their folder), ids, or names of structures."""
        return self._keys

    def key_of(self, record_id: str) -> str | None:
        """Return the key of the file that a chain would be in, None if there is none."""
        stem, dot, _ = record_id.rpartition(".")
        while dot:
            if stem in self._by_stem:
                return self._by_stem[stem]
            stem, dot, _ = stem.rpartition(".")
        return None

    @cached_property
    def _by_stem(self) -> Mapping[str, str]:
        return dict(zip(self._stems, self._keys, strict=True))

    def read(self, key: str) -> Reading:
        """Return the chains of one structure; chains that cannot be annotated are skipped."""
        place = self._place(key)
        source, stem = self._sources[place], self._stems[place]
        records, skipped = [], []
        with warnings.catch_warnings():
            # Of thousands of files no one reads them; `protvis.load_structure` says them again.
            warnings.simplefilter("ignore", StructureWarning)
            structure = source if isinstance(source, Structure) else _load(source)
            for chain_id in self._chosen(structure):
                record_id = f"{stem}.{chain_id}"
                try:
                    records.append(_record(structure, chain_id, record_id, source))
                except ProtvisError as error:
                    skipped.append((record_id, " ".join(str(error).split())))
        return Reading(tuple(records), tuple(skipped))

    def features(self) -> Mapping[str, tuple[str, ...]]:
        """Return what structures can be asked for, whether or not these files say it."""
        return {
            "contact": ("pair",),
            "amino_acid": tuple(AMINO_ACIDS),
            "secondary_structure": ("helix", "strand", "other"),
            **dict.fromkeys(
                ("binding_site", "modification", "glycosylation", "interface", "disulfide",
                 "file_site", "plddt"),
                ("",),
            ),
            "disulfide_bonds": ("pair",),
        }  # fmt: skip

    def fingerprint(self) -> str:
        """Return a hash of the names and contents of the files, and of the choice of chains.

        An entry named by its id counts by the id alone, as it need not have been fetched yet; a
        file that cannot be read, by that.
        """
        parts: list[str] = [self.chains]
        for key, source in zip(self._keys, self._sources, strict=True):
            parts += [key, _fingerprint(source)]
        return hash_parts(parts)

    def _chosen(self, structure: Structure) -> list[str]:
        if self.chains == "distinct":
            return [group[0] for group in structure.identical_chains]
        listed = list(structure.chains)
        return listed[:1] if self.chains == "first" else listed


def _named(source: Any) -> tuple[list[tuple[str, str | Structure]], str]:
    """Return the structures that a source means, with their keys, and what to call it."""
    if isinstance(source, Structure):
        name = source.name or "structure"
        return [(name, source)], name
    if not isinstance(source, str | os.PathLike):
        raise DatasetError(
            f"expected a path, an entry id or a Structure, got {type(source).__name__}"
        )
    path = Path(source).expanduser().absolute()
    if path.is_dir():
        files = structure_files(path)
        name = path.name or str(path)
        return [(file.relative_to(path).as_posix(), str(file)) for file in files], name
    if path.is_file():
        return [(path.name, str(path))], path.name
    # An id, or a file that is not there: reading it says which.
    return [(str(source), str(source))], str(source)


def _identity(source: str | Structure) -> str:
    return f"{source!r} (object {id(source)})" if isinstance(source, Structure) else source


def _stem(name: str) -> str:
    """Return a file's name without the endings of structure files."""
    packing = next((ending for ending in COMPRESSED if name.lower().endswith(ending)), "")
    bare = name.removesuffix(name[len(name) - len(packing) :]) if packing else name
    for suffix in SUFFIXES:
        if bare.lower().endswith(suffix):
            return bare[: -len(suffix)]
    return name


def _load(source: str) -> Structure:
    try:
        return load_structure(source)
    except ProtvisError as error:
        raise DatasetError(" ".join(str(error).split())) from error


def _fingerprint(source: str | Structure) -> str:
    if isinstance(source, Structure):
        return hash_parts([source.to_mmcif()])
    if not Path(source).is_file():
        return source
    try:
        return hash_file(source)
    except DatasetError:
        return "unreadable"


def _record(structure: Structure, chain_id: str, record_id: str, source: str | Structure) -> Record:
    chain = structure.chain(chain_id)
    if isinstance(source, Structure):
        source = source.source if Path(source.source).is_file() else ""
    tracks = _tracks(structure, chain)
    return Record(
        record_id,
        chain.sequence,
        tracks,
        chain.coordinates("CB"),
        chain.contact_atom,
        source,
        chain_id,
        chain.observed,
        frozenset(tracks.keys() - _FROM_SEQUENCE),
    )


def _tracks(structure: Structure, chain: Chain) -> dict[str, Track | PairTrack]:
    chain_id = chain.chain_id
    others = [other for other in structure.chains.values() if other is not chain]
    states = secondary_structure(chain, others, name="secondary_structure")
    tracks: dict[str, Track | PairTrack] = {
        states.name: replace(states, legend=SECONDARY_STRUCTURE)
    }
    sites = [
        modified_residues(structure, chain_id, name="modification"),
        glycosylation(structure, chain_id, name="glycosylation"),
    ]
    if not chain.is_ca_only:
        sites.append(binding_sites(structure, chain_id, name="binding_site"))
    if structure.is_predicted:
        # What a prediction leaves out was not looked for.
        sites = [site for site in sites if site.values.any()]
    stated = site_records(structure, chain_id, name="file_site")
    if stated.values.any():
        sites.append(stated)
    if not chain.is_ca_only:
        sites.append(disulfides(structure, chain_id, name="disulfide"))
        tracks["disulfide_bonds"] = disulfide_pairs(structure, chain_id, name="disulfide_bonds")
        if others:
            sites.append(interface(structure, chain_id, name="interface"))
    tracks.update({site.name: site for site in sites})
    if structure.has_plddt:
        tracks["plddt"] = plddt(structure, chain_id, name="plddt")
    return tracks
