"""Structures as a data set: which chains, what is said of them, and what is left to the ledger."""

from __future__ import annotations

import gzip
import pickle
import shutil
import warnings

import numpy as np
import pytest

from protvis.analysis.counting.features import columns_of, label_record
from protvis.annotations import annotate, compute_secondary_structure
from protvis.annotations.secondary import from_calphas
from protvis.data import EXAMPLES
from protvis.datasets import SECONDARY_STRUCTURE, StructureDataset
from protvis.datasets.structure_tracks import SAID_OF_ALL
from protvis.errors import DatasetError, OptionError, StructureWarning
from protvis.structure import load_structure

FEATURES = {
    "binding_site": "binding site",
    "modification": "modified residue",
    "glycosylation": "glycosylation",
    "interface": "interface",
    "disulfide": "disulfide",
    "disulfide_bonds": "disulfide bonds",
    "file_site": "SITE records",
    "plddt": "pLDDT",
}
FILES = [
    "paper/7hvp.pdb", "multichain/4hhb.cif.gz", "numbering/1a4w.pdb", "modres/1xh4.pdb.gz",
    "plain/1crn.pdb", "multichain/7ddo.pdb.gz", "multichain/1d66.pdb", "plain/1ubq.pdb",
    "predicted/AF-V9WDR2-F1-model_v4.cif", "coarse/1lzh_ca_only.pdb.gz",
]  # fmt: skip


@pytest.fixture(scope="module")
def structures(shared_data):
    return shared_data / "structures"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::protvis.errors.StructureWarning")
@pytest.mark.parametrize("name", FILES)
def test_records_are_chains_as_annotated(structures, name):
    compare_records(structures / name)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_records_of_bundled_structures_are_chains_as_annotated(path):
    compare_records(path)


def compare_records(path):
    dataset = StructureDataset(path, chains="all")
    (key,) = dataset.keys
    structure = load_structure(path)
    reading = dataset.read(key)
    assert not reading.skipped
    assert [record.chain_id for record in reading.records] == list(structure.chains)
    for record in reading.records:
        chain = structure.chain(record.chain_id)
        assert record.sequence == chain.sequence
        assert record.source == str(path)
        assert load_structure(record.source).chain(record.chain_id).sequence == chain.sequence
        assert record.atom == chain.contact_atom
        np.testing.assert_array_equal(record.coordinates, chain.coordinates("CB"))
        known = annotate(structure, record.chain_id)
        others = [one for one in structure.chains.values() if one is not chain]
        found = {
            "secondary_structure": compute_secondary_structure(chain, others).values,
            "secondary_structure_calpha": from_calphas(chain).values,
            "secondary_structure_file": chain.secondary_structure,
        }
        if chain.is_ca_only:
            # Computed from Cα it would be another definition than that of the other files.
            found["secondary_structure"] = None
        for feature, values in found.items():
            assert (feature in record.tracks) == (values is not None)
            if values is not None:
                assert record.tracks[feature].legend == SECONDARY_STRUCTURE
                assert record.tracks[feature].values.tolist() == list(values)
        for feature, other in FEATURES.items():
            if feature not in record.tracks:
                # Nothing is said: there is nothing, or only Cα, which cannot tell.
                assert other not in known or chain.is_ca_only
            elif other in known:
                np.testing.assert_array_equal(record.tracks[feature].values, known[other].values)
            else:
                assert not record.tracks[feature].values.any()
        assert set(record.tracks) <= set(dataset.features())
        assert all(track.name == name for name, track in record.tracks.items())


def test_what_is_said_where(structures):
    def tracks(name):
        dataset = StructureDataset(structures / name)
        return dataset.read(dataset.keys[0]).records[0].tracks

    # Crambin has no ligand: that is known.
    crambin = tracks("plain/1crn.pdb")
    assert not crambin["binding_site"].values.any()
    assert crambin["disulfide"].values.sum() == 6
    assert "interface" not in crambin
    assert "plddt" not in crambin
    # A prediction without ligands says nothing about them.
    predicted = tracks("predicted/AF-V9WDR2-F1-model_v4.cif")
    assert {"plddt", "secondary_structure", "disulfide"} <= set(predicted)
    assert not {"binding_site", "modification", "glycosylation", "file_site"} & set(predicted)
    assert 0 < np.nanmax(predicted["plddt"].values) <= 100
    # Cα atoms alone do not show what is within reach of a side chain.
    lysozyme = tracks("coarse/1lzh_ca_only.pdb.gz")
    assert "secondary_structure_calpha" in lysozyme
    unknown = {"secondary_structure", "binding_site", "interface", "disulfide", "disulfide_bonds"}
    assert not unknown & set(lysozyme)


