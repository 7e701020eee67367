"""Chains and partners chosen by name, features computed when asked for, and what is warned of."""

from __future__ import annotations

import pickle
import shutil

import numpy as np
import pandas as pd
import pytest

from protvis.analysis.counting.features import columns_of, label_record
from protvis.annotations import interface, modified_residues
from protvis.cli import main
from protvis.datasets import StructureDataset, open_dataset
from protvis.datasets.structure_tracks import FEATURES
from protvis.errors import DatasetError, OptionError
from protvis.structure import Structure, load_structure
from protvis.structure.contacts import contacts_between


@pytest.fixture(scope="module")
def hemoglobin(shared_data):
    return shared_data / "structures/multichain/4hhb.pdb"


def ids(dataset):
    return [record.record_id for key in dataset.keys for record in dataset.read(key).records]


def last_two(structure: Structure):
    return list(structure.chains)[-2:]


@pytest.mark.parametrize(
    "chains",
    [
        {"4hhb.pdb": ["C", "D"]},
        {"4hhb": "C,D"},
        pd.DataFrame({"file": ["4hhb", "4hhb"], "chain": ["C", "D"]}),
        last_two,
    ],
)
def test_chains_are_chosen_by_name(hemoglobin, chains):
    dataset = StructureDataset(hemoglobin, chains=chains)
    assert ids(dataset) == ["4hhb.C", "4hhb.D"]
    again = pickle.loads(pickle.dumps(dataset))
    assert ids(again) == ids(dataset)
    assert again.fingerprint() == dataset.fingerprint()
    assert dataset.fingerprint() != StructureDataset(hemoglobin, chains="all").fingerprint()


@pytest.mark.parametrize(
    "text",
    [
        "file,chain\n4hhb.pdb,B\n1crn,A\n",
        "4hhb\tB\n1crn\tA\n",
        "\n4hhb.pdb  B\n1crn.pdb A\n",
        "4hhb,B\r1crn,A\r",
    ],
)
def test_a_table_names_files_and_chains(shared_data, hemoglobin, tmp_path, text):
    for path in (hemoglobin, shared_data / "structures/plain/1crn.pdb"):
        shutil.copy(path, tmp_path)
    shutil.copy(hemoglobin, tmp_path / "unlisted.pdb")
    table = tmp_path / "chains.txt"
    table.write_text(text)
    assert ids(StructureDataset(tmp_path, chains=table)) == ["1crn.A", "4hhb.B"]
    assert ids(open_dataset(tmp_path, chains=str(table))) == ["1crn.A", "4hhb.B"]


@pytest.mark.parametrize(
    ("chains", "error", "message"),
    [
        ("last", OptionError, "unknown choice of chains 'last'.*name the file of a table"),
        ({"4hbb": "A"}, DatasetError, "file '4hbb'; did you mean '4hhb'"),
        ({}, OptionError, "names no file"),
        (3, OptionError, "got int"),
        ({"4hhb": 1}, OptionError, "expected chain ids"),
        (pd.DataFrame({"file": ["4hhb"]}), DatasetError, "has 1 columns; expected two"),
    ],
)
def test_a_choice_that_is_none_is_refused(hemoglobin, chains, error, message):
    with pytest.raises(error, match=message):
        StructureDataset(hemoglobin, chains=chains)


def test_a_chain_that_is_not_there_goes_to_the_ledger(hemoglobin):
    reading = StructureDataset(hemoglobin, chains={"4hhb": ["A", "Q"]}).read("4hhb.pdb")
    assert [record.record_id for record in reading.records] == ["4hhb.A"]
    [(name, reason)] = reading.skipped
    assert name == "4hhb.Q"
    assert "unknown protein chain 'Q'" in reason


def test_partners_make_the_interface(shared_data):
    path = next((shared_data / "antibodies/complexes").glob("*.pdb.gz"))
    structure = load_structure(path)
    antigen = [name for name in structure.chains if name not in "HL"]
    assert antigen
    chains = {path.name: ["H", "L"]}
    for partners in ("unchosen", {path.name: antigen}, lambda one: set(one.chains) - {"H", "L"}):
        dataset = StructureDataset(path, chains=chains, partners=partners)
        for record in dataset.read(path.name).records:
            found = record.tracks["interface"].values
            own = structure.chain(record.chain_id)
            heavy = own.atoms.elements != b"H"
            far = np.concatenate([structure.chain(one).atoms.xyz for one in antigen])
            apart = np.linalg.norm(own.atoms.xyz[heavy][:, None] - far[None], axis=2)
            near = np.unique(own.atoms.residues[heavy][(apart < 4.5).any(axis=1)])
            np.testing.assert_array_equal(np.flatnonzero(found), near)
            everything = interface(structure, record.chain_id).values
            assert (everything & ~found).any()
            assert record.tracks["interface"].source.endswith(
                f"chains {', '.join(sorted(antigen))}"
            )
    with pytest.raises(OptionError, match="partners are 'unchosen'"):
        StructureDataset(path, partners="all")


