"""What other programs write: each kind of fault in files made here, and the collected examples."""

from __future__ import annotations

import io
import itertools
import json
import warnings
from dataclasses import replace

import msgpack
import numpy as np
import pytest

from protvis.annotations import annotate, map_by_alignment, read_uniprot, track
from protvis.annotations.uniprot_features import feature_tracks
from protvis.datasets import FastaDataset
from protvis.errors import ProtvisWarning, StructureError
from protvis.structure import Structure, load_structure
from protvis.structure.force_field_names import RESIDUES, WATERS
from tests.structure.chain_files import THREE
from tests.structure.collected import TEST_FILES
from tests.structure.peptides import (
    LETTERS,
    Atom,
    in_chain,
    mmcif,
    pdb,
    peptide,
    solvent,
)


def load(data: bytes, warning: str = "") -> Structure:
    """Load; with the warning named, or with none."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        structure = load_structure(data)
    texts = [str(entry.message) for entry in caught]
    # One category catches what is said of a record, whatever it is.
    assert all(issubclass(entry.category, ProtvisWarning) for entry in caught)
    assert any(warning in text for text in texts) if warning else not texts, texts
    return structure


def sequences(structure: Structure) -> dict[str, str]:
    return {chain.chain_id: chain.sequence for chain in structure.chains.values()}


# One vote per chain on what it is.


@pytest.mark.parametrize(
    ("water", "atoms"),
    [("SOL", ["OW", "HW1", "HW2"]), ("WAT", ["O", "H1", "H2"]), ("TP3", ["O"]), ("TIP3", ["OH2"]),
     ("OPC", ["O", "H1", "H2", "EPW"]), ("SPCE", ["O"])],
)  # fmt: skip
@pytest.mark.parametrize("ter", [True, False])
def test_a_box_of_solvent_without_chain_ids(water, atoms, ter):
    lipids = solvent("POPC", ["C1", "P", "O11"], 5, first=500)
    box = pdb(in_chain(peptide(), "") + lipids + solvent(water, atoms, 60), ter=ter)
    structure = load(box)
    assert sequences(structure) == {"A": LETTERS}
    assert {molecule.residues[0].name[:3] for molecule in structure.molecules} == {"POP"}


def test_most_of_a_chain_may_be_anything():
    """Ligands outvote a short peptide under the same id."""
    ligands = solvent("BEN", ["C1", "N1"], 40, chain="A")
    assert sequences(load(pdb(peptide("AGSV") + ligands, ter=False))) == {"A": "AGSV"}
    # In mmCIF without entities, too.
    assert sequences(load(mmcif(peptide("AGSV") + ligands))) == {"A": "AGSV"}


# Chain ids that come back, or stand for several chains, or are not there.


def test_a_chain_goes_on_after_another():
    whole, other = peptide(), peptide(chain="B", shift=60)
    third = peptide(chain="C", shift=-60)
    parts = [[atom for atom in whole if atom.number in numbers]
             for numbers in (range(1, 5), range(5, 9), range(9, 13))]  # fmt: skip
    for write, options in ((pdb, {"ter": False}), (pdb, {"ter": True}), (mmcif, {})):
        data = write(parts[0], other, parts[1], third, parts[2], **options)
        assert sequences(load(data)) == {"A": LETTERS, "B": LETTERS, "C": LETTERS}


@pytest.mark.parametrize("write", [pdb, mmcif])
def test_one_id_for_several_chains(write):
    """As after Z, where programs begin with A again."""
    chains = [peptide(chain=name, shift=60.0 * at) for at, name in enumerate("ABAA")]
    structure = load(write(*chains), warning="the id 'A' stands for 3 chains")
    assert sequences(structure) == dict.fromkeys("ABCD", LETTERS)
    for chain, moved in zip("ABCD", (0, 60, 120, 180), strict=True):
        at = {"A": 0, "B": 60, "C": 120, "D": 180}[chain]
        np.testing.assert_allclose(structure.chains[chain].positions("N")[0], [0, at, 0])
        assert at == moved


def test_numbers_that_go_on_are_one_chain_with_a_gap():
    whole = peptide()
    halves = [atom for atom in whole if atom.number < 5], [a for a in whole if a.number > 7]
    structure = load(pdb(halves[0], peptide(chain="B", shift=60), halves[1]),
                     warning="chain A: the chain is broken after A:CYS4")  # fmt: skip
    assert sequences(structure) == {"A": "TTCCVARSN", "B": LETTERS}


@pytest.mark.parametrize("ter", [True, False])
@pytest.mark.parametrize("n_chains", [2, 3])
def test_no_chain_ids(n_chains, ter):
    chains = [in_chain(peptide(shift=60.0 * at), "") for at in range(n_chains)]
    structure = load(pdb(*chains, ter=ter), "" if ter else "there are no chain ids")
    assert sequences(structure) == dict.fromkeys("ABC"[:n_chains], LETTERS)
    for at, chain in enumerate(structure.chains.values()):
        np.testing.assert_allclose(chain.positions("N")[0], [0, 60 * at, 0])


def test_no_chain_ids_and_other_residues_under_the_same_numbers():
    chains = in_chain(peptide("AGSVLI"), ""), in_chain(peptide("WYFHKR", shift=60), "")
    structure = load(pdb(*chains, ter=False), "there are no chain ids for 2 chains")
    assert sequences(structure) == {"A": "AGSVLI", "B": "WYFHKR"}


@pytest.mark.parametrize(
    ("ids", "segments", "expected"),
    [("PP", ("PROA", "PROB"), ["PROA", "PROB"]), ("XX", ("L", "H"), ["L", "H"]),
     (" ", ("PROA", "PROB"), ["PROA", "PROB"])],
)  # fmt: skip
def test_segment_ids_alone_tell_chains_apart(ids, segments, expected):
    chains = [
        peptide(chain=ids[0].strip(), shift=60.0 * at, segment=segment)
        for at, segment in enumerate(segments)
    ]
    structure = load(pdb(*chains, ter=False), "chains, told apart by bonds and numbers")
    assert sequences(structure) == dict.fromkeys(expected, LETTERS)


def test_segment_ids_part_what_numbers_do_not():
    chains = peptide(segment="ONE"), peptide(first=101, shift=60, segment="TWO")
    structure = load(pdb(*chains, ter=False), "the id 'A' stands for 2 chains")
    assert sequences(structure) == {"ONE": LETTERS, "TWO": LETTERS}


def test_several_polymers_under_one_author_chain():
    """Each with a label_asym_id its own, as Biopython writes around modified residues."""
    whole = peptide(names={4: "MSE", 8: "SEP"})
    cuts = [[a for a in whole if low <= a.number < high]
            for low, high in ((1, 5), (5, 6), (6, 9), (9, 10), (10, 13))]  # fmt: skip
    assert sequences(load(mmcif(*cuts, asym=True))) == {"A": "TTCCMSIVSRSN"}
    # Two proteins under one id, whose numbers start again.
    two = mmcif(peptide(), peptide("GAVLI", shift=60), asym=True)
    assert sequences(load(two, "the id 'A' stands for 2 chains")) == {"A": LETTERS, "B": "GAVLI"}


# Order in the file that is not that of the chain.


@pytest.mark.parametrize("order", ["reversed", "interleaved", "modified last", "in the middle"])
@pytest.mark.parametrize("write", [pdb, mmcif])
def test_bonds_tell_the_order(order, write):
    atoms = peptide(names={2: "MSE"})
    by_number = {
        number: list(group) for number, group in itertools.groupby(atoms, lambda atom: atom.number)
    }
    numbers = list(by_number)
    numbers = {
        "reversed": numbers[::-1], "interleaved": numbers[::2] + numbers[1::2],
        "modified last": [*numbers[:2], *numbers[3:], 3],
        "in the middle": numbers[6:] + numbers[:6],
    }[order]  # fmt: skip
    by_number[3] = [replace(atom, record="HETATM") for atom in by_number[3]]
    data = write([atom for number in numbers for atom in by_number[number]])
    structure = load(data, "not in the order of the chain; they are read along the bonds")
    assert sequences(structure) == {"A": "TTMCPSIVARSN"}
    assert structure.chains["A"].residue_numbers.tolist() == list(range(1, 13))


def test_a_modified_residue_after_ter_takes_its_place():
    atoms = peptide(names={5: "SEP"})
    outside = [replace(a, record="HETATM") for a in atoms if a.number == 6]
    data = pdb([a for a in atoms if a.number != 6], outside + solvent("HOH", ["O"], 3, chain="A"))
    structure = load(data, "read along the bonds")
    assert sequences(structure) == {"A": LETTERS}
    assert not structure.molecules


# Names.


@pytest.mark.parametrize(
    ("place", "name", "letter"),
    [(3, "CYS2", "C"), (0, "HISB", "H"), (11, "LYSH", "K"), (6, "ASPH", "D"), (5, "GLUH", "E"),
     (4, "HISA", "H"), (7, "ARGN", "R"), (2, "CYSH", "C")],
)  # fmt: skip
@pytest.mark.parametrize("chain", ["A", ""])
def test_residue_names_of_four_letters(place, name, letter, chain):
    letters = LETTERS[:place] + letter + LETTERS[place + 1 :]
    structure = load(pdb(peptide(letters, chain=chain, names={place: name})))
    assert sequences(structure) == {"A": letters}
    assert structure.chains["A"].residue_names[place] == name


def test_chain_ids_of_two_letters_are_no_names():
    first = pdb(peptide()).replace(b" A ", b"AA ")
    second = pdb(peptide("GAVLI", shift=60)).replace(b" A ", b"BA ")
    structure = load(first.replace(b"END\n", b"") + second)
    assert sequences(structure) == {"AA": LETTERS, "BA": "GAVLI"}


@pytest.mark.parametrize("name", ["ORT", "BEN", "GOL", "UNX", "QQQ"])
@pytest.mark.parametrize("place", [0, 5, 11])
def test_atoms_make_a_residue_whatever_its_name_means(name, place):
    """These names are ligands in the PDB, or unknown."""
    structure = load(pdb(peptide(names={place: name})))
    assert sequences(structure) == {"A": LETTERS[:place] + "X" + LETTERS[place + 1 :]}
    assert not structure.molecules


@pytest.mark.parametrize("name", sorted(RESIDUES))
def test_names_of_force_fields(name):
    letter = RESIDUES[name][0]
    letters = "AS" + letter + "GV"
    assert load(pdb(peptide(letters, names={2: name}))).chains["A"].sequence == letters


# PDB text has no room for the fifth letter of TIP3P.
@pytest.mark.parametrize("water", sorted(name for name in WATERS if len(name) < 5))
@pytest.mark.parametrize("chain", ["A", "W"])
def test_waters_are_no_molecules(water, chain):
    structure = load(pdb(peptide(), solvent(water, ["O", "H1", "H2"], 4, chain=chain, near=True)))
    assert not structure.molecules
    assert "binding site" not in annotate(structure, "A")


@pytest.mark.parametrize("ion", ["SOD", "CLA", "POT", "Na+", "Cl-", "K+", "CES", "NA", "CL"])
def test_ions_of_the_buffer_make_no_site(ion):
    structure = load(pdb(peptide(), solvent(ion, [ion[:3]], 2, near=True)))
    assert {one.name for molecule in structure.molecules for one in molecule.residues} == {ion}
    assert "binding site" not in annotate(structure, "A")
    # A ligand called like an ion is a ligand: CLA is chlorophyll.
    ligand = load(pdb(peptide(), solvent("CLA", ["C1", "C2", "MG"], 1, near=True)))
    assert "binding site" in annotate(ligand, "A")


@pytest.mark.parametrize(
    ("renamed", "places"),
    [("CYX", (2, 3)), ("CYM", (2, 3)), ("SEP", (5, 10)), ("ARN", (9,)), ("ARG1", ())],
)
def test_seqres_is_compared_by_parent(renamed, places):
    letters = LETTERS + "AG"
    names = " ".join(THREE[letter] for letter in letters)
    header = (
        f"SEQRES   1 A   {len(letters)}  {names[:51]}\nSEQRES   2 A   {len(letters)}  {names[52:]}"
    )
    structure = load(pdb(peptide(names=dict.fromkeys(places, renamed)), header=header))
    chain = structure.chains["A"]
    assert (chain.sequence, chain.observed.sum()) == (letters, 12)


@pytest.mark.parametrize(
    ("name", "atoms", "is_calpha"),
    [("SAR", "CN", True), ("NMC", "CN", True), ("MGY", "CN", True), ("AIB", "CB1", True),
     ("GLY", "HA2", True), ("ALA", "HA", False), ("MSE", "HA", False)],
)  # fmt: skip
def test_residues_without_a_beta_carbon(name, atoms, is_calpha):
    made = [replace(atom, name=atoms) if atom.name == "CB" and atom.number == 3 else atom
            for atom in peptide(names={2: name})]  # fmt: skip
    chain = load(pdb(made)).chains["A"]
    beta, alpha = chain.positions("CB")[2], chain.positions("CA")[2]
    assert np.array_equal(beta, alpha) if is_calpha else np.isnan(beta).all()


def caps(before: str, after: str, letters: str) -> list[Atom]:
    body = peptide(letters, first=2)
    head = [Atom("C", before, 1, (-1.2, 0.6, 0.0)), Atom("O", before, 1, (-1.3, 1.8, 0.0))]
    end = body[-1].xyz
    tail = [Atom("N", after, 2 + len(letters), (end[0] + 1.5, end[1], end[2]))]
    return head + body + tail


@pytest.mark.parametrize(("before", "after"), [("ACE", "NME"), ("FOR", "NH2"), ("ACE", "NMA")])
def test_a_chain_is_counted_without_its_caps(before, after):
    with pytest.raises(StructureError, match="two amino acids or more"):
        load_structure(pdb(caps(before, after, "A")))
    structure = load(pdb(caps(before, after, "AG")))
    assert sequences(structure) == {"A": "AG"}
    assert {molecule.residues[0].name for molecule in structure.molecules} == {before, after}


# Columns and formats.


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


# Other files.


def uniprot(form: str) -> bytes:
    """Write two features of the entry, and two of an isoform's sequence."""
    rows = [("", 6), ("X00001-2", 12), ("X00001-3", 1), ("", 11)]
    if form == "text":
        features = "".join(
            f"FT   MOD_RES         {isoform + ':' if isoform else ''}{at}\n"
            f'FT                   /note="Phosphoserine"\n'
            for isoform, at in rows
        )
        return (
            "ID   TEST_HUMAN              Reviewed;          12 AA.\nAC   X00001;\n"
            f"{features}SQ   SEQUENCE   12 AA;  1 MW;  0 CRC64;\n     {LETTERS}\n//\n"
        ).encode()
    if form == "json":
        edge = lambda at: {"value": at, "modifier": "EXACT"}  # noqa: E731
        features = [
            {"type": "Modified residue", "description": "Phosphoserine",
             "location": {"start": edge(at), "end": edge(at)} | ({"sequence": i} if i else {})}
            for i, at in rows
        ]  # fmt: skip
        return json.dumps({"primaryAccession": "X00001", "sequence": {"value": LETTERS},
                           "features": features}).encode()  # fmt: skip
    features = "".join(
        f'<feature type="modified residue" description="Phosphoserine"><location'
        f'{f" sequence={chr(34)}{i}{chr(34)}" if i else ""}><position position="{at}"/>'
        "</location></feature>"
        for i, at in rows
    )
    return (
        f"<uniprot><entry><accession>X00001</accession>{features}"
        f"<sequence>{LETTERS}</sequence></entry></uniprot>"
    ).encode()


