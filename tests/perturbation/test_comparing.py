"""Comparisons against differences of maps taken by hand, and noise against mutants one by one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from Bio.Align import substitution_matrices
from hypothesis import given
from hypothesis import strategies as st

import protvis
from protvis.attention import AttentionMaps
from protvis.errors import LabelError, OptionError, SequenceError
from protvis.inference import compute_attention
from protvis.inference.protein import read_protein
from protvis.models import load_model
from protvis.perturbation import Comparison, NoiseLevel
from protvis.perturbation.matched_mutants import Gap, draw_mutants, make_mutant
from protvis.perturbation.mutations import Mutation, read_mutations
from protvis.structure import load_structure

SEQUENCE = "MKTAYIAKQRQISFVKSHFS"


@pytest.fixture(scope="module")
def chain() -> Any:
    from tests.conftest import ROOT

    return load_structure(ROOT / "protvis" / "data" / "1gbt.cif.gz").chain("A")


@pytest.fixture(scope="module")
def mini() -> Any:
    return load_model("mini")


@pytest.fixture(scope="module")
def s195a(chain: Any, mini: Any) -> Comparison:
    return protvis.compare(chain, "S195A", model=mini)


@pytest.mark.slow
def test_a_mutant_on_a_structure(s195a: Comparison, chain: Any, mini: Any) -> None:
    place = chain.find("195")
    mutant = f"{chain.sequence[:place]}A{chain.sequence[place + 1 :]}"
    assert s195a.title == "S195A"
    assert s195a.b.sequence == mutant
    assert s195a.b.residue_labels[place] == "A:SER195→A"
    wild, other = compute_attention(mini, chain), compute_attention(mini, mutant)
    np.testing.assert_allclose(s195a.map(5, 3), other.head(5, 3) - wild.head(5, 3), atol=1e-6)
    np.testing.assert_allclose(
        s195a.map(4, "mean"), other.head(4, "mean") - wild.head(4, "mean"), atol=1e-6
    )
    residues = s195a.residues()
    assert len(residues) == 223
    assert list(residues.loc[residues["state"] != "same", "a"]) == ["A:SER195"]


@pytest.mark.slow
def test_the_table_of_heads(s195a: Comparison) -> None:
    frame = s195a.heads()
    assert len(frame) == 40
    assert frame["mean"].is_monotonic_decreasing
    for row in frame.iloc[[0, 20, 39]].itertuples():
        delta = s195a.map(row.layer, row.head)
        sizes = {(i, j): abs(delta[i, j]) for i, j in np.ndindex(223, 223) if abs(i - j) >= 6}
        best = max(sizes, key=lambda pair: sizes[pair])
        assert row.largest == pytest.approx(sizes[best])
        assert row.mean == pytest.approx(np.mean(list(sizes.values())), rel=1e-4)
        labels = s195a.a.residue_labels
        assert (row.query_label, row.key_label) == (labels[best[0]], labels[best[1]])
        before, after = (
            {
                frozenset(pair)
                for pair in maps.links(row.layer, row.head, top_k=223)[["query", "key"]].to_numpy()
            }
            for maps in (s195a.a, s195a.b)
        )
        tops = [{tuple(sorted(pair)) for pair in one} for one in (before, after)]
        assert row.links_changed == pytest.approx(len(tops[0] - tops[1]) / 223)


def test_links_that_diverge(s195a: Comparison) -> None:
    links = s195a.links(5, 8, top_k=30)
    assert np.abs(links["delta"]).is_monotonic_decreasing
    assert (links["delta"] < 0).any()
    assert (links["delta"] > 0).any()
    np.testing.assert_allclose(links["delta"], links["weight_b"] - links["weight_a"], atol=1e-6)
    assert (np.abs(links["query"] - links["key"]) >= 6).all()
    assert {"query_label", "key_label", "distance", "contact", "above_noise"} <= set(links)
    noise = s195a.noise
    assert noise is not None
    expected = np.abs(links["delta"]) > noise.threshold[4, 7]
    assert list(links["above_noise"]) == list(expected)
    means = s195a.links(5, "mean", top_k=30)
    highest = noise.threshold_of_means
    assert highest is not None
    assert list(means["above_noise"]) == list(np.abs(means["delta"]) > highest[4])
    assert s195a.noise_of(5, "mean") == highest[4]
    assert s195a.noise_of(5, 8) == noise.threshold[4, 7]


@pytest.mark.slow
def test_noise_is_that_of_mutants_one_by_one(s195a: Comparison, chain: Any, mini: Any) -> None:
    noise = s195a.noise
    assert noise is not None
    assert len(noise.mutants) == len(set(noise.mutants)) == 20
    # Trypsin has Ser to spare: all twenty are Ser to Ala elsewhere.
    assert all(name[0] == "S" and name[-1] == "A" and name != "S195A" for name in noise.mutants)
    wild = compute_attention(mini, chain)
    apart = np.abs(np.subtract.outer(np.arange(223), np.arange(223))) >= 6
    for row in (0, 13):
        other = protvis.compare(chain, noise.mutants[row], model=mini, n_random=0)
        delta = np.abs(other.b.values - wild.values)[..., apart]
        np.testing.assert_allclose(noise.largest[row], delta.max(-1), atol=1e-6)
        np.testing.assert_allclose(noise.mean[row], delta.mean(-1), rtol=1e-3, atol=1e-9)
        means = np.abs(other.b.values.mean(1) - wild.values.mean(1))[..., apart]
        assert noise.largest_of_means is not None
        np.testing.assert_allclose(noise.largest_of_means[row], means.max(-1), atol=1e-6)
    frame = s195a.heads().set_index(["layer", "head"])
    for layer, head in ((1, 1), (5, 8)):
        row = frame.loc[(layer, head)]
        draws = noise.largest[:, layer - 1, head - 1]
        assert row["threshold"] == draws.max()
        assert row["above_noise"] == (row["largest"] > draws.max())
        assert row["p_largest"] == pytest.approx((1 + (draws >= row["largest"]).sum()) / 21)
    assert noise.overall_threshold == noise.largest.max()
    again = protvis.compare(chain, "S195A", model=mini)
    assert again.noise is not None
    assert again.noise.mutants == noise.mutants
    other_seed = protvis.compare(chain, "S195A", model=mini, n_random=5, seed=1)
    assert other_seed.noise is not None
    assert other_seed.noise.mutants != noise.mutants[:5]


@given(n=st.integers(1, 80), seed=st.integers(0, 100))
def test_a_random_mutant_stays_below_the_threshold(n: int, seed: int) -> None:
    draws = np.random.default_rng(seed).random((n, 1, 1)).astype(np.float32)
    noise = NoiseLevel(("",) * n, draws, draws, "")
    ordered = np.sort(draws.ravel())
    above = int((ordered > noise.threshold[0, 0]).sum())
    # Of n + 1 exchangeable draws, so many places are above.
    assert noise.chance == pytest.approx((above + 1) / (n + 1))
    assert noise.chance <= 0.05 or n < 19
    assert noise.overall_threshold == noise.threshold[0, 0]
    expected = f"the largest of {n}" if not above else f"number {n - above} of {n} from below"
    assert noise.rank_words == expected


def test_matched_mutations_are_of_like_residues(chain: Any, mini: Any) -> None:
    protein = read_protein(mini, chain)
    mutations = read_mutations(protein, "H57A/D189S")
    draws, words = draw_mutants(protein, mutations, [], 8, seed=0)
    assert len({draw.name for draw in draws}) == len(draws) == 8
    assert "8 random draws of 2 mutations at other positions" in words
    places = {mutation.index for mutation in mutations}
    matrix = substitution_matrices.load("BLOSUM62")
    for draw in draws:
        assert len(draw.text) == 223
        changed = [i for i in range(223) if draw.text[i] != chain.sequence[i]]
        assert len(changed) == 2
        assert not places & set(changed)
        assert sorted(draw.text[i] for i in changed) == ["A", "S"]
        for i in changed:
            # His and what is like it becomes Ala, Asp and what is like it Ser.
            wild = "H" if draw.text[i] == "A" else "D"
            assert matrix[wild, chain.sequence[i]] >= 0
    short = read_protein(mini, "MKT")
    few, words = draw_mutants(short, read_mutations(short, "K2A"), [], 20, seed=0)
    assert {draw.name for draw in few} == {"M1A", "T3A"}
    assert "2 random draws" in words


def test_like_residues_go_first_and_bridges_stay(chain: Any, mini: Any) -> None:
    protein = read_protein(mini, chain)
    draws, words = draw_mutants(protein, read_mutations(protein, "H57A"), [], 20, seed=0)
    names = {draw.name for draw in draws}
    assert {"H40A", "H91A"} <= names
    matrix = substitution_matrices.load("BLOSUM62")
    scores = [matrix["H", name[0]] for name in names - {"H40A", "H91A"}]
    # Tyr comes before Asn, and nothing unlike His is needed.
    assert scores.count(2) == chain.sequence.count("Y")
    assert min(scores) >= 0
    assert "2 of 20 of the same residue and 18 of one that often takes its place" in words
    # All cysteines of trypsin are in bridges; they stay unless one of them was exchanged.
    alike, _ = draw_mutants(protein, read_mutations(protein, "M104A"), [], 200, seed=0)
    assert not [draw.name for draw in alike if draw.name[0] == "C"]
    bridges, words = draw_mutants(protein, read_mutations(protein, "C58A"), [], 11, seed=0)
    assert all(draw.name[0] == "C" for draw in bridges)
    assert "11 of 11 of the same residue" in words


@pytest.mark.slow
def test_sites_that_matter_are_left_out(chain: Any) -> None:
    site = ["A:SER195", "A:SER214"]
    every = protvis.compare(chain, "S54A", model="mini-positions", n_random=32)
    spared = protvis.compare(chain, "S54A", model="mini-positions", n_random=32, leave_out=site)
    assert every.noise is not None
    assert spared.noise is not None
    assert {"S195A", "S214A"} <= set(every.noise.mutants)
    assert not {"S195A", "S214A"} & set(spared.noise.mutants)
    with pytest.raises(LabelError, match="no residue"):
        protvis.compare(chain, "S54A", model="mini-positions", leave_out=["A:SER999"])


def test_an_unknown_residue_has_noise_like_any_other(chain: Any) -> None:
    found = protvis.compare(chain, "S195X", model="mini-positions", n_random=3)
    assert found.noise is not None
    assert all(name[0] == "S" and name[-1] == "X" for name in found.noise.mutants)
    residues = found.residues()
    assert list(residues.loc[residues["state"] == "exchanged", "a"]) == ["A:SER195"]
    same = protvis.compare(chain.sequence, chain.sequence, model="mini-positions")
    assert same.noise_words == "both are the same sequence"
    from_unknown = protvis.compare("MKXTAYIAKQ", "MKATAYIAKQ", model="mini-positions")
    assert "not among the 20 amino acids" in from_unknown.noise_words


@given(seed=st.integers(0, 1000))
def test_gaps_are_put_elsewhere(seed: int, chain: Any, mini: Any) -> None:
    protein = read_protein(mini, chain)
    gaps = [Gap(100, 3), Gap(40, 0, ("G", "G")), Gap(0, 2, ("M",))]
    draws, words = draw_mutants(protein, [], gaps, 3, seed=seed)
    assert words == "3 random draws of 3 gaps of the same lengths, elsewhere within the chain"
    for draw in draws:
        assert len(draw.text) == 223 - 5 + 3
        assert draw.text[0] == chain.sequence[0]
        assert draw.text[-1] == chain.sequence[-1]
        missing = sorted(set(range(223)) - set(draw.here.tolist()))
        assert len(missing) == 5
        assert not set(missing) & {100, 101, 102, 0, 1}
        assert [chain.sequence[i] for i in draw.here] == [draw.text[i] for i in draw.there]
        come_in = sorted(set(range(len(draw.text))) - set(draw.there.tolist()))
        assert sorted(draw.text[i] for i in come_in) == ["G", "G", "M"]


def test_a_mutant_by_hand(mini: Any) -> None:
    protein = read_protein(mini, "MKTAYIAKQR")
    gaps = [Gap(2, 2), Gap(7, 1, ("G", "P")), Gap(9, 0, ("W",))]
    mutant = make_mutant(protein, read_mutations(protein, "K2E"), gaps)
    assert mutant.text == "MEYIAGPQWR"
    assert mutant.name == "K2E/T3_A4del/K8delinsGP/Q9_R10insW"
    assert mutant.here.tolist() == [0, 1, 4, 5, 6, 8, 9]
    assert mutant.there.tolist() == [0, 1, 2, 3, 4, 7, 9]


@pytest.mark.parametrize(
    ("text", "error", "match"),
    [
        ("T195A", SequenceError, "exchanges T, but residue A:SER195 is S"),
        ("S195S", SequenceError, "changes nothing"),
        ("S195J", SequenceError, "neither one of the 20"),
        ("195A", SequenceError, "such as 'S195A'"),
        ("S195A/S195T", SequenceError, "different residues"),
        ("S999A", LabelError, "no residue '999'"),
        ("B:S195A", LabelError, "chain 'B'"),
    ],
)
def test_mutations_that_cannot_be(text: str, error: type, match: str, chain: Any) -> None:
    with pytest.raises(error, match=match):
        protvis.compare(chain, text, model="mini-positions")


def test_mutations_by_author_number(chain: Any) -> None:
    found = protvis.compare(
        chain, ["A:Y184AV", "s195a"], model="mini-positions", n_random=0
    ).residues()
    listed = protvis.compare(chain, "S195A, Y184AV,", model="mini-positions", n_random=0)
    assert listed.title == "S195A/Y184AV"
    changed = found[found["state"] == "exchanged"]
    assert list(changed["a"]) == ["A:TYR184A", "A:SER195"]
    assert list(changed["b"]) == ["A:TYR184A→V", "A:SER195→A"]


@pytest.mark.parametrize("text", ["MdKvTaAaYp", "MKTAY"])
def test_structure_letters_stay(text: str, checkpoint: Callable[[str], Path]) -> None:
    model = load_model(checkpoint("SaProt"))
    found = protvis.compare(text, "T3W", model=model, n_random=0, min_separation=1)
    mutant = text[:4] + "W" + text[5:] if len(text) == 10 else "MKWAY"
    expected = compute_attention(model, mutant).values - compute_attention(model, text).values
    np.testing.assert_allclose(found.map(2, 1), expected[1, 0], atol=1e-6)


def test_insertions_and_deletions_are_aligned(
    checkpoint: Callable[[str], Path], chain: Any
) -> None:
    model = load_model(checkpoint("ESM-2"))
    one = chain.sequence[:80]
    # Three residues gone, one put in, one exchanged.
    other = f"{one[:20]}{one[23:50]}W{one[50:65]}R{one[66:]}"
    found = protvis.compare(one, other, model=model, n_random=3)
    residues = found.residues()
    assert residues["state"].value_counts().to_dict() == {
        "same": 76,
        "only in a": 3,
        "only in b": 1,
        "exchanged": 1,
    }
    assert list(residues.loc[residues["state"] == "only in a", "a_index"]) == [20, 21, 22]
    assert list(residues.loc[residues["state"] == "only in b", "b_index"]) == [47]
    assert list(residues.loc[residues["state"] == "exchanged", "a_index"]) == [65]
    assert "".join(str(label)[0] for label in residues["a"].dropna()) == one
    assert "".join(str(label)[0] for label in residues["b"].dropna()) == other
    delta = found.map(3, 2)
    assert np.isnan(delta[20:23]).all()
    assert np.isnan(delta[:, 20:23]).all()
    assert np.isnan(delta).sum() == 80**2 - 77**2
    a, b = (compute_attention(model, text).head(3, 2) for text in (one, other))
    assert delta[0, 23] == pytest.approx(b[0, 20] - a[0, 23], abs=1e-6)
    assert delta[79, 49] == pytest.approx(b[77, 46] - a[79, 49], abs=1e-6)
    assert delta[50, 5] == pytest.approx(b[48, 5] - a[50, 5], abs=1e-6)
    noise = found.noise
    assert noise is not None
    assert "each with 2 gaps of the same lengths elsewhere" in noise.words
    # One exchange and both gaps are imitated.
    for name in noise.mutants:
        exchange, *others = name.split("/")
        assert exchange.endswith("R")
        assert sorted(other[-3:] for other in others) == ["del", "nsW"]
    # Noise is of the pairs that what is compared and the random mutant have both.
    draws, _ = draw_mutants(
        read_protein(model, one),
        [Mutation(65, one[65], "R", "")],
        [Gap(20, 3), Gap(50, 0, ("W",))],
        3,
        seed=0,
    )
    assert [draw.name for draw in draws] == list(noise.mutants)
    draw = draws[1]
    values = compute_attention(model, draw.text).head(3, 2)
    own = compute_attention(model, one).head(3, 2)
    there = dict(zip(draw.here.tolist(), draw.there.tolist(), strict=True))
    both = [place for place in range(80) if place in there and not 20 <= place < 23]
    sizes = [
        abs(values[there[i], there[j]] - own[i, j]) for i in both for j in both if abs(i - j) >= 6
    ]
    assert noise.largest[1, 2, 1] == pytest.approx(max(sizes), abs=1e-6)
    assert noise.mean[1, 2, 1] == pytest.approx(np.mean(sizes), rel=1e-4)
    assert found.heads()["largest"].notna().all()
    assert not found.links(3, 2, top_k=None)["delta"].isna().any()


def test_two_heads_and_two_models(checkpoint: Callable[[str], Path], chain: Any) -> None:
    model = load_model(checkpoint("ESM-2"))
    found = protvis.compare(SEQUENCE, model=model, heads=("2-1", (3, 4)))
    maps = compute_attention(model, SEQUENCE)
    np.testing.assert_allclose(found.map(2, 1), maps.head(3, 4) - maps.head(2, 1), atol=1e-6)
    assert found.title == "3-4 − 2-1"
    assert found.noise is None
    assert "3-4 beside 2-1" in found.statement()
    assert "No noise level: random mutations say nothing" in found.statement()
    other = load_model(checkpoint("ESM-1b"))
    both = protvis.compare(SEQUENCE, model=(model, other))
    expected = compute_attention(other, SEQUENCE).head(1, 2) - maps.head(1, 2)
    np.testing.assert_allclose(both.map(1, 2), expected, atol=1e-6)
    assert len(both.heads()) == 12
    with pytest.raises(LabelError, match="name one head of each"):
        protvis.compare(SEQUENCE, model=(model, "mini"))
    across = protvis.compare(SEQUENCE, model=(model, "mini"), heads=("1-1", "5-8"))
    expected = compute_attention("mini", SEQUENCE).head(5, 8) - maps.head(1, 1)
    np.testing.assert_allclose(across.map(1, 1), expected, atol=1e-6)
    # One head of wild type and mutant has a noise level; two heads have none.
    same = protvis.compare(SEQUENCE, "K2A", model=model, heads=("1-1", "1-1"), n_random=4)
    assert same.noise is not None
    assert same.noise.largest.shape == (4, 1, 1)
    assert (
        protvis.compare(SEQUENCE, "K2A", model=model, heads=("1-1", "1-2")).noise_words
        == found.noise_words
    )


def test_two_conformations_attend_alike_and_differ_in_contacts(chain: Any, tmp_path: Path) -> None:
    residues = list(enumerate(["ALA", "GLY", "SER"] * 4, 1))

    def write(name: str, *, bent: bool) -> Any:
        path = tmp_path / name
        text = ""
        for place, letter in residues:
            # A rod, or a hairpin that turns back after the sixth residue.
            x, y = (13 - place, 1) if bent and place > 6 else (place, 0)
            text += (
                f"ATOM  {place:5d}  CA  {letter} A{place:4d}    "
                f"{3.8 * x:8.3f}{3.8 * y:8.3f}{0.0:8.3f}  1.00  0.00           C\n"
            )
        path.write_text(text + "END\n")
        return load_structure(path).chain("A")

    rod, hairpin = write("rod.pdb", bent=False), write("hairpin.pdb", bent=True)
    found = protvis.compare(rod, hairpin, model="mini-positions")
    assert not found.map(1, 1).any()
    assert "knows nothing about coordinates" in found.statement()
    contacts = found.contacts()
    before, after = rod.contact_map(), hairpin.contact_map()
    expected = {
        (i, j): "gained" if after[i, j] else "lost"
        for i in range(12)
        for j in range(i + 6, 12)
        if before[i, j] != after[i, j]
    }
    assert expected
    listed = zip(contacts["query"], contacts["key"], contacts["state"], strict=True)
    assert {(i, j): state for i, j, state in listed} == expected
    assert (contacts["distance_b"] < 8).all()
    assert (contacts["distance_a"] >= 8).all()
    with pytest.raises(OptionError, match="between two chains"):
        protvis.compare(chain, "S195A", model="mini-positions", n_random=0).contacts()


def test_attention_at_hand(checkpoint: Callable[[str], Path]) -> None:
    model = load_model(checkpoint("ProtBert"))
    a, b = (compute_attention(model, text) for text in (SEQUENCE, SEQUENCE.replace("Q", "E")))
    found = protvis.compare(a, b)
    np.testing.assert_array_equal(found.map(1, 3), b.head(1, 3) - a.head(1, 3))
    assert found.noise is None
    one = protvis.compare(a, heads=("1-1", "2-2"))
    np.testing.assert_array_equal(one.map(1, 1), a.head(2, 2) - a.head(1, 1))
    assert isinstance(one.a, AttentionMaps)
    with pytest.raises(OptionError, match="something to compare with"):
        protvis.compare(a)
    with pytest.raises(OptionError, match="two AttentionMaps"):
        protvis.compare(a, SEQUENCE)
    with pytest.raises(OptionError, match="two AttentionMaps"):
        protvis.compare(SEQUENCE, a, model=model)


def test_what_changed_in_words(s195a: Comparison) -> None:
    text = s195a.statement()
    frame = s195a.heads()
    assert text.startswith("S195A: the head that changed most is ")
    assert f"In {int(frame['above_noise'].sum())} of 40 heads" in text
    assert "above noise, which is the largest of 20 that matched random mutants make" in text
    assert "(2 heads expected by chance)" in text
    assert "20 random draws of 1 mutation at other positions, 20 of 20 of the same residue" in text
    # The bundled model shows nothing at the nucleophile that other serines do not show, too.
    assert "within the noise of all heads together" in text
    assert repr(s195a) == ("<Comparison S195A: 5 layers × 8 heads, 223 of 223 residues aligned>")


def test_few_draws_are_not_called_95_percent(chain: Any) -> None:
    found = protvis.compare(chain, "S195A", model="mini-positions", n_random=3)
    assert "above noise, which is the largest of 3 that" in found.statement()
    # One of four is above by chance.
    assert "(4 heads expected by chance)" in found.statement()
    # With three mutants no p is below 1/4.
    n = len(found.heads())
    needed = found.noise.enough_for(n)
    assert n / (needed + 1) <= 0.05 < n / needed
    assert f"3 mutants can call no single one of {n} heads" in found.statement()
    assert f"From {needed:,} mutants on it could." in found.statement()
    assert "95 %" not in found.statement()


@pytest.mark.slow
def test_what_changes_less_than_chance_is_said(chain: Any, mini: Any) -> None:
    # The same draws, made larger: every head then changes less than any of them.
    found = protvis.compare(chain, "S195A", model=mini)
    assert found.noise is not None
    assert "changes less on average" not in found.statement()
    loud = replace(found, noise=replace(found.noise, mean=found.noise.mean + 1))
    assert (loud.heads()["p_mean"] == 1).all()
    assert "In 40 heads attention changes less on average" in loud.statement()


def test_bad_questions(chain: Any, checkpoint: Callable[[str], Path]) -> None:
    for options, match in (
        ({"b": "S195A"}, "say which model"),
        ({"model": "mini-positions"}, "something to compare with"),
        ({"model": "mini-positions", "heads": ("1-1",)}, "expected two heads"),
        ({"model": "mini-positions", "heads": ("1-1", "1-2"), "layers": [1]}, "leave layers out"),
        ({"b": "S195A", "model": "mini-positions", "n_random": -1}, "n_random"),
    ):
        with pytest.raises(OptionError, match=match):
            protvis.compare(chain, **options)
    with pytest.raises(LabelError, match="1-mean is a mean"):
        protvis.compare(chain, model="mini-positions", heads=("1-mean", "1-1"))
    found = protvis.compare(chain, "S195A", model="mini-positions", layers=[2], n_random=2)
    assert found.heads()["layer"].unique().tolist() == [2]
    assert isinstance(found.residues(), pd.DataFrame)
    with pytest.raises(LabelError, match="layer 1"):
        found.map(1, 1)
