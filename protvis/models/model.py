"""A protein language model: the sequences it reads, and its attention."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import torch
import transformers
from numpy.typing import NDArray

from protvis._version import __version__
from protvis.errors import ModelError
from protvis.models.batching import tokenize_all
from protvis.models.complexes import tokenize_chains
from protvis.models.contact_head import ContactHead
from protvis.models.contact_prediction import predict_contacts
from protvis.models.embedding import embed_residues
from protvis.models.family_table import LINKER, Family
from protvis.models.layer_scan import LayerScan, scan_batches
from protvis.models.masked_prediction import Predictor, Variant, check_predicts
from protvis.models.network import Network
from protvis.models.streaming import AttentionBlock, stream_blocks
from protvis.models.tokens import Tokens

__all__ = ["ProteinModel"]

Sink = Callable[[int, NDArray[Any], NDArray[Any]], None]


class ProteinModel(Network):
    """A protein language model whose attention between residues can be read.

    Created by `protvis.load_model` or `protvis.models.wrap_model`. Its name, family, tokenizer,
    sizes, device and number format are those of its `Network`.

    Attributes
    ----------
    notice : str or None
        A notice to show wherever this model is shown.
    card : str or None
        The model card that comes with the weights.
    recipe : mapping of str to Any, or None
        The arguments, except the device, with which `protvis.load_model` loads the same model in
        another process; None for a wrapped network.

    Examples
    --------
    >>> import protvis
    >>> model = protvis.load_model("mini")
    >>> model.n_layers, model.n_heads
    (5, 8)
    >>> model.tokenize("MKTAYIAK").residues.shape
    (8,)
    """

    def __init__(
        self,
        module: Any,
        family: Family,
        tokenizer: Any,
        *,
        name: str,
        identity: str,
        notice: str | None = None,
        card: str | None = None,
        revision: str | None = None,
        hash_weights: Callable[[], str] | None = None,
        hashed: str = "files",
        settings_hash: str | None = None,
        contact_head: ContactHead | None = None,
        with_head: Callable[[], Any] | None = None,
        recipe: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(module, family, tokenizer, name=name, contact_head=contact_head)
        self.notice = notice
        self.card = card
        self.recipe = recipe
        self._identity = identity
        self._revision = revision
        self._hash_weights = hash_weights
        self._hashed = hashed
        self._settings_hash = settings_hash
        self._with_head = with_head

    def __repr__(self) -> str:
        return (
            f"<ProteinModel {self.name!r}: {self.family.name}, {self.n_layers} layers × "
            f"{self.n_heads} heads, {self.device}>"
        )

    @cached_property
    def _weights_hash(self) -> str | None:
        return None if self._hash_weights is None else self._hash_weights()

    @property
    def provenance(self) -> dict[str, Any]:
        """The weights and software behind the results: plain strings, ready for JSON.

        The hash of the weights, taken over their files or the parameters in memory, is computed on
        first use. The hash of the settings covers the configuration and the residues' tokens.

        Raises
        ------
        ModelError
            If the weight files have changed since they were loaded.
        """
        return {
            "model": self.name,
            "id": self._identity,
            "family": self.family.name,
            "source": self.family.source,
            "revision": self._revision,
            "weights_sha256": self._weights_hash,
            "weights_hashed": self._hashed,
            "settings_sha256": self._settings_hash,
            "max_residues": self.max_residues,
            "trained_residues": self.trained_residues,
            "notice": self.notice,
            "dtype": str(self.dtype).removeprefix("torch."),
            "device": str(self.device),
            "versions": {
                "protvis": __version__,
                "torch": str(torch.__version__),
                "transformers": transformers.__version__,
            },
        }

    def notice_for(self, n_positions: int, n_chains: int = 1) -> str | None:
        """Return the notice for this model, and for a sequence longer than those it was trained on.

        Parameters
        ----------
        n_positions, n_chains
            As for `beyond_training`.
        """
        said = [self.notice, self.beyond_training(n_positions, n_chains)]
        return " ".join(one for one in said if one) or None

    def capture(
        self,
        sequence: str,
        sink: Sink,
        *,
        layers: Sequence[int] | None = None,
        heads: Sequence[int] | None = None,
        reuse: bool = False,
    ) -> None:
        """Run the model over one sequence and pass on its attention, layer by layer.

        Only one layer's block is in memory at a time (unless the sink keeps it), and the forward
        pass ends after the last requested layer.

        Parameters
        ----------
        sequence : str
            Residues, one letter each; see `check_sequence`.
        sink : callable
            Called as ``sink(layer_position, block, special)`` for each layer in order.
            `layer_position` counts from 0; `block` is float32 (head, query, key) over residues
            only; `special` is float32 (head, query), the attention each residue spends on special
            tokens. Rows are not renormalised: a row of `block` plus `special` sums to 1. The sink
            may keep both arrays.
        layers, heads : sequence of int, optional
            Labels, counting from 1; all when None. Heads come in the order given.
        reuse : bool, default False
            Whether each layer's block overwrites the one before, which is faster; the sink must
            then not keep it.

        Raises
        ------
        SequenceError
            If the model cannot read the sequence.
        LabelError
            If there is no such layer or head.
        ModelError
            If the model did not compute attention once in each of its layers, or the attention is
            not finite.
        """
        self._capture(self.tokenize(sequence), sink, layers, heads, reuse)

    def _capture(
        self,
        tokens: Tokens,
        sink: Sink,
        layers: Sequence[int] | None,
        heads: Sequence[int] | None,
        reuse: bool,
    ) -> None:
        room: list[torch.Tensor] = []

        def on_cpu(block: torch.Tensor) -> torch.Tensor:
            if block.device.type == "cpu" or not reuse:
                return block.cpu()
            if not room:
                pinned = block.device.type == "cuda"
                room.append(torch.empty_like(block, device="cpu", pin_memory=pinned))
            return room[0].copy_(block)

        def hand_on(layer: int, blocks: list[torch.Tensor], masses: list[torch.Tensor]) -> None:
            sink(layer, on_cpu(blocks.pop()).numpy(), masses.pop().cpu().numpy())

        self.run([tokens], *self.positions(layers, heads), hand_on, reuse=reuse)

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
        reuse: bool = False,
    ) -> None:
        """Run the model over chains joined into one sequence and pass on their attention.

        Parameters
        ----------
        sequences : sequence of str
            One for each chain.
        sink : callable
            As for `capture`, over the residues of all chains, one chain after the other. Linkers
            are left out; attention on them counts as special mass, so that a row of `block` plus
            `special` still sums to 1.
        linker : str, default 25 × Gly
            Residues that the model reads between chains; ``""`` for none. If the family has a token
            for the end of a chain (``"|"``, ESM C), the linker may be that token.
        position_gap : int, default 0
            How many positions to shift the next chain beyond the linker, for models that accept
            positions (`reads_positions`).
        layers, heads, reuse
            As `capture`.

        Raises
        ------
        SequenceError
            If the model cannot read a chain (the message says which), or not all of them at once.
        OptionError
            If the model cannot read the linker, or does not accept positions.
        LabelError, ModelError
            As `capture`.
        """
        tokens = self.tokenize_complex(sequences, linker=linker, position_gap=position_gap)
        self._capture(tokens, sink, layers, heads, reuse)

    def stream_attention(
        self,
        sequences: Iterable[str],
        *,
        layers: Sequence[int] | None = None,
        heads: Sequence[int] | None = None,
        batch_size: int | str = "auto",
    ) -> Iterator[AttentionBlock]:
        """Yield the attention of many sequences, one batch and layer at a time.

        Parameters
        ----------
        sequences : iterable of str
            All are read and checked at the start; a single string is one sequence.
        layers, heads : sequence of int, optional
            Labels, counting from 1; all when None.
        batch_size : int or "auto"
            The most sequences in one forward pass. Sequences of similar length run together,
            longest first; `AttentionBlock.indices` says which they are. The values do not depend on
            the batch size.

        Yields
        ------
        AttentionBlock
            Layers ascending within a batch; every sequence and layer comes once. A batch that does
            not fit into memory is halved, which is logged.

        Raises
        ------
        SequenceError
            Before anything is computed, if a sequence cannot be read; the message says which.
        AttentionMemoryError
            If one sequence alone does not fit.
        """
        tokens = tokenize_all(self, sequences)
        return stream_blocks(self, tokens, *self.positions(layers, heads), batch_size)

    def scan_attention(
        self,
        sequences: Iterable[str],
        receive: Callable[[LayerScan], None],
        *,
        floor: float,
        masks: Sequence[Sequence[NDArray[Any]]] | None = None,
        batch_size: int | str = "auto",
    ) -> None:
        """Pass on the large weights and some sums of every layer, for counting.

        Parameters
        ----------
        sequences : iterable of str
            Residues, one letter each.
        receive : callable
            Called once for each sequence and layer.
        floor : float
            Weights of at least this are passed on one by one.
        masks : sequence of sequences of bool array (query, key), optional
            For each sequence, the sets of ordered pairs over which to sum attention.
        batch_size
            As for `stream_attention`.

        Raises
        ------
        SequenceError
            Before anything is computed, if a sequence cannot be read; the message says which.
        ModelError
            If a mask does not have the length of its sequence.
        AttentionMemoryError
            If one sequence alone does not fit.
        """
        scan_batches(
            self,
            tokenize_all(self, sequences),
            receive,
            floor=floor,
            masks=masks,
            batch_size=batch_size,
        )

    def predict_contacts(self, sequence: str) -> NDArray[Any]:
        """Return the checkpoint's own contact probabilities, without keeping its attention.

        Parameters
        ----------
        sequence : str
            Residues, one letter each.

        Returns
        -------
        float32 array (residue, residue)
            Symmetric probabilities of a contact (Cβ closer than 8 Å in training).

        Raises
        ------
        ModelError
            If the checkpoint has no contact head.
        """
        return predict_contacts(self, sequence)

    def embed(self, sequence: str) -> NDArray[Any]:
        """Return the hidden state of every residue after every layer.

        Parameters
        ----------
        sequence : str
            Residues, one letter each.

        Returns
        -------
        float32 array (layer, residue, width)
            Hidden states after layers 1 to `n_layers`, as transformers returns them: the last one
            after the network's final normalisation, if it has one.

        Raises
        ------
        SequenceError, ModelError
            If the model cannot read the sequence, or its hidden states cannot be read.
        """
        return embed_residues(self, sequence)

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
    ) -> Iterator[NDArray[Any]]:
        """Yield the model's predictions at every residue, for variants of a sequence.

        The prediction head is loaded on first use.

        Parameters
        ----------
        sequence : str
            Residues, one letter each.
        variants : sequence of (residue index, amino acid) or None
            One substitution each, or `masked_prediction.HIDDEN` in place of the amino acid; None is
            the unchanged sequence.
        batch_size : int or "auto"
            The most variants in one forward pass; the logits do not depend on it.

        Yields
        ------
        float32 array (variant, residue, amino acid)
            Logits, batch by batch in order, amino acids as in ``"ACDEFGHIKLMNPQRSTVWY"``.

        Raises
        ------
        ModelError
            If the model cannot predict masked residues; the message says why.
        SequenceError
            If the model cannot read the sequence.
        """
        check_predicts(self.name, self.family)
        tokens = self.tokenize(sequence)
        return self._predictor.logits(sequence, tokens, variants, batch_size)