@pytest.mark.parametrize("form", ["text", "json", "xml"])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_features_of_isoforms_are_left_out_and_listed(form, ends):
    chain = load(pdb(peptide())).chains["A"]
    (entry,) = read_uniprot(b"\xef\xbb\xbf" + uniprot(form).replace(b"\n", ends.encode()))
    mapping = map_by_alignment(chain, entry.sequence, accession="X00001")
    (modified,), skipped = feature_tracks(entry, chain, mapping)
    assert np.flatnonzero(modified.values).tolist() == [5, 10]
    assert skipped == [
        "MOD_RES 12–12: counted on the sequence of isoform X00001-2",
        "MOD_RES 1–1: counted on the sequence of isoform X00001-3",
    ]


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_own_values_in_any_form(tmp_path, ends):
    chain = load(pdb(peptide())).chains["A"]
    path = tmp_path / "values.csv"
    path.write_bytes(b"\xef\xbb\xbf" + f"A:THR1,0.5{ends}A:ASN12,2{ends}".encode())
    assert track(chain, path).values[[0, 11]].tolist() == [0.5, 2.0]
    assert track(chain, {"\ufeffA:THR1": 1.5}).values[0] == 1.5


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


# The collected examples, each with the value of its README.

EXAMPLES: dict[str, dict[str, int]] = {
    "01_solvated_box.pdb": {"A": 12}, "cobrotoxin_gromacs_solvated.pdb.gz": {"A": 62},
    "02_chain_id_comes_back.pdb": {"A": 12, "B": 12},
    "03_no_ids_one_ter.pdb": {"A": 12, "B": 12}, "03c_segment_ids.pdb": {"PROA": 12, "PROB": 12},
    "04_four_letter_name.pdb": {"A": 12}, "gromos11_traj_vac.pdb": {"A": 5},
    "05_taken_for_a_cap.pdb": {"A": 12}, "namd_cgenff.pdb": {"A": 5},
    "05c_unknown_letter.pdb": {"A": 46}, "06_receptor.pdbqt": {"A": 12},
    "hiv_protease_receptor.pdbqt": {"A": 101, "B": 98}, "07_written_by_biotite.bcif": {"A": 12},
    "08_sifts_table.cif": {"A": 12}, "09_no_label_alt_id.cif": {"A": 12},
    "11_seqres_and_cyx.pdb": {"A": 46}, "4lzt_amber_names_with_seqres.pdb": {"A": 129},
    "12_water_tip3.pdb": {"A": 46}, "15_sorted_by_number.pdb": {"A": 12},
    "16_sarcosine.pdb": {"A": 46}, "16_as_glycine.pdb": {"A": 46},
    "19_written_by_biopython.cif": {"A": 12}, "maestro_aaqaa_capped.pdb": {"A": 14},
    "5eil_written_by_biopython_1.88.cif.gz": {"A": 158, "B": 159, "C": 159},
    "thrombin_prepared_sorted_by_number.pdb.gz": {"L": 28, "H": 258, "I": 10},
}  # fmt: skip
STARTS = {
    "gromos11_traj_vac.pdb": "VYRKQ", "15_sorted_by_number.pdb": LETTERS, "namd_cgenff.pdb": "X",
    "thrombin_prepared_sorted_by_number.pdb.gz": "EADCG", "04_four_letter_name.pdb": LETTERS,
    "19_written_by_biopython.cif": "TTCCMSIVARSN", "05_taken_for_a_cap.pdb": LETTERS,
}  # fmt: skip


