"""What a training run writes down of itself: its log, and the controls that go into it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from transformers import EsmForMaskedLM

from training.alignments import GAP
from training.families import QUERIES, load_query
from training.samples import CLS, EOS, FIRST_RESIDUE, MASK, Family
from training.scoring import Pairs, corrected_maps, precision, shuffled


class RunLog:
    """A file of one JSON object per line, each with the ``step`` it was written after."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, line: Mapping[str, Any]) -> None:
        """Add a line."""
        with self.path.open("a") as lines:
            lines.write(json.dumps(line) + "\n")

    def forget_after(self, step: int) -> None:
        """Drop the lines that an interrupted run wrote after its last checkpoint."""
        if not self.path.exists():
            return
        lines = self.path.read_text().splitlines()
        kept = [line for line in lines if json.loads(line)["step"] <= step]
        unfinished = self.path.with_suffix(".part")
        unfinished.write_text("".join(line + "\n" for line in kept))
        unfinished.replace(self.path)


@torch.no_grad()
def held_out_scores(
    network: EsmForMaskedLM,
    column_head: torch.nn.Linear,
    families: Sequence[Family],
    held_out: Mapping[str, np.ndarray],
    n_rows: int = 24,
) -> dict[str, Any]:
    """Return how well rows never drawn are predicted, per family, ungapped.

    Parameters
    ----------
    network : EsmForMaskedLM
    column_head : torch.nn.Linear
        Names the column of a state.
    families : sequence of Family
    held_out : mapping of str to (row, column) int8 array
        By the family's name.
    n_rows : int
        How many rows of each are looked at.

    Returns
    -------
    dict of str to dict
        ``mlm``, the loss at 15 % of the residues; ``mlm_blind``, the same when all attention
        of the last layer goes to ``<cls>``, as where it knows no partner (the difference is
        what the partners tell); ``columns``, the share of columns named right.
    """
    network.eval()
    last = network.esm.encoder.layer[-1].attention.self
    scores: dict[str, Any] = {}
    rng = np.random.default_rng(0)
    for family in families:
        losses, blind, right = [], [], []
        for row in held_out[family.name][:n_rows]:
            present = np.flatnonzero(row != GAP)
            tokens = torch.full((2, len(present) + 2), EOS)
            tokens[:, 0] = CLS
            tokens[:, 1:-1] = torch.from_numpy(row[present].astype(np.int64) + FIRST_RESIDUE)
            asked = torch.from_numpy(rng.random(len(present)) < 0.15)
            tokens[1, 1:-1][asked] = MASK
            found = network(tokens, output_hidden_states=True)
            if asked.any():
                wanted = tokens[0, 1:-1][asked]
                losses.append(float(F.cross_entropy(found.logits[1, 1:-1][asked], wanted)))
                hook = last.register_forward_hook(_only_cls)
                logits = network(tokens[1:]).logits[0, 1:-1][asked]
                hook.remove()
                blind.append(float(F.cross_entropy(logits, wanted)))
            states = found.hidden_states[-2][0, 1:-1]
            named = column_head(F.layer_norm(states, states.shape[-1:])).argmax(-1).numpy()
            right.append(float((named == present + family.first_column).mean()))
        scores[family.name] = {
            "mlm": round(float(np.mean(losses)), 3),
            "mlm_blind": round(float(np.mean(blind)), 3),
            "columns": round(float(np.mean(right)), 3),
        }
    return scores


def control_scores(
    network: EsmForMaskedLM, families: Sequence[Family], structures: Path
) -> dict[str, Any]:
    """Return P@L of every layer's mean per query, and of shuffled and shifted ones.

    Parameters
    ----------
    network : EsmForMaskedLM
    families : sequence of Family
        Only their queries are looked at.
    structures : Path
        Folder of the queries' structures.
    """
    scores: dict[str, Any] = {}
    trained = {family.name for family in families}
    for query in QUERIES:
        if query.family not in trained:
            continue
        sequence, coordinates = load_query(query, structures)
        pairs = Pairs.of(coordinates)
        rng = np.random.default_rng(0)

        def score(text: str, before: str = "", pairs: Pairs = pairs) -> list[float]:
            means, _ = corrected_maps(network, text, before=before)
            return [round(precision(pairs.values(layer), pairs), 3) for layer in means]

        mixed = [score(shuffled(sequence, rng)) for _ in range(3)]
        means, _ = corrected_maps(network, sequence)
        scores[query.name] = {
            "background": round(pairs.background, 3),
            "query": score(sequence),
            "query_top_fifth": round(precision(pairs.values(means[-1]), pairs, 5), 3),
            "shuffled": np.round(np.mean(mixed, axis=0), 3).tolist(),
            "after_GGG": score(sequence, before="GGG"),
        }
    return scores


def _only_cls(attention: Any, inputs: tuple[torch.Tensor, ...], found: Any) -> Any:
    """Let a layer's attention read ``<cls>`` alone; a forward hook."""
    values = attention.value(inputs[0])[:, CLS : CLS + 1].expand_as(found[0])
    return (values, *found[1:])
