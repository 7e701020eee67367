"""Alignments, samples and couplings of the training scripts, on made-up families."""

from __future__ import annotations

import gzip

import numpy as np
import pytest

from training.alignments import (
    GAP,
    LETTERS,
    Alignment,
    column_letters,
    encode,
    identity_to,
    read_alignment,
    row_weights,
    training_rows,
)
from training.couplings import attention_targets, mean_field_couplings


def test_reads_rows_and_keeps_the_query_apart(tmp_path):
    path = tmp_path / "toy.fasta.gz"
    with gzip.open(path, "wt") as out:
        out.write(">QUERY toy\nLAGV\n>one idq=0.50\nLA\n-X\n>two\nLAGV\n")
    found = read_alignment(path)
    assert found.name == "toy"
    assert found.query.tolist() == [0, 1, 2, 3]
    assert found.rows.tolist() == [[0, 1, GAP, GAP], [0, 1, 2, 3]]


@pytest.mark.parametrize(
    ("text", "message"),
    [(">one\nLAGV\n", "QUERY first"), (">QUERY\nLAGV\n>one\nLAG\n", "one length")],
)
def test_refuses_what_is_no_such_alignment(tmp_path, text, message):
    path = tmp_path / "toy.fasta.gz"
    with gzip.open(path, "wt") as out:
        out.write(text)
    with pytest.raises(ValueError, match=message):
        read_alignment(path)


def test_identity_does_not_count_gaps():
    rows = np.stack([encode("LAGV"), encode("L--V"), encode("A---"), encode("----")])
    assert identity_to(rows, encode("LAGG")).tolist() == [0.75, 0.5, 0.0, 0.0]


def test_a_longer_chain_lies_on_its_columns():
    query = encode("MKVLAWDEYTFGHRNC")
    letters, residues = column_letters(query, "GSPT" + "MKVLAWDEYTYGHRNC" + "QQ")
    assert "".join(LETTERS[code] for code in letters) == "MKVLAWDEYTYGHRNC"
    assert residues.tolist() == list(range(4, 20))


def test_rows_near_any_chain_go():
    query = "MKVLAWDEYTFGHRNC"
    near_other = "MKVLAWDEAAAAAAAA"
    far = "CNRHGFTYEDWALVKM"
    rows = np.stack([encode(query), encode(near_other), encode(far)])
    alignment = Alignment("toy", encode(query), rows)
    kept, closest = training_rows(alignment, [query])
    assert len(kept) == 2
    assert closest.max() <= 0.6
    kept, _ = training_rows(alignment, [query, near_other])
    assert kept.tolist() == [encode(far).tolist()]


def test_weights_against_the_definition():
    rng = np.random.default_rng(0)
    rows = rng.integers(0, 3, size=(40, 10)).astype(np.int8)
    rows[rng.random(rows.shape) < 0.1] = GAP
    expected = []
    for one in rows:
        alike = 0
        for other in rows:
            same = sum(a == b != GAP for a, b in zip(one, other, strict=True))
            alike += same >= 0.8 * min((one != GAP).sum(), (other != GAP).sum())
        expected.append(1 / alike)
    np.testing.assert_allclose(row_weights(rows, block=7), expected)


def test_couplings_find_the_columns_that_vary_together():
    rng = np.random.default_rng(0)
    rows = rng.integers(0, 20, size=(2000, 12)).astype(np.int8)
    rows[:, 9] = (rows[:, 1] + 3) % 20
    strength = mean_field_couplings(rows, np.ones(len(rows)))
    np.testing.assert_allclose(strength, strength.T, atol=1e-5)
    assert np.unravel_index(strength.argmax(), strength.shape) == (1, 9)
    target = attention_targets(strength, per_column=1 / 12)
    assert target[1, 9] == target[9, 1] > 0
    assert np.count_nonzero(target) == 2


def test_targets_keep_their_distance_and_their_sums():
    rng = np.random.default_rng(1)
    strength = rng.random((30, 30)).astype(np.float32)
    strength += strength.T
    target = attention_targets(strength)
    first, second = np.nonzero(target)
    assert np.abs(first - second).min() >= 6
    assert np.count_nonzero(target) == 2 * 45
    assert target.sum(1).max() <= 1 + 1e-6
