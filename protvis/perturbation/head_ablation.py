"""Whether a head matters: the model's predictions and contacts without it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from protvis.dates import date_now
from protvis.errors import LabelError, OptionError
from protvis.inference.cost import PassEstimate, time_variants
from protvis.inference.protein import Protein, read_protein
from protvis.keywords import check_keywords
from protvis.labels import AMINO_ACIDS, format_head, read_head
from protvis.perturbation.contact_readout import ContactReadout
from protvis.perturbation.marginals import hidden_logits, log_softmax

if TYPE_CHECKING:
    import pandas as pd

    from protvis.models import ProteinModel

__all__ = [
    "LOSSES",
    "AblationResult",
    "Head",
    "ablate_heads",
    "estimate_ablation",
    "list_ablations",
]

LOSSES = ("masked", "unmasked")
"""The loss that is measured: of hidden residues, or the quick pseudo-loss of visible ones."""

Head = tuple[int, int]


@dataclass(frozen=True)
class AblationResult:
    """What changed when heads were removed, for each ablation.

    Attributes
    ----------
    ablations : tuple of tuple of (layer, head)
        The heads removed together, by label, for each ablation.
    kind : {"zero", "mean"}
    loss_kind : {"masked", "unmasked"} or None
    loss : float32 array (residue,)
        Loss of the whole model: -log p of the actual residue, in nats; NaN for residues that are
        not one of the 20 amino acids, and throughout if no loss was requested.
    loss_without : float32 array (ablation, residue)
    contact_precision : float
        Of the whole model; NaN without a structure.
    contact_precision_without : float64 array (ablation,)
        Read from the maps of the other heads in the ablated pass.
    contact_precision_unread : float64 array (ablation,)
        Read from the maps of the other heads in the whole model: this much is lost merely because
        these heads are not read. Only a difference between the two shows that the other heads
        needed them; in the last layer there can be none.
    contact_readout : str
        How contacts were read, described in words.
    sequence : str
    residue_labels : tuple of str
    provenance : dict
    notice : str or None
        A notice to show wherever this is shown.
    """

    ablations: tuple[tuple[Head, ...], ...]
    kind: str
    loss_kind: str | None
    loss: NDArray[Any]
    loss_without: NDArray[Any]
    contact_precision: float
    contact_precision_without: NDArray[Any]
    contact_precision_unread: NDArray[Any]
    contact_readout: str
    sequence: str
    residue_labels: tuple[str, ...]
    provenance: dict[str, Any]
    notice: str | None = None

    def __repr__(self) -> str:
        return (
            f"<AblationResult: {len(self.ablations)} ablations ({self.kind}) over "
            f"{len(self.sequence)} residues>"
        )

    @property
    def loss_change(self) -> NDArray[Any]:
        """Loss without the heads minus loss with them, nats: float32 (ablation, residue)."""
        return self.loss_without - self.loss

    def change(self, layer: int | None = None, head: int | None = None) -> NDArray[Any]:
        """Return the change in loss at each residue, in nats: a track to show beside a head's arcs.

        Parameters
        ----------
        layer, head : int, optional
            Labels of a head that was removed alone; may be left out if there is only one ablation.

        Returns
        -------
        float32 array (residue,)

        Raises
        ------
        LabelError
            If there is no such ablation.
        """
        return self.loss_change[self._place(layer, head)]

    def residues(self, layer: int | None = None, head: int | None = None) -> pd.DataFrame:
        """Return every residue with its loss and the change, most affected first.

        Parameters are those of `change`.

        Returns
        -------
        DataFrame
            Columns ``residue`` (label), ``loss``, ``loss_without``, ``change`` (nats).
        """
        import pandas as pd

        place = self._place(layer, head)
        frame = pd.DataFrame(
            {
                "residue": list(self.residue_labels),
                "loss": self.loss,
                "loss_without": self.loss_without[place],
                "change": self.loss_change[place],
            }
        )
        return frame.sort_values(
            "change", key=np.abs, ascending=False, kind="stable", ignore_index=True
        )

    def to_frame(self, *, n_residues: int = 5) -> pd.DataFrame:
        """Return one row for each ablation, in the order of layers and heads.

        Parameters
        ----------
        n_residues : int, default 5
            How many residues to name.

        Returns
        -------
        DataFrame
            Columns ``heads`` (such as ``"5-3"``, or ``"5-3 + 5-4"``), ``layer``, ``head`` (missing
            where several were removed together), ``mean_loss_change`` (nats, over residues),
            ``most_affected`` (labels of the residues whose loss changed most),
            ``contact_precision`` and ``contact_precision_change`` without the heads, and
            ``contact_precision_unread``, that of the whole model when these heads are merely not
            read.
        """
        import pandas as pd

        changes = self.loss_change
        rows: list[dict[str, Any]] = []
        for place, heads in enumerate(self.ablations):
            known = np.flatnonzero(~np.isnan(changes[place]))
            order = known[np.argsort(-np.abs(changes[place][known]), kind="stable")]
            alone = len(heads) == 1
            without = self.contact_precision_without[place]
            rows.append(
                {
                    "heads": " + ".join(format_head(*head) for head in heads),
                    "layer": heads[0][0] if alone else pd.NA,
                    "head": heads[0][1] if alone else pd.NA,
                    "mean_loss_change": changes[place][known].mean(dtype=float)
                    if len(known)
                    else np.nan,
                    "most_affected": ", ".join(
                        self.residue_labels[index] for index in order[:n_residues]
                    ),
                    "contact_precision": without,
                    "contact_precision_change": without - self.contact_precision,
                    "contact_precision_unread": self.contact_precision_unread[place],
                }
            )
        return pd.DataFrame(rows).astype({"layer": "Int64", "head": "Int64"})

    def _place(self, layer: int | None, head: int | None) -> int:
        if layer is None and head is None and len(self.ablations) == 1:
            return 0
        if layer is None or head is None:
            raise LabelError(
                f"name one of the {len(self.ablations)} ablations by a layer and a head, such as "
                f"change{self.ablations[0][0]}: see to_frame()"
            )
        wanted = ((layer, head),)
        if wanted not in self.ablations:
            raise LabelError(
                f"head {format_head(layer, head)} was not taken out alone; there are "
                f"{len(self.ablations)} ablations: see to_frame()"
            )
        return self.ablations.index(wanted)


@check_keywords
def ablate_heads(
    model: ProteinModel | str | PathLike[str],
    sequence_or_chain: Any,
    heads: Sequence[Head | str] | None = None,
    *,
    kind: str = "zero",
    loss: str | None = "masked",
    together: bool = True,
    batch_size: int | str = "auto",
    progress: bool = False,
) -> AblationResult:
    """Remove heads from a model and measure what it then predicts, and which contacts it finds.

    The loss at residue i is -log p(actual residue), natural logarithm over the 20 amino acids.
    ``"masked"``: residue i is masked, with one forward pass for each residue and ablation (see
    `estimate_ablation` first). ``"unmasked"``: a pseudo-loss with no residue masked, one pass for
    each ablation; a quick test of whether the model can copy its input, and no substitute.

    Contacts are read from the checkpoint's own contact head if it has one; the maps of removed
    heads then add nothing to its regression (``contact_precision_unread`` tells how much that alone
    costs). Otherwise they are read from the APC-corrected mean over the heads of the layer whose
    precision is best in the whole model (chosen on this very protein), without the removed heads
    (NaN if none is left). Precision is the share of contacts among the L strongest pairs at least 6
    residues apart, L the number of residues.

    Parameters
    ----------
    model : ProteinModel, str or path
        A loaded model, or a name or directory for `protvis.load_model`.
    sequence_or_chain : str or protvis.structure.Chain
        Contacts need a chain with coordinates.
    heads : sequence of (layer, head) or of str such as "5-3", optional
        Labels of the heads to remove together; each head of the model alone when None.
    kind : {"zero", "mean"}
        What replaces a head's output: zero, or at every token its mean over the residues of the
        same sequence in the same pass (special tokens are not part of the mean, but get it, too).
    loss : {"masked", "unmasked"} or None
        None measures only contacts, for models that cannot predict masked residues.
    together : bool, default True
        Whether to remove the `heads` together; otherwise each is removed alone.
    batch_size : int or "auto"
        Does not change the numbers.
    progress : bool, default False
        Whether to draw a progress bar.

    Returns
    -------
    AblationResult

    Raises
    ------
    ModelError
        If the family's heads cannot be removed, or it cannot predict masked residues; the message
        says why.
    LabelError
        If there is no such head.
    OptionError
        If `kind` or `loss` has an invalid value.
    SequenceError
        If the model cannot read the sequence.

    Examples
    --------
    >>> import protvis
    >>> bpti = "RPDFCLEPPYTGPCKARIIRYFYNAKAGLCQTFVYGGCRAKRNNFKSAEDCMRTCGGA"
    >>> gone = protvis.ablate_heads("mini", bpti, ["5-3", "2-5"], together=False)
    >>> gone.to_frame()["heads"].tolist()
    ['5-3', '2-5']
    """
    from tqdm.auto import tqdm

    from protvis.models.ablation import ablated

    _check_loss(loss)
    protein = read_protein(model, sequence_or_chain)
    ablations = list_ablations(protein, heads, together)
    n = len(protein.sequence)
    per_ablation = {"masked": n, "unmasked": 1, None: 0}[loss]
    without = np.full((len(ablations), n), np.nan, dtype=np.float32)
    precision, unread = (np.full(len(ablations), np.nan) for _ in range(2))
    total = per_ablation * (len(ablations) + 1)
    with tqdm(total=total, desc="ablation", unit="pass", disable=not progress) as bar:
        # First, so that what cannot be taken out is refused before anything else is computed.
        with ablated(protein.model, protein.text, ablations[0], kind):
            pass
        whole = _losses(protein, loss, batch_size, bar.update)
        readout = ContactReadout.of(protein)
        for place, gone in enumerate(ablations):
            with ablated(protein.model, protein.text, gone, kind):
                without[place] = _losses(protein, loss, batch_size, bar.update)
            precision[place] = readout.precision(gone, kind)
            unread[place] = readout.precision(gone, None)
    return AblationResult(
        ablations=ablations,
        kind=kind,
        loss_kind=loss,
        loss=whole,
        loss_without=without,
        contact_precision=readout.whole,
        contact_precision_without=precision,
        contact_precision_unread=unread,
        contact_readout=readout.words,
        sequence=protein.sequence,
        residue_labels=protein.labels,
        provenance={
            **protein.model.provenance,
            "date": date_now(),
            "readout": "head ablation",
            "kind": kind,
            "loss": loss,
        },
        notice=protein.model.notice,
    )


@check_keywords
def estimate_ablation(
    model: ProteinModel | str | PathLike[str],
    sequence_or_chain: Any,
    heads: Sequence[Head | str] | None = None,
    *,
    loss: str | None = "masked",
    together: bool = True,
    batch_size: int | str = "auto",
) -> PassEstimate:
    """Time one batch and return what the losses of `ablate_heads` would cost, printable as a line.

    Contacts take two more passes per ablation. Errors are those of `ablate_heads`.

    Parameters
    ----------
    model, sequence_or_chain, heads, loss, together, batch_size
        As for `ablate_heads`.

    Returns
    -------
    PassEstimate

    Examples
    --------
    >>> import protvis
    >>> print(protvis.estimate_ablation("mini", "RPDFCLEPPYTGPCKARIIR", ["5-3"]))
    head ablation: 40 passes in ... batches of ..., about ... on ...
    """
    from protvis.models.masked_prediction import HIDDEN

    _check_loss(loss)
    protein = read_protein(model, sequence_or_chain)
    n_ablations = len(list_ablations(protein, heads, together))
    hidden = [(place, HIDDEN) for place in range(len(protein.sequence))]
    variants: Sequence[Any] = hidden if loss == "masked" else [None]
    size, seconds = time_variants(protein, variants, batch_size)
    n_passes = (n_ablations + 1) * (len(variants) if loss else 0)
    return PassEstimate(
        n_passes=n_passes,
        batch_size=size,
        seconds=seconds * n_passes,
        n_bytes=0,
        device=str(protein.model.device),
        what="head ablation",
    )


def _check_loss(loss: str | None) -> None:
    if loss is not None and loss not in LOSSES:
        raise OptionError(f"loss must be one of {', '.join(LOSSES)} or None, got {loss!r}")


def list_ablations(
    protein: Protein, heads: Sequence[Head | str] | None, together: bool
) -> tuple[tuple[Head, ...], ...]:
    """Return the heads of each ablation, by label: all heads of the model one by one when None."""
    model = protein.model
    if heads is None:
        return tuple(
            ((layer, head),)
            for layer in range(1, model.n_layers + 1)
            for head in range(1, model.n_heads + 1)
        )
    if isinstance(heads, str):
        heads = [heads]
    chosen: list[Head] = []
    for given in heads:
        layer, head = read_head(given)
        if isinstance(head, str):
            raise LabelError(f"{format_head(layer, head)} is a mean of heads, not one to take out")
        chosen.append((layer, head))
    if not chosen:
        raise LabelError("expected at least one head, got none: leave heads out to try each")
    return (tuple(chosen),) if together else tuple((head,) for head in chosen)


def _losses(
    protein: Protein, loss: str | None, batch_size: int | str, advance: Any
) -> NDArray[Any]:
    """Return -log p of each residue that is there, nats, float32 (residue,)."""
    n = len(protein.sequence)
    found = np.full(n, np.nan, dtype=np.float32)
    if loss is None:
        return found
    if loss == "masked":
        logits = hidden_logits(protein, batch_size=batch_size, advance=advance)
    else:
        logits = next(protein.model.predict_residues(protein.text, batch_size=1))[0]
        advance(1)
    places = np.array([AMINO_ACIDS.find(letter) for letter in protein.sequence])
    known = np.flatnonzero(places >= 0)
    found[known] = -log_softmax(logits)[known, places[known]]
    return found
