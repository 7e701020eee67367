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

import itertools
import json
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass

import gemmi
import numpy as np

from protvis.errors import StructureError
from protvis.input_file import plain_text
from protvis.structure.files.atom_table import (
    AtomTable,
    atoms_of_block,
    atoms_of_pdb,
    has_long_names,
)
from protvis.structure.files.binary_cif import COLUMNS, is_binary_cif, read_binary_cif
from protvis.structure.files.cif_columns import complete_atom_site
from protvis.structure.files.pdb_text import read_pdb
from protvis.structure.files.residue_records import SiteRecord, sites_of_block, sites_of_pdb
from protvis.structure.files.sources import SourceBytes

__all__ = ["ParsedFile", "of_block", "parse"]

_PDB_RECORD = re.compile(
    rb"^(HEADER|OBSLTE|TITLE |SPLIT |CAVEAT|COMPND|SOURCE|KEYWDS|EXPDTA|NUMMDL|MDLTYP|AUTHOR|REVDAT"
    rb"|SPRSDE|JRNL  |REMARK|DBREF|SEQADV|SEQRES|MODRES|HET   |HETNAM|HETSYN|FORMUL|HELIX |SHEET "
    rb"|SSBOND|LINK  |CISPEP|SITE  |CRYST1|ORIGX[123]|SCALE[123]|MTRIX[123]|MODEL[ \r\n]|ATOM  "
    rb"|HETATM|ANISOU|TER[ \r\n]|PARENT|USER  |CONECT|MASTER)",
    re.MULTILINE,
)
_CIF_START = re.compile(rb"\A(?:\s|#[^\n]*(?:\n|\Z))*data_", re.IGNORECASE)
_CIF_BLOCK = re.compile(rb"(?<!\S)data_", re.IGNORECASE)
_ATOM_LINE = re.compile(rb"^(?:ATOM|HETATM)\s[^\n]*", re.MULTILINE)
_PQR_ATOM = re.compile(rb"\S+\s.*?(?:\s+-?\d+\.\d+){3}\s+-?\d+\.\d{3,}\s+\d+\.\d{3,}\s*")
_MAX_BLOCKS = 1000
"""Data blocks of a CIF file; finding one by its name takes time for each."""
_SMALL = 2**17
_MOST_VALUES = 64_000_000
"""As many as the largest entries have; gemmi takes 32 bytes for each."""


@dataclass(frozen=True)
class ParsedFile:
    """A file as gemmi reads it.

    Attributes
    ----------
    structure : gemmi.Structure
    block : gemmi.cif.Block or None
        The mmCIF data block, for what gemmi's model leaves out.
    file_format : str
        ``"PDB"``, ``"mmCIF"``, ``"BinaryCIF"`` or the library whose object was given.
    atoms : callable
        Returns the atoms of a model (counted from 1) in the order of the file, as the columns of an
        ``_atom_site`` table. gemmi's model has residues sorted into chains by their ids, which is
        of no use where ids repeat.
    sites : tuple of SiteRecord
        Which gemmi's model leaves out too.
    remarks : tuple of str
        What to warn of.
    mixes_names : bool
        Whether gemmi took the fourth letter of residue names for part of the chain id.
    """

    structure: gemmi.Structure
    block: gemmi.cif.Block | None
    file_format: str
    atoms: Callable[[int], AtomTable]
    sites: tuple[SiteRecord, ...] = ()
    remarks: tuple[str, ...] = ()
    mixes_names: bool = False


def parse(source: SourceBytes) -> ParsedFile:
    """Return what a file says, all its models included.

    Raises
    ------
    StructureError
        If the content is no format that is read, or is damaged.
    """
    origin = source.origin
    if is_binary_cif(source.data):
        block = read_binary_cif(source.data, origin, most_values(source.n_packed))
        return of_block(block, origin, "BinaryCIF")
    data = plain_text(source.data)
    start = data[:4096].lstrip()
    if not start:
        raise StructureError(f"{origin} is empty; fetch or copy the file again")
    if _CIF_START.match(data[:65536]):
        _check_cif_size(data, origin, most_values(source.n_packed))
        return _parse_mmcif(_text(data, origin), origin)
    if _PDB_RECORD.search(data):
        text = _text(data, origin)
        first_atoms = list(itertools.islice(_ATOM_LINE.finditer(text), 3))
        if first_atoms and all(_PQR_ATOM.fullmatch(match.group()) for match in first_atoms):
            raise StructureError(
                f"{origin} is a PQR file, with charges and radii in place of occupancies; give the "
                "PDB file that it was made from"
            )
        structure = read_pdb(text, origin)
        return ParsedFile(
            structure,
            None,
            "PDB",
            lambda model: atoms_of_pdb(text, model),
            sites_of_pdb(text, list(structure.raw_remarks)),
            mixes_names=has_long_names(text),
        )
    raise StructureError(f"{origin} {_what_it_is(start)}")


