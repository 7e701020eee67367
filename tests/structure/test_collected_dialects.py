"""Collected files of other programs, each with the value of its README, and every test file."""

from __future__ import annotations

import numpy as np
import pytest

from protvis.errors import StructureError
from protvis.structure import load_structure
from tests.structure.collected import TEST_FILES
from tests.structure.peptides import LETTERS

EXAMPLES: dict[str, dict[str, int]] = {
    "01_solvated_box.pdb": {"A": 12}, "cobrotoxin_gromacs_solvated.pdb.gz": {"A": 62},
    "02_chain_id_comes_back.pdb": {"A": 12, "B": 12},
    "03_no_ids_one_ter.pdb": {"A": 12, "B": 12}, "03c_segment_ids.pdb": {"PROA": 12, "PROB": 12},
    "04_four_letter_name.pdb": {"A": 12}, "gromos11_traj_vac.pdb": {"A": 5},
    "05_taken_for_a_cap.pdb": {"A": 12}, "namd_cgenff.pdb": {"A": 5},
    "05c_unknown_letter.pdb": {"A": 46}, "06_receptor.pdbqt": {"A": 12},
    "hiv_protease_receptor.pdbqt": {"A": 101, "B": 98}, "07_written_by_biotite.bcif": {"A": 12},
    "08_sifts_table.cif": {"A": 12}, "09_no_label_alt_id.cif": {"A": 12},
    "11_seqres_and_cyx.pdb": {"A": 46}, "4lzt_amber_names_with_seqres.pdb": {"A": 129},
    "12_water_tip3.pdb": {"A": 46}, "15_sorted_by_number.pdb": {"A": 12},
    "16_sarcosine.pdb": {"A": 46}, "16_as_glycine.pdb": {"A": 46},
    "19_written_by_biopython.cif": {"A": 12}, "maestro_aaqaa_capped.pdb": {"A": 14},
    "5eil_written_by_biopython_1.88.cif.gz": {"A": 158, "B": 159, "C": 159},
    "thrombin_prepared_sorted_by_number.pdb.gz": {"L": 28, "H": 258, "I": 10},
}  # fmt: skip
STARTS = {
    "gromos11_traj_vac.pdb": "VYRKQ", "15_sorted_by_number.pdb": LETTERS, "namd_cgenff.pdb": "X",
    "thrombin_prepared_sorted_by_number.pdb.gz": "EADCG", "04_four_letter_name.pdb": LETTERS,
    "19_written_by_biopython.cif": "TTCCMSIVARSN", "05_taken_for_a_cap.pdb": LETTERS,
}  # fmt: skip


@pytest.mark.filterwarnings("ignore::protvis.errors.StructureWarning")
@pytest.mark.parametrize("name", EXAMPLES)
def test_collected_examples(shared_data, name):
    structure = load_structure(shared_data / "dialects" / name)
    assert {chain.chain_id: len(chain) for chain in structure.chains.values()} == EXAMPLES[name]
    first = next(iter(structure.chains.values()))
    assert first.sequence.startswith(STARTS.get(name, ""))
    if name.startswith("12"):
        assert not structure.molecules
    if name.startswith("16"):
        assert first.contact_map().sum() // 2 == 65
    if name.startswith("11"):
        assert (~first.observed).sum() == 6
    if name.startswith("05c"):
        assert first.sequence[22] == "E"


@pytest.mark.parametrize(("name", "words"), [
    ("17_cap_one_residue_cap.pdb", "no protein chain"), ("ace-ALA-nme.pdb", "no protein chain"),
    ("18_whitespace.pqr", "PQR"), ("adk_open.pqr", "PQR"),
])  # fmt: skip
def test_collected_examples_that_are_refused(shared_data, name, words):
    with pytest.raises(StructureError, match=words):
        load_structure(shared_data / "dialects" / name)


@pytest.mark.parametrize("path", sorted(TEST_FILES.iterdir()), ids=lambda path: path.name)
def test_every_atom_lies_in_one_place(path):
    """Chains and molecules share no atom, and no bonded residue lies outside all chains."""
    try:
        structure = load_structure(path)
    except StructureError:
        return
    parts = [*structure.chains.values(), *structure.molecules]
    spots = np.concatenate([part.atoms.xyz for part in parts])
    assert len(np.unique(spots.round(3), axis=0)) == len(spots)
    inside_c = np.concatenate([chain.positions("C") for chain in structure.chains.values()])
    for molecule in structure.molecules:
        names = molecule.atoms.names
        if {b"N", b"CA", b"C"}.issubset(names.tolist()):
            n = molecule.atoms.xyz[names == b"N"]
            apart = np.linalg.norm(inside_c[:, None] - n[None], axis=2)
            assert not (apart < 1.8).any()
    for chain in structure.chains.values():
        assert len(set(chain.residue_labels)) == len(chain)