@pytest.mark.filterwarnings("ignore::protvis.errors.StructureWarning")
@pytest.mark.parametrize("name", EXAMPLES)
def test_collected_examples(shared_data, name):
    structure = load_structure(shared_data / "dialects" / name)
    assert {chain.chain_id: len(chain) for chain in structure.chains.values()} == EXAMPLES[name]
    first = next(iter(structure.chains.values()))
    assert first.sequence.startswith(STARTS.get(name, ""))
    if name.startswith("12"):
        assert not structure.molecules
    if name.startswith("16"):
        assert first.contact_map().sum() // 2 == 65
    if name.startswith("11"):
        assert (~first.observed).sum() == 6
    if name.startswith("05c"):
        assert first.sequence[22] == "E"


@pytest.mark.parametrize(("name", "words"), [
    ("17_cap_one_residue_cap.pdb", "no protein chain"), ("ace-ALA-nme.pdb", "no protein chain"),
    ("18_whitespace.pqr", "PQR"), ("adk_open.pqr", "PQR"),
])  # fmt: skip
def test_collected_examples_that_are_refused(shared_data, name, words):
    with pytest.raises(StructureError, match=words):
        load_structure(shared_data / "dialects" / name)


@pytest.mark.parametrize(("name", "sizes"), [
    ("13_bom.fasta", [46, 46]), ("13b_cr.fasta", [46, 46]), ("14_proteinmpnn.fa", [46] * 3),
    ("14b_proteinmpnn_complex.fa", [46, 46]), ("proteinmpnn_4YOW.fa", [227, 4] * 3),
])  # fmt: skip
def test_collected_sequences(shared_data, name, sizes):
    dataset = FastaDataset(shared_data / "dialects" / name)
    records = [record for key in dataset.keys for record in dataset.read(key).records]
    assert [len(record.sequence) for record in records] == sizes
    assert len({record.record_id for record in records}) == len(records)


