"""Contact precision against slow definitions, `select_links`, head scores and ESM's definition."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from protvis.analysis.contacts.precision import contact_precision, evaluate_contact_precision
from protvis.analysis.contacts.protein_means import ProteinMeans
from protvis.analysis.contacts.ranked_pairs import RANGES, TOPS
from protvis.attention import apc, score_head_block, select_links, symmetrize
from protvis.errors import DatasetError, LabelError, OptionError
from protvis.structure import Chain, load_structure
from protvis.structure.contacts import contact_map
from tests.analysis.frozen import folded, random_model
from tests.analysis.planted import MemoryDataset


def slow_precision(
    pair_map: np.ndarray, contacts: np.ndarray, observed: np.ndarray, combine: str
) -> dict[tuple[str, str], float]:
    n, found = len(pair_map), {}
    for name, (low, high) in RANGES.items():
        ranked = []
        for i in range(n):
            for j in range(i + low, n):
                if (high is not None and j - i >= high) or not (observed[i] and observed[j]):
                    continue
                there, back = pair_map[i, j], pair_map[j, i]
                if combine == "mean":
                    ranked.append((-(there + back) / 2, i, j))
                else:
                    ranked.append((-max(there, back), i, j))
        ranked.sort()
        for top, divisor in TOPS.items():
            kept = ranked[: max(n // divisor, 1)]
            hits = [contacts[i, j] for _, i, j in kept]
            found[name, top] = sum(hits) / len(hits) if hits else float("nan")
    return found


def drawn(seed: int, n: int, levels: int) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    # Few levels: most weights are tied.
    pair_map = rng.integers(0, levels, (n, n)).astype(np.float32) / 4
    contacts = rng.random((n, n)) < 0.3
    return pair_map, contacts | contacts.T, rng.random(n) < 0.85


@given(
    seed=st.integers(0, 10_000),
    n=st.integers(2, 60),
    levels=st.sampled_from([1, 3, 1000]),
    combine=st.sampled_from(["max", "mean"]),
)
def test_precision_is_that_of_the_definition(seed: int, n: int, levels: int, combine: str) -> None:
    pair_map, contacts, observed = drawn(seed, n, levels)
    found = contact_precision(pair_map, contacts, observed, combine=combine)
    expected = slow_precision(pair_map, contacts, observed, combine)
    for row in found.itertuples():
        np.testing.assert_allclose(row.precision, expected[row.range, row.top], err_msg=str(row))


@pytest.mark.slow
@given(seed=st.integers(0, 10_000), n=st.integers(8, 50), levels=st.sampled_from([2, 1000]))
def test_all_pairs_are_those_of_select_links_and_of_head_scores(
    seed: int, n: int, levels: int
) -> None:
    pair_map, contacts, observed = drawn(seed, n, levels)
    found = contact_precision(pair_map, contacts, observed).set_index(["range", "top"])
    seen = np.where(np.outer(observed, observed), pair_map, np.nan).astype(np.float32)
    links = select_links(seen, top_k=n, min_separation=6)
    assert found.loc[("all", "L"), "n_links"] == len(links.query)
    assert found.loc[("all", "L"), "n_hits"] == contacts[links.query, links.key].sum()
    scores = score_head_block(pair_map[None], np.zeros((1, n)), contacts, observed)
    np.testing.assert_allclose(found.loc[("all", "L"), "background"], scores["background"][0])
    weights = select_links(seen, min_separation=6).weight
    # Of pairs tied at the cut head scores take the average.
    if not (len(weights) > n and weights[n - 1] == weights[n]):
        precision = found.loc[("all", "L"), "precision"]
        np.testing.assert_allclose(precision, scores["contact_precision"][0])


@pytest.mark.slow
@given(seed=st.integers(0, 10_000), n=st.integers(10, 50))
def test_what_must_not_matter(seed: int, n: int) -> None:
    pair_map, contacts, observed = drawn(seed, n, 10**6)
    symmetric = pair_map + pair_map.T
    found = contact_precision(symmetric, contacts, observed)
    same = [
        contact_precision(symmetric, contacts, observed, combine="mean"),
        # From the other end of the chain, and on another scale.
        contact_precision(symmetric[::-1, ::-1], contacts[::-1, ::-1], observed[::-1]),
        contact_precision(4 * symmetric - 8, contacts, observed),
    ]
    for other in same:
        assert found.equals(other)


def test_ranges_add_up_and_a_perfect_map_finds_all_there_are() -> None:
    record = folded(np.random.default_rng(3), "walk", 80)
    contacts = contact_map(record.coordinates, 8.0, 0)
    found = contact_precision(contacts.astype(float), contacts).set_index(["range", "top"])
    n_pairs = found["n_pairs"].xs("L", level="top")
    assert n_pairs["all"] == n_pairs[["short", "medium", "long"]].sum() == (80 - 6) * (80 - 5) // 2
    for name in RANGES:
        row = found.loc[(name, "L")]
        assert row["n_hits"] == min(row["n_links"], round(row["background"] * row["n_pairs"])) > 0


def test_fewer_pairs_than_asked_for_all_count() -> None:
    contacts = np.zeros((14, 14), dtype=bool)
    contacts[0, 13] = contacts[13, 0] = True
    found = contact_precision(np.zeros((14, 14)), contacts).set_index(["range", "top"])
    assert found.loc[("medium", "L"), "n_links"] == 3
    assert found.loc[("medium", "L"), "precision"] == pytest.approx(1 / 3)
    assert np.isnan(found.loc[("long", "L"), "precision"])
    assert np.isnan(found.loc[("long", "L"), "background"])
    assert found.loc[("long", "L"), "n_pairs"] == 0


def test_pairs_without_a_number_do_not_count() -> None:
    pair_map, contacts, _ = drawn(5, 40, 1000)
    holes = pair_map.copy()
    holes[:20, 20:] = holes[20:, :20] = np.nan
    found = contact_precision(holes, contacts).set_index(["range", "top"])
    kept = contacts.copy()
    kept[:20, 20:] = kept[20:, :20] = False
    low = np.where(np.isnan(holes), -1.0, pair_map)
    expected = contact_precision(low, kept).set_index(["range", "top"])
    assert found.loc[("short", "L"), "n_hits"] == expected.loc[("short", "L"), "n_hits"] > 0
    assert found.loc[("long", "L"), "n_links"] == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"contacts": np.zeros((5, 5))}, "bool array"),
        ({"contacts": np.zeros((5, 4), dtype=bool)}, "bool array"),
        ({"contacts": np.triu(np.ones((5, 5), dtype=bool))}, "symmetric"),
        ({"observed": np.ones(4, dtype=bool)}, "5 values"),
        ({"pair_map": np.zeros((4, 4))}, r"\(5, 5\)"),
        ({"pair_map": [["a"] * 5] * 5}, "matrix of numbers"),
        ({"combine": "directed"}, "one of max, mean"),
    ],
)
def test_what_does_not_fit_is_refused(arguments: dict, says: str) -> None:
    fitting = {"pair_map": np.zeros((5, 5)), "contacts": np.zeros((5, 5), dtype=bool)}
    with pytest.raises(OptionError, match=says):
        contact_precision(**{**fitting, **arguments})


def esm_definition(pair_map: np.ndarray, contacts: np.ndarray, low: int, high: float) -> list:
    """Return precision at L, L/2 and L/5 as ESM's example notebook defines it."""
    n = len(contacts)
    i, j = np.triu_indices(n, low)
    inside = j - i < high
    i, j = i[inside], j[inside]
    order = np.argsort(-pair_map[i, j], kind="stable")
    hits = np.concatenate([contacts[i, j][order], np.zeros(n)])
    return [hits[: int(share * n)].sum() / int(share * n) for share in (1.0, 0.5, 0.2)]


