"""Small structure files written from a description, for tests that need to know what is in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

THREE = dict(
    zip(
        "ARNDCQEGHILKMFPSTWYV",
        ["ALA", "ARG", "ASN", "ASP", "CYS", "GLN", "GLU", "GLY", "HIS", "ILE", "LEU", "LYS", "MET",
         "PHE", "PRO", "SER", "THR", "TRP", "TYR", "VAL"],
        strict=True,
    )
)  # fmt: skip
BACKBONE = ("N", "CA", "C", "O")


@dataclass
class Residue:
    """One position: its name and number, and, unless unobserved, its places.

    `places` is a list of (altloc, occupancy, residue name); the coordinates of the second place are
    those of the first moved by 1 Å along x.
    """

    name: str
    number: int
    code: str = ""
    observed: bool = True
    places: list[tuple[str, float, str]] = field(default_factory=list)


def backbone(index: int) -> dict[str, np.ndarray]:
    """Return plausible positions of a residue's atoms, in Å: an extended chain along z."""
    origin = np.array([(index % 2) * 0.8, 0.3 * index, 3.3 * index])
    return {
        "N": origin + np.array([0.0, 0.0, -1.2]),
        "CA": origin,
        "C": origin + np.array([0.5, 0.2, 1.1]),
        "O": origin + np.array([1.7, 0.2, 1.2]),
        "CB": origin + np.array([-0.9, 1.2, 0.1]),
    }


def atom_line(
    serial: int,
    name: str,
    altloc: str,
    residue_name: str,
    chain_id: str,
    number: int,
    code: str,
    xyz: Sequence[float],
    occupancy: float = 1.0,
    record: str = "ATOM",
) -> str:
    """Return an ATOM record."""
    padded = f" {name:<3}" if len(name) < 4 else name
    x, y, z = xyz
    return (
        f"{record:<6}{serial:>5} {padded}{altloc or ' '}{residue_name:>3} {chain_id}{number:>4}"
        f"{code or ' '}   {x:8.3f}{y:8.3f}{z:8.3f}{occupancy:6.2f}{10.0:6.2f}          "
        f"{name[0]:>2}"
    )


def pdb_text(
    residues: Sequence[Residue], chain_id: str = "A", *, seqres: bool = True, remark: bool = True
) -> str:
    """Return PDB text of one chain."""
    lines = ["HEADER    TEST".ljust(62) + "9TST"]
    missing = [residue for residue in residues if not residue.observed]
    if remark and missing:
        lines += ["REMARK 465", "REMARK 465   M RES C SSSEQI"]
        lines += [
            f"REMARK 465     {residue.name:>3} {chain_id}{residue.number:>6}{residue.code}"
            for residue in missing
        ]
    if seqres:
        names = [residue.name for residue in residues]
        lines += [
            f"SEQRES{start // 13 + 1:>4} {chain_id}{len(names):>5}  "
            + " ".join(names[start : start + 13])
            for start in range(0, len(names), 13)
        ]
    serial = 0
    for index, residue in enumerate(residues):
        if not residue.observed:
            continue
        for shift, (altloc, occupancy, name) in enumerate(
            residue.places or [("", 1.0, residue.name)]
        ):
            record = "ATOM" if name in THREE.values() else "HETATM"
            for atom, xyz in backbone(index).items():
                if atom == "CB" and name == "GLY":
                    continue
                serial += 1
                moved = xyz + np.array([shift, 0, 0])
                lines.append(
                    atom_line(
                        serial,
                        atom,
                        altloc,
                        name,
                        chain_id,
                        residue.number,
                        residue.code,
                        moved,
                        occupancy,
                        record,
                    )
                )
    lines += [f"TER   {serial + 1:>5}", "END", ""]
    return "\n".join(lines)
