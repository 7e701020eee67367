"""Train the small model that comes with protvis, in ESM form, from alignments alone.

    python -m training.train_mini --out runs/a --steps 6000

See README.md beside this file for what it does and what it reached.
"""

from __future__ import annotations

import argparse
import json
import logging
import math
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from transformers import EsmConfig, EsmForMaskedLM, EsmTokenizer

from training.alignments import read_alignment, row_weights, training_rows
from training.control_log import RunLog, control_scores, held_out_scores
from training.couplings import attention_targets, mean_field_couplings
from training.families import QUERIES, SHARED, load_query
from training.samples import CLS, EOS, IGNORED, MASK, PAD, VOCABULARY, Family, Sampler

LOG = logging.getLogger("train_mini")

DEFAULT_FAMILIES = ["kunitz", "homeodomain", "ptsIIA", "dhfr", "adk", "betalac", "trypsin"]


@dataclass(frozen=True)
class Prepared:
    """All families, ready to draw from.

    Attributes
    ----------
    families : list of Family
    targets : (column, column) float32 tensor
        How much attention columns should pay each other, over all families; row and column 0 stand
        for "no column".
    held_out : dict of str to (row, column) int8 array
        A few rows of each family that are never drawn.
    """

    families: list[Family]
    targets: torch.Tensor
    held_out: dict[str, np.ndarray]

    @property
    def n_columns(self) -> int:
        """How many columns there are, "no column" included."""
        return len(self.targets)


