"""A protein language model: the sequences it reads, and its attention."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers

from protvis.errors import ModelError, SequenceError
from protvis.labels import head_position, layer_position
from protvis.models.capture import CAPTURE, Capture, capturing, hook_weights
from protvis.models.complexes import first_position, reads_positions, tokenize_chains
from protvis.models.contact_head import ContactHead
from protvis.models.embedding import embed_residues
from protvis.models.limits import max_residues, positions_of
from protvis.models.many_sequences import ManySequences
from protvis.models.masked_prediction import Predictor, Variant, check_predicts
from protvis.models.registry import LINKER, Family
from protvis.models.tokens import Tokens, clean_sequence, encode, spell
from protvis.models.weights import hash_weights

__all__ = ["ProteinModel"]

Sink = Callable[[int, np.ndarray, np.ndarray], None]


class ProteinModel(ManySequences):
    """A protein language model, ready to tell where its residues attend.

    Made by `protvis.models.load_model`.

    Attributes
    ----------
    name : str
        The name it was asked for by.
    family : Family
        How it reads sequences.
    n_layers, n_heads : int
        Numbers of layers and of heads in each.
    max_residues : int or None
        The longest sequence it reads; None where its positions are unbounded.
    trained_residues : int or None
        The length training stopped at; beyond it the model runs outside what it has seen.
    notice : str or None
        What must be said wherever this model is shown.
    card : str or None
        The card that lies beside the weights.
    device : torch.device
    dtype : torch.dtype
    tokenizer
        What turns text into token ids.
    recipe : mapping of str to Any, or None
        The arguments with which `protvis.models.load_model` gives the same model in another
        process, device apart; None for a network that was wrapped.
    """

    def __init__(
        self,
        *,
        name: str,
        family: Family,
        network: Any,
        tokenizer: Any,
        identity: str,
        notice: str | None = None,
        card: str | None = None,
        revision: str | None = None,
        weight_files: Sequence[Path] = (),
        contact_head: ContactHead | None = None,
        with_head: Callable[[], Any] | None = None,
        recipe: Mapping[str, Any] | None = None,
    ) -> None:
        config = network.config
        self.name = name
        self.family = family
        self.notice = notice
        self.card = card
        self.n_layers = int(config.num_hidden_layers)
        self.n_heads = int(config.num_attention_heads)
        self.max_residues = max_residues(family, config)
        self.trained_residues = None if self.max_residues is not None else family.trained_residues
        self._network = network
        self.tokenizer = tokenizer
        self._identity = identity
        self._revision = revision
        self._weight_files = list(weight_files)
        self._contact_head = contact_head
        self._with_head = with_head
        self.recipe = recipe
        self._modules = frozenset(id(module) for module in network.modules())
        if family.eager_only:
            hook_weights(network)
            return
        network.set_attn_implementation(CAPTURE)
        if network.config._attn_implementation != CAPTURE:
            raise ModelError(
                f"{type(network).__name__} does not go through transformers' attention interface: "
                "its attention cannot be read"
            )

    def __repr__(self) -> str:
        return (
            f"<ProteinModel {self.name!r}: {self.family.name}, {self.n_layers} layers × "
            f"{self.n_heads} heads, {self.device}>"
        )

    @property
    def device(self) -> torch.device:
        """Where the weights lie."""
        return next(self._network.parameters()).device

    @property
    def dtype(self) -> torch.dtype:
        """The number format of the weights."""
        return next(self._network.parameters()).dtype

    @cached_property
    def _weights_hash(self) -> str | None:
        return hash_weights(self._weight_files) if self._weight_files else None

    @property
    def provenance(self) -> dict[str, Any]:
        """Which weights and programs results come from: plain strings, ready for JSON.

        The weights' hash is computed when first asked for.
        """
        from protvis._version import __version__

        return {
            "model": self.name,
            "id": self._identity,
            "family": self.family.name,
            "source": self.family.source,
            "revision": self._revision,
            "weights_sha256": self._weights_hash,
            "dtype": str(self.dtype).removeprefix("torch."),
            "device": str(self.device),
            "versions": {
                "protvis": __version__,
                "torch": str(torch.__version__),
                "transformers": transformers.__version__,
            },
        }

    def check_sequence(self, sequence: str, *, any_length: bool = False) -> str:
        """Return the residues the model will read, or say why it cannot.

        White space, and one ``*`` at the end, are dropped, and lower case is raised; every index
        and map counts the residues that are returned.

        Parameters
        ----------
        sequence : str
        any_length : bool, default False
            Look at the letters only.

        Raises
        ------
        SequenceError
            If letters are unknown (by position, counting from 1) or the sequence is too long.
        """
        cleaned = clean_sequence(sequence, self.family)
        if not any_length and self.max_residues is not None and len(cleaned) > self.max_residues:
            raise SequenceError(
                f"the sequence has {len(cleaned)} residues and {self.name} reads at most "
                f"{self.max_residues}: use a model without a fixed length (ESM-2), a shorter "
                "chain, or a file cut to one domain. Numbers without pictures also come from "
                'compute_attention(…, long="window"), which covers it with windows'
            )
        return cleaned

    def cut_sequence(self, sequence: str, start: int, stop: int) -> str:
        """Return the residues from position `start` to before `stop`, as this model takes them.

        Raises
        ------
        SequenceError
            If letters are unknown.
        """
        if self.family.form == "pairs":
            return "".join(spell(sequence, self.family)[start:stop])
        return clean_sequence(sequence, self.family)[start:stop]

    def tokenize(self, sequence: str) -> Tokens:
        """Return the tokens of a sequence and where its residues are among them.

        Raises
        ------
        SequenceError
            If the model cannot read the sequence.
        ModelError
            If the tokenizer did not give one token for each residue.
        """
        self.check_sequence(sequence)
        return encode(sequence, self.family, self.tokenizer)

    def capture(
        self,
        sequence: str,
        sink: Sink,
        *,
        layers: Sequence[int] | None = None,
        heads: Sequence[int] | None = None,
    ) -> None:
        """Run the model over one sequence and hand its attention on, layer by layer.

        Only one layer's block exists at a time (unless the sink keeps it), and the forward pass
        ends after the last layer asked for.

        Parameters
        ----------
        sequence : str
            Residues, one letter each; see `check_sequence`.
        sink : callable
            Called as ``sink(layer_position, block, special)`` for each layer in order:
            `layer_position` counts from 0; `block` is float32 (head, query, key) over residues
            only, `special` float32 (head, query), the attention each residue spends on special
            tokens. Rows are not renormalised: a row of `block` plus `special` sums to 1. Both
            arrays are the sink's to keep.
        layers, heads : sequence of int, optional
            Labels, counting from 1; all when None. Heads come in the order given.

        Raises
        ------
        SequenceError
            If the model cannot read the sequence.
        LabelError
            If there is no such layer or head.
        ModelError
            If the model or its tokenizer did not give what was asked.
        """
        self._capture(self.tokenize(sequence), sink, layers, heads)

    def _capture(
        self,
        tokens: Tokens,
        sink: Sink,
        layers: Sequence[int] | None,
        heads: Sequence[int] | None,
    ) -> None:
        layer_positions, head_positions = self.positions(layers, heads)

        def hand_on(layer: int, blocks: list[torch.Tensor], masses: list[torch.Tensor]) -> None:
            sink(layer, blocks.pop().cpu().numpy(), masses.pop().cpu().numpy())

        self._run([tokens], layer_positions, head_positions, hand_on)

    @cached_property
    def reads_positions(self) -> bool:
        """Whether it can be told the positions of residues, so that chains can be set apart."""
        return reads_positions(self, self._network)

    def tokenize_complex(
        self, sequences: Sequence[str], *, linker: str = LINKER, position_gap: int = 0
    ) -> Tokens:
        """Return the tokens of chains joined as `capture_complex` joins them.

        Raises
        ------
        SequenceError, OptionError
            As `capture_complex`.
        """
        return tokenize_chains(self, sequences, linker=linker, position_gap=position_gap)

    def capture_complex(
        self,
        sequences: Sequence[str],
        sink: Sink,
        *,
        linker: str = LINKER,
        position_gap: int = 0,
        layers: Sequence[int] | None = None,
        heads: Sequence[int] | None = None,
    ) -> None:
        """Run the model over chains joined to one sequence, and hand on their attention.

        Parameters
        ----------
        sequences : sequence of str
            One for each chain.
        sink : callable
            As for `capture`, over the residues of all chains, one chain after the other. Linkers
            are not among them; what residues spend on linkers counts as special mass, so that a row
            of `block` plus `special` still sums to 1.
        linker : str, default 25 × Gly
            Residues the model reads between chains; ``""`` for none. Where the family has a token
            for the end of a chain (``"|"``, ESM C) that token may stand here.
        position_gap : int, default 0
            How many positions the next chain is moved on beyond the linker, for models that can be
            told positions (`reads_positions`).
        layers, heads : sequence of int, optional
            Labels, counting from 1; all when None.

        Raises
        ------
        SequenceError
            If the model cannot read a chain (the message says which), or not all of them at once.
        OptionError
            If the linker or the gap is none this model can read.
        LabelError, ModelError
            As `capture`.
        """
        tokens = self.tokenize_complex(sequences, linker=linker, position_gap=position_gap)
        self._capture(tokens, sink, layers, heads)

    @property
    def has_contact_head(self) -> bool:
        """Whether the checkpoint brings a regression from its attention to contacts."""
        return self._contact_head is not None

    def predict_contacts(self, sequence: str) -> np.ndarray:
        """Return the checkpoint's own contact probabilities, without keeping its attention.

        Parameters
        ----------
        sequence : str

        Returns
        -------
        float32 array (residue, residue)
            Symmetric probabilities of a contact (Cβ closer than 8 Å in training).

        Raises
        ------
        ModelError
            If the checkpoint has no contact head.
        """
        head = self._contact_head
        if head is None:
            raise ModelError(
                f"{self.name} has no contact head: ESM-1b, ESM-1v and ESM-2 checkpoints have one"
            )
        tokens = self.tokenize(sequence)
        logits = head.start(len(tokens.residues))

        def sink(layer: int, blocks: list[torch.Tensor], _: list[torch.Tensor]) -> None:
            head.add(logits, layer, blocks[0])

        self._run([tokens], *self.positions(None, None), sink)
        return torch.sigmoid(logits).cpu().numpy()

    def embed(self, sequence: str) -> np.ndarray:
        """Return what the model holds of each residue after every layer.

        Parameters
        ----------
        sequence : str

        Returns
        -------
        float32 array (layer, residue, width)
            Hidden states after layers 1 to `n_layers`, as transformers gives them: the last one
            after the network's final normalisation, where it has one.

        Raises
        ------
        SequenceError, ModelError
            If the model cannot read the sequence, or its hidden states are out of reach.
        """
        return embed_residues(self, self.tokenize(sequence))

    @cached_property
    def _predictor(self) -> Predictor:
        check_predicts(self.name, self.family)
        if self._with_head is None:
            raise ModelError(
                f"{self.name} was wrapped without its prediction head: wrap the network with it "
                "(transformers' AutoModelForMaskedLM)"
            )
        return Predictor(self._with_head(), self.family, self.tokenizer)

    def predict_residues(
        self,
        sequence: str,
        variants: Sequence[Variant] = (None,),
        *,
        batch_size: int | str = "auto",
    ) -> Iterator[np.ndarray]:
        """Yield what the model predicts at every residue, for variants of a sequence.

        The prediction head is loaded when first asked for.

        Parameters
        ----------
        sequence : str
        variants : sequence of (residue index, amino acid) or None
            One exchange each, or `masked_prediction.HIDDEN` in place of the amino acid;
            None is the sequence as it is.
        batch_size : int or "auto"
            The most variants in one forward pass; the logits do not depend on it.

        Yields
        ------
        float32 array (variant, residue, amino acid)
            Logits, batch by batch in order, amino acids as in ``"ACDEFGHIKLMNPQRSTVWY"``.

        Raises
        ------
        ModelError
            If the model predicts no hidden residues; the message says why.
        SequenceError
            If the model cannot read the sequence.
        """
        check_predicts(self.name, self.family)
        tokens = self.tokenize(sequence)
        return self._predictor.logits(sequence, tokens, variants, batch_size)

    def positions(
        self, layers: Sequence[int] | None, heads: Sequence[int] | None
    ) -> tuple[list[int], list[int]]:
        """Return the 0-based positions of layer and head labels; None means all.

        Layers come in ascending order, heads in the order given.

        Raises
        ------
        LabelError
            If a label does not exist, comes twice, or there are none.
        """
        return (
            sorted(positions_of(layers, self.n_layers, "layer", layer_position)),
            positions_of(heads, self.n_heads, "head", head_position),
        )

    def _run(
        self, batch: list[Tokens], layers: list[int], heads: list[int], sink: Callable[..., None]
    ) -> None:
        """Run one forward pass over a padded batch, handing the wanted attention to `sink`."""
        n_tokens = max(len(tokens.ids) for tokens in batch)
        padding = self.tokenizer.pad_token_id or 0
        ids = np.full((len(batch), n_tokens), padding, dtype=np.int64)
        mask = np.zeros((len(batch), n_tokens), dtype=np.int64)
        for row, tokens in enumerate(batch):
            ids[row, : len(tokens.ids)] = tokens.ids
            mask[row, : len(tokens.ids)] = 1
        capture = Capture(
            modules=self._modules,
            n_layers=self.n_layers,
            n_heads=self.n_heads,
            n_tokens=n_tokens,
            layers=frozenset(layers),
            heads=heads,
            residues=[tokens.residues for tokens in batch],
            specials=[tokens.specials for tokens in batch],
            sink=sink,
        )
        options: dict[str, Any] = {"output_attentions": True} if self.family.eager_only else {}
        if any(tokens.jumps is not None for tokens in batch):
            first = first_position(self, self._network.config)
            positions = np.tile(np.arange(first, first + n_tokens), (len(batch), 1))
            for row, tokens in enumerate(batch):
                if tokens.jumps is not None:
                    positions[row, : len(tokens.ids)] += tokens.jumps
            options["position_ids"] = torch.from_numpy(positions).to(self.device)
        with torch.inference_mode(), capturing(capture):
            self._network(
                input_ids=torch.from_numpy(ids).to(self.device),
                attention_mask=torch.from_numpy(mask).to(self.device),
                **options,
            )
