"""``protvis explore FILE``: the explorer of one structure as one offline page."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from protvis.cli.output_page import add_page_options, report_page
from protvis.labels import MEAN

__all__ = ["NAME", "add_parser", "run"]

NAME = "explore"

VIEW_OPTIONS = ("top_k", "threshold", "min_separation", "combine", "color_by", "map")
"""Options handed on under these names; one left out keeps the explorer's own default."""


def add_parser(verbs: Any) -> argparse.ArgumentParser:
    """Add this verb to the command line and return its parser."""
    parser: argparse.ArgumentParser = verbs.add_parser(
        NAME,
        help="write the explorer of a structure file as one HTML page",
        description="Show a model's attention on a protein structure, as one HTML page that needs "
        "no network. Layers and heads count from 1.",
        allow_abbrev=False,
    )
    parser.add_argument("file", metavar="FILE", help="structure file, or a PDB or AlphaFold DB id")
    parser.add_argument(
        "--model",
        metavar="NAME",
        default="esm2-35m",
        help="a model's name, a Hugging Face id or a folder (default: %(default)s); 'mini' is "
        "bundled, needs no download and knows seven protein families only",
    )
    parser.add_argument("--chain", metavar="ID", help="the chain to show; A+B reads several as one")
    parser.add_argument("--layer", type=int, metavar="N", help="the layer to open on, from 1")
    parser.add_argument(
        "--head", type=_head, metavar="N", help=f"the head to open on, from 1, or '{MEAN}'"
    )
    parser.add_argument("--top-k", type=int, metavar="N", help="how many links to draw")
    parser.add_argument(
        "--threshold",
        type=float,
        metavar="X",
        help="or draw the links of at least this weight; the 500 strongest if there are more, or "
        "as many as --top-k says",
    )
    parser.add_argument(
        "--min-separation",
        type=int,
        metavar="N",
        help="leave out pairs nearer than this",
    )
    parser.add_argument(
        "--combine",
        choices=("max", "mean", "directed"),
        help="how i→j and j→i become one link",
    )
    parser.add_argument(
        "--color-by", choices=("contact", "weight", "separation"), help="what colours the arcs"
    )
    parser.add_argument(
        "--map", metavar="KIND", help="another kind of map, such as 'apc' or 'shuffled'"
    )
    add_page_options(parser, default=None, shown="the file's name with .html, in this folder")
    parser.set_defaults(run=run)
    return parser


def run(arguments: argparse.Namespace) -> None:
    """Write the page that these arguments ask for."""
    from protvis.export import explore_to_html

    view = {
        name: getattr(arguments, name)
        for name in VIEW_OPTIONS
        if getattr(arguments, name) is not None
    }
    page = explore_to_html(
        arguments.file,
        arguments.output or page_name(arguments.file),
        model=arguments.model,
        chain=arguments.chain,
        layer=arguments.layer,
        head=arguments.head,
        **view,
    )
    report_page(Path(page), show=arguments.open)


def page_name(source: str) -> Path:
    """Return the page's name for a structure file: ``"data/4cpa.pdb.gz"`` becomes ``4cpa.html``."""
    name = Path(source).name
    for suffix in (".gz", ".pdb", ".ent", ".cif", ".mmcif"):
        if name.lower().endswith(suffix) and len(name) > len(suffix):
            name = name[: -len(suffix)]
    return Path(f"{name}.html")


def _head(text: str) -> int | str:
    if text == MEAN:
        return text
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"expected a head's number or {MEAN!r}, got {text!r}"
        ) from None
