"""FASTA as other programs write it."""

from __future__ import annotations

import pytest

from protvis.datasets import FastaDataset

FASTA = {
    "form feed": (b">P1 toxin\x0cALPHA\nMKTAYIAK\n", {"P1": "MKTAYIAK"}),
    "vertical tab": (b">P1 toxin\x0bALPHA\nMKTAYIAK\n", {"P1": "MKTAYIAK"}),
    "group separator": (b">P1 toxin\x1dALPHA\nMKTAYIAK\n", {"P1": "MKTAYIAK"}),
    "next line": (">P1 toxin\x85ALPHA\nMKTAYIAK\n".encode(), {"P1": "MKTAYIAK"}),
    "line separator": (">P1 a\u2028KINASE\nMKTAYIAK\n".encode(), {"P1": "MKTAYIAK"}),
    "paragraph separator": (">P1 a\u2029KINASE\nMKTAYIAK\n".encode(), {"P1": "MKTAYIAK"}),
    "CR alone": (b">a\rMKTA\rYIAK\r>b\rGHIKLMNP\r", {"a": "MKTAYIAK", "b": "GHIKLMNP"}),
    "CR within": (b">a\nMKTA\r>b\nGHIK\n>c\nAAAC\n", {"a": "MKTA", "b": "GHIK", "c": "AAAC"}),
    "CR LF": (b">a\r\nMKTA\r\n;no\r\nYIAK\r\n>b\r\nGHIK\r\n", {"a": "MKTAYIAK", "b": "GHIK"}),
    "mark": (b"\xef\xbb\xbf>a\nMKTAYIAK\n>b\nGHIK", {"a": "MKTAYIAK", "b": "GHIK"}),
    "arrow in a header": (b">a > b\nMKTA\n", {"a": "MKTA"}),
    "ProteinMPNN": (
        b">1ABC, score=1.2, global_score=1.2, designed_chains=['A', 'C'], seed=37\nMKTA/GHIK\n"
        b">T=0.1, sample=1, score=0.8\nMKTC/GHIR\n>T=0.2, sample=1, score=0.8\nMKTD/GHIY\n",
        {"1ABC.A": "MKTA", "1ABC.C": "GHIK", "1ABC_T0.1_sample1.A": "MKTC",
         "1ABC_T0.1_sample1.C": "GHIR", "1ABC_T0.2_sample1.A": "MKTD",
         "1ABC_T0.2_sample1.C": "GHIY"},
    ),
    "LigandMPNN": (
        b">1BC8, T=0.1, seed=111, num_res=4, num_ligand_res=2, batch_size=1\nMKTA\n"
        b">1BC8, id=1, T=0.1, seed=111, overall_confidence=0.4, seq_rec=0.5\nMKTC\n"
        b">1BC8, id=2, T=0.1, seed=111, overall_confidence=0.4, seq_rec=0.5\nMKTD\n",
        {"1BC8": "MKTA", "1BC8_T0.1_id1": "MKTC", "1BC8_T0.1_id2": "MKTD"},
    ),
    "ColabFold": (b">dimer\nMKTA:GHIK:\nMKTA\n", {"dimer.1": "MKTA", "dimer.2": "GHIK"}),
}  # fmt: skip


@pytest.mark.parametrize("form", FASTA)
def test_fasta_of_any_writer(tmp_path, form):
    data, expected = FASTA[form]
    path = tmp_path / "some.fasta"
    path.write_bytes(data)
    dataset = FastaDataset(path)
    records = [record for key in dataset.keys for record in dataset.read(key).records]
    assert {record.record_id: record.sequence for record in records} == expected
    assert dataset.keys_are_records == (not any("." in name.split("_")[0] for name in expected))
    assert all(dataset.key_of(name) in dataset.keys for name in expected)


def test_fasta_indexed_piece_by_piece(tmp_path, monkeypatch):
    """Headers, line ends and records that lie across the pieces that are read."""
    from protvis.datasets import fasta

    rows = [(f"record{at} {'x' * (at % 7)}", "MKTAYIAK" * (at % 5 + 1)) for at in range(60)]
    path = tmp_path / "many.fasta"
    path.write_bytes("".join(f">{name}\r\n{letters}\r\n" for name, letters in rows).encode())
    for piece in (16, 17, 23, 64, 2**20):
        monkeypatch.setattr(fasta, "_CHUNK", piece)
        monkeypatch.setattr(fasta, "_MAX_HEADER", 64)
        dataset = FastaDataset(path)
        assert list(dataset.keys) == [name.split()[0] for name, _ in rows]
        assert [dataset.read(key).records[0].sequence for key in dataset.keys] == [
            s for _, s in rows
        ]
        assert dataset.keys_are_records


@pytest.mark.parametrize(("name", "sizes"), [
    ("13_bom.fasta", [46, 46]), ("13b_cr.fasta", [46, 46]), ("14_proteinmpnn.fa", [46] * 3),
    ("14b_proteinmpnn_complex.fa", [46, 46]), ("proteinmpnn_4YOW.fa", [227, 4] * 3),
])  # fmt: skip
def test_collected_sequences(shared_data, name, sizes):
    dataset = FastaDataset(shared_data / "dialects" / name)
    records = [record for key in dataset.keys for record in dataset.read(key).records]
    assert [len(record.sequence) for record in records] == sizes
    assert len({record.record_id for record in records}) == len(records)
