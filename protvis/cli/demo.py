"""``protvis demo``: the explorer of a bundled structure, by default trypsin with ``mini``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from protvis.cli.output_page import add_page_options, report_page

__all__ = ["NAME", "add_parser", "run"]

NAME = "demo"


def add_parser(verbs: Any) -> argparse.ArgumentParser:
    """Add this verb to the command line and return its parser."""
    parser: argparse.ArgumentParser = verbs.add_parser(
        NAME,
        help="write the explorer of the bundled trypsin, or of an antibody, as one HTML page",
        description="Write the explorer of bovine trypsin (1GBT) with the bundled model 'mini', as "
        "one HTML page that needs no network. 'mini' knows seven protein families: it "
        "shows the tool and says nothing about other proteins.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "what",
        nargs="?",
        choices=("trypsin", "antibody"),
        default="trypsin",
        help="antibody: the heavy chain of an antibody on its antigen, read by AntiBERTy, whose "
        'weights are in the package antiberty (pip install "protvis[antiberty]")',
    )
    add_page_options(parser, default=Path("protvis-demo.html"), shown="%(default)s")
    parser.set_defaults(run=run, runs_model=True)
    return parser


def run(arguments: argparse.Namespace) -> None:
    """Write the demonstration page."""
    from protvis.cli.capture_bar import capture_bar
    from protvis.data import ANTIBODY, TRYPSIN
    from protvis.export import explore_to_html

    shown: dict[str, Any] = {"source": TRYPSIN, "model": "mini"}
    if arguments.what == "antibody":
        # The head that looks at where antibodies bind.
        shown = {
            "source": ANTIBODY, "model": "antiberty", "chain": "H", "layer": 7, "head": 1,
            "cartoon_by": "interface", "shown_tracks": ["interface", "antibody region"],
        }  # fmt: skip
    with capture_bar():
        page = explore_to_html(shown.pop("source"), arguments.output, **shown)
    report_page(Path(page), show=arguments.open)