def test_the_ranges_are_those_behind_published_numbers(shared_data: Path) -> None:
    """With ESM's virtual Cβ the counts of true contacts bound, and explain, what ESM-2 reached."""
    reference = json.loads(
        (shared_data / "annotations/peer_reference/esm2_contact_precision.json").read_text()
    )
    chain = load_structure(shared_data / "structures/paper/1a3a.pdb").chain("A")
    n = chain.n_residues
    contacts = contact_map(esm_cbeta(chain), 8.0, 0)
    found = contact_precision(contacts.astype(float), contacts).set_index(["range", "top"])
    counts = reference["our_check"]["n_true_contacts_by_bin_same_definition"]
    published = reference["ESM-2_t33_650M_UR50D"]["1a3a"]
    noise = np.random.default_rng(0).random((n, n))
    noisy = contacts + 1.5 * (noise + noise.T)
    of_noisy = contact_precision(noisy, contacts).set_index(["range", "top"])
    for name, key, (low, high) in (
        ("short", "short_6_11", (6, 12)),
        ("medium", "medium_12_23", (12, 24)),
        ("long", "long_24plus", (24, np.inf)),
    ):
        assert found.loc[(name, "L"), "n_hits"] == min(counts[key], n)
        assert published[f"{name}_PL"] <= found.loc[(name, "L"), "precision"]
        hits = published[f"{name}_PL5"] * found.loc[(name, "L/5"), "n_links"]
        assert hits == pytest.approx(round(hits), abs=1e-3)
        expected = esm_definition(noisy, contacts, low, high)
        np.testing.assert_allclose(of_noisy.loc[name, "precision"], expected)


