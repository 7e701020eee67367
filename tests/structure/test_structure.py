"""What a structure answers: its chains, the browser's text, models, assemblies, what surrounds."""

from __future__ import annotations

import gzip
import inspect
import pickle

import gemmi
import numpy as np
import pytest

from protvis.errors import LabelError, StructureError
from protvis.structure import Structure, load_structure
from tests.structure.chain_files import Residue, atom_line, backbone, pdb_text
from tests.structure.collected import TEST_FILES


@pytest.fixture(scope="module")
def complex_() -> Structure:
    """A protease (U) and its peptide inhibitor (P)."""
    return load_structure(TEST_FILES / "4zhl.cif.gz")


def two_chains(shift: float = 6.0) -> str:
    """Two copies of a chain beside each other, with a ligand, an ion and a water."""
    rows = [Residue(name, number) for number, name in enumerate(["ALA", "GLY", "MSE", "SER"], 1)]
    lines = []
    for chain_id, offset in (("A", 0.0), ("B", shift)):
        for index, row in enumerate(rows):
            lines += [
                atom_line(len(lines) + 1, atom, "", row.name, chain_id, row.number, "",
                          xyz + np.array([offset, 0, 0]),
                          record="HETATM" if row.name == "MSE" else "ATOM")
                for atom, xyz in backbone(index).items()
                if not (atom == "CB" and row.name == "GLY")
            ]  # fmt: skip
        lines.append(f"TER   {len(lines) + 1:>5}")
    for name, residue, chain_id, number in (
        ("C1", "LIG", "A", 101), ("ZN", "ZN", "B", 102), ("O", "HOH", "A", 201),
    ):  # fmt: skip
        position = [2.0, 2.0, 2.0] if chain_id == "A" else [40.0, 0.0, 0.0]
        lines.append(atom_line(len(lines) + 1, name, "", residue, chain_id, number, "", position,
                               record="HETATM"))  # fmt: skip
    return "\n".join([*lines, "END", ""])


def test_chains_asked_for(complex_):
    path = TEST_FILES / "4zhl.cif.gz"
    assert list(complex_.chains) == ["U", "P"]
    assert list(load_structure(path, chains=["P"]).chains) == ["P"]
    assert list(load_structure(path, chains="U").chains) == ["U"]
    assert list(load_structure(path, chains=["P", "U"]).chains) == ["U", "P"]
    with pytest.raises(LabelError, match="unknown protein chain 'X'; there are U, P"):
        load_structure(path, chains=["X"])
    with pytest.raises(LabelError, match="chains is empty"):
        load_structure(path, chains=[])
    with pytest.raises(LabelError, match=r"expected a chain's id such as 'A', .* got 5"):
        load_structure(path, chains=5)


def test_unknown_keywords_are_a_type_error():
    with pytest.raises(TypeError, match="chain"):
        load_structure(TEST_FILES / "4zhl.cif.gz", chain="U")


@pytest.mark.parametrize("source", [None, 3, 2.5, ["1gbt"]])
def test_other_things_are_a_type_error(source):
    with pytest.raises(TypeError, match="source must be"):
        load_structure(source)


def test_a_structure_is_no_source(complex_):
    with pytest.raises(TypeError, match="Structure already"):
        load_structure(complex_)
    with pytest.raises(TypeError, match="chain U of a structure already"):
        load_structure(complex_.chains["U"])


@pytest.mark.parametrize("source", ["", " "])
def test_no_name_is_no_file(source):
    with pytest.raises(StructureError, match="expected the name of a structure file or an entry"):
        load_structure(source)


def test_missing_files_name_near_ones(tmp_path):
    (tmp_path / "4cpa.pdb").write_text("")
    with pytest.raises(StructureError, match=r"did you mean '4cpa\.pdb'"):
        load_structure(tmp_path / "4cpb.pdb")
    with pytest.raises(StructureError, match=r"folder .* does not exist"):
        load_structure(tmp_path / "nowhere" / "4cpa.pdb")
    with pytest.raises(StructureError, match="is a folder"):
        load_structure(tmp_path)


def test_find_over_chains(complex_):
    assert complex_.find("U:HIS57") == complex_.chains["U"].find("HIS57")
    with pytest.raises(LabelError, match="has chains U, P"):
        complex_.find("HIS57")
    with pytest.raises(LabelError, match="unknown protein chain 'Q'"):
        complex_.find("Q:HIS57")
    assert load_structure(TEST_FILES / "1a8o.pdb.gz").find("MSE151") == 0


def test_identical_chains_are_recognised():
    structure = load_structure(two_chains().encode())
    assert structure.identical_chains == (("A", "B"),)
    assert structure.chains["A"].sequence == "AGMS"


