"""Small peptides with the geometry of real ones, written as many programs write them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from tests.structure.chain_files import THREE

LETTERS = "TTCCPSIVARSN"
"""The sequence of most peptides here."""
_SIDE_CHAINS = {
    "C": ["SG"], "H": ["CG", "ND1", "CD2", "CE1", "NE2"], "D": ["CG", "OD1", "OD2"],
    "E": ["CG", "CD", "OE1", "OE2"], "K": ["CG", "CD", "CE", "NZ"],
    "R": ["CG", "CD", "NE", "CZ", "NH1", "NH2"],
    "Y": ["CG", "CD1", "CD2", "CE1", "CE2", "CZ", "OH"],
}  # fmt: skip


@dataclass(frozen=True)
class Atom:
    """One atom of a file."""

    name: str
    residue: str
    number: int
    xyz: tuple[float, float, float]
    chain: str = "A"
    code: str = ""
    segment: str = ""
    record: str = "ATOM"

    @property
    def element(self) -> str:
        """Return the element, as the first letter of the name says."""
        return next(letter for letter in self.name if letter.isalpha())


def peptide(
    letters: str = LETTERS,
    *,
    chain: str = "A",
    first: int = 1,
    shift: float = 0.0,
    names: dict[int, str] | None = None,
    segment: str = "",
) -> list[Atom]:
    """Return an extended peptide; residues listed in `names` (by place, from 0) are called so."""
    backbone: list[np.ndarray] = []
    lengths, angles, turns = (1.329, 1.458, 1.525), (116.6, 121.7, 111.0), (130.0, 180.0, -120.0)
    for count in range(3 * len(letters)):
        kind = count % 3
        backbone.append(_placed(backbone, lengths[kind], angles[kind - 1], turns[kind - 1]))
    atoms: list[Atom] = []
    for place, letter in enumerate(letters):
        n, ca, c = backbone[3 * place : 3 * place + 3]
        out = np.cross(ca - n, c - ca)
        out /= np.linalg.norm(out)
        spots = {"N": n, "CA": ca, "C": c, "O": c + 1.23 * out}
        name = (names or {}).get(place, THREE[letter])
        if letter != "G":
            spots["CB"] = ca - 1.53 * out
            for step, extra in enumerate(_SIDE_CHAINS.get(letter, ()), start=2):
                spots[extra] = ca - 1.5 * step * out
        for atom, xyz in spots.items():
            moved = xyz + np.array([0.0, shift, 0.0])
            atoms.append(
                Atom(atom, name, first + place, tuple(moved.round(3)), chain, segment=segment)
            )
    return atoms


def _placed(before: list[np.ndarray], length: float, angle: float, turn: float) -> np.ndarray:
    """Return where the next atom of a chain lies, from the three before it."""
    if len(before) < 3:
        return [np.zeros(3), np.array([1.458, 0, 0]), np.array([2.0, 1.42, 0])][len(before)]
    first, second, third = before[-3:]
    along = (third - second) / np.linalg.norm(third - second)
    normal = np.cross(second - first, along)
    normal /= np.linalg.norm(normal)
    bend, twist = np.radians(180 - angle), np.radians(turn)
    return third + length * (
        np.cos(bend) * along
        + np.sin(bend) * (np.cos(twist) * np.cross(normal, along) + np.sin(twist) * normal)
    )


def solvent(name: str, atoms: Iterable[str], n: int, *, chain: str = "", first: int = 100,
            near: bool = False) -> list[Atom]:  # fmt: skip
    """Return molecules of one kind; those `near` lie within 4 Å of the peptide's start."""
    return [
        Atom(atom, name, first + at,
             (3.0 * at if near else 40 + 3.0 * (at % 900), 3.0 + 0.9 * step, 0.0), chain)
        for at in range(n)
        for step, atom in enumerate(atoms)
    ]  # fmt: skip


def in_chain(atoms: Iterable[Atom], chain: str) -> list[Atom]:
    """Return the atoms under another chain id."""
    return [replace(atom, chain=chain) for atom in atoms]


def pdb(*parts: list[Atom], ter: bool = True, header: str = "", column_67: str = "") -> bytes:
    """Return PDB text; a TER after each part, if wanted; `column_67` stands in columns 67 to 76."""
    lines = [header] if header else []
    serial = 0
    for part in parts:
        for atom in part:
            serial += 1
            padded = f" {atom.name:<3}" if len(atom.name) < 4 else atom.name
            x, y, z = atom.xyz
            tail = column_67.format(serial) if column_67 else f"      {atom.segment:<4}"
            lines.append(
                f"{atom.record:<6}{serial:>5} {padded} {atom.residue:<4}"
                f"{atom.chain or ' '}{atom.number:>4}{atom.code or ' '}   "
                f"{x:8.3f}{y:8.3f}{z:8.3f}{1:6.2f}{10:6.2f}{tail}{atom.element:>2}"
            )
        if ter:
            lines.append("TER")
    return "\n".join([*lines, "END", ""]).encode()


def mmcif(*parts: list[Atom], leave_out: str = "", extra: str = "", asym: bool = False) -> bytes:
    """Return mmCIF text without entities; with `asym` each part has a ``label_asym_id`` its own."""
    columns = (
        "group_PDB", "id", "type_symbol", "label_atom_id", "label_alt_id", "label_comp_id",
        "label_asym_id", "label_entity_id", "label_seq_id", "pdbx_PDB_ins_code", "Cartn_x",
        "Cartn_y", "Cartn_z", "occupancy", "B_iso_or_equiv", "auth_seq_id", "auth_asym_id",
        "pdbx_PDB_model_num",
    )  # fmt: skip
    kept = [column for column in columns if column != leave_out]
    lines = ["data_TEST", "#", extra, "loop_", *(f"_atom_site.{column}" for column in kept)]
    serial = 0
    for count, part in enumerate(parts):
        for atom in part:
            serial += 1
            label = chr(ord("A") + count) if asym else atom.chain
            row = dict(
                zip(
                    columns,
                    [atom.record, serial, atom.element, atom.name, ".", atom.residue, label, "?",
                     atom.number, "?", *atom.xyz, "1.0", "10.0", atom.number, atom.chain, "1"],
                    strict=True,
                )
            )  # fmt: skip
            lines.append(" ".join(str(row[column]) for column in kept))
    return "\n".join([*lines, "#", ""]).encode()
