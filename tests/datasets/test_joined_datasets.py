"""Data sets joined by the ids of their records, and a person's own tracks on them."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from protvis.annotations import PairTrack, Track
from protvis.datasets import (
    Dataset,
    FastaDataset,
    JoinedDataset,
    LmdbDataset,
    Reading,
    Record,
    StructureDataset,
    with_tracks,
)
from protvis.datasets.identifiers import entry_of, unique_ids
from protvis.errors import DatasetError, OptionError


class Written(Dataset):
    """Records that are written down."""

    def __init__(self, name, *records, offered=None):
        self.name = name
        self.records = {record.record_id: record for record in records}
        self.offered = offered or {"amino_acid": tuple("ACDEFGHIKLMNPQRSTVWY")}

    @property
    def keys(self):
        return tuple(self.records)

    def read(self, key):
        if self.records[key].sequence == "X":
            raise DatasetError(f"record {key}: {self.name} cannot read it")
        return Reading((self.records[key],))

    def features(self):
        return self.offered

    def fingerprint(self):
        return self.name


def site(name, *values):
    return Track(name, "site", np.array(values, dtype=bool), "test")


def test_sites_and_modifications_of_provis(provis_sites, provis_modifications):
    parts = LmdbDataset(provis_sites), LmdbDataset(provis_modifications)
    dataset = pickle.loads(pickle.dumps(JoinedDataset(parts)))
    assert dataset.keys == parts[0].keys == parts[1].keys
    assert dataset.name == "binding_site_valid.lmdb + protein_modification_valid.lmdb"
    assert set(dataset.features()) == {"binding_site", "modification", "amino_acid"}
    for key in dataset.keys[::20]:
        (record,) = dataset.read(key).records
        assert set(record.tracks) == {"binding_site", "modification"}
        for part in parts:
            (alone,) = part.read(key).records
            assert alone.sequence == record.sequence
            for feature, track in alone.tracks.items():
                np.testing.assert_array_equal(record.tracks[feature].values, track.values)
    assert dataset.fingerprint() == JoinedDataset(parts).fingerprint()
    assert dataset.fingerprint() != JoinedDataset(parts[::-1]).fingerprint()


def test_records_of_some_or_all():
    xyz = np.arange(9.0).reshape(3, 3)
    one = Written(
        "one", Record("a", "ACD", {"x": site("x", 1, 0, 0)}), Record("b", "ACDE"),
        offered={"x": ("",)},
    )  # fmt: skip
    two = Written(
        "two",
        Record("c", "GG"),
        Record("a", "ACD", {"y": site("y", 0, 0, 1)}, xyz, "CA", "1ABC", "A"),
        offered={"y": ("",), "contact": ("pair",)},
    )
    dataset = JoinedDataset([one, two])
    assert dataset.keys == ("a", "b", "c")
    assert dataset.features() == {"x": ("",), "y": ("",), "contact": ("pair",)}
    (record,) = dataset.read("a").records
    assert set(record.tracks) == {"x", "y"}
    np.testing.assert_array_equal(record.coordinates, xyz)
    assert (record.atom, record.source, record.chain_id) == ("CA", "1ABC", "A")
    assert dataset.read("c").records[0].sequence == "GG"
    with pytest.raises(DatasetError, match="unknown record 'd'"):
        dataset.read("d")


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        (Record("a", "ACD"), Record("a", "ACE"), "its sequence in two .* is not that in one"),
        (
            Record("a", "ACD"),
            Record("a", "ACDE"),
            r"in two \(4 residues\) is not that in one \(3\)",
        ),
        (
            Record("a", "AC", {"x": site("x", 1, 0)}),
            Record("a", "AC", {"x": site("x", 1, 1)}),
            "x in two is not that in one",
        ),
        (
            Record("a", "AC", {"x": site("x", 1, 0)}),
            Record("a", "AC", {"x": Track("x", "number", np.array([1.0, 0.0]), "")}),
            "x in two is not that in one",
        ),
        (
            Record("a", "AC", {"x": site("x", 1, 0)}),
            Record("a", "AC", {"x": PairTrack("x", np.zeros((2, 2), bool), "")}),
            "x in two is not that in one",
        ),
        (Record("a", "AC"), Record("a", "X"), "two cannot read it"),
    ],
)
def test_what_does_not_agree_is_refused(first, second, reason):
    dataset = JoinedDataset(
        [Written("one", first, Record("b", "AC")), Written("two", second, Record("b", "AC"))]
    )
    with pytest.raises(DatasetError, match=f"record a: .*{reason}"):
        dataset.read("a")
    assert dataset.read("b").records


def test_what_agrees_is_one():
    values = np.array([1.0, np.nan], np.float32)
    records = [Record("a", "AC", {"plddt": Track("plddt", "number", values, "")}) for _ in "12"]
    dataset = JoinedDataset([Written("one", records[0]), Written("two", records[1])])
    (record,) = dataset.read("a").records
    np.testing.assert_array_equal(record.tracks["plddt"].values, values)


def test_what_coordinates_say_is_known_where_they_are():
    """Sites of one's own hold everywhere; two structures, where both show the residues."""
    seen = np.array([True, True, False, True])
    parts = [
        Written("sites", Record("a", "ACDE", {"x": site("x", 1, 0, 1, 0)})),
        Written(
            "one",
            Record(
                "a", "ACDE", {"y": site("y", 1, 0, 1, 0)},
                observed=seen, from_coordinates=frozenset("y"),
            ),
        ),
        Written(
            "two",
            Record(
                "a", "ACDE", {"z": site("z", 0, 0, 1, 0)},
                observed=seen[::-1], from_coordinates=frozenset("z"),
            ),
        ),
    ]  # fmt: skip
    (record,) = JoinedDataset(parts[:2]).read("a").records
    assert record.known("x").all()
    assert record.known("y").tolist() == seen.tolist()
    (record,) = JoinedDataset(parts).read("a").records
    assert record.known("z").tolist() == [True, False, False, True]
    with pytest.raises(DatasetError, match=r"record a: observed has shape \(3,\), expected \(4,\)"):
        Record("a", "ACDE", observed=seen[:3])