def test_contacts_between_chains():
    structure = load_structure(two_chains(6.0).encode())
    contacts = structure.contact_map("A", "B")
    first, second = (structure.chains[c].coordinates().astype(float) for c in "AB")
    for i in range(4):
        for j in range(4):
            assert contacts[i, j] == (np.linalg.norm(first[i] - second[j]) < 8.0)
    assert (structure.contact_map("B", "A") == contacts.T).all()
    assert structure.distance_map("A", "B").shape == (4, 4)
    with pytest.raises(ValueError, match="its own"):
        structure.contact_map("A", "A")
    with pytest.raises(LabelError, match="there are A, B"):
        structure.contact_map("A", "C")


def test_surroundings_are_no_residues(complex_):
    structure = load_structure(two_chains().encode())
    assert [m.residues[0].name for m in structure.molecules] == ["LIG", "ZN"]
    assert {m.kind for m in structure.molecules} == {"ligand"}
    assert repr(structure.molecules[0]) == "<Molecule LIG: ligand near chain A>"
    assert all(m.residues[0].name != "HOH" for m in complex_.molecules)


def test_browser_text_maps_back_to_residues(complex_):
    text = complex_.to_mmcif()
    block = gemmi.cif.read_string(text).sole_block()
    columns = ["auth_asym_id", "auth_seq_id", "pdbx_PDB_ins_code", "label_seq_id", "label_comp_id",
               "label_alt_id", "label_entity_id"]  # fmt: skip
    seen = {chain_id: set() for chain_id in complex_.chains}
    for row in block.find("_atom_site.", columns):
        chain_id, number, code, place, name, altloc, entity = (
            gemmi.cif.as_string(value) for value in row
        )
        assert altloc in ("", ".")
        if entity != "1":
            assert name != "HOH"
            continue
        chain = complex_.chains[chain_id]
        index = chain.position_of(int(number), code.strip(".?"))
        assert index == int(place) - 1
        assert chain.residue_names[index] == name
        seen[chain_id].add(index)
    for chain_id, chain in complex_.chains.items():
        assert seen[chain_id] == set(np.flatnonzero(chain.observed))
    assert len(text) < len(gzip.decompress((TEST_FILES / "4zhl.cif.gz").read_bytes()))


def test_browser_text_of_some_chains(complex_):
    text = complex_.to_mmcif(["P"])
    again = load_structure(text.encode())
    assert list(again.chains) == ["P"]
    with pytest.raises(LabelError, match="there are U, P"):
        complex_.to_mmcif("Z")
    structure = load_structure(two_chains(60.0).encode())
    assert " LIG " in structure.to_mmcif("A")
    assert " LIG " not in structure.to_mmcif("B")
    assert " LIG " in structure.to_mmcif()


def test_browser_text_keeps_helices_and_strands(complex_):
    again = load_structure(complex_.to_mmcif().encode())
    for chain_id, chain in again.chains.items():
        original = complex_.chains[chain_id]
        assert chain.secondary_structure == "".join(
            letter
            for letter, observed in zip(
                original.secondary_structure, original.observed, strict=True
            )
            if observed
        )
    assert set(complex_.chains["U"].secondary_structure) == set("HE-")
    assert load_structure(two_chains().encode()).chains["A"].secondary_structure is None


def test_names_that_need_quotes_survive():
    text = two_chains().replace(" C1  LIG", " C1' L\"G")
    structure = load_structure(text.encode())
    (row,) = [line for line in structure.to_mmcif().splitlines() if 'L"G' in line and "C1'" in line]
    assert row.startswith("HETATM")
    gemmi.cif.read_string(structure.to_mmcif())


def test_models_of_an_ensemble():
    one = pdb_text([Residue("ALA", 1), Residue("TRP", 2)])
    atoms = "\n".join(line for line in one.splitlines() if line.startswith("ATOM"))
    moved = atoms.replace("  1.00 10.00", "  1.00 20.00")
    text = f"MODEL        1\n{atoms}\nENDMDL\nMODEL        2\n{moved}\nENDMDL\nEND\n".encode()
    first, second = (load_structure(text, model=number) for number in (1, 2))
    assert (first.n_models, first.model, second.model) == (2, 1, 2)
    assert load_structure(text).model == 1
    assert first.chains["A"].atoms.b_factors[0] == 10.0
    assert second.chains["A"].atoms.b_factors[0] == 20.0
    for number in (0, 3):
        with pytest.raises(LabelError, match="it has 2, counted from 1"):
            load_structure(text, model=number)
    empty = b"MODEL        1\nENDMDL\n" + text.replace(b"MODEL        1", b"MODEL        3")
    with pytest.raises(StructureError, match="no atoms in model 1 of 3"):
        load_structure(empty)
    assert load_structure(empty, model=2).model == 2
    assert load_structure(text, model=np.int64(2)).model == 2


