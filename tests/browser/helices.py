"""Made structures: ideal helices whose sequence is longer than what has coordinates."""

from __future__ import annotations

from pathlib import Path

import numpy as np

HOSTILE = "<script>window.owned=1</script><img src=x onerror=window.owned=2>"
"""A name that must stay text."""

ATOMS = {
    "N": (1.55, -27.7, -0.9),
    "CA": (2.29, 0.0, 0.0),
    "C": (1.61, 26.4, 1.1),
    "O": (1.80, 28.0, 2.3),
    "CB": (3.40, -16.0, -0.5),
}
"""Radius (Å), turn (degrees) and rise (Å) of each atom of an α helix's residue."""

NAMES = ("ALA", "GLY", "SER", "LEU", "LYS", "ASP", "VAL", "THR", "PHE", "HIS")
GAP = range(18, 26)
N_RESIDUES = 60


def helix_with_gap(path: Path, title: str = "A HELIX", chains: str = "A") -> Path:
    """Write a helix as PDB text whose sequence (SEQRES) is longer than what has coordinates.

    Each further chain stands beside the one before, its residues one place on.
    """
    lines = [f"HEADER    TEST{'':<36}01-JAN-26   9XYZ", f"TITLE     {title[:70]}"]
    spelled = {
        chain: [NAMES[(n + shift) % len(NAMES)] for n in range(N_RESIDUES)]
        for shift, chain in enumerate(chains)
    }
    for chain, names in spelled.items():
        for row, first in enumerate(range(0, N_RESIDUES, 13), start=1):
            listed = " ".join(names[first : first + 13])
            lines.append(f"SEQRES {row:>3} {chain} {N_RESIDUES:>4}  {listed}")
    serial = 0
    for place, (chain, names) in enumerate(spelled.items()):
        for n, name in enumerate(names):
            if n in GAP:
                continue
            for atom, (radius, turn, rise) in ATOMS.items():
                if name == "GLY" and atom == "CB":
                    continue
                angle = np.deg2rad(100 * n + turn)
                # Along x, so that it is seen from its side.
                x, y, z = 1.5 * n + rise, radius * np.cos(angle), radius * np.sin(angle)
                y += 10 * place
                serial += 1
                lines.append(
                    f"ATOM  {serial:>5}  {atom:<3} {name} {chain}{n + 1:>4}    "
                    f"{x:8.3f}{y:8.3f}{z:8.3f}  1.00  0.00          {atom[0]:>2}"
                )
        lines.append("TER")
    path.write_text("\n".join([*lines, "END", ""]), "ascii")
    return path
