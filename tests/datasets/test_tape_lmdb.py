"""LMDBs of TAPE's form, written for the test, and files that are damaged or of other things."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protvis.datasets import SECONDARY_STRUCTURE, LmdbDataset
from protvis.errors import DatasetError
from tests.bounds import bounds

RNG = np.random.default_rng(7)
SEQUENCES = ["MKVLAAGIVGLCA", "GSHMENLYFQ", "ACDEFGHIKLMNPQRSTVWYX"]


def proteinnet(name, sequence):
    n = len(sequence)
    return {
        "id": name,
        "primary": sequence,
        "protein_length": n,
        "evolutionary": RNG.random((n, 21)).astype(np.float32),
        "valid_mask": RNG.random(n) < 0.8,
        "tertiary": RNG.normal(0, 20, (n, 3)).astype(np.float32),
    }


def secondary(name, sequence):
    ss8 = RNG.integers(0, 8, len(sequence))
    return {
        "id": name,
        "primary": sequence,
        "protein_length": len(sequence),
        "ss8": ss8,
        "ss3": np.array([0, 0, 0, 1, 1, 2, 2, 2])[ss8],
        "valid_mask": np.ones(len(sequence), np.float32),
    }


@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_proteinnet(write_lmdb, protocol):
    names = ["1A8O_1_A", b"30#2ABC_2_B", "TBM#T0366"]
    values = [proteinnet(*one) for one in zip(names, SEQUENCES, strict=True)]
    dataset = LmdbDataset(write_lmdb(values, protocol=protocol))
    assert dataset.keys == ("1A8O_1_A", "30#2ABC_2_B", "TBM#T0366")
    assert dataset.features()["contact"] == ("pair",)
    for key, fields in zip(dataset.keys, values, strict=True):
        (record,) = dataset.read(key).records
        assert record.sequence == fields["primary"]
        assert record.atom == "CA"
        expected = [
            list(point) if valid else [np.nan] * 3
            for point, valid in zip(fields["tertiary"], fields["valid_mask"], strict=True)
        ]
        np.testing.assert_array_equal(record.coordinates, np.array(expected, np.float32))
        assert not record.tracks
    sources = [dataset.read(key).records[0] for key in dataset.keys]
    assert [(one.source, one.chain_id) for one in sources] == [
        ("1A8O", "A"),
        ("2ABC", "B"),
        ("", ""),
    ]


def test_secondary_structure_as_in_the_paper(write_lmdb):
    values = [secondary(f"1abc-{i}", sequence) for i, sequence in enumerate(SEQUENCES)]
    dataset = LmdbDataset(write_lmdb(values))
    assert dataset.features()["secondary_structure"] == ("helix", "strand", "turn", "other")
    for key, fields in zip(dataset.keys, values, strict=True):
        (record,) = dataset.read(key).records
        track = record.tracks["secondary_structure"]
        # ProVis: helix, strand, turn or bend are 0, 1, 2 of ss3, and 3 is what ss8 leaves blank.
        four = [3 if eight == 7 else three for three, eight in zip(fields["ss3"], fields["ss8"])]  # noqa: B905
        names = ("helix", "strand", "turn", "other")
        assert [SECONDARY_STRUCTURE[letter] for letter in track.values] == [names[i] for i in four]
        # And by the states themselves.
        joined = {"G": "H", "H": "H", "I": "H", "B": "E", "E": "E", "S": "T", "T": "T", "C": "-"}
        assert track.values.tolist() == [joined["GHIBESTC"[i]] for i in fields["ss8"]]


def test_states_are_known_of_valid_residues(write_lmdb):
    fields = secondary("1abc-A", SEQUENCES[0])
    fields["valid_mask"][3:6] = 0
    (record,) = LmdbDataset(write_lmdb([fields])).read("1abc-A").records
    assert np.flatnonzero(~record.known("secondary_structure")).tolist() == [3, 4, 5]
    del fields["valid_mask"]
    (record,) = LmdbDataset(write_lmdb([fields], "all.lmdb")).read("1abc-A").records
    assert record.observed is None
    assert record.known("secondary_structure").all()


def test_three_states_have_no_turns(write_lmdb):
    fields = {"primary": "ACDE", "ss3": [0, 1, 2, 2]}
    dataset = LmdbDataset(write_lmdb([fields]))
    assert dataset.features()["secondary_structure"] == ("helix", "strand", "other")
    (record,) = dataset.read("0").records
    assert "".join(record.tracks["secondary_structure"].values) == "HE--"


def test_eight_states_alone(write_lmdb):
    dataset = LmdbDataset(write_lmdb([{"primary": "ACDEFGHI", "ss8": list(range(8))}]))
    (record,) = dataset.read("0").records
    assert "".join(record.tracks["secondary_structure"].values) == "HHHEETT-"


def test_the_order_is_that_of_the_numbers(write_lmdb):
    values = [{"id": f"p{index}", "primary": "ACD"} for index in range(25)]
    dataset = LmdbDataset(write_lmdb(values))
    assert dataset.keys == tuple(f"p{index}" for index in range(25))
    assert list(dataset.features()) == ["amino_acid"]


def test_ids_that_come_again_get_a_number(write_lmdb):
    names = ["a", "b", "a", "a (2)", None, "a"]
    values = [{"id": name, "primary": "ACD"[: 1 + i % 3]} for i, name in enumerate(names)]
    dataset = LmdbDataset(write_lmdb(values))
    assert dataset.keys == ("a", "b", "a (3)", "a (2)", "4", "a (4)")
    for index, key in enumerate(dataset.keys):
        (record,) = dataset.read(key).records
        assert (record.record_id, record.sequence) == (key, values[index]["primary"])


GOOD = {"id": "good", "primary": "ACDE"}
SITES = {"id": "bad", "primary": "ACDE", "positions": [1, 2, 3, 4], "sites": [2]}
BAD = {
    "a pickle that runs something": (b"\x80\x03cos\nsystem\nX\x04\0\0\0true\x85R.", "names os.sys"),
    "a damaged pickle": (pickle.dumps(SITES)[:-9], "damaged"),
    "no dictionary": ([1, 2], "got list"),
    "no sequence": ({"id": "bad", "sites": []}, "'primary'.*got nothing"),
    "a sequence of numbers": ({"id": "bad", "primary": [1, 2]}, "got list"),
    "an empty sequence": ({**SITES, "primary": "", "positions": []}, "empty"),
    "another length": ({**SITES, "protein_length": 5}, "protein_length is 5"),
    "positions of another length": (
        {**SITES, "positions": [1, 2, 3]},
        r"shape \(4,\).*'positions'",
    ),
    "positions missing": ({"id": "bad", "primary": "ACDE", "sites": [1]}, "no 'positions'"),
    "positions as text": ({**SITES, "positions": ["1", "2", "3", "3A"]}, "expected numbers"),
    "ragged sites": ({**SITES, "sites": [[1], [2, 3]]}, "not a table of numbers"),
    "immense sites": ({**SITES, "sites": [2**70]}, "expected numbers|no table"),
    "few coordinates": ({"id": "bad", "primary": "ACDE", "tertiary": np.zeros((3, 3))}, "tertiary"),
    "a short mask": (
        {"id": "bad", "primary": "AC", "tertiary": np.zeros((2, 3)), "valid_mask": [True]},
        "valid_mask",
    ),
    "a state there is not": ({"id": "bad", "primary": "AC", "ss8": [0, 8]}, "from 0 to 7"),
    "a negative state": ({"id": "bad", "primary": "AC", "ss3": [0, -1]}, "from 0 to 2"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_record_is_refused_alone(write_lmdb, what):
    value, reason = BAD[what]
    dataset = LmdbDataset(write_lmdb([GOOD, value, {**GOOD, "id": "last"}]))
    assert len(dataset) == 3
    assert dataset.read("good").records[0].sequence == "ACDE"
    assert dataset.read("last").records[0].sequence == "ACDE"
    with pytest.raises(DatasetError, match=reason) as caught:
        dataset.read(dataset.keys[1])
    assert "\n" not in str(caught.value)
    assert dataset.keys[1] in str(caught.value)


def test_no_sites_are_known_to_be_none(write_lmdb):
    dataset = LmdbDataset(write_lmdb([{**SITES, "sites": []}]))
    (record,) = dataset.read("bad").records
    assert record.tracks["binding_site"].values.tolist() == [False] * 4


def test_missing_coordinates_stay_missing(write_lmdb):
    tertiary = np.array([[1, 2, 3], [np.nan, 0, 0], [np.inf, 0, 0]])
    dataset = LmdbDataset(write_lmdb([{"primary": "ACD", "tertiary": tertiary}]))
    (record,) = dataset.read("0").records
    assert np.isnan(record.coordinates).all(axis=1).tolist() == [False, True, True]


def test_files_of_other_things(write_lmdb, tmp_path):
    with pytest.raises(DatasetError, match=r"no protein in it.*fields text"):
        LmdbDataset(write_lmdb([{"text": 1}], "other.lmdb"))
    with pytest.raises(DatasetError, match="there are no such values"):
        LmdbDataset(write_lmdb([], "empty.lmdb"))
    with pytest.raises(DatasetError, match="says that it has 5 records, but holds 1"):
        LmdbDataset(write_lmdb([GOOD], "five.lmdb", extra={b"num_examples": pickle.dumps(5)}))
    with pytest.raises(DatasetError, match="there is no file"):
        LmdbDataset(tmp_path / "nothing.lmdb")
    (tmp_path / "text.mdb").write_text("hello\n" * 5000)
    with pytest.raises(DatasetError, match="something else"):
        LmdbDataset(tmp_path / "text.mdb")
    (tmp_path / "none.mdb").write_bytes(b"")
    with pytest.raises(DatasetError, match="cannot be read"):
        LmdbDataset(tmp_path / "none.mdb")
    (tmp_path / "data.mdb.gz").write_bytes(b"\x1f\x8b" + bytes(9000))
    with pytest.raises(DatasetError, match="gunzip"):
        LmdbDataset(tmp_path / "data.mdb.gz")


def test_a_file_under_another_name(write_lmdb, tmp_path):
    folder = write_lmdb([GOOD, SITES])
    (folder / "data.mdb").rename(tmp_path / "valid.mdb")
    dataset = LmdbDataset(tmp_path / "valid.mdb")
    assert dataset.name == "valid.mdb"
    assert dataset.keys == ("good", "bad")
    assert {path.name for path in tmp_path.iterdir()} == {"made.lmdb", "valid.mdb"}


def test_a_file_changed_is_another(write_lmdb):
    one = LmdbDataset(write_lmdb([GOOD], "one.lmdb")).fingerprint()
    same = LmdbDataset(write_lmdb([GOOD], "same.lmdb")).fingerprint()
    other = LmdbDataset(write_lmdb([{**GOOD, "primary": "ACDF"}], "two.lmdb")).fingerprint()
    assert one == same
    assert one != other


@settings(max_examples=25)
@given(st.floats(0, 1, exclude_max=True))
def test_a_file_cut_off_is_refused(shared_data, tmp_path_factory, share):
    whole = (shared_data / "annotations/provis/binding_site_valid.lmdb/data.mdb").read_bytes()
    path = tmp_path_factory.mktemp("cut") / "data.mdb"
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(DatasetError, match=r"cut off|cannot be read"):
        LmdbDataset(path)
    path.unlink()


def test_a_file_open_elsewhere_in_the_process(write_lmdb):
    import lmdb

    path = write_lmdb([GOOD])
    with lmdb.open(str(path / "data.mdb"), subdir=False, readonly=True, lock=False):
        assert LmdbDataset(path).keys == ("good",)


def test_a_file_that_changed_is_opened_anew(write_lmdb):
    import lmdb

    path = write_lmdb([GOOD, SITES])
    dataset = LmdbDataset(path)
    with lmdb.open(str(path), map_size=2**24) as environment, environment.begin(write=True) as one:
        one.put(b"1", pickle.dumps(GOOD))
    with pytest.raises(DatasetError, match="has changed since it was opened"):
        dataset.read("bad")
    assert LmdbDataset(path).keys == ("good", "good (2)")


def test_an_evil_value_is_one_bad_record(write_lmdb):
    pair = b"K\x01K\x01\x86q\x00" + b"".join(
        b"h%c" % n * 2 + b"\x86q%c" % (n + 1) for n in range(59)
    )
    values = [{"id": f"p{n}", "primary": "ACDE"} for n in range(12)]
    values[7] = b"\x80\x02}" + pair + b"K\x01s."
    values[3] = {**GOOD, "id": "long", "protein_length": 10**5000}
    values[4] = pickle.dumps({**GOOD, "id": "a\ud800b"}, 2)
    values[5] = {**GOOD, "id": "a\x1b[2Jb\n"}
    values[6] = {**GOOD, "id": "lists", "positions": [["A" * 10**6], *["B"] * 10**4], "sites": []}
    values[8] = {**GOOD, "id": "array", "protein_length": np.zeros(3)}
    with bounds(lines=1_000_000, megabytes=60):
        dataset = LmdbDataset(write_lmdb(values))
        assert dataset.keys == (
            "p0", "p1", "p2", "3", "4", "5", "lists", "7", "array", "p9", "p10", "p11",
        )  # fmt: skip
        for key in ("3", "4", "7", "lists", "array"):
            with pytest.raises(DatasetError, match=f"record {key}: "):
                dataset.read(key)
        assert dataset.read("5").records[0].sequence == "ACDE"


def test_coordinates_out_of_range_are_refused(write_lmdb):
    far = np.array([[0.0, 0, 1e306], [1, 2, 3]])
    values = [
        {"id": "far", "primary": "AC", "tertiary": far},
        {"id": "list", "primary": "AC", "tertiary": [[0, 0, 10**300], [1, 2, 3]]},
        {"id": "nan", "primary": "AC", "tertiary": far[::-1] * 0, "valid_mask": [np.nan, 1.0]},
        {
            "id": "signal",
            "primary": "A",
            "tertiary": np.array([[0x7F800001, 0, 0]], "u4").view("f4"),
        },
    ]
    dataset = LmdbDataset(write_lmdb(values))
    for key in ("far", "list"):
        with pytest.raises(DatasetError, match=f"record {key}: "):
            dataset.read(key)
    (record,) = dataset.read("nan").records
    assert record.observed.tolist() == [False, True]
    # A NaN that signals is one, too.
    assert np.isnan(dataset.read("signal").records[0].coordinates).all()
