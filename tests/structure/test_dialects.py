"""What other programs write: chains and residues, each kind of fault in files made here."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from protvis.annotations import annotate
from protvis.errors import StructureError
from protvis.structure import load_structure
from protvis.structure.force_field_names import RESIDUES, WATERS
from tests.structure.chain_files import THREE
from tests.structure.dialects import load, sequences
from tests.structure.peptides import LETTERS, Atom, in_chain, mmcif, pdb, peptide, solvent

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
