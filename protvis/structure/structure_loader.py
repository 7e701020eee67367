"""`load_structure`: from any source to a `Structure`."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import gemmi

from protvis.checks import check_whole_number
from protvis.errors import (
    LabelError,
    StructureError,
    StructureTypeError,
    StructureWarning,
    warn_caller,
)
from protvis.keywords import check_keywords
from protvis.structure.assemblies import Assembly, find_assembly
from protvis.structure.chain import Chain
from protvis.structure.chain_builder import Remark
from protvis.structure.chain_ids import free_ids
from protvis.structure.chain_repair import repair_chains
from protvis.structure.fetching import fetch_structure, is_entry_id
from protvis.structure.files import header
from protvis.structure.files.formats import ParsedFile, parse
from protvis.structure.files.from_objects import (
    is_biopython,
    is_biotite,
    parse_biopython,
    parse_biotite,
)
from protvis.structure.files.residue_records import FileRecords, links_of, modified_of
from protvis.structure.files.sources import read_bytes
from protvis.structure.model_reading import ModelReading
from protvis.structure.molecules import Surroundings
from protvis.structure.structure import Structure

__all__ = ["load_structure", "read_structure", "warn_of"]


@check_keywords
def load_structure(
    source: str | os.PathLike[str] | bytes | Any,
    *,
    chains: Iterable[str] | str | None = None,
    model: int = 1,
    assembly: str | int | None = None,
) -> Structure:
    """Load the protein chains of a structure.

    Parameters
    ----------
    source : path, id, bytes, open file, or Biopython or biotite object
        A file in PDB, mmCIF or BinaryCIF format, plain or gzipped; the format is detected from the
        content, not the name. A string that names no file may be the id of a PDB entry (``"1GBT"``)
        or an AlphaFold model (``"AF-P00760-F1"``), or a UniProt accession; the file is then fetched
        and cached (`protvis.structure.fetch_structure`). Objects may be a Biopython `Structure`,
        `Model` or `Chain`, or a biotite `AtomArray` or `AtomArrayStack`; they are never changed.
    chains : iterable of str, or str, optional
        Author ids of the chains to load; every protein chain by default.
    model : int
        Which model of an ensemble, counted from 1 in the order of the file.
    assembly : str or int, optional
        Name of a biological assembly, in which further copies of chain ``A`` are named ``A-2``,
        ``A-3``, …. By default the chains are those of the file.

    Returns
    -------
    Structure
        Chains in the order of the file.

    Raises
    ------
    StructureError
        If the source cannot be read, or contains no protein.
    StructureUnavailableError
        If an entry is not in the cache and cannot be fetched.
    LabelError
        If a requested chain, model or assembly does not exist.

    Warns
    -----
    StructureWarning
        If a chain is broken and the file does not say what is missing, or SEQRES contradicts the
        coordinates.

    Examples
    --------
    >>> import protvis
    >>> from protvis.data import TRYPSIN
    >>> protvis.load_structure(TRYPSIN)
    <Structure 1GBT: A (223)>
    """
    structure, remarks = read_structure(source, chains, model, assembly)
    warn_of(remarks, structure)
    return structure


def read_structure(
    source: str | os.PathLike[str] | bytes | Any,
    chains: Iterable[str] | str | None = None,
    model: int = 1,
    assembly: str | int | None = None,
) -> tuple[Structure, list[Remark]]:
    """Load a structure as `load_structure` does, with what would be warned of."""
    wanted = _wanted_chains(chains)
    parsed, origin, stem = _open(source)
    structure = parsed.structure
    if not any(len(chain) for one in structure for chain in one):
        raise StructureError(
            f"{origin} holds no atoms; give a file with coordinates (ATOM records or _atom_site)"
        )
    n_models = len(structure)
    _keep_model(structure, model, origin)
    if not structure[0].count_atom_sites():
        raise StructureError(
            f"{origin} holds no atoms in model {model} of {n_models}; ask for another model"
        )
    _name_blank_chains(structure)
    reading = ModelReading(parsed, origin, wanted)
    if parsed.mixes_names or reading.is_doubtful:
        # The chains are then not those that ids and order tell; bonds do.
        proteins, repaired = repair_chains(parsed, model, origin)
        if proteins is not None:
            reading = ModelReading(parsed, origin, wanted, proteins)
        reading.remarks += map(Remark, [*repaired, *reading.faults])
    reading.require()
    built, builder = reading.chains, reading.builder
    if not built:
        raise StructureError(_no_protein(structure, origin))
    ranges, copier, all_ids = builder.ranges, None, [chain_id for chain_id, _ in builder.protein]
    if assembly is not None:
        copier = Assembly(find_assembly(structure, assembly, origin), dict(tuple(builder.protein)))
        all_loaded = set(built) >= set(all_ids)
        built = copier.chains(built, origin)
        ranges = copier.ranges(ranges, built)
        all_ids = list(built) if all_loaded else [*built, *all_ids]
    remarks = [*map(Remark, parsed.remarks), *reading.remarks]
    loaded = Structure(
        name=header.name(parsed, stem),
        title=header.title(structure),
        method=header.method(structure),
        source=origin,
        is_predicted=header.is_predicted(parsed),
        has_plddt=header.states_plddt(parsed),
        records=FileRecords(parsed.sites, links_of(structure), modified_of(structure)),
        model=model,
        n_models=n_models,
        assembly=None if assembly is None else str(assembly),
        chains=built,
        secondary_ranges=ranges,
        surroundings=Surroundings(
            structure,
            reading.atoms,
            builder.protein,
            builder.caps,
            copier.molecules if copier else tuple,
            all_ids,
        ),
    )
    return loaded, remarks


def warn_of(remarks: Iterable[Remark], structure: Structure) -> None:
    """Warn of what is odd in a structure's file."""
    for remark in remarks:
        warn_caller(f"{structure.source}: {remark.text}", StructureWarning)


