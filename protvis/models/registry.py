"""The models that `load_model` knows by name: those bundled and those published; data, no torch."""

from __future__ import annotations

from dataclasses import dataclass

from protvis.models.wheels import Wheel

__all__ = [
    "BUNDLED",
    "CHECKPOINTS",
    "Bundled",
    "Checkpoint",
    "find_bundled",
    "find_checkpoint",
    "known_names",
]


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
    notice: str = ""
    wheel: Wheel | None = None


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
    *(
        Checkpoint(
            f"airkingbd/dplm_{size}", (f"dplm-{size}",), "DPLM", n_layers, n_heads, n, "Apache-2.0"
        )
        for size, n_layers, n_heads, n in (
            ("150m", 30, 20, 150_000_000),
            ("650m", 33, 20, 650_000_000),
            ("3b", 36, 40, 3_000_000_000),
        )
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
    Checkpoint(
        "jeffruffolo/AntiBERTy",
        ("antiberty",),
        "AntiBERTy",
        8,
        8,
        26_000_000,
        _MIT,
        notice="AntiBERTy was trained on variable domains of antibodies, up to about 150 residues "
        "long, and on nothing else: it says nothing about other proteins.",
        wheel=Wheel(
            "antiberty",
            "trained_models/AntiBERTy_md_smooth/pytorch_model.bin",
            'pip install "protvis[antiberty]"',
        ),
    ),
    *(
        Checkpoint(
            f"prihodad/biophi-sapiens1-{domain}",
            (f"sapiens-{domain}",),
            "Sapiens",
            4,
            8,
            570_000,
            _MIT,
            notice=f"Sapiens {domain.upper()} was trained on human {chain} variable domains of "
            "antibodies and on nothing else: it says nothing about other proteins.",
            wheel=Wheel(
                "sapiens",
                f"models/v1/checkpoint_{domain}.pt",
                "pip install --no-deps sapiens==1.0.5",
            ),
        )
        for domain, chain in (("vh", "heavy-chain"), ("vl", "light-chain"))
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
