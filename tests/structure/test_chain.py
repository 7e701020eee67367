"""What a chain answers: labels, positions, contacts, breaks."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

from protvis.errors import LabelError, StructureWarning
from protvis.structure import load_structure
from tests.structure.chain_files import Residue, pdb_text
from tests.structure.collected import TEST_FILES


def chain_of(*residues: Residue, **options):
    (chain,) = load_structure(pdb_text(residues, **options).encode()).chains.values()
    return chain


@pytest.fixture(scope="module")
def protease():
    """Chymotrypsinogen numbering with insertion codes."""
    return load_structure(TEST_FILES / "4zhl.cif.gz").chains["U"]


def test_labels_carry_number_and_insertion_code(protease):
    assert protease.residue_labels[0] == "U:ILE16"
    assert "U:CYS168" in protease.residue_labels
    codes = {code for code in protease.insertion_codes if code}
    assert codes >= {"A", "B"}
    for index, label in enumerate(protease.residue_labels):
        assert protease.find(label) == index


def test_find_takes_partial_labels(protease):
    index = protease.residue_labels.index("U:HIS57")
    assert protease.find("U:57") == protease.find("HIS57") == protease.find("57") == index
    assert protease.find("u:his57".replace("u:", "U:")) == index


def test_find_names_near_misses(protease):
    with pytest.raises(LabelError, match="did you mean 'U:HIS57'"):
        protease.find("U:ALA57")
    with pytest.raises(LabelError, match="names chain 'A', but this is chain 'U'"):
        protease.find("A:HIS57")
    with pytest.raises(LabelError, match="there is no residue"):
        protease.find("U:HIS5700")
    with pytest.raises(LabelError, match="expected a residue label"):
        protease.find("histidine")


def test_a_label_that_fits_several_lists_them():
    chain = chain_of(Residue("ALA", 1), Residue("GLY", 2), Residue("SER", 2), Residue("TRP", 3))
    with pytest.raises(LabelError, match="A:GLY2, A:SER2"):
        chain.find("A:2")
    assert chain.find("A:SER2") == 2


def test_beta_carbons_and_glycine():
    chain = chain_of(Residue("ALA", 1), Residue("GLY", 2), Residue("SER", 3))
    positions = chain.coordinates()
    assert positions.dtype == np.float32
    np.testing.assert_array_equal(positions[1], chain.coordinates("CA")[1])
    assert np.linalg.norm(positions[0] - chain.coordinates("CA")[0]) > 1
    assert np.isnan(chain.coordinates("OG")).all()
    # What is handed out is the caller's own.
    positions[:] = 0
    assert chain.coordinates().any()


def test_virtual_beta_carbon_follows_its_formula(protease):
    n, ca, c = (protease.coordinates(atom).astype(float) for atom in ("N", "CA", "C"))
    virtual = protease.coordinates("virtual_cb")
    for index in range(0, protease.n_residues, 25):
        b, d = ca[index] - n[index], c[index] - ca[index]
        a = np.cross(b, d)
        expected = -0.58273431 * a + 0.56802827 * b - 0.54067466 * d + ca[index]
        np.testing.assert_allclose(virtual[index], expected, atol=1e-4)
    # It lies where the real one does.
    apart = np.linalg.norm(virtual - protease.coordinates("CB"), axis=1)
    is_glycine = np.array([name == "GLY" for name in protease.residue_names])
    assert np.nanmax(apart[~is_glycine]) < 0.3


def test_contacts_count_separation_over_unobserved_residues():
    rows = [Residue("ALA", number) for number in range(1, 9)]
    for row in rows[2:6]:
        row.observed = False
    chain = chain_of(*rows)
    contacts = chain.contact_map(cutoff=100.0, min_separation=6)
    assert [tuple(pair) for pair in np.argwhere(np.triu(contacts))] == [(0, 6), (0, 7), (1, 7)]
    assert not chain.contact_map(cutoff=100.0, min_separation=8).any()
    assert chain.contact_map(cutoff=100.0, min_separation=0).diagonal().sum() == 4


@pytest.mark.parametrize("options", [{"cutoff": 0}, {"cutoff": -1.0}, {"min_separation": -1}])
def test_impossible_limits_are_refused(protease, options):
    with pytest.raises(ValueError, match="must be"):
        protease.contact_map(**options)


def test_distances_are_symmetric_and_nan_where_unobserved():
    chain = chain_of(Residue("ALA", 1), Residue("ALA", 2, observed=False), Residue("ALA", 3))
    distances = chain.distance_map()
    assert distances.dtype == np.float32
    assert np.isnan(distances[1]).all()
    assert np.isnan(distances[:, 1]).all()
    assert distances[0, 2] == distances[2, 0] > 0


def test_a_break_without_seqres_is_told():
    rows = [Residue("ALA", 1), Residue("ALA", 2, observed=False), Residue("ALA", 3)]
    with pytest.warns(StructureWarning, match="chain A: the chain is broken after A:ALA1"):
        chain = chain_of(*rows, seqres=False, remark=False)
    assert chain.breaks == (0,)
    assert chain.sequence == "AA"
    assert chain.seqres_positions is None


def test_numbers_that_skip_are_no_break():
    chain = chain_of(Residue("ALA", 34), Residue("ALA", 37), Residue("ALA", 38), seqres=False)
    assert chain.breaks == ()


@pytest.mark.parametrize("remark", [True, False])
def test_seqres_of_another_protein_is_set_aside(remark):
    text = pdb_text([Residue("ALA", number) for number in range(1, 11)], remark=remark)
    with pytest.warns(StructureWarning, match="SEQRES was set aside"):
        chain = load_structure(
            "\n".join(
                line.replace("ALA", "TRP") if line.startswith("SEQRES") else line
                for line in text.splitlines()
            ).encode()
        ).chains["A"]
    assert chain.sequence == "A" * 10


def test_unobserved_residues_carry_the_numbers_that_the_file_states():
    rows = [
        Residue("MET", -2, observed=False), Residue("ALA", -1), Residue("GLY", 60),
        Residue("GLY", 60, "A", observed=False), Residue("SER", 61),
        Residue("LEU", 62, observed=False),
    ]  # fmt: skip
    chain = chain_of(*rows)
    assert chain.residue_labels == (
        "A:MET-2", "A:ALA-1", "A:GLY60", "A:GLY60A", "A:SER61", "A:LEU62",
    )  # fmt: skip
    counted = chain_of(*rows, remark=False)
    assert counted.sequence == "MAGGSL"
    assert counted.residue_labels[0] == "A:MET-2"
    assert counted.residue_labels[-1] == "A:LEU62"


def test_counted_numbers_never_run_into_those_of_the_file():
    rows = [
        Residue("ALA", 60), Residue("GLY", 0, observed=False), Residue("GLY", 0, observed=False),
        Residue("SER", 61), Residue("GLY", 0, observed=False), Residue("GLY", 0, observed=False),
        Residue("TRP", 64), Residue("LEU", 65), Residue("VAL", 66),
    ]  # fmt: skip
    chain = chain_of(*rows, remark=False)
    assert chain.residue_labels == (
        "A:ALA60", "A:GLY60A", "A:GLY60B", "A:SER61", "A:GLY62", "A:GLY63", "A:TRP64", "A:LEU65",
        "A:VAL66",
    )  # fmt: skip


def test_arrays_cannot_be_written_into(protease):
    for array in (protease.observed, protease.residue_numbers, protease.atoms.xyz):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_chains_travel_between_processes(protease):
    same = pickle.loads(pickle.dumps(protease))
    assert same.residue_labels == protease.residue_labels
    assert (same.contact_map() == protease.contact_map()).all()
    assert copy.deepcopy(protease).sequence == protease.sequence
