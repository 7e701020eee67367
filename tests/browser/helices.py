"""Made structures: ideal helices whose sequence is longer than what has coordinates."""

from __future__ import annotations

from pathlib import Path

import numpy as np

HOSTILE = "<script>window.owned=1</script><img src=x onerror=window.owned=2>"
"""A name that must stay text."""

ATOMS = {"N": (-1.2, 0.6, 0.0), "CA": (0.0, 0.0, 0.0), "C": (1.2, 0.7, 0.3), "O": (1.3, 1.9, 0.2)}
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
            turn, rise = np.deg2rad(100 * n), 1.5 * n
            outward = np.array([np.cos(turn), np.sin(turn), 0.0])
            centre = 2.3 * outward + [9.0 * place, 0.0, rise]
            places = {atom: centre + 0.8 * np.array(offset) for atom, offset in ATOMS.items()}
            if name != "GLY":
                places["CB"] = centre + 1.5 * outward
            for atom, (x, y, z) in places.items():
                serial += 1
                lines.append(
                    f"ATOM  {serial:>5}  {atom:<3} {name} {chain}{n + 1:>4}    "
                    f"{x:8.3f}{y:8.3f}{z:8.3f}  1.00  0.00          {atom[0]:>2}"
                )
        lines.append("TER")
    path.write_text("\n".join([*lines, "END", ""]), "ascii")
    return path
