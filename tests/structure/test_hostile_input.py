"""Damaged and hostile bytes: a `StructureError` in words, in bounded time and memory."""

from __future__ import annotations

import gzip
import io
import warnings
import zlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protvis import input_file
from protvis.errors import ProtvisError, StructureError, StructureWarning
from protvis.structure import load_structure
from tests.structure.chain_files import Residue, pdb_text
from tests.structure.collected import TEST_FILES

PDB = pdb_text(
    [Residue("MSE", 1), Residue("GLY", 2, places=[("A", 0.4, "GLY"), ("B", 0.6, "ALA")]),
     Residue("SER", 2, "A"), Residue("TRP", 5, observed=False), Residue("LEU", 6)]
).encode()  # fmt: skip
CIF = load_structure(PDB).to_mmcif().encode()
BINARY_CIF = gzip.decompress((TEST_FILES / "3jqh.bcif.gz").read_bytes())
SEEDS = {"PDB": PDB, "mmCIF": CIF, "BinaryCIF": BINARY_CIF}
FUZZ = settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])


def read_or_refuse(data: bytes) -> None:
    """Load; anything but a structure or an error in protvis's own words fails the test."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", StructureWarning)
        try:
            structure = load_structure(data)
        except ProtvisError as error:
            assert str(error)  # noqa: PT017
            return
        for chain in structure.chains.values():
            assert chain.n_residues == len(chain.sequence) == len(chain.residue_labels)
            chain.contact_map()
        structure.to_mmcif()


@given(st.binary(max_size=4000))
@FUZZ
def test_any_bytes(data):
    read_or_refuse(data)


@pytest.mark.slow
@given(
    st.sampled_from(sorted(SEEDS)),
    st.lists(
        st.tuples(st.floats(0, 1), st.sampled_from(["flip", "cut", "double", "insert"]),
                  st.binary(min_size=1, max_size=12)),
        min_size=1, max_size=6,
    ),
)  # fmt: skip
@FUZZ
def test_damaged_files(form, damages):
    data = bytearray(SEEDS[form])
    for where, kind, piece in damages:
        at = int(where * max(0, len(data) - 1))
        if kind == "flip":
            data[at : at + len(piece)] = piece
        elif kind == "cut":
            del data[at : at + 40 * len(piece)]
        elif kind == "double":
            data[at:at] = data[at : at + 200]
        else:
            data[at:at] = piece
    read_or_refuse(bytes(data))


@given(st.text(alphabet=st.characters(max_codepoint=0x2FFF), max_size=300), st.integers(0, 400))
@FUZZ
def test_text_in_place_of_fields(text, at):
    data = PDB.decode()
    read_or_refuse((data[:at] + text + data[at:]).encode("utf-8", "replace"))


@pytest.mark.slow
@pytest.mark.parametrize("form", SEEDS)
def test_every_cut_of_a_file(form):
    data = SEEDS[form]
    for at in range(0, len(data), max(1, len(data) // 100)):
        read_or_refuse(data[:at])
        read_or_refuse(gzip.compress(data)[: at // 4])


@pytest.mark.slow
def test_a_gzip_bomb_is_refused_early():
    bomb = gzip.compress(bytes(200 * 2**20), 9)
    with pytest.raises(StructureError, match="MiB uncompressed"):
        load_structure(bomb)
    # Many members, and one archive inside another, come to the same.
    with pytest.raises(StructureError, match="MiB uncompressed"):
        load_structure(gzip.compress(bytes(2**24), 9) * 40)
    with pytest.raises(StructureError, match="not a structure file"):
        load_structure(gzip.compress(bomb))


def test_files_past_the_limit_are_refused(monkeypatch):
    monkeypatch.setattr(input_file, "MAX_BYTES", 10_000)
    with pytest.raises(StructureError, match="holds more than"):
        load_structure(io.BytesIO(PDB * 10))


def test_binary_cif_that_claims_impossible_sizes_is_refused():
    import msgpack

    content = msgpack.unpackb(BINARY_CIF, raw=False)
    (block,) = content["dataBlocks"]
    (table,) = (part for part in block["categories"] if part["name"] == "_atom_site")
    for column in table["columns"]:
        for encoding in column["data"]["encoding"]:
            if "srcSize" in encoding:
                encoding["srcSize"] = 10**12
    with pytest.raises(StructureError, match="claims 1000000000000 rows"):
        load_structure(msgpack.packb(content))
    table["rowCount"] = 10**15
    with pytest.raises(StructureError, match="rows"):
        load_structure(msgpack.packb(content))


def test_damaged_gzip_says_so():
    data = bytearray(gzip.compress(PDB))
    data[20:30] = bytes(10)
    with pytest.raises(StructureError, match=r"damaged|cut off"):
        load_structure(bytes(data))
    with pytest.raises(StructureError, match="cut off"):
        load_structure(gzip.compress(PDB)[:-12])
    assert zlib.crc32(PDB)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"  \n\n", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (b"<?xml version='1.0'?><a/>", "XML"),
        (b">sp|P1\nMKV", "FASTA"),
        (b"PK\x03\x04zip", "zip"),
        (b"%PDF-1.4", "not a structure file"),
        (b"data_x\n_cell.length_a 1\n", "without atoms"),
        (b'{"data_1ABC": {}}', "mmJSON"),
        (b"[1, 2]", "JSON"),
    ],
)
def test_what_is_no_structure_is_named(data, words):
    with pytest.raises(StructureError, match=words):
        load_structure(data)
