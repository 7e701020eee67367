"""Small files that would take gigabytes or minutes are refused before anything is built of them."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import re
import socket
import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import gemmi
import msgpack
import pytest
from Bio.PDB import PDBParser

from protvis.analysis.splits.record_families import read_clusters
from protvis.annotations import map_by_sifts, read_uniprot, track
from protvis.data import TRYPSIN
from protvis.datasets import FastaDataset, ProteinNetDataset, StructureDataset, open_dataset
from protvis.errors import (
    AnnotationError,
    DatasetError,
    OptionError,
    StructureError,
    StructureUnavailableError,
)
from protvis.input_file import plain_text, whole_number
from protvis.structure import fetch_structure, load_structure
from protvis.structure.files import binary_cif, formats, pdb_text
from tests.structure.peptides import mmcif, pdb, peptide, solvent

MIB = 2**20


@contextmanager
def memory_below(limit: int) -> Iterator[None]:
    """Fail if Python's own memory grows past a limit, in bytes."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < limit
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_streams_without_content(pack):
    with pytest.raises(StructureError, match=r"file of more than 20,000 parts"):
        load_structure(pack(b"") * 20_001)
    data = pack(b"") * 200 + pack(pdb(peptide())) + pack(b"") * 200
    assert len(load_structure(data).chains["A"]) == 12


@pytest.mark.slow
@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_bombs_of_each_compression(pack):
    bomb = pack(bytes(40 * MIB))
    with memory_below(200 * MIB), pytest.raises(StructureError, match="MiB uncompressed"):
        load_structure(bomb)


@pytest.mark.slow
@pytest.mark.parametrize("element", [b"\x80", b"\x90", b"\xc0", b"\x01"])
def test_binary_cif_of_nothing_but_lists(element):
    """Maps, lists, nothings and numbers of one byte each, at once and in lists of lists."""
    head = b"\x82" + msgpack.packb("dataBlocks") + msgpack.packb([]) + msgpack.packb("x")
    flat = head + b"\xdd" + (3_000_000).to_bytes(4, "big") + element * 3_000_000
    row = b"\xdc" + (9000).to_bytes(2, "big") + element * 9000
    nested = head + b"\xdc" + (333).to_bytes(2, "big") + row * 333
    for data in (flat, nested):
        with memory_below(150 * MIB), pytest.raises(StructureError, match="damaged or cut off"):
            load_structure(data)


def test_binary_cif_that_claims_more_values_than_it_can_have(monkeypatch):
    column = {"name": "x", "data": {"data": b"", "encoding": []}, "mask": None}
    table = {"name": "_atom_site", "rowCount": 19_000_000, "columns": [column] * 19}
    content = {"dataBlocks": [{"header": "x", "categories": [table]}]}
    with pytest.raises(StructureError, match="more than a file of its size can have"):
        load_structure(msgpack.packb(content))
    assert binary_cif.is_binary_cif(msgpack.packb(content))


@pytest.mark.parametrize("separator", [b" ", b"\n", b"\t"])
def test_cif_of_short_values(separator):
    """Each value of one letter takes 32 bytes in memory, whatever parts them."""
    table = b"data_x\nloop_\n_a.b\n" + (b"1" + separator) * 5_000_000
    with pytest.raises(StructureError, match=r"holds about 5,000,00\d values"):
        load_structure(gzip.compress(table))
    # Plain, the file is as large as what it holds.
    assert formats.most_values(len(table)) > 5_000_000


def test_many_data_blocks():
    blocks = b"".join(b"data_x%d\n_a.b 1\n" % at for at in range(9000))
    with pytest.raises(StructureError, match="more than 1,000 data blocks"):
        load_structure(blocks)
    few = b"".join(b"data_x%d\n_a.b 1\n" % at for at in range(300))
    assert len(load_structure(few + mmcif(peptide())).chains["A"]) == 12


RECORDS = ("REMARK 465     ALA A{0:>6}", "HELIX    1   1 ALA A    1  GLY A{0:>5}  1",
           "SSBOND   1 CYS A    1    CYS A {0:>4}", "SITE     1 AC1  4 ALA A{0:>4}",
           "MODRES 1ABC ALA A {0:>4}  ALA  X", "SEQRES{0:>4} A   12  ALA")  # fmt: skip


@pytest.mark.parametrize("record", RECORDS)
def test_many_records_beside_the_atoms(record, monkeypatch):
    monkeypatch.setattr(pdb_text, "_MAX_HEADER_LINES", 5000)
    lines = "\n".join(record.format(at % 9999) for at in range(5001))
    with pytest.raises(StructureError, match="more than 5,000 lines that are not atoms"):
        load_structure(lines.encode() + b"\n" + pdb(peptide()))
    # As many waters are none too many.
    assert len(load_structure(pdb(peptide(), solvent("HOH", ["O"], 5001))).chains["A"]) == 12