def _wanted_chains(chains: Iterable[str] | str | None) -> list[str] | None:
    if chains is None:
        return None
    if isinstance(chains, str):
        return [chains]
    if not isinstance(chains, Iterable):
        raise LabelError(f"expected a chain's id such as 'A', or a list of them, got {chains!r}")
    wanted = [str(chain_id) for chain_id in chains]
    if not wanted:
        raise LabelError("chains is empty; name at least one chain, or leave it out for all")
    return list(dict.fromkeys(wanted))


def _open(source: Any) -> tuple[ParsedFile, str, str]:
    """Return what a source says, what to call it, and a name for want of another."""
    if is_biopython(source):
        return parse_biopython(source)
    if is_biotite(source):
        return parse_biotite(source)
    if isinstance(source, Structure):
        raise StructureTypeError("this is a protvis Structure already; use it as it is")
    if isinstance(source, Chain):
        raise StructureTypeError(
            f"this is chain {source.chain_id} of a structure already; use it as it is"
        )
    if not isinstance(source, str | os.PathLike | bytes | bytearray | memoryview) and not hasattr(
        source, "read"
    ):
        raise StructureTypeError(
            "source must be a path, an entry id, bytes, an open file, or a Biopython or biotite "
            f"structure, got {type(source).__name__}"
        )
    if isinstance(source, str) and not source.strip():
        raise StructureError(
            f"expected the name of a structure file or an entry id, got {source!r}"
        )
    if isinstance(source, str) and is_entry_id(source) and not Path(source).exists():
        source = fetch_structure(source)
    content = read_bytes(source)
    return parse(content), content.origin, content.stem


def _keep_model(structure: gemmi.Structure, model: int, origin: str) -> None:
    model = check_whole_number("model", model)
    if not 1 <= model <= len(structure):
        raise LabelError(f"{origin} has no model {model}: it has {len(structure)}, counted from 1")
    for index in reversed(range(len(structure))):
        if index != model - 1:
            del structure[index]


def _name_blank_chains(structure: gemmi.Structure) -> None:
    """Give chains without an id the first letters that are free, as labels need one."""
    chains = list(structure[0])
    blank = [chain for chain in chains if not chain.name.strip()]
    free = free_ids({chain.name for chain in chains})
    if len(blank) == 1:
        # Also where helices and strands name the chain.
        structure.rename_chain(blank[0].name, next(free))
        return
    for chain in blank:
        chain.name = next(free)


def _no_protein(structure: gemmi.Structure, origin: str) -> str:
    names = sorted({residue.name for chain in structure[0] for residue in chain})
    listed = ", ".join(names[:8]) + (", …" if len(names) > 8 else "")
    return (
        f"{origin} holds no protein chain: it takes two amino acids or more, with Cα atoms; "
        f"there is {listed}. Give a file with a protein in it"
    )
