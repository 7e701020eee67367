"""``protvis analyze DATA``: what every head of a model attends to, over a data set."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from protvis.analysis.options import CONTROLS, AnalysisOptions
from protvis.cli.results import claim_folder, write_results
from protvis.cli.stop_signals import stop_signals
from protvis.errors import OptionError

if TYPE_CHECKING:
    from protvis.reports import HeadReport

__all__ = [
    "JOURNAL",
    "NAME",
    "add_options",
    "add_parser",
    "add_run_options",
    "connected",
    "run",
    "split_names",
]

NAME = "analyze"

HOW_TO_GO_ON = "go on with the same command and --resume"

JOURNAL = "journal"
"""The folder of the journal within the folder of results."""

OPTIONS = {option.name: option for option in fields(AnalysisOptions) if option.metadata}


def add_parser(verbs: Any) -> argparse.ArgumentParser:
    """Add this verb to the command line and return its parser."""
    parser: argparse.ArgumentParser = verbs.add_parser(
        NAME,
        help="measure what every head of a model attends to, over a data set",
        description="Count where the links of every head fall: which share of them joins residues "
        "in contact, or ends on a binding site, a helix, an amino acid, … (Vig et al., ICLR 2021). "
        "Writes report.protvis, heads.csv and ledger.csv into a folder; `protvis report` makes a "
        "page of it.",
        epilog="The folder also gets a journal. A run that was interrupted or killed goes on from "
        "it with the same command and --resume, and gives the same numbers as one that was not. "
        "The journal stays when the run is done, and can be deleted then.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "data",
        nargs="+",
        metavar="DATA",
        help="a folder or files of structures, PDB ids, an LMDB of ProVis or TAPE, ProteinNet "
        "text, or FASTA with a .csv or .tsv table of labels; several are joined",
    )
    parser.add_argument(
        "--model",
        metavar="NAME",
        required=True,
        help="a model's name (`protvis models` lists them), a Hugging Face id or a folder",
    )
    parser.add_argument(
        "--features",
        nargs="+",
        metavar="NAME",
        required=True,
        help="what to look for, separated by commas or blanks: contact, binding_site, "
        "modification, secondary_structure, amino_acid, plddt, and others that the data bring",
    )
    parser.add_argument(
        "--chains",
        metavar="TABLE",
        help="which chains of structures: a table of two columns, file and chain; first; all; or "
        "distinct, each sequence once (default)",
    )
    parser.add_argument(
        "--partners",
        metavar="TABLE",
        help="which chains make an interface: a table like that of --chains; or unchosen, those "
        "that --chains leaves out (default: all others)",
    )
    parser.add_argument(
        "--clusters",
        metavar="FILE",
        help="which records are of one family: a table of representatives and members, as MMseqs2 "
        "writes it (default: computed, 30 %% identity over 80 %% of the shorter chain)",
    )
    parser.add_argument(
        "--controls",
        metavar="NAME",
        nargs="*",
        choices=CONTROLS,
        default=CONTROLS,
        help="negative controls to run on 24 records: shuffled, untrained (default: both; none "
        "with --controls alone)",
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", required=True, help="the folder to write to"
    )
    add_options(parser, *OPTIONS)
    add_run_options(parser)
    parser.set_defaults(run=run)
    return parser


def add_options(parser: argparse.ArgumentParser, *names: str, **defaults: Any) -> None:
    """Add options of `AnalysisOptions` by their names, some with other defaults."""
    for name in names:
        option = OPTIONS[name]
        default = defaults.get(name, option.default)
        says = "" if default is None else " (default: %(default)s)"
        argument: dict[str, Any] = {**option.metadata, "default": default}
        if "choices" not in argument and "type" not in argument:
            number = float if "float" in str(option.type) else int
            argument |= {"type": number, "metavar": "X" if number is float else "N"}
        argument["help"] += says
        parser.add_argument(f"--{name.replace('_', '-')}", **argument)


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of how a run goes, which change none of its numbers."""
    parser.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="run on the workers of a Dask scheduler, such as tcp://host:8786",
    )
    parser.add_argument(
        "--resume", action="store_true", help="go on from the journal in the folder, if it has one"
    )
    parser.add_argument("--no-progress", action="store_true", help="show no progress")


def run(arguments: argparse.Namespace) -> None:
    """Run the analysis, write what came out, and print the best heads."""
    out = claim_folder(arguments.out, JOURNAL, resume=arguments.resume)
    from protvis.cli.head_summary import print_summary
    from protvis.datasets import open_dataset
    from protvis.reports import analyze

    data = arguments.data
    with stop_signals(HOW_TO_GO_ON):
        with connected(arguments.scheduler) as client:
            report = analyze(
                open_dataset(
                    data[0] if len(data) == 1 else data,
                    chains=arguments.chains,
                    partners=arguments.partners,
                ),
                arguments.model,
                features=split_names(arguments.features),
                **{name: getattr(arguments, name) for name in OPTIONS},
                clusters=arguments.clusters,
                controls=arguments.controls,
                client=client,
                resume=out / JOURNAL,
                progress=not arguments.no_progress,
            )
        files = write_results(report, out)
        print_summary(report)
        print(f"\n{', '.join(path.name for path in files)} in {out.resolve()}")
        check_complete(report, "protvis analyze")


def check_complete(report: HeadReport, verb: str) -> None:
    """Raise `KeyboardInterrupt`, saying how to go on, for a report on part of the data."""
    result = report.result
    if not result.complete:
        from protvis.reports.formatting import proteins

        n_asked = result.provenance["data"]["n_records"]
        raise KeyboardInterrupt(
            f"interrupted after {proteins(result.n_records)} of {n_asked:,} records; what is "
            f"written says so. Go on with the same {verb} command and --resume"
        )


def split_names(given: Sequence[str]) -> list[str]:
    """Return names that were separated by commas, blanks or both."""
    return [name for words in given for name in words.replace(",", " ").split()]


@contextmanager
def connected(address: str | None) -> Iterator[Any]:
    """Give a client of a Dask scheduler, or None without an address; close it in the end.

    Raises
    ------
    OptionError
        If Dask is not installed, or no scheduler answers.
    """
    if address is None:
        yield None
        return
    try:
        from dask.distributed import Client
    except ImportError as error:
        raise OptionError(
            "--scheduler needs Dask: pip install 'protvis[cluster]', or leave it out"
        ) from error
    try:
        # It logs whole tracebacks when its scheduler goes, beside the error that says so.
        logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
        client = Client(address, timeout=20)
    except (OSError, ValueError, TypeError) as error:
        raise OptionError(
            f"no Dask scheduler answers at {address} ({error}); expected an address such as "
            "tcp://host:8786, which `dask scheduler` prints"
        ) from error
    with client:
        yield client
