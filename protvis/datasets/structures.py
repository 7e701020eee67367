"""Data sets of structures: files, entries by their ids, or structures that are loaded already.

Each key is a file (or entry); the records under it are its protein chains.
"""

from __future__ import annotations

import os
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, cached_property, partial
from itertools import compress
from pathlib import Path
from typing import Any

from protvis.datasets.chain_choice import ChainChoice
from protvis.datasets.fingerprints import hash_file, hash_parts
from protvis.datasets.identifiers import unique_ids
from protvis.datasets.records import Dataset, Reading, Record
from protvis.datasets.structure_tracks import FEATURES, SAID_OF_ALL, ChainSite, structure_tracks
from protvis.errors import DatasetError, LabelError, OptionError, ProtvisError, StructureWarning
from protvis.input_file import user_path
from protvis.labels import AMINO_ACIDS
from protvis.structure import Structure, load_structure
from protvis.structure.chain_builder import Remark
from protvis.structure.files.sources import COMPRESSED, SUFFIXES
from protvis.structure.structure_loader import read_structure

__all__ = ["SUFFIXES", "StructureDataset", "structure_files"]

UNCHOSEN = "unchosen"
"""The partners that are not chosen themselves."""


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

    A record is a chain, named after its file and its id (``"1gbt.A"``). Its tracks are computed
    when a feature needs them; the other chains of the file are kept for sites and interfaces:

    * ``secondary_structure``: three states from hydrogen bonds, the same definition for every
      file; ``secondary_structure_file``: the file's own records, where it has any;
      ``secondary_structure_calpha``: from the Cα trace;
    * ``binding_site``, ``glycosylation``, ``disulfide``, ``file_site`` (SITE records), ``plddt``,
      and the pairs ``disulfide_bonds``, as `protvis.annotations.annotate` finds them;
    * ``modification``: modified residues, selenomethionine aside; ``modification_or_mse``: with it;
    * ``interface``: residues near a partner, see `partners`;
    * ``contact_assembly``: pairs in contact within the chain or with a copy of it in the file's
      first biological assembly; ``contact``: only within the chain.

    A track is left out if the file cannot tell: ligands, glycans and modifications in a prediction
    without any; side chains in a Cα-only file; interfaces in a file with one chain; SITE records,
    pLDDT and assemblies that the file does not give. About
    residues without coordinates only modifications and what is read from the sequence are known.

    Parameters
    ----------
    sources : path, or iterable of paths, ids and Structures
        A folder stands for all structure files in it and below it (`SUFFIXES`), sorted. An id
        belongs to the PDB, AlphaFold DB or UniProt, as in `protvis.load_structure`. A `Structure`
        is kept unchanged, and sent along with the data set.
    chains : {"distinct", "all", "first"}, mapping, table or function
        Which protein chains to read from each structure: the first of those with the same sequence,
        so that a homo-oligomer counts once (default); every chain; or only the first. Or by name: a
        mapping of file to chain ids, a table of two columns (a DataFrame or a file), or a function
        of the structure; see `protvis.datasets.chain_choice.ChainChoice`. Files that a mapping or
        table does not name are not read.
    partners : "unchosen", mapping, table or function, optional
        Which chains form an interface with a chain: all others (default), those that `chains`
        leaves out, or chains by name, given like `chains`.

    Raises
    ------
    DatasetError
        If there is no structure, one is given twice, or a table names a file that does not exist.
    OptionError
        If `chains` or `partners` has an invalid value.

    Examples
    --------
    >>> from protvis.data import TRYPSIN
    >>> dataset = StructureDataset(TRYPSIN, chains={"1gbt": "A"})
    >>> [record.record_id for record in dataset.read("1gbt.cif.gz").records]
    ['1gbt.A']
    """

    keys_are_records = False

    def __init__(
        self,
        sources: str | os.PathLike[str] | Structure | Iterable[str | os.PathLike[str] | Structure],
        *,
        chains: Any = "distinct",
        partners: Any = None,
    ) -> None:
        self._choice = ChainChoice(chains)
        self._unchosen = isinstance(partners, str) and partners == UNCHOSEN
        self._partners = None if partners is None or self._unchosen else ChainChoice(partners)
        if self._partners is not None and self._partners.word:
            raise OptionError(
                f"partners are {UNCHOSEN!r}, a mapping, a table or a function, got {partners!r}"
            )
        if isinstance(sources, str | os.PathLike | Structure):
            sources = [sources]
        sources = self._given = tuple(sources)
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
        kept = self._choice.keys_of(self._keys, self._stems)
        if self._partners is not None:
            self._partners.keys_of(self._keys, self._stems)
        self._keys = tuple(compress(self._keys, kept))
        self._sources = tuple(compress(self._sources, kept))
        self._stems = tuple(compress(self._stems, kept))

    def with_chains(self, chains: Any, partners: Any = None) -> StructureDataset:
        """Return the same structures with another choice of chains."""
        chosen = StructureDataset(self._given, chains=chains, partners=partners)
        chosen.name = self.name
        return chosen

    @property
    def keys(self) -> Sequence[str]:
        """Names of files (within their folder), ids, or names of structures."""
        return self._keys

    def key_of(self, record_id: str) -> str | None:
        """Return the key of the file that a chain would be in, or None."""
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
        """Return the selected chains of one structure; those that cannot be read are skipped."""
        place = self._place(key)
        source, stem = self._sources[place], self._stems[place]
        records: list[Record] = []
        skipped: list[tuple[str, str]] = []
        structure, remarks = (source, []) if isinstance(source, Structure) else _load(source)
        chosen = self._choice.of(structure, key, stem)
        load_assembly = cache(partial(_first_assembly, structure, source))
        for chain_id in chosen:
            record_id = f"{stem}.{chain_id}"
            partners = self._partners_of(structure, chosen, key, stem)
            try:
                site = ChainSite(structure, chain_id, partners, load_assembly)
                records.append(_record(site, record_id, source))
            except ProtvisError as error:
                skipped.append((record_id, " ".join(str(error).split())))
        # Chains that are not chosen make sites and interfaces, where a break changes nothing.
        said = [
            (f"{stem}.{remark.chain_id}" if remark.chain_id else key, " ".join(remark.text.split()))
            for remark in remarks
            if remark.chain_id in ("", *chosen)
        ]
        return Reading(tuple(records), tuple(skipped), tuple(said))

    def features(self) -> Mapping[str, tuple[str, ...]]:
        """Return the features that structures can have, whether or not these files have them."""
        return {
            "contact": ("pair",),
            "amino_acid": tuple(AMINO_ACIDS),
            **{name: one.values for name, one in FEATURES.items() if one.values},
        }

    def fingerprint(self) -> str:
        """Return a hash of the names and contents of the files, and of the choice of chains.

        An entry given by its id counts only by the id, since it need not have been fetched yet; an
        unreadable file counts as unreadable.
        """
        parts: list[str] = [self._choice.fingerprint()]
        if self._unchosen or self._partners is not None:
            parts.append(UNCHOSEN if self._partners is None else self._partners.fingerprint())
        for key, source in zip(self._keys, self._sources, strict=True):
            parts += [key, _fingerprint(source)]
        return hash_parts(parts)

    def _partners_of(
        self, structure: Structure, chosen: Sequence[str], key: str, stem: str
    ) -> list[str] | None:
        if self._unchosen:
            return [one for one in structure.chains if one not in chosen]
        return None if self._partners is None else self._partners.of(structure, key, stem)


def _named(source: Any) -> tuple[list[tuple[str, str | Structure]], str]:
    """Return the structures that a source means, with their keys, and what to call it."""
    if isinstance(source, Structure):
        name = source.name or "structure"
        return [(name, source)], name
    if not isinstance(source, str | os.PathLike):
        raise DatasetError(
            f"expected a path, an entry id or a Structure, got {type(source).__name__}"
        )
    path = user_path(source).absolute()
    if path.is_dir():
        files = structure_files(path)
        name = path.name or str(path)
        return [(file.relative_to(path).as_posix(), str(file)) for file in files], name
    if path.is_file():
        return [(path.name, str(path))], path.name
    # An id or a missing file: reading it tells.
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


def _load(source: str) -> tuple[Structure, list[Remark]]:
    try:
        return read_structure(source)
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


def _first_assembly(structure: Structure, source: str | Structure) -> Structure | None:
    """Return a structure as its first biological assembly, None if the file states none."""
    if structure.assembly is not None:
        return structure
    where = structure.source if isinstance(source, Structure) else source
    if isinstance(source, Structure) and not Path(where).is_file():
        return None
    with warnings.catch_warnings():
        # They were given for the structure itself.
        warnings.simplefilter("ignore", StructureWarning)
        try:
            return load_structure(where, model=structure.model, assembly=1)
        except LabelError:
            return None


def _record(site: ChainSite, record_id: str, source: str | Structure) -> Record:
    chain = site.chain
    if isinstance(source, Structure):
        source = source.source if Path(source.source).is_file() else ""
    return Record(
        record_id,
        chain.sequence,
        structure_tracks(site),
        chain.coordinates("CB"),
        chain.contact_atom,
        source,
        chain.chain_id,
        chain.observed,
        frozenset(FEATURES.keys() - SAID_OF_ALL),
    )
