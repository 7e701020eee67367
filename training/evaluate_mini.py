"""Measure how much of real contacts a small ESM-form model's attention finds, and why.

    python -m training.evaluate_mini protvis/data/mini --out runs/bundled

Writes OUT.md (tables) and OUT.json (the same numbers, and more). See README.md beside this file.
"""

from __future__ import annotations

import argparse
import json
import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from transformers import EsmConfig, EsmForMaskedLM

from training.families import QUERIES, SHARED, Query, load_query
from training.scoring import (
    Pairs,
    attentions_of,
    corrected_maps,
    precision,
    replaced,
    shuffled,
    strong_weights,
)

LOG = logging.getLogger("evaluate_mini")

SHIFTS = (1, 3, 8)
REPLACED = (0.3, 0.6)
FLANK = 30
NEGATIVES = 10
"""Pairs without contact that a fit sees for each contact."""


@dataclass
class Target:
    """A query, what is scored on it, and the pairs' values of one model."""

    query: Query
    sequence: str
    pairs: Pairs
    layers: np.ndarray = field(default_factory=lambda: np.empty(0))
    heads: np.ndarray = field(default_factory=lambda: np.empty(0))


@dataclass(frozen=True)
class Combination:
    """A logistic regression over all heads' corrected maps, as in ESM's contact head."""

    weights: np.ndarray
    intercept: float

    def values(self, heads: np.ndarray) -> np.ndarray:
        """Return one logit per pair from values (layer, head, pair)."""
        return self.weights @ heads.reshape(len(self.weights), -1) + self.intercept


def fit_combination(targets: list[Target], seed: int = 0, strength: float = 1.0) -> Combination:
    """Fit a combination on given queries: their contacts, and `NEGATIVES` other pairs for each.

    Features are scaled to unit variance for the fit (L2 penalty, C = `strength`); the weights
    returned are for the unscaled ones.
    """
    rng = np.random.default_rng(seed)
    features, labels = [], []
    for target in targets:
        touching = np.flatnonzero(target.pairs.touching)
        others = np.flatnonzero(~target.pairs.touching)
        n_others = min(len(others), NEGATIVES * len(touching))
        chosen = np.concatenate([touching, rng.choice(others, n_others, replace=False)])
        flat = target.heads.reshape(-1, target.heads.shape[-1])
        features.append(flat[:, chosen].T)
        labels.append(target.pairs.touching[chosen])
    x = np.concatenate(features).astype(np.float64)
    scale = np.maximum(x.std(0), 1e-9)
    fitted = LogisticRegression(C=strength, max_iter=500).fit(x / scale, np.concatenate(labels))
    return Combination(fitted.coef_[0] / scale, float(fitted.intercept_[0]))


