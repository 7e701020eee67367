"""Every collected file is read as what it is, or refused in words that help its owner."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from protvis.errors import StructureError, StructureWarning
from protvis.structure import Structure, load_structure
from tests.structure.collected import REFUSED, shared_files

FILES = shared_files()
pytestmark = pytest.mark.skipif(not FILES, reason="../shared/data/structures is not here")


def load(path) -> Structure:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", StructureWarning)
        return load_structure(path)


@pytest.mark.parametrize("name", [name for name in FILES if name not in REFUSED])
def test_is_read(shared_structures, name):
    structure = load(shared_structures / name)
    assert structure.name
    assert structure.chains
    for chain_id, chain in structure.chains.items():
        n = chain.n_residues
        assert chain_id == chain.chain_id != ""
        assert n == len(chain.sequence) == len(chain.residue_labels) == len(chain.observed)
        assert n == len(chain.residue_names) == len(chain.residue_numbers)
        assert n == len(chain.insertion_codes) == len(chain.variants) == len(chain.altlocs)
        assert n >= 2
        assert chain.observed.any()
        assert set(chain.sequence) <= set("ABCDEFGHIKLMNOPQRSTUVWXYZ")
        assert len(set(chain.residue_labels)) == n
        positions = chain.coordinates("CA")
        assert positions.shape == (n, 3)
        assert positions.dtype == np.float32
        assert np.isnan(positions[~chain.observed]).all()
        # Each residue is found under its own label, and lies where its chain does.
        for index in (0, n // 2, n - 1):
            assert structure.find(chain.residue_labels[index]) == index
        contacts = chain.contact_map()
        assert not contacts[~chain.observed].any()
        assert (contacts == contacts.T).all()
        if chain.secondary_structure is not None:
            assert len(chain.secondary_structure) == n
            assert set(chain.secondary_structure) <= set("HE-")


@pytest.mark.parametrize("name", REFUSED)
def test_is_refused(shared_structures, name):
    with pytest.raises(StructureError, match=REFUSED[name]) as caught:
        load(shared_structures / name)
    message = str(caught.value)
    # The message names the file, is in words, and says what to do next.
    assert name in message
    assert ";" in message or "Give a file" in message
    assert "Traceback" not in message


def test_json_is_refused(shared_structures):
    with pytest.raises(StructureError, match="mmJSON"):
        load(shared_structures / "dialects" / "1pfe.json")


@pytest.mark.parametrize(
    ("name", "first", "n_residues"),
    [
        ("malformed/bom_crlf_1crn.pdb", "A:THR1", 46),
        ("malformed/mmcif_named.pdb", "A:THR1", 46),
        ("malformed/pdb_named.cif", "A:THR1", 46),
        ("derived/1ubq_hybrid36.pdb", "A:MET9971", 76),
        ("dialects/pdb1gdr_1990s.ent", "A:MET1", 140),
        ("numbering/1o1z.pdb", "A:MET-11", 234),
    ],
)
def test_is_read_in_spite_of_its_form(shared_structures, name, first, n_residues):
    (chain,) = load(shared_structures / name).chains.values()
    assert chain.residue_labels[0] == first
    assert chain.n_residues == n_residues


def test_missing_atoms_are_nan_and_no_contact(shared_structures):
    whole = load(shared_structures / "plain/1crn.pdb").chains["A"]
    chain = load(shared_structures / "malformed/missing_atoms_1crn.pdb").chains["A"]
    assert chain.sequence == whole.sequence
    # Residue 5 lacks Cβ, 12 lacks Cα, of 20 only the Cα is left; 20 is Gly and needs no more.
    assert np.isnan(chain.coordinates()[4]).all()
    assert not np.isnan(chain.coordinates("CA")[4]).any()
    assert np.isnan(chain.coordinates("CA")[11]).all()
    assert chain.observed.all()
    assert not chain.contact_map()[4].any()
    kept = np.ones(46, dtype=bool)
    kept[[4]] = ~np.isnan(chain.coordinates()[4, 0])
    assert (
        chain.contact_map()[np.ix_(kept, kept)] == whole.contact_map()[np.ix_(kept, kept)]
    ).all()


def test_calpha_files_fall_back_to_calpha(shared_structures):
    chain = load(shared_structures / "coarse/1lzh_ca_only.pdb.gz").chains["A"]
    assert chain.is_ca_only
    assert chain.contact_atom == "CA"
    assert (chain.contact_map() == chain.contact_map(atom="CA")).all()
    assert chain.contact_map().any()


def test_special_residues(shared_structures):
    def residue(name, label, chain_id="A"):
        chain = load(shared_structures / name).chains[chain_id]
        return chain.sequence[chain.find(label)]

    assert residue("modres/1fdo.cif.gz", "A:CSE140") == "U"
    assert residue("derived/1l2q_PYL_from_mmtf.cif", "A:202") == "O"
    assert residue("modres/1as5.cif.gz", "A:HYP2") == "P"
    assert residue("modres/1xh4.pdb.gz", "A:SEP338") == "S"
    assert residue("modres/1xh4.pdb.gz", "A:TPO197") == "T"
    assert residue("modres/4cpa.pdb.gz", "I:GLX1", "I") == "Z"
    assert residue("numbering/1a4w.cif", "I:TYS363", "I") == "Y"
    assert residue("paper/7hvp.pdb", "A:ABA67") == "A"
    assert residue("altloc/1en2.cif", "A:PCA1") == "E"
    # Gramicidin: D-residues as their L-parent; formyl-valine is a residue, ethanolamine a cap.
    gramicidin = load(shared_structures / "modres/1grm_updated.cif")
    assert gramicidin.chains["A"].sequence == "VGALAVVVWLWLWLW"
    assert {molecule.residues[0].name for molecule in gramicidin.molecules} >= {"ETA"}
    unknown = load(shared_structures / "numbering/3gnn.pdb").chains["D"]
    assert unknown.sequence == "XXXX"
    # Histidine, cysteine and more under the names of force fields, between caps.
    amber = load(shared_structures / "dialects/helix_amber.pdb").chains["A"]
    assert amber.sequence == "ARDNCEQGHHHILMKFPSTWVY"
    charmm = load(shared_structures / "dialects/adk_open.pdb").chains["A"]
    assert {charmm.residue_names[i] for i, c in enumerate(charmm.sequence) if c == "H"} == {"HSD"}


def test_the_acetyl_cap_of_the_inhibitor_is_no_residue(shared_structures):
    structure = load(shared_structures / "paper/7hvp.pdb")
    inhibitor = structure.chains["C"]
    # SEQRES has seven components, the first of them acetyl; a model would read it as X.
    assert inhibitor.residue_names == ("SER", "LEU", "ASN", "JG3", "ILE", "VME")
    assert inhibitor.sequence == "SLNXIX"
    assert inhibitor.residue_labels[0] == "C:SER1"
    assert inhibitor.seqres_positions.tolist() == [2, 3, 4, 5, 6, 7]
    (cap,) = [molecule for molecule in structure.molecules if molecule.chain_id == "C"]
    assert (cap.kind, cap.residues[0].name, cap.residues[0].number) == ("peptide", "ACE", 0)
    assert " ACE " in structure.to_mmcif()


def test_one_row_per_position_with_microheterogeneity(shared_structures):
    crambin = load(shared_structures / "altloc/1cbn.pdb").chains["A"]
    assert crambin.n_residues == 46
    assert crambin.variants[21] == ("PRO", "SER")
    assert crambin.variants[24] == ("LEU", "ILE")
    neck = load(shared_structures / "altloc/3jqh.cif").chains["A"]
    assert (neck.n_residues, int(neck.observed.sum())) == (167, 23)
    assert [names for names in neck.variants if len(names) == 3]


def test_large_and_multi_letter_chains(shared_structures):
    ribosomes = load(shared_structures / "derived/4v5a_ca_p_only.cif.gz")
    assert len(ribosomes.chains) > 62
    assert ribosomes.chains["AB"].n_residues == 234
    assert ribosomes.find("DZ:" + ribosomes.chains["DZ"].residue_labels[5].split(":")[1]) == 5
    # RNA is there as molecules, never as residues.
    assert {molecule.kind for molecule in ribosomes.molecules} >= {"nucleic"}
    alone = load_structure(shared_structures / "derived/4v5a_ca_p_only.cif.gz", chains=["AB"])
    assert list(alone.chains) == ["AB"]
    assert alone.chains["AB"].sequence == ribosomes.chains["AB"].sequence


def test_predictions_say_so_themselves(shared_structures):
    predicted = {
        name: load(shared_structures / "predicted" / name).is_predicted
        for name in (
            "AF-V9WDR2-F1-model_v4.cif",
            "AF-Q5VSL9-F1-model_v4.pdb.gz",
            "AF-Q5VSL9-F1-model_v4.cif.gz",
            "rosetta_model.cif",
        )
    }
    assert all(predicted.values()), predicted
    for name in ("plain/1crn.pdb", "plain/1aki.bcif", "nmr/1d3z.pdb.gz", "predicted/2n2u.pdb"):
        assert not load(shared_structures / name).is_predicted
