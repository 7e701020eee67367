"""Entries written anew by other programs: the same residues and contacts, or a stated loss."""

from __future__ import annotations

import gzip
import io
import warnings
from collections.abc import Callable
from pathlib import Path

import gemmi
import numpy as np
import pytest

from protvis.structure import Chain, Structure, load_structure

ENTRIES = (
    "plain/1aki.cif", "multichain/4hhb.cif.gz", "multichain/1a0q.pdb", "numbering/1a4w.cif",
    "numbering/1o1z.cif", "numbering/4zhl.cif", "altloc/1en2.cif", "paper/7hvp.pdb",
)  # fmt: skip


def text_of(path: Path) -> str:
    data = path.read_bytes()
    return (gzip.decompress(data) if path.suffix == ".gz" else data).decode()


def is_cif(path: Path) -> bool:
    return ".cif" in path.name


def biopython(path: Path, form: str) -> bytes:
    from Bio import PDB

    parser = PDB.MMCIFParser(QUIET=True) if is_cif(path) else PDB.PDBParser(QUIET=True)
    structure = parser.get_structure("x", io.StringIO(text_of(path)))
    writer, stream = PDB.MMCIFIO() if form == "mmCIF" else PDB.PDBIO(), io.StringIO()
    writer.set_structure(structure)
    writer.save(stream)
    return stream.getvalue().encode()


def biotite(path: Path, form: str) -> bytes:
    from biotite.structure.io import pdb, pdbx

    source = io.StringIO(text_of(path))
    options = {"altloc": "all", "extra_fields": ["b_factor", "occupancy", "atom_id"]}
    array = (
        pdbx.get_structure(pdbx.CIFFile.read(source), model=1, **options)
        if is_cif(path)
        else pdb.PDBFile.read(source).get_structure(model=1, **options)
    )
    if form == "PDB":
        file = pdb.PDBFile()
        file.set_structure(array)
    else:
        file = pdbx.CIFFile() if form == "mmCIF" else pdbx.BinaryCIFFile()
        pdbx.set_structure(file, array)
    stream = io.BytesIO() if form == "BinaryCIF" else io.StringIO()
    file.write(stream)
    written = stream.getvalue()
    return written if isinstance(written, bytes) else written.encode()


def with_gemmi(path: Path, form: str) -> bytes:
    structure = gemmi.read_structure(str(path))
    structure.setup_entities()
    if form == "PDB":
        return structure.make_pdb_string().encode()
    return structure.make_mmcif_document().as_string().encode()


def mdanalysis(path: Path, form: str) -> bytes:
    mda = pytest.importorskip("MDAnalysis", reason="MDAnalysis is not installed")
    source = gemmi.read_structure(str(path)).make_pdb_string()
    universe = mda.Universe(mda.lib.util.NamedStream(io.StringIO(source), "x.pdb"))
    stream = mda.lib.util.NamedStream(io.StringIO(), "y.pdb")
    with mda.Writer(stream, universe.atoms.n_atoms, multiframe=False) as writer:
        writer.write(universe.atoms)
    return stream.stream.getvalue().encode()


def parmed(path: Path, form: str) -> bytes:
    package = pytest.importorskip(
        "parmed", reason="ParmEd is not installed: it comes as source and needs a compiler"
    )
    source = gemmi.read_structure(str(path)).make_pdb_string()
    structure = package.read_PDB(io.StringIO(source))
    stream = io.StringIO()
    write = structure.write_cif if form == "mmCIF" else structure.write_pdb
    write(stream, renumber=False, altlocs="all")
    return stream.getvalue().encode()


def openmm(path: Path, form: str) -> bytes:
    app = pytest.importorskip("openmm.app", reason="OpenMM is not installed")
    source = io.StringIO(gemmi.read_structure(str(path)).make_pdb_string())
    file, stream = app.PDBFile(source), io.StringIO()
    write = app.PDBxFile.writeFile if form == "mmCIF" else app.PDBFile.writeFile
    write(file.topology, file.positions, stream, keepIds=True)
    return stream.getvalue().encode()


WRITERS: dict[str, tuple[Callable[[Path, str], bytes], str]] = {
    "Biopython, PDB": (biopython, "PDB"),
    "Biopython, mmCIF": (biopython, "mmCIF"),
    "biotite, PDB": (biotite, "PDB"),
    "biotite, mmCIF": (biotite, "mmCIF"),
    "biotite, BinaryCIF": (biotite, "BinaryCIF"),
    "gemmi, PDB": (with_gemmi, "PDB"),
    "gemmi, mmCIF": (with_gemmi, "mmCIF"),
    "MDAnalysis, PDB": (mdanalysis, "PDB"),
    "ParmEd, PDB": (parmed, "PDB"),
    "ParmEd, mmCIF": (parmed, "mmCIF"),
    "OpenMM, PDB": (openmm, "PDB"),
    "OpenMM, mmCIF": (openmm, "mmCIF"),
}
LOSSES = {
    ("numbering/1o1z.cif", "ParmEd, mmCIF"): "residue 0 is written with the number 1",
    ("altloc/1en2.cif", "OpenMM, PDB"): "of several residues at a position the first is kept",
    ("altloc/1en2.cif", "OpenMM, mmCIF"): "of several residues at a position the first is kept",
}
"""What a program drops of an entry or changes in it, so that it is not to be had."""


def residues(chain: Chain) -> dict[str, str]:
    """Labels of the residues with coordinates, and their letters."""
    return {
        label: letter
        for label, letter, seen in zip(
            chain.residue_labels, chain.sequence, chain.observed, strict=True
        )
        if seen
    }


def contacts(chain: Chain) -> set[tuple[str, str]]:
    """Pairs of labels in contact, of any separation, as unobserved residues are not written."""
    labels = chain.residue_labels
    pairs = np.argwhere(np.triu(chain.contact_map(min_separation=1)))
    return {(labels[i], labels[j]) for i, j in pairs.tolist()}


def load(source: Path | bytes) -> Structure:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return load_structure(source)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("entry", ENTRIES)
def test_written_anew(shared_data, entry, writer):
    path = shared_data / "structures" / entry
    write, form = WRITERS[writer]
    written = write(path, form)
    source, again = load(path), load(written)
    assert list(again.chains) == list(source.chains)
    if (entry, writer) in LOSSES:
        lost = [len(set(residues(chain)) - set(residues(again.chains[chain_id])))
                for chain_id, chain in source.chains.items()]  # fmt: skip
        # As stated, and no more than that.
        assert 1 <= sum(lost) <= 5
        return
    for chain_id, chain in source.chains.items():
        other = again.chains[chain_id]
        assert residues(other) == residues(chain)
        assert contacts(other) == contacts(chain)
