"""What other programs write: columns, tables, encodings and compression."""

from __future__ import annotations

import io

import msgpack
import pytest

from protvis.errors import StructureError
from protvis.structure import load_structure
from tests.structure.dialects import load, sequences
from tests.structure.peptides import LETTERS, mmcif, pdb, peptide


@pytest.mark.parametrize("columns", ["    {0:6.3f} ", "      {0:<4}", "1ABC{0:>6}"])
def test_what_stands_in_the_segment_columns_may_be_none(columns):
    """Charges (PDBQT), or a number for each atom."""
    structure = load(pdb(peptide(), peptide(chain="B", shift=60), column_67=columns))
    assert sequences(structure) == {"A": LETTERS, "B": LETTERS}


def test_pdbqt_with_its_tree():
    text = pdb(peptide(), ter=False, column_67="    -0.{0:03d} ")
    tree = b"ROOT\n" + text.replace(b"END\n", b"ENDROOT\nTORSDOF 3\n")
    assert sequences(load(tree)) == {"A": LETTERS}


@pytest.mark.parametrize("line", [
    "ATOM  {0:>5}  {1:<4}{2:<4}{3:>4}    {4:8.3f} {5:8.3f} {6:8.3f} -0.3000 1.7000",
    "ATOM {0} {1} {2} A {3} {4} {5} {6} 0.1414 1.8500",
    "HETATM{0:>5}  {1:<4}{2:<4}{3:>4}    {4:8.3f}{5:8.3f}{6:8.3f}  0.400  1.200",
])  # fmt: skip
def test_pqr_is_refused_by_name(line):
    rows = [line.format(at, a.name, a.residue, a.number, *a.xyz) for at, a in enumerate(peptide())]
    with pytest.raises(StructureError, match="is a PQR file, with charges and radii"):
        load_structure("\n".join(["REMARK  1 made here", *rows, ""]).encode())


def binary_cif(**changes: object) -> dict:
    from biotite.structure.io import pdb as text
    from biotite.structure.io import pdbx

    array = text.PDBFile.read(io.StringIO(pdb(peptide()).decode())).get_structure(
        model=1, extra_fields=["b_factor", "occupancy"]
    )
    file = pdbx.BinaryCIFFile()
    pdbx.set_structure(file, array)
    stream = io.BytesIO()
    file.write(stream)
    return {**msgpack.unpackb(stream.getvalue()), **changes}


@pytest.mark.parametrize("order", [["dataBlocks", "encoder", "version"], ["encoder", "dataBlocks"],
                                   ["version", "dataBlocks"], ["dataBlocks"]])  # fmt: skip
@pytest.mark.parametrize("padding", [0, 20])
def test_binary_cif_of_any_writer(order, padding):
    content = binary_cif(version="0.3.0", encoder="x" * 600)
    made = {f"extra{at}": at for at in range(padding)} | {key: content[key] for key in order}
    assert sequences(load(msgpack.packb(made))) == {"A": LETTERS}


BAD_TABLES = {
    "sifts": "loop_\n_pdbx_sifts_xref_db.entity_id\n_pdbx_sifts_xref_db.asym_id\n"
    "_pdbx_sifts_xref_db.seq_id_ordinal\n_pdbx_sifts_xref_db.seq_id\n_pdbx_sifts_xref_db.mon_id\n"
    "_pdbx_sifts_xref_db.unp_res\n_pdbx_sifts_xref_db.unp_num\n_pdbx_sifts_xref_db.unp_acc\n"
    "_pdbx_sifts_xref_db.unp_segment_id\n_pdbx_sifts_xref_db.unp_instance_id\n"
    "_pdbx_sifts_xref_db.observed\n1 A 1 77 THR T 1 P1 1 1 y\n#",
    "odd operators": "loop_\n_pdbx_struct_oper_list.id\n_pdbx_struct_oper_list.type\n1 x\n#",
    "odd connections": "loop_\n_struct_conn.id\n_struct_conn.conn_type_id\nc1 metalc\n#",
    "odd cell": "_cell.length_a nonsense\n_cell.length_b ?\n#",
}


@pytest.mark.parametrize("table", BAD_TABLES)
def test_a_table_that_is_not_needed_decides_nothing(table):
    assert sequences(load(mmcif(peptide(), extra=BAD_TABLES[table]))) == {"A": LETTERS}


@pytest.mark.parametrize("column", ["label_alt_id", "id", "type_symbol", "label_asym_id",
    "auth_asym_id", "label_seq_id", "auth_seq_id", "occupancy", "B_iso_or_equiv",
    "pdbx_PDB_ins_code", "pdbx_PDB_model_num", "group_PDB", "label_entity_id"])  # fmt: skip
def test_columns_that_can_be_made_up_for(column):
    structure = load(mmcif(peptide(), leave_out=column))
    assert sequences(structure) == {"A": LETTERS}
    assert structure.chains["A"].residue_labels[0] == "A:THR1"
    assert set(structure.chains["A"].atoms.elements.tolist()) == {b"C", b"N", b"O", b"S"}


@pytest.mark.parametrize("column", ["Cartn_y", "label_atom_id", "label_comp_id"])
def test_columns_that_cannot_are_named(column):
    with pytest.raises(StructureError, match=rf"_atom_site has no column {column}"):
        load_structure(mmcif(peptide(), leave_out=column))


@pytest.mark.parametrize("write", [pdb, mmcif])
@pytest.mark.parametrize("form", ["bom", "cr", "crlf", "utf-16"])
def test_structure_text_in_any_form(write, form):
    text = write(peptide())
    written = {
        "bom": b"\xef\xbb\xbf" + text, "cr": text.replace(b"\n", b"\r"),
        "crlf": text.replace(b"\n", b"\r\n"), "utf-16": text.decode().encode("utf-16"),
    }[form]  # fmt: skip
    assert sequences(load(written)) == {"A": LETTERS}


def test_compressed_files(tmp_path):
    import bz2
    import gzip
    import lzma

    data = pdb(peptide())
    for ending, pack in (("gz", gzip.compress), ("bz2", bz2.compress), ("xz", lzma.compress)):
        path = tmp_path / f"some.pdb.{ending}"
        # Two streams, one after the other, are one file.
        path.write_bytes(pack(data[:700]) + pack(data[700:]))
        structure = load_structure(path)
        assert (structure.name, sequences(structure)) == ("some", {"A": LETTERS})
        with pytest.raises(StructureError, match=r"damaged|cut off"):
            load_structure(path.read_bytes()[:-9])


def test_zstandard(tmp_path):
    zstd = pytest.importorskip("backports.zstd", reason="Zstandard needs backports.zstd")
    assert sequences(load(zstd.compress(pdb(peptide())))) == {"A": LETTERS}


def test_zstandard_names_what_it_needs(monkeypatch):
    monkeypatch.setattr("protvis.input_file._zstandard", lambda: None)
    with pytest.raises(StructureError, match=r"pip install backports\.zstd"):
        load_structure(b"\x28\xb5\x2f\xfd" + bytes(40))
