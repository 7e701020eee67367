"""A network that reads sequences: its weights, its family, its tokenizer, and one forward pass."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import torch

from protvis.errors import ModelError, SequenceError
from protvis.labels import head_position, layer_position
from protvis.models.capture import CAPTURE, Capture, LayerSink, capturing, hook_weights
from protvis.models.contact_head import ContactHead
from protvis.models.family_table import FAMILIES, Family, unbounded_families
from protvis.models.limits import (
    first_position,
    max_residues,
    positions_of,
    trained_positions,
)
from protvis.models.tokens import Tokens, clean_sequence, encode, encode_chains, spell

__all__ = ["Network"]

_TWO_CHAINS = ("MKTAYIAKQR", "QISFVKSHFS")


class Network:
    """Weights with the family and the tokenizer that belong to them.

    Everything that runs a model (streaming, embedding, ablation, …) takes one of these.

    Parameters
    ----------
    module : transformers.PreTrainedModel
        What computes the attention. It goes through protvis from now on.
    family : Family
    tokenizer
        Turns text into token ids.
    name : str
    contact_head : ContactHead, optional

    Attributes
    ----------
    module, family, tokenizer, name, contact_head
        As given.
    n_layers, n_heads : int
        Number of layers, and of heads in each.
    max_residues : int or None
        The longest sequence it reads; None if its positions are unbounded.
    trained_residues : int or None
        The length at which training stopped, if the model also runs on longer sequences: as its
        authors say, or else as its table of positions shows.
    modules : frozenset of int
        `id` of every part of `module`.

    Raises
    ------
    ModelError
        If the attention of `module` cannot be read.
    """

    def __init__(
        self,
        module: Any,
        family: Family,
        tokenizer: Any,
        *,
        name: str,
        contact_head: ContactHead | None = None,
    ) -> None:
        self.module = module
        self.family = family
        self.tokenizer = tokenizer
        self.name = name
        self.contact_head = contact_head
        self._check_tokens()
        self.n_layers = int(module.config.num_hidden_layers)
        self.n_heads = int(module.config.num_attention_heads)
        self.max_residues = max_residues(family, module.config)
        self.trained_residues = self._trained_residues()
        self.modules = {id(part): type(part) for part in module.modules()}
        if family.eager_only:
            hook_weights(module)
            return
        module.set_attn_implementation(CAPTURE)
        if module.config._attn_implementation != CAPTURE:
            raise ModelError(
                f"{type(module).__name__} does not go through transformers' attention interface: "
                "its attention cannot be read"
            )

    def _check_tokens(self) -> None:
        """Refuse a tokenizer with numbers that are no row of the network's table of tokens."""
        known, n = self.tokenizer.get_vocab(), getattr(self.module.config, "vocab_size", None)
        for token in (*self.family.leading, *self.family.trailing):
            number = known.get(token, 0)
            if n is not None and not 0 <= number < n:
                raise ModelError(
                    f"the tokenizer of {self.name} gives {token!r} the number {number!s:.24}, and "
                    f"the network knows {n} tokens: its files belong to another checkpoint"
                )
        padding = self.tokenizer.pad_token_id or 0
        # What is padded is masked, too, so any token does.
        self._padding = padding if n is None or 0 <= padding < n else 0

    def _trained_residues(self) -> int | None:
        """Return the length at which training stopped, where the model itself goes on."""
        n_trained = self.family.trained_residues
        table = _learned_positions(self.module)
        if n_trained is None and table is not None:
            initial = float(getattr(self.module.config, "initializer_range", 0) or 0)
            seen = trained_positions(table.detach().float().cpu().numpy(), initial)
            if seen is not None:
                unused = first_position(self.family, self.module.config)
                n_specials = len(self.family.leading) + len(self.family.trailing)
                n_trained = max(seen - unused - n_specials, 1)
        if n_trained is None or self.max_residues is None:
            return n_trained
        return n_trained if n_trained < self.max_residues else None

    @property
    def device(self) -> torch.device:
        """The device that holds the weights."""
        device: torch.device = next(self.module.parameters()).device
        return device

    @property
    def dtype(self) -> torch.dtype:
        """The number format of the weights."""
        dtype: torch.dtype = next(self.module.parameters()).dtype
        return dtype

    @property
    def has_contact_head(self) -> bool:
        """Whether the checkpoint brings a regression from its attention to contacts."""
        return self.contact_head is not None

    def check_sequence(self, sequence: str, *, any_length: bool = False) -> str:
        """Return the residues that the model will read.

        White space and one ``*`` at the end are dropped, and lower case is raised. Every index and
        every map counts the residues returned here.

        Parameters
        ----------
        sequence : str
        any_length : bool, default False
            Check the letters only.

        Raises
        ------
        SequenceError
            If it holds unknown letters (named by position, counting from 1) or is too long.
        """
        cleaned = clean_sequence(sequence, self.family)
        if not any_length and self.max_residues is not None and len(cleaned) > self.max_residues:
            raise SequenceError(
                f"the sequence has {len(cleaned)} residues and {self.name} reads at most "
                f"{self.max_residues}: use a model without a fixed length "
                f"({unbounded_families()}), a shorter chain, or a file cut to one domain. For "
                'numbers without pictures, compute_attention(…, long="window") covers it with '
                "windows"
            )
        return cleaned

    def beyond_training(self, n_positions: int, n_chains: int = 1) -> str:
        """Return a sentence on a sequence unlike those the model was trained on, or ``""``.

        Parameters
        ----------
        n_positions : int
            Length of the sequence, linkers and gaps included.
        n_chains : int, default 1
            How many chains are joined in it.
        """
        trained = self.trained_residues
        if trained is None:
            return ""
        if n_positions > trained:
            return (
                f"{n_positions:,} positions are more than the {trained:,} or so that {self.name} "
                "was trained on: it never learned to attend further on."
            )
        if n_chains > 1 and self.max_residues is not None:
            return (
                f"{self.name} learned each position up to {trained:,} or so from single chains: "
                "behind another chain it reads residues at positions where it never saw them."
            )
        return ""

    def linker_length(self, linker: str) -> int:
        """Return how many tokens a linker takes."""
        return 1 if linker and linker == self.family.chain_end else len(linker)

    def tokenize(self, sequence: str) -> Tokens:
        """Return the tokens of a sequence and the places of its residues among them.

        Raises
        ------
        SequenceError
            If the model cannot read the sequence.
        ModelError
            If the tokenizer does not give one token per residue.
        """
        self.check_sequence(sequence)
        return encode(sequence, self.family, self.tokenizer)

    def cut_sequence(self, sequence: str, start: int, stop: int) -> str:
        """Return the residues from position `start` to before `stop`, as this model takes them.

        Raises
        ------
        SequenceError
            If the sequence holds unknown letters.
        """
        if self.family.form == "pairs":
            return "".join(spell(sequence, self.family)[start:stop])
        return clean_sequence(sequence, self.family)[start:stop]

    def positions(
        self, layers: Sequence[int] | None, heads: Sequence[int] | None
    ) -> tuple[list[int], list[int]]:
        """Return the 0-based positions of layer and head labels; None means all.

        Layers come in ascending order, heads in the order given.

        Raises
        ------
        LabelError
            If a label does not exist or comes twice, or there are none.
        """
        return (
            sorted(positions_of(layers, self.n_layers, "layer", layer_position)),
            positions_of(heads, self.n_heads, "head", head_position),
        )

    @cached_property
    def reads_positions(self) -> bool:
        """Whether the model uses the positions it is given, so that chains can be set apart."""
        # Tried out rather than read off its class. Where the positions of an architecture that is
        # not in the table start is not known.
        known = {family.model_type for family in FAMILIES.values()}
        if self.family.model_type not in known:
            return False
        if "position_ids" not in inspect.signature(self.module.forward).parameters:
            return False
        found: list[torch.Tensor] = []
        for gap in (0, 1):
            tokens = encode_chains(
                _TWO_CHAINS, self.family, self.tokenizer, linker="", position_gap=gap
            )
            try:
                self.run([tokens], [0], [0], lambda _, blocks, __: found.append(blocks[0]))
            except (ModelError, TypeError):
                return False
        return not torch.equal(*found)

    def run(
        self,
        batch: Sequence[Tokens],
        layers: list[int],
        heads: list[int],
        sink: LayerSink,
        *,
        reuse: bool = False,
    ) -> None:
        """Run one forward pass over a padded batch and hand the attention on, layer by layer.

        Parameters
        ----------
        batch : sequence of Tokens
        layers, heads : list of int
            Positions, counting from 0. The pass ends after the last layer wanted.
        sink : callable
            See `protvis.models.capture.Capture`.
        reuse : bool, default False
            Whether the sink keeps nothing of what it receives, so that all layers can share the
            same memory.

        Raises
        ------
        ModelError
            If the network did not compute the attention that its configuration names, or attention
            is not finite; the message names the layer.
        """
        n_tokens = max(len(tokens.ids) for tokens in batch)
        ids = np.full((len(batch), n_tokens), self._padding, dtype=np.int64)
        mask = np.zeros((len(batch), n_tokens), dtype=np.int64)
        for row, tokens in enumerate(batch):
            ids[row, : len(tokens.ids)] = tokens.ids
            mask[row, : len(tokens.ids)] = 1
        capture = Capture(
            modules=self.modules,
            n_layers=self.n_layers,
            n_heads=self.n_heads,
            n_tokens=n_tokens,
            layers=frozenset(layers),
            heads=heads,
            residues=[tokens.residues for tokens in batch],
            specials=[tokens.specials for tokens in batch],
            sink=sink,
            reuse=reuse,
        )
        options: dict[str, Any] = {"output_attentions": True} if self.family.eager_only else {}
        if any(tokens.jumps is not None for tokens in batch):
            first = first_position(self.family, self.module.config)
            positions = np.tile(np.arange(first, first + n_tokens), (len(batch), 1))
            for row, tokens in enumerate(batch):
                if tokens.jumps is not None:
                    positions[row, : len(tokens.ids)] += tokens.jumps
            options["position_ids"] = torch.from_numpy(positions).to(self.device)
        with torch.inference_mode(), capturing(capture):
            self.module(
                input_ids=torch.from_numpy(ids).to(self.device),
                attention_mask=torch.from_numpy(mask).to(self.device),
                **options,
            )


def _learned_positions(module: Any) -> torch.Tensor | None:
    """Return a network's table (position, channel) of learned positions, if it has one."""
    for name, table in module.named_parameters():
        if name.endswith(("position_embeddings.weight", "wpe.weight")):
            return table
    return None
