"""Tracks of several chains, on the chains joined."""

from __future__ import annotations

import numpy as np
import pytest

from protvis.annotations import (
    PairTrack,
    Track,
    TrackSet,
    UniProtEntry,
    annotate,
    annotate_chains,
    disulfide_pairs,
    disulfides,
    join_tracks,
)
from protvis.annotations.uniprot import Feature
from protvis.errors import AnnotationError, LabelError
from protvis.structure import join_chains, load_structure
from tests.structure.chain_files import Residue, pdb_text
from tests.structure.collected import SHARED, TEST_FILES


def structure_text(lengths: dict[str, int], head: str = "") -> str:
    lines = []
    for chain_id, length in lengths.items():
        rows = [Residue("CYS" if number == 2 else "ALA", number) for number in range(1, length + 1)]
        text = pdb_text(rows, chain_id, seqres=False)
        lines += [line for line in text.splitlines() if line.startswith(("ATOM", "TER"))]
    return head + "\n".join([*lines, "END", ""])


def structure_of(lengths: dict[str, int], head: str = ""):
    return load_structure(structure_text(lengths, head).encode())


@pytest.fixture(scope="module")
def structure():
    return structure_of({"A": 3, "B": 4})


def sets(structure, first, second):
    chains = structure.chains
    return join_chains([chains["A"], chains["B"]]), [
        TrackSet(chains["A"], first),
        TrackSet(chains["B"], second),
    ]


def test_tracks_of_one_name_follow_each_other(structure):
    tracks = join_tracks(
        *sets(
            structure,
            [
                Track("s", "state", list("HE-"), "file", {"H": "helix"}),
                Track("n", "number", [1, 2, 3], "x", unit="Å", notes={1: "two"}),
                Track("only A", "site", [True, False, True], "x", notes={0: "first"}),
            ],
            [
                Track("s", "state", list("CCCC"), "computed", {"C": "coil"}),
                Track("n", "number", [4, 5, 6, 7], "x", unit="Å", notes={3: "seven"}),
                Track("only B", "number", [1, 2, 3, 4], "x"),
                Track("also B", "state", list("HHHH"), "x"),
                Track("a range", "range", [0, 0, -1, 1], "x", names=("p", "q")),
            ],
        )
    )
    assert list(tracks) == ["s", "n", "only A", "only B", "also B", "a range"]
    assert "".join(tracks["s"].values) == "HE-CCCC"
    assert dict(tracks["s"].legend) == {"H": "helix", "C": "coil"}
    assert tracks["s"].source == "A: file; B: computed"
    assert tracks["n"].values.tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert (tracks["n"].unit, tracks["n"].source) == ("Å", "x")
    assert dict(tracks["n"].notes) == {1: "two", 6: "seven"}
    assert tracks["only A"].values.tolist() == [True, False, True] + [False] * 4
    assert np.isnan(tracks["only B"].values[:3]).all()
    assert "".join(tracks["also B"].values) == "---HHHH"
    assert tracks["a range"].values.tolist() == [-1, -1, -1, 0, 0, -1, 1]
    assert tracks.to_frame().loc["B:ALA4", "n"] == 7


def test_stretches_of_one_name_are_one_stretch(structure):
    first = Track("d", "range", [0, 1, 2], "x", names=("one", "repeat", "repeat"))
    second = Track("d", "range", [1, 2, -1, 0], "x", names=("two", "repeat", "one"))
    track = join_tracks(*sets(structure, [first], [second]))["d"]
    assert track.names == ("one", "repeat", "repeat", "two")
    assert track.values.tolist() == [0, 1, 2, 1, 0, -1, 3]
    # The slow way round: names along the residues.
    named = [track.names[value] if value >= 0 else "" for value in track.values]
    assert named == ["one", "repeat", "repeat", "repeat", "one", "", "two"]


def test_pairs_stand_along_the_diagonal(structure):
    one, other = np.eye(3, dtype=bool), np.ones((4, 4), dtype=bool)
    tracks = join_tracks(
        *sets(structure, [PairTrack("p", one, "x")], [PairTrack("p", other, "x"),
                                                      PairTrack("q", other, "y")])
    )  # fmt: skip
    expected = np.zeros((7, 7), dtype=bool)
    expected[:3, :3], expected[3:, 3:] = one, True
    assert (tracks["p"].values == expected).all()
    expected[:3, :3] = False
    assert (tracks["q"].values == expected).all()