def esm_cbeta(chain: Chain) -> np.ndarray:
    """Return the point at 1.522 Å, 1.927 rad and −2.143 rad from C, N and Cα of every residue."""
    atoms = [chain.positions(name) for name in ("C", "N", "CA")]
    a, b, c = atoms
    bc = (b - c) / np.linalg.norm(b - c, axis=-1, keepdims=True)
    normal = np.cross(b - a, bc)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    length, angle, torsion = 1.522, 1.927, -2.143
    return (
        c
        + length * np.cos(angle) * bc
        + length * np.sin(angle) * np.cos(torsion) * np.cross(normal, bc)
        - length * np.sin(angle) * np.sin(torsion) * normal
    )


def proteins(seed: int = 0, n_proteins: int = 5) -> list:
    rng = np.random.default_rng(seed)
    return [folded(rng, f"p{number}", int(rng.integers(20, 45))) for number in range(n_proteins)]


@pytest.mark.parametrize("transform", ["apc", "symmetrized", None])
def test_heads_over_a_data_set_are_means_of_proteins(transform: str | None) -> None:
    records = proteins()
    model = random_model(np.random.default_rng(1), records)
    found = evaluate_contact_precision(
        MemoryDataset(records), model, transform=transform, progress=False
    )
    assert len(found) == 2 * 3 * 4 * 3
    compute = {"apc": apc, "symmetrized": symmetrize, None: np.asarray}[transform]
    for (layer, head), rows in found.groupby(["layer", "head"]):
        single = [
            contact_precision(
                compute(model.attention[record.sequence][layer - 1, head - 1]),
                contact_map(record.coordinates, 8.0, 0),
            )
            for record in records
        ]
        for column in ("precision", "background"):
            values = np.array([frame[column] for frame in single])
            counted = (~np.isnan(values)).sum(axis=0)
            expected = np.nansum(values, axis=0) / np.where(counted, counted, np.nan)
            np.testing.assert_allclose(rows[column], expected)
        assert list(rows["n_proteins"]) == list(counted)
        inside = rows.dropna()
        assert (inside["ci_low"] <= inside["precision"]).all()
        assert (inside["precision"] <= inside["ci_high"]).all()


def test_chosen_layers_heads_and_the_mean_of_heads() -> None:
    records = proteins()
    model = random_model(np.random.default_rng(1), records)
    data = MemoryDataset(records)
    whole = evaluate_contact_precision(data, model, progress=False)
    part = evaluate_contact_precision(data, model, layers=[2], heads=[3, 1], progress=False)
    expected = whole[(whole["layer"] == 2) & whole["head"].isin([1, 3])]
    order = ["head", "range", "top"]
    assert (
        part.sort_values(order)
        .reset_index(drop=True)
        .equals(expected.sort_values(order).reset_index(drop=True))
    )
    mean = evaluate_contact_precision(data, model, heads="mean", progress=False)
    assert list(mean["head"].unique()) == ["mean"]
    raw = [model.attention[record.sequence][1].mean(0) for record in records]
    single = [
        contact_precision(apc(one), contact_map(record.coordinates, 8.0, 0))
        for one, record in zip(raw, records, strict=True)
    ]
    row = mean[(mean["layer"] == 2) & (mean["range"] == "all") & (mean["top"] == "L")]
    values = [f.set_index(["range", "top"]).loc[("all", "L"), "precision"] for f in single]
    np.testing.assert_allclose(row["precision"], np.mean(values), rtol=1e-6)


def test_the_order_of_proteins_does_not_matter_and_the_ledger_says_who_is_missing() -> None:
    records = proteins()
    model = random_model(np.random.default_rng(1), records)
    without = replace(records[0], record_id="flat", coordinates=None)
    strange = replace(records[1], record_id="strange", sequence="A" * records[1].n_residues)
    data = MemoryDataset([*records, without, strange], broken={"torn": "cannot be read"})
    found = evaluate_contact_precision(data, model, progress=False)
    assert found.attrs["skipped"] == [
        ["flat", "it has no coordinates"],
        ["strange", "never heard of it"],
        ["torn", "cannot be read"],
    ]
    assert found.attrs["provenance"]["data"]["name"] == "memory"
    back = evaluate_contact_precision(MemoryDataset(records[::-1]), model, progress=False)
    for column in found.columns[4:]:
        np.testing.assert_allclose(found[column], back[column], atol=1e-12)


