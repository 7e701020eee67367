"""The figures of a first study of AntiBERTy, on the complexes at hand: docs/antibodies.md.

    python benchmarks/measure_antibodies.py

Domains of the folder of shared data that are below 90 % identity of each other (`paratope` is
known). Residues are hidden one by one; of each domain every n-th, from another one on.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import protvis as pv
from protvis.analysis import contact_precision
from protvis.datasets import StructureDataset

FOLDER = Path(__file__).resolve().parents[1] / ".." / "shared" / "data" / "antibodies"
LETTERS = "ACDEFGHIKLMNPQRSTVWY"
CDR3 = (105, 117)
HEADS = ((6, 4), (6, 5))


def read() -> dict[str, list[dict[str, Any]]]:
    """Return the domains by kind, H and L."""
    domains = json.loads((FOLDER / "domains.json").read_text())
    kept = [one for one in domains if one["paratope"] is not None]
    return {kind: [one for one in kept if one["kind"] == kind] for kind in "HL"}


def precision(pair_map: np.ndarray, contacts: np.ndarray) -> float:
    """Return P@L, |i - j| >= 6."""
    table = contact_precision(np.nan_to_num(pair_map), contacts, combine="mean")
    return float(table.set_index(["range", "top"]).loc[("all", "L"), "precision"])


def laid(values: np.ndarray, there: Sequence[float], here: Sequence[float]) -> np.ndarray:
    """Return a map of one domain laid on the positions of another; NaN where it has none."""
    _, own, other = np.intersect1d(here, there, return_indices=True)
    found = np.full((len(here), len(here)), np.nan)
    found[np.ix_(own, own)] = values[np.ix_(other, other)]
    return found


def maps(domains: list[dict[str, Any]]) -> None:
    """Print P@L of two heads: own map, others' maps, shuffled, contact maps of the others."""
    rng, model = np.random.default_rng(0), pv.load_model("antiberty", device="cpu")
    contacts = []
    for one in domains:
        chain = pv.load_structure(FOLDER / "complexes" / one["file"]).chain(one["chain"])
        start = chain.sequence.index(one["sequence"])
        own = slice(start, start + len(one["sequence"]))
        contacts.append(np.asarray(chain.contact_map(), dtype=float)[own, own])
    places = [one["position"] for one in domains]
    own_maps = [pv.compute_attention(model, one["sequence"]) for one in domains]
    for head in HEADS:
        attention = [one.head(*head) for one in own_maps]
        rows = []
        for at, one in enumerate(domains):
            others = [other for other in range(len(domains)) if other != at]
            lay = {o: laid(attention[o], places[o], places[at]) for o in others}
            touching = [laid(contacts[o], places[o], places[at]) for o in others]
            mixed = "".join(rng.permutation(list(one["sequence"])))
            shuffled = pv.compute_attention(model, mixed).head(*head)
            some = rng.choice(others, 8, replace=False)
            truth = contacts[at] > 0
            rows.append(
                [
                    precision(attention[at], truth),
                    np.mean([precision(lay[o], truth) for o in some]),
                    precision(np.mean(np.nan_to_num(list(lay.values())), axis=0), truth),
                    precision(shuffled, truth),
                    precision(np.mean(np.nan_to_num(touching), axis=0), truth),
                    truth[np.triu_indices(len(truth), 6)].mean(),
                ]
            )
        own, another, *rest = np.transpose(rows)
        apart, error = (own - another).mean(), (own - another).std() / np.sqrt(len(own))
        named = ("mean map", "shuffled", "mean contact map", "all pairs")
        print(
            f"P@L of {head}, {len(rows)} VH: own {own.mean():.3f}, another's {another.mean():.3f}",
            f"own - another's {apart:+.3f} ± {1.96 * error:.3f}",
            *(f"{n} {v.mean():.3f}" for n, v in zip(named, rest, strict=True)),
            sep=", ",
            flush=True,
        )


def recovered(
    name: str, domains: list[dict[str, Any]], every: int, before: str = "", cdr3: bool = False
) -> str:
    """Return the share of hidden residues that a model names, behind something else or alone."""
    model, right = pv.load_model(name, device="cpu"), []
    for start, one in enumerate(domains):
        chosen = [
            place
            for place, letter in enumerate(one["sequence"])
            if letter in LETTERS and (not cdr3 or CDR3[0] <= one["position"][place] <= CDR3[1])
        ][7 * start % every :: every]
        lead = one.get("before", before)
        hidden = [(len(lead) + place, "?") for place in chosen]
        logits = [row for part in model.predict_residues(lead + one["sequence"], hidden)
                  for row in part]  # fmt: skip
        right += [
            LETTERS[row[at].argmax()] == one["sequence"][place]
            for row, (at, _), place in zip(logits, hidden, chosen, strict=True)
        ]
    return f"{np.mean(right):.2f} of {len(right):,}"


