"""The kinds of map an explorer can show, and how to speak of each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from protvis.attention.transforms import TRANSFORMS

if TYPE_CHECKING:
    from protvis.models import ProteinModel
    from protvis.structure import Chain

__all__ = ["ATTENTION", "N_BEST", "RAW", "MapKind", "kinds_of"]

ATTENTION = "attention"

N_BEST = 10
"""How many heads the mean of the best heads takes."""


@dataclass(frozen=True)
class MapKind:
    """One kind of map, and how to speak of it.

    Attributes
    ----------
    name, title : str
    unit : str
        What one of its values is called.
    formula : str
        How it is computed, in a line.
    source : str
        Where it comes from; empty for our own.
    layout : {"heads", "layers", "one"}
        One map per head and layer mean, per layer, or one in all.
    signed : bool
        Whether negative values mean something.
    symmetric : bool
        Whether both directions of a pair are equal.
    difference : bool
        Whether values are gains and losses, each as much of a link as the other.
    noise : float or None
        Differences only: sizes up to this are noise.
    largest : float or None
        The largest value there can be, where the formula sets one.
    """

    name: str
    title: str
    unit: str
    formula: str
    source: str = ""
    layout: str = "heads"
    signed: bool = False
    symmetric: bool = False
    difference: bool = False
    noise: float | None = None
    largest: float | None = None


RAW = MapKind(
    ATTENTION, "attention", "attention", "softmax weights, residue to residue", largest=1.0
)
SYMMETRIZED = MapKind(
    "symmetrized",
    "symmetrised",
    "attention",
    TRANSFORMS["symmetrized"].formula,
    TRANSFORMS["symmetrized"].source,
    symmetric=True,
    largest=2.0,
)
APC = MapKind(
    "apc",
    "APC-corrected",
    "APC",
    TRANSFORMS["apc"].formula,
    TRANSFORMS["apc"].source,
    signed=True,
    symmetric=True,
)
SHUFFLED = MapKind(
    "shuffled",
    "shuffled sequence",
    "attention",
    "the same residues in random order, drawn on this structure: contacts that stay do not come "
    "from the sequence",
    largest=1.0,
)
BEST = MapKind(
    "best_heads",
    f"best {N_BEST} heads",
    "attention",
    f"mean of the {N_BEST} heads with the highest contact precision on this very protein, which "
    "flatters the model",
    layout="one",
    largest=1.0,
)
ROLLOUT = MapKind(
    "rollout",
    "rollout",
    "rollout",
    "product over layers of (mean of heads + identity), rows scaled to 1",
    "Abnar & Zuidema, ACL 2020",
    layout="layers",
    largest=1.0,
)
CONTACT_HEAD = MapKind(
    "contact_head",
    "predicted contacts",
    "probability",
    "the model's own logistic regression over all heads' symmetrised, APC-corrected maps",
    "Rao et al., ICLR 2021",
    layout="one",
    symmetric=True,
    largest=1.0,
)
JACOBIAN = MapKind(
    "categorical_jacobian",
    "categorical Jacobian",
    "coupling",
    "how much exchanging one residue changes the prediction at another, whatever attention says",
    "Zhang et al., PNAS 121, e2406285121 (2024)",
    layout="one",
    signed=True,
    symmetric=True,
)


def kinds_of(model: ProteinModel, chain: Chain, own: Iterable[MapKind] = ()) -> dict[str, MapKind]:
    """Return the kinds of map of a model and a chain by name: raw attention first, `own` last."""
    kinds = [RAW, SYMMETRIZED, APC, SHUFFLED, ROLLOUT]
    if chain.observed.any():
        kinds.insert(-1, BEST)
    if len(chain.segments) == 1:
        kinds += [] if model.family.causal else [JACOBIAN]
        kinds += [CONTACT_HEAD] if model.has_contact_head else []
    return {kind.name: kind for kind in [*kinds, *own]}
