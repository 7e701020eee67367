"""Give a trained model its contact head and write it the way the package carries it.

    python -m training.pack_mini runs/a/model --out candidate --families kunitz trypsin dhfr

The head is ESM's: a logistic regression over the corrected maps of all heads. It is fitted on the
structures of the families the model was trained on, but for those left out (by default that of the
bundled structure, so that what it says there is a prediction).
"""

from __future__ import annotations

import argparse
import logging
import math
import shutil
from pathlib import Path
from typing import Any

import torch
from transformers import EsmForMaskedLM

from training.evaluate_mini import NEGATIVES, Combination, Target, fit_combination, read_maps
from training.families import QUERIES, SHARED, load_query
from training.scoring import Pairs
from training.train_mini import write_model

__all__ = ["fit_contact_head", "pack", "set_contact_head"]

LOG = logging.getLogger("pack_mini")


def fit_contact_head(network: Any, families: set[str], structures: Path) -> Combination:
    """Fit the combination on the queries of some families, its intercept for all their pairs.

    The fit sees `NEGATIVES` other pairs for each contact; the intercept is moved by the logarithm
    of how much rarer contacts are among all pairs, so that the head's values are probabilities.
    """
    targets = []
    for query in QUERIES:
        if query.family in families:
            sequence, coordinates = load_query(query, structures)
            target = Target(query, sequence, Pairs.of(coordinates))
            target.layers, target.heads = read_maps(network, target, sequence)
            targets.append(target)
    fitted = fit_combination(targets)
    touching = sum(int(target.pairs.touching.sum()) for target in targets)
    others = sum(len(target.pairs.touching) for target in targets) - touching
    rarer = math.log(others / (NEGATIVES * touching))
    return Combination(fitted.weights, fitted.intercept - max(rarer, 0.0))


@torch.no_grad()
def set_contact_head(network: Any, fitted: Combination) -> None:
    """Write a combination into the network's own contact head."""
    regression = network.esm.contact_head.regression
    regression.weight.copy_(torch.as_tensor(fitted.weights, dtype=torch.float32)[None])
    regression.bias.fill_(fitted.intercept)


def pack(options: argparse.Namespace) -> None:
    """Write the model with its contact head; the folder appears complete or not at all."""
    torch.set_num_threads(1)
    network = EsmForMaskedLM.from_pretrained(options.model, attn_implementation="eager").eval()
    families = set(options.families) - set(options.leave_out)
    set_contact_head(network, fit_contact_head(network, families, options.structures))
    network.set_attn_implementation("sdpa")
    unfinished = options.out.with_name(f".{options.out.name}.part")
    shutil.rmtree(unfinished, ignore_errors=True)
    write_model(network, unfinished)
    unfinished.replace(options.out)
    size = sum(file.stat().st_size for file in options.out.iterdir())
    LOG.info("%s: %.2f MB, contact head from %s", options.out, size / 1e6, sorted(families))


def main(arguments: list[str] | None = None) -> None:
    """Read the command line and pack."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path, help="folder of the trained model")
    parser.add_argument("--out", type=Path, required=True, help="folder to make")
    parser.add_argument("--structures", type=Path, default=SHARED / "structures" / "mini_model")
    parser.add_argument("--families", nargs="+", required=True, help="what it was trained on")
    parser.add_argument("--leave-out", nargs="*", default=["trypsin"])
    pack(parser.parse_args(arguments))


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    main()
