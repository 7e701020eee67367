"""``protvis models``: which models there are, and which of them are on this machine."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from protvis.models import ModelEntry
    from protvis.models.family_table import Family

__all__ = ["NAME", "add_parser", "run"]

NAME = "models"

_FORMS = {
    "plain": "residues joined",
    "spaced": "residues between spaces",
    "words": "residues as words",
    "pairs": "amino acid and 3Di letter in turn",
}
_UNITS = ((1e9, "B"), (1e6, "M"), (1e3, "k"))


def add_parser(verbs: Any) -> argparse.ArgumentParser:
    """Add this verb to the command line and return its parser."""
    parser: argparse.ArgumentParser = verbs.add_parser(
        NAME,
        help="list the models there are, and which are on this machine",
        description="List the families of models protvis reads and their published checkpoints, "
        "with layers × heads, parameters, licence and what is cached here. Any of the names goes "
        "to --model; a folder with a checkpoint of one of the families does as well.",
        allow_abbrev=False,
    )
    parser.add_argument("--json", action="store_true", help="print all that is known, as JSON")
    parser.set_defaults(run=run, needs_folder=False)
    return parser


def run(arguments: argparse.Namespace) -> None:
    """Print the list."""
    from protvis.models import list_models
    from protvis.models.family_table import FAMILIES

    entries = list_models()
    if arguments.json:
        families = [_as_plain(family) for family in FAMILIES.values()]
        models = [asdict(entry) for entry in entries]
        print(json.dumps({"families": families, "models": models}, indent=2, ensure_ascii=False))
        return
    print(
        "Sequences are given as letters; each family's own form is written from them. What is not "
        "cached is downloaded when first loaded.\n"
    )
    width = max(len(entry.name) for entry in entries)
    id_width = max(len(entry.hub_id or "") for entry in entries)
    for number, family in enumerate(FAMILIES.values()):
        print(f"{chr(10) if number else ''}{family.name}: {_described(family)}")
        listed = [entry for entry in entries if entry.family == family.name]
        for entry in listed:
            shape = f"{entry.n_layers} × {entry.n_heads}"
            print(
                f"  {entry.name:<{width}}  {entry.hub_id or 'bundled':<{id_width}}  {shape:>7}  "
                f"{_short(entry.n_parameters):>6}  {entry.licence:<12}  {_here(entry)}".rstrip()
            )
        if not listed:
            print("  a folder with its checkpoint")
    for entry in entries:
        if entry.note:
            print(f"\n{entry.name}: {entry.note}")


def _described(family: Family) -> str:
    parts = [_FORMS[family.form], _limit(family)]
    if family.causal:
        parts.append("causal")
    return f"{'; '.join(parts)} ({family.source})"


def _limit(family: Family) -> str:
    """Return how long a sequence a family reads."""
    trained = ""
    if family.trained_residues is not None:
        trained = f"trained on up to {family.trained_residues:,} residues"
    if family.max_residues is not None:
        return ", ".join(filter(None, [f"up to {family.max_residues:,} residues", trained]))
    if family.limit == "none" or trained:
        return trained or "any length"
    return "its configuration bounds the length"


def _here(entry: ModelEntry) -> str:
    if entry.size is None:
        return ""
    return f"{entry.place}, {_short(entry.size)}B"


def _short(number: int) -> str:
    """Return a number with its unit: 650 M."""
    for step, unit in _UNITS:
        if number >= step:
            return f"{number / step:.3g} {unit}"
    return str(number)


def _as_plain(family: Family) -> dict[str, Any]:
    """Return what a list says of a family, ready for JSON."""
    return {
        "name": family.name,
        "model_type": family.model_type,
        "form": family.form,
        "letters": family.letters,
        "leading": list(family.leading),
        "trailing": list(family.trailing),
        "max_residues": family.max_residues,
        "trained_residues": family.trained_residues,
        "causal": family.causal,
        "predicts_hidden_residues": bool(family.mask and not family.no_predictions),
        "source": family.source,
    }