def test_values_are_joined_and_kinds_are_not():
    def of(values):
        return Written("one", Record("a", "AC"), offered={"x": values})

    assert JoinedDataset([of(("a", "b")), of(("b", "c"))]).features() == {"x": ("a", "b", "c")}
    for other in (("",), ("pair",)):
        with pytest.raises(DatasetError, match="x is of one kind"):
            JoinedDataset([of(("a", "b")), of(other)]).features()


def test_structures_and_nothing_are_not_joined(demo_structure):
    with pytest.raises(DatasetError, match="holds structures"):
        JoinedDataset([Written("one", Record("a", "AC")), StructureDataset(demo_structure)])
    with pytest.raises(DatasetError, match="at least one"):
        JoinedDataset([])


@pytest.fixture
def fasta(tmp_path):
    path = tmp_path / "x.fasta"
    path.write_text(">a\nMKVLA\n>b\nACD\n>c\nGG\n")
    return FastaDataset(path)


def test_own_tracks(fasta):
    pairs = np.zeros((5, 5), dtype=bool)
    pairs[0, 4] = pairs[4, 0] = True
    dataset = with_tracks(
        fasta,
        {
            "a": [
                site("hot spot", 1, 0, 0, 0, 1),
                Track("state", "state", np.array(list("xxyyz")), "", {"x": "one", "y": "two"}),
                PairTrack("couplings", pairs, "test"),
                Track("plddt", "number", np.arange(5.0), ""),
            ],
            "b": Track("domain", "range", np.array([-1, 0, 1]), "", names=("SH2", "SH3")),
        },
    )
    dataset = pickle.loads(pickle.dumps(dataset))
    assert dataset.keys == fasta.keys
    assert dataset.features() == {
        **fasta.features(),
        "hot_spot": ("",),
        "state": ("one", "two", "z"),
        "couplings": ("pair",),
        "plddt": ("",),
        "domain": ("SH2", "SH3"),
    }
    first, second, third = (dataset.read(key).records[0] for key in dataset.keys)
    assert set(first.tracks) == {"hot_spot", "state", "couplings", "plddt"}
    assert all(track.name == name for name, track in first.tracks.items())
    assert first.tracks["hot_spot"].values.tolist() == [True, False, False, False, True]
    np.testing.assert_array_equal(first.tracks["couplings"].values, pairs)
    assert set(second.tracks) == {"domain"}
    assert not third.tracks
    assert dataset.key_of("a") == "a"


def test_numbers_are_kept_and_not_counted(fasta):
    """They may number the residues of a family (`position` of `protvis.analyze`)."""
    from protvis.analysis.analysis import analyze_heads

    numbers = Track("my numbers", "number", np.arange(5.0), "own")
    dataset = with_tracks(fasta, {"a": numbers})
    assert dataset.features() == fasta.features()
    assert dataset.read("a").records[0].tracks["my_numbers"].values.tolist() == [0, 1, 2, 3, 4]
    assert dataset.fingerprint() != fasta.fingerprint()
    with pytest.raises(OptionError, match="'my_numbers': numbers cannot be counted"):
        analyze_heads(fasta, "mini", features={"a": numbers})


def test_own_tracks_are_counted_by_their_columns(fasta):
    """What `features` offers is what `analysis` makes columns and labels of."""
    from protvis.analysis.counting.features import columns_of, label_record

    track = Track("domain", "range", np.array([-1, 0, 1, 1, -1]), "", names=("SH2", "SH3"))
    state = Track("state", "state", np.array(list("xxyyz")), "", {"x": "one", "y": "two"})
    dataset = with_tracks(fasta, {"a": [track, state]})
    columns = columns_of(["domain", "state"], dataset.features())
    assert [column.value for column in columns] == ["SH2", "SH3", "one", "two", "z"]
    (record,) = dataset.read("a").records
    groups, _ = label_record(record, columns, cutoff=8.0, min_separation=6)
    hits = np.concatenate([group.hits for group in groups])
    assert [np.flatnonzero(row).tolist() for row in hits] == [[1], [2, 3], [0, 1], [2, 3], [4]]