def prepare(names: list[str], msa: Path, structures: Path, cache: Path) -> Prepared:
    """Read the alignments, drop the queries' relatives, weigh rows and compute couplings."""
    families, blocks, held_out = [], [], {}
    first_column = 1
    for name in names:
        kept = cache / f"{name}.npz"
        if not kept.exists():
            chains = [load_query(query, structures)[0] for query in QUERIES if query.family == name]
            rows, identity = training_rows(read_alignment(msa / f"{name}.fasta.gz"), chains)
            weights = row_weights(rows)
            held = np.random.default_rng(len(rows)).permutation(len(rows))
            held = held[: min(100, len(rows) // 25)]
            drawn = np.setdiff1d(np.arange(len(rows)), held)
            strength = mean_field_couplings(rows[drawn], weights[drawn])
            cache.mkdir(parents=True, exist_ok=True)
            unfinished = kept.with_name(f".{name}.{os.getpid()}.npz")
            np.savez_compressed(
                unfinished,
                rows=rows[drawn],
                weights=weights[drawn],
                held=rows[held],
                strength=strength,
                largest_identity=identity.max(),
            )
            unfinished.replace(kept)
        with np.load(kept) as stored:
            family = Family(name, stored["rows"], stored["weights"], first_column)
            blocks.append(attention_targets(stored["strength"]))
            held_out[name] = stored["held"]
            LOG.info(
                "%s: %d rows (%.0f after weighting), nearest to a query %.2f",
                name,
                len(family.rows),
                family.weights.sum(),
                stored["largest_identity"],
            )
        families.append(family)
        first_column += family.rows.shape[1]
    targets = torch.block_diag(torch.zeros(1, 1), *(torch.from_numpy(block) for block in blocks))
    return Prepared(families, targets, held_out)


def build_network(options: argparse.Namespace) -> EsmForMaskedLM:
    """Return the untrained network; its weights follow from the seed."""
    config = EsmConfig(
        vocab_size=len(VOCABULARY),
        hidden_size=options.hidden,
        num_hidden_layers=options.layers,
        num_attention_heads=options.heads,
        intermediate_size=options.intermediate,
        hidden_dropout_prob=options.dropout,
        attention_probs_dropout_prob=0.0,
        max_position_embeddings=1026,
        position_embedding_type="rotary",
        pad_token_id=PAD,
        mask_token_id=MASK,
        eos_token_id=EOS,
        token_dropout=False,
        emb_layer_norm_before=False,
        initializer_range=options.initializer_range,
        attn_implementation="eager",
    )
    torch.manual_seed(options.seed)
    network = EsmForMaskedLM(config)
    if options.neighbour_heads:
        aim_at_neighbours(network)
    return network


OFFSETS = (
    (-1, 1, -2, 2, -3, 3, -4, 4),
    (-1, 1, -3, 3, -5, 5, -7, 7),
    (-2, 2, -5, 5, -9, 9, -14, 14),
    (-4, 4, -8, 8, -16, 16, -24, 24),
)
"""Where the first layers' heads look at the start, in residues from the query."""


@torch.no_grad()
def aim_at_neighbours(network: EsmForMaskedLM, strength: float = 6.0) -> None:
    """Let each head of all layers but the last start by looking a fixed way along the chain.

    Rotary positions turn the key of the residue d further on by d·θ_f in plane f. A query bias
    turned by δ·θ_f and an unturned key bias therefore add Σ_f cos((d - δ)·θ_f) to the logits,
    wherever the query stands: a peak at d = δ.
    """
    layers = network.esm.encoder.layer
    for place, layer in enumerate(layers[:-1]):
        attention = layer.attention.self
        offsets = OFFSETS[min(place, len(OFFSETS) - 1)]
        half = attention.attention_head_size // 2
        theta = network.config.rope_theta ** -(torch.arange(half) / half)
        # Slow planes tell neighbours apart hardly, and are left to the content.
        length = strength * (theta > 0.02).float()
        for head in range(attention.num_attention_heads):
            turn = offsets[head % len(offsets)] * theta
            start = 2 * half * head
            attention.query.bias[start : start + half] = length * turn.cos()
            attention.query.bias[start + half : start + 2 * half] = length * turn.sin()
            attention.key.bias[start : start + half] = length
            attention.key.bias[start + half : start + 2 * half] = 0.0


class Trainer:
    """The network, what it learns from, and where it has got to."""

    def __init__(self, options: argparse.Namespace, data: Prepared) -> None:
        self.options = options
        self.data = data
        self.network = build_network(options)
        self.column_head = torch.nn.Linear(options.hidden, data.n_columns)
        torch.nn.init.normal_(self.column_head.weight, std=0.02)
        self.sampler = Sampler(data.families, options.seed, gapped=options.gapped)
        self.optimizers = self._optimizers()
        self.step = 0
        self.n_residues = 0
        self.seconds = 0.0

    def _optimizers(self) -> list[torch.optim.Optimizer]:
        options = self.options
        matrices, tables, vectors = [], [], []
        for name, parameter in self.network.named_parameters():
            if not parameter.requires_grad or "contact_head" in name:
                continue
            if parameter.ndim == 2 and ".layer." in name:
                matrices.append(parameter)
            elif parameter.ndim == 2:
                tables.append(parameter)
            else:
                vectors.append(parameter)
        tables.append(self.column_head.weight)
        vectors.append(self.column_head.bias)
        groups = [
            {"params": tables, "weight_decay": options.weight_decay},
            {"params": vectors, "weight_decay": 0.0},
        ]
        if options.optimizer == "adamw":
            groups.append({"params": matrices, "weight_decay": options.weight_decay})
            return [torch.optim.AdamW(groups, lr=options.lr, betas=(0.9, 0.98))]
        return [
            torch.optim.AdamW(groups, lr=options.lr, betas=(0.9, 0.98)),
            torch.optim.Muon(
                matrices,
                lr=options.lr,
                weight_decay=options.weight_decay,
                momentum=0.95,
                adjust_lr_fn="match_rms_adamw",
            ),
        ]

    def rate(self) -> float:
        """Learning rate as a share of the largest: warm-up, then a cosine down to 3 %."""
        warm = min(1.0, (self.step + 1) / 100)
        return warm * (0.03 + 0.97 * 0.5 * (1 + math.cos(math.pi * self.progress)))

    @property
    def progress(self) -> float:
        """Share of the steps done."""
        return self.step / self.options.steps

    def guidance(self) -> float:
        """Weight of the taught attention: full to `guide_until`, none from `guide_gone`."""
        options = self.options
        if options.guide == 0:
            return 0.0
        gone = (self.progress - options.guide_until) / max(
            options.guide_gone - options.guide_until, 1e-9
        )
        return options.guide * (1 - min(max(gone, 0.0), 1.0))

    def one_step(self) -> dict[str, float]:
        """Take a step and return its losses."""
        begun = time.monotonic()
        options = self.options
        torch.manual_seed(options.seed * 1_000_003 + self.step)
        batch = self.sampler.batch(self.step, options.tokens, self.progress)
        tokens = torch.from_numpy(batch.tokens)
        columns = torch.from_numpy(batch.columns)
        self.network.train()
        found = self.network(
            tokens,
            attention_mask=(tokens != PAD).long(),
            output_hidden_states=True,
            output_attentions=True,
        )
        wanted = torch.from_numpy(batch.wanted)
        asked = wanted != IGNORED
        losses = {"mlm": F.cross_entropy(found.logits[asked], wanted[asked])}
        total = losses["mlm"]
        if options.columns:
            labelled = columns != IGNORED
            states = F.layer_norm(found.hidden_states[-2][labelled], (options.hidden,))
            losses["columns"] = F.cross_entropy(self.column_head(states), columns[labelled])
            total = total + options.columns * losses["columns"]
        guidance = self.guidance()
        if guidance:
            losses["guide"] = self.guide_loss(found.attentions[-1], columns)
            total = total + guidance * losses["guide"]
        for optimizer in self.optimizers:
            optimizer.zero_grad(set_to_none=True)
            factor = self.rate()
            for group in optimizer.param_groups:
                group["lr"] = options.lr * factor
        total.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        for optimizer in self.optimizers:
            optimizer.step()
        self.step += 1
        self.n_residues += int((columns != IGNORED).sum())
        self.seconds += time.monotonic() - begun
        return {name: float(loss.detach()) for name, loss in losses.items()}

    def guide_loss(self, attention: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
        """Return the cross-entropy between the couplings and the heads' mean attention.

        What a residue's couplings leave over belongs to ``<cls>``.

        Parameters
        ----------
        attention : (sample, head, query, key) tensor
        columns : (sample, token) tensor
        """
        mean = attention.mean(1).clamp_min(1e-6)
        labelled = columns != IGNORED
        place = columns.clamp_min(0)
        target = self.data.targets[place.unsqueeze(2), place.unsqueeze(1)]
        target[:, :, CLS] = (1 - target.sum(2)).clamp_min(0)
        return -(target * mean.log()).sum(2)[labelled].mean()

    def save(self, path: Path) -> None:
        """Write a checkpoint; it appears complete or not at all."""
        unfinished = path.with_suffix(".part")
        torch.save(
            {
                "network": self.network.state_dict(),
                "column_head": self.column_head.state_dict(),
                "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
                "step": self.step,
                "n_residues": self.n_residues,
                "seconds": self.seconds,
                "options": vars_of(self.options),
            },
            unfinished,
        )
        unfinished.replace(path)

    def load(self, path: Path) -> None:
        """Go on from a checkpoint."""
        stored = torch.load(path, weights_only=True)
        theirs, ours = stored["options"], vars_of(self.options)
        changed = sorted(name for name in ours if theirs.get(name) != ours[name])
        if changed:
            raise ValueError(
                f"{path} was written with other values of {', '.join(changed)}; "
                "give the same ones or another --out"
            )
        self.network.load_state_dict(stored["network"])
        self.column_head.load_state_dict(stored["column_head"])
        for optimizer, state in zip(self.optimizers, stored["optimizers"], strict=True):
            optimizer.load_state_dict(state)
        self.step = stored["step"]
        self.n_residues = stored["n_residues"]
        self.seconds = stored["seconds"]

    def start_from(self, path: Path) -> None:
        """Take weights, not progress, from another run's checkpoint."""
        stored = torch.load(path, weights_only=True)
        self.network.load_state_dict(stored["network"])
        self.column_head.load_state_dict(stored["column_head"])


def vars_of(options: argparse.Namespace) -> dict[str, Any]:
    """Return the options that a run's result depends on."""
    elsewhere = {"log_every", "control_every", "checkpoint_every", "threads"}
    return {
        name: value
        for name, value in vars(options).items()
        if name not in elsewhere and not isinstance(value, Path)
    }


def write_model(network: EsmForMaskedLM, folder: Path) -> None:
    """Write config, weights and tokenizer as transformers reads them."""
    folder.mkdir(parents=True, exist_ok=True)
    network.save_pretrained(folder)
    vocabulary = folder / "vocab.txt"
    vocabulary.write_text("\n".join(VOCABULARY))
    EsmTokenizer(str(vocabulary)).save_pretrained(folder)
    for file in folder.iterdir():
        # The weights come as readable by their owner alone, which no package can use.
        file.chmod(0o644)


def train(options: argparse.Namespace) -> None:
    """Train until all steps are done, going on from the folder's checkpoint if there is one."""
    out: Path = options.out
    out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(options.threads)
    torch.use_deterministic_algorithms(True)
    data = prepare(
        options.families, options.msa, options.structures, options.cache or out / "families"
    )
    trainer = Trainer(options, data)
    n_weights = sum(parameter.numel() for parameter in trainer.network.parameters())
    LOG.info("%d weights (%.1f MB)", n_weights, n_weights * 4e-6)
    checkpoint = out / "checkpoint.pt"
    if checkpoint.exists():
        trainer.load(checkpoint)
        LOG.info("going on from step %d", trainer.step)
    elif options.start is not None:
        trainer.start_from(options.start)
    log = RunLog(out / "log.jsonl")
    log.forget_after(trainer.step)
    recent: dict[str, list[float]] = {}
    while trainer.step < options.steps:
        for name, loss in trainer.one_step().items():
            recent.setdefault(name, []).append(loss)
        done = trainer.step == options.steps
        if trainer.step % options.log_every == 0 or done:
            line: dict[str, Any] = {
                "step": trainer.step,
                "seconds": round(trainer.seconds, 1),
                "residues": trainer.n_residues,
                "losses": {name: round(float(np.mean(x)), 4) for name, x in recent.items()},
                "guidance": round(trainer.guidance(), 3),
            }
            recent = {}
            if trainer.step % options.control_every == 0 or done:
                line["held_out"] = held_out_scores(
                    trainer.network, trainer.column_head, data.families, data.held_out
                )
                line["controls"] = control_scores(
                    trainer.network, data.families, options.structures
                )
            log.write(line)
            LOG.info("%s", json.dumps(line))
        if trainer.step % options.checkpoint_every == 0 or done:
            trainer.save(checkpoint)
    write_model(trainer.network, out / "model")


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--msa", type=Path, default=SHARED / "msa", help="folder of alignments")
    add("--structures", type=Path, default=SHARED / "structures" / "mini_model")
    add("--out", type=Path, required=True, help="folder for checkpoint, log and model")
    add("--cache", type=Path, help="folder of prepared families (default: OUT/families)")
    add("--start", type=Path, help="a checkpoint of another run whose weights to start from")
    add("--families", nargs="+", default=DEFAULT_FAMILIES)
    add("--seed", type=int, default=0)
    add("--steps", type=int, default=2400)
    add("--tokens", type=int, default=2048, help="per step, padding included")
    add("--layers", type=int, default=5)
    add("--heads", type=int, default=8)
    add("--hidden", type=int, default=128)
    add("--intermediate", type=int, default=256)
    add("--dropout", type=float, default=0.0)
    add("--initializer-range", type=float, default=0.02)
    add("--gapped", type=float, default=0.15, help="share of rows that keep their gaps")
    add("--no-neighbour-heads", dest="neighbour_heads", action="store_false")
    add("--optimizer", choices=["adamw", "muon"], default="muon")
    add("--lr", type=float, default=3e-3)
    add("--weight-decay", type=float, default=0.1)
    add("--columns", type=float, default=1.0, help="weight of the column loss; 0 for none")
    add("--guide", type=float, default=1.0, help="weight of the taught attention; 0 for none")
    add("--guide-until", type=float, default=0.6, help="share of the steps with full guidance")
    add("--guide-gone", type=float, default=0.8, help="share of the steps after which it is 0")
    add("--threads", type=int, default=1)
    add("--log-every", type=int, default=50)
    add("--control-every", type=int, default=250)
    add("--checkpoint-every", type=int, default=250)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    train(parse())