def _operator(number: int, diagonal: list[float], shift: list[float]) -> list[str]:
    matrix = np.diag(diagonal)
    return [
        f"REMARK 350   BIOMT{row + 1}{number:4d}"
        + "".join(f"{value:10.6f}" for value in matrix[row])
        + f"{shift[row]:15.5f}"
        for row in range(3)
    ]


def test_assemblies_copy_chains():
    remark = [
        "REMARK 350 BIOMOLECULE: 1",
        "REMARK 350 APPLY THE FOLLOWING TO CHAINS: A, B",
        *_operator(1, [1.0, 1.0, 1.0], [0.0, 0.0, 0.0]),
        *_operator(2, [-1.0, -1.0, 1.0], [0.0, 0.0, 50.0]),
    ]
    text = ("\n".join(remark) + "\n" + two_chains()).encode()
    plain, copies = load_structure(text), load_structure(text, assembly=1)
    assert list(copies.chains) == ["A", "A-2", "B", "B-2"]
    assert copies.assembly == "1"
    assert plain.assembly is None
    turned = plain.chains["A"].coordinates() * [-1, -1, 1] + [0, 0, 50]
    np.testing.assert_allclose(copies.chains["A-2"].coordinates(), turned, atol=1e-3)
    assert copies.chains["A-2"].residue_labels[0] == "A-2:ALA1"
    assert copies.find("A-2:ALA1") == 0
    assert copies.identical_chains == (("A", "A-2", "B", "B-2"),)
    assert {m.chain_id for m in copies.molecules} == {"A", "A-2", "B", "B-2"}
    assert set(load_structure(copies.to_mmcif().encode()).chains) == set(copies.chains)
    assert list(load_structure(text, assembly="1", chains="A").chains) == ["A", "A-2"]
    assert [copies.original_id(chain_id) for chain_id in copies.chains] == list("AABB")
    assert plain.original_id("A-2") == "A-2"
    with pytest.raises(LabelError, match="unknown assembly '2'; there are 1"):
        load_structure(text, assembly=2)


def test_assemblies_too_large_to_look_at_are_refused(monkeypatch):
    remark = ["REMARK 350 BIOMOLECULE: 1", "REMARK 350 APPLY THE FOLLOWING TO CHAINS: A, B"]
    for number in range(1, 252):
        remark += _operator(number, [1.0, 1.0, 1.0], [0.0, 0.0, 50.0 * number])
    text = ("\n".join(remark) + "\n" + two_chains()).encode()
    with pytest.raises(StructureError, match="502 copies of its chains, more than 500"):
        load_structure(text, assembly=1)
    assert len(load_structure(text, assembly=1, chains="A").chains) == 251
    monkeypatch.setattr("protvis.structure.assemblies._MAX_ATOMS", 3000)
    with pytest.raises(StructureError, match="4,769 atoms, more than 3,000"):
        load_structure(text, assembly=1, chains="A")


def test_chains_without_an_id_get_letters():
    text = "\n".join(
        line[:21] + " " + line[22:] if line.startswith(("ATOM", "HETATM")) else line
        for line in two_chains().splitlines()
    )
    assert list(load_structure(text.encode()).chains) == ["A", "B"]


def test_a_structure_travels_between_processes(complex_):
    same = pickle.loads(pickle.dumps(complex_))
    assert same.to_mmcif() == complex_.to_mmcif()


def test_names_and_titles():
    structure = load_structure(TEST_FILES / "1a8o.pdb.gz")
    assert structure.name == "1A8O"
    assert structure.title == "HIV CAPSID C-TERMINAL DOMAIN"
    assert structure.method == "X-RAY DIFFRACTION"
    assert structure.source.endswith("1a8o.pdb.gz")
    assert not structure.is_predicted
    nameless = load_structure(two_chains().encode())
    assert (nameless.title, nameless.method) == ("", "")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("TITLE     ALPHAFOLD MONOMER V2.0 PREDICTION FOR X", True),
        ("EXPDTA    THEORETICAL MODEL", True),
        ("TITLE     A PROTEIN\nEXPDTA    X-RAY DIFFRACTION", False),
        ("TITLE     SOLVED WITH ALPHAFOLD\nEXPDTA    X-RAY DIFFRACTION", False),
        ("", False),
    ],
)
def test_predictions_are_known_by_their_own_statement(lines, expected):
    assert load_structure(f"{lines}\n{two_chains()}".encode()).is_predicted is expected


