"""Loading structures, side by side with gemmi, biotite and Biopython on the same files.

The information asked of each is the same: per protein residue its chain, name, author number and
one-letter code, and the positions of Cα and Cβ. protvis also aligns SEQRES, keeps unobserved
residues, bonds, sites and secondary structure; the others are not asked to.
"""

from __future__ import annotations

import gzip
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import gemmi
import numpy as np
from Bio.PDB import MMCIFParser, PDBParser
from biotite.structure.io import pdb, pdbx

sys.path.insert(0, str(Path(__file__).resolve().parent))
from report import Report, duration

from protvis.structure import load_structure

ROOT = Path(__file__).resolve().parents[1]
COLLECTED = ROOT.parent / "shared" / "data" / "structures"
FILES = {
    "one small chain": "plain/1ubq.cif",
    "15 chains, 3,405 residues": "multichain/4yvs.cif.gz",
    "112 chains, 21,108 residues": "derived/4v5a_ca_p_only.cif.gz",
}
TARGET = 1.5


def with_protvis(path: Path) -> int:
    structure = load_structure(path)
    n = 0
    for chain in structure.chains.values():
        chain.coordinates("CA"), chain.coordinates("CB")
        n += len(chain.residue_labels)
    return n


def with_gemmi(path: Path) -> int:
    structure = gemmi.read_structure(str(path))
    structure.setup_entities()
    n = 0
    for chain in structure[0]:
        polymer = chain.get_polymer()
        if "Peptide" not in str(polymer.check_polymer_type()):
            continue
        positions = np.full((2, len(polymer), 3), np.nan, dtype=np.float32)
        labels = []
        for index, residue in enumerate(polymer):
            labels.append(f"{chain.name}:{residue.name}{residue.seqid}")
            for row, name in enumerate(("CA", "CB")):
                atom = residue.find_atom(name, "*")
                if atom is not None:
                    positions[row, index] = atom.pos.tolist()
        gemmi.one_letter_code([residue.name for residue in polymer])
        n += len(labels)
    return n


def with_biotite(path: Path) -> int:
    with _open(path) as file:
        if ".cif" in path.name:
            array = pdbx.get_structure(pdbx.CIFFile.read(file), model=1)
        else:
            array = pdb.PDBFile.read(file).get_structure(model=1)
    calphas = array[array.atom_name == "CA"]
    betas = array[array.atom_name == "CB"]
    labels = [
        f"{chain}:{name}{number}{code}"
        for chain, name, number, code in zip(
            calphas.chain_id, calphas.res_name, calphas.res_id, calphas.ins_code, strict=True
        )
    ]
    return min(len(labels), len(betas)) or len(labels)


def with_biopython(path: Path) -> int:
    parser = MMCIFParser(QUIET=True) if ".cif" in path.name else PDBParser(QUIET=True)
    with _open(path) as file:
        model = parser.get_structure("x", file)[0]
    labels = []
    for chain in model:
        for residue in chain:
            if "CA" in residue:
                hetero, number, code = residue.id
                labels.append(f"{chain.id}:{hetero}{residue.resname}{number}{code}")
                residue["CA"].coord, residue["CB"].coord if "CB" in residue else None
    return len(labels)


def _open(path: Path):
    return gzip.open(path, "rt") if path.suffix == ".gz" else path.open()


def best_of(
    loaders: dict[str, Callable[[Path], object]], path: Path, rounds: int
) -> dict[str, float]:
    """Return the shortest time of each loader, in seconds, all taking turns on the same file."""
    measured: dict[str, list[float]] = {name: [] for name in loaders}
    for _ in range(rounds):
        for name, load in loaders.items():
            # Processor time, as other work on the machine is nobody's merit.
            start = time.process_time()
            load(path)
            measured[name].append(time.process_time() - start)
    return {name: min(times) for name, times in measured.items()}


def main() -> None:
    warnings.simplefilter("ignore")
    report = Report("Loading structures")
    files = {what: COLLECTED / name for what, name in FILES.items()}
    if not COLLECTED.is_dir():
        files = {"the bundled trypsin": ROOT / "protvis" / "data" / "1gbt.cif.gz"}
    others = {"gemmi": with_gemmi, "biotite": with_biotite, "Biopython": with_biopython}
    for what, path in files.items():
        # The dictionary of components loads once; that is no part of reading a file.
        with_protvis(path)
        times = best_of(others, path, 2)
        fastest = min(times, key=times.__getitem__)
        rounds = 15 if times[fastest] > 0.01 else 100
        times |= best_of({fastest: others[fastest], "protvis": with_protvis}, path, rounds)
        report.note(what, ", ".join(f"{name} {duration(taken)}" for name, taken in times.items()))
        ratio = times["protvis"] / times[fastest]
        report.check(f"ratio to {fastest}", f"{ratio:.2f}", f"≤ {TARGET}", ratio <= TARGET)
    large = files.get("112 chains, 21,108 residues")
    if large is not None:
        part = best_of(
            {
                "one": lambda path: load_structure(path, chains=["AB"]),
                "all": lambda path: load_structure(path),
            },
            large,
            7,
        )
        report.note("one chain of 112, against all", f"{part['one'] / part['all']:.2f}")
    report.finish()


if __name__ == "__main__":
    main()
