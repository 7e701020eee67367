"""``protvis reproduce vig2021``: the analysis of a paper, its numbers beside ours."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from protvis.cli.analyze import HOW_TO_GO_ON, add_options, add_run_options, connected
from protvis.cli.results import claim_folder, write_table
from protvis.cli.stop_signals import stop_signals
from protvis.errors import OptionError

if TYPE_CHECKING:
    from protvis.reports.vig2021 import Reproduction

__all__ = ["NAME", "add_parser", "run"]

NAME = "reproduce"

PAPERS = ("vig2021",)

MODELS = ("tape", "protalbert", "protbert", "protbert-bfd", "protxlnet")
"""As in `protvis.reports.vig2021_published`, which this module does not load to build a parser."""

JOURNALS = "journals"
COMPARISON = "comparison.csv"
PAGE = "comparison.html"


def add_parser(verbs: Any) -> argparse.ArgumentParser:
    """Add this verb to the command line and return its parser."""
    parser: argparse.ArgumentParser = verbs.add_parser(
        NAME,
        help="run the analysis of a paper and put its numbers beside ours",
        description="Run the analysis of Vig et al. (ICLR 2021) as it was published, and print "
        "every number of its tables and figures beside ours. DIR is the folder `data` of ProVis, "
        "with TAPE's data sets unpacked in it: proteinnet/proteinnet_train.lmdb, "
        "secondary_structure/secondary_structure_train.lmdb, binding_sites/"
        "binding_site_train.lmdb, protein_modifications/protein_modification_train.lmdb. Missing "
        "data are listed; a _valid.lmdb stands in for a missing _train.lmdb. The weights of tape "
        "are looked for in the same folder: tape/ or bert-base/, also in models/.",
        allow_abbrev=False,
    )
    parser.add_argument("paper", choices=PAPERS, metavar="PAPER", help="vig2021")
    parser.add_argument(
        "--model",
        metavar="NAME",
        required=True,
        help=f"{', '.join(MODELS)}; or any model's name or folder, with --as",
    )
    parser.add_argument(
        "--as",
        dest="as_",
        choices=MODELS,
        help="the model of the paper to compare with",
    )
    parser.add_argument(
        "--data", type=Path, metavar="DIR", required=True, help="the folder of data"
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="a folder for reports, comparison and page"
    )
    add_options(parser, "limit", "seed", "max_skipped", limit=5000, seed=123)
    parser.add_argument(
        "--probes",
        type=int,
        metavar="N",
        help="also fit the paper's probing classifiers, on N proteins of each data set (not "
        "published as numbers). For each property they run through the model once more, and each "
        "layer is fitted: seconds to minutes a layer, anew with --resume",
    )
    add_run_options(parser)
    parser.set_defaults(run=run)
    return parser


def run(arguments: argparse.Namespace) -> None:
    """Run the paper's analysis, print the comparison, and write it if there is a folder."""
    out = arguments.out
    if out is not None:
        out = claim_folder(out, JOURNALS, report=COMPARISON, resume=arguments.resume)
    elif arguments.resume:
        raise OptionError("--resume goes on from the journals in a folder: name it with --out")
    from protvis.reports.vig2021 import reproduce

    with (
        stop_signals("" if out is None else HOW_TO_GO_ON),
        connected(arguments.scheduler) as client,
    ):
        found = reproduce(
            arguments.data,
            arguments.model,
            as_=arguments.as_,
            limit=arguments.limit,
            seed=arguments.seed,
            client=client,
            resume=None if out is None else out / JOURNALS,
            progress=not arguments.no_progress,
            max_skipped=arguments.max_skipped,
            probes=arguments.probes,
        )
        if not found.complete:
            hint = "" if out is None else f"; {HOW_TO_GO_ON}"
            raise KeyboardInterrupt(f"interrupted at {list(found.reports)[-1]}{hint}")
    _show(found)
    if out is not None:
        _write(found, out)


def _show(found: Reproduction) -> None:
    from protvis.cli.text_table import format_table
    from protvis.reports.vig2021_page import comparison_cells, quantity_name

    table = found.comparison
    rows = []
    for _, row in table[table["main"]].iterrows():
        published, ours, difference = comparison_cells(row)
        rows.append(
            {
                "property": f"{row['feature']} {row['value']}".strip(),
                "quantity": quantity_name(row),
                "published": published,
                "ours": ours,
                "difference": difference,
            }
        )
    print(f"Vig et al. (ICLR 2021), {found.published.name}\n")
    print(format_table(rows, words=2))
    print()
    for text in found.missing.values():
        print(f"Missing: {text}")
    for note in (*found.notes, *found.not_compared):
        print(note)


def _write(found: Reproduction, out: Path) -> None:
    from protvis.reports.vig2021_page import reproduction_to_html

    names = [report.save(out / f"{name}.protvis").name for name, report in found.reports.items()]
    names.append(reproduction_to_html(found, out / PAGE).name)
    # Last, as it is what says that the run is done.
    names.append(write_table(found.comparison.drop(columns="main"), out / COMPARISON).name)
    print(f"\n{', '.join(names)} in {out.resolve()}")
