"""Model families: how each writes a sequence as tokens, and where the residues are among them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from protvis.errors import ModelError, unknown_name
from protvis.labels import AMINO_ACIDS

__all__ = [
    "FAMILIES",
    "LINKER",
    "STRUCTURE_LETTERS",
    "Family",
    "families_that",
    "find_family",
    "register_family",
    "unbounded_families",
]

STRUCTURE_LETTERS = "pynwrqhgdlvtmfsaeikc#"
"""The 3Di letters, and the one for what is not known."""


LINKER = "G" * 25
"""Between the chains of a complex unless said otherwise, as in ESMFold (Lin et al., 2023)."""


@dataclass(frozen=True)
class Family:
    """How the models of one family read a sequence.

    Attributes
    ----------
    name : str
        The family's name as its authors write it.
    model_type : str
        `model_type` of the transformers configuration.
    form : {"plain", "spaced", "words", "pairs"}
        How residues are written for the tokenizer: joined; separated by spaces; as a list of words;
        joined, each as an amino acid and a structure letter (3Di, or ``#`` where unknown).
    leading, trailing : tuple of str
        The special tokens before and after the residues.
    letters : str
        The letters its vocabulary can hold; those of a loaded model are read off its vocabulary.
    limit : {"after_padding", "positions", "none"}
        What bounds the length if positions are learned: ESM and RoBERTa count positions from the
        padding index on, BERT from zero. Relative positions have no bound.
    source : str
        Where the model was published.
    substitutes : mapping of str to str
        Letters and the token that is written in their place.
    is_form : bool
        Whether this is an architecture rather than a published family: how residues are written,
        the special tokens, the letters and the mask are then read off the tokenizer.
    prefix : str
        Text before the residues that the tokenizer turns into the leading tokens.
    marker : str
        A token that only this family's vocabulary has among those of its `model_type`.
    max_residues : int or None
        The longest sequence published checkpoints read, where that is known before loading one;
        a loaded model's own bound comes from its configuration.
    trained_residues : int or None
        The length at which training stopped, if the model also runs on longer sequences.
    vocabulary : tuple of str
        The tokens in the order of their ids, for checkpoints published without a vocabulary.
    has_contact_head : bool
        Whether published checkpoints bring a regression from attention to contacts.
    model_class : str
        The transformers class that computes the attention and no more.
    class_options : mapping
        What that class needs to leave out parts attention does not need.
    optional_weights : tuple of str
        Beginnings of parameter names a checkpoint may lack without harm to the attention.
    causal : bool
        Whether a residue attends only to itself and those before it.
    eager_only : bool
        Whether transformers computes this attention in one way only, which hooks read.
    chain_end : str
        The token that may stand between two chains, if the vocabulary has one.
    mask : str
        The token that hides a residue, if the family predicts hidden residues; for pairs, what
        stands in the amino acid's place.
    head_class : str
        The transformers class whose output are predictions of residues.
    no_predictions : str
        Why the family predicts none.
    """

    name: str
    model_type: str
    form: str
    leading: tuple[str, ...]
    trailing: tuple[str, ...]
    letters: str
    limit: str
    source: str
    substitutes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    is_form: bool = False
    prefix: str = ""
    marker: str = ""
    max_residues: int | None = None
    trained_residues: int | None = None
    vocabulary: tuple[str, ...] = ()
    has_contact_head: bool = False
    model_class: str = "AutoModel"
    class_options: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    optional_weights: tuple[str, ...] = ()
    causal: bool = False
    eager_only: bool = False
    chain_end: str = ""
    mask: str = ""
    head_class: str = "AutoModelForMaskedLM"
    no_predictions: str = ""


# J (Leu or Ile) is in no vocabulary: it is written as an unknown residue.
_RARE = "XBUZO"
_ESM_LETTERS = AMINO_ACIDS + _RARE + ".-"
_J_TO_X = MappingProxyType({"J": "X"})
_RARE_TO_X = MappingProxyType(dict.fromkeys("UZOBJ", "X"))
_WITHOUT_POOLER = MappingProxyType({"add_pooling_layer": False})
_PROTTRANS = "Elnaggar et al., IEEE TPAMI 44, 7112 (2022)"
_ESM_VOCABULARY = (
    "<cls>", "<pad>", "<eos>", "<unk>", *"LAGVSERTIDPKQNFYMHWCXBUZO.-", "<null_1>", "<mask>",
)  # fmt: skip
_DISCRIMINATOR = "a discriminator tells replaced residues from original ones and names none"
_SHUFFLED = "it was trained to predict residues in a shuffled order, not hidden ones"
_CAUSAL = "a causal model sees only what comes before a residue, never both sides"


def _esm(name: str, source: str, **others: Any) -> Family:
    settings = {
        "model_type": "esm",
        "form": "plain",
        "leading": ("<cls>",),
        "trailing": ("<eos>",),
        "letters": _ESM_LETTERS,
        "substitutes": _J_TO_X,
        "limit": "after_padding",
        "class_options": _WITHOUT_POOLER,
        "optional_weights": ("contact_head.", "embeddings.position_ids"),
        "mask": "<mask>",
    }
    return Family(name=name, source=source, **{**settings, **others})


def _bert(name: str, model_type: str, **others: Any) -> Family:
    settings = {
        "form": "spaced",
        "leading": ("[CLS]",),
        "trailing": ("[SEP]",),
        "letters": AMINO_ACIDS + "X",
        "substitutes": _RARE_TO_X,
        "limit": "positions",
        "class_options": _WITHOUT_POOLER,
        "optional_weights": ("embeddings.position_ids", "pooler."),
        "source": _PROTTRANS,
        "mask": "[MASK]",
    }
    return Family(name=name, model_type=model_type, **{**settings, **others})


def _roberta(name: str, source: str, **others: Any) -> Family:
    settings = {"form": "plain", "leading": ("<s>",), "trailing": ("</s>",), "mask": "<mask>"}
    return _bert(name, "roberta", source=source, limit="after_padding", **{**settings, **others})


def _t5(name: str, **others: Any) -> Family:
    settings = {
        "leading": (),
        "trailing": ("</s>",),
        "limit": "none",
        "model_class": "T5EncoderModel",
        "class_options": MappingProxyType({}),
        # One table under two names: whichever is in the file fills both.
        "optional_weights": ("encoder.embed_tokens.", "shared."),
        "mask": "",
        "no_predictions": "its encoder reads residues and leaves predictions to a decoder",
    }
    return _bert(name, "t5", **{**settings, **others})


def _form(family: Family, name: str, source: str) -> Family:
    """Return the architecture that a published family shares with other checkpoints."""
    return replace(
        family, name=name, source=source, is_form=True, letters=AMINO_ACIDS + _RARE,
        substitutes=MappingProxyType({}), marker="", max_residues=None, trained_residues=None,
    )  # fmt: skip


_PROTBERT = _bert("ProtBert", "bert", max_residues=39_998, trained_residues=2046)
_PROTALBERT = _bert("ProtAlbert", "albert")
_PROTELECTRA = _bert(
    "ProtElectra",
    "electra",
    class_options=MappingProxyType({}),
    mask="",
    no_predictions=_DISCRIMINATOR,
)
_PROTXLNET = _bert(
    "ProtXLNet",
    "xlnet",
    leading=(),
    trailing=("<sep>", "<cls>"),
    limit="none",
    eager_only=True,
    class_options=MappingProxyType({}),
    optional_weights=("mask_emb",),
    mask="",
    no_predictions=_SHUFFLED,
)
_ANKH = _t5("Ankh", form="words", source="Elnaggar et al., arXiv:2301.06568 (2023)")
_CHECKPOINT = "a checkpoint in the form of"

# A local checkpoint of unknown origin gets the first family of its model_type that fits: those with
# a marker in the vocabulary come first, then the form, which claims no origin.
_FAMILIES = (
    _esm(
        "SaProt",
        "Su et al., ICLR (2024)",
        form="pairs",
        marker="M#",
        mask="#",
        letters=AMINO_ACIDS + "#",
        substitutes=MappingProxyType(dict.fromkeys("XUZOBJ", "#")),
        trained_residues=1022,
    ),
    _esm("ESM form", "a checkpoint in the form of Rives et al. and Lin et al.", is_form=True),
    _esm(
        "ESM-2",
        "Lin et al., Science 379, 1123 (2023)",
        trained_residues=1022,
        has_contact_head=True,
    ),
    _esm(
        "ESM-1b",
        "Rives et al., PNAS 118, e2016239118 (2021)",
        max_residues=1022,
        has_contact_head=True,
    ),
    _esm("ESM-1v", "Meier et al., NeurIPS (2021)", max_residues=1022, has_contact_head=True),
    _esm(
        "DPLM",
        "Wang et al., ICML (2024)",
        trained_residues=1022,
        vocabulary=_ESM_VOCABULARY,
    ),
    _esm(
        "ESM C",
        "ESM Team, EvolutionaryScale (2024)",
        model_type="esmc",
        limit="none",
        trained_residues=2046,
        class_options=MappingProxyType({}),
        chain_end="|",
    ),
    _form(_PROTBERT, "BERT form", f"{_CHECKPOINT} Devlin et al., NAACL (2019)"),
    _PROTBERT,
    _bert(
        "AntiBERTy",
        "bert",
        source="Ruffolo et al., arXiv:2112.07782 (2021)",
        letters=AMINO_ACIDS,
        substitutes=MappingProxyType({}),
        max_residues=510,
        trained_residues=150,
        vocabulary=("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *AMINO_ACIDS),
    ),
    _roberta("RoBERTa form", f"{_CHECKPOINT} Liu et al., arXiv:1907.11692 (2019)", is_form=True),
    _roberta(
        "Sapiens",
        "Prihoda et al., mAbs 14, 2020203 (2022)",
        letters=AMINO_ACIDS,
        substitutes=MappingProxyType({}),
        vocabulary=("<s>", "<pad>", "</s>", "<unk>", *AMINO_ACIDS, "<mask>"),
    ),
    _form(_PROTALBERT, "ALBERT form", f"{_CHECKPOINT} Lan et al., ICLR (2020)"),
    _PROTALBERT,
    _form(_PROTELECTRA, "ELECTRA form", f"{_CHECKPOINT} Clark et al., ICLR (2020)"),
    _PROTELECTRA,
    _form(_PROTXLNET, "XLNet form", f"{_CHECKPOINT} Yang et al., NeurIPS (2019)"),
    _PROTXLNET,
    _t5(
        "ProstT5",
        marker="<AA2fold>",
        leading=("<AA2fold>",),
        prefix="<AA2fold>",
        source="Heinzinger et al., NAR Genomics Bioinform. 6, lqae150 (2024)",
    ),
    _form(_ANKH, "T5 form", f"{_CHECKPOINT} Raffel et al., JMLR 21, 140 (2020)"),
    _t5("ProtT5"),
    _ANKH,
    Family(
        name="TAPE BERT",
        model_type="tape",
        form="plain",
        leading=("<cls>",),
        trailing=("<sep>",),
        letters=AMINO_ACIDS + _RARE,
        substitutes=_J_TO_X,
        limit="positions",
        class_options=_WITHOUT_POOLER,
        source="Rao et al., NeurIPS (2019)",
        no_predictions="protvis reads only the part of its checkpoints that attention needs",
    ),
    Family(
        name="GPT-2 form",
        model_type="gpt2",
        form="plain",
        leading=(),
        trailing=(),
        letters=AMINO_ACIDS + _RARE,
        substitutes=_J_TO_X,
        is_form=True,
        limit="positions",
        causal=True,
        no_predictions=_CAUSAL,
        source="a causal checkpoint with one token for each residue",
    ),
)

_BY_NAME = {family.name: family for family in _FAMILIES}

FAMILIES: Mapping[str, Family] = MappingProxyType(_BY_NAME)
"""The families, by name."""


def register_family(family: Family) -> None:
    """Add a family, so that `protvis.load_model` knows it: by name, and for folders that fit it.

    Families that were registered come before protvis's own.

    Parameters
    ----------
    family : Family

    Raises
    ------
    ModelError
        If there is another family of that name.
    """
    if _BY_NAME.get(family.name, family) != family:
        raise ModelError(f"there is another family named {family.name!r}: choose another name")
    others = {name: other for name, other in _BY_NAME.items() if name != family.name}
    _BY_NAME.clear()
    _BY_NAME.update({family.name: family, **others})


def find_family(name: str) -> Family:
    """Return the family of a name; case is ignored.

    Raises
    ------
    ModelError
        If there is none; the message lists the nearest.
    """
    for family in FAMILIES.values():
        if family.name.casefold() == name.casefold():
            return family
    raise ModelError(unknown_name("family", name, FAMILIES))


def families_that(meet: Callable[[Family], bool]) -> str:
    """Return the names of the published families that meet a condition, as words."""
    names = [family.name for family in FAMILIES.values() if meet(family) and not family.is_form]
    return ", ".join(names[:-1]) + (" and " if len(names) > 1 else "") + "".join(names[-1:])


def unbounded_families() -> str:
    """Return the names of the published families that read sequences of any length, as words."""
    return families_that(
        lambda family: (
            family.limit == "none"
            # ESM's form has rotary positions, or states its longest sequence.
            or (family.model_type == "esm" and family.max_residues is None)
        )
    )