def consensus(domains: list[dict[str, Any]]) -> float:
    """Return the share of residues that are the commonest of the others at their position."""
    at = [dict(zip(one["position"], one["sequence"], strict=True)) for one in domains]
    right = []
    for which, own in enumerate(at):
        for place, letter in own.items():
            seen = Counter(o[place] for n, o in enumerate(at) if n != which and place in o)
            right.append(bool(seen) and seen.most_common(1)[0][0] == letter)
    return float(np.mean(right))


def paratope(domains: list[dict[str, Any]]) -> None:
    """Print the AUC of the paratope in CDR3 from place, then residue, then attention received too.

    Logistic regression on all residues of VH, in ten folds that share no antibody. The place is how
    often the other antibodies bind there.
    """
    model = pv.load_model("antiberty", device="cpu")
    at = [{p: i for i, p in enumerate(one["position"])} for one in domains]
    bound = [set(one["paratope"]) for one in domains]
    place, residue, received, truth, loop, of = [], [], [], [], [], []
    for which, one in enumerate(domains):
        others = [n for n in range(len(domains)) if n != which]
        values = pv.compute_attention(model, one["sequence"]).values
        received += list(values.sum(axis=2).reshape(-1, values.shape[2]).T)
        residue += [[letter == name for name in LETTERS] for letter in one["sequence"]]
        for position in one["position"]:
            binds = [at[n][position] in bound[n] for n in others if position in at[n]]
            odds = (sum(binds) + 0.5) / (len(binds) - sum(binds) + 0.5)
            place.append([np.log(odds)])
        truth += [index in bound[which] for index in range(len(one["sequence"]))]
        loop += [CDR3[0] <= position <= CDR3[1] for position in one["position"]]
        of += [which] * len(one["sequence"])
    y, inside, group = np.array(truth), np.array(loop), np.array(of)
    told: list[Any] = []
    for name, more in (("place", place), ("and residue", residue), ("and attention", received)):
        told.append(np.asarray(more, dtype=float))
        fit = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=3000))
        score = cross_val_predict(
            fit, np.hstack(told), y, groups=group, cv=GroupKFold(10), method="decision_function"
        )
        rows = [inside & (group == which) for which in range(len(domains))]
        found = [roc_auc_score(y[row], score[row]) for row in rows if 0 < y[row].mean() < 1]
        error = 1.96 * np.std(found) / np.sqrt(len(found))
        print(
            f"AUC in CDR3, {name}: {np.mean(found):.3f} ± {error:.3f} over {len(found)} VH",
            flush=True,
        )


def paratope_shares(domains: list[dict[str, Any]]) -> None:
    """Print the shares of links that end in the paratope, own and laid on the other domains."""
    data = StructureDataset(
        FOLDER / "complexes",
        chains={one["file"]: one["chain"] for one in domains},
        partners=lambda structure: [name for name in structure.chains if name not in "HL"],
    )
    report = pv.analyze(data, "antiberty", features="interface", controls=(), progress=False)
    table = report.aligned().set_index(["layer", "head"])
    for head in ((7, 1), (8, 6), (8, 3), (5, 7)):
        row = table.loc[head]
        print(
            f"paratope, {head}: {row['own']:.3f} own, {row['others']:.3f} on others, apart "
            f"{row['difference_low']:.3f} to {row['difference_high']:.3f}, q {row['q_value']:.2g}, "
            f"{row['n_links']:.0f} links",
            flush=True,
        )


def rows_of_positions() -> None:
    """Print how long the rows of the table of positions are, trained ones and others."""
    table = pv.load_model("antiberty", device="cpu").module.embeddings.position_embeddings.weight
    sizes = np.linalg.norm(table.detach().numpy(), axis=1)
    print(f"rows of positions 1 to 150: {sizes[1:151].min():.2f} to {sizes[1:151].max():.2f}")
    print(f"rows from 212 on: {sizes[212:].mean():.2f} ± {sizes[212:].std():.2f}", flush=True)


def main() -> None:
    heavy, light = read().values()
    rows_of_positions()
    paratope_shares(heavy)
    paratope(heavy)
    maps(heavy)
    for kind, domains in (("VH", heavy), ("VL", light)):
        print(f"consensus of the others, {kind}: {consensus(domains):.2f}")
        sapiens = f"sapiens-{kind.lower()}"
        print(f"{sapiens}: {recovered(sapiens, domains, 2)}", flush=True)
        print(f"antiberty, {kind}: {recovered('antiberty', domains, 8)}", flush=True)
    print(f"antiberty, CDR3 of VH: {recovered('antiberty', heavy, 3, cdr3=True)}", flush=True)
    by_file = {one["file"]: one["sequence"] for one in heavy}
    paired = [
        {**one, "before": by_file[one["file"]] + 25 * "G"}
        for one in light
        if one["file"] in by_file
    ]
    alone = [{**one, "before": ""} for one in paired]
    for what, domains in (("alone", alone), ("behind VH and 25 Gly", paired)):
        print(f"VL {what}: {recovered('antiberty', domains[::2], 12)}", flush=True)
    for n in (0, 1, 5, 10, 20):
        print(f"VH behind {n} X: {recovered('antiberty', heavy[::2], 16, 'X' * n)}", flush=True)


if __name__ == "__main__":
    main()
