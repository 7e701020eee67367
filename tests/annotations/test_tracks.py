"""Tracks, sites by geometry and by record, and a person's own values."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest

from protvis.annotations import (
    BUFFERS,
    PairTrack,
    Track,
    TrackSet,
    annotate,
    binding_sites,
    disulfide_pairs,
    disulfides,
    glycosylation,
    interface,
    modified_residues,
    pair_track,
    relative_accessibility,
    site_records,
    track,
)
from protvis.errors import AnnotationError, LabelError
from protvis.structure import load_structure
from tests.structure.chain_files import Residue, atom_line, backbone, pdb_text
from tests.structure.collected import TEST_FILES

ROWS = [
    Residue(name, number)
    for number, name in enumerate(["ALA", "CYS", "GLY", "ASN", "SEP", "CYS", "TRP", "LEU"], 1)
]


def structure_with(*extra: str, head: str = ""):
    """A chain of eight residues and whatever else, as a structure."""
    text = pdb_text(ROWS).replace("END\n", "\n".join([*extra, "END", ""]))
    return load_structure((head + text).encode())


def hetatm(name, residue, position, chain_id="A", number=101, serial=900):
    return atom_line(serial, name, "", residue, chain_id, number, "", position, record="HETATM")


@pytest.fixture(scope="module")
def chain():
    return structure_with().chains["A"]


def test_kinds_hold_their_values():
    assert Track("s", "state", list("HE-"), "x").values.dtype.kind == "U"
    assert Track("s", "site", [True, False], "x").values.dtype == bool
    assert Track("n", "number", [1, 2], "x").values.dtype == np.float32
    ranges = Track("r", "range", [0, -1, 1, 0], "x", names=("a", "b"))
    assert ranges.mask("a").tolist() == [True, False, False, True]
    assert ranges.mask().tolist() == [True, False, True, True]
    assert Track("s", "state", list("HE-"), "x").mask("H").tolist() == [True, False, False]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("x", "stat", [1], "s"), "did you mean 'state'"),
        (("x", "number", ["a"], "s"), "its values are not"),
        (("x", "number", [[1.0]], "s"), "one value per residue"),
        (("x", "range", [0], "s"), "without a name"),
    ],
)
def test_tracks_that_make_no_sense_are_refused(arguments, words):
    with pytest.raises(AnnotationError, match=words):
        Track(*arguments)


def test_masks_of_what_is_not_there():
    with pytest.raises(AnnotationError, match="unknown state 'X'"):
        Track("s", "state", list("HE"), "x").mask("X")
    with pytest.raises(AnnotationError, match="threshold"):
        Track("n", "number", [1.0], "x").mask()


def test_tracks_do_not_share_the_callers_array():
    values = np.array([True, False])
    made = Track("s", "site", values, "x")
    values[0] = False
    assert made.values[0]
    with pytest.raises(ValueError, match="read-only"):
        made.values[0] = False
    assert pickle.loads(pickle.dumps(made)).values.tolist() == [True, False]


def test_sets_keep_order_and_length(chain):
    one = Track("one", "site", [True] * 8, "x")
    tracks = TrackSet(chain, [one])
    more = tracks.with_track(Track("two", "number", range(8), "x"))
    assert list(tracks) == ["one"]
    assert list(more) == ["one", "two"]
    assert more.to_frame().loc["A:CYS2", "two"] == 1.0
    with pytest.raises(LabelError, match="did you mean 'one'"):
        tracks["ona"]
    assert tracks.get("nothing") is None
    with pytest.raises(AnnotationError, match="has 3 values, but chain A has 8"):
        TrackSet(chain, [Track("short", "site", [True] * 3, "x")])
    with pytest.raises(AnnotationError, match="two tracks called 'one'"):
        TrackSet(chain, [one, one])


def test_a_ligand_makes_a_site_and_a_buffer_does_not():
    near = backbone(3)["CB"] + np.array([0.0, 3.0, 0.0])
    structure = structure_with(hetatm("C1", "LIG", near))
    site = binding_sites(structure, "A")
    assert site.values[3]
    assert site.notes[3] == "A:LIG101"
    # The slow way round: every atom of the chain against every atom of the ligand.
    atoms = structure.chains["A"].atoms
    apart = np.linalg.norm(atoms.xyz - near, axis=1)
    assert set(np.flatnonzero(site.values)) == set(atoms.residues[apart < 4.5])
    assert not binding_sites(structure, "A", distance=1.0).values.any()
    assert "GOL" in BUFFERS
    glycerol = structure_with(hetatm("C1", "GOL", near))
    assert not binding_sites(glycerol, "A").values.any()
    assert binding_sites(glycerol, "A", exclude=()).values.any()
    water = structure_with(hetatm("O", "HOH", near))
    assert not binding_sites(water, "A", exclude=()).values.any()


def test_a_bound_glycan_is_glycosylation_and_no_ligand():
    bound = backbone(3)["CB"] + np.array([-1.0, 1.0, 0.0])
    structure = structure_with(hetatm("C1", "NAG", bound))
    assert dict(glycosylation(structure, "A").notes) == {3: "A:NAG101"}
    assert not binding_sites(structure, "A").values.any()


def test_peptides_and_other_chains():
    shift = np.array([6.0, 0.0, 0.0])
    peptide = [
        atom_line(500 + i, atom, "", "ALA", "B", index + 1, "", xyz + shift)
        for index in range(3)
        for i, (atom, xyz) in enumerate(backbone(index).items())
    ]
    structure = structure_with(*peptide)
    assert set(binding_sites(structure, "A").notes.values()) == {"peptide B"}
    assert set(interface(structure, "A").notes.values()) == {"chain B"}
    assert interface(structure, "B").values.all()


def test_disulfides_by_record_and_by_distance():
    record = "SSBOND   1 CYS A    2    CYS A    6                          1555   1555  2.03\n"
    stated = structure_with(head=record)
    assert dict(disulfides(stated, "A").notes) == {1: "A:CYS6", 5: "A:CYS2"}
    assert disulfides(stated, "A").source.startswith("SSBOND")
    pairs = disulfide_pairs(stated, "A").values
    assert np.argwhere(np.triu(pairs)).tolist() == [[1, 5]]
    sulfurs = [
        atom_line(700, "SG", "", "CYS", "A", 2, "", [20.0, 0.0, 0.0]),
        atom_line(701, "SG", "", "CYS", "A", 6, "", [22.0, 0.0, 0.0]),
    ]
    lines = pdb_text(ROWS).splitlines()
    for line in sulfurs:
        key = line[17:26]
        at = max(i for i, other in enumerate(lines) if other[17:26] == key and "ATOM" in other)
        lines.insert(at + 1, line)
    measured = load_structure("\n".join(lines).encode())
    assert dict(disulfides(measured, "A").notes) == {1: "A:CYS6", 5: "A:CYS2"}
    assert "2.5 Å" in disulfides(measured, "A").source
    assert not disulfides(structure_with(), "A").values.any()


def test_modified_residues_and_site_records():
    head = (
        "MODRES 9TST SEP A    5  SER  PHOSPHOSERINE\n"
        "SITE     1 CAT  2 CYS A   2  TRP A   7\n"
        "REMARK 800\nREMARK 800 SITE_IDENTIFIER: CAT\n"
        "REMARK 800 SITE_DESCRIPTION: ACTIVE SITE\n"
    )
    structure = structure_with(head=head)
    assert dict(modified_residues(structure, "A").notes) == {4: "SEP (parent S): phosphoserine"}
    sites = site_records(structure, "A")
    assert np.flatnonzero(sites.values).tolist() == [1, 6]
    assert sites.notes[1] == "CAT: ACTIVE SITE"


def test_accessibility_follows_another_program():
    structure = load_structure(TEST_FILES / "1a8o.pdb.gz")
    chain = structure.chains["A"]
    ours = relative_accessibility(structure, "A")
    naccess = {}
    for line in (TEST_FILES / "1a8o.rsa").read_text().splitlines():
        if line.startswith("RES"):
            naccess[int(line[9:13])] = float(line[22:28]) / 100
    pairs = np.array([
        (ours.values[index], naccess[number])
        for index, number in enumerate(chain.residue_numbers.tolist()) if number in naccess
    ])  # fmt: skip
    assert len(pairs) == 66
    assert np.corrcoef(pairs.T)[0, 1] > 0.97
    alone = relative_accessibility(structure, "A", alone=True)
    np.testing.assert_array_equal(alone.values, ours.values)


def test_an_atom_far_off_costs_no_memory_and_covers_nothing():
    lines = pdb_text(ROWS).splitlines()
    plain = relative_accessibility(load_structure("\n".join(lines).encode()), "A").values
    at = next(i for i, line in enumerate(lines) if line[12:26] == " O   ALA A   1")
    without = "\n".join(lines[:at] + lines[at + 1 :])
    moved = lines[at][:30] + "9999.999-999.9999999.999" + lines[at][54:]
    far = load_structure("\n".join([*lines[:at], moved, *lines[at + 1 :]]).encode())
    values = relative_accessibility(far, "A").values
    less = relative_accessibility(load_structure(without.encode()), "A").values
    np.testing.assert_allclose(values[1:], less[1:], atol=1e-4)
    # All of the atom is free: 4 π (1.4 + 1.52)² Å² of 129 Å² for Ala, give or take the radius.
    assert 0.7 < values[0] - less[0] < 0.95
    assert plain[0] < values[0]


def test_own_values_by_label_number_series_and_array(chain):
    by_label = track(chain, {"A:CYS2": True, "TRP7": True}, name="mine")
    assert by_label.kind == "site"
    assert np.flatnonzero(by_label.values).tolist() == [1, 6]
    by_number = track(chain, {1: 0.5, 6: 2})
    assert by_number.kind == "number"
    assert np.isnan(by_number.values[1])
    assert by_number.values[[0, 5]].tolist() == [0.5, 2.0]
    series = track(chain, pd.Series([1.0, 2.0], index=["A:ALA1", "A:LEU8"]))
    assert series.values[7] == 2.0
    assert track(chain, np.arange(8)).values.tolist() == list(range(8))
    states = track(chain, list("HHHE--EE"), legend={"H": "helix"})
    assert states.kind == "state"


def test_own_values_from_csv(chain, tmp_path):
    path = tmp_path / "values.csv"
    path.write_text("residue,score\nA:ALA1,0.5\nA:LEU8,\n3,2\n")
    made = track(chain, path, name="score")
    assert np.isnan(made.values[3])
    assert made.values[2] == 2.0
    assert track(chain, path, index=False).kind == "number"
    assert made.source == str(path)
    assert made.values[0] == 0.5
    assert np.isnan(made.values[7])
    path.write_text("A:ALA1,true\nA:CYS2,False\n")
    assert track(chain, path).kind == "site"
    path.write_text("A:ALA1\n")
    with pytest.raises(AnnotationError, match="two columns"):
        track(chain, path)
    with pytest.raises(AnnotationError, match="no file"):
        track(chain, tmp_path / "none.csv")


def test_own_values_that_are_missing(chain):
    known = np.ma.masked_array(np.ones(chain.n_residues), mask=False)
    known[0] = np.ma.masked
    assert np.flatnonzero(np.isnan(track(chain, known).values)).tolist() == [0]
    nothing = track(chain, [np.nan] * chain.n_residues)
    assert nothing.kind == "number"
    assert np.isnan(nothing.values).all()
    for values in (None, 7, 1.5):
        with pytest.raises(AnnotationError, match="needs a mapping, a Series, a CSV file or one"):
            track(chain, values)


def test_unknown_residues_are_listed(chain):
    with pytest.raises(LabelError, match=r"has no single residue A:HIS57, B:ALA1, 99 \("):
        track(chain, {"A:HIS57": 1.0, "B:ALA1": 1.0, 99: 1.0, "A:ALA1": 1.0})
    with pytest.raises(AnnotationError, match="given twice"):
        track(chain, {"A:ALA1": 1.0, 1: 2.0})
    with pytest.raises(AnnotationError, match="has 3 values, but chain A has 8"):
        track(chain, [1.0, 2.0, 3.0])
    with pytest.raises(AnnotationError, match="neither all true or false"):
        track(chain, {1: "word", 2: 2.0})


@pytest.fixture(scope="module")
def demo_chain(demo_structure):
    """Bovine trypsin, numbered from 16 as chymotrypsin is."""
    return load_structure(demo_structure).chain("A")


@pytest.mark.parametrize("form", ["dict", "numpy", "series", "floats", "csv", "text"])
def test_numbers_are_author_numbers_and_indices_are_named(demo_chain, tmp_path, form):
    """57 is HIS57 in all that a person writes, not the 58th residue."""

    def written(keys: list[int]) -> object:
        values = [float(n + 1) for n in range(len(keys))]
        if form in ("series", "floats"):
            return pd.Series(values, index=keys if form == "series" else np.array(keys, float))
        if form == "csv":
            path = tmp_path / f"{keys[0]}.csv"
            lines = [f"{key},{value}" for key, value in zip(keys, values, strict=True)]
            path.write_text("residue,score\n" + "\n".join(lines))
            return path
        kind = {"dict": int, "numpy": np.int64, "text": str}[form]
        return {kind(key): value for key, value in zip(keys, values, strict=True)}

    def marked(made: Track) -> list[str]:
        return [demo_chain.residue_labels[n] for n in np.flatnonzero(~np.isnan(made.values))]

    assert marked(track(demo_chain, written([57, 102]))) == ["A:HIS57", "A:ASP102"]
    at = [demo_chain.find("A:HIS57"), 0]
    assert marked(track(demo_chain, written(at), index=True)) == ["A:ILE16", "A:HIS57"]
    with pytest.raises(LabelError, match=r"no single residue 0, 1 .* pass index=True"):
        track(demo_chain, written([0, 1]))
    with pytest.raises(LabelError, match="has indices 0 to 222, not 223"):
        track(demo_chain, written([0, 223]), index=True)


def test_what_numbers_mean_is_never_guessed(demo_chain, chain):
    per_residue = pd.Series(np.arange(demo_chain.n_residues))
    with pytest.raises(AnnotationError, match=r"from 0 to 222, but chain A runs from A:ILE16"):
        track(demo_chain, per_residue)
    assert track(demo_chain, per_residue, index=True).values[-1] == demo_chain.n_residues - 1
    with pytest.raises(LabelError, match="indices 0 to 7, not A:ALA1"):
        track(chain, {0: 1.0, "A:ALA1": 2.0}, index=True)
    with pytest.raises(AnnotationError, match="ALA1 is given twice"):
        track(chain, pd.Series([1.0, 2.0], index=[1, 1]))
    # Insertion codes: 184 and 184A are two residues, a bare number is the one without a code.
    inserted = track(demo_chain, {184: 1.0, "184A": 2.0}).values
    assert inserted[[demo_chain.find("A:TYR184A"), demo_chain.find("A:GLY184")]].tolist() == [2, 1]


def test_own_pairs(chain):
    matrix = np.zeros((8, 8), dtype=bool)
    matrix[0, 7] = matrix[7, 0] = True
    assert isinstance(pair_track(chain, matrix), PairTrack)
    with pytest.raises(AnnotationError, match="symmetric"):
        pair_track(chain, np.triu(np.ones((8, 8), dtype=bool), 1))
    with pytest.raises(AnnotationError, match="boolean"):
        pair_track(chain, np.zeros((8, 8)))
    with pytest.raises(AnnotationError, match="3 × 3, but chain A has 8"):
        pair_track(chain, np.zeros((3, 3), dtype=bool))


def test_annotate_leaves_out_what_is_empty():
    tracks = annotate(structure_with(), "A")
    assert list(tracks) == ["secondary structure", "modified residue", "relative accessibility"]
    with pytest.raises(LabelError, match="unknown protein chain 'B'"):
        annotate(structure_with(), "B")
