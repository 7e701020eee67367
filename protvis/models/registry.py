"""Which models there are: one table of families, one of published checkpoints; data, no torch.

A family says how a sequence becomes tokens and where the residues are among them; a checkpoint says
which family it belongs to and under which names people call it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

__all__ = [
    "BUNDLED",
    "CHECKPOINTS",
    "FAMILIES",
    "MINI_NOTICE",
    "Checkpoint",
    "Family",
    "find_checkpoint",
    "known_names",
]

AMINO_ACIDS = "ACDEFGHIKLMNPQRSTVWY"

MINI_NOTICE = (
    "The bundled model 'mini' is a picture of one protein family (S1A serine proteases, such as "
    "trypsin) and of the positions in it, hardly of the sequence: a shuffled trypsin gives most of "
    "the same map. It shows the tool without a download; it says nothing about other proteins."
)
"""What must be shown wherever the bundled model is shown."""

BUNDLED = "mini"
"""The name of the model that ships with protvis."""


@dataclass(frozen=True)
class Family:
    """How the models of one family read a sequence.

    Attributes
    ----------
    name : str
        The family's name as its authors write it.
    model_type : str
        `model_type` of the transformers configuration.
    form : {"plain", "spaced"}
        How residues are written for the tokenizer: joined, or separated by spaces.
    leading, trailing : int
        Number of special tokens before and after the residues.
    letters : str
        The letters the vocabulary holds.
    substitutes : mapping of str to str
        Letters written as another one before the tokenizer sees them.
    limit : {"after_padding", "positions", "none"}
        What bounds the length where positions are learned: ESM counts positions from the padding
        index on, BERT from zero.
    trained_residues : int or None
        The length training stopped at, where that is not a bound.
    without_pooler : bool
        Whether the model class has a pooling layer that attention does not need.
    optional_weights : tuple of str
        Beginnings of parameter names a checkpoint may lack without harm to the attention.
    source : str
        Where the model was published.
    """

    name: str
    model_type: str
    form: str
    leading: int
    trailing: int
    letters: str
    limit: str
    source: str
    substitutes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    trained_residues: int | None = None
    without_pooler: bool = False
    optional_weights: tuple[str, ...] = ()


@dataclass(frozen=True)
class Checkpoint:
    """A published set of weights: its hub id, the short names for it, its family and its size."""

    hub_id: str
    aliases: tuple[str, ...]
    family: str
    n_layers: int
    n_heads: int
    n_parameters: int
    licence: str


# J (Leu or Ile) is in nobody's vocabulary: it is an unknown residue.
_ESM_LETTERS = AMINO_ACIDS + "XBUZO.-"
_J_TO_X = MappingProxyType({"J": "X"})
_RARE_TO_X = MappingProxyType(dict.fromkeys("UZOBJ", "X"))


def _esm(name: str, source: str, trained_residues: int | None = None) -> Family:
    return Family(
        name=name,
        model_type="esm",
        form="plain",
        leading=1,
        trailing=1,
        letters=_ESM_LETTERS,
        substitutes=_J_TO_X,
        limit="after_padding",
        trained_residues=trained_residues,
        without_pooler=True,
        optional_weights=("contact_head.", "embeddings.position_ids", "pooler."),
        source=source,
    )


FAMILIES: Mapping[str, Family] = MappingProxyType(
    {
        family.name: family
        for family in (
            # First, so that a local checkpoint of this form is not called by another's name.
            _esm("ESM form", "a checkpoint in the form of Rives et al. and Lin et al."),
            _esm("ESM-2", "Lin et al., Science 379, 1123 (2023)", 1022),
            _esm("ESM-1b", "Rives et al., PNAS 118, e2016239118 (2021)", 1022),
            _esm("ESM-1v", "Meier et al., NeurIPS (2021)", 1022),
            Family(
                name="ProtBert",
                model_type="bert",
                form="spaced",
                leading=1,
                trailing=1,
                letters=AMINO_ACIDS + "X",
                substitutes=_RARE_TO_X,
                limit="positions",
                trained_residues=2048,
                without_pooler=True,
                optional_weights=("embeddings.position_ids", "pooler."),
                source="Elnaggar et al., IEEE TPAMI 44, 7112 (2022)",
            ),
        )
    }
)

_MIT = "MIT"
_AFL = "AFL-3.0"

CHECKPOINTS: tuple[Checkpoint, ...] = (
    Checkpoint("facebook/esm2_t6_8M_UR50D", ("esm2-8m",), "ESM-2", 6, 20, 8_000_000, _MIT),
    Checkpoint("facebook/esm2_t12_35M_UR50D", ("esm2-35m",), "ESM-2", 12, 20, 35_000_000, _MIT),
    Checkpoint("facebook/esm2_t30_150M_UR50D", ("esm2-150m",), "ESM-2", 30, 20, 150_000_000, _MIT),
    Checkpoint("facebook/esm2_t33_650M_UR50D", ("esm2-650m",), "ESM-2", 33, 20, 650_000_000, _MIT),
    Checkpoint("facebook/esm2_t36_3B_UR50D", ("esm2-3b",), "ESM-2", 36, 40, 3_000_000_000, _MIT),
    Checkpoint("facebook/esm2_t48_15B_UR50D", ("esm2-15b",), "ESM-2", 48, 40, 15_000_000_000, _MIT),
    Checkpoint("facebook/esm1b_t33_650M_UR50S", ("esm1b",), "ESM-1b", 33, 20, 650_000_000, _MIT),
    *(
        Checkpoint(
            f"facebook/esm1v_t33_650M_UR90S_{number}",
            (f"esm1v-{number}", "esm1v") if number == 1 else (f"esm1v-{number}",),
            "ESM-1v",
            33,
            20,
            650_000_000,
            _MIT,
        )
        for number in range(1, 6)
    ),
    Checkpoint("Rostlab/prot_bert", ("protbert",), "ProtBert", 30, 16, 420_000_000, _AFL),
    Checkpoint("Rostlab/prot_bert_bfd", ("protbert-bfd",), "ProtBert", 30, 16, 420_000_000, _AFL),
)


def find_checkpoint(name: str) -> Checkpoint | None:
    """Return the checkpoint of an alias or hub id (case is ignored), or None."""
    folded = name.casefold()
    for checkpoint in CHECKPOINTS:
        if folded in {text.casefold() for text in (checkpoint.hub_id, *checkpoint.aliases)}:
            return checkpoint
    return None


def known_names() -> list[str]:
    """Return every name `load_model` knows: the bundled model, the aliases, the hub ids."""
    aliases = [alias for checkpoint in CHECKPOINTS for alias in checkpoint.aliases]
    return [BUNDLED, *aliases, *(checkpoint.hub_id for checkpoint in CHECKPOINTS)]
