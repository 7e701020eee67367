"""The kinds of tracks, each a class that says what it can be asked for; the table of tracks."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest

from protvis.annotations import (
    NumberTrack,
    PairTrack,
    RangeTrack,
    SiteTrack,
    StateTrack,
    Track,
    annotate,
)
from protvis.annotations.track_table import TRACKS
from protvis.datasets import StructureDataset
from protvis.errors import AnnotationError
from protvis.structure import load_structure
from tests.structure.collected import TEST_FILES

STATES = Track("ss", "state", "HHE-", "by hand", legend={"H": "helix", "E": "strand"})
SITE = Track("site", "site", [True, False, False, True], "by hand")
NUMBER = Track("number", "number", [1.5, np.nan, 3, 2], "by hand", unit="Å")
RANGE = Track("range", "range", [0, 1, -1, 2], "by hand", names=("kinase", "SH2", "kinase"))
PAIRS = PairTrack("bond", np.eye(4, dtype=bool)[::-1], "by hand")


@pytest.mark.parametrize(
    ("track", "made", "questions", "names", "summary"),
    [
        (STATES, StateTrack, ("-", "E", "H"), ("helix", "strand", "-"), ""),
        (SITE, SiteTrack, (None,), ("",), "2 residues"),
        (NUMBER, NumberTrack, (None,), ("",), "1.5 to 3 Å"),
        (RANGE, RangeTrack, (None, "kinase", "SH2"), ("kinase", "SH2"), ""),
    ],
)
def test_each_kind_is_a_class(track, made, questions, names, summary):
    assert type(track) is made
    assert (track.questions, track.value_names, track.summary) == (questions, names, summary)
    for again in (pickle.loads(pickle.dumps(track)), replace(track, source="again")):
        assert type(again) is made
        assert again.is_same(track)
    assert not track.is_same(PAIRS)
    with pytest.raises(AnnotationError, match=f"a {made.__name__} is not of kind 'other'"):
        replace(track, kind="other")


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("state", ["HELIX"]),
        ("state", [5]),
        ("site", ["False"]),
        ("site", [2.5]),
        ("site", [np.nan]),
        ("number", [np.inf]),
        ("number", [-1e39]),
        ("number", [10**400]),
        ("range", [2**40]),
        ("range", [0.5]),
    ],
)
def test_values_that_would_be_changed_are_refused(kind, values):
    with pytest.raises(AnnotationError, match=f"is of kind '{kind}', but its values are not"):
        Track("odd", kind, np.array(values, dtype=object), "by hand", names=("one",))


@pytest.mark.parametrize("name", [None, 5, ""])
def test_a_track_has_a_name(name):
    with pytest.raises(AnnotationError, match="a track needs a name"):
        Track(name, "site", [True], "by hand")
    with pytest.raises(AnnotationError, match="a track needs a name"):
        PairTrack(name, np.eye(2, dtype=bool), "by hand")


def test_masks_and_pairs():
    assert STATES.mask("H").tolist() == STATES.named("helix").tolist() == [True, True, False, False]
    assert RANGE.mask().tolist() == [True, True, False, True]
    assert RANGE.mask("kinase").tolist() == RANGE.named("kinase").tolist()
    assert not RANGE.named("unknown").any()
    assert RANGE.texts() == ["kinase", "SH2", "", "kinase"]
    assert SITE.named("").tolist() == SITE.values.tolist()
    for track in (STATES, SITE, NUMBER, RANGE, PAIRS):
        for question in track.questions:
            assert track.pairs(question).shape == (4, 4)
    np.testing.assert_array_equal(NUMBER.pairs()[2], NUMBER.values)
    np.testing.assert_array_equal(PAIRS.pairs(), PAIRS.values)
    with pytest.raises(AnnotationError, match="is of numbers"):
        NUMBER.mask()
    with pytest.raises(AnnotationError, match="unknown kind 'sites'"):
        Track("x", "sites", [True], "")


def test_codes():
    assert STATES.codes().tolist() == [2, 2, 1, 0]
    assert SITE.codes().tolist() == [1, 0, 0, 1]
    assert RANGE.codes().tolist() == [0, 1, -1, 2]
    assert PAIRS.codes().dtype == np.uint8


def test_one_table_names_what_is_shown_and_what_is_counted():
    structure = load_structure(TEST_FILES / "4zhl.cif.gz")
    dataset = StructureDataset(structure)
    names = {entry.name: entry.feature for entry in TRACKS}
    features = [feature for feature in names.values() if feature]
    assert len(set(features)) == len(features)
    for record in dataset.read(dataset.keys[0]).records:
        shown = annotate(structure, record.chain_id)
        assert set(record.tracks) <= set(dataset.features())
        for name, track in shown.items():
            # Data sets compute secondary structure, whatever the file says of it.
            if names[name] in record.tracks and not isinstance(track, StateTrack):
                np.testing.assert_array_equal(track.values, record.tracks[names[name]].values)
