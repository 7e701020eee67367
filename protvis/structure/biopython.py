"""Biopython structures as a source."""

from __future__ import annotations

from typing import Any

import gemmi

from protvis.errors import StructureError
from protvis.structure.formats import ParsedFile, structure_of_block
from protvis.structure.tables import block_of_tables

__all__ = ["parse_biopython"]

_COLUMNS = (
    "group_PDB", "id", "type_symbol", "label_atom_id", "label_alt_id", "label_comp_id",
    "label_asym_id", "label_entity_id", "label_seq_id", "pdbx_PDB_ins_code", "Cartn_x", "Cartn_y",
    "Cartn_z", "occupancy", "B_iso_or_equiv", "auth_seq_id", "auth_asym_id", "pdbx_PDB_model_num",
)  # fmt: skip


def parse_biopython(entity: Any) -> tuple[ParsedFile, str, str]:
    """Return a Biopython Structure, Model or Chain as if it came from a file.

    The object is read, never changed. Biopython keeps no SEQRES, so the modelled sequence is that
    of the residues with coordinates.
    """
    level = getattr(entity, "level", "")
    models = {"S": lambda: list(entity), "M": lambda: [entity], "C": lambda: []}
    if level not in models:
        raise TypeError(
            f"expected a Biopython Structure, Model or Chain, got {type(entity).__name__}"
        )
    chains = (
        [entity] if level == "C" else [chain for model in models[level]()[:1] for chain in model]
    )
    origin = f"the Biopython {type(entity).__name__} {entity.id!r}"
    rows = _rows(chains)
    if not rows:
        raise StructureError(f"{origin} holds no atoms")
    name = str(getattr(entity, "id", "") or "") if level == "S" else ""
    columns = dict(zip(_COLUMNS, map(list, zip(*rows, strict=True)), strict=True))
    block = block_of_tables(name or "biopython", {"atom_site": columns})
    header = getattr(entity, "header", None) or {}
    title = str(header.get("name") or "").strip()
    structure = structure_of_block(block, origin)
    if title:
        structure.info["_struct.title"] = title.upper()
    method = str(header.get("structure_method") or "").strip()
    if method and method != "unknown":
        structure.info["_exptl.method"] = method.upper()
    idcode = str(header.get("idcode") or "").strip()
    return ParsedFile(structure, None, "Biopython"), origin, idcode or name


def _rows(chains: list[Any]) -> list[tuple[str, ...]]:
    quote = gemmi.cif.quote
    rows: list[tuple[str, ...]] = []
    for chain in chains:
        chain_id = quote(str(chain.id).strip() or ".")
        for residue in chain:
            for atom in _atoms(residue):
                owner = atom.get_parent() or residue
                hetero, number, code = owner.id
                x, y, z = (f"{value:.4f}" for value in atom.coord.tolist())
                rows.append(
                    (
                        "HETATM" if hetero.strip() else "ATOM",
                        str(len(rows) + 1),
                        (atom.element or "X").strip() or "X",
                        quote(atom.name),
                        quote(atom.altloc.strip() or "."),
                        quote(owner.resname.strip()),
                        chain_id, "?", "?",
                        quote(code.strip() or "?"),
                        x, y, z,
                        f"{atom.occupancy if atom.occupancy is not None else 1.0:.2f}",
                        f"{atom.bfactor:.2f}",
                        str(number), chain_id, "1",
                    )
                )  # fmt: skip
    return rows


def _atoms(residue: Any) -> list[Any]:
    if residue.is_disordered() == 2:
        return [
            atom for child in residue.disordered_get_list() for atom in child.get_unpacked_list()
        ]
    return residue.get_unpacked_list()
