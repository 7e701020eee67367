"""A gemmi structure with the chains that bonds tell, in place of those that ids tell."""

from __future__ import annotations

import gemmi

from protvis.errors import StructureError
from protvis.structure.chain_finder import FoundChain, Site, find_chains
from protvis.structure.files.atom_table import ATOM_COLUMNS, AtomTable
from protvis.structure.files.cif_columns import block_of_tables, quoted
from protvis.structure.files.formats import ParsedFile

__all__ = ["repair_chains"]


def repair_chains(
    parsed: ParsedFile, model: int, origin: str
) -> tuple[frozenset[str] | None, list[str]]:
    """Replace the model of a parsed file; return which subchains are proteins, and what to warn of.

    Where bonds tell of no protein either, the model is left as it is and the first is None.

    Parameters
    ----------
    parsed : ParsedFile
        Its structure gets the new model, the only one.
    model : int
        Counted from 1.
    origin : str
    """
    table = parsed.atoms(model)
    chains, others, remarks = find_chains(table, origin)
    if not chains:
        return None, []
    order: list[int] = []
    chain_ids: list[str] = []
    subchains: list[str] = []
    proteins: dict[str, None] = {}

    def write(site: Site, chain_id: str, subchain: str) -> None:
        order.extend(site.rows)
        chain_ids.extend([chain_id] * len(site.rows))
        subchains.extend([subchain] * len(site.rows))

    for chain in chains:
        asym = chain.sites[0].asym
        subchain = asym if asym and asym not in proteins else f"{chain.chain_id}xp"
        proteins[subchain] = None
        for site in chain.sites:
            write(site, chain.chain_id, subchain)
    number, last = 0, None
    for site in others:
        # Nucleotides in a row are one molecule, everything else is one each.
        is_nucleotide = gemmi.find_tabulated_residue(site.name).is_nucleic_acid()
        strand = (site.chain_id, site.segment, site.part, site.asym) if is_nucleotide else None
        number += strand is None or strand != last
        last = strand
        write(site, _id_of(site, chains), f"{site.asym}x{number}")
    structure = parsed.structure
    for index in reversed(range(len(structure))):
        del structure[index]
    structure.add_model(_model(table, order, chain_ids, subchains, frozenset(proteins), origin))
    _renew_entities(structure)
    return frozenset(proteins), remarks


def _id_of(site: Site, chains: list[FoundChain]) -> str:
    """Return the id of a molecule: its own, or that of the chain before it in the file."""
    same = [chain for chain in chains if chain.file_id == site.chain_id]
    if not same:
        return site.chain_id or (chains[0].chain_id if chains else "A")
    before = [chain for chain in same if chain.sites[0].rows[0] < site.rows[0]]
    return (before or same)[-1 if before else 0].chain_id


def _model(
    table: AtomTable,
    order: list[int],
    chain_ids: list[str],
    subchains: list[str],
    proteins: frozenset[str],
    origin: str,
) -> gemmi.Model:
    columns = {name: [table.columns[name][row] for row in order] for name in ATOM_COLUMNS}
    columns |= {
        "id": [str(row + 1) for row in range(len(order))],
        "auth_asym_id": chain_ids,
        "label_asym_id": subchains,
        "pdbx_PDB_model_num": ["1"] * len(order),
        "occupancy": [value or "1" for value in columns["occupancy"]],
        "B_iso_or_equiv": [value or "0" for value in columns["B_iso_or_equiv"]],
    }
    written = {name: quoted(values) for name, values in columns.items()}
    written["label_alt_id"] = ["." if value == "?" else value for value in written["label_alt_id"]]
    block = block_of_tables("repaired", {"atom_site": written})
    try:
        model = gemmi.make_structure_from_block(block)[0]
    except (ValueError, RuntimeError, IndexError) as error:
        raise StructureError(
            f"{origin} has an atom that cannot be read ({error}); correct that line, or remove it"
        ) from error
    for chain in model:
        for residue in chain:
            is_protein = residue.subchain in proteins
            kind = gemmi.EntityType.Polymer if is_protein else gemmi.EntityType.NonPolymer
            residue.entity_type = kind
    return model


def _renew_entities(structure: gemmi.Structure) -> None:
    """Keep the entities that have a sequence; the others are made again from the model."""
    there = {residue.subchain for chain in structure[0] for residue in chain}
    for at in reversed(range(len(structure.entities))):
        entity = structure.entities[at]
        if entity.full_sequence:
            entity.subchains = [name for name in entity.subchains if name in there]
        else:
            structure.entities.pop(at)