def test_signatures_are_those_promised():
    parameters = inspect.signature(load_structure).parameters
    assert next(iter(parameters)) == "source"
    assert parameters["chains"].kind is inspect.Parameter.KEYWORD_ONLY
    assert parameters["chains"].default is None


@pytest.mark.parametrize(
    "chain_id", ["'", '"', ":", "#", "_", ";", "$", "[", "?", ".", "1", "-", "+"]
)
def test_odd_chain_ids_survive_labels_and_the_browsers_text(chain_id):
    text = pdb_text([Residue("ALA", -1), Residue("GLY", 2), Residue("TRP", 3)], chain_id)
    structure = load_structure(text.encode())
    assert list(structure.chains) == [chain_id]
    for index, label in enumerate(structure.chains[chain_id].residue_labels):
        assert structure.find(label) == index
    assert structure.chains[chain_id].residue_labels[0] == f"{chain_id}:ALA-1"
    again = load_structure(structure.to_mmcif().encode())
    assert again.chains[chain_id].residue_labels == structure.chains[chain_id].residue_labels


def test_one_residue_is_no_chain():
    alone = pdb_text([Residue("TRP", 1)])
    with pytest.raises(StructureError, match="it takes two amino acids or more"):
        load_structure(alone.encode())
    away = "\n".join(
        f"{line[:21]}C{line[22:30]}{float(line[30:38]) + 50:8.3f}{line[38:]}"
        for line in alone.splitlines()
        if line.startswith("ATOM")
    )
    beside = two_chains().replace("END\n", away)
    structure = load_structure(beside.encode())
    assert list(structure.chains) == ["A", "B"]
    assert [m.chain_id for m in structure.molecules if m.kind == "peptide"] == ["C"]


def test_occupancies_below_zero_and_atoms_listed_twice():
    rows = [
        Residue("ALA", 1), Residue("SER", 2, places=[("A", -0.5, "SER"), ("B", -0.2, "SER")]),
        Residue("TRP", 3),
    ]  # fmt: skip
    text = pdb_text(rows)
    chain = load_structure(text.encode()).chains["A"]
    assert chain.altlocs == ("", "B", "")
    twice = "\n".join(
        f"{line}\n{line[:30]}{float(line[30:38]) + 0.5:8.3f}{line[38:]}"
        if line.startswith("ATOM") else line
        for line in text.splitlines()
    )  # fmt: skip
    same = load_structure(twice.encode()).chains["A"]
    assert same.sequence == chain.sequence == "ASW"
    # The first of each stays.
    np.testing.assert_array_equal(same.coordinates("CA"), chain.coordinates("CA"))
    assert len(same.atoms.names) == len(chain.atoms.names)


def test_places_no_molecule_reaches_are_refused():
    text = load_structure(two_chains().encode()).to_mmcif()
    (line,) = [row for row in text.splitlines() if row.startswith("ATOM 2 ")]
    x = line.split()[10]
    for value in ("1e6", "-3e300"):
        far = text.replace(line, line.replace(f" {x} ", f" {value} ", 1))
        with pytest.raises(
            StructureError, match="atom CA of A:ALA1 has a coordinate of 1,000,000 Å"
        ):
            load_structure(far.encode())


@pytest.mark.parametrize("form", ["chain", "residue", "atom"])
def test_names_of_any_length_are_read(form):
    """Seven letters are what gemmi's flat arrays have room for."""
    text = load_structure(TEST_FILES / "1a8o.pdb.gz").to_mmcif()
    block = gemmi.cif.read_string(text).sole_block()
    columns = {
        "chain": ["label_asym_id", "auth_asym_id"], "residue": ["label_comp_id"],
        "atom": ["label_atom_id"],
    }[form]  # fmt: skip
    known = {"chain": "A", "residue": "GLN", "atom": "OE1"}[form]
    long = f"a_rather_long_{form}"
    for row in block.find("_atom_site.", columns):
        for at, value in enumerate(row):
            if value == known:
                row[at] = long
    short, renamed = (load_structure(source.encode()) for source in (text, block.as_string()))
    (one,), (other,) = short.chains.values(), renamed.chains.values()
    np.testing.assert_allclose(one.coordinates(), other.coordinates())
    assert one.observed.tolist() == other.observed.tolist()
    assert one.residue_numbers.tolist() == other.residue_numbers.tolist()
    if form == "residue":
        assert other.sequence == one.sequence.replace("Q", "X")
        assert long in other.residue_names
    else:
        assert other.sequence == one.sequence
    if form == "chain":
        assert other.residue_labels[0] == "a_rather_long_chain:MSE151"
        assert renamed.find("a_rather_long_chain:152") == 1
        again = load_structure(renamed.to_mmcif().encode())
        assert again.chains[long].residue_labels == other.residue_labels
