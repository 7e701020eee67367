"""Biopython and biotite structures as a source; they are read, never changed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from protvis.errors import StructureError, StructureTypeError
from protvis.structure.files.atom_table import ATOM_COLUMNS
from protvis.structure.files.cif_columns import block_of_tables, quote, quoted
from protvis.structure.files.formats import ParsedFile, of_block

__all__ = ["is_biopython", "is_biotite", "parse_biopython", "parse_biotite"]


def is_biopython(source: Any) -> bool:
    """Return whether an object is part of a Biopython structure."""
    return getattr(source, "level", None) in ("S", "M", "C", "R", "A") and hasattr(source, "id")


def is_biotite(source: Any) -> bool:
    """Return whether an object is a biotite array of atoms or a stack of them."""
    return hasattr(source, "coord") and hasattr(source, "get_annotation_categories")


def parse_biopython(entity: Any) -> tuple[ParsedFile, str, str]:
    """Return a Biopython Structure, Model or Chain as if it came from a file.

    The object is read, never changed. Biopython keeps no SEQRES, so the modelled sequence is that
    of the residues with coordinates.
    """
    level = getattr(entity, "level", "")
    models = {"S": entity, "M": [entity], "C": []}
    if level not in models:
        raise StructureTypeError(
            "source must be a whole Biopython Structure, Model or Chain, "
            f"got a {type(entity).__name__}"
        )
    first = list(models[level])[:1]
    chains = [entity] if level == "C" else [chain for model in first for chain in model]
    origin = f"the Biopython {type(entity).__name__} {entity.id!r}"
    rows = _rows(chains)
    if not rows:
        raise StructureError(f"{origin} holds no atoms")
    name = str(getattr(entity, "id", "") or "") if level == "S" else ""
    columns = dict(zip(ATOM_COLUMNS, map(list, zip(*rows, strict=True)), strict=True))
    block = block_of_tables(name or "biopython", {"atom_site": columns})
    header = getattr(entity, "header", None) or {}
    title = str(header.get("name") or "").strip()
    parsed = replace(of_block(block, origin, "Biopython"), block=None)
    structure = parsed.structure
    if title:
        structure.info["_struct.title"] = title.upper()
    method = str(header.get("structure_method") or "").strip()
    if method and method != "unknown":
        structure.info["_exptl.method"] = method.upper()
    idcode = str(header.get("idcode") or "").strip()
    return parsed, origin, idcode or name


def _rows(chains: list[Any]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for chain in chains:
        chain_id = _written(str(chain.id))
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
                        _written(atom.altloc, "."),
                        quote(owner.resname.strip()),
                        chain_id, "?", "?",
                        _written(code),
                        x, y, z,
                        f"{atom.occupancy if atom.occupancy is not None else 1.0:.2f}",
                        f"{atom.bfactor:.2f}",
                        str(number), chain_id, "1",
                    )
                )  # fmt: skip
    return rows


def _written(value: str, missing: str = "?") -> str:
    value = value.strip()
    return quote(value) if value else missing


def _atoms(residue: Any) -> list[Any]:
    if residue.is_disordered() == 2:
        return [
            atom for child in residue.disordered_get_list() for atom in child.get_unpacked_list()
        ]
    return residue.get_unpacked_list()


def parse_biotite(array: Any) -> tuple[ParsedFile, str, str]:
    """Return a biotite AtomArray or AtomArrayStack as if it came from a file.

    biotite keeps no SEQRES, so the modelled sequence is that of the residues with coordinates.
    """
    origin = f"the biotite {type(array).__name__} given"
    coordinates = np.asarray(array.coord, dtype=np.float64)
    coordinates = coordinates[None] if coordinates.ndim == 2 else coordinates
    n_models, n_atoms = coordinates.shape[:2]
    if not n_atoms:
        raise StructureError(f"{origin} holds no atoms")
    there = set(array.get_annotation_categories())

    def annotation(name: str, default: str) -> list[str]:
        if name not in there:
            return [default] * n_atoms
        return [str(value).strip() for value in getattr(array, name).tolist()]

    chain_ids = quoted(annotation("chain_id", ""))
    altlocs = [
        "." if value == "." else _written(value, ".") for value in annotation("altloc_id", "")
    ]
    one_model = {
        "group_PDB": ["HETATM" if value else "ATOM" for value in array.hetero.tolist()],
        "id": [str(number + 1) for number in range(n_atoms)],
        "type_symbol": quoted(annotation("element", "X")),
        "label_atom_id": quoted(annotation("atom_name", "X")),
        "label_alt_id": altlocs,
        "label_comp_id": quoted(annotation("res_name", "UNK")),
        "label_asym_id": chain_ids,
        "label_entity_id": ["?"] * n_atoms,
        "label_seq_id": ["?"] * n_atoms,
        "pdbx_PDB_ins_code": quoted(annotation("ins_code", "")),
        "Cartn_x": [], "Cartn_y": [], "Cartn_z": [],
        "occupancy": annotation("occupancy", "1.0"),
        "B_iso_or_equiv": annotation("b_factor", "0.0"),
        "auth_seq_id": annotation("res_id", "0"),
        "auth_asym_id": chain_ids,
        "pdbx_PDB_model_num": [],
    }  # fmt: skip
    columns = {name: values * n_models for name, values in one_model.items()}
    for axis, name in enumerate(("Cartn_x", "Cartn_y", "Cartn_z")):
        columns[name] = [f"{value:.4f}" for value in coordinates[..., axis].ravel().tolist()]
    numbers = np.repeat(np.arange(1, n_models + 1), n_atoms)
    columns["pdbx_PDB_model_num"] = [str(number) for number in numbers.tolist()]
    block = block_of_tables("biotite", {"atom_site": columns})
    return replace(of_block(block, origin, "biotite"), block=None), origin, "biotite"
