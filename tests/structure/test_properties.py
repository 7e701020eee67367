"""Random chains with gaps, insertion codes, alternates and modified residues come back as made."""

from __future__ import annotations

import gemmi
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protvis.errors import StructureWarning
from protvis.structure import load_structure
from tests.structure.chain_files import THREE, Residue, backbone, pdb_text

MODIFIED = {"MSE": "M", "SEP": "S", "TPO": "T", "PTR": "Y", "HYP": "P", "CSO": "C", "KCX": "K"}
LETTERS = {**{name: letter for letter, name in THREE.items()}, **MODIFIED}
names = st.sampled_from(sorted(LETTERS))


@st.composite
def chains(draw) -> list[Residue]:
    """A chain of 3 to 30 residues, at least two of them observed."""
    n = draw(st.integers(3, 30))
    number, code = draw(st.integers(-20, 500)), ""
    residues = []
    for _ in range(n):
        residue = Residue(draw(names), number, code)
        step = draw(st.sampled_from(["next", "next", "next", "insert", "jump"]))
        if step == "insert" and code != "Z":
            code = chr(ord(code) + 1) if code else "A"
        else:
            number, code = number + (1 if step != "jump" else draw(st.integers(2, 9))), ""
        kind = draw(st.sampled_from(["plain"] * 5 + ["unobserved", "alternate", "several"]))
        if kind == "unobserved":
            residue.observed = False
        elif kind == "alternate":
            first = draw(st.integers(1, 99)) / 100
            residue.places = [("A", first, residue.name), ("B", 1 - first, residue.name)]
        elif kind == "several":
            other = draw(names.filter(lambda name, known=residue.name: name != known))
            first = draw(st.integers(1, 99)) / 100
            residue.places = [("A", first, residue.name), ("B", 1 - first, other)]
        residues.append(residue)
    for residue in (residues[0], residues[-1]):
        residue.observed = True
    return residues


def chosen(residue: Residue) -> tuple[str, str, int]:
    """Return the name, altloc and place that occupancy decides on, as written in the file."""
    if not residue.places:
        return residue.name, "", 0
    occupancies = [round(occupancy, 2) for _, occupancy, _ in residue.places]
    place = int(np.argmax(occupancies))
    altloc, _, name = residue.places[place]
    return name, altloc, place


@given(chains())
@settings(max_examples=150)
def test_a_chain_comes_back(residues):
    (chain,) = load_structure(pdb_text(residues).encode()).chains.values()
    assert chain.n_residues == len(residues)
    assert chain.residue_names == tuple(chosen(residue)[0] for residue in residues)
    assert chain.sequence == "".join(LETTERS[chosen(residue)[0]] for residue in residues)
    assert chain.observed.tolist() == [residue.observed for residue in residues]
    assert chain.residue_numbers.tolist() == [residue.number for residue in residues]
    assert chain.insertion_codes == tuple(residue.code for residue in residues)
    assert chain.altlocs == tuple(chosen(residue)[1] for residue in residues)
    assert len(set(chain.residue_labels)) == len(residues)
    for index, label in enumerate(chain.residue_labels):
        assert chain.find(label) == index
    for atom in ("CA", "CB"):
        expected = np.array([
            backbone(index)["CA" if chain.residue_names[index] == "GLY" else atom]
            + [chosen(residue)[2], 0, 0] if residue.observed else [np.nan] * 3
            for index, residue in enumerate(residues)
        ])  # fmt: skip
        np.testing.assert_allclose(chain.coordinates(atom), expected, atol=1e-3)


@given(chains())
@settings(max_examples=50)
def test_the_browser_text_holds_the_same_chain(residues):
    structure = load_structure(pdb_text(residues).encode())
    (chain,) = structure.chains.values()
    block = gemmi.cif.read_string(structure.to_mmcif()).sole_block()
    columns = ["auth_asym_id", "label_comp_id", "auth_seq_id", "pdbx_PDB_ins_code", "label_seq_id",
               "label_atom_id", "Cartn_x", "Cartn_y", "Cartn_z"]  # fmt: skip
    seen = []
    for *rest, place, atom, x, y, z in block.find("_atom_site.", columns):
        chain_id, name, number, code = rest
        index = int(place) - 1
        assert chain.residue_labels[index] == f"{chain_id}:{name}{number}{code.strip('?')}"
        if atom == "CA":
            seen.append(index)
            position = [float(x), float(y), float(z)]
            np.testing.assert_allclose(chain.coordinates("CA")[index], position, atol=1e-3)
    assert seen == np.flatnonzero(chain.observed).tolist()


@given(st.integers(1, 40), st.integers(0, 12), st.floats(1, 30), st.integers(0, 2**32 - 1))
@settings(max_examples=60)
def test_contacts_follow_their_definition(n, min_separation, cutoff, seed):
    from protvis.structure.contacts import contact_map

    random = np.random.default_rng(seed)
    positions = random.normal(scale=8, size=(n, 3))
    positions[random.random(n) < 0.1] = np.nan
    found = contact_map(positions, cutoff, min_separation)
    for i in range(n):
        for j in range(n):
            distance = np.sqrt(((positions[i] - positions[j]) ** 2).sum())
            assert found[i, j] == bool(distance < cutoff and abs(i - j) >= min_separation)
    # Turned around, shifted and in another order, the contacts are the same pairs.
    reverse = contact_map(-positions[::-1] + 5.0, cutoff, min_separation)
    assert (reverse[::-1, ::-1] == found).mean() > 0.999


@pytest.mark.parametrize("seqres", [True, False])
def test_numbers_repeated_without_insertion_codes_survive(seqres):
    rows = [
        Residue("ALA", 1), Residue("GLY", 2), Residue("GLY", 2), Residue("SER", 2),
        Residue("TRP", 3),
    ]  # fmt: skip
    with pytest.warns(StructureWarning, match="several residues are called A:GLY2; a label finds"):
        (chain,) = load_structure(pdb_text(rows, seqres=seqres).encode()).chains.values()
    assert chain.sequence == "AGGSW"
    assert chain.residue_labels == ("A:ALA1", "A:GLY2", "A:GLY2", "A:SER2", "A:TRP3")
    assert chain.find("A:GLY2") == 1
    assert chain.find("A:SER2") == 3
