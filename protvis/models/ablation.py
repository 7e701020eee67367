"""A model run without some of its heads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

from numpy.typing import NDArray

from protvis.errors import LabelError, ModelError, OptionError
from protvis.labels import format_head, head_position, layer_position
from protvis.models.contact_prediction import predict_contacts
from protvis.models.head_outputs import KINDS, Ablation, active_ablation, replacing
from protvis.models.network import Network

__all__ = ["KINDS", "ablated", "contacts_without"]


@contextmanager
def ablated(
    network: Network,
    sequence: str,
    heads: Sequence[tuple[int, int]],
    kind: str = "zero",
) -> Iterator[None]:
    """Run a model without some heads: everything it computes of `sequence` inside the block.

    Parameters
    ----------
    network : Network
    sequence : str
        The sequence it will read; single residues may be exchanged or hidden.
    heads : sequence of (layer, head)
        Labels, counting from 1.
    kind : {"zero", "mean"}
        What replaces a head's output at each token: zeros, or the mean of its output vectors over
        the residues of the same sequence in the same pass. Special tokens do not count towards
        that mean but receive it too.

    Raises
    ------
    ModelError
        If the family's attention does not go through the attention interface.
    LabelError
        If a head does not exist, or none is given.
    OptionError
        If `kind` has another value.
    SequenceError
        If the model cannot read the sequence.
    """
    if kind not in KINDS:
        raise OptionError(f"kind must be one of {', '.join(KINDS)}, got {kind!r}")
    if network.family.eager_only:
        raise ModelError(
            f"heads of {network.name} cannot be removed: the attention of {network.family.name} "
            "does not go through transformers' attention interface. Use a model of another family"
        )
    by_layer: dict[int, list[int]] = {}
    for layer, head in heads:
        place = layer_position(layer, network.n_layers), head_position(head, network.n_heads)
        if not isinstance(place[1], int):
            raise LabelError(f"expected one head of layer {layer}, got {head!r}")
        if place[1] in by_layer.setdefault(place[0], []):
            raise LabelError(f"head {format_head(layer, head)} is named twice")
        by_layer[place[0]].append(place[1])
    if not by_layer:
        raise LabelError("expected at least one (layer, head) to remove, got none")
    ablation = Ablation(
        modules=network.modules,
        n_layers=network.n_layers,
        n_heads=network.n_heads,
        heads=by_layer,
        kind=kind,
        residues=network.tokenize(sequence).residues,
    )

    def restart(module: Any, *_: Any) -> None:
        # A pass may end early or fail, so layers are counted from where the next one begins. A pass
        # of another thread through the same network does not count.
        if active_ablation(module) is ablation:
            ablation.seen = 0

    hook = network.module.register_forward_pre_hook(restart)
    try:
        with replacing(ablation):
            yield
    finally:
        hook.remove()


def contacts_without(
    network: Network,
    sequence: str,
    heads: Sequence[tuple[int, int]],
    kind: str | None = "zero",
) -> NDArray[Any]:
    """Return the contact head's probabilities of a model without some heads.

    The remaining heads' maps are those of the ablated pass; the removed heads' maps add nothing to
    the regression.

    Parameters
    ----------
    network, sequence, heads, kind
        As for `ablated`; with ``kind=None`` the model runs whole and only the maps of these heads
        are left out.

    Returns
    -------
    float32 array (residue, residue)

    Raises
    ------
    ModelError
        If the checkpoint has no contact head; also as `ablated`.
    """
    with nullcontext() if kind is None else ablated(network, sequence, heads, kind):
        return predict_contacts(network, sequence, without=heads)