@pytest.mark.filterwarnings("ignore::protvis.errors.StructureWarning")
def test_of_residues_that_are_not_shown_little_is_known(structures):
    dataset = StructureDataset(structures / "modres/2vqc.pdb")
    (record,) = dataset.read("2vqc.pdb").records
    assert (record.n_residues, int((~record.observed).sum())) == (118, 48)
    np.testing.assert_array_equal(record.observed, ~np.isnan(record.coordinates).any(axis=1))
    assert {"modification", "modification_or_mse"} <= SAID_OF_ALL
    assert not {"binding_site", "disulfide", "secondary_structure"} & SAID_OF_ALL
    for feature in record.tracks:
        expected = 118 if feature in SAID_OF_ALL else 70
        assert record.known(feature).sum() == expected, feature
    columns = columns_of(["secondary_structure_file", "disulfide_bonds"], dataset.features())
    [states], [bonds] = label_record(record, columns, cutoff=8.0, min_separation=6)
    # The deposited structure is mostly helix, and no longer mostly nothing.
    helix = record.tracks["secondary_structure_file"].values == "H"
    assert states.known.sum() == 70
    assert states.hits[0].sum() == helix[record.observed].sum() == 46
    assert (states.hits.sum(axis=0) == states.known).all()
    assert bonds.eligible.sum() == 70 * 69


@pytest.mark.parametrize(
    ("chains", "expected"),
    [("distinct", ["A", "B"]), ("all", ["A", "B", "C", "D"]), ("first", ["A"])],
)
def test_choice_of_chains(structures, chains, expected):
    dataset = StructureDataset(structures / "multichain/4hhb.pdb", chains=chains)
    records = dataset.read("4hhb.pdb").records
    assert [record.record_id for record in records] == [f"4hhb.{one}" for one in expected]


def test_a_folder_is_all_its_files(structures, tmp_path):
    shutil.copy(structures / "plain/1crn.pdb", tmp_path / "b.pdb")
    (tmp_path / "sub").mkdir()
    shutil.copy(structures / "plain/1ubq.cif", tmp_path / "sub" / "a.CIF")
    shutil.copy(structures / "plain/1ubq.cif", tmp_path / "b.cif")
    with gzip.open(tmp_path / "a.ent.gz", "wb") as file:
        file.write((structures / "plain/1crn.pdb").read_bytes())
    (tmp_path / "notes.txt").write_text("nothing")
    (tmp_path / ".hidden.pdb").write_text("nothing")
    (tmp_path / ".cache").mkdir()
    (tmp_path / ".cache" / "c.pdb").write_text("nothing")
    dataset = StructureDataset(tmp_path)
    assert dataset.keys == ("a.ent.gz", "b.cif", "b.pdb", "sub/a.CIF")
    assert dataset.name == tmp_path.name
    assert not dataset.keys_are_records
    ids = [record.record_id for key in dataset.keys for record in dataset.read(key).records]
    assert ids == ["a.A", "b.cif.A", "b.pdb.A", "sub/a.A"]
    for key in dataset.keys:
        assert {dataset.key_of(record.record_id) for record in dataset.read(key).records} == {key}
    assert dataset.key_of("c.A") is None
    assert dataset.key_of("b.A") is None


def test_bad_files_are_refused_one_by_one(structures):
    dataset = StructureDataset(structures / "malformed")
    reasons = {}
    for key in dataset.keys:
        try:
            assert dataset.read(key).records
        except DatasetError as error:
            reasons[key] = str(error)
    assert "bom_crlf_1crn.pdb" not in reasons
    assert "is empty" in reasons["empty.pdb"]
    assert "web page" in reasons["html_404.pdb.gz"]
    assert not any("\n" in reason for reason in reasons.values())