def test_a_protein_on_which_the_model_fails_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    records = proteins()
    model = random_model(np.random.default_rng(1), records)
    expected = evaluate_contact_precision(MemoryDataset(records[1:]), model, progress=False)
    capture = model.capture

    def fail(sequence: str, *args: Any, **options: Any) -> None:
        if sequence == records[0].sequence:
            raise RuntimeError("out of range")
        capture(sequence, *args, **options)

    monkeypatch.setattr(model, "capture", fail)
    found = evaluate_contact_precision(MemoryDataset(records), model, progress=False)
    assert found.attrs["skipped"] == [[records[0].record_id, "RuntimeError: out of range"]]
    assert found.equals(expected)


def test_a_limit_takes_the_first_or_draws() -> None:
    records = proteins()
    model = random_model(np.random.default_rng(1), records)
    data = MemoryDataset(records)
    first = evaluate_contact_precision(data, model, limit=1, progress=False)
    alone = evaluate_contact_precision(MemoryDataset(records[:1]), model, progress=False)
    assert first.equals(alone)
    assert first["n_proteins"].max() == 1
    assert first["ci_low"].isna().all()
    model.handed_on.clear()
    evaluate_contact_precision(data, model, limit=2, seed=3, progress=False)
    drawn_two = {sequence for sequence, _ in model.handed_on}
    assert len(drawn_two) == 2
    with pytest.raises(OptionError, match="limit"):
        evaluate_contact_precision(data, model, limit=0, progress=False)


def test_long_proteins_can_be_left_out() -> None:
    records = proteins()
    model = random_model(np.random.default_rng(1), records)
    longest = max(records, key=lambda record: record.n_residues)
    found = evaluate_contact_precision(
        MemoryDataset(records), model, max_residues=longest.n_residues - 1, progress=False
    )
    assert [record for record, _ in found.attrs["skipped"]] == [longest.record_id]


def test_nothing_to_score_is_an_error() -> None:
    records = [replace(record, coordinates=None) for record in proteins()]
    model = random_model(np.random.default_rng(1), records)
    with pytest.raises(DatasetError, match="0 proteins to score contacts on"):
        evaluate_contact_precision(MemoryDataset(records), model, progress=False)


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"transform": "acp"}, OptionError, "did you mean 'apc'"),
        ({"combine": "min"}, OptionError, "max, mean"),
        ({"heads": "all"}, OptionError, "'mean'"),
        ({"layers": [3]}, LabelError, "layer 3 does not exist"),
    ],
)
def test_options_that_are_none(options: dict, error: type[Exception], says: str) -> None:
    records = proteins()
    model = random_model(np.random.default_rng(1), records)
    with pytest.raises(error, match=says):
        evaluate_contact_precision(MemoryDataset(records), model, progress=False, **options)


@pytest.mark.parametrize("n_proteins", [2, 3, 40])
def test_intervals_of_means_are_students(n_proteins: int) -> None:
    values = np.random.default_rng(0).beta(2, 5, size=(n_proteins, 3))
    values[1:, 1] = np.nan
    values[:, 2] = np.where(np.arange(n_proteins) < 2, values[:, 2], np.nan)
    means = ProteinMeans((3,))
    for row in values:
        means.add(row)
    np.testing.assert_allclose(means.mean(), np.nanmean(values, axis=0))
    assert list(means.n_proteins) == [n_proteins, 1, 2]
    low, high = means.interval()
    for column in (0, 2):
        known = values[~np.isnan(values[:, column]), column]
        slow = stats.t.interval(0.95, len(known) - 1, known.mean(), stats.sem(known))
        np.testing.assert_allclose([low[column], high[column]], np.clip(slow, 0, 1))
    assert np.isnan([low[1], high[1]]).all()


def test_intervals_over_few_proteins_cover_what_they_say() -> None:
    rng = np.random.default_rng(1)
    for n_proteins in (2, 3, 5):
        means = ProteinMeans((4000,))
        for _ in range(n_proteins):
            means.add(rng.beta(8, 20, 4000))
        low, high = means.interval()
        covered = np.mean((low <= 8 / 28) & (high >= 8 / 28))
        assert 0.93 < covered < 0.97