@pytest.mark.parametrize("form", ["txt", "json"])
def test_the_collected_isoform(shared_data, form):
    (entry,) = read_uniprot(shared_data / "dialects" / f"10_isoform.{form}")
    chain = load_structure(shared_data / "dialects" / "16_as_glycine.pdb").chains["A"]
    tracks, _ = feature_tracks(entry, chain, map_by_alignment(chain, entry.sequence))
    marked = [chain.residue_labels[at] for at in np.flatnonzero(tracks[0].values)]
    assert marked == ["A:SER6"]


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


@pytest.mark.parametrize("path", sorted(TEST_FILES.iterdir()), ids=lambda path: path.name)
def test_every_atom_lies_in_one_place(path):
    """Chains and molecules share no atom, and no bonded residue lies outside all chains."""
    try:
        structure = load_structure(path)
    except StructureError:
        return
    parts = [*structure.chains.values(), *structure.molecules]
    spots = np.concatenate([part.atoms.xyz for part in parts])
    assert len(np.unique(spots.round(3), axis=0)) == len(spots)
    inside_c = np.concatenate([chain.positions("C") for chain in structure.chains.values()])
    for molecule in structure.molecules:
        names = molecule.atoms.names
        if {b"N", b"CA", b"C"}.issubset(names.tolist()):
            n = molecule.atoms.xyz[names == b"N"]
            apart = np.linalg.norm(inside_c[:, None] - n[None], axis=2)
            assert not (apart < 1.8).any()
    for chain in structure.chains.values():
        assert len(set(chain.residue_labels)) == len(chain)