def test_nothing_is_computed_that_no_feature_asks_for(hemoglobin, monkeypatch):
    made = []
    for name, feature in FEATURES.items():

        def make(site, name, feature=feature):
            made.append(name)
            return feature.make(site, name)

        monkeypatch.setitem(FEATURES, name, type(feature)(make, feature.values, feature.of_all))
    [record] = StructureDataset(hemoglobin, chains="first").read("4hhb.pdb").records
    assert made == []
    assert record.tracks["binding_site"] is record.tracks["binding_site"]
    assert made == ["binding_site"]
    assert set(record.tracks) <= set(FEATURES)
    assert sorted(made) == sorted(FEATURES)


@pytest.mark.filterwarnings("ignore::protvis.errors.StructureWarning")
def test_contacts_of_the_assembly_include_those_between_copies(shared_data):
    path = shared_data / "structures/paper/7hvp.pdb"
    dataset = StructureDataset(path, chains="first")
    [record] = dataset.read(path.name).records
    structure = load_structure(path, assembly=1)
    own = structure.chains[record.chain_id].coordinates("CB")
    expected = contacts_between(own, own)
    copies = [one for one in structure.chains.values() if one.sequence == record.sequence]
    assert len(copies) == 2
    for one in copies:
        between = contacts_between(own, one.coordinates("CB"))
        expected |= between | between.T
    np.testing.assert_array_equal(record.tracks["contact_assembly"].values, expected)
    assert expected.sum() > contacts_between(own, own).sum()
    columns = columns_of(["contact_assembly"], dataset.features())
    _, [pairs] = label_record(record, columns, cutoff=8.0, min_separation=6)
    near = np.abs(np.subtract.outer(*[np.arange(record.n_residues)] * 2)) < 6
    assert not (pairs.hits & near).any()
    assert (pairs.hits == expected & ~near & record.observed & record.observed[:, None]).all()


def test_a_file_without_an_assembly_says_nothing_of_it(shared_data):
    path = min((shared_data / "antibodies/complexes").glob("*.gz"))
    dataset = StructureDataset(path)
    [record, *_] = dataset.read(dataset.keys[0]).records
    assert "contact_assembly" not in record.tracks


@pytest.mark.filterwarnings("ignore::protvis.errors.StructureWarning")
def test_selenomethionine_is_a_modification_only_if_asked_for(shared_data):
    folder = shared_data / "structures"
    found = 0
    for path in sorted(folder.rglob("*.pdb*")):
        text = b"" if path.suffix == ".gz" else path.read_bytes()
        if b" MSE " not in text:
            continue
        structure = load_structure(path)
        for chain_id, chain in structure.chains.items():
            is_mse = np.array([name == "MSE" for name in chain.residue_names])
            if is_mse.any():
                found += 1
                assert not (modified_residues(structure, chain_id).values & is_mse).any()
                assert modified_residues(structure, chain_id, exclude=()).values[is_mse].all()
        if found > 2:
            break
    assert found


def test_breaks_are_warned_of(shared_data):
    dataset = StructureDataset(shared_data / "structures" / "numbering")
    lines = [line for key in dataset.keys for line in dataset.read(key).warnings]
    assert lines
    assert all("\n" not in text and "/" not in text for _, text in lines)


def test_breaks_of_chains_that_are_not_chosen_say_nothing(shared_data):
    """In 7VNG the light chain is broken, and the antigen."""
    path = shared_data / "antibodies/complexes/7VNG.pdb.gz"
    expected = {
        ("H", "L"): ["chain L: the chain is broken after L:ARG24, L:VAL104"],
        ("A",): ["chain A: the chain is broken after A:PRO310"],
        ("H",): [],
    }
    for chains, breaks in expected.items():
        found = StructureDataset(path, chains={path.name: chains}).read(path.name).warnings
        assert [text.partition(", and")[0] for _, text in found] == breaks
        assert [name for name, _ in found] == [f"7VNG.{line[6]}" for line in breaks]


def test_the_command_line_takes_a_table_of_chains(hemoglobin, tmp_path, capsys):
    table = tmp_path / "chains.csv"
    table.write_text("file,chain\n4hhb,D\n")
    common = ["--model", "mini", "--features", "contact", "--no-progress"]
    out = tmp_path / "out"
    assert main(
        ["analyze", str(hemoglobin), *common, "--chains", str(table), "--out", str(out)]
    ) == 0  # fmt: skip
    assert "1 protein" in capsys.readouterr().out
    assert main(
        ["analyze", str(hemoglobin), *common, "--chains", "frist", "--out", str(tmp_path / "no")]
    ) == 2  # fmt: skip
    assert "did you mean 'first'" in capsys.readouterr().err
    fasta = tmp_path / "one.fasta"
    fasta.write_text(">a\nMKVLAAGIVGLLLAQWERTYIPASDFGHKLCVNM\n")
    assert main(
        ["analyze", str(fasta), *common, "--chains", "first", "--out", str(tmp_path / "no")]
    ) == 2  # fmt: skip
    assert "is not a folder, file or list of structures" in capsys.readouterr().err
