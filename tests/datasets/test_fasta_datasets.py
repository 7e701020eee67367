"""FASTA files and tables of labels."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protvis.datasets import FastaDataset, LabelTable
from protvis.errors import DatasetError

HEADING = "record,position,feature,value\n"


@pytest.fixture(scope="module")
def fasta(shared_data):
    return shared_data / "annotations" / "fasta"


@pytest.fixture
def two(tmp_path):
    path = tmp_path / "two.fasta"
    path.write_text(">a first\nMKVLA\nGIVCW\n>b\nacdef*\n")
    return path


@pytest.fixture
def table(tmp_path):
    def write(rows, name="labels.csv", heading=HEADING):
        (tmp_path / name).write_text(heading + rows)
        return tmp_path / name

    return write


def test_files_as_biopython_reads_them(shared_data, fasta):
    from Bio import SeqIO

    for path in (fasta / "few_proteins.fasta", fasta / "some_proteins.fasta"):
        dataset = FastaDataset(path)
        with path.open() as file:
            expected = {record.id: str(record.seq) for record in SeqIO.parse(file, "fasta")}
        assert list(dataset.keys) == list(expected)
        for key, sequence in expected.items():
            (record,) = dataset.read(key).records
            assert record.sequence == sequence
            assert (record.record_id, record.coordinates, dict(record.tracks)) == (key, None, {})
    assert list(dataset.features()) == ["amino_acid"]
    assert dataset.fingerprint() != FastaDataset(fasta / "few_proteins.fasta").fingerprint()


def test_uniprot_headers(shared_data):
    dataset = FastaDataset(shared_data / "annotations/uniprot/multi_ex.fasta")
    assert dataset.keys[:2] == ("P00750", "P56540")
    (record,) = dataset.read("P00750").records
    assert (record.source, record.chain_id, record.n_residues) == ("P00750", "A", 562)


def test_comments_case_and_stops(fasta, two):
    (record,) = FastaDataset(fasta / "selenocysteine.fasta").read("Query").records
    assert record.n_residues == 792
    assert record.sequence.startswith("MHGEKYYSACALNCPDICAY")
    (record,) = FastaDataset(two).read("b").records
    assert record.sequence == "ACDEF"


def test_repeated_ids_are_refused(fasta):
    dataset = FastaDataset(fasta / "dups.fasta")
    assert dataset.keys == ("alpha", "beta", "gamma", "alpha (2)", "delta")
    with pytest.raises(DatasetError, match=r"alpha \(2\): there is a sequence called 'alpha'"):
        dataset.read("alpha (2)")
    assert dataset.read("alpha").records[0].sequence == "ACGTA"


def test_nucleotides_and_alignments_are_refused(fasta):
    dataset = FastaDataset(fasta / "badfasta.fasta")
    for key in dataset.keys:
        with pytest.raises(DatasetError, match=f"{key}.* nucleotides"):
            dataset.read(key)
    dataset = FastaDataset(fasta / "1a3a_1_A.a3m")
    assert dataset.read(dataset.keys[0]).records[0].n_residues == 145
    with pytest.raises(DatasetError, match=r"gap .-. at position 1; give sequences"):
        dataset.read(dataset.keys[1])


@pytest.mark.parametrize(
    ("sequence", "reason"),
    [
        ("", "no sequence"),
        ("*", "no sequence"),
        ("MKV<mask>A", "'<' at position 4"),
        ("MKV1", "'1' at position 4"),
        ("MK*VA", r"'\*' at position 3"),
        ("MK.VA", r"gap \(\.\) at position 3"),
        ("MKÄVA", "'Ä' at position 3"),
        ("ACGT" * 10, "ACGT is of nucleotides"),
    ],
)
def test_bad_sequences_are_refused_alone(tmp_path, sequence, reason):
    path = tmp_path / "x.fasta"
    path.write_text(f">bad\n{sequence}\n>good\nMKV\n", encoding="utf-8")
    dataset = FastaDataset(path)
    with pytest.raises(DatasetError, match=f"record bad: .*{reason}"):
        dataset.read("bad")
    assert dataset.read("good").records[0].sequence == "MKV"


def test_files_of_other_things(tmp_path, two):
    (tmp_path / "x.fasta").write_text("hello\n")
    with pytest.raises(DatasetError, match="holds no sequence"):
        FastaDataset(tmp_path / "x.fasta")
    with pytest.raises(DatasetError, match=r"no file .*nothing\.fasta"):
        FastaDataset(tmp_path / "nothing.fasta")
    dataset = FastaDataset(two)
    two.write_text("hello")
    with pytest.raises(DatasetError, match="changed since"):
        dataset.read("a")


def test_headers_without_a_name(tmp_path):
    path = tmp_path / "x.fasta"
    path.write_bytes(b">\r\nMKV\r\n> \r\nACD\r\n")
    dataset = FastaDataset(path)
    assert dataset.keys == ("sequence 1", "sequence 2")
    assert dataset.read("sequence 2").records[0].sequence == "ACD"


@settings(max_examples=40)
@given(
    st.dictionaries(
        st.text("abcXYZ019._|-", min_size=1, max_size=8),
        st.tuples(st.text("ACDEFGHIKLMNPQRSTVWYX", min_size=1, max_size=25), st.integers(1, 12)),
        min_size=1,
        max_size=8,
    )
)
def test_sequences_come_back(tmp_path_factory, sequences):
    path = tmp_path_factory.mktemp("fasta") / "x.fasta"
    with path.open("w") as file:
        for name, (sequence, width) in sequences.items():
            lines = [sequence[start : start + width] for start in range(0, len(sequence), width)]
            file.write(f">{name} and more\n" + "\n".join(lines) + "\n\n")
    dataset = FastaDataset(path)
    assert dataset.keys == tuple(sequences)
    for name, (sequence, _) in sequences.items():
        assert dataset.read(name).records[0].sequence == sequence
    path.unlink()


def test_labels(two, table):
    rows = (
        "a,2,active_site,\na,4-6,active_site,\nb,,active_site,\n"
        "a,1-3,secondary_structure,helix\na,4,secondary_structure,B\na,10,secondary_structure,T\n"
        "a,1,plddt,90.5\na,2,plddt,7e1\n"
        "a,3-4,domain,kringle\na,9,domain,SH3 like\n"
        "b,2,bound,true\nb,3,bound,0\n"
    )
    for path in (
        table(rows),
        table(rows.replace(",", "\t"), "labels.tsv", HEADING.replace(",", "\t")),
    ):
        dataset = FastaDataset(two, path)
        assert dataset.features() == {
            "amino_acid": tuple("ACDEFGHIKLMNPQRSTVWY"),
            "active_site": ("",),
            "secondary_structure": ("helix", "strand", "turn", "other"),
            "plddt": ("",),
            "domain": ("SH3 like", "kringle"),
            "bound": ("",),
        }
        tracks = dataset.read("a").records[0].tracks
        assert np.flatnonzero(tracks["active_site"].values).tolist() == [1, 3, 4, 5]
        assert "".join(tracks["secondary_structure"].values) == "HHHE-----T"
        np.testing.assert_array_equal(tracks["plddt"].values, [90.5, 70] + [np.nan] * 8)
        assert np.flatnonzero(tracks["domain"].mask("kringle")).tolist() == [2, 3]
        assert np.flatnonzero(tracks["domain"].mask("SH3 like")).tolist() == [8]
        # Of b only these are known.
        tracks = dataset.read("b").records[0].tracks
        assert set(tracks) == {"active_site", "bound"}
        assert not tracks["active_site"].values.any()
        assert tracks["bound"].values.tolist() == [False, True, False, False, False]
        copy = pickle.loads(pickle.dumps(dataset))
        assert copy.read("a").records[0].tracks["domain"].names == ("SH3 like", "kringle")
        assert copy.fingerprint() == dataset.fingerprint() != FastaDataset(two).fingerprint()


def test_a_table_without_values(two, table):
    labels = LabelTable(table("a,2,active site\nb,5,active site\n", heading=HEADING[:-7] + "\n"))
    assert labels.features == {"active_site": ("",)}
    assert set(labels.records) == {"a", "b"}
    assert labels.tracks("b", 5)["active_site"].values.tolist() == [False] * 4 + [True]
    assert labels.tracks("c", 5) == {}


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ("", "no rows"),
        ("a,0,x,\n", "row 2: expected a position from 1"),
        ("a,1,x,\na,-3,x,\n", "row 3: expected a position from 1.*'-3'"),
        ("a,5-3,x,\n", "expected a position"),
        ("a,K12,x,\n", "expected a position"),
        ("a,1.5,x,\n", "expected a position"),
        (",1,x,\n", "names no record"),
        ("a,1,,\n", "names no feature"),
        ("a,1,x,,,\n", "more cells"),
        ("a,1,contact,\n", "contact needs coordinates"),
        ("a,1,amino_acid,K\n", "read from the sequence"),
        ("a,1,x,0.5\na,2,x,0.7\n", "x has numbers"),
        ("a,1,x,good\na,2,x,\n", "give all or none"),
        ("a,1,plddt,high\n", "plddt takes numbers"),
        ("a,1,plddt,1e999\n", "plddt takes numbers"),
        ("a,1,plddt,٩\n", "plddt takes numbers"),
        ("a,²,x,\n", "expected a position"),
        ("a,٣,x,\n", "expected a position"),
        (f"a,{'1' * 5000},x,\n", "expected a position"),
        (f"a,1,{'x' * 200_000},\n", "as a table"),
        ("a,1,secondary_structure,Q\n", "and not 'Q'"),
        ("c,1,x,\n", "unknown record 'c'"),
    ],
)
def test_bad_tables_are_refused_at_once(two, table, rows, reason):
    with pytest.raises(DatasetError, match=reason):
        FastaDataset(two, table(rows))


def test_bad_files_of_tables(two, table, tmp_path):
    with pytest.raises(DatasetError, match="no column position, feature"):
        LabelTable(table("a,1\n", heading="record,residue\n"))
    with pytest.raises(DatasetError, match="no file"):
        LabelTable(tmp_path / "nothing.csv")
    (tmp_path / "x.csv").write_bytes(b"record,position,feature\nB\xff,1,site\n")
    with pytest.raises(DatasetError, match="cannot read"):
        LabelTable(tmp_path / "x.csv")
    (tmp_path / "x.csv").write_bytes(b"")
    with pytest.raises(DatasetError, match="no column record"):
        LabelTable(tmp_path / "x.csv")


def test_labels_that_do_not_fit_a_record(two, table):
    dataset = FastaDataset(two, table("a,11,x,\nb,1,x,\n"))
    with pytest.raises(DatasetError, match=r"record a: x at position 11 is outside .* 10 residues"):
        dataset.read("a")
    assert dataset.read("b").records
    dataset = FastaDataset(two, table("a,1-3,x,red\na,3,x,blue\nb,1,x,red\nb,1,x,red\n"))
    with pytest.raises(DatasetError, match="said twice, and differently"):
        dataset.read("a")
    assert dataset.read("b").records[0].tracks["x"].mask("red").sum() == 1