def most_values(n_packed: int) -> int:
    """Return how many values a file of so many bytes, compressed as it came, may hold.

    An atom has about 20 values and takes 15 bytes at the least.
    """
    return min(_MOST_VALUES, 4_000_000 + 8 * n_packed)


def _check_cif_size(data: bytes, origin: str, limit: int) -> None:
    """Refuse text whose tables would take gigabytes, or minutes, to build."""
    if len(data) > 2 * limit:
        n_values, step = 0, 2**24
        for at in range(0, len(data), step):
            # The byte before tells whether a word begins with the piece.
            piece = np.frombuffer(data, np.uint8, min(step, len(data) - at), at) > 32
            n_values += int(np.count_nonzero(piece[1:] & ~piece[:-1])) + int(piece[0])
        if n_values > limit:
            raise StructureError(
                f"{origin} holds about {n_values:,} values, more than a file of its size can; it "
                "is damaged, or made to fill the memory"
            )
    # A small file is read before its blocks are counted; the plain count is nearly always enough.
    if (
        len(data) > _SMALL
        and data.lower().count(b"data_") > _MAX_BLOCKS
        and len(list(itertools.islice(_CIF_BLOCK.finditer(data), _MAX_BLOCKS + 1))) > _MAX_BLOCKS
    ):
        raise StructureError(
            f"{origin} holds more than {_MAX_BLOCKS:,} data blocks; give the block of one "
            "structure as its own file"
        )


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
        if any(block.find_values(f"_atom_site.{tag}") for tag in ("Cartn_x", "id", "type_symbol")):
            return of_block(block, origin, "mmCIF")
    raise StructureError(f"{origin} {_cif_without_atoms(document)}")


def of_block(block: gemmi.cif.Block, origin: str, file_format: str) -> ParsedFile:
    """Return what an mmCIF block with an ``_atom_site`` table says.

    Raises
    ------
    StructureError
        If the table lacks a column that is needed, or cannot be read.
    """
    complete_atom_site(block, origin)
    remarks: tuple[str, ...] = ()
    try:
        structure = gemmi.make_structure_from_block(block)
    except (ValueError, RuntimeError, IndexError) as error:
        # One table that is not needed may keep gemmi from reading all others.
        for needed in (COLUMNS, _LEAST_TABLES):
            try:
                kept = _only(block, needed)
                structure = gemmi.make_structure_from_block(kept)
            except (ValueError, RuntimeError, IndexError):
                continue
            block = kept
            if needed is _LEAST_TABLES:
                remarks = (
                    f"one of its tables cannot be read ({_first_line(error)}): all but the "
                    "coordinates and the sequences were left aside",
                )
            break
        else:
            raise StructureError(
                f"{origin} has an _atom_site table that cannot be read ({_first_line(error)}); "
                "fetch the file again, or write it anew with the program it came from"
            ) from error
    return ParsedFile(
        structure,
        block,
        file_format,
        lambda model: atoms_of_block(block, model),
        sites_of_block(block),
        remarks,
    )


_LEAST_TABLES = ("atom_site", "entity", "entity_poly", "entity_poly_seq", "struct_asym")


def _only(block: gemmi.cif.Block, categories: Collection[str]) -> gemmi.cif.Block:
    """Return a copy of a block without other categories."""
    kept = gemmi.cif.Block(block.name)
    for category in categories:
        table = block.get_mmcif_category(f"_{category}.", raw=True)
        if table:
            kept.set_mmcif_category(f"_{category}.", table, raw=True)
    return kept


def _cif_without_atoms(document: gemmi.cif.Document) -> str:
    if any(block.find_values("_refln.index_h") for block in document):
        what = "holds structure factors"
    elif any(block.find_values("_chem_comp_atom.atom_id") for block in document):
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
    except (ValueError, RecursionError):
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
