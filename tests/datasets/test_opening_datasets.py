"""From what a person names to a data set, and which of its keys are taken."""

from __future__ import annotations

import gzip
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from protvis.datasets import (
    FastaDataset,
    JoinedDataset,
    LmdbDataset,
    ProteinNetDataset,
    Record,
    StructureDataset,
    draw,
    open_dataset,
)
from protvis.errors import DatasetError, OptionError, ProtvisError
from protvis.structure import load_structure


@pytest.fixture(scope="module")
def crambin(shared_data):
    return shared_data / "structures" / "plain" / "1crn.pdb"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("structures/plain", StructureDataset),
        ("structures/plain/1crn.pdb", StructureDataset),
        ("structures/altloc/3jqh.bcif.gz", StructureDataset),
        ("annotations/provis/binding_site_valid.lmdb", LmdbDataset),
        ("annotations/provis/binding_site_valid.lmdb/data.mdb", LmdbDataset),
        ("annotations/proteinnet/text_sample.txt", ProteinNetDataset),
        ("annotations/fasta/some_proteins.fasta", FastaDataset),
        ("annotations/fasta/1a3a_1_A.a3m", FastaDataset),
    ],
)
def test_paths(shared_data, name, kind):
    for given in (shared_data / name, str(shared_data / name)):
        dataset = open_dataset(given)
        assert type(dataset) is kind
        assert len(dataset) > 0
        assert dataset.name
    assert open_dataset(dataset) is dataset


def test_the_content_decides_not_the_name(shared_data, crambin, tmp_path):
    lmdb = shared_data / "annotations/provis/binding_site_valid.lmdb/data.mdb"
    for name, source, kind in (
        ("a.txt", crambin, StructureDataset),
        ("b.pdb", shared_data / "annotations/fasta/dups.fasta", FastaDataset),
        ("c.fasta", lmdb, LmdbDataset),
        ("d.cif", shared_data / "annotations/proteinnet/text_sample.txt", ProteinNetDataset),
    ):
        shutil.copy(source, tmp_path / name)
        assert type(open_dataset(tmp_path / name)) is kind


def test_entries_structures_and_lists(shared_data, crambin, demo_structure):
    assert open_dataset("7HVP").keys == ("7HVP",)
    assert open_dataset(["1GBT", "AF-P00760-F1"]).keys == ("1GBT", "AF-P00760-F1")
    loaded = load_structure(crambin)
    assert open_dataset(loaded).keys == ("1CRN",)
    assert open_dataset([loaded]).keys == ("1CRN",)
    mixed = open_dataset([demo_structure, loaded, "7HVP", crambin.parent])
    assert isinstance(mixed, StructureDataset)
    assert len(mixed) == 3 + len(open_dataset(crambin.parent)) > 10
    with pytest.raises(DatasetError, match=r"1crn\.pdb is given twice"):
        open_dataset([crambin, crambin.parent])
    assert open_dataset(path for path in [crambin, demo_structure]).keys == (
        "1crn.pdb",
        "1gbt.cif.gz",
    )


def test_structures_of_other_packages(crambin):
    from Bio.PDB import PDBParser
    from biotite.structure.io import load_structure as load_biotite

    expected = load_structure(crambin).chain("A").sequence
    for given in (PDBParser(QUIET=True).get_structure("1crn", crambin), load_biotite(crambin)):
        for data in (given, [given]):
            dataset = open_dataset(data)
            (record,) = dataset.read(dataset.keys[0]).records
            assert record.sequence == expected


def test_lists_of_records_are_joined(provis_sites, provis_modifications, shared_data, tmp_path):
    both = open_dataset([provis_sites, str(provis_modifications)])
    assert isinstance(both, JoinedDataset)
    assert {"binding_site", "modification"} <= set(both.features())
    assert isinstance(open_dataset([provis_sites]), LmdbDataset)
    assert isinstance(
        open_dataset([LmdbDataset(provis_sites), provis_modifications]), JoinedDataset
    )
    path = tmp_path / "x.fasta"
    path.write_text(">a\nMKVLA\n")
    assert open_dataset([path, provis_sites]).keys[:2] == ("a", "4udx.X")


def test_a_fasta_file_with_its_table(tmp_path):
    path, table = tmp_path / "x.fasta", tmp_path / "x.tsv"
    path.write_text(">a\nMKVLA\n")
    table.write_text("record\tposition\tfeature\na\t2\thot\n")
    for data in ([path, table], [str(table), str(path)]):
        dataset = open_dataset(data)
        assert dataset.read("a").records[0].tracks["hot"].values[1]
    for data in ([table], [path, path, table], [path, table, table]):
        with pytest.raises(DatasetError, match="table of labels"):
            open_dataset(data)


@pytest.mark.parametrize("data", [3, None, b"1GBT", {"a": 1}, 2.5, [3], [None], [["1GBT"]]])
def test_what_is_no_data_set(data, tmp_path, monkeypatch):
    monkeypatch.setenv("PROTVIS_CACHE", str(tmp_path))
    if data == [["1GBT"]]:
        # A list within a list is a list of structures, which others cannot be joined with.
        assert open_dataset(data).keys == ("1GBT",)
        return
    with pytest.raises(DatasetError, match=r"expected a folder or files of structures"):
        open_dataset(data)


