"""ProteinNet's text: the sample of its authors, records written for the test, damaged files."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protvis.datasets import ProteinNetDataset
from protvis.errors import DatasetError, OptionError
from protvis.structure import load_structure
from protvis.structure.contacts import contact_map


@pytest.fixture(scope="module")
def sample(shared_data):
    return shared_data / "annotations" / "proteinnet" / "text_sample.txt"


def text_of(name, sequence, xyz, mask, states=None):
    """A record, coordinates (residue, atom, axis) in Å."""
    rows = [" ".join(f"{value * 100:.1f}" for value in xyz[..., axis].ravel()) for axis in range(3)]
    profile = "\n".join("\t".join("0.5" for _ in sequence) for _ in range(21))
    secondary = f"[SECONDARY]\n{states}\n" if states is not None else ""
    return (
        f"[ID]\n{name}\n[PRIMARY]\n{sequence}\n[EVOLUTIONARY]\n{profile}\n{secondary}"
        f"[TERTIARY]\n" + "\n".join(rows) + f"\n[MASK]\n{mask}\n\n"
    )


@pytest.fixture
def crambin(shared_data):
    chain = load_structure(shared_data / "structures/plain/1crn.pdb").chain("A")
    return chain, np.stack([chain.coordinates(atom) for atom in ("N", "CA", "C")], axis=1)


def test_the_sample(sample):
    dataset = ProteinNetDataset(sample)
    assert dataset.keys == ("TBM#T0366",)
    assert "secondary_structure" not in dataset.features()
    (record,) = dataset.read("TBM#T0366").records
    lines = sample.read_text().splitlines()
    assert record.sequence == lines[lines.index("[PRIMARY]") + 1]
    assert (record.atom, record.source) == ("CA", "")
    mask = lines[lines.index("[MASK]") + 1]
    start = lines.index("[TERTIARY]") + 1
    table = [[float(number) for number in line.split()] for line in lines[start : start + 3]]
    for index in range(record.n_residues):
        if mask[index] == "-":
            assert np.isnan(record.coordinates[index]).all()
        else:
            expected = [axis[3 * index + 1] / 100 for axis in table]
            np.testing.assert_allclose(record.coordinates[index], expected, rtol=1e-6)
    assert np.isnan(record.coordinates).any(axis=1).sum() == mask.count("-") == 22
    # Neighbours along the chain are 3.8 Å apart.
    steps = np.linalg.norm(np.diff(record.coordinates, axis=0), axis=1)
    np.testing.assert_allclose(steps[np.isfinite(steps)], 3.8, atol=0.1)


def test_records_of_a_known_structure(tmp_path, crambin):
    chain, backbone = crambin
    path = tmp_path / "x.txt"
    n = chain.n_residues
    mask = "-" + "+" * (n - 1)
    states = "LHBEGITS" * 5 + "L" * (n - 40)
    path.write_text(
        text_of("1CRN_1_A", chain.sequence, backbone, "+" * n)
        + text_of("70#1CRN_1_A", chain.sequence, backbone, mask, states)
        + text_of("1CRN_1_A", chain.sequence[::-1], backbone, "+" * n)
    )
    dataset = ProteinNetDataset(path)
    assert dataset.keys == ("1CRN_1_A", "70#1CRN_1_A", "1CRN_1_A (2)")
    assert dataset.features()["secondary_structure"] == ("helix", "strand", "turn", "other")
    first, second, third = (dataset.read(key).records[0] for key in dataset.keys)
    np.testing.assert_allclose(first.coordinates, chain.coordinates("CA"), atol=1e-3)
    assert not first.tracks
    assert np.isnan(second.coordinates[0]).all()
    np.testing.assert_array_equal(second.coordinates[1:], first.coordinates[1:])
    joined = dict(zip("LHBEGITS", "-HEEHHTT", strict=True))
    assert second.tracks["secondary_structure"].values.tolist() == [joined[one] for one in states]
    assert third.sequence == chain.sequence[::-1]
    assert [(one.source, one.chain_id) for one in (first, second)] == [("1CRN", "A")] * 2
    copy = pickle.loads(pickle.dumps(dataset))
    np.testing.assert_array_equal(copy.read("1CRN_1_A").records[0].coordinates, first.coordinates)


def test_contacts_between_computed_cbetas(tmp_path, crambin):
    chain, backbone = crambin
    path = tmp_path / "x.txt"
    path.write_text(text_of("1CRN_1_A", chain.sequence, backbone, "+" * chain.n_residues))
    (record,) = ProteinNetDataset(path, atom="CB").read("1CRN_1_A").records
    assert record.atom == "CB"
    glycines = [index for index, letter in enumerate(chain.sequence) if letter == "G"]
    apart = np.linalg.norm(record.coordinates - chain.coordinates("CB"), axis=1)
    assert apart.max() < 0.35
    assert apart[glycines].max() < 1e-3
    own, theirs = contact_map(record.coordinates), chain.contact_map()
    assert (own & theirs).sum() / (own | theirs).sum() > 0.9
    ids = {ProteinNetDataset(path, atom=atom).fingerprint() for atom in ("CA", "CB")}
    assert len(ids) == 2
    with pytest.raises(OptionError, match="unknown atom 'N'"):
        ProteinNetDataset(path, atom="N")


def test_zeros_are_missing_also_where_the_mask_has_them(tmp_path, crambin):
    chain, backbone = crambin
    backbone[5] = 0
    path = tmp_path / "x.txt"
    path.write_text(text_of("a", chain.sequence, backbone, "+" * chain.n_residues))
    (record,) = ProteinNetDataset(path).read("a").records
    assert np.flatnonzero(np.isnan(record.coordinates).any(axis=1)).tolist() == [5]
    assert np.flatnonzero(~record.observed).tolist() == [5]


def test_states_are_known_of_residues_in_the_mask(tmp_path, crambin):
    chain, backbone = crambin
    n = chain.n_residues
    text = text_of("a", chain.sequence, backbone, "---" + "+" * (n - 3))
    states = f"[SECONDARY]\n{'LHEG' * n}"[: len("[SECONDARY]\n") + n]
    path = tmp_path / "x.txt"
    path.write_text(text.replace("[TERTIARY]", f"{states}\n[TERTIARY]"))
    (record,) = ProteinNetDataset(path).read("a").records
    assert len(record.tracks["secondary_structure"]) == n
    assert np.flatnonzero(~record.known("secondary_structure")).tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("[PRIMARY]", "[PRIMERY]", r"no \[PRIMARY\]"),
        ("[TERTIARY]", "[TERTIARI]", r"no \[TERTIARY\]"),
        ("\n++++", "\n+++", r"\[MASK\] has 45 letters for 46"),
        ("\n++++", "\n+?++", r"\[MASK\] has \?"),
        ("TTCCPS", "TTCCPSA", r"should have three lines of 141 numbers"),
        ("1705.2", "17O5.2", "not a number"),
        ("1705.2", "1_705.2", "not a number"),
        ("1705.2", "infinity", "not a number"),
        ("1705.2", "1e308", "e\\+306 Å from the origin"),
        ("1705.2", "-1e12", "e\\+10 Å from the origin"),
        ("1705.2", "1e999", "too large"),
        ("1705.2", "1705.2\f", "not a number"),
        ("[MASK]", "[PRIMARY]", "comes twice"),
        ("[PRIMARY]\nTTCC", "[PRIMARY]\n[TTCC", "nothing under"),
    ],
)
def test_bad_records_are_refused_alone(tmp_path, crambin, old, new, reason):
    chain, backbone = crambin
    backbone = np.round(backbone, 3)
    backbone[0, 0, 0] = 17.052
    good = text_of("good", chain.sequence, backbone, "+" * chain.n_residues)
    bad = text_of("bad", chain.sequence, backbone, "+" * chain.n_residues)
    assert old in bad
    path = tmp_path / "x.txt"
    path.write_text(bad.replace(old, new, 1) + good)
    dataset = ProteinNetDataset(path)
    with pytest.raises(DatasetError, match=f"record bad: .*{reason}"):
        dataset.read("bad")
    assert dataset.read("good").records[0].sequence == chain.sequence


def test_files_of_other_things(tmp_path, shared_data):
    with pytest.raises(DatasetError, match="there is no file"):
        ProteinNetDataset(tmp_path / "nothing.txt")
    with pytest.raises(DatasetError, match="TFRecords are not read"):
        ProteinNetDataset(shared_data / "annotations/proteinnet/tf_sample.tfrecord")
    path = tmp_path / "x.txt"
    path.write_text("[ID]\nabc\n[PRIMARY]\nACD\n")
    dataset = ProteinNetDataset(path)
    path.write_text("other")
    with pytest.raises(DatasetError, match="changed since"):
        dataset.read("abc")


@settings(max_examples=60)
@given(share=st.floats(0, 1, exclude_max=True))
def test_a_file_cut_off(sample, tmp_path_factory, share):
    whole = sample.read_bytes().rstrip()
    path = tmp_path_factory.mktemp("cut") / "x.txt"
    path.write_bytes(whole[: int(share * len(whole))])
    # What follows the coordinates may be missing; all before it may not.
    has_all = (
        whole[: int(share * len(whole))].endswith(b"\n") and b"[MASK]" not in path.read_bytes()
    )
    try:
        dataset = ProteinNetDataset(path)
        dataset.read(dataset.keys[0])
        assert has_all
    except DatasetError as error:
        assert str(error)  # noqa: PT017 - either is right, another exception is not
    path.unlink()
