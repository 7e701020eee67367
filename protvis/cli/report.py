"""``protvis report DIR``: a report of head statistics as one offline page."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from protvis.cli.output_page import add_page_options, report_page
from protvis.cli.results import REPORT
from protvis.input_file import user_path
from protvis.output_file import check_place

__all__ = ["NAME", "add_parser", "run"]

NAME = "report"


def add_parser(verbs: Any) -> argparse.ArgumentParser:
    """Add this verb to the command line and return its parser."""
    parser: argparse.ArgumentParser = verbs.add_parser(
        NAME,
        help="write what `protvis analyze` found as one HTML page",
        description="Write the report of a run as one HTML page that needs no network and no "
        "scripts: figures, tables, the method, what was skipped, and where all of it comes from.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "report",
        type=Path,
        metavar="DIR",
        help="the folder of `protvis analyze --out`, or a report.protvis",
    )
    add_page_options(parser, default=None, shown="report.html beside the report")
    parser.set_defaults(run=run)
    return parser


def run(arguments: argparse.Namespace) -> None:
    """Write the page."""
    from protvis.reports import load_report
    from protvis.reports.report_page import report_to_html

    source: Path = user_path(arguments.report)
    file = source / REPORT if source.is_dir() else source
    page = check_place(arguments.output or file.with_suffix(".html"), source=file)
    report_page(report_to_html(load_report(source), page), show=arguments.open)
