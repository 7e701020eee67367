"""Several chains as one, against the slow definition: each chain and each pair of chains alone."""

from __future__ import annotations

import copy
import pickle
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protvis.errors import LabelError
from protvis.structure import Chain, JoinedChains, join_chains, load_structure
from tests.structure.chain_files import Residue, atom_line, backbone, pdb_text
from tests.structure.collected import SHARED, TEST_FILES


@pytest.fixture(scope="module")
def complex_():
    """A protease (U, with insertion codes and gaps) and its peptide inhibitor (P)."""
    return load_structure(TEST_FILES / "4zhl.cif.gz")


@pytest.fixture(scope="module")
def joined(complex_) -> JoinedChains:
    return join_chains([complex_.chains["U"], complex_.chains["P"]])


def test_residues_follow_each_other(complex_, joined):
    first, second = complex_.chains["U"], complex_.chains["P"]
    n = first.n_residues
    assert joined.chain_id == "U+P"
    assert joined.n_residues == len(joined) == n + second.n_residues
    assert joined.chains == (first, second)
    assert joined.sequence == first.sequence + second.sequence
    assert joined.sequences == (first.sequence, second.sequence)
    assert joined.segments == (("U", 0, n), ("P", n, n + second.n_residues))
    assert joined.chain_of.tolist() == [0] * n + [1] * second.n_residues
    for name in ("residue_labels", "residue_names", "insertion_codes", "altlocs", "variants"):
        assert getattr(joined, name) == getattr(first, name) + getattr(second, name)
    for name in ("residue_numbers", "observed"):
        both = np.concatenate([getattr(first, name), getattr(second, name)])
        np.testing.assert_array_equal(getattr(joined, name), both)
    for atom in ("CB", "CA", "virtual_cb", "SG"):
        both = np.concatenate([first.coordinates(atom), second.coordinates(atom)])
        np.testing.assert_array_equal(joined.coordinates(atom), both)
    assert repr(joined) == f"<JoinedChains U+P: {n} + {second.n_residues} residues>"


def test_contacts_within_and_between(complex_, joined):
    first, second = complex_.chains["U"], complex_.chains["P"]
    n = first.n_residues
    for options in ({}, {"cutoff": 6.0}, {"min_separation": 10_000}, {"atom": "CA"}):
        found = joined.contact_map(**options)
        assert (found[:n, :n] == first.contact_map(**options)).all()
        assert (found[n:, n:] == second.contact_map(**options)).all()
        between = {key: value for key, value in options.items() if key != "min_separation"}
        assert (found[:n, n:] == complex_.contact_map("U", "P", **between)).all()
        assert (found == found.T).all()
    assert found[:n, n:].any()
    distances = joined.distance_map()
    np.testing.assert_array_equal(distances[:n, n:], complex_.distance_map("U", "P"))
    np.testing.assert_array_equal(distances[:n, :n], first.distance_map())
    with pytest.raises(ValueError, match="min_separation"):
        joined.contact_map(min_separation=-1)


def test_separation_has_no_meaning_between_chains(joined):
    apart = joined.separation()
    n = joined.n_residues
    for i in range(0, n, 7):
        for j in range(0, n, 5):
            same = joined.chain_of[i] == joined.chain_of[j]
            assert apart[i, j] == (abs(i - j) if same else n)


def test_a_chain_answers_as_one_of_its_own(complex_):
    chain = complex_.chains["U"]
    n = chain.n_residues
    assert chain.chains == (chain,)
    assert chain.segments == (("U", 0, n),)
    assert not chain.chain_of.any()
    assert chain.sequences == (chain.sequence,)
    index = np.arange(n)
    assert (chain.separation() == np.abs(index[:, None] - index)).all()
    alone = join_chains([chain])
    assert alone.chain_id == "U"
    assert (alone.contact_map() == chain.contact_map()).all()
    assert (alone.separation() == chain.separation()).all()


def test_labels_find_their_residue(joined):
    for index, label in enumerate(joined.residue_labels):
        assert joined.find(label) == index
    assert joined.residue_labels[joined.find("HIS57")] == "U:HIS57"
    assert joined.find("P:1") == joined.segments[1][1] + joined.chains[1].find("1")
    with pytest.raises(LabelError, match="unknown chain 'X'; there are U, P"):
        joined.find("X:HIS57")
    with pytest.raises(LabelError, match="did you mean 'U:HIS57'"):
        joined.find("U:ALA57")


def two_copies(*, seqres: bool = True) -> Chain:
    rows = [Residue("ALA", 1), Residue("CYS", 2, observed=False), Residue("GLY", 4)]
    text = pdb_text(rows, seqres=seqres, remark=seqres).replace("END\n", "")
    other = [line for line in text.splitlines() if line.startswith("ATOM")]
    other = [f"{line[:21]}B{line[22:30]}{float(line[30:38]) + 5:8.3f}{line[38:]}" for line in other]
    return join_chains(
        list(load_structure("\n".join([text, *other, "END", ""]).encode()).chains.values())
    )


