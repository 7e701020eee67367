"""PDB text: what gemmi's reader needs to be spared or told."""

from __future__ import annotations

import itertools
import math
import re

import gemmi

from protvis.errors import StructureError
from protvis.input_file import whole_number

__all__ = ["missing_residues", "read_pdb"]

# Up to the 1990s, columns 73-80 held the entry name and a running number of the line.
_FIRST_ATOM = re.compile(rb"^(?:ATOM  |HETATM)[^\n]*", re.MULTILINE)
_LINE_NUMBER = re.compile(rb"(\w{4})[ \d]{3}\d$")
_UNUSUAL_COORDINATES = re.compile(
    rb"^(?:ATOM  |HETATM)(?!.{24}[-+ \d]{3}\d\.\d{3}[-+ \d]{3}\d\.\d{3}[-+ \d]{3}\d\.\d{3})[^\n]*",
    re.MULTILINE,
)
_PDBQT_ATOM = re.compile(rb"^(?:ATOM  |HETATM)[^\n]{60} {4}[ +-]\d?\d\.\d{3} [A-Z]", re.MULTILINE)
_NOT_ASCII = re.compile(
    rb"^(ATOM|HETATM|SEQRES|MODRES|HELIX|SHEET|MODEL|TER|SSBOND|LINK|SITE|REMARK [34][56][05])"
    rb"[^\n\x80-\xff]*[\x80-\xff]",
    re.MULTILINE,
)
_HEADER_LINE = re.compile(rb"^(?!ATOM|HETATM|ANISOU|TER|CONECT|MODEL|ENDMDL)[^\n]", re.MULTILINE)
_MAX_HEADER_LINES = 100_000
_AXES = (("x", slice(30, 38)), ("y", slice(38, 46)), ("z", slice(46, 54)))


def read_pdb(data: bytes, origin: str) -> gemmi.Structure:
    """Return the structure in PDB text.

    Raises
    ------
    StructureError
        If a line is cut off, a coordinate is missing or not a number, or there are more lines
        beside the atoms than any file has.
    """
    _check_size(data, origin)
    _check_coordinates(data, origin)
    if not data.isascii():
        _check_ascii(data, origin)
        # Fields are cut out by column, through the middle of a character if need be.
        data = data.decode("utf-8").encode("ascii", "replace")
    # gemmi reads segment, element and charge from columns 73-80, where old files hold other things,
    # and those of AutoDock charges.
    columns = 66 if _PDBQT_ATOM.search(data) else 72 if _is_line_numbered(data) else 0
    try:
        structure = gemmi.read_pdb_string(data, max_line_length=columns)
        several = data.count(b"\nTER") > 1
        if several and len(structure) and [chain.name.strip() for chain in structure[0]] == [""]:
            # Without chain ids only the TER records tell chains apart.
            structure = gemmi.read_pdb_string(
                data, max_line_length=columns, split_chain_on_ter=True
            )
        return structure
    except (ValueError, RuntimeError, IndexError, OverflowError) as error:
        said = " ".join(str(error).split())[:200]
        raise StructureError(
            f"{origin} is a PDB file that cannot be read ({said}); "
            "fetch the file again, or correct that line"
        ) from error


def _check_size(data: bytes, origin: str) -> None:
    """Refuse more lines about the atoms than any structure needs; each is looked at by itself."""
    if data.count(b"\n") <= _MAX_HEADER_LINES:
        return
    lines = itertools.islice(_HEADER_LINE.finditer(data), _MAX_HEADER_LINES + 1)
    if sum(1 for _ in lines) > _MAX_HEADER_LINES:
        raise StructureError(
            f"{origin} holds more than {_MAX_HEADER_LINES:,} lines that are not atoms, more than "
            "any entry of the PDB; it is damaged"
        )


def _is_line_numbered(data: bytes) -> bool:
    match = _FIRST_ATOM.search(data)
    numbered = _LINE_NUMBER.match(match.group()[72:].rstrip()) if match else None
    if numbered is None:
        return False
    return re.search(rb"^HEADER.{56}" + re.escape(numbered[1]), data, re.MULTILINE) is not None


def _check_ascii(data: bytes, origin: str) -> None:
    """Refuse other than ASCII where columns matter; titles and remarks may hold anything."""
    match = _NOT_ASCII.search(data)
    if match is not None:
        number = data.count(b"\n", 0, match.start()) + 1
        raise StructureError(
            f"{origin}: line {number} ({match[1].decode()} record) has characters that are not "
            "ASCII; the file is damaged: fetch or copy it again"
        )


def _check_coordinates(data: bytes, origin: str) -> None:
    for match in _UNUSUAL_COORDINATES.finditer(data):
        line = match.group()
        for axis, columns in _AXES:
            field = line[columns].strip()
            try:
                is_number = math.isfinite(float(field))
            except ValueError:
                is_number = False
            if is_number:
                continue
            number = data.count(b"\n", 0, match.start()) + 1
            atom = " ".join(line[6:27].decode("ascii", "replace").split())
            what = (
                f"is {field.decode('ascii', 'replace')!r}, not a number" if field else "is missing"
            )
            cut = "; the file may be cut off" if len(line.rstrip()) < 54 else ""
            raise StructureError(
                f"{origin}: the {axis} coordinate of atom {atom!r} {what} (line {number}{cut}); "
                "fetch the file again, or remove that atom so that its residue counts as unobserved"
            )


def missing_residues(remarks: list[str]) -> dict[str, list[tuple[str, int, str]]]:
    """Return the residues that REMARK 465 lists as unobserved.

    Returns
    -------
    dict
        Chain id to (residue name, author number, insertion code) in order, for the first model.
    """
    # An ensemble lists every model's; they differ so rarely that the union serves.
    found: dict[str, dict[tuple[str, int, str], None]] = {}
    for line in remarks:
        line = line.rstrip()
        if not line.startswith("REMARK 465") or len(line) < 26:
            continue
        name, chain_id = line[15:18].strip(), line[19:20].strip()
        number = whole_number(line[21:26])
        if name.isalnum() and number is not None:
            found.setdefault(chain_id, {})[name, number, line[26:27].strip()] = None
    return {chain_id: list(rows) for chain_id, rows in found.items()}