def test_tracks_that_do_not_go_together_are_refused(structure):
    number = Track("t", "number", [1.0] * 3, "x")
    with pytest.raises(AnnotationError, match="of kind number and site in different chains"):
        join_tracks(*sets(structure, [number], [Track("t", "site", [True] * 4, "x")]))
    with pytest.raises(AnnotationError, match="of kind number and pair "):
        join_tracks(*sets(structure, [number], [PairTrack("t", np.eye(4, dtype=bool), "x")]))
    with pytest.raises(AnnotationError, match="in '' and 'Å' in different chains"):
        join_tracks(*sets(structure, [number], [Track("t", "number", [1.0] * 4, "x", unit="Å")]))
    joined, given = sets(structure, [], [])
    with pytest.raises(AnnotationError, match="those of chains A, B, in this order; got B, A"):
        join_tracks(joined, given[::-1])
    with pytest.raises(AnnotationError, match="got none"):
        join_tracks(joined, [])


def test_bonds_between_chains_are_pairs_of_the_joined_chains():
    record = "SSBOND   1 CYS A    2    CYS B    2                          1555   1555  2.03\n"
    structure = structure_of({"A": 3, "B": 4}, record)
    tracks = annotate_chains(structure, ["A", "B"])
    assert np.argwhere(np.triu(tracks["disulfide bonds"].values)).tolist() == [[1, 4]]
    assert dict(tracks["disulfide"].notes) == {1: "B:CYS2", 4: "A:CYS2"}
    assert not disulfide_pairs(structure, "A").values.any()
    turned = disulfide_pairs(structure, ["B", "A"]).values
    assert np.argwhere(np.triu(turned)).tolist() == [[1, 5]]


def test_copies_of_an_assembly_are_bound_to_copies():
    record = "SSBOND   1 CYS A    2    CYS B    2                          1555   1555  2.03\n"
    remark = "REMARK 350 BIOMOLECULE: 1\nREMARK 350 APPLY THE FOLLOWING TO CHAINS: A, B\n"
    for number, shift in ((1, 0.0), (2, 90.0)):
        for row in range(3):
            axis = "".join(f"{float(row == column):10.6f}" for column in range(3))
            remark += f"REMARK 350   BIOMT{row + 1}{number:4d}{axis}{shift:15.5f}\n"
    text = structure_text({"A": 3, "B": 4}, remark + record)
    copies = load_structure(text.encode(), assembly=1)
    assert list(copies.chains) == ["A", "A-2", "B", "B-2"]
    assert dict(disulfides(copies, "A-2").notes) == {1: "B-2:CYS2"}
    pairs = disulfide_pairs(copies, ["A", "A-2", "B", "B-2"]).values
    assert np.argwhere(np.triu(pairs)).tolist() == [[1, 7], [4, 11]]


def test_every_chain_keeps_its_own_tracks():
    structure = load_structure(TEST_FILES / "4zhl.cif.gz")
    tracks = annotate_chains(structure, ["U", "P"])
    assert tracks.chain.chain_id == "U+P"
    for chain_id, start, stop in tracks.chain.segments:
        for name, alone in annotate(structure, chain_id).items():
            values = tracks[name].values
            if isinstance(alone, PairTrack):
                assert (values[start:stop, start:stop] == alone.values).all()
            else:
                np.testing.assert_array_equal(values[start:stop], alone.values)
                for index, note in alone.notes.items():
                    assert tracks[name].notes[start + index] == note
    assert np.flatnonzero(tracks["interface"].values)[-1] >= tracks.chain.segments[1][1]
    assert len(annotate_chains(structure, "U").chain) == structure.chains["U"].n_residues


def test_uniprot_entries_go_by_chain(structure):
    long = structure_of({"A": 12, "B": 14})
    entry = UniProtEntry("P11111", "AC" + "A" * 10, (Feature("ACT_SITE", 2, 2, "here"),))
    tracks = annotate_chains(long, ["B", "A"], uniprot={"A": entry})
    assert dict(tracks["UniProt active site"].notes) == {15: "here"}
    with pytest.raises(LabelError, match="unknown chain 'C'"):
        annotate_chains(long, ["A", "B"], uniprot={"C": entry})
    with pytest.raises(LabelError, match="named twice"):
        annotate_chains(long, ["A", "A"])
    with pytest.raises(LabelError, match="unknown protein chain 'Q'"):
        annotate_chains(long, ["A", "Q"])


@pytest.mark.skipif(not SHARED.is_dir(), reason="../shared/data is not here")
def test_thrombin_and_the_bond_between_its_chains(shared_data):
    structure = load_structure(shared_data / "structures" / "numbering/1a4w.cif")
    tracks = annotate_chains(structure, ["L", "H", "I"])
    labels = tracks.chain.residue_labels
    bonds = [
        (labels[i], labels[j]) for i, j in np.argwhere(np.triu(tracks["disulfide bonds"].values))
    ]
    assert bonds == [
        ("L:CYS1", "H:CYS122"), ("H:CYS42", "H:CYS58"), ("H:CYS168", "H:CYS182"),
        ("H:CYS191", "H:CYS220"),
    ]  # fmt: skip
    assert tracks["modified residue"].notes[tracks.chain.find("I:TYS363")].startswith("TYS")