def test_own_tracks_replace(demo_structure):
    dataset = StructureDataset(demo_structure)
    (record,) = dataset.read(dataset.keys[0]).records
    states = np.full(record.n_residues, "T")
    own = with_tracks(
        dataset,
        {
            "1gbt.A": [
                Track("secondary structure", "state", states, "mine"),
                site("binding_site", *np.ones(record.n_residues)),
            ]
        },
    )
    (changed,) = own.read(own.keys[0]).records
    assert changed.tracks["secondary_structure"].source == "mine"
    assert changed.tracks["binding_site"].values.all()
    assert record.from_coordinates - changed.from_coordinates == {
        "secondary_structure",
        "binding_site",
    }
    assert set(changed.tracks) == set(record.tracks)
    assert own.features()["secondary_structure"] == ("helix", "strand", "other", "turn")
    assert own.fingerprint() != dataset.fingerprint()
    assert not own.keys_are_records
    assert own.key_of("1gbt.A") == own.keys[0]


def test_own_tracks_that_do_not_fit(fasta, demo_structure):
    with pytest.raises(DatasetError, match="there is a track for an unknown record 'A1'"):
        with_tracks(fasta, {"A1": site("x", 1)})
    dataset = with_tracks(fasta, {"a": site("x", 1, 0), "b": site("x", 1, 0, 0)})
    reading = dataset.read("a")
    assert reading.records == ()
    ((name, reason),) = reading.skipped
    assert name == "a"
    assert "x has 2 values for 5 residues" in reason
    assert dataset.read("b").records[0].tracks["x"].values.tolist() == [True, False, False]
    dataset = with_tracks(StructureDataset(demo_structure), {"1gbt.Q": site("x", 1)})
    reading = dataset.read(dataset.keys[0])
    assert [record.record_id for record in reading.records] == ["1gbt.A"]
    ((name, reason),) = reading.skipped
    assert name == "1gbt.Q"
    assert "it has 1gbt.A" in reason


@pytest.mark.parametrize(
    ("tracks", "reason"),
    [
        (
            {"b": site("x", 1, 0, 0), "a": Track("x", "number", np.arange(5.0), "")},
            "numbers cannot be called 'x', which is counted",
        ),
        ({"a": site("plddt", 1, 0, 0, 0, 0)}, "called plddt must be one of numbers"),
        ({"a": site("contact", 1, 0, 0, 0, 0)}, "cannot be called 'contact'"),
        ({"a": site("amino acid", 1, 0, 0, 0, 0)}, "cannot be called 'amino_acid'"),
        ({"a": site(" ", 1, 0, 0, 0, 0)}, "cannot be called 'nothing'"),
        ({"a": site("secondary structure", 1, 0, 0, 0, 0)}, "one of states, with the letters"),
        (
            {"a": Track("secondary_structure", "state", np.array(list("HHQQQ")), "")},
            "one of states, with the letters H, E, T, -",
        ),
        ({"a": [site("x y", *[0] * 5), site("x_y", *[0] * 5)]}, "two tracks called x_y"),
        (
            {"a": site("x", *[0] * 5), "b": PairTrack("x", np.zeros((3, 3), bool), "")},
            "x is of one kind",
        ),
    ],
)
def test_own_tracks_that_cannot_be_counted(fasta, tracks, reason):
    with pytest.raises(DatasetError, match=reason):
        with_tracks(fasta, tracks)


def test_fingerprints_follow_own_tracks(fasta):
    prints = {
        with_tracks(fasta, tracks).fingerprint()
        for tracks in (
            {"a": site("x", 1, 0, 0, 0, 0)},
            {"a": site("x", 0, 1, 0, 0, 0)},
            {"a": site("y", 1, 0, 0, 0, 0)},
            {"b": site("x", 1, 0, 0)},
            {"a": Track("x", "range", np.zeros(5, int), "", names=("p",))},
            {"a": Track("x", "range", np.zeros(5, int), "", names=("q",))},
        )
    }
    assert len(prints) == 6


def test_unique_ids():
    assert unique_ids(["a", "b"]) == ("a", "b")
    assert unique_ids(["a", "a", "a"]) == ("a", "a (2)", "a (3)")
    made = unique_ids(["a", "a (2)", "a", "a (2)", "a"])
    assert len(set(made)) == 5
    assert made[:2] == ("a", "a (2)")


@pytest.mark.parametrize(
    ("record_id", "expected"),
    [
        ("1bvy.F", ("1BVY", "F")),
        ("1A8O_1_A", ("1A8O", "A")),
        ("70#4abc_2_AA", ("4ABC", "AA")),
        ("1abc-A", ("1ABC", "A")),
        ("P00760", ("P00760", "A")),
        ("1MKA_d1mkaa_", ("", "")),
        ("TBM#T0366", ("", "")),
        ("alpha", ("", "")),
        ("", ("", "")),
    ],
)
def test_entries_of_ids(record_id, expected):
    assert entry_of(record_id) == expected
