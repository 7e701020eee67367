"""ProVis' validation sets: counts of the whole, records decoded on their own, labels by hand."""

from __future__ import annotations

import json
import multiprocessing
import pickle
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest

from protvis.datasets import AMINO_ACIDS, LmdbDataset, StructureDataset
from protvis.errors import DatasetError
from protvis.structure import load_structure


def raw_values(folder):
    """The values as the file has them; they are known to be plain builtins."""
    import lmdb

    with (
        lmdb.open(str(folder), readonly=True, lock=False) as environment,
        environment.begin() as transaction,
    ):
        n = pickle.loads(transaction.get(b"num_examples"))
        return [pickle.loads(transaction.get(str(index).encode())) for index in range(n)]


@pytest.fixture(params=["sites", "modifications"])
def which(request):
    return request.param


@pytest.fixture
def folder(which, request):
    return request.getfixturevalue(f"provis_{which}")


@pytest.mark.slow
def test_all_records(folder, which):
    dataset = LmdbDataset(folder)
    feature = {"sites": "binding_site", "modifications": "modification"}[which]
    assert dataset.features() == {feature: ("",), "amino_acid": tuple(AMINO_ACIDS)}
    counts = Counter()
    for key, fields in zip(dataset.keys, raw_values(folder), strict=True):
        (record,) = dataset.read(key).records
        assert record.record_id == key == fields["id"]
        assert record.sequence == fields["primary"]
        assert record.coordinates is None
        # As ProVis does it.
        expected = [number in fields[which] for number in fields["positions"]]
        assert list(record.tracks) == [feature]
        assert record.tracks[feature].kind == "site"
        assert record.tracks[feature].values.tolist() == expected
        counts["records"] += 1
        counts["residues"] += record.n_residues
        counts["with labels"] += any(expected)
        counts["labels"] += len(fields[which])
        counts["labels of no residue"] += len(set(fields[which]) - set(fields["positions"]))
        counts["over 512"] += record.n_residues > 512
        counts["with X"] += "X" in record.sequence
    # What the data's own description counts.
    own = {
        "sites": {"with labels": 1016, "labels": 17_599, "labels of no residue": 1},
        "modifications": {"with labels": 527, "labels": 2_818, "labels of no residue": 0},
    }[which]
    both = {"records": 1418, "residues": 354_947, "over 512": 79, "with X": 25}
    assert counts == Counter({**both, **own})


def test_records_decoded_elsewhere(folder, which, shared_data):
    name = {"sites": "binding_site", "modifications": "protein_modification"}[which]
    path = shared_data / "annotations" / "provis" / f"{name}_valid.sample.jsonl"
    samples = [json.loads(line) for line in path.read_text().splitlines()]
    dataset = LmdbDataset(folder)
    assert len(samples) == 20
    for sample in samples:
        assert dataset.keys[int(sample["lmdb_key"])] == sample["id"]
        record = dataset.read(sample["id"]).records[0]
        assert record.sequence == sample["primary"]
        labelled = set(sample[which])
        (track,) = record.tracks.values()
        assert np.flatnonzero(track.values).tolist() == [
            index for index, number in enumerate(sample["positions"]) if number in labelled
        ]


@pytest.mark.parametrize("stem", ["1bvyF", "3ii2A"])
def test_records_are_the_chains_of_their_entries(provis_sites, shared_data, stem):
    record_id = f"{stem[:4]}.{stem[4]}"
    record = LmdbDataset(provis_sites).read(record_id).records[0]
    assert (record.source, record.chain_id) == (stem[:4].upper(), stem[4])
    path = shared_data / "structures" / "dssp" / "ts50" / f"{stem}.pdb"
    (chain,) = StructureDataset(path).read(f"{stem}.pdb").records
    assert record.sequence == chain.sequence
    numbers = load_structure(path).chain(chain.chain_id).residue_numbers
    (fields,) = [one for one in raw_values(provis_sites) if one["id"] == record_id]
    assert fields["positions"] == numbers.tolist()


def test_the_file_itself_and_its_folder_are_the_same(provis_sites):
    folder, file = LmdbDataset(provis_sites), LmdbDataset(provis_sites / "data.mdb")
    assert folder.name == file.name == "binding_site_valid.lmdb"
    assert folder.keys == file.keys
    assert folder.fingerprint() == file.fingerprint()


def _labels(dataset, keys):
    return [dataset.read(key).records[0].tracks["binding_site"].values.tolist() for key in keys]


def test_other_processes_and_threads_read_the_same(provis_sites):
    dataset = LmdbDataset(provis_sites)
    keys = dataset.keys[:40]
    expected = _labels(dataset, keys)
    copy = pickle.loads(pickle.dumps(dataset))
    assert len(pickle.dumps(dataset)) < 50_000
    assert copy.keys == dataset.keys
    with ThreadPoolExecutor(4) as threads:
        parts = threads.map(_labels, [dataset, copy] * 4, [keys] * 8)
        assert list(parts) == [expected] * 8
    fork = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(2, mp_context=fork) as processes:
        assert list(processes.map(_labels, [dataset, copy], [keys] * 2)) == [expected] * 2


def test_unknown_ids_are_refused(provis_sites):
    dataset = LmdbDataset(provis_sites)
    with pytest.raises(DatasetError, match=r"unknown record '1bvy\.G'; did you mean '1bvy\.F'"):
        dataset.read("1bvy.G")
    assert dataset.key_of("1bvy.F") == "1bvy.F"
    assert dataset.key_of("1bvy.G") is None
