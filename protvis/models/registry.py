"""Which models there are: one table of families, one of published checkpoints; data, no torch.

A family says how a sequence becomes tokens and where the residues are among them; a checkpoint says
which family it belongs to and under which names people call it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

__all__ = [
    "AMINO_ACIDS",
    "BUNDLED",
    "CHECKPOINTS",
    "FAMILIES",
    "LINKER",
    "STRUCTURE_LETTERS",
    "Bundled",
    "Checkpoint",
    "Family",
    "find_bundled",
    "find_checkpoint",
    "known_names",
]

AMINO_ACIDS = "ACDEFGHIKLMNPQRSTVWY"
"""The order of everything that has an amino-acid axis."""

STRUCTURE_LETTERS = "pynwrqhgdlvtmfsaeikc#"
"""The 3Di letters, and the one for what is not known."""


@dataclass(frozen=True)
class Bundled:
    """A model that ships with protvis, in the folder of its name under ``protvis/data``.

    Attributes
    ----------
    name : str
    notice : str
        What must be shown wherever the model is shown.
    summary : str
        What it is and what it is good for, for a message that offers it.
    has_contact_head : bool
        Whether its contact head was fitted; the one of ``mini-positions`` never was.
    """

    name: str
    notice: str
    summary: str
    has_contact_head: bool


BUNDLED = (
    Bundled(
        "mini",
        "The bundled model 'mini' knows seven protein families (Kunitz/BPTI, homeodomain, PTS "
        "EIIA, dihydrofolate reductase, adenylate kinase, class A beta-lactamase, trypsin) and "
        "reads their sequences, but its last layer was taught which residues vary together in "
        "them: it shows what attention can carry, not that attention finds contacts by itself. It "
        "says nothing about other proteins.",
        "a tiny model of seven protein families (trypsin among them), good for trying out the tool "
        "on such a protein, not for conclusions about others",
        True,
    ),
    Bundled(
        "mini-positions",
        "The bundled model 'mini-positions' is a picture of one protein family (S1A serine "
        "proteases, such as trypsin) and of the positions in it, hardly of the sequence: a "
        "shuffled trypsin gives most of the same map. It is a lesson in controls; it says nothing "
        "about other proteins.",
        "a tiny model of one protein family whose map belongs to positions, a lesson in controls",
        False,
    ),
)
"""The models that ship with protvis; the first is the one offered."""

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
        The letters the vocabulary holds.
    limit : {"after_padding", "positions", "none"}
        What bounds the length where positions are learned: ESM counts positions from the padding
        index on, BERT from zero; relative positions have no bound.
    source : str
        Where the model was published.
    substitutes : mapping of str to str
        Letters written as another one before the tokenizer sees them.
    prefix : str
        Text before the residues that the tokenizer turns into the leading tokens.
    marker : str
        A token that only this family's vocabulary has among those of its `model_type`.
    max_residues : int or None
        The longest sequence published checkpoints read, where that is known before loading one;
        a loaded model's own bound comes from its configuration.
    trained_residues : int or None
        The length training stopped at, where that is not a bound.
    model_class : str
        The transformers class that computes the attention and no more.
    class_options : mapping
        What that class needs to leave out parts attention does not need.
    optional_weights : tuple of str
        Beginnings of parameter names a checkpoint may lack without harm to the attention.
    causal : bool
        Whether a residue attends only to itself and those before it.
    eager_only : bool
        Whether transformers computes this attention in one way only, read by hooks.
    chain_end : str
        The token that may stand between two chains, where the vocabulary has one.
    mask : str
        The token that hides a residue, where the family predicts hidden residues; for pairs, what
        stands in the amino acid's place.
    head_class : str
        The transformers class whose output are predictions of residues.
    no_predictions : str
        Where the family predicts none: why.
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
    prefix: str = ""
    marker: str = ""
    max_residues: int | None = None
    trained_residues: int | None = None
    model_class: str = "AutoModel"
    class_options: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    optional_weights: tuple[str, ...] = ()
    causal: bool = False
    eager_only: bool = False
    chain_end: str = ""
    mask: str = ""
    head_class: str = "AutoModelForMaskedLM"
    no_predictions: str = ""


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
_WITHOUT_POOLER = MappingProxyType({"add_pooling_layer": False})
_PROTTRANS = "Elnaggar et al., IEEE TPAMI 44, 7112 (2022)"


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


def _prottrans(name: str, model_type: str, **others: Any) -> Family:
    settings = {
        "form": "spaced",
        "leading": ("[CLS]",),
        "trailing": ("[SEP]",),
        "letters": AMINO_ACIDS + "X",
        "substitutes": _RARE_TO_X,
        "limit": "positions",
        "optional_weights": ("embeddings.position_ids",),
        "source": _PROTTRANS,
    }
    return Family(name=name, model_type=model_type, **{**settings, **others})


def _t5(name: str, **others: Any) -> Family:
    settings = {
        "leading": (),
        "trailing": ("</s>",),
        "limit": "none",
        "model_class": "T5EncoderModel",
        # One table under two names: whichever is in the file fills both.
        "optional_weights": ("encoder.embed_tokens.", "shared."),
        "no_predictions": "its encoder reads residues and leaves predictions to a decoder",
    }
    return _prottrans(name, "t5", **{**settings, **others})


# Of the families with one model_type those with a marker come first, then the general form, whose
# name a local checkpoint of unknown origin gets.
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
    _esm("ESM form", "a checkpoint in the form of Rives et al. and Lin et al."),
    _esm("ESM-2", "Lin et al., Science 379, 1123 (2023)", trained_residues=1022),
    _esm("ESM-1b", "Rives et al., PNAS 118, e2016239118 (2021)", max_residues=1022),
    _esm("ESM-1v", "Meier et al., NeurIPS (2021)", max_residues=1022),
    _esm(
        "ESM C",
        "ESM Team, EvolutionaryScale (2024)",
        model_type="esmc",
        limit="none",
        trained_residues=2046,
        class_options=MappingProxyType({}),
        chain_end="|",
    ),
    _prottrans(
        "ProtBert",
        "bert",
        max_residues=39_998,
        trained_residues=2046,
        class_options=_WITHOUT_POOLER,
        mask="[MASK]",
    ),
    _prottrans("ProtAlbert", "albert", class_options=_WITHOUT_POOLER, mask="[MASK]"),
    _prottrans(
        "ProtElectra",
        "electra",
        no_predictions="a discriminator tells replaced residues from original ones, names none",
    ),
    _prottrans(
        "ProtXLNet",
        "xlnet",
        leading=(),
        trailing=("<sep>", "<cls>"),
        limit="none",
        eager_only=True,
        optional_weights=("mask_emb",),
        no_predictions="it was trained to predict residues in a shuffled order, not hidden ones",
    ),
    _t5(
        "ProstT5",
        marker="<AA2fold>",
        leading=("<AA2fold>",),
        prefix="<AA2fold>",
        source="Heinzinger et al., NAR Genomics Bioinform. 6, lqae150 (2024)",
    ),
    _t5("ProtT5", marker="▁A"),
    _t5("Ankh", form="words", source="Elnaggar et al., arXiv:2301.06568 (2023)"),
    Family(
        name="TAPE BERT",
        model_type="tape",
        form="plain",
        leading=("<cls>",),
        trailing=("<sep>",),
        letters=AMINO_ACIDS + "XBUZO",
        substitutes=_J_TO_X,
        limit="positions",
        model_class="BertModel",
        class_options=_WITHOUT_POOLER,
        source="Rao et al., NeurIPS (2019)",
        no_predictions="of its checkpoints protvis reads what attention needs and no more",
    ),
    Family(
        name="GPT-2 form",
        model_type="gpt2",
        form="plain",
        leading=(),
        trailing=(),
        letters=AMINO_ACIDS + "XBUZO",
        substitutes=_J_TO_X,
        limit="positions",
        causal=True,
        no_predictions="a causal model sees only what comes before a residue, never both sides",
        source="a causal checkpoint with one token for each residue",
    ),
)

FAMILIES: Mapping[str, Family] = MappingProxyType({family.name: family for family in _FAMILIES})
"""The families, by name."""

_MIT = "MIT"
_AFL = "AFL-3.0"
_CARD = "see its card"

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
    Checkpoint("biohub/ESMC-300M", ("esmc-300m",), "ESM C", 30, 15, 300_000_000, _CARD),
    Checkpoint("biohub/ESMC-600M", ("esmc-600m",), "ESM C", 36, 18, 600_000_000, _CARD),
    Checkpoint("biohub/ESMC-6B", ("esmc-6b",), "ESM C", 80, 40, 6_000_000_000, _CARD),
    Checkpoint("Rostlab/prot_albert", ("protalbert",), "ProtAlbert", 12, 64, 224_000_000, _AFL),
    Checkpoint(
        "Rostlab/prot_electra_discriminator_bfd",
        ("protelectra",),
        "ProtElectra",
        30,
        16,
        420_000_000,
        _AFL,
    ),
    Checkpoint("Rostlab/prot_xlnet", ("protxlnet",), "ProtXLNet", 30, 16, 409_000_000, _AFL),
    Checkpoint(
        "Rostlab/prot_t5_xl_half_uniref50-enc",
        ("prott5",),
        "ProtT5",
        24,
        32,
        1_200_000_000,
        _AFL,
    ),
    Checkpoint(
        "Rostlab/prot_t5_xl_uniref50", ("prott5-full",), "ProtT5", 24, 32, 3_000_000_000, _AFL
    ),
    Checkpoint("Rostlab/ProstT5", ("prostt5",), "ProstT5", 24, 32, 3_000_000_000, _MIT),
    Checkpoint("ElnaggarLab/ankh-base", ("ankh-base",), "Ankh", 48, 12, 740_000_000, _CARD),
    Checkpoint("ElnaggarLab/ankh-large", ("ankh-large",), "Ankh", 48, 16, 1_900_000_000, _CARD),
    Checkpoint("westlake-repl/SaProt_35M_AF2", ("saprot-35m",), "SaProt", 12, 20, 35_000_000, _MIT),
    Checkpoint(
        "westlake-repl/SaProt_650M_AF2", ("saprot-650m",), "SaProt", 33, 20, 650_000_000, _MIT
    ),
    Checkpoint(
        "westlake-repl/SaProt_650M_PDB", ("saprot-650m-pdb",), "SaProt", 33, 20, 650_000_000, _MIT
    ),
)


def find_checkpoint(name: str) -> Checkpoint | None:
    """Return the checkpoint of an alias or hub id (case is ignored), or None."""
    folded = name.casefold()
    for checkpoint in CHECKPOINTS:
        if folded in {text.casefold() for text in (checkpoint.hub_id, *checkpoint.aliases)}:
            return checkpoint
    return None


def find_bundled(name: str) -> Bundled | None:
    """Return the bundled model of a name, or None."""
    return next((bundled for bundled in BUNDLED if bundled.name == name), None)


def known_names() -> list[str]:
    """Return every name `load_model` knows: the bundled models, the aliases, the hub ids."""
    aliases = [alias for checkpoint in CHECKPOINTS for alias in checkpoint.aliases]
    names = [bundled.name for bundled in BUNDLED]
    return [*names, *aliases, *(checkpoint.hub_id for checkpoint in CHECKPOINTS)]