def test_warnings_of_files_are_not_repeated(structures):
    path = structures / "numbering/gap.pdb"
    with pytest.warns(StructureWarning):
        load_structure(path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert StructureDataset(path).read("gap.pdb").records


def test_structures_loaded_before(structures, demo_structure):
    trypsin = load_structure(demo_structure)
    crambin = load_structure(structures / "plain/1crn.pdb")
    dataset = pickle.loads(pickle.dumps(StructureDataset([trypsin, crambin])))
    assert dataset.keys == ("1GBT", "1CRN")
    (record,) = dataset.read("1GBT").records
    assert record.record_id == "1GBT.A"
    assert record.sequence == trypsin.chain("A").sequence
    assert record.source == str(demo_structure)
    of_bytes = load_structure((structures / "plain/1crn.pdb").read_bytes())
    (record,) = StructureDataset(of_bytes).read("1CRN").records
    assert record.source == ""


def test_two_structures_of_one_name(structures):
    models = [load_structure(structures / "nmr/1d3z.pdb.gz", model=model) for model in (1, 2)]
    dataset = StructureDataset(models)
    assert dataset.keys == ("1D3Z", "1D3Z (2)")
    first, second = (dataset.read(key).records[0] for key in dataset.keys)
    assert (first.record_id, second.record_id) == ("1D3Z.A", "1D3Z (2).A")
    assert not np.array_equal(first.coordinates, second.coordinates)


def test_files_of_one_name_in_two_folders(structures, tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        shutil.copy(structures / "plain/1crn.pdb", tmp_path / name / "x.pdb")
    paths = [tmp_path / "one" / "x.pdb", tmp_path / "two" / "x.pdb"]
    dataset = StructureDataset(paths)
    assert dataset.keys == ("one/x.pdb", "two/x.pdb")
    assert StructureDataset([tmp_path / "one", tmp_path / "two"]).keys == dataset.keys
    assert len({dataset.read(key).records[0].record_id for key in dataset.keys}) == 2


def test_entries_out_of_reach_are_refused_when_read(tmp_path, monkeypatch):
    monkeypatch.setenv("PROTVIS_CACHE", str(tmp_path))
    dataset = StructureDataset(["1GBT", "AF-P00760-F1"])
    assert dataset.keys == ("1GBT", "AF-P00760-F1")
    with pytest.raises(DatasetError, match="PROTVIS_OFFLINE"):
        dataset.read("1GBT")
    assert dataset.fingerprint() == StructureDataset(["1GBT", "AF-P00760-F1"]).fingerprint()


def test_entries_in_the_cache_are_read(structures, tmp_path, monkeypatch):
    monkeypatch.setenv("PROTVIS_CACHE", str(tmp_path))
    (tmp_path / "structures").mkdir()
    packed = gzip.compress((structures / "plain/1crn.cif").read_bytes())
    (tmp_path / "structures" / "1CRN.cif.gz").write_bytes(packed)
    (record,) = StructureDataset("1crn").read("1crn").records
    assert (record.record_id, record.source, record.n_residues) == ("1crn.A", "1crn", 46)


def test_what_is_no_structure(tmp_path, structures):
    with pytest.raises(DatasetError, match=r"no structure in .*expected files ending in \.pdb"):
        StructureDataset(tmp_path)
    with pytest.raises(DatasetError, match="an empty list"):
        StructureDataset([])
    path = structures / "plain/1crn.pdb"
    with pytest.raises(DatasetError, match="given twice"):
        StructureDataset([path, str(path)])
    crambin = load_structure(path)
    with pytest.raises(DatasetError, match="given twice"):
        StructureDataset([crambin, crambin])
    with pytest.raises(DatasetError, match="got int"):
        StructureDataset([3])
    with pytest.raises(OptionError, match="did you mean 'distinct'"):
        StructureDataset(path, chains="distinc")


def test_fingerprints_follow_the_content(structures, tmp_path):
    path = tmp_path / "x.pdb"
    text = (structures / "plain/1crn.pdb").read_text()
    path.write_text(text)
    one = StructureDataset(tmp_path).fingerprint()
    assert StructureDataset(tmp_path).fingerprint() == one
    assert StructureDataset(tmp_path, chains="all").fingerprint() != one
    path.write_text(text.replace("17.047", "17.048"))
    assert StructureDataset(tmp_path).fingerprint() != one
    path.write_text(text)
    path.rename(tmp_path / "y.pdb")
    assert StructureDataset(tmp_path).fingerprint() != one
    loaded = load_structure(tmp_path / "y.pdb")
    again = load_structure(tmp_path / "y.pdb")
    assert StructureDataset(loaded).fingerprint() == StructureDataset(again).fingerprint()