def test_files_that_are_none(shared_data, tmp_path, crambin):
    def refused(data, *reasons):
        with pytest.raises(ProtvisError) as caught:
            open_dataset(data)
        for reason in reasons:
            assert reason in str(caught.value)
        assert isinstance(caught.value, DatasetError)

    annotations = shared_data / "annotations"
    refused(annotations / "proteinnet/tf_sample.tfrecord", "TFRecord", "text edition")
    shutil.copy(annotations / "proteinnet/tf_sample.tfrecord", tmp_path / "x")
    refused(tmp_path / "x", "TFRecord")
    refused(annotations / "provis/protein_modification_valid.lmdb.data.mdb.gz", "gunzip -k")
    refused(shared_data / "msa/adk.fasta.gz", "gunzip -k adk.fasta.gz")
    refused(annotations / "provis", "no structures", "binding_site_valid.lmdb")
    refused(tmp_path / "nothing", "no file or folder")
    refused(str(crambin).replace("1crn", "1crm"), "did you mean '1crn.pdb'")
    refused(annotations / "peer_reference/aggregated_rho.csv", "table of labels")
    refused(shared_data / "structures/parser_matrix.json", "JSON file", "Data can also be")
    refused(shared_data / "structures/malformed/empty.pdb", "is empty")
    refused(shared_data / "structures/malformed/html_404.pdb", "web page")
    refused([], "the list is empty")
    refused([crambin, annotations / "fasta/dups.fasta"], "cannot be joined")
    refused([crambin, tmp_path / "nothing.lmdb"], "no file or folder")
    (tmp_path / "empty").mkdir()
    refused(tmp_path / "empty", "it holds nothing")
    (tmp_path / "damaged.gz").write_bytes(b"\x1f\x8b" + bytes(range(200)))
    refused(tmp_path / "damaged.gz", "gzip")


def test_the_first_keys():
    keys = tuple("abcdefghij")
    assert draw(keys, None, None) == draw(keys, None, 5) == draw(keys, 10, 3) == keys
    assert draw(keys, 99, None) == keys
    assert tuple(draw(keys, 3, None)) == ("a", "b", "c")


def test_keys_drawn():
    keys = tuple(f"{number:04}" for number in range(5000))
    drawn = draw(keys, 200, 123)
    assert drawn == draw(keys, 200, 123) != draw(keys, 200, 124)
    assert list(drawn) == sorted(set(drawn))
    assert len(drawn) == 200
    expected = np.random.default_rng(123).choice(5000, 200, replace=False)
    assert {int(key) for key in drawn} == set(expected.tolist())
    # Each is drawn as often as any other.
    counts = np.zeros(20)
    for seed in range(400):
        counts[[int(key) for key in draw(keys[:20], 5, seed)]] += 1
    assert np.abs(counts - 100).max() < 5 * np.sqrt(400 * 0.25 * 0.75)


@pytest.mark.parametrize(("limit", "seed"), [(0, None), (-1, None), (2.5, None), (True, 1),
                                             (3, -1), (3, 1.5), ("3", None)])  # fmt: skip
def test_draws_that_are_none(limit, seed):
    with pytest.raises(OptionError, match="must be a whole number"):
        draw(("a", "b"), limit, seed)


def test_importing_reads_no_other_package():
    code = (
        "import sys, protvis.datasets; print([name for name in "
        "('lmdb', 'Bio', 'torch', 'pandas', 'matplotlib', 'sklearn') if name in sys.modules])"
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root
    )
    assert done.stdout.strip() == "[]"


def test_records_are_checked():
    with pytest.raises(DatasetError, match="record a: the sequence is empty"):
        Record("a", "")
    with pytest.raises(DatasetError, match=r"coordinates have shape \(2, 3\), expected \(3, 3\)"):
        Record("a", "ACD", coordinates=np.zeros((2, 3)))
    record = Record("a", "ACD", coordinates=np.zeros((3, 3)))
    with pytest.raises(ValueError, match="read-only"):
        record.coordinates[0] = 1
    assert record.n_residues == 3


def test_gzipped_structures_in_a_list(crambin, tmp_path):
    with gzip.open(tmp_path / "1crn.pdb.gz", "wb") as file:
        file.write(crambin.read_bytes())
    dataset = open_dataset([tmp_path / "1crn.pdb.gz"])
    assert dataset.read("1crn.pdb.gz").records[0].record_id == "1crn.A"


def test_relative_paths_hold_wherever_a_process_works(shared_data, tmp_path, monkeypatch):
    names = (
        "structures/plain/1crn.pdb",
        "annotations/provis/binding_site_valid.lmdb",
        "annotations/proteinnet/text_sample.txt",
        "annotations/fasta/dups.fasta",
    )
    monkeypatch.chdir(shared_data)
    datasets = [open_dataset(name) for name in names]
    here = [dataset.read(dataset.keys[0]).records[0].sequence for dataset in datasets]
    assert open_dataset("structures/plain/../plain").name == "plain"
    monkeypatch.chdir(shared_data / "structures" / "plain")
    assert open_dataset(".").name == "plain"
    monkeypatch.chdir(tmp_path)
    there = [dataset.read(dataset.keys[0]).records[0].sequence for dataset in datasets]
    assert here == there
    assert len({dataset.fingerprint() for dataset in datasets}) == 4
