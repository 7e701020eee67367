"""``protvis site DIR``: explorers, notebooks, how-tos and reference as a static site."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from protvis.cli.output_page import report_page

__all__ = ["NAME", "add_parser", "run"]

NAME = "site"


def add_parser(verbs: Any) -> argparse.ArgumentParser:
    """Add this verb to the command line and return its parser."""
    parser: argparse.ArgumentParser = verbs.add_parser(
        NAME,
        help="write explorers, notebooks and documents as a site that needs no network",
        description="Write a static site: a gallery of offline explorers, the notebooks of a clone "
        "executed, its how-tos and documents, and the reference of the public names. It opens from "
        "disk and loads nothing from anywhere. Needs pip install 'protvis[docs]'.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "folder", type=Path, metavar="DIR", help="where to write; an older site is replaced"
    )
    parser.add_argument(
        "--source",
        type=Path,
        metavar="CLONE",
        help="the folder that holds notebooks/ and docs/ (default: the clone protvis runs from)",
    )
    parser.add_argument("--no-reference", action="store_true", help="leave the reference out")
    parser.add_argument(
        "--open", action="store_true", help="open the site in a browser, where there is a display"
    )
    parser.set_defaults(run=run)
    return parser


def run(arguments: argparse.Namespace) -> None:
    """Write the site and say what is in it."""
    from protvis.site import build_site

    site = build_site(
        arguments.folder, source=arguments.source, reference=not arguments.no_reference
    )
    size = sum(path.stat().st_size for path in site.folder.rglob("*") if path.is_file())
    for text in site.left_out:
        print(f"Left out: {text}.")
    print(f"{len(site.pages)} pages, {size / 1e6:.1f} MB")
    report_page(site.folder / "index.html", show=arguments.open)
