"""Reading a structure file into gemmi's model, whatever its format and its name.

Reader: gemmi. Of the three Python readers (gemmi 0.7.5, biotite 1.6.0, Biopython 1.88) tried on the
same hundred-odd files, gemmi alone tells polymers from ligands and maps them onto SEQRES in PDB and
mmCIF alike, keeps insertion codes, microheterogeneity and hybrid-36 numbers, and is the fastest.
Biopython fails on hybrid-36 numbers and on five of six sound BinaryCIF files. What gemmi does not
do is done around it: it refuses PDB files of the 1990s that carry the entry name in columns 73-80
(`pdb_text`); it does not read BinaryCIF, which biotite decodes column by column
and which then goes the way of mmCIF (`binary_cif`); it takes anything at all for
an empty PDB file, fills in missing coordinates with 0, and lets NaN coordinates pass.

The format is recognised by the content, never by the name.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

import gemmi

from protvis.errors import StructureError
from protvis.structure.files.binary_cif import is_binary_cif, read_binary_cif
from protvis.structure.files.pdb_text import read_pdb
from protvis.structure.files.residue_records import SiteRecord, sites_of_block, sites_of_pdb
from protvis.structure.files.sources import SourceBytes

__all__ = ["ParsedFile", "parse"]

_PDB_RECORD = re.compile(
    rb"^(HEADER|OBSLTE|TITLE |SPLIT |CAVEAT|COMPND|SOURCE|KEYWDS|EXPDTA|NUMMDL|MDLTYP|AUTHOR|REVDAT"
    rb"|SPRSDE|JRNL  |REMARK|DBREF|SEQADV|SEQRES|MODRES|HET   |HETNAM|HETSYN|FORMUL|HELIX |SHEET "
    rb"|SSBOND|LINK  |CISPEP|SITE  |CRYST1|ORIGX[123]|SCALE[123]|MTRIX[123]|MODEL[ \r\n]|ATOM  "
    rb"|HETATM|ANISOU|TER[ \r\n]|PARENT|USER  |CONECT|MASTER)",
    re.MULTILINE,
)
_CIF_START = re.compile(rb"\A(?:\s|#[^\n]*(?:\n|\Z))*data_", re.IGNORECASE)
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class ParsedFile:
    """A file as gemmi reads it.

    Attributes
    ----------
    structure : gemmi.Structure
    block : gemmi.cif.Block or None
        The mmCIF data block, for what gemmi's model leaves out.
    file_format : str
        ``"PDB"``, ``"mmCIF"`` or ``"BinaryCIF"``.
    sites : tuple of SiteRecord
        Which gemmi's model leaves out too.
    """

    structure: gemmi.Structure
    block: gemmi.cif.Block | None
    file_format: str
    sites: tuple[SiteRecord, ...] = ()


def parse(source: SourceBytes) -> ParsedFile:
    """Return what a file says, all its models included.

    Raises
    ------
    StructureError
        If the content is no format that is read, or is damaged.
    """
    data = source.data.removeprefix(_BOM)
    start = data[:4096].lstrip()
    if not start:
        raise StructureError(f"{source.origin} is empty; fetch or copy the file again")
    if _CIF_START.match(data[:65536]):
        return _parse_mmcif(_text(data, source.origin), source.origin)
    if is_binary_cif(data):
        block = read_binary_cif(data, source.origin)
        return _of_block(block, source.origin, "BinaryCIF")
    if _PDB_RECORD.search(data):
        text = _text(data, source.origin)
        structure = read_pdb(text, source.origin)
        return ParsedFile(structure, None, "PDB", sites_of_pdb(text, list(structure.raw_remarks)))
    raise StructureError(f"{source.origin} {_what_it_is(start)}")


def _text(data: bytes, origin: str) -> bytes:
    """Return text as UTF-8; old files are in Latin-1 where they are not in ASCII."""
    at = data.find(b"\0")
    if at >= 0:
        line = data.count(b"\n", 0, at) + 1
        raise StructureError(
            f"{origin} is text with binary bytes in it, from line {line} on; it is damaged: fetch "
            "or copy it again"
        )
    if data.isascii():
        return data
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1").encode("utf-8")
    return data


def _parse_mmcif(data: bytes, origin: str) -> ParsedFile:
    try:
        document = gemmi.cif.read_string(data)
    except (ValueError, RuntimeError, UnicodeDecodeError) as error:
        raise StructureError(
            f"{origin} is an mmCIF file that cannot be read ({_first_line(error)}); it may be "
            "cut off: fetch or copy it again"
        ) from error
    for block in document:
        if block.find_loop("_atom_site.id") or block.find_loop("_atom_site.Cartn_x"):
            return _of_block(block, origin, "mmCIF")
    raise StructureError(f"{origin} {_cif_without_atoms(document)}")


def _of_block(block: gemmi.cif.Block, origin: str, file_format: str) -> ParsedFile:
    structure = structure_of_block(block, origin)
    return ParsedFile(structure, block, file_format, sites_of_block(block))


def structure_of_block(block: gemmi.cif.Block, origin: str) -> gemmi.Structure:
    """Return the structure in an mmCIF block that has an ``_atom_site`` loop."""
    try:
        return gemmi.make_structure_from_block(block)
    except (ValueError, RuntimeError, IndexError) as error:
        raise StructureError(
            f"{origin} has an _atom_site table that cannot be read ({_first_line(error)}); "
            "fetch the file again, or write it anew with the program it came from"
        ) from error


def _cif_without_atoms(document: gemmi.cif.Document) -> str:
    tags = {category.lower() for block in document for category in block.get_mmcif_category_names()}
    if "_refln." in tags:
        what = "holds structure factors"
    elif "_chem_comp_atom." in tags:
        what = "describes a chemical component, not a protein"
    elif any(block.find_loop("_atom_site_label") for block in document):
        what = "is a small-molecule CIF"
    else:
        what = "is a CIF file without atoms (no _atom_site table)"
    return f"{what}; give the coordinates of a protein, as PDB or mmCIF"


def _what_it_is(start: bytes) -> str:
    """Say what content that is no structure looks like, with the next step."""
    lowered = start[:512].lower()
    if lowered.startswith((b"<!doctype html", b"<html")) or b"<html" in lowered:
        return (
            "holds a web page, not a structure (a failed download often leaves one); "
            "check the id or address and fetch it again"
        )
    if start[:1] in b"{[":
        return _what_json_is(start)
    if start[:1] == b"<":
        return "is an XML file (PDBML is retired); use the entry's mmCIF file"
    if start[:1] == b">":
        return "is a FASTA file: a sequence, without coordinates; give a PDB or mmCIF file"
    if start[:2] == b"PK":
        return "is a zip archive; unpack it and name one structure file in it"
    if b"mmtfVersion" in start or b"mmtfProducer" in start:
        return "is an MMTF file, a format retired in 2024; use the entry's BinaryCIF or mmCIF file"
    return "is not a structure file that is read here; give a PDB or mmCIF file"


def _what_json_is(start: bytes) -> str:
    try:
        content = json.loads(start)
    except ValueError:
        content = None
    if re.match(rb'\{\s*"data_', start):
        return "is an mmJSON file, which is not read; use the entry's mmCIF file"
    if isinstance(content, dict) and ("messages" in content or "error" in content):
        said = content.get("messages") or content.get("error")
        return (
            f"holds an error message from a server ({said}), not a structure; "
            "check the id and fetch it again"
        )
    return "is a JSON file, not a structure; give a PDB or mmCIF file"


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