def read_maps(
    network: Any, target: Target, sequence: str, before: str = "", after: str = ""
) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the scored pairs' values of layer means (layer, pair) and heads (layer, head, pair).

    None where the sequence is longer than the model's position table.
    """
    config = network.config
    room = config.max_position_embeddings - config.pad_token_id - 3
    n_tokens = len(before) + len(sequence) + len(after)
    if config.position_embedding_type == "absolute" and n_tokens > room:
        return None
    means, heads = corrected_maps(network, sequence, before, after)
    return target.pairs.values(means), target.pairs.values(heads)


def measure(network: Any, targets: list[Target], fit_on: set[str]) -> list[dict[str, Any]]:
    """Return for each query the best layer mean, the best head and the combination.

    The combination for a query is fitted on the queries of the *other* families in `fit_on`. The
    values are kept in `targets`.
    """
    for target in targets:
        target.layers, target.heads = read_maps(network, target, target.sequence)
    found = []
    combinations: dict[str, Combination] = {}
    for target in targets:
        family, pairs = target.query.family, target.pairs
        if family not in combinations:
            others = [
                other
                for other in targets
                if other.query.family in fit_on and other.query.family != family
            ]
            combinations[family] = fit_combination(others)
        layers = [precision(values, pairs) for values in target.layers]
        layer = int(np.argmax(layers))
        n_heads = target.heads.shape[1]
        flat = target.heads.reshape(-1, target.heads.shape[-1])
        heads = [precision(values, pairs) for values in flat]
        head = int(np.argmax(heads))
        combined = combinations[family].values(target.heads)
        found.append(
            {
                "layers": layers,
                "layer": layer + 1,
                "layer_mean": [layers[layer], precision(target.layers[layer], pairs, 5)],
                "head": f"{head // n_heads + 1}-{head % n_heads + 1}",
                "best_head": [heads[head], precision(flat[head], pairs, 5)],
                "combination": [precision(combined, pairs), precision(combined, pairs, 5)],
                "fitted": combinations[family],
            }
        )
    return found


def controls(
    network: Any, target: Target, found: dict[str, Any], targets: list[Target], n_shuffled: int
) -> dict[str, Any]:
    """Return P@L of the layer and the combination chosen on the query, for other inputs."""
    layer = found["layer"] - 1

    def score(sequence: str, before: str = "", after: str = "") -> list[float] | None:
        values = read_maps(network, target, sequence, before, after)
        if values is None:
            return None
        combined = found["fitted"].values(values[1])
        return [precision(values[0][layer], target.pairs), precision(combined, target.pairs)]

    sequence = target.sequence
    rng = np.random.default_rng(1)
    strangers = [other.sequence for other in targets if other.query.family != target.query.family]
    neighbour = strangers[0]
    scores: dict[str, Any] = {
        "shuffled": summary([score(shuffled(sequence, rng)) for _ in range(n_shuffled)]),
        "other family": summary([score(of_length(other, len(sequence))) for other in strangers]),
    }
    for share in REPLACED:
        others = [replaced(sequence, share, rng) for _ in range(n_shuffled)]
        scores[f"{share:.0%} replaced"] = summary([score(other) for other in others])
    for shift in SHIFTS:
        scores[f"after {shift} G"] = score(sequence, before="G" * shift)
    for shift in SHIFTS:
        scores[f"after {shift} real"] = score(sequence, before=neighbour[-shift:])
    scores[f"between 2 × {FLANK} real"] = score(
        sequence, before=neighbour[-FLANK:], after=neighbour[:FLANK]
    )
    return scores


def of_length(sequence: str, length: int) -> str:
    """Return the sequence cut to a length, repeated first where it is shorter."""
    return (sequence * (length // len(sequence) + 1))[:length]


def summary(scores: list[list[float] | None]) -> list[float] | None:
    """Return the mean of several scores, leaving out those that could not be taken."""
    taken = [score for score in scores if score is not None]
    return np.mean(taken, axis=0).tolist() if taken else None


def untrained(config: EsmConfig, seed: int) -> Any:
    """Return the architecture with the weights it starts from."""
    torch.manual_seed(seed)
    return EsmForMaskedLM(config).eval()


def evaluate(options: argparse.Namespace) -> dict[str, Any]:
    """Return all numbers of one model."""
    torch.set_num_threads(1)
    targets = []
    for query in QUERIES:
        sequence, coordinates = load_query(query, options.structures)
        targets.append(Target(query, sequence, Pairs.of(coordinates)))
    fit_on = set(options.families or [query.family for query in QUERIES])
    network = EsmForMaskedLM.from_pretrained(options.model, attn_implementation="eager").eval()
    found = measure(network, targets, fit_on)
    results = []
    for target, one in zip(targets, found, strict=True):
        LOG.info("%s: controls", target.query.name)
        results.append(
            {
                "query": target.query.name,
                "family": target.query.family,
                "trained_on": target.query.family in fit_on if options.families else None,
                "n_residues": target.pairs.n_residues,
                "background": target.pairs.background,
                **{name: value for name, value in one.items() if name != "fitted"},
                "strong_weights": strong_weights(
                    attentions_of(network, target.sequence), target.pairs
                ),
                "controls": controls(network, target, one, targets, options.shuffled),
            }
        )
    nulls: list[list[dict[str, Any]]] = []
    for seed in range(options.untrained):
        LOG.info("untrained, seed %d", seed)
        nulls.append(measure(untrained(network.config, seed), targets, fit_on))
    for place, result in enumerate(results):
        for name in ("layer_mean", "best_head", "combination"):
            scores = [null[place][name][0] for null in nulls]
            if scores:
                result[f"untrained_{name}"] = [float(np.mean(scores)), float(np.max(scores))]
    return {"model": options.model.name, "fit_on": sorted(fit_on), "queries": results}


def tables(numbers: dict[str, Any]) -> str:
    """Return the numbers as markdown."""
    lines = [
        "P@L / P@L/5. Untrained: mean (largest) P@L over seeds, the choice made anew each time.",
        "",
        "| query | family | L | background | layer mean (layer) | best head | combination |"
        " untrained layer mean | untrained head | untrained combination |"
        " weights ≥ 0.3 in that layer: on contacts (of) |",
        "|---" * 11 + "|",
    ]
    for one in numbers["queries"]:
        null = [
            f"{one[name][0]:.2f} ({one[name][1]:.2f})" if name in one else "–"
            for name in ("untrained_layer_mean", "untrained_best_head", "untrained_combination")
        ]
        cells = [
            one["query"],
            one["family"] + (" (not trained on)" if one["trained_on"] is False else ""),
            str(one["n_residues"]),
            f"{one['background']:.3f}",
            f"{pair(one['layer_mean'])} ({one['layer']})",
            f"{pair(one['best_head'])} ({one['head']})",
            pair(one["combination"]),
            *null,
            strong(one["strong_weights"][one["layer"] - 1]),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    names = list(numbers["queries"][0]["controls"])
    for place, title in enumerate(("layer mean, of the layer chosen on the query", "combination")):
        key = "combination" if place else "layer_mean"
        lines += [
            "",
            f"P@L of the {title}:",
            "",
            f"| query | as it is | {' | '.join(names)} |",
            "|---" * (len(names) + 2) + "|",
        ]
        for one in numbers["queries"]:
            scores = [one["controls"][name] for name in names]
            cells = [one["query"], f"{one[key][0]:.2f}"]
            cells += ["–" if score is None else f"{score[place]:.2f}" for score in scores]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def strong(counts: dict[str, Any]) -> str:
    """Return the share of strong weights on contacts, and of how many."""
    return f"{counts['on_contacts']:.2f} ({counts['n']})" if counts["n"] else "– (0)"


def pair(scores: list[float]) -> str:
    """Return P@L / P@L/5."""
    return f"{scores[0]:.2f} / {scores[1]:.2f}"


def main(arguments: list[str] | None = None) -> None:
    """Read the command line, measure, write both files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path, help="folder of the model")
    parser.add_argument("--structures", type=Path, default=SHARED / "structures" / "mini_model")
    parser.add_argument("--out", type=Path, required=True, help="where to write, without suffix")
    parser.add_argument(
        "--families",
        nargs="+",
        help="what the model was trained on; combinations are fitted on these (default: all)",
    )
    parser.add_argument("--shuffled", type=int, default=20)
    parser.add_argument("--untrained", type=int, default=20)
    options = parser.parse_args(arguments)
    numbers = evaluate(options)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.with_suffix(".json").write_text(json.dumps(numbers, indent=1) + "\n")
    options.out.with_suffix(".md").write_text(tables(numbers))


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    main()
