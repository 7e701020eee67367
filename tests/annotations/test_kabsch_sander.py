"""Secondary structure from hydrogen bonds: stored output of DSSP, a slow definition, symmetries."""

from __future__ import annotations

import numpy as np
import pytest

from protvis.annotations import annotate, compute_secondary_structure, kabsch_sander
from protvis.annotations.kabsch_sander import BACKBONE, helices_and_strands
from protvis.structure import load_structure
from tests.structure.chain_files import Residue, pdb_text
from tests.structure.collected import TEST_FILES

# H and E of mkdssp 4.2.2 on 1A8O.
STATES_1A8O = "----------HHHHHHHHHHHHH-----HHHHHHHHH-HHHH---HHHHHHHH-------HHHHHHH---"


@pytest.fixture(scope="module")
def protease():
    """Two β-barrels and a peptide that pairs with a strand."""
    return load_structure(TEST_FILES / "4zhl.cif.gz")


def test_helices_are_those_of_dssp():
    chain = load_structure(TEST_FILES / "1a8o.cif.gz").chains["A"]
    assert "".join(helices_and_strands(chain)) == STATES_1A8O
    track = compute_secondary_structure(chain)
    assert "".join(track.values) == STATES_1A8O
    assert "Kabsch and Sander" in track.source


def test_barrels_are_strands_and_end_in_a_helix(protease):
    chain = protease.chains["U"]
    states = helices_and_strands(chain, [protease.chains["P"]])
    # The file's records are of another program; its strands are longer by an end here and there.
    stated = np.array(list(chain.secondary_structure))
    assert (states == stated)[chain.observed].mean() > 0.85
    assert 70 < (states == "E").sum() < 110
    assert (states[chain.find("U:236") : chain.find("U:241")] == "H").all()
    assert (states[~chain.observed] == "-").all()


def test_bonds_follow_their_definition(protease):
    backbone = kabsch_sander._Backbone.of([protease.chains["U"]])
    found = kabsch_sander._hydrogen_bonds(backbone)
    n = len(backbone.residues)
    for donor in range(0, n, 3):
        energies = {}
        joined = donor > 0 and backbone.stretches[donor] == backbone.stretches[donor - 1]
        for acceptor in range(n):
            near = np.linalg.norm(backbone.calphas[donor] - backbone.calphas[acceptor]) < 9
            if not joined or backbone.is_proline[donor] or acceptor in (donor, donor - 1):
                continue
            away = backbone.carbons[donor - 1] - backbone.oxygens[donor - 1]
            nitrogen = backbone.nitrogens[donor]
            hydrogen = nitrogen + away / np.sqrt((away**2).sum())
            carbon, oxygen = backbone.carbons[acceptor], backbone.oxygens[acceptor]
            r_on, r_ch, r_oh, r_cn = (
                np.sqrt(((one - other) ** 2).sum())
                for one, other in (
                    (oxygen, nitrogen), (carbon, hydrogen), (oxygen, hydrogen), (carbon, nitrogen)
                )
            )  # fmt: skip
            energy = 332 * 0.42 * 0.2 * (1 / r_on + 1 / r_ch - 1 / r_oh - 1 / r_cn)
            if near and energy < -0.5:
                energies[acceptor] = energy
        best = sorted(energies, key=energies.__getitem__)[:2]
        assert {acceptor for one, acceptor in found if one == donor} == set(best)


def test_turning_the_molecule_changes_nothing(protease):
    chain, peptide = protease.chains["U"], protease.chains["P"]
    expected = helices_and_strands(chain, [peptide])
    turn, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))
    turn *= np.linalg.det(turn)
    text = protease.to_mmcif()
    moved = load_structure(text.encode())
    for one in moved.chains.values():
        one.atoms.xyz.setflags(write=True)
        one.atoms.xyz[:] = one.atoms.xyz @ turn.T + [3.0, -40.0, 7.0]
    again = helices_and_strands(moved.chains["U"], [moved.chains["P"]])
    assert again.tolist() == expected[chain.observed].tolist()


def test_small_blocks_change_nothing(protease, monkeypatch):
    expected = helices_and_strands(protease.chains["U"]).tolist()
    monkeypatch.setattr(kabsch_sander, "_BLOCK", 7)
    assert helices_and_strands(protease.chains["U"]).tolist() == expected


def test_strands_pair_across_chains(protease):
    # The chain cut in two: what paired within it pairs between the parts.
    text = protease.to_mmcif("U").splitlines()
    half = protease.chains["U"].n_residues // 2
    cut = [
        line.replace(" U ", " V ") if line.startswith(("ATOM", "HETATM"))
        and line.split()[8].isdigit() and int(line.split()[8]) > half else line
        for line in text
    ]  # fmt: skip
    whole = helices_and_strands(protease.chains["U"])[protease.chains["U"].observed]
    parts = load_structure("\n".join(cut).encode()).chains
    first, second = parts["U"], parts["V"]
    together = np.concatenate(
        [helices_and_strands(first, [second]), helices_and_strands(second, [first])]
    )
    alone = np.concatenate([helices_and_strands(first), helices_and_strands(second)])
    assert (together == whole).mean() > 0.98
    assert (alone == "E").sum() < (together == "E").sum()


def test_residues_without_a_whole_backbone_are_neither():
    rows = [Residue("ALA", number) for number in range(1, 7)]
    lines = pdb_text(rows).splitlines()
    bare = [line for line in lines if line[12:16].strip() != "O" or line[22:26].strip() != "3"]
    chain = load_structure("\n".join(bare).encode()).chains["A"]
    assert "".join(helices_and_strands(chain)) == "------"
    traced = [line for line in lines if line[12:16].strip() in ("CA", "CB") or "ATOM" not in line]
    chain = load_structure("\n".join(traced).encode()).chains["A"]
    assert "P-SEA" in compute_secondary_structure(chain).source
    assert set(BACKBONE) == {"N", "CA", "C", "O"}


def test_atoms_on_top_of_each_other_are_no_reason_to_fail():
    rows = [Residue("ALA", number) for number in range(1, 7)]
    lines = [
        f"{line[:30]}   1.000   1.000   1.000{line[54:]}" if line.startswith("ATOM") else line
        for line in pdb_text(rows).splitlines()
    ]
    structure = load_structure("\n".join(lines).encode())
    assert "".join(annotate(structure, "A")["secondary structure"].values) == "------"
