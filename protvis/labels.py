"""Labels people read and positions NumPy uses; the only place that turns one into the other.

A *position* counts from 0 and lives in arrays. A *label* is what people say: layers and heads count
from 1 and print as ``12-4``, as in Vig et al. (ICLR 2021); residues carry the chain, name, author
number and insertion code of their file, as ``A:LEU87`` or ``H:GLY82A``.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from protvis.errors import LabelError, unknown_name

__all__ = [
    "AMINO_ACIDS",
    "MEAN",
    "ResidueLabel",
    "find_residue",
    "format_head",
    "format_residue",
    "head_position",
    "layer_position",
    "parse_head",
    "parse_residue",
    "read_head",
]

AMINO_ACIDS = "ACDEFGHIKLMNPQRSTVWY"
"""The one-letter codes of the 20 amino acids, in the order of everything with such an axis."""

MEAN = "mean"
"""The head label that means the mean over all heads of a layer."""

_MAX_LABEL = 200
_RESIDUE = re.compile(
    r"^(?:(?P<chain>.*):)?(?P<name>.*?[^0-9-])?(?P<number>-?[0-9]{1,9})(?P<insertion_code>[A-Za-z]?)$"
)


class ResidueLabel(NamedTuple):
    """The parts of a residue label; an omitted `chain_id` or `name` is None."""

    chain_id: str | None
    name: str | None
    number: int
    insertion_code: str


def format_head(layer: int, head: int | str) -> str:
    """Return the label of a head, ``"12-4"``, or of a layer's mean, ``"12-mean"``."""
    return f"{layer}-{head}"


def parse_head(text: str) -> tuple[int, int | str]:
    """Return (layer, head) labels from ``"12-4"`` or ``"12-mean"``.

    Raises
    ------
    LabelError
        If the text has any other form.
    """
    match = re.fullmatch(rf"\s*(\d+)\s*-\s*(\d+|{MEAN})\s*", str(text))
    if match is None:
        raise LabelError(f"expected a head label such as '12-4' or '12-mean', got {text!r}")
    layer, head = match.groups()
    return int(layer), head if head == MEAN else int(head)


def read_head(head: str | tuple[int, int | str]) -> tuple[int, int | str]:
    """Return (layer, head) labels of a head given as a pair or as ``"12-4"``.

    Raises
    ------
    LabelError
        If `head` is neither.
    """
    if isinstance(head, str):
        return parse_head(head)
    try:
        layer, label = head
    except (TypeError, ValueError):
        raise LabelError(
            f"expected a head as (layer, head) or as text such as '12-4', got {head!r}"
        ) from None
    return layer, label


def _position(label: object, n: int, what: str) -> int:
    try:
        number = operator.index(label)  # type: ignore[arg-type]
    except TypeError:
        also = f" or {MEAN!r}" if what == "head" else ""
        raise LabelError(
            f"{what} must be a whole number from 1 to {n}{also}, got {label!r}"
        ) from None
    if isinstance(label, bool) or not 1 <= number <= n:
        raise LabelError(
            f"{what} {number} does not exist: this model has {what}s 1 to {n} (labels count from 1)"
        )
    return number - 1


def layer_position(layer: int, n_layers: int) -> int:
    """Return the 0-based position of a layer label.

    Raises
    ------
    LabelError
        If there is no such layer.
    """
    return _position(layer, n_layers, "layer")


def head_position(head: int | str, n_heads: int) -> int | str:
    """Return the 0-based position of a head label; `MEAN` stays `MEAN`.

    Raises
    ------
    LabelError
        If there is no such head.
    """
    if isinstance(head, str):
        if head == MEAN:
            return MEAN
        raise LabelError(f"head must be a whole number from 1 to {n_heads} or 'mean', got {head!r}")
    return _position(head, n_heads, "head")


def format_residue(chain_id: str, name: str, number: int, insertion_code: str = "") -> str:
    """Return the label of a residue, such as ``"A:SER195"`` or ``"A:GLY184A"``."""
    return f"{chain_id}:{name}{number}{insertion_code}"


def parse_residue(text: str) -> ResidueLabel:
    """Return the parts of a residue label; chain and name may be left out (``"A:57"``).

    Raises
    ------
    LabelError
        If the text holds no residue number.
    """
    text = str(text).strip()
    # On a long text the search would take its length squared.
    match = _RESIDUE.match(text) if len(text) <= _MAX_LABEL else None
    if match is None:
        raise LabelError(
            f"expected a residue label such as 'A:LEU87' or 'H:GLY82A', got {text!r:.80}"
        )
    return ResidueLabel(
        match["chain"], match["name"], int(match["number"]), match["insertion_code"]
    )


def find_residue(label: str, labels: Sequence[str], chain: Any = None) -> int:
    """Return the index of a residue by its label (``"A:SER195"``, ``"195"``, ``"M1"``).

    Parameters
    ----------
    label : str
    labels : sequence of str
        The labels of all residues.
    chain : protvis.structure.Chain, optional
        If given, it resolves the label.

    Raises
    ------
    LabelError
        If there is no such residue, or for a bare number, which could be an author number or a
        position.
    """
    if not isinstance(label, str):
        raise LabelError(f"expected a residue label as text, such as {labels[0]!r}, got {label!r}")
    if chain is not None:
        return int(chain.find(label))
    if label in labels:
        return list(labels).index(label)
    if re.fullmatch("[0-9]{1,9}", label) and 1 <= int(label) <= len(labels):
        return int(label) - 1
    raise LabelError(unknown_name("residue", label, labels))
