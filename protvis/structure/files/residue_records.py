"""What a file says about single residues: sites, bonds between residues, modified residues."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

import gemmi

from protvis.input_file import whole_number

__all__ = [
    "FileRecords",
    "LinkRecord",
    "ModifiedRecord",
    "ResidueRef",
    "SiteRecord",
    "links_of",
    "modified_of",
    "sites_of_block",
    "sites_of_pdb",
]

_LINK_KINDS = {
    gemmi.ConnectionType.Disulf: "disulfide",
    gemmi.ConnectionType.Covale: "covalent",
    gemmi.ConnectionType.MetalC: "metal",
    gemmi.ConnectionType.Hydrog: "hydrogen",
}
_SITE_LINE = re.compile(rb"^SITE  [^\n]*", re.MULTILINE)


class ResidueRef(NamedTuple):
    """A residue as files refer to it, by author chain id and number."""

    chain_id: str
    number: int
    insertion_code: str
    name: str


@dataclass(frozen=True)
class SiteRecord:
    """A SITE record (``struct_site``): a name, a description ("" if none), residues."""

    name: str
    description: str
    residues: tuple[ResidueRef, ...]


@dataclass(frozen=True)
class LinkRecord:
    """A bond that the file states (SSBOND, LINK, ``struct_conn``).

    `kind` is ``"disulfide"``, ``"covalent"``, ``"metal"``, ``"hydrogen"`` or ``"other"``.
    `same_copy` is False where the second residue is a crystal neighbour's.
    """

    kind: str
    first: ResidueRef
    first_atom: str
    second: ResidueRef
    second_atom: str
    same_copy: bool


@dataclass(frozen=True)
class ModifiedRecord:
    """A modified residue that the file states (MODRES, ``pdbx_struct_mod_residue``)."""

    residue: ResidueRef
    parent: str
    details: str


@dataclass(frozen=True)
class FileRecords:
    """All such records of a file."""

    sites: tuple[SiteRecord, ...] = ()
    links: tuple[LinkRecord, ...] = ()
    modified: tuple[ModifiedRecord, ...] = ()


def links_of(structure: gemmi.Structure) -> tuple[LinkRecord, ...]:
    """Return the bonds that gemmi read from the file."""
    return tuple(
        LinkRecord(
            _LINK_KINDS.get(connection.type, "other"),
            _ref(connection.partner1),
            connection.partner1.atom_name,
            _ref(connection.partner2),
            connection.partner2.atom_name,
            connection.asu != gemmi.Asu.Different,
        )
        for connection in structure.connections
    )


def _ref(address: gemmi.AtomAddress) -> ResidueRef:
    seqid = address.res_id.seqid
    number = seqid.num if seqid.num is not None else 0
    return ResidueRef(address.chain_name, number, seqid.icode.strip(), address.res_id.name)


def modified_of(structure: gemmi.Structure) -> tuple[ModifiedRecord, ...]:
    """Return the modified residues that gemmi read from the file."""
    return tuple(
        ModifiedRecord(
            ResidueRef(
                record.chain_name,
                record.res_id.seqid.num or 0,
                record.res_id.seqid.icode.strip(),
                record.res_id.name,
            ),
            record.parent_comp_id,
            record.details,
        )
        for record in structure.mod_residues
    )


def sites_of_pdb(data: bytes, remarks: list[str]) -> tuple[SiteRecord, ...]:
    """Return the SITE records of PDB text, with the descriptions of REMARK 800."""
    residues: dict[str, list[ResidueRef]] = {}
    if b"\nSITE  " not in data and not data.startswith(b"SITE  "):
        return ()
    for match in _SITE_LINE.finditer(data):
        line = match.group().decode("ascii", "replace")
        found = residues.setdefault(line[11:14].strip(), [])
        for start in (18, 29, 40, 51):
            name, chain_id = line[start : start + 3].strip(), line[start + 4 : start + 5].strip()
            number = whole_number(line[start + 5 : start + 9])
            code = line[start + 9 : start + 10].strip()
            if name and number is not None:
                found.append(ResidueRef(chain_id, number, code, name))
    described = _descriptions(remarks) if residues else {}
    return tuple(
        SiteRecord(name, described.get(name, ""), tuple(found)) for name, found in residues.items()
    )


def _descriptions(remarks: list[str]) -> dict[str, str]:
    described: dict[str, str] = {}
    name, is_open = "", False
    for line in remarks:
        if not line.startswith("REMARK 800"):
            continue
        text = line[10:].strip()
        if text.startswith("SITE_IDENTIFIER:"):
            name, is_open = text.partition(":")[2].strip(), False
        elif text.startswith("SITE_DESCRIPTION:"):
            described[name], is_open = text.partition(":")[2].strip(), True
        elif text and is_open:
            described[name] += f" {text}"
        else:
            is_open = False
    return described


def sites_of_block(block: gemmi.cif.Block) -> tuple[SiteRecord, ...]:
    """Return the sites of an mmCIF block."""
    columns = ["site_id", "auth_asym_id", "auth_seq_id", "?pdbx_auth_ins_code", "auth_comp_id"]
    residues: dict[str, list[ResidueRef]] = {}
    for row in block.find("_struct_site_gen.", columns):
        name, chain_id, written, component = (gemmi.cif.as_string(row[i]) for i in (0, 1, 2, 4))
        code = gemmi.cif.as_string(row[3]) if row.has(3) else ""
        number = whole_number(written)
        if number is not None:
            ref = ResidueRef(chain_id, number, code.strip(".?"), component)
            residues.setdefault(name, []).append(ref)
    described = {
        gemmi.cif.as_string(row[0]): gemmi.cif.as_string(row[1]).strip(".?")
        for row in block.find("_struct_site.", ["id", "details"])
    }
    return tuple(
        SiteRecord(name, described.get(name, ""), tuple(found)) for name, found in residues.items()
    )
