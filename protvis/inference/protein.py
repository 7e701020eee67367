"""A protein as a model reads it: the residues of a sequence or chain."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, Any

from protvis.errors import SequenceError
from protvis.labels import find_residue
from protvis.models.model_argument import as_model

if TYPE_CHECKING:
    from protvis.models import ProteinModel

__all__ = ["Protein", "read_protein"]


@dataclass(frozen=True)
class Protein:
    """A protein in front of a model.

    Attributes
    ----------
    model : ProteinModel
    text : str
        The sequence as it was given.
    sequence : str
        The residues the model reads, one letter each.
    labels : tuple of str
        One for each residue.
    chain : protvis.structure.Chain or None
    """

    model: ProteinModel
    text: str
    sequence: str
    labels: tuple[str, ...]
    chain: Any = None

    def find(self, label: str) -> int:
        """Return the index of a residue; see `find_residue`."""
        return find_residue(label, self.labels, self.chain)


def read_protein(
    model: ProteinModel | str | PathLike[str],
    sequence_or_chain: Any,
    *,
    any_length: bool = False,
) -> Protein:
    """Return a protein in front of a loaded model.

    Raises
    ------
    SequenceError
        If it is neither text nor a chain, several chains, or nothing the model can read.
    """
    model = as_model(model)
    chain, text = None, sequence_or_chain
    if not isinstance(sequence_or_chain, str):
        if not hasattr(sequence_or_chain, "sequence"):
            there = getattr(sequence_or_chain, "chains", ())
            hint = f": take a chain of it, structure.chains[{next(iter(there))!r}]" if there else ""
            raise SequenceError(
                "expected a sequence as text or a chain of a structure, got "
                f"{type(sequence_or_chain).__name__}{hint}"
            )
        if len(getattr(sequence_or_chain, "chains", ())) > 1:
            raise SequenceError("expected one chain, got several joined: take one of its chains")
        chain, text = sequence_or_chain, sequence_or_chain.sequence
    read = model.check_sequence(text, any_length=any_length)
    if chain is None:
        labels = tuple(f"{letter}{number}" for number, letter in enumerate(read, 1))
    else:
        labels = tuple(chain.residue_labels)
    if len(read) != len(labels):
        raise SequenceError(
            f"the chain has {len(labels)} residues and the model reads {len(read)} letters of its "
            "sequence: expected one letter for each residue"
        )
    return Protein(model, text, read, labels, chain)