def test_missing_residues_are_read_in_one_go():
    lines = [f"REMARK 465     ALA A{at % 9999:>6}" for at in range(30_000)]
    missing = pdb_text.missing_residues(lines)
    assert len(missing["A"]) == 9999
    assert missing["A"][:2] == [("ALA", 0, ""), ("ALA", 1, "")]


@pytest.fixture
def odd_files(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    endpoint = socket.socket(socket.AF_UNIX)
    endpoint.bind(str(tmp_path / "socket"))
    yield [str(tmp_path / "pipe"), str(tmp_path / "socket"), "/dev/zero"]
    endpoint.close()


def test_regular_files_only(odd_files):
    chain = load_structure(pdb(peptide())).chains["A"]
    for path in odd_files:
        for read, error in (
            (load_structure, StructureError), (read_uniprot, AnnotationError),
            (lambda path: track(chain, path), AnnotationError),
            (lambda path: map_by_sifts(path, chain), AnnotationError),
            (FastaDataset, DatasetError), (open_dataset, DatasetError),
            (ProteinNetDataset, DatasetError), (read_clusters, OptionError),
            (lambda path: StructureDataset(TRYPSIN, chains=path), DatasetError),
        ):  # fmt: skip
            with pytest.raises(error, match="a pipe or a device, not a regular file"):
                read(path)


def test_a_sequence_of_one_line_without_end(tmp_path):
    path = tmp_path / "long.fasta"
    with path.open("wb") as file:
        file.write(b">long\n")
        for _ in range(60):
            file.write(b"A" * MIB)
        file.write(b"\n>short\nMKTA\n")
    with memory_below(20 * MIB):
        dataset = FastaDataset(path)
        assert dataset.keys == ("long", "short")
        assert dataset.read("short").records[0].sequence == "MKTA"
        with pytest.raises(DatasetError, match="more than any protein has"):
            dataset.read("long")


@pytest.mark.parametrize("line", [b">" * 3 * MIB, b">a" + b" x" * MIB, b"A" * 3 * MIB])
def test_headers_and_lines_without_end(tmp_path, line):
    path = tmp_path / "long.fasta"
    path.write_bytes(b">first\nMKTA\n" + line + b"\n>last\nMKTA\n")
    with memory_below(40 * MIB):
        dataset = FastaDataset(path)
        assert (dataset.keys[0], dataset.keys[-1]) == ("first", "last")
        assert max(map(len, dataset.keys)) <= 200


@pytest.mark.parametrize("opening", ["[", '{"a":', '{"results":['])
def test_nested_json(opening):
    with pytest.raises(AnnotationError, match=r"nested too deeply|damaged"):
        read_uniprot((opening * 100_000).encode())
    with pytest.raises(StructureError, match="is a JSON file"):
        load_structure((opening * 100_000).encode())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
@pytest.mark.parametrize("root", ["uniprot", "entry"])
def test_xml_with_entities_in_any_encoding(encoding, root):
    name = encoding.removesuffix("-sig").removesuffix("-le").removesuffix("-be")
    text = (
        f'<?xml version="1.0" encoding="{name}"?>'
        f'<!DOCTYPE {root} [<!ENTITY a "b">]><{root}>&a;</{root}>'
    )
    chain = load_structure(pdb(peptide())).chains["A"]
    for read in (read_uniprot, lambda data: map_by_sifts(data, chain)):
        # Without a byte-order mark UTF-16 is not taken for text, and nothing is parsed.
        with pytest.raises(AnnotationError, match=r"declares XML entities|not a UniProt|table"):
            read(text.encode(encoding))


@pytest.mark.parametrize("number", ["²", "٣٤", "1_0", "+-1", "½", "0x1", "9" * 5000])
def test_odd_numbers(number):
    """They are no numbers of residues, though Python takes some of them."""
    assert whole_number(number) is None
    columns = "".join(
        f"_struct_site_gen.{name}\n"
        for name in ("site_id", "auth_asym_id", "auth_seq_id", "auth_comp_id")
    )
    site = f"loop_\n{columns}A1 A '{number}' THR\nA1 A 2 THR\n#"
    sources = [mmcif(peptide(), extra=site)]
    if len(number) < 4:
        sources.append(pdb(peptide(), header=f"SITE     1 AC1  1 THR A {number:>3}  THR A   2"))
    for source in sources:
        try:
            (record,) = load_structure(source).records.sites
        except StructureError as error:
            assert not number.isascii(), error  # noqa: PT017
        else:
            assert [residue.number for residue in record.residues] == [2]


@pytest.mark.parametrize("name", ["A\nB", "A\u2028B", "'\"", "A\tB"])
def test_chain_ids_that_cannot_be_written(name):
    entity = PDBParser(QUIET=True).get_structure("x", io.StringIO(pdb(peptide()).decode()))
    next(iter(entity[0])).id = name
    with pytest.raises(StructureError, match="has a chain called"):
        load_structure(entity)


@pytest.mark.parametrize("kind", ["atom", "residue"])
@pytest.mark.parametrize("name", ["C\nA", "C A", "C'\"", "'C", '"C', "_C", "#C", "loop_", "data_x"])
def test_names_stay_words_in_what_the_browser_reads(kind, name):
    entity = PDBParser(QUIET=True).get_structure("x", io.StringIO(pdb(peptide()).decode()))
    residue = list(entity.get_residues())[4]
    if kind == "residue":
        residue.resname = name
    else:
        residue["CB"].name = name
    try:
        structure = load_structure(entity)
    except StructureError as error:
        assert "a blank or a line break" in str(error)  # noqa: PT017
        return
    block = gemmi.cif.read_string(structure.to_mmcif()).sole_block()
    table = block.find_mmcif_category("_atom_site.")
    # Five atoms for each residue, and those of cysteine and arginine.
    assert len(table) == 12 * 5 + 2 + 6
    rows = [line for line in structure.to_mmcif().splitlines() if re.match("ATOM|HETATM", line)]
    assert len(rows) == len(table)


def test_names_that_are_no_text_are_refused_and_titles_become_words():
    for change in ("chain", "residue", "atom"):
        entity = PDBParser(QUIET=True).get_structure("x", io.StringIO(pdb(peptide()).decode()))
        residue = list(entity.get_residues())[4]
        if change == "chain":
            next(iter(entity[0])).id = "\ud800"
        elif change == "residue":
            residue.resname = "\ud800"
        else:
            residue["CB"].name = "\ud800"
        with pytest.raises(StructureError, match="not text that a file could hold"):
            load_structure(entity)
    for title in ("é", "\ud800", "data_ x", "Ωmega 3", "²"):
        entity = PDBParser(QUIET=True).get_structure(title, io.StringIO(pdb(peptide()).decode()))
        block = gemmi.cif.read_string(load_structure(entity).to_mmcif()).sole_block()
        assert len(block.find_mmcif_category("_atom_site.")) == 68


def test_entries_of_other_types_are_refused():
    """Their sequence was a list, and went on as one."""
    entry = {"primaryAccession": "P1", "sequence": {"value": "ACDE"}, "features": []}
    feature = {"type": "Helix", "location": {"start": {"value": 1}, "end": {"value": 3}}}
    assert read_uniprot(json.dumps(entry).encode())[0].sequence == "ACDE"
    for change in (
        {"sequence": {"value": [["A"]]}},
        {"sequence": {"value": 3}},
        {"primaryAccession": 3},
        {"features": [{**feature, "description": {"a": 1}}]},
        {"features": [{**feature, "location": {**feature["location"], "sequence": [1]}}]},
    ):
        with pytest.raises(AnnotationError, match="expected text, found"):
            read_uniprot(json.dumps({**entry, **change}).encode())


@contextmanager
def dripping(head: bytes, piece: bytes) -> Iterator[str]:
    """Serve on this machine: a head, and then a piece at a time until the end."""
    server, stop = socket.create_server(("127.0.0.1", 0)), threading.Event()

    def serve() -> None:
        with suppress(OSError):
            connection, _ = server.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(head)
                while not stop.wait(0.02):
                    connection.sendall(piece)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
    finally:
        stop.set()
        thread.join(5)
        server.close()


@pytest.mark.parametrize(
    ("head", "piece"),
    [(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n", b"d"),
     (b"HTTP/1.1 200 OK\r\n", b"X"), (b"HTTP/1.1 200", b" ")],
    ids=["content", "head", "first line"],
)  # fmt: skip
def test_a_server_that_drips_is_given_up(head, piece, monkeypatch, tmp_path):
    monkeypatch.setenv("PROTVIS_OFFLINE", "0")
    with dripping(head, piece) as url:
        monkeypatch.setenv("PROTVIS_PDB_URL", url)
        with pytest.raises(StructureUnavailableError, match=r"bytes came in"):
            fetch_structure("1abc", cache=tmp_path, timeout=0.3, attempts=1)


def test_files_in_the_cache_are_for_everybody_and_whole(monkeypatch, tmp_path):
    data = gzip.compress(mmcif(peptide()))
    calls = []

    def get(url: str, name: str, timeout: float, attempts: int) -> bytes:
        calls.append(url)
        return data

    monkeypatch.setenv("PROTVIS_OFFLINE", "0")
    monkeypatch.setattr("protvis.structure.fetching._get", get)
    before = os.umask(0o022)
    try:
        path = fetch_structure("1abc", cache=tmp_path)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o644
    assert fetch_structure("1abc", cache=tmp_path) == path
    assert len(calls) == 1
    for damaged in (data[:-20], b"", data[:30] + b"\0" * 20 + data[50:]):
        path.write_bytes(damaged)
        assert fetch_structure("1abc", cache=tmp_path).read_bytes() == data
    assert len(calls) == 4


def test_text_keeps_what_only_looks_like_a_line_end():
    text = "a\x0bb\x0cc\x1cd\x85e\u2028f\r\ng\rh\n"
    assert plain_text(text.encode()).decode() == "a\x0bb\x0cc\x1cd\x85e\u2028f\ng\nh\n"
    assert plain_text("\ufeffa\r\nb".encode("utf-16")) == b"a\nb"