@pytest.mark.filterwarnings("ignore::protvis.errors.StructureWarning")
def test_what_several_chains_share():
    joined = two_copies()
    with pytest.raises(LabelError, match="A:ALA1, B:ALA1; give the full label"):
        joined.find("ALA1")
    assert joined.find("CYS2") == 1
    assert joined.sequence == "ACG" + "AG"
    # Chain B has no SEQRES, so that it is broken; the step from A to B is no break.
    assert joined.breaks == (3,)
    assert joined.secondary_structure is None
    assert joined.contact_map(min_separation=3).tolist()[0] == [False, False, False, True, False]


def test_secondary_structure_of_some_chains():
    helix = "HELIX    1   1 ALA A    1  GLY A    3  1                                   3\n"
    rows = [Residue("ALA", 1), Residue("CYS", 2), Residue("GLY", 3)]
    other = [
        atom_line(90 + at, atom, "", "ALA", "B", index + 1, "", xyz + 30)
        for index in range(2)
        for at, (atom, xyz) in enumerate(backbone(index).items())
    ]
    text = helix + pdb_text(rows).replace("END\n", "\n".join([*other, "END", ""]))
    chains = load_structure(text.encode()).chains
    assert join_chains([chains["B"], chains["A"]]).secondary_structure == "--HHH"
    bare = load_structure(text.removeprefix(helix).encode()).chains
    assert join_chains([bare["A"], bare["B"]]).secondary_structure is None


def test_chains_of_calphas_stand_beside_whole_ones():
    rows = [Residue("ALA", number) for number in range(1, 4)]
    lines = pdb_text(rows, seqres=False).splitlines()
    calphas = [line[:21] + "B" + line[22:] for line in lines if line[12:16] == " CA "]
    chains = load_structure("\n".join([*lines[:-1], *calphas, "END", ""]).encode()).chains
    joined = join_chains(list(chains.values()))
    assert (chains["A"].is_ca_only, chains["B"].is_ca_only, joined.is_ca_only) == (0, 1, 0)
    assert joined.contact_atom == "CB"
    np.testing.assert_array_equal(joined.coordinates()[3:], joined.coordinates("CA")[3:])
    assert not np.isnan(joined.coordinates()).any()


def test_what_cannot_be_joined(complex_):
    with pytest.raises(LabelError, match="no chains to join"):
        join_chains([])
    with pytest.raises(LabelError, match="chain U is named twice"):
        join_chains([complex_.chains["U"], complex_.chains["U"]])


def test_joining_in_steps_is_joining_at_once(complex_, joined):
    again = join_chains([join_chains([complex_.chains["U"]]), complex_.chains["P"]])
    assert again.segments == joined.segments
    assert again.chain_id == "U+P"


def test_joined_chains_travel_between_processes(joined):
    for same in (pickle.loads(pickle.dumps(joined)), copy.deepcopy(joined)):
        assert same.segments == joined.segments
        assert (same.contact_map() == joined.contact_map()).all()
    with pytest.raises(ValueError, match="read-only"):
        joined.chain_of[0] = 3


@given(
    st.lists(st.integers(2, 9), min_size=1, max_size=4),
    st.integers(0, 12),
    st.floats(1, 30),
    st.integers(0, 2**32 - 1),
)
@settings(max_examples=40)
def test_contacts_follow_their_definition(lengths, min_separation, cutoff, seed):
    random = np.random.default_rng(seed)
    lines, places = [], []
    for chain_id, length in zip("ABCD", lengths, strict=False):
        for number in range(1, length + 1):
            places.append((chain_id, number, random.normal(scale=8, size=3).round(3)))
            lines.append(
                atom_line(len(lines) + 1, "CA", "", "ALA", chain_id, number, "", places[-1][2])
            )
        lines.append("TER")
    with warnings.catch_warnings():
        # Random positions are broken chains.
        warnings.simplefilter("ignore")
        joined = join_chains(
            list(load_structure("\n".join([*lines, "END", ""]).encode()).chains.values())
        )
    found, apart = joined.contact_map(cutoff, min_separation), joined.separation()
    for i, (one, first, here) in enumerate(places):
        for j, (other, second, there) in enumerate(places):
            near = np.sqrt(((here - there) ** 2).sum()) < cutoff
            far_enough = one != other or abs(first - second) >= min_separation
            assert found[i, j] == (near and far_enough)
            assert apart[i, j] == (abs(first - second) if one == other else len(places))


@pytest.mark.skipif(not SHARED.is_dir(), reason="../shared/data is not here")
def test_the_protease_and_its_inhibitor(shared_structures):
    structure = load_structure(shared_structures / "paper/7hvp.pdb")
    joined = join_chains(list(structure.chains.values()))
    assert joined.segments == (("A", 0, 99), ("B", 99, 198), ("C", 198, 204))
    contacts = joined.contact_map()
    found = {
        (one, other): int(contacts[start:stop, first:last].sum())
        for one, start, stop in joined.segments
        for other, first, last in joined.segments
        if one < other
    }
    # As other programs count them, with Cβ, Cα for Gly and 8 Å.
    assert found == {("A", "B"): 143, ("A", "C"): 25, ("B", "C"): 18}
