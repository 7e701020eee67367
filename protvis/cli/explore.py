"""``protvis explore FILE``: the explorer of one structure as an offline page, or a figure of it."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any

from protvis.cli.output_page import add_page_options, report_page
from protvis.errors import OptionError, unknown_name
from protvis.labels import MEAN
from protvis.output_file import check_place

__all__ = ["NAME", "add_parser", "run"]

NAME = "explore"


def add_parser(verbs: Any) -> argparse.ArgumentParser:
    """Add this verb to the command line and return its parser."""
    parser: argparse.ArgumentParser = verbs.add_parser(
        NAME,
        help="write the explorer of a structure or a sequence as one HTML page",
        description="Show a model's attention on a protein structure or along a sequence, as one "
        "HTML page that needs no network. Layers and heads count from 1.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "file",
        metavar="FILE",
        help="structure file, PDB or AlphaFold DB id, FASTA file, or a sequence in one-letter code",
    )
    parser.add_argument("--record", metavar="ID", help="which sequence of a FASTA file of several")
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
    # A choice that does not exist is refused by the view, with the names there are.
    parser.add_argument(
        "--combine", metavar="WAY", help="how i→j and j→i become one link: max, mean or directed"
    )
    parser.add_argument(
        "--color-by",
        metavar="WHAT",
        help="what colours the arcs: contact, weight, separation, or sign (of differences)",
    )
    parser.add_argument(
        "--map", metavar="KIND", help="another kind of map, such as 'apc' or 'shuffled'"
    )
    parser.add_argument(
        "--select",
        dest="selected_residues",
        type=lambda text: text.split(","),
        metavar="RESIDUES",
        help="show the links of these residues, such as A:HIS57,A:SER195",
    )
    parser.add_argument(
        "--partners", type=int, metavar="N", help="how many links of selected residues to draw"
    )
    parser.add_argument(
        "--overlay",
        dest="overlay_heads",
        type=lambda text: text.split(","),
        metavar="HEADS",
        help="draw the links of up to two more heads, such as 3-1,12-mean, each in its own colour",
    )
    parser.add_argument("--cartoon-by", metavar="TRACK", help="the track that colours the cartoon")
    parser.add_argument(
        "--figure",
        metavar="KIND",
        help="write a figure for print and not the page: heatmap, heads, arcs or layers, as .pdf, "
        ".svg or .png",
    )
    parser.add_argument(
        "--snapshot",
        action="store_true",
        help="write a picture of the 3D scene and not the page, as .png (needs a Chromium)",
    )
    add_page_options(parser, default=None, shown="the file's name with .html, in this folder")
    parser.set_defaults(run=run, runs_model=True)
    return parser


def run(arguments: argparse.Namespace) -> None:
    """Write the page, figure or picture that these arguments ask for."""
    from protvis.cli.capture_bar import capture_bar
    from protvis.export import explore_to_html
    from protvis.scene import open_scene
    from protvis.scene.view_state import VIEW_FIELDS

    kind = arguments.figure or ("snapshot" if arguments.snapshot else "")
    if arguments.figure and arguments.snapshot:
        raise OptionError("choose one of --figure and --snapshot")
    if arguments.figure:
        # A page needs none of Matplotlib's figures, which take most of a second to import.
        from protvis.plot.figure import write_figure
        from protvis.plot.view_figures import FIGURES, draw_view

        if arguments.figure not in FIGURES:
            raise OptionError(unknown_name("kind of figure", arguments.figure, FIGURES))
    # An option left out keeps the explorer's own default.
    said = {name: getattr(arguments, name, None) for name in VIEW_FIELDS}
    view = {name: value for name, value in said.items() if value is not None}
    opened = {
        "model": arguments.model, "chain": arguments.chain, "record": arguments.record, **view,
    }  # fmt: skip
    path = check_place(
        arguments.output or output_name(arguments.file, kind, arguments.record),
        source=Path(arguments.file),
    )
    with capture_bar():
        if not kind:
            explore_to_html(arguments.file, path, **opened)
        elif arguments.snapshot:
            from protvis.export.snapshot import take_snapshot

            take_snapshot(*open_scene(arguments.file, **opened), path)
        else:
            write_figure(lambda: draw_view(*open_scene(arguments.file, **opened), kind), path)
    report_page(path, show=arguments.open)


def output_name(source: str, kind: str = "", record: str | None = None) -> Path:
    """Return the name of what is written for a structure file or a sequence.

    ``"data/4cpa.pdb.gz"`` becomes ``4cpa.html``, its figure of arcs ``4cpa-arcs.png``; a record of
    a FASTA file has its own name, and letters alone become ``sequence.html``.
    """
    from protvis.input_file import is_there
    from protvis.structure.bare_sequence import sequence_in
    from protvis.structure.files.sources import structure_stem

    name = Path(source).name
    stem = structure_stem(name.removesuffix(".fasta").removesuffix(".fa")) or name
    if record is not None:
        stem = re.sub(r"[^\w.-]+", "_", record)
    elif sequence_in(source) and not is_there(source):
        stem = "sequence"
    return Path(f"{stem}-{kind}.png" if kind else f"{stem}.html")


def _head(text: str) -> int | str:
    if text == MEAN:
        return text
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"expected a head's number or {MEAN!r}, got {text!r}"
        ) from None
